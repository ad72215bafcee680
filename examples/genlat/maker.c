/* SPDX-License-Identifier: MIT */
/* Samples of a VAE or a GAN. */
#include "maker.h"

#include <string.h>

/* A file tells what it holds; the reader of the one kind says so of the other. */
int maker_load(app_state *app, maker *out)
{
    genlat_status status = genlat_gan_load(app->ctx, app->model, &out->gan);
    if (status == GENLAT_E_FORMAT && strstr(genlat_last_error(), "holds a 'vae'"))
        status = genlat_vae_load(app->ctx, app->model, &out->vae);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

void maker_destroy(maker *m)
{
    genlat_vae_destroy(&m->vae);
    genlat_gan_destroy(&m->gan);
}

int maker_labels(app_state *app, const maker *m, int64_t n, genlat_tensor **out)
{
    int64_t classes = 0;
    genlat_status status =
        m->gan ? genlat_gan_condition(m->gan, &classes, NULL) : genlat_vae_condition(m->vae, &classes, NULL);
    return status == GENLAT_OK ? model_labels(app, classes, n, out) : app_fail_library(app);
}

static genlat_status sample_gan(const maker *m, int64_t n, const genlat_tensor *labels,
                                const maker_draw *draw, genlat_tensor **out)
{
    genlat_generate_opts opts;
    genlat_generate_opts_init(&opts);
    opts.seed = draw->seed;
    opts.temperature = draw->temperature;
    return genlat_gan_generate(m->gan, n, labels, &opts, out);
}

static genlat_status sample_vae(const maker *m, int64_t n, const genlat_tensor *labels,
                                const maker_draw *draw, genlat_tensor **out)
{
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = draw->seed;
    opts.temperature = draw->temperature;
    opts.draw = draw->draw;
    return genlat_vae_sample_with(m->vae, n, labels, &opts, out);
}

int maker_sample(app_state *app, const maker *m, int64_t n, const genlat_tensor *labels,
                 const maker_draw *draw, genlat_tensor **out)
{
    genlat_status status = (m->gan ? sample_gan : sample_vae)(m, n, labels, draw, out);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}
