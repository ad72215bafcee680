/* SPDX-License-Identifier: MIT */
/* Measurements of measure.h: of the model on each sample, and of generated samples against the data. */
#include "measure.h"

enum { BATCH = 512, ROWS_NLL = 64, COMPARED = 2500, NEIGHBOURS = 5, SUBSETS = 50, SUBSET = 500 };

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

int measure_terms(measurement *m)
{
    m->terms.size = sizeof m->terms;
    if (genlat_vae_evaluate(m->vae, m->source, BATCH, app_seed(m->app), &m->terms) != GENLAT_OK)
        return app_fail_library(m->app);
    return APP_OK;
}

int measure_nll(measurement *m)
{
    return over_batches(m, "nll", ROWS_NLL, add_nll, &m->nll);
}

int measure_units(measurement *m)
{
    int64_t active = 0;
    if (genlat_vae_active_units(m->vae, m->source, &active, NULL, NULL) != GENLAT_OK)
        return app_fail_library(m->app);
    m->active = (double)active;
    return APP_OK;
}

int measure_mse(measurement *m)
{
    return over_batches(m, "mse", BATCH, add_mse, &m->mse);
}

/* Samples drawn from the model, as many as are compared; the likelihood's own noise belongs to them. */
static int generate(measurement *m)
{
    const maker_draw draw = {m->app->ctx_opts.seed, 1, m->app->opts.draw};
    int64_t n = m->app->opts.count ? m->app->opts.count : COMPARED;
    return m->generated ? APP_OK : maker_sample(m->app, &m->model, n, NULL, &draw, &m->generated);
}

/* The same, and as many of the data, or all that there are. */
static int two_sets(measurement *m)
{
    int64_t n = m->app->opts.count ? m->app->opts.count : COMPARED, count = genlat_source_count(m->source);
    if (!m->real && genlat_source_read(m->source, 0, n < count ? n : count, &m->real, NULL) != GENLAT_OK)
        return app_fail_library(m->app);
    return generate(m);
}

int measure_modes(measurement *m)
{
    genlat_tensor *centres = NULL;
    double sd = 0;
    int status = generate(m);
    m->mixture.size = sizeof m->mixture;
    if (status == APP_OK && (genlat_source_mixture(m->source, &centres, &sd) != GENLAT_OK ||
                             genlat_metric_modes(m->generated, centres, sd, &m->mixture) != GENLAT_OK))
        status = app_fail_library(m->app);
    m->modes = (double)m->mixture.found;
    genlat_tensor_destroy(&centres);
    return status;
}

int measure_frechet(measurement *m)
{
    int status = two_sets(m);
    if (status == APP_OK && genlat_metric_frechet_distance(m->real, m->generated, &m->frechet) != GENLAT_OK)
        status = app_fail_library(m->app);
    return status;
}

int measure_kid(measurement *m)
{
    int status = two_sets(m);
    if (status != APP_OK)
        return status;
    int64_t a = genlat_tensor_dim(m->real, 0), b = genlat_tensor_dim(m->generated, 0), least = a < b ? a : b;
    if (genlat_metric_kernel_distance(m->real, m->generated, least > SUBSET ? SUBSET : 0, SUBSETS,
                                      app_seed(m->app), &m->kid, NULL) != GENLAT_OK)
        return app_fail_library(m->app);
    return APP_OK;
}

int measure_neighbours(measurement *m)
{
    int status = two_sets(m);
    m->neighbours.size = sizeof m->neighbours;
    if (status == APP_OK &&
        genlat_metric_neighbours(m->real, m->generated, NEIGHBOURS, &m->neighbours) != GENLAT_OK)
        status = app_fail_library(m->app);
    return status;
}
