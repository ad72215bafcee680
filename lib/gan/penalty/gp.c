/* SPDX-License-Identifier: MIT */
/* Gradient penalties at points between real and generated samples (Gulrajani and others, Improved training of
 * Wasserstein GANs, 2017), or at real samples with noise (Kodali and others, On convergence and stability of GANs,
 * 2017). */
#include <math.h>

#include "gan/gan_priv.h"

typedef struct gp_opts {
    gnl_penalty_opts base;
    uint32_t kind, place;
} gp_opts;

static const char *const kind_names[] = {"zero", "one", "one_sided", NULL};
static const char *const place_names[] = {"interpolate", "dragan", NULL};

static const gnl_option options[] = {
    GNL_OPT_PENALTY_WEIGHT(gp_opts, 10, "weight of the penalty"),
    GNL_OPT_ENUM(gp_opts, kind, GENLAT_PENALTY_ONE, GENLAT_PENALTY_ONE_SIDED, kind_names,
                 "target of the gradient norm"),
    GNL_OPT_ENUM(gp_opts, place, GENLAT_GAN_PLACE_INTERPOLATE, GENLAT_GAN_PLACE_DRAGAN, place_names,
                 "points at which it is computed"),
};
static const gnl_options_table table = {"gp", sizeof(gp_opts), options, GNL_COUNT(options)};

/* Computes random points between real and generated samples, with one random factor per pack. */
static void interpolate(const genlat_model *model, const gnl_gan_batch *b, gnl_real *point)
{
    gnl_rng rng = gnl_model_stream(model, GNL_STREAM_AUGMENT, GNL_GAN_POINTS);
    const gnl_gan_work *work = gnl_gan_work_of(model);
    const gnl_real *real = work->input[GNL_REAL], *fake = work->input[GNL_FAKE];
    int64_t n = model->size * gnl_gan_config_of(model)->opts.packing;
    for (int64_t i = 0; i < b->packs; i++) {
        gnl_real part = (gnl_real)gnl_rng_unit(&rng);
        for (int64_t j = i * n; j < (i + 1) * n; j++)
            point[j] = real[j] + part * (fake[j] - real[j]);
    }
}

static double standard_deviation(const gnl_real *x, int64_t n)
{
    double mean = gnl_gan_mean(n, x), total = 0;
    for (int64_t i = 0; i < n; i++)
        total += ((double)x[i] - mean) * ((double)x[i] - mean);
    return sqrt(total / (double)n);
}

/* Adds uniform noise from [0,1) to real samples, scaled by 1/2 of the standard deviation of the batch. */
static void perturb(const genlat_model *model, const gnl_gan_batch *b, gnl_real *point)
{
    gnl_rng rng = gnl_model_stream(model, GNL_STREAM_AUGMENT, GNL_GAN_POINTS);
    const gnl_gan_work *work = gnl_gan_work_of(model);
    int64_t n = b->rows * model->size;
    const gnl_real *real = work->input[GNL_REAL], scale = (gnl_real)(0.5 * standard_deviation(real, n));
    gnl_fill_uniform(gnl_exec_compute(work->side[GNL_REAL]), &rng, n, 0, 1, work->noise);
    for (int64_t i = 0; i < n; i++)
        point[i] = real[i] + scale * work->noise[i];
}

static double weights(gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    const gp_opts *o = (const gp_opts *)(const void *)p->opts;
    gnl_gan_work *work = gnl_gan_work_of(call->model);
    const gnl_real *in[] = {work->point, work->condition};
    const gnl_penalty penalty = {.kind = (gnl_penalty_kind)o->kind, .weight = call->factor * o->base.weight};
    if (o->place == GENLAT_GAN_PLACE_DRAGAN)
        perturb(call->model, call->batch, work->point);
    else
        interpolate(call->model, call->batch, work->point);
    gnl_exec_set_dropout(work->exact, gnl_model_stream(call->model, GNL_STREAM_DROPOUT, GNL_GAN_AT_POINTS));
    gnl_exec_forward(work->exact, GNL_TRAIN, call->batch->packs, in);
    return penalty.weight * gnl_exec_penalty(work->exact, &penalty, NULL);
}

const gnl_gan_penalty_type gnl_penalty_gp = {
    .name = "gp",
    .options = &table,
    .help = "exact gradient penalty between real and generated samples, or at real samples with noise",
    .nets = 1u << GNL_DISCRIMINATOR,
    .needs = GNL_NEEDS_POINTS | GNL_NEEDS_EXACT_EXEC,
    .lazy = true,
    .weights = weights,
};
