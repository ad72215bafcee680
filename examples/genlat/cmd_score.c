/* SPDX-License-Identifier: MIT */
/* genlat score: how unexpected each sample of the data is to a model, and how well that finds the samples of one
 * class. */
#include <stdio.h>
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
    int64_t classes, anomaly; /* the class to be found; -1: none */
    genlat_description about; /* of the data; borrowed from the source */
} scores;

/* How well a score finds the anomalies. */
typedef struct detection {
    genlat_metric_value auroc, precision;
} detection;

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
    return output_find_format(app->opts.out, formats, sizeof *formats, APP_COUNT(formats));
}

static int check_output(const app_state *app)
{
    if (find_format(app) >= 0)
        return APP_OK;
    if (!app->opts.out)
        return app_usage(app, "--out is missing, such as -o scores.csv");
    return app_usage(app, "--out is '%s', an ending .csv or .npy expected", app->opts.out);
}

/* ---- anomalies ------------------------------------------------------------------------------- */

static int64_t count_class(const genlat_tensor *labels, int64_t class)
{
    int64_t count = 0;
    for (int64_t i = 0; i < genlat_tensor_dim(labels, 0); i++)
        count += genlat_tensor_const_data(labels)[i] == (float)class;
    return count;
}

/* Finds the class of --anomaly, or the second of two classes. */
static int find_anomaly(app_state *app, scores *s)
{
    const char *wanted = app->opts.anomaly;
    char *end = NULL;
    s->anomaly = -1;
    if (wanted && !s->classes)
        return app_usage(app, "--anomaly is set, but the data have no classes; name their column by ?label=COLUMN");
    if (!wanted) {
        if (s->classes == 2)
            s->anomaly = 1;
        return APP_OK;
    }
    for (int64_t i = 0; i < s->about.classes; i++)
        if (strcmp(s->about.class_names[i], wanted) == 0)
            s->anomaly = i;
    const long number = strtol(wanted, &end, 10);
    if (!s->about.classes && !*end && number >= 0 && number < s->classes)
        s->anomaly = number;
    return s->anomaly >= 0 ? APP_OK : app_unknown(app, "class", wanted, s->about.class_names, s->about.classes);
}

/* Computes how well a column finds the anomalies, with memory for the column. */
static genlat_status detect(genlat_metric *metric, const scores *s, int32_t column, genlat_tensor *values,
                            const genlat_tensor *labels, detection *out)
{
    const int64_t n = genlat_tensor_dim(values, 0);
    for (int64_t i = 0; i < n; i++)
        genlat_tensor_data(values)[i] = genlat_tensor_const_data(s->values)[i * s->count + column];
    const genlat_metric_input input = {.size = sizeof input, .scores = values, .labels = labels};
    genlat_status status = genlat_metric_compute(metric, &input);
    *out = (detection){{.size = sizeof out->auroc}, {.size = sizeof out->precision}};
    if (status == GENLAT_OK)
        status = genlat_metric_result(metric, 0, &out->auroc);
    return status == GENLAT_OK ? genlat_metric_result(metric, 1, &out->precision) : status;
}

/* Computes the detection of each score. */
static int detect_all(app_state *app, const scores *s, detection *out)
{
    const int64_t n = genlat_tensor_dim(s->values, 0);
    genlat_tensor *values = NULL, *labels = NULL;
    genlat_metric *metric = NULL;
    genlat_status status = genlat_tensor_new(app->ctx, 1, &n, &values);
    if (status == GENLAT_OK)
        status = genlat_tensor_new(app->ctx, 1, &n, &labels);
    for (int64_t i = 0; i < n && status == GENLAT_OK; i++)
        genlat_tensor_data(labels)[i] = genlat_tensor_const_data(s->labels)[i] == (float)s->anomaly;
    if (status == GENLAT_OK)
        status = genlat_metric_new(app->ctx, "auroc,average_precision", &metric);
    for (int32_t c = 0; c < s->count && status == GENLAT_OK; c++)
        status = detect(metric, s, c, values, labels, &out[c]);
    genlat_metric_destroy(&metric);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&values);
    return status == GENLAT_OK ? APP_OK : app_fail_library(app);
}

static void print_detection(const scores *s, const char *class, const detection *d)
{
    printf("\n%-15s %10s %10s %20s   of class %s\n", "score", "auroc", "+-", "average precision", class);
    for (int32_t c = 0; c < s->count; c++)
        printf("%-15s %10.4f %10.4f %20.4f\n", s->name[c], d[c].auroc.value, d[c].auroc.error, d[c].precision.value);
}

static json_t *detection_json(const scores *s, const char *class, const detection *d)
{
    json_t *list = json_array();
    for (int32_t c = 0; c < s->count; c++)
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "score", s->name[c], "auroc",
                                              output_number(d[c].auroc.value), "error", output_number(d[c].auroc.error),
                                              "average_precision", output_number(d[c].precision.value)));
    return json_pack("{s:s, s:o}", "class", class, "scores", list);
}

/* Reports the file, and how well the scores find the anomalies if both kinds of samples are there. */
static int report_scores(app_state *app, const scores *s)
{
    detection found[MOST];
    char class[24];
    const int64_t n = genlat_tensor_dim(s->values, 0), rare = s->anomaly < 0 ? 0 : count_class(s->labels, s->anomaly);
    if (rare == 0 || rare == n)
        return output_report(app, s->values);
    snprintf(class, sizeof class, "%lld", (long long)s->anomaly);
    const char *name = s->about.classes ? s->about.class_names[s->anomaly] : class;
    const int status = detect_all(app, s, found);
    if (status != APP_OK)
        return status;
    if (!app->opts.quiet && !app->opts.json) {
        printf("wrote %s [%lld,%d]\n", app->opts.out, (long long)n, (int)s->count);
        print_detection(s, name, found);
    }
    return output_json(app, json_pack("{s:s, s:s, s:I, s:o}", "event", "written", "file", app->opts.out, "count",
                                      (json_int_t)n, "anomalies", detection_json(s, name, found)));
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
    s.classes = genlat_source_classes(source);
    if (status == APP_OK)
        status = find_anomaly(app, &s);
    if (status == APP_OK && formats[find_format(app)].write(app->opts.out, &s) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = report_scores(app, &s);
    release(&s);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
    return status;
}
