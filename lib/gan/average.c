/* SPDX-License-Identifier: MIT */
/* The exponential moving average of the generator's weights. */
#include "gan/gan_priv.h"

genlat_status gnl_gan_make_average(genlat_model *model)
{
    gnl_gan *gan = gnl_gan_of(model);
    const genlat_gan_opts *o = &gnl_gan_config_of(model)->opts;
    genlat_net *generator = model->net[GNL_GENERATOR];
    genlat_ema_opts opts;
    if (o->ema == 0) {
        gan->average = gnl_net_retain(generator);
        return GENLAT_OK;
    }
    genlat_ema_opts_init_sized(&opts, sizeof opts);
    opts.half_life = o->ema;
    opts.ramp_up = o->ema_ramp;
    GNL_TRY(gnl_ema_new(generator, &opts, &gan->ema));
    GNL_TRY(gnl_net_clone(generator, &gan->average));
    return gnl_model_add_part(model, gnl_ema_part(gan->ema, "average"));
}

void gnl_gan_refresh(genlat_model *model)
{
    gnl_gan *gan = gnl_gan_of(model);
    pthread_mutex_lock(&model->lock);
    if (gan->ema && atomic_exchange(&gan->stale, false))
        (void)gnl_ema_copy(gan->ema, gan->average); /* cannot fail: the nets have the same weights */
    pthread_mutex_unlock(&model->lock);
}
