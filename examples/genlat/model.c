/* SPDX-License-Identifier: MIT */
/* Loads and builds models of any family from the options, and generates samples. */
#include <stdio.h>
#include <string.h>

#include "app.h"

int model_load(app_state *app, genlat_model **out)
{
    return genlat_model_load(app->ctx, app->model, out) == GENLAT_OK ? APP_OK : app_fail_library(app);
}

int64_t model_classes(const genlat_model *model)
{
    int64_t classes = 0;
    return genlat_model_condition(model, &classes, NULL) == GENLAT_OK ? classes : 0;
}

int64_t model_vector(const genlat_model *model)
{
    int64_t vector = 0;
    return genlat_model_condition(model, NULL, &vector) == GENLAT_OK ? vector : 0;
}

genlat_description model_about(const genlat_model *model)
{
    genlat_description about = {.size = sizeof about};
    if (genlat_model_description(model, &about) != GENLAT_OK)
        about = (genlat_description){.size = sizeof about};
    return about;
}

bool model_conditional(const genlat_model *model)
{
    return genlat_model_label_use(model) & GENLAT_LABEL_INPUT;
}

static int read_conditions(app_state *app, const genlat_model *model, int64_t n, genlat_tensor **out)
{
    if (!model_conditional(model) || !model_vector(model))
        return app_usage(app, "--conditions is set, but the model is not conditional on vectors%s",
                         model_conditional(model) ? "; it is conditional on classes, see --label" : "");
    int status = data_vectors(app, "conditions", app->opts.conditions, model_vector(model), "a condition", out);
    const int64_t rows = genlat_tensor_dim(*out, 0);
    if (status != APP_OK || n == 0 || rows == n)
        return status;
    genlat_tensor_destroy(out);
    return app_fail(app, "--conditions %s: there are %lld rows, %lld expected, one for each sample",
                    app->opts.conditions, (long long)rows, (long long)n);
}

int model_labels(app_state *app, const genlat_model *model, int64_t n, genlat_tensor **out)
{
    *out = NULL;
    int64_t class = 0;
    if (app->opts.conditions && app->opts.label)
        return app_usage(app, "--label and --conditions are both set, one of them expected");
    if (app->opts.conditions)
        return read_conditions(app, model, n, out);
    if (!app->opts.label)
        return APP_OK;
    if (model_classes(model) == 0 || !model_conditional(model))
        return app_usage(app, "--label is set, but the model is not conditional on classes");
    genlat_status found = genlat_model_find_class(model, app->opts.label, &class);
    if (found != GENLAT_OK)
        return app_fail_setting(app, found);
    if (genlat_tensor_new(app->ctx, 1, &n, out) != GENLAT_OK || genlat_tensor_fill(*out, (float)class) != GENLAT_OK) {
        genlat_tensor_destroy(out);
        return app_fail_library(app);
    }
    return APP_OK;
}

int model_labels_in_turn(app_state *app, const genlat_model *model, int64_t n, genlat_tensor **out)
{
    const int64_t classes = model_conditional(model) ? model_classes(model) : 0;
    int status = model_labels(app, model, n, out);
    if (status != APP_OK || *out || classes == 0)
        return status;
    if (genlat_tensor_new(app->ctx, 1, &n, out) != GENLAT_OK)
        return app_fail_library(app);
    for (int64_t i = 0; i < n; i++)
        genlat_tensor_data(*out)[i] = (float)(i % classes);
    return APP_OK;
}

static bool all_known(const genlat_tensor *labels)
{
    bool known = true;
    for (int64_t i = 0; i < genlat_tensor_dim(labels, 0); i++)
        known = known && genlat_tensor_const_data(labels)[i] >= 0;
    return known;
}

/* Returns the most probable class of a row of predictions. */
static float predicted_class(const genlat_tensor *predictions, int64_t row)
{
    const int64_t classes = genlat_tensor_dim(predictions, 1);
    const float *p = genlat_tensor_const_data(predictions) + row * classes;
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
        best = p[c] > p[best] ? c : best;
    return (float)best;
}

/* Sets the classes that are missing, or -1, if the model predicts them. */
static int infer_labels(app_state *app, genlat_model *model, const genlat_tensor *x, genlat_tensor **labels)
{
    const int64_t n = genlat_tensor_dim(x, 0);
    genlat_tensor *predictions = NULL;
    if (!model_conditional(model) || model_vector(model) || (*labels && all_known(*labels)))
        return APP_OK;
    genlat_status status = genlat_model_predict(model, x, &predictions);
    if (status == GENLAT_E_UNSUPPORTED)
        return APP_OK;
    if (status == GENLAT_OK && !*labels) {
        status = genlat_tensor_new(app->ctx, 1, &n, labels);
        if (status == GENLAT_OK)
            status = genlat_tensor_fill(*labels, -1);
    }
    for (int64_t i = 0; status == GENLAT_OK && i < n; i++)
        if (genlat_tensor_const_data(*labels)[i] < 0)
            genlat_tensor_data(*labels)[i] = predicted_class(predictions, i);
    genlat_tensor_destroy(&predictions);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

int model_encode(app_state *app, genlat_model *model, genlat_source *source, int64_t first, int64_t n,
                 genlat_tensor **z, genlat_tensor **labels, genlat_tensor **x)
{
    genlat_tensor *own = NULL, *samples = NULL;
    int status = data_read(app, model, source, first, first + n, &samples, &own);
    if (status == APP_OK)
        status = infer_labels(app, model, samples, &own);
    if (status == APP_OK)
        status = model_labels(app, model, n, labels);
    if (status == APP_OK && !own)
        status = model_needs_label(app, model, *labels);
    genlat_status encoded = status == APP_OK ? genlat_model_encode(model, samples, own ? own : *labels, z) : GENLAT_OK;
    if (encoded == GENLAT_E_UNSUPPORTED)
        status = app_usage(app, "a %s has no encoder, which --data needs", genlat_model_family(model));
    else if (encoded != GENLAT_OK)
        status = app_fail_library(app);
    if (!*labels) {
        *labels = own;
        own = NULL;
    }
    if (x && status == APP_OK) {
        *x = samples;
        samples = NULL;
    }
    genlat_tensor_destroy(&own);
    genlat_tensor_destroy(&samples);
    return status;
}

int model_needs_label(app_state *app, const genlat_model *model, const genlat_tensor *labels)
{
    if (labels || !model_conditional(model))
        return APP_OK;
    return app_usage(app, "the model is conditional, but --%s is missing",
                     model_vector(model) ? "conditions" : "label");
}

/* Checks that --sampler is prior or the name of the model's sampler. Sets *prior to the first. */
static int find_sampler(app_state *app, const genlat_model *model, bool *prior)
{
    char text[512];
    const char *name = app->opts.sampler;
    *prior = name && strcmp(name, "prior") == 0;
    if (!name || *prior)
        return APP_OK;
    if (genlat_model_sampler(model, text, sizeof text) != GENLAT_OK)
        return app_fail_library(app);
    text[strcspn(text, " ")] = 0;
    if (strcmp(text, name) == 0)
        return APP_OK;
    return app_usage(app, "--sampler is '%s', but the model has %s; fit one with 'genlat sampler %s --data SPEC'", name,
                     strcmp(text, "prior") == 0 ? "only its prior" : text, app->model);
}

int model_sample(app_state *app, genlat_model *model, int64_t n, const genlat_tensor *labels, bool draw,
                 genlat_tensor **out)
{
    genlat_sample_opts opts;
    bool prior = false;
    int found = find_sampler(app, model, &prior);
    if (found != APP_OK)
        return found;
    genlat_sample_opts_init(&opts);
    opts.prior = prior;
    opts.seed = app->ctx_opts.seed;
    opts.temperature = app->opts.temperature;
    opts.truncation = app->opts.truncation;
    opts.draw = draw;
    genlat_status status = genlat_model_sample(model, n, labels, &opts, out);
    return status == GENLAT_OK ? APP_OK : app_fail_setting(app, status);
}

/* ---- creation -------------------------------------------------------------------------------- */

static int check_preset(const app_state *app, const char *family)
{
    enum { MOST = 64 };
    const char *names[MOST], *name;
    int32_t count = 0;
    while (count < MOST && (name = genlat_model_preset(family, count, NULL)) != NULL) {
        if (!app->opts.preset || strcmp(name, app->opts.preset) == 0)
            return APP_OK;
        names[count++] = name;
    }
    return app_unknown(app, "preset", app->opts.preset, names, count);
}

/* Reports a setting that the model does not have and that resembles one of the trainer or of the context. */
static int check_settings(const app_state *app, const genlat_model_builder *builder)
{
    char text[1024];
    for (int64_t i = 0; i < app->setting_count; i++) {
        const char *key = app->settings[i].key;
        const bool known = genlat_model_builder_get(builder, key, text, sizeof text) != GENLAT_E_NOT_FOUND;
        const char *near = known ? NULL : settings_nearest(key);
        if (near)
            return app_usage(app, "unknown setting '%s'; did you mean '%s'?", key, near);
    }
    return APP_OK;
}

int model_load_trained(app_state *app, const char *family, genlat_model **out)
{
    const char *path = app->opts.resume ? app->opts.resume : app->opts.source;
    *out = NULL;
    if (!path)
        return APP_OK;
    if (genlat_model_load(app->ctx, path, out) != GENLAT_OK)
        return app_fail_library(app);
    if (strcmp(genlat_model_family(*out), family) != 0)
        return app_fail(app, "%s contains a %s; use 'genlat train %s'", path, genlat_model_family(*out),
                        strcmp(genlat_model_family(*out), "predictor") == 0 ? "net" : genlat_model_family(*out));
    if (!app->opts.resume && genlat_model_restart(*out) != GENLAT_OK)
        return app_fail_library(app);
    return APP_OK;
}

/* Tells the builder the options of the trainer that determine length, batch and validation, so that the choice by the
 * data keeps them. */
static void set_length(const app_state *app, genlat_model_builder *builder, bool validates)
{
    char holdout[32];
    const struct {
        const char *key;
        int64_t value;
    } lengths[] = {{"epochs", app->train.epochs}, {"steps", app->train.steps}, {"batch", app->train.batch}};
    for (size_t i = 0; i < APP_COUNT(lengths); i++)
        if (lengths[i].value > 0)
            genlat_model_builder_set_int(builder, lengths[i].key, lengths[i].value);
    snprintf(holdout, sizeof holdout, "%.17g", app->train.holdout);
    if (validates || app->train.holdout >= 0)
        genlat_model_builder_set(builder, "holdout", validates ? "0" : holdout);
}

/* Reports a builder that failed. */
static int fail_build(const app_state *app, genlat_status status)
{
    if (status == GENLAT_E_NOT_FOUND)
        return app_usage(app, "%s; 'genlat kinds' lists what there is", genlat_last_error());
    return app_fail_setting(app, status);
}

/* Replaces the source by one with the scaling that is chosen. */
static int choose(app_state *app, genlat_model_builder *builder, bool validates, genlat_source **train)
{
    genlat_source *prepared = NULL;
    set_length(app, builder, validates);
    genlat_status status = genlat_model_builder_auto(builder, *train, &prepared, app->chosen, sizeof app->chosen);
    if (status != GENLAT_OK)
        return fail_build(app, status);
    genlat_source_destroy(train);
    *train = prepared;
    return APP_OK;
}

int model_make(app_state *app, const char *family, bool validates, genlat_source **train, genlat_model **out)
{
    genlat_model_builder *builder = NULL;
    int status = check_preset(app, family);
    if (status != APP_OK)
        return status;
    if (genlat_model_builder_new(app->ctx, family, &builder) != GENLAT_OK)
        return app_fail_library(app);
    status = check_settings(app, builder);
    if (status != APP_OK) {
        genlat_model_builder_destroy(&builder);
        return status;
    }
    if (app->opts.preset)
        genlat_model_builder_preset(builder, app->opts.preset);
    for (int64_t i = 0; i < app->setting_count; i++)
        genlat_model_builder_set(builder, app->settings[i].key, app->settings[i].value);
    if (!app->opts.preset)
        status = choose(app, builder, validates, train);
    genlat_status built = status == APP_OK ? genlat_model_build(&builder, *train, out) : GENLAT_OK;
    genlat_model_builder_destroy(&builder);
    if (built != GENLAT_OK)
        return fail_build(app, built);
    return status;
}
