/* SPDX-License-Identifier: MIT */
/* Opens the data source of the options, and reads samples. */
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "genlat/files.h"

/* Replaces the source by that of its raw data if the model scales data itself. */
static int remove_scaling(app_state *app, const genlat_model *model, genlat_source **source)
{
    genlat_tensor *offset = NULL, *scale = NULL, *unused = NULL;
    genlat_source *raw = NULL;
    if (genlat_source_normalization(*source, &offset, &unused) != GENLAT_OK)
        return app_fail_library(app);
    genlat_tensor_destroy(&unused);
    const bool source_scaled = offset != NULL;
    genlat_tensor_destroy(&offset);
    if (!source_scaled)
        return APP_OK;
    if (genlat_model_scaling(model, &offset, &scale) != GENLAT_OK)
        return app_fail_library(app);
    const bool model_scales = offset != NULL;
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
    if (!model_scales)
        return app_usage(app,
                         "--data %s: the model was trained on data without scaling; leave out scale=", app->opts.data);
    if (genlat_source_raw(*source, &raw) != GENLAT_OK)
        return app_fail_library(app);
    genlat_source_destroy(source);
    *source = raw;
    return APP_OK;
}

/* Replaces the source by one with the model's numbers of the classes. */
static int number_classes(app_state *app, const genlat_model *model, genlat_source **source)
{
    genlat_source *numbered = NULL;
    if (genlat_model_number_classes(model, *source, &numbered) != GENLAT_OK)
        return app_fail(app, "--data %s: %s", app->opts.data, genlat_last_error());
    genlat_source_destroy(source);
    *source = numbered;
    return APP_OK;
}

/* ---- data of a model ------------------------------------------------------------------------- */

static void list_names(int64_t count, const char *const *names, char *text, size_t capacity)
{
    size_t used = 0;
    for (int64_t i = 0; i < count && used < capacity; i++)
        used += (size_t)snprintf(text + used, capacity - used, "%s%s", i ? ", " : "", names[i]);
}

static bool has_name(int64_t count, const char *const *names, const char *name)
{
    for (int64_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Refuses columns that the model knows in another order. Other names are a warning, since files may name them anew. */
static int check_columns(const app_state *app, const genlat_description *data, const genlat_description *model)
{
    enum { SHOWN = 200 };
    char found[SHOWN] = "", expected[SHOWN] = "";
    const int64_t count = data->columns;
    int64_t other = 0, unknown = 0;
    if (!data->column_names || !model->column_names || count != model->columns)
        return APP_OK;
    for (int64_t i = 0; i < count; i++) {
        other += strcmp(data->column_names[i], model->column_names[i]) != 0;
        unknown += !has_name(count, model->column_names, data->column_names[i]);
    }
    if (!other)
        return APP_OK;
    list_names(count, data->column_names, found, sizeof found);
    list_names(count, model->column_names, expected, sizeof expected);
    if (!unknown)
        return app_fail(app, "--data %s: the columns are %s, but the model was trained on %s; put them in this order",
                        app->opts.data, found, expected);
    if (!app->opts.quiet)
        fprintf(stderr, "genlat: warning: --data %s: the columns are %s, but the model was trained on %s\n",
                app->opts.data, found, expected);
    return APP_OK;
}

static void shape_text(int32_t ndim, const int64_t *dims, char *text, size_t capacity)
{
    size_t used = 0;
    for (int32_t i = 0; i < ndim && used < capacity; i++)
        used += (size_t)snprintf(text + used, capacity - used, "%s%lld", i ? "," : "", (long long)dims[i]);
}

/* Checks that a model takes the samples. */
static int check_samples(const app_state *app, const genlat_model *model, const genlat_source *source)
{
    char found[160] = "", expected[160] = "";
    int64_t dims[GENLAT_MAX_DIMS], own[GENLAT_MAX_DIMS];
    int32_t ndim = 0, own_ndim = genlat_source_ndim(source);
    genlat_description about = {.size = sizeof about}, model_data = model_about(model);
    if (genlat_model_data_shape(model, &ndim, dims) != GENLAT_OK ||
        genlat_source_description(source, &about) != GENLAT_OK)
        return app_fail_library(app);
    for (int32_t i = 0; i < own_ndim; i++)
        own[i] = genlat_source_dim(source, i);
    if (ndim == own_ndim && memcmp(dims, own, (size_t)ndim * sizeof *dims) == 0)
        return check_columns(app, &about, &model_data);
    shape_text(own_ndim, own, found, sizeof found);
    shape_text(ndim, dims, expected, sizeof expected);
    if (model_data.column_names) {
        char names[400] = "";
        list_names(model_data.columns, model_data.column_names, names, sizeof names);
        return app_fail(app, "--data %s: the samples are [%s], but the model takes [%s], the columns %s",
                        app->opts.data, found, expected, names);
    }
    return app_fail(app, "--data %s: the samples are [%s], but the model takes [%s]", app->opts.data, found, expected);
}

int data_open_training(app_state *app, const genlat_model *resumed, genlat_source **out)
{
    *out = NULL;
    if (!app->opts.data)
        return app_usage(app, "--data is missing, such as --data digits or --data idx:PATH");
    const char *keys = resumed ? model_about(resumed).keys : NULL;
    genlat_status status = genlat_files_open_as(app->ctx, app->opts.data, keys, out);
    return status == GENLAT_OK ? APP_OK : app_fail_setting(app, status);
}

int data_open_samples(app_state *app, const genlat_model *model, genlat_source **out)
{
    int result = data_open_training(app, model, out);
    if (result == APP_OK)
        result = check_samples(app, model, *out);
    if (result == APP_OK)
        result = remove_scaling(app, model, out);
    if (result != APP_OK)
        genlat_source_destroy(out);
    return result;
}

int data_open(app_state *app, const genlat_model *model, genlat_source **out)
{
    int status = data_open_samples(app, model, out);
    if (status == APP_OK)
        status = number_classes(app, model, out);
    if (status != APP_OK)
        genlat_source_destroy(out);
    return status;
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

int data_vectors(app_state *app, const char *option, const char *spec, int64_t width, const char *what,
                 genlat_tensor **out)
{
    genlat_source *source = NULL;
    genlat_status opened = genlat_files_open(app->ctx, spec, &source);
    if (opened != GENLAT_OK)
        return app_fail_setting(app, opened);
    int status = APP_OK;
    if (genlat_source_read(source, 0, genlat_source_count(source), out, NULL) != GENLAT_OK)
        status = app_fail_library(app);
    else if (genlat_tensor_ndim(*out) != 2 || genlat_tensor_dim(*out, 1) != width)
        status = app_fail(app, "--%s %s: rows have %lld numbers, %lld expected, the size of %s", option, spec,
                          (long long)(genlat_tensor_count(*out) / genlat_tensor_dim(*out, 0)), (long long)width, what);
    if (status != APP_OK)
        genlat_tensor_destroy(out);
    genlat_source_destroy(&source);
    return status;
}

uint64_t app_seed(const app_state *app)
{
    return (uint64_t)app->ctx_opts.seed;
}
