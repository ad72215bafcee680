/* SPDX-License-Identifier: MIT */
/* genlat complete: fills in the missing values of data, once or with several draws. With --hide, values of complete
 * data are hidden first, and the completion is compared with them and with the means of the observed values. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "genlat/files.h"

enum { BATCH = 64 };

/* Data, and what is done with them. */
typedef struct job {
    genlat_model *model;
    genlat_source *source;
    genlat_tensor *truth, *labels; /* the samples as they are */
    genlat_tensor *x;              /* the same with hidden values, NaN */
    genlat_tensor **done;          /* [files] completed samples */
    genlat_description about;
    int64_t n, size, files;
} job;

static void release(job *j)
{
    for (int64_t i = 0; j->done && i < j->files; i++)
        genlat_tensor_destroy(&j->done[i]);
    free(j->done);
    genlat_tensor_destroy(&j->x);
    genlat_tensor_destroy(&j->labels);
    genlat_tensor_destroy(&j->truth);
    genlat_source_destroy(&j->source);
    genlat_model_destroy(&j->model);
}

/* ---- hidden values --------------------------------------------------------------------------- */

/* Draws n numbers from [0,1), which the caller frees. Returns NULL on failure. */
static float *draw_uniform(const app_state *app, int64_t n)
{
    genlat_rng *rng = NULL;
    float *out = malloc((size_t)n * sizeof *out);
    genlat_status status = out ? genlat_rng_new(app->ctx, app_seed(app), 0, &rng) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = genlat_rng_uniform(rng, n, 0, 1, out);
    genlat_rng_destroy(&rng);
    if (status == GENLAT_OK)
        return out;
    free(out);
    app_fail(app, "out of memory");
    return NULL;
}

static int hide_fraction(const app_state *app, const job *j, double fraction)
{
    float *x = genlat_tensor_data(j->x);
    if (!(fraction > 0 && fraction <= 1))
        return app_usage(app, "--hide is %g, a fraction above 0 and up to 1 expected", fraction);
    float *uniform = draw_uniform(app, j->n * j->size);
    for (int64_t i = 0; uniform && i < j->n * j->size; i++)
        if ((double)uniform[i] < fraction)
            x[i] = NAN;
    free(uniform);
    return uniform ? APP_OK : APP_FAILED;
}

/* Hides a block at a place of its own in each image, in all its channels. */
static int hide_block(const app_state *app, const job *j, int64_t height, int64_t width)
{
    const int64_t h = genlat_tensor_dim(j->x, -2), w = genlat_tensor_dim(j->x, -1);
    float *x = genlat_tensor_data(j->x);
    if (genlat_tensor_ndim(j->x) < 3 || height < 1 || width < 1 || height > h || width > w)
        return app_usage(app, "--hide is '%s', a block of images with sides of at least that expected", app->opts.hide);
    float *uniform = draw_uniform(app, 2 * j->n);
    for (int64_t i = 0; uniform && i < j->n; i++) {
        const int64_t top = (int64_t)((double)uniform[2 * i] * (double)(h - height + 1));
        const int64_t left = (int64_t)((double)uniform[2 * i + 1] * (double)(w - width + 1));
        for (int64_t k = 0; k < j->size; k++) {
            const int64_t row = k / w % h, column = k % w;
            if (row >= top && row < top + height && column >= left && column < left + width)
                x[i * j->size + k] = NAN;
        }
    }
    free(uniform);
    return uniform ? APP_OK : APP_FAILED;
}

/* Hides where the array is not 0. */
static int hide_array(app_state *app, const job *j)
{
    genlat_source *source = NULL;
    genlat_tensor *mask = NULL;
    genlat_status opened = genlat_files_open(app->ctx, app->opts.hide, &source);
    if (opened != GENLAT_OK)
        return app_fail_setting(app, opened);
    int status = APP_OK;
    if (genlat_source_read(source, 0, genlat_source_count(source), &mask, NULL) != GENLAT_OK)
        status = app_fail_library(app);
    else if (genlat_tensor_dim(mask, 0) < j->n || genlat_tensor_count(mask) / genlat_tensor_dim(mask, 0) != j->size)
        status = app_fail(app, "--hide %s: there are %lld rows of %lld numbers, %lld rows of %lld expected",
                          app->opts.hide, (long long)genlat_tensor_dim(mask, 0),
                          (long long)(genlat_tensor_count(mask) / genlat_tensor_dim(mask, 0)), (long long)j->n,
                          (long long)j->size);
    for (int64_t i = 0; status == APP_OK && i < j->n * j->size; i++)
        if (genlat_tensor_const_data(mask)[i] != 0)
            genlat_tensor_data(j->x)[i] = NAN;
    genlat_tensor_destroy(&mask);
    genlat_source_destroy(&source);
    return status;
}

static int hide(app_state *app, const job *j)
{
    const char *text = app->opts.hide;
    char *end = NULL;
    if (!text)
        return APP_OK;
    if (strchr(text, ':'))
        return hide_array(app, j);
    const double number = strtod(text, &end);
    if (end != text && *end == 'x') {
        const char *second = end + 1;
        const long long width = strtoll(second, &end, 10);
        if (end != second && !*end)
            return hide_block(app, j, (int64_t)number, width);
    }
    return end != text && !*end ? hide_fraction(app, j, number)
                                : app_usage(app, "--hide is '%s', such as 0.5, 14x14 or npy:PATH expected", text);
}

/* ---- completion ------------------------------------------------------------------------------ */

static int read_data(app_state *app, job *j)
{
    const int64_t count = genlat_source_count(j->source);
    j->n = app->opts.count ? app->opts.count : count;
    int status = data_read(app, j->model, j->source, 0, j->n, &j->truth, &j->labels);
    if (status == APP_OK && genlat_tensor_clone(j->truth, &j->x) != GENLAT_OK)
        status = app_fail_library(app);
    if (status != APP_OK)
        return status;
    j->size = genlat_tensor_count(j->x) / j->n;
    j->about = model_about(j->model);
    return hide(app, j);
}

static int new_results(app_state *app, job *j)
{
    j->files = app->opts.draws ? app->opts.draws : 1;
    j->done = calloc((size_t)j->files, sizeof *j->done);
    if (!j->done)
        return app_fail(app, "out of memory");
    for (int64_t i = 0; i < j->files; i++)
        if (genlat_tensor_clone(j->x, &j->done[i]) != GENLAT_OK)
            return app_fail_library(app);
    return APP_OK;
}

/* Copies rows begin .. end-1 of a tensor to a new one. */
static int slice(const app_state *app, const genlat_tensor *from, int64_t begin, int64_t end, genlat_tensor **out)
{
    int64_t dims[GENLAT_MAX_DIMS];
    const int64_t width = genlat_tensor_count(from) / genlat_tensor_dim(from, 0);
    for (int32_t axis = 0; axis < genlat_tensor_ndim(from); axis++)
        dims[axis] = genlat_tensor_dim(from, axis);
    dims[0] = end - begin;
    if (genlat_tensor_from(app->ctx, genlat_tensor_ndim(from), dims, genlat_tensor_const_data(from) + begin * width,
                           out) != GENLAT_OK)
        return app_fail_library(app);
    return APP_OK;
}

static int complete_rows(app_state *app, job *j, int64_t begin, int64_t end)
{
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL;
    genlat_complete_opts opts;
    genlat_complete_opts_init(&opts);
    opts.samples = app->opts.samples ? app->opts.samples : opts.samples;
    opts.draws = app->opts.draws;
    opts.seed = (int64_t)app_seed(app) + begin;
    int status = slice(app, j->x, begin, end, &x);
    if (status == APP_OK && j->labels)
        status = slice(app, j->labels, begin, end, &labels);
    if (status == APP_OK && genlat_model_complete(j->model, x, labels, &opts, &y) != GENLAT_OK)
        status = app_fail_library(app);
    const size_t numbers = (size_t)((end - begin) * j->size);
    for (int64_t i = 0; status == APP_OK && i < j->files; i++)
        memcpy(genlat_tensor_data(j->done[i]) + begin * j->size, genlat_tensor_const_data(y) + (size_t)i * numbers,
               numbers * sizeof(float));
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* Means of the observed values of each element; 0 if there are none. */
static double *observed_means(const job *j)
{
    const float *x = genlat_tensor_const_data(j->x);
    double *mean = calloc((size_t)j->size, sizeof *mean);
    for (int64_t k = 0; mean && k < j->size; k++) {
        int64_t count = 0;
        for (int64_t i = 0; i < j->n; i++) {
            const double value = (double)x[i * j->size + k];
            mean[k] += isnan(value) ? 0 : value;
            count += !isnan(value);
        }
        mean[k] /= (double)(count ? count : 1);
    }
    return mean;
}

/* Compares the hidden values with the mean of all draws, and with the means of the observed values. */
static int report_errors(app_state *app, const job *j)
{
    const float *truth = genlat_tensor_const_data(j->truth), *x = genlat_tensor_const_data(j->x);
    double *mean = observed_means(j), ours = 0, simple = 0;
    int64_t count = 0;
    if (!mean)
        return app_fail(app, "out of memory");
    for (int64_t i = 0; i < j->n * j->size; i++) {
        double value = 0;
        if (!isnan(x[i]) || isnan(truth[i]))
            continue;
        for (int64_t d = 0; d < j->files; d++)
            value += (double)genlat_tensor_const_data(j->done[d])[i] / (double)j->files;
        ours += pow(value - (double)truth[i], 2);
        simple += pow(mean[i % j->size] - (double)truth[i], 2);
        count++;
    }
    free(mean);
    if (!count)
        return APP_OK;
    ours /= (double)count;
    simple /= (double)count;
    if (!app->opts.json && !app->opts.quiet)
        printf("%lld hidden values: mse %.6g, rmse %.6g; with the means of observed values mse %.6g, rmse %.6g\n",
               (long long)count, ours, sqrt(ours), simple, sqrt(simple));
    return output_json(app, json_pack("{s:s, s:I, s:f, s:f}", "event", "completed", "hidden", (json_int_t)count, "mse",
                                      ours, "mse_of_means", simple));
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Writes each draw to a file of its own: filled.csv becomes filled-1.csv, filled-2.csv, ... */
static int write_results(app_state *app, const job *j)
{
    const char *out = app->opts.out, *ending = strrchr(out, '.');
    const size_t capacity = strlen(out) + 32;
    char *path = malloc(capacity);
    int status = path ? APP_OK : app_fail(app, "out of memory");
    for (int64_t i = 0; status == APP_OK && i < j->files; i++) {
        output_layout layout = {.columns = app->opts.columns, .originals = j->x, .about = j->about};
        snprintf(path, capacity, "%.*s-%lld%s", (int)(ending - out), out, (long long)i + 1, ending);
        app->opts.out = app->opts.draws ? path : out;
        status = output_write(app, j->done[i], &layout);
    }
    app->opts.out = out;
    free(path);
    return status;
}

int cmd_complete(app_state *app)
{
    job j = {NULL};
    int status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &j.model);
    if (status == APP_OK)
        status = data_open(app, j.model, &j.source);
    if (status == APP_OK)
        status = read_data(app, &j);
    if (status == APP_OK)
        status = new_results(app, &j);
    for (int64_t at = 0; at < j.n && status == APP_OK; at += BATCH)
        status = complete_rows(app, &j, at, at + BATCH < j.n ? at + BATCH : j.n);
    if (status == APP_OK)
        status = write_results(app, &j);
    if (status == APP_OK)
        status = report_errors(app, &j);
    release(&j);
    return status;
}
