/* SPDX-License-Identifier: MIT */
/* genlat reconstruct: encodes and decodes data, with the condition of --label or --conditions if set. A picture shows
 * the reconstructions below the originals. */
#include "app.h"

int cmd_reconstruct(app_state *app)
{
    genlat_model *model = NULL;
    genlat_source *source = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *z = NULL, *y = NULL;
    int status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = data_open(app, model, &source);
    int64_t count = genlat_source_count(source), n = app->opts.count ? app->opts.count : 30;
    if (status == APP_OK)
        status = model_encode(app, model, source, 0, app->opts.count || n < count ? n : count, &z, &labels, &x);
    if (status == APP_OK && genlat_model_decode(model, z, labels, &y) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_write(
            app, y, &(output_layout){.columns = app->opts.columns, .originals = x, .about = model_about(model)});
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
    return status;
}
