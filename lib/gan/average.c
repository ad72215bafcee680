/* SPDX-License-Identifier: MIT */
/* Exponential moving averages of the weights of the nets. */
#include "gan/gan_priv.h"

static genlat_status make_average(genlat_model *model, int net, double half_life, const char *name)
{
    gnl_gan *gan = gnl_gan_of(model);
    genlat_ema_opts opts;
    if (half_life == 0) {
        gan->average[net] = gnl_net_retain(model->net[net]);
        return GENLAT_OK;
    }
    genlat_ema_opts_init_sized(&opts, sizeof opts);
    opts.half_life = half_life;
    opts.ramp_up = gnl_gan_config_of(model)->opts.ema_ramp;
    GNL_TRY(gnl_ema_new(model->net[net], &opts, &gan->ema[net]));
    GNL_TRY(gnl_net_clone(model->net[net], &gan->average[net]));
    return gnl_model_add_part(model, gnl_ema_part(gan->ema[net], name));
}

genlat_status gnl_gan_make_averages(genlat_model *model)
{
    const genlat_gan_opts *o = &gnl_gan_config_of(model)->opts;
    GNL_TRY(make_average(model, GNL_GENERATOR, o->ema, "average"));
    return make_average(model, GNL_DISCRIMINATOR, o->ema_discriminator, "average_discriminator");
}

void gnl_gan_average(genlat_model *model, int net, int64_t samples)
{
    gnl_gan *gan = gnl_gan_of(model);
    if (!gan->ema[net])
        return;
    gnl_ema_update(gan->ema[net], samples);
    atomic_store(&gan->stale[net], true);
}

void gnl_gan_refresh(genlat_model *model, int net)
{
    gnl_gan *gan = gnl_gan_of(model);
    pthread_mutex_lock(&model->lock);
    if (gan->ema[net] && atomic_exchange(&gan->stale[net], false))
        (void)gnl_ema_copy(gan->ema[net], gan->average[net]); /* cannot fail: the nets have the same weights */
    pthread_mutex_unlock(&model->lock);
}

/* ---- initialization by data ------------------------------------------------------------------ */

static void restart_average(genlat_model *model)
{
    gnl_gan *gan = gnl_gan_of(model);
    const gnl_part from = gnl_part_of_net(model->net[GNL_DISCRIMINATOR], "", -1);
    if (!gan->ema[GNL_DISCRIMINATOR])
        return;
    const gnl_part to = gnl_ema_part(gan->ema[GNL_DISCRIMINATOR], "");
    memcpy(to.value, from.value, (size_t)from.values * sizeof(gnl_real));
    if (from.states)
        memcpy(to.state, from.state, (size_t)from.states * sizeof(gnl_real));
    atomic_store(&gan->stale[GNL_DISCRIMINATOR], true);
}

static genlat_status init_by_data(genlat_model *model, const genlat_source *source, int64_t packs)
{
    genlat_ctx *ctx = model->object.ctx;
    const int64_t rows = packs * gnl_gan_config_of(model)->opts.packing;
    const uint64_t seed = (uint64_t)gnl_ctx_opts(ctx)->seed;
    gnl_real *x = gnl_alloc(ctx, (size_t)rows * (size_t)model->size, sizeof *x);
    if (!x)
        return GENLAT_E_MEMORY;
    genlat_status status = gnl_source_examples(source, seed, rows, x);
    if (status == GENLAT_OK)
        status = gnl_net_init_by_data(model->net[GNL_DISCRIMINATOR], packs, (const gnl_real *[]){x},
                                      gnl_rng_make(seed, GNL_STREAM_INIT, UINT64_MAX));
    gnl_free(ctx, x);
    return status;
}

genlat_status gnl_gan_start(genlat_model *model, const genlat_source *source)
{
    const genlat_gan_opts *o = &gnl_gan_config_of(model)->opts;
    const int64_t packs = GNL_MIN(o->init_samples, source->count) / o->packing;
    if (packs < 1)
        return GENLAT_OK;
    GNL_TRY(init_by_data(model, source, packs));
    restart_average(model);
    return GENLAT_OK;
}
