/* SPDX-License-Identifier: MIT */
/* Opens the data source of the options, and reads samples. */
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

int data_read(app_state *app, const genlat_model *model, genlat_source *source, int64_t begin, int64_t end,
              genlat_tensor **x, genlat_tensor **labels)
{
    *x = *labels = NULL;
    int64_t count = genlat_source_count(source);
    if (begin >= count || end > count)
        return app_usage(app, "sample %lld is requested, but the data have %lld, counted from 0", (long long)end - 1,
                         (long long)count);
    if (genlat_source_read(source, begin, end, x, model_conditional(model) ? labels : NULL) != GENLAT_OK)
        return app_fail_library(app);
    return APP_OK;
}

uint64_t app_seed(const app_state *app)
{
    return (uint64_t)app->ctx_opts.seed;
}
