/* SPDX-License-Identifier: MIT */
/* genlat sample: data from the prior. */
#include "app.h"

int cmd_sample(app_state *app)
{
    genlat_vae *vae = NULL;
    genlat_tensor *labels = NULL, *x = NULL;
    genlat_sample_opts opts;
    int64_t n = app->opts.count ? app->opts.count : 64;
    genlat_sample_opts_init(&opts);
    opts.seed = app->ctx_opts.seed;
    opts.temperature = app->opts.temperature;
    opts.draw = app->opts.draw;
    int status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &vae);
    if (status == APP_OK)
        status = model_labels(app, vae, n, &labels);
    if (status == APP_OK && genlat_vae_sample_with(vae, n, labels, &opts, &x) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_write(app, x, &(output_layout){.columns = app->opts.columns, .labels = labels});
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_vae_destroy(&vae);
    return status;
}
