/* SPDX-License-Identifier: MIT */
/* Metrics of measure.h that evaluate the model on the samples of the data. */
#include <math.h>
#include <string.h>

#include "measure.h"

enum { BATCH = 512, ROWS_NLL = 64, IMPORTANCE_SAMPLES = 100 };

/* Computes a mean over all samples. `add` adds the sum over the rows of a batch. */
static int over_batches(measurement *m, const char *what, int64_t rows,
                        int (*add)(measurement *m, const genlat_tensor *x, const genlat_tensor *labels, int64_t begin,
                                   double *sum),
                        double *mean)
{
    int64_t count = genlat_source_count(m->part);
    int status = APP_OK;
    double sum = 0;
    for (int64_t begin = 0; begin < count && status == APP_OK; begin += rows) {
        genlat_tensor *x = NULL, *labels = NULL;
        int64_t end = begin + rows < count ? begin + rows : count;
        report_part(&m->report, what, begin, count);
        status = data_read(m->app, m->model, m->part, begin, end, &x, &labels);
        if (status == APP_OK)
            status = add(m, x, labels, begin, &sum);
        genlat_tensor_destroy(&labels);
        genlat_tensor_destroy(&x);
    }
    *mean = sum / (double)count;
    return status;
}

static int add_nll(measurement *m, const genlat_tensor *x, const genlat_tensor *labels, int64_t begin, double *sum)
{
    double nll[ROWS_NLL];
    int64_t samples = m->app->opts.samples ? m->app->opts.samples : IMPORTANCE_SAMPLES;
    if (genlat_vae_log_likelihood(m->model, x, labels, samples, app_seed(m->app) + (uint64_t)begin, nll) != GENLAT_OK)
        return app_fail_library(m->app);
    for (int64_t i = 0; i < genlat_tensor_dim(x, 0); i++)
        *sum += nll[i];
    return APP_OK;
}

static int add_mse(measurement *m, const genlat_tensor *x, const genlat_tensor *labels, int64_t begin, double *sum)
{
    genlat_tensor *y = NULL;
    if (genlat_model_reconstruct(m->model, x, labels, &y) != GENLAT_OK)
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

/* Returns a term of the last evaluation by name, or NaN. */
static double term(const measurement *m, const char *name)
{
    const char *found;
    for (int32_t i = 0; (found = genlat_model_term(m->model, i)) != NULL; i++)
        if (strcmp(found, name) == 0)
            return m->terms[i];
    return NAN;
}

int measure_terms(measurement *m)
{
    if (genlat_model_evaluate(m->model, m->part, BATCH, app_seed(m->app), m->terms) != GENLAT_OK)
        return app_fail_library(m->app);
    m->neg_elbo = term(m, "neg_elbo");
    m->recon = term(m, "recon");
    m->kl = term(m, "kl");
    m->cross_entropy = term(m, genlat_model_latent(m->model) ? "label_loss" : "loss");
    m->accuracy = term(m, "accuracy");
    return APP_OK;
}

/* Adds the number of samples that are classified correctly, and the cross-entropy of their labels. */
static int add_classified(measurement *m, const genlat_tensor *x, const genlat_tensor *labels, int64_t begin,
                          double *sum)
{
    const int64_t n = genlat_tensor_dim(x, 0), classes = genlat_source_classes(m->part);
    genlat_tensor *raw = NULL, *known = NULL, *y = NULL;
    if (genlat_source_read(m->part, begin, begin + n, &raw, &known) != GENLAT_OK ||
        genlat_model_predict(m->model, x, &y) != GENLAT_OK) {
        genlat_tensor_destroy(&known);
        genlat_tensor_destroy(&raw);
        return app_fail_library(m->app);
    }
    for (int64_t i = 0; i < n; i++) {
        const float *p = genlat_tensor_const_data(y) + i * genlat_tensor_dim(y, 1);
        const int64_t label = (int64_t)genlat_tensor_const_data(known)[i];
        bool best = true;
        for (int64_t c = 0; c < classes; c++)
            best = best && (c < label ? p[c] < p[label] : p[c] <= p[label]);
        *sum += best;
        m->cross_entropy -= log((double)p[label]) / (double)genlat_source_count(m->part);
    }
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&known);
    genlat_tensor_destroy(&raw);
    return APP_OK;
}

int measure_labels(measurement *m)
{
    if (strcmp(genlat_model_family(m->model), "gan") != 0)
        return measure_terms(m);
    if (!(genlat_model_label_use(m->model) & GENLAT_LABEL_PREDICTED) ||
        genlat_source_classes(m->part) != model_classes(m->model))
        return app_usage(m->app, "metrics accuracy and cross_entropy need a gan that predicts classes, and data with "
                                 "labels of the same classes");
    m->cross_entropy = 0;
    return over_batches(m, "accuracy", BATCH, add_classified, &m->accuracy);
}

int measure_nll(measurement *m)
{
    if (strcmp(genlat_model_family(m->model), "vae") != 0) {
        int status = measure_terms(m);
        m->nll = term(m, "nll");
        return status;
    }
    return over_batches(m, "nll", ROWS_NLL, add_nll, &m->nll);
}

int measure_units(measurement *m)
{
    int64_t active = 0;
    if (genlat_vae_active_units(m->model, m->part, &active, NULL, NULL) != GENLAT_OK)
        return app_fail_library(m->app);
    m->active = (double)active;
    return APP_OK;
}

int measure_codes(measurement *m)
{
    int64_t used = 0;
    if (genlat_vae_code_usage(m->model, m->part, &used, &m->perplexity) != GENLAT_OK)
        return app_fail_library(m->app);
    m->used = (double)used;
    return APP_OK;
}

/* Computes the mean squared error of a predictor, or of the reconstructions of another model. */
int measure_mse(measurement *m)
{
    if (genlat_model_latent(m->model))
        return over_batches(m, "mse", BATCH, add_mse, &m->mse);
    int status = measure_terms(m);
    m->mse = term(m, "mse");
    return status;
}
