/* SPDX-License-Identifier: MIT */
/* genlat traverse: one line of samples for each latent dimension, which moves while the others stay. */
#include "app.h"

/* The sample of the data to start from, or the origin with --label. */
static int find_start(app_state *app, genlat_vae *vae, genlat_tensor **x, genlat_tensor **labels)
{
    genlat_source *source = NULL;
    if (!app->opts.data && app->opts.index < 0) {
        int64_t classes = 0;
        if (genlat_vae_condition(vae, &classes, NULL) != GENLAT_OK)
            return app_fail_library(app);
        int status = model_labels(app, classes, 1, labels);
        if (status == APP_OK && !*labels && model_conditional(vae))
            status = app_usage(app, "the model is conditional: --label or --data is missing");
        return status;
    }
    int64_t index = app->opts.index < 0 ? 0 : app->opts.index;
    int status = data_open(app, &source);
    if (status == APP_OK)
        status = data_read(app, vae, source, index, index + 1, x, labels);
    genlat_source_destroy(&source);
    return status;
}

int cmd_traverse(app_state *app)
{
    genlat_vae *vae = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL;
    int status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &vae);
    if (status == APP_OK)
        status = find_start(app, vae, &x, &labels);
    double range = app->opts.range;
    if (status == APP_OK &&
        genlat_vae_traverse(vae, x, labels, -range, range, app->opts.frames, &y) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_write(app, y, &(output_layout){.columns = app->opts.frames});
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    genlat_vae_destroy(&vae);
    return status;
}
