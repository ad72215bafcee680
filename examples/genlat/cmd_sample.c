/* SPDX-License-Identifier: MIT */
/* genlat sample: generates samples. */
#include "app.h"

int cmd_sample(app_state *app)
{
    genlat_model *model = NULL;
    genlat_tensor *labels = NULL, *x = NULL;
    int64_t n = app->opts.count || app->opts.conditions ? app->opts.count : 64;
    int status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = model_labels_in_turn(app, model, n, &labels);
    if (status == APP_OK && model_vector(model))
        status = model_needs_label(app, model, labels);
    if (app->opts.conditions)
        n = genlat_tensor_dim(labels, 0);
    if (status == APP_OK)
        status = model_sample(app, model, n, labels, app->opts.draw, &x);
    if (status == APP_OK)
        status = output_write(app, x,
                              &(output_layout){.columns = app->opts.columns,
                                               .labels = labels,
                                               .classes = labels ? model_classes(model) : 0,
                                               .about = model_about(model)});
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
    return status;
}
