/* SPDX-License-Identifier: MIT */
/* Sources and models as the options name them. */
#include "app.h"
#include "genlat/files.h"

int data_open(app_state *app, genlat_source **out)
{
    *out = NULL;
    if (!app->opts.data)
        return app_usage(app, "--data is missing, such as --data digits or --data idx:PATH");
    genlat_status status = genlat_files_open(app->ctx, app->opts.data, out);
    return status == GENLAT_OK ? APP_OK : app_fail_setting(app, status);
}

int data_read(app_state *app, const genlat_vae *vae, genlat_source *source, int64_t begin, int64_t end,
              genlat_tensor **x, genlat_tensor **labels)
{
    *x = *labels = NULL;
    int64_t count = genlat_source_count(source);
    if (begin >= count || end > count)
        return app_usage(app, "sample %lld is wanted, the data have %lld, numbered from 0",
                         (long long)end - 1, (long long)count);
    if (genlat_source_read(source, begin, end, x, model_conditional(vae) ? labels : NULL) != GENLAT_OK)
        return app_fail_library(app);
    return APP_OK;
}

int model_load(app_state *app, genlat_vae **out)
{
    return genlat_vae_load(app->ctx, app->model, out) == GENLAT_OK ? APP_OK : app_fail_library(app);
}

bool model_conditional(const genlat_vae *vae)
{
    int64_t classes = 0, vector = 0;
    return genlat_vae_condition(vae, &classes, &vector) == GENLAT_OK && classes + vector > 0;
}

int model_labels(app_state *app, int64_t classes, int64_t n, genlat_tensor **out)
{
    *out = NULL;
    if (app->opts.label < 0)
        return APP_OK;
    if (classes == 0)
        return app_usage(app, "--label is given, but the model is not conditional on classes");
    if (app->opts.label >= classes)
        return app_usage(app, "--label is %lld, the model has the classes 0 to %lld",
                         (long long)app->opts.label, (long long)classes - 1);
    if (genlat_tensor_new(app->ctx, 1, &n, out) != GENLAT_OK ||
        genlat_tensor_fill(*out, (float)app->opts.label) != GENLAT_OK) {
        genlat_tensor_destroy(out);
        return app_fail_library(app);
    }
    return APP_OK;
}

uint64_t app_seed(const app_state *app)
{
    return (uint64_t)app->ctx_opts.seed;
}
