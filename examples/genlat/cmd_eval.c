/* SPDX-License-Identifier: MIT */
/* genlat eval: a model measured on data. A metric is one line of the table; those of one group are measured
 * together, and only when one of them is wanted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { BATCH = 512, ROWS_NLL = 64 };

typedef struct measurement {
    app_state *app;
    genlat_vae *vae;
    genlat_source *source;
    report report;
    genlat_vae_terms terms;
    double nll, mse;
    int64_t active;
} measurement;

/* Mean of a batch's rows by the function, over all samples. */
static int over_batches(measurement *m, const char *what, int64_t rows,
                        int (*add)(measurement *m, const genlat_tensor *x, const genlat_tensor *labels,
                                   int64_t begin, double *sum),
                        double *mean)
{
    int64_t count = genlat_source_count(m->source);
    int status = APP_OK;
    double sum = 0;
    for (int64_t begin = 0; begin < count && status == APP_OK; begin += rows) {
        genlat_tensor *x = NULL, *labels = NULL;
        int64_t end = begin + rows < count ? begin + rows : count;
        report_part(&m->report, what, begin, count);
        status = data_read(m->app, m->vae, m->source, begin, end, &x, &labels);
        if (status == APP_OK)
            status = add(m, x, labels, begin, &sum);
        genlat_tensor_destroy(&labels);
        genlat_tensor_destroy(&x);
    }
    *mean = sum / (double)count;
    return status;
}

static int add_nll(measurement *m, const genlat_tensor *x, const genlat_tensor *labels, int64_t begin,
                   double *sum)
{
    double nll[ROWS_NLL];
    if (genlat_vae_log_likelihood(m->vae, x, labels, m->app->opts.samples, app_seed(m->app) + (uint64_t)begin,
                                  nll) != GENLAT_OK)
        return app_fail_library(m->app);
    for (int64_t i = 0; i < genlat_tensor_dim(x, 0); i++)
        *sum += nll[i];
    return APP_OK;
}

static int add_mse(measurement *m, const genlat_tensor *x, const genlat_tensor *labels, int64_t begin,
                   double *sum)
{
    genlat_tensor *y = NULL;
    if (genlat_vae_reconstruct(m->vae, x, labels, &y) != GENLAT_OK)
        return app_fail_library(m->app);
    int64_t n = genlat_tensor_count(x), size = n / genlat_tensor_dim(x, 0);
    const float *a = genlat_tensor_const_data(x), *b = genlat_tensor_const_data(y);
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    *sum += squares / (double)size;
    genlat_tensor_destroy(&y);
    return APP_OK;
}

static int measure_terms(measurement *m)
{
    m->terms.size = sizeof m->terms;
    if (genlat_vae_evaluate(m->vae, m->source, BATCH, app_seed(m->app), &m->terms) != GENLAT_OK)
        return app_fail_library(m->app);
    return APP_OK;
}

static int measure_nll(measurement *m)
{
    return over_batches(m, "nll", ROWS_NLL, add_nll, &m->nll);
}

static int measure_units(measurement *m)
{
    if (genlat_vae_active_units(m->vae, m->source, &m->active, NULL, NULL) != GENLAT_OK)
        return app_fail_library(m->app);
    return APP_OK;
}

static int measure_mse(measurement *m)
{
    return over_batches(m, "mse", BATCH, add_mse, &m->mse);
}

static json_t *neg_elbo(const measurement *m)
{
    return output_number(m->terms.neg_elbo);
}

static json_t *recon(const measurement *m)
{
    return output_number(m->terms.recon);
}

static json_t *kl(const measurement *m)
{
    return output_number(m->terms.kl);
}

static json_t *nll(const measurement *m)
{
    return output_number(m->nll);
}

static json_t *active_units(const measurement *m)
{
    return json_integer(m->active);
}

static json_t *mse(const measurement *m)
{
    return output_number(m->mse);
}

static const struct {
    const char *name;
    int (*measure)(measurement *m);
    json_t *(*value)(const measurement *m);
} metrics[] = {
    {"neg_elbo", measure_terms, neg_elbo},
    {"recon", measure_terms, recon},
    {"kl", measure_terms, kl},
    {"nll", measure_nll, nll},
    {"active_units", measure_units, active_units},
    {"mse", measure_mse, mse},
};

/* Marks the metrics of a list such as "nll,kl". */
static int choose(const app_state *app, const char *list, bool *wanted)
{
    char known[256] = "";
    for (size_t i = 0; i < APP_COUNT(metrics); i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", metrics[i].name);
    }
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t length = strcspn(at, ","), i = 0;
        while (i < APP_COUNT(metrics) &&
               (strlen(metrics[i].name) != length || strncmp(metrics[i].name, at, length) != 0))
            i++;
        if (i == APP_COUNT(metrics))
            return app_usage(app, "unknown metric '%.*s'; known: %s", (int)length, at, known);
        wanted[i] = true;
    }
    return APP_OK;
}

static int measure(measurement *m, const bool *wanted)
{
    int status = APP_OK;
    report_begin(&m->report, m->app);
    for (size_t i = 0; i < APP_COUNT(metrics) && status == APP_OK; i++) {
        bool measured = false;
        for (size_t j = 0; j < i; j++)
            measured = measured || (wanted[j] && metrics[j].measure == metrics[i].measure);
        if (wanted[i] && !measured)
            status = metrics[i].measure(m);
    }
    report_end(&m->report);
    return status;
}

static int tell(const measurement *m, const bool *wanted)
{
    json_t *object = json_object();
    for (size_t i = 0; i < APP_COUNT(metrics); i++) {
        if (!wanted[i])
            continue;
        json_t *value = metrics[i].value(m);
        if (!m->app->opts.json)
            printf("%-12s %.6g\n", metrics[i].name, json_number_value(value));
        json_object_set_new(object, metrics[i].name, value);
    }
    return output_json(m->app, object);
}

int cmd_eval(app_state *app)
{
    measurement m = {.app = app};
    bool wanted[APP_COUNT(metrics)] = {false};
    int status = choose(app, app->opts.metric ? app->opts.metric : "neg_elbo,recon,kl", wanted);
    if (status == APP_OK)
        status = model_load(app, &m.vae);
    if (status == APP_OK)
        status = data_open(app, &m.source);
    if (status == APP_OK)
        status = measure(&m, wanted);
    if (status == APP_OK)
        status = tell(&m, wanted);
    genlat_source_destroy(&m.source);
    genlat_vae_destroy(&m.vae);
    return status;
}
