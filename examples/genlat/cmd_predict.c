/* SPDX-License-Identifier: MIT */
/* genlat predict: what a predictor answers for each sample of the data. For a classifier these are the most probable
 * class, its probability, and the probabilities of all classes; for a regression, the predicted vector. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "genlat/files.h"

enum { BATCH = 512, NAME = 280 };

/* Answers for n samples. */
typedef struct answers {
    genlat_tensor *y;                   /* [n,classes] probabilities, or [n,vector] */
    genlat_tensor *class, *probability; /* [n] of a classifier */
    genlat_tensor *table;               /* [n,2+classes] of a classifier */
    genlat_description about;           /* with the names of the classes */
} answers;

static void release(answers *a)
{
    genlat_tensor_destroy(&a->table);
    genlat_tensor_destroy(&a->probability);
    genlat_tensor_destroy(&a->class);
    genlat_tensor_destroy(&a->y);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Writes the answers for samples begin .. end-1 to the rows of y [n,width]. The first call creates y. */
static int predict_rows(app_state *app, genlat_model *model, genlat_source *source, int64_t begin, int64_t end,
                        int64_t n, genlat_tensor **y)
{
    genlat_tensor *x = NULL, *unused = NULL, *rows = NULL;
    int status = data_read(app, model, source, begin, end, &x, &unused);
    if (status == APP_OK && genlat_model_predict(model, x, &rows) != GENLAT_OK)
        status = app_fail_library(app);
    const int64_t width = genlat_tensor_dim(rows, 1);
    if (status == APP_OK && !*y && genlat_tensor_new(app->ctx, 2, (int64_t[]){n, width}, y) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        memcpy(genlat_tensor_data(*y) + begin * width, genlat_tensor_const_data(rows),
               (size_t)genlat_tensor_count(rows) * sizeof(float));
    genlat_tensor_destroy(&rows);
    genlat_tensor_destroy(&unused);
    genlat_tensor_destroy(&x);
    return status;
}

/* Of equal probabilities the first counts. */
static int64_t most_probable(int64_t classes, const float *p)
{
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
        if (p[c] > p[best])
            best = c;
    return best;
}

static int classify(app_state *app, answers *a)
{
    const int64_t n = genlat_tensor_dim(a->y, 0), classes = genlat_tensor_dim(a->y, 1), width = classes + 2;
    if (genlat_tensor_new(app->ctx, 1, &n, &a->class) != GENLAT_OK ||
        genlat_tensor_new(app->ctx, 1, &n, &a->probability) != GENLAT_OK ||
        genlat_tensor_new(app->ctx, 2, (int64_t[]){n, width}, &a->table) != GENLAT_OK)
        return app_fail_library(app);
    for (int64_t i = 0; i < n; i++) {
        const float *p = genlat_tensor_const_data(a->y) + i * classes;
        const int64_t best = most_probable(classes, p);
        float *row = genlat_tensor_data(a->table) + i * width;
        genlat_tensor_data(a->class)[i] = row[0] = (float)best;
        genlat_tensor_data(a->probability)[i] = row[1] = p[best];
        memcpy(row + 2, p, (size_t)classes * sizeof *p);
    }
    return APP_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static genlat_status write_npy(const char *path, const answers *a)
{
    return genlat_npy_write(path, a->table ? a->table : a->y);
}

static genlat_status write_npz(const char *path, const answers *a)
{
    static const char *const regression[] = {"y"}, *const classifier[] = {"class", "probability", "probabilities"};
    const genlat_tensor *tensors[] = {a->class, a->probability, a->y};
    return a->class ? genlat_npz_write(path, 3, classifier, tensors)
                    : genlat_npz_write(path, 1, regression, tensors + 2);
}

/* Names the probability of a class or an element of a regression. */
static void name_column(const answers *a, int64_t index, char *name)
{
    if (a->table && a->about.classes)
        snprintf(name, NAME, "p_%s", a->about.class_names[index]);
    else
        snprintf(name, NAME, "%c%lld", a->table ? 'p' : 'y', (long long)index);
}

/* The columns are class, probability, the probabilities of all classes, and the name of the class if the model knows
 * it; or those of a regression. */
static genlat_status write_csv(const char *path, const answers *a)
{
    const genlat_tensor *table = a->table ? a->table : a->y;
    const int64_t width = genlat_tensor_dim(table, 1), first = a->table ? 2 : 0;
    genlat_description about = {.size = sizeof about, .columns = width};
    const char **names = calloc((size_t)width, sizeof *names);
    char(*text)[NAME] = calloc((size_t)width, sizeof *text);
    genlat_status status = names && text ? GENLAT_OK : genlat_error_set(GENLAT_E_MEMORY, "out of memory");
    for (int64_t i = 0; i < width && status == GENLAT_OK; i++) {
        if (i >= first)
            name_column(a, i - first, text[i]);
        names[i] = i >= first ? text[i] : i == 0 ? "class" : "probability";
    }
    about.column_names = names;
    about.classes = a->about.classes;
    about.class_names = a->about.class_names;
    if (status == GENLAT_OK)
        status = genlat_csv_write_samples(path, table, a->about.classes ? a->class : NULL, &about);
    free(text);
    free(names);
    return status;
}

static const struct {
    const char *ending;
    genlat_status (*write)(const char *path, const answers *a);
} formats[] = {{".csv", write_csv}, {".npy", write_npy}, {".npz", write_npz}};

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
        return app_usage(app, "--out is missing, such as -o answers.csv");
    return app_usage(app, "--out is '%s', an ending .csv, .npy or .npz expected", app->opts.out);
}

static int write_answers(app_state *app, const answers *a)
{
    if (formats[find_format(app)].write(app->opts.out, a) != GENLAT_OK)
        return app_fail_library(app);
    return output_report(app, a->table ? a->table : a->y);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int check_family(app_state *app, const genlat_model *model)
{
    if (genlat_model_label_use(model) & GENLAT_LABEL_PREDICTED)
        return APP_OK;
    return app_fail(app,
                    "%s: this %s predicts no labels; use a model of 'genlat train net', 'train semi' or 'train gan "
                    "--preset improved'",
                    app->model, genlat_model_family(model));
}

int cmd_predict(app_state *app)
{
    genlat_model *model = NULL;
    genlat_source *source = NULL;
    answers a = {NULL};
    int status = check_output(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = check_family(app, model);
    if (status == APP_OK)
        status = data_open_samples(app, model, &source);
    int64_t count = genlat_source_count(source), n = app->opts.count ? app->opts.count : count;
    if (status == APP_OK && n > count)
        status = app_usage(app, "--count is %lld, but the data have %lld samples", (long long)n, (long long)count);
    for (int64_t begin = 0; begin < n && status == APP_OK; begin += BATCH)
        status = predict_rows(app, model, source, begin, begin + BATCH < n ? begin + BATCH : n, n, &a.y);
    a.about = model_about(model);
    if (status == APP_OK && model_classes(model))
        status = classify(app, &a);
    if (status == APP_OK)
        status = write_answers(app, &a);
    release(&a);
    genlat_source_destroy(&source);
    genlat_model_destroy(&model);
    return status;
}
