/* SPDX-License-Identifier: MIT */
/* genlat traverse: writes one row of samples for each latent dimension, in which only this dimension varies. */
#include "app.h"

/* Determines the start: the latent of a sample of the data, or the origin. */
static int find_start(app_state *app, genlat_model *model, genlat_tensor **z, genlat_tensor **labels)
{
    genlat_source *source = NULL;
    if (!app->opts.data && app->opts.index < 0) {
        int status = model_labels(app, model, 1, labels);
        return status == APP_OK ? model_needs_label(app, model, *labels) : status;
    }
    int status = data_open(app, model, &source);
    if (status == APP_OK)
        status = model_encode(app, model, source, app->opts.index < 0 ? 0 : app->opts.index, 1, z, labels, NULL);
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
