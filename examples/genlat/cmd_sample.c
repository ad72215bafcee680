/* SPDX-License-Identifier: MIT */
/* genlat sample: data from the prior. */
#include "maker.h"

int cmd_sample(app_state *app)
{
    maker model = {.vae = NULL};
    genlat_tensor *labels = NULL, *x = NULL;
    const maker_draw draw = {app->ctx_opts.seed, app->opts.temperature, app->opts.truncation, app->opts.draw};
    int64_t n = app->opts.count ? app->opts.count : 64;
    int status = output_check(app);
    if (status == APP_OK)
        status = maker_load(app, &model);
    if (status == APP_OK)
        status = maker_labels(app, &model, n, &labels);
    if (status == APP_OK)
        status = maker_sample(app, &model, n, labels, &draw, &x);
    if (status == APP_OK)
        status = output_write(app, x, &(output_layout){.columns = app->opts.columns, .labels = labels});
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    maker_destroy(&model);
    return status;
}
