/* SPDX-License-Identifier: MIT */
/* genlat traverse: writes one row of samples for each latent dimension, in which only this dimension varies. */
#include "app.h"

/* Determines the start: the latent of a sample of the data, or the origin and --label. */
static int find_start(app_state *app, genlat_model *model, genlat_tensor **z, genlat_tensor **labels)
{
    genlat_source *source = NULL;
    genlat_tensor *x = NULL;
    if (!app->opts.data && app->opts.index < 0) {
        int status = model_labels(app, model, 1, labels);
        if (status == APP_OK && !*labels && model_conditional(model))
            status = app_usage(app, "the model is conditional, but --label and --data are missing");
        return status;
    }
    int64_t index = app->opts.index < 0 ? 0 : app->opts.index;
    int status = data_open(app, model, &source);
    if (status == APP_OK)
        status = data_read(app, model, source, index, index + 1, &x, labels);
    if (status == APP_OK && genlat_model_encode(model, x, *labels, z) != GENLAT_OK)
        status = app_fail_library(app);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
    return status;
}

int cmd_traverse(app_state *app)
{
    genlat_model *model = NULL;
    genlat_tensor *z = NULL, *labels = NULL, *y = NULL;
    int status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = find_start(app, model, &z, &labels);
    double range = app->opts.range;
    if (status == APP_OK && genlat_model_traverse(model, z, labels, -range, range, app->opts.frames, &y) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_write(app, y, &(output_layout){.columns = app->opts.frames, .about = model_about(model)});
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&z);
    genlat_model_destroy(&model);
    return status;
}
