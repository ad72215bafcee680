/* SPDX-License-Identifier: MIT */
/* genlat sampler: fits a sampler to the codes of data, and writes the model with it. */
#include <stdio.h>
#include <string.h>

#include "app.h"

static int fit(app_state *app, genlat_model *model)
{
    const char *sampler = app->opts.sampler ? app->opts.sampler : "mixture";
    genlat_source *source = NULL;
    int status = strcmp(sampler, "prior") == 0 ? APP_OK : data_open(app, model, &source);
    if (status == APP_OK) {
        const genlat_status fitted = genlat_model_fit_sampler(model, source, sampler, app_seed(app));
        status = fitted == GENLAT_OK ? APP_OK : app_fail_setting(app, fitted);
    }
    genlat_source_destroy(&source);
    return status;
}

/* Writes the model, with the state of training if it has one. */
static int save(app_state *app, genlat_model *model, const char *path)
{
    genlat_progress progress = {.size = sizeof progress};
    if (genlat_model_progress(model, &progress) != GENLAT_OK ||
        (progress.step ? genlat_model_save : genlat_model_export)(model, path) != GENLAT_OK)
        return app_fail_library(app);
    return APP_OK;
}

static int report(app_state *app, const genlat_model *model, const char *path)
{
    char text[512];
    if (genlat_model_sampler(model, text, sizeof text) != GENLAT_OK)
        return app_fail_library(app);
    if (!app->opts.quiet && !app->opts.json)
        printf("wrote %s, sampler %s\n", path, text);
    return output_json(app, json_pack("{s:s, s:s, s:s}", "event", "written", "file", path, "sampler", text));
}

int cmd_sampler(app_state *app)
{
    genlat_model *model = NULL;
    const char *path = app->opts.out ? app->opts.out : app->model;
    int status = model_load(app, &model);
    if (status == APP_OK)
        status = fit(app, model);
    if (status == APP_OK)
        status = save(app, model, path);
    if (status == APP_OK)
        status = report(app, model, path);
    genlat_model_destroy(&model);
    return status;
}
