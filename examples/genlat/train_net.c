/* SPDX-License-Identifier: MIT */
/* genlat train net: what is particular to a predictor, a net trained with labels. */
#include <stdio.h>
#include <string.h>

#include "train_kind.h"

enum { LOOKED_AT = 5000, SHOWN = 100 };

static int check_preset(const app_state *app)
{
    char known[512] = "";
    const char *name;
    for (int32_t i = 0; app->opts.preset && (name = genlat_predictor_preset(i, NULL)) != NULL; i++) {
        size_t used = strlen(known);
        if (strcmp(name, app->opts.preset) == 0)
            return APP_OK;
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", name);
    }
    return *known ? app_usage(app, "unknown preset '%s'; known: %s", app->opts.preset, known) : APP_OK;
}

static int take_settings(app_state *app, genlat_predictor_opts *opts)
{
    const struct {
        const char *key, **at;
    } keys[] = {{"net", &opts->net},
                {"loss", &opts->loss},
                {"optimizer", &opts->optimizer},
                {"lr_schedule", &opts->lr_schedule}};
    for (int64_t i = 0; i < app->setting_count; i++) {
        size_t k = 0;
        while (k < APP_COUNT(keys) && strcmp(keys[k].key, app->settings[i].key) != 0)
            k++;
        if (k == APP_COUNT(keys))
            return app_usage(
                app, "unknown setting '%s'; known: net, loss, optimizer, lr_schedule, and those of training",
                app->settings[i].key);
        *keys[k].at = app->settings[i].value;
    }
    return APP_OK;
}

static int make(app_state *app, genlat_source *train, void **model)
{
    genlat_predictor *predictor = NULL;
    genlat_predictor_opts opts;
    if (app->opts.resume) {
        if (genlat_predictor_load(app->ctx, app->opts.resume, &predictor) != GENLAT_OK)
            return app_fail_library(app);
        *model = predictor;
        return APP_OK;
    }
    genlat_predictor_opts_init(&opts);
    opts.preset = app->opts.preset;
    int status = check_preset(app);
    if (status == APP_OK)
        status = take_settings(app, &opts);
    if (status != APP_OK)
        return status;
    genlat_status made = genlat_predictor_new(app->ctx, train, &opts, &predictor);
    *model = predictor;
    return made == GENLAT_OK ? APP_OK : app_fail_setting(app, made);
}

static genlat_status trainer(void *model, genlat_source *train, genlat_source *valid,
                             const genlat_train_opts *opts, genlat_trainer **out)
{
    return genlat_trainer_predictor(model, train, valid, opts, out);
}

static genlat_status save(void *model, const char *path)
{
    return genlat_predictor_save(model, path);
}

static void destroy(void *model)
{
    genlat_predictor *predictor = model;
    genlat_predictor_destroy(&predictor);
}

/* Numbers of the samples whose class is not found, at most SHOWN. */
static int64_t find_mistakes(const genlat_tensor *answers, const genlat_tensor *labels, int64_t *out)
{
    int64_t n = genlat_tensor_dim(answers, 0), classes = genlat_tensor_dim(answers, 1), count = 0;
    for (int64_t i = 0; i < n && count < SHOWN; i++) {
        const float *row = genlat_tensor_const_data(answers) + i * classes;
        int64_t best = 0;
        for (int64_t c = 1; c < classes; c++)
            best = row[c] > row[best] ? c : best;
        if (best != (int64_t)genlat_tensor_const_data(labels)[i])
            out[count++] = i;
    }
    return count;
}

static int show(app_state *app, genlat_source *source, const int64_t *numbers, int64_t count)
{
    char path[1024];
    genlat_source *some = NULL;
    genlat_tensor *x = NULL;
    int status = APP_OK;
    train_plot_path(app, "mistakes", true, path, sizeof path);
    if (genlat_source_subset(source, numbers, count, &some) != GENLAT_OK ||
        genlat_source_read(some, 0, count, &x, NULL) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_picture(app, path, x, &(output_layout){.columns = 10});
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&some);
    return status;
}

/* The images that a classifier takes for others. */
static int pictures(app_state *app, void *model, genlat_source *source)
{
    int64_t numbers[SHOWN], classes = 0, n = genlat_source_count(source);
    genlat_tensor *x = NULL, *labels = NULL, *answers = NULL;
    if (!train_images(source) || genlat_predictor_labels(model, &classes, NULL) != GENLAT_OK || classes == 0)
        return APP_OK;
    int status = APP_OK;
    if (genlat_source_read(source, 0, n < LOOKED_AT ? n : LOOKED_AT, &x, &labels) != GENLAT_OK ||
        genlat_predictor_predict(model, x, &answers) != GENLAT_OK)
        status = app_fail_library(app);
    int64_t count = status == APP_OK ? find_mistakes(answers, labels, numbers) : 0;
    if (count > 0)
        status = show(app, source, numbers, count);
    genlat_tensor_destroy(&answers);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

int cmd_train_net(app_state *app)
{
    static const train_curve curves[] = {
        {"loss", "nats a sample"}, {"accuracy", NULL}, {"mse", NULL}, {NULL, NULL}};
    static const train_kind kind = {curves, make, trainer, save, pictures, NULL, destroy};
    return train_run(app, &kind);
}
