/* SPDX-License-Identifier: MIT */
/* Models of any kind, and their samples. */
#include "maker.h"

#include <string.h>

/* A file tells what it holds; the reader of one kind says so of the others. */
int maker_load(app_state *app, maker *out)
{
    genlat_status status = genlat_gan_load(app->ctx, app->model, &out->gan);
    if (status == GENLAT_E_FORMAT && strstr(genlat_last_error(), "holds a 'vae'"))
        status = genlat_vae_load(app->ctx, app->model, &out->vae);
    else if (status == GENLAT_E_FORMAT && strstr(genlat_last_error(), "holds a 'predictor'"))
        status = genlat_predictor_load(app->ctx, app->model, &out->predictor);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

void maker_destroy(maker *m)
{
    genlat_vae_destroy(&m->vae);
    genlat_gan_destroy(&m->gan);
    genlat_predictor_destroy(&m->predictor);
}

const char *maker_kind(const maker *m)
{
    return m->vae ? "vae" : m->gan ? "gan" : "predictor";
}

int64_t maker_classes(const maker *m)
{
    int64_t classes = 0;
    genlat_status status = m->gan   ? genlat_gan_condition(m->gan, &classes, NULL)
                           : m->vae ? genlat_vae_condition(m->vae, &classes, NULL)
                                    : GENLAT_OK;
    return status == GENLAT_OK ? classes : 0;
}

int maker_labels(app_state *app, const maker *m, int64_t n, genlat_tensor **out)
{
    return model_labels(app, maker_classes(m), n, out);
}

static genlat_status sample_gan(const maker *m, int64_t n, const genlat_tensor *labels,
                                const maker_draw *draw, genlat_tensor **out)
{
    genlat_generate_opts opts;
    genlat_generate_opts_init(&opts);
    opts.seed = draw->seed;
    opts.temperature = draw->temperature;
    opts.truncation = draw->truncation;
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
    if (m->predictor)
        return app_fail(app, "%s: a predictor makes no samples", app->model);
    if (draw->truncation > 0 && m->vae)
        return app_usage(app, "--truncation is of GANs; --temperature does the like for a VAE");
    genlat_status status = (m->gan ? sample_gan : sample_vae)(m, n, labels, draw, out);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}
