/* SPDX-License-Identifier: MIT */
/* genlat score: how unexpected each sample of the data is to a model. */
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "genlat/files.h"

enum { BATCH = 512, MOST = 16, DRAWS = 100 };

/* The scores of the samples, and their labels. */
typedef struct scores {
    int32_t count;
    const char *name[MOST];
    genlat_tensor *values;    /* [n,count] */
    genlat_tensor *labels;    /* [n] classes; NULL: the data have none */
    genlat_description about; /* of the data; borrowed from the source */
} scores;

static void release(scores *s)
{
    genlat_tensor_destroy(&s->values);
    genlat_tensor_destroy(&s->labels);
}

static int find_names(app_state *app, const genlat_model *model, scores *s)
{
    while (s->count < MOST && (s->name[s->count] = genlat_model_score_name(model, s->count, NULL)) != NULL)
        s->count++;
    return s->count ? APP_OK
                    : app_fail(app, "%s: a %s gives no scores to samples; use a vae, gan, gmm or ppca", app->model,
                               genlat_model_family(model));
}

/* Copies rows to the rows of all, which the first call creates. */
static int keep_rows(app_state *app, const genlat_tensor *rows, int64_t begin, int64_t n, genlat_tensor **all)
{
    const int64_t width = genlat_tensor_ndim(rows) > 1 ? genlat_tensor_dim(rows, 1) : 1;
    const int64_t dims[] = {n, width};
    if (!*all && genlat_tensor_new(app->ctx, genlat_tensor_ndim(rows), dims, all) != GENLAT_OK)
        return app_fail_library(app);
    memcpy(genlat_tensor_data(*all) + begin * width, genlat_tensor_const_data(rows),
           (size_t)genlat_tensor_count(rows) * sizeof(float));
    return APP_OK;
}

static int score_rows(app_state *app, genlat_model *model, genlat_source *source, int64_t begin, int64_t end, int64_t n,
                      scores *s)
{
    genlat_tensor *x = NULL, *labels = NULL, *rows = NULL;
    const bool classes = genlat_source_classes(source) > 0, given = classes || genlat_source_condition(source) > 0;
    const int64_t draws = app->opts.samples ? app->opts.samples : DRAWS;
    if (genlat_source_read(source, begin, end, &x, given ? &labels : NULL) != GENLAT_OK)
        return app_fail_library(app);
    genlat_status status =
        genlat_model_score(model, x, model_conditional(model) ? labels : NULL, draws, app_seed(app), begin, &rows);
    int result = status == GENLAT_OK ? keep_rows(app, rows, begin, n, &s->values) : app_fail_library(app);
    if (result == APP_OK && classes)
        result = keep_rows(app, labels, begin, n, &s->labels);
    genlat_tensor_destroy(&rows);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return result;
}

/* ---- files ----------------------------------------------------------------------------------- */

static genlat_status write_csv(const char *path, const scores *s)
{
    const genlat_description about = {.size = sizeof about,
                                      .columns = s->count,
                                      .column_names = s->name,
                                      .classes = s->labels ? s->about.classes : 0,
                                      .class_names = s->about.class_names};
    return genlat_csv_write_samples(path, s->values, s->labels, &about);
}

static genlat_status write_npy(const char *path, const scores *s)
{
    return genlat_npy_write(path, s->values);
}

static const struct {
    const char *ending;
    genlat_status (*write)(const char *path, const scores *s);
} formats[] = {{".csv", write_csv}, {".npy", write_npy}};

/* Returns the index of the format of --out, or -1. */
static int find_format(const app_state *app)
{
    const char *ending = app->opts.out ? strrchr(app->opts.out, '.') : NULL;
    for (size_t i = 0; i < APP_COUNT(formats) && ending; i++)
        if (strcmp(ending, formats[i].ending) == 0)
            return (int)i;
    return -1;
}

static int check_output(const app_state *app)
{
    if (find_format(app) >= 0)
        return APP_OK;
    if (!app->opts.out)
        return app_usage(app, "--out is missing, such as -o scores.csv");
    return app_usage(app, "--out is '%s', an ending .csv or .npy expected", app->opts.out);
}

/* ---- the command ----------------------------------------------------------------------------- */

int cmd_score(app_state *app)
{
    genlat_model *model = NULL;
    genlat_source *source = NULL;
    scores s = {0};
    s.about.size = sizeof s.about;
    int status = check_output(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = find_names(app, model, &s);
    if (status == APP_OK)
        status = model_conditional(model) ? data_open(app, model, &source) : data_open_samples(app, model, &source);
    const int64_t count = genlat_source_count(source), n = app->opts.count ? app->opts.count : count;
    if (status == APP_OK && n > count)
        status = app_usage(app, "--count is %lld, but the data have %lld samples", (long long)n, (long long)count);
    if (status == APP_OK && genlat_source_description(source, &s.about) != GENLAT_OK)
        status = app_fail_library(app);
    for (int64_t begin = 0; begin < n && status == APP_OK; begin += BATCH)
        status = score_rows(app, model, source, begin, begin + BATCH < n ? begin + BATCH : n, n, &s);
    if (status == APP_OK && formats[find_format(app)].write(app->opts.out, &s) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_report(app, s.values);
    release(&s);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
    return status;
}
