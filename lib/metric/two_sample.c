/* SPDX-License-Identifier: MIT */
/* Classifier two-sample test: can a classifier tell samples from data. */
#include "density/density.h"
#include "metric/metric_priv.h"

enum { NEAREST, LOGISTIC };

static const char *const classifier_names[] = {"nearest", "logistic", NULL};

typedef struct two_sample_opts {
    size_t size;
    double decay;
    uint32_t classifier, reserved;
} two_sample_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(two_sample_opts, decay, 1, 1e-6, 1e6,
                 "of logistic regression: the penalty is decay/2 |w|^2 beside the sum of the losses"),
    GNL_OPT_ENUM(two_sample_opts, classifier, NEAREST, LOGISTIC, classifier_names,
                 "nearest neighbour, leaving one out; or logistic regression, fitted to rows of even number and tested "
                 "on the others"),
};
static const gnl_options_table table = {
    "two_sample", sizeof(two_sample_opts), options, GNL_COUNT(options), {offsetof(two_sample_opts, reserved)}, NULL};

static const gnl_metric_name values[] = {
    {"two_sample", "accuracy of a classifier of samples and data; 0.5 is best, 1 is worst"},
    {"two_sample_p", "probability of this accuracy or a higher one if the distributions are equal"},
    {NULL, NULL}};

/* ---- logistic regression by Newton's method, in standardized columns ----------------------------- */

typedef struct fit {
    const gnl_rows *rows; /* [2n] samples, then data */
    int64_t width;        /* d + 1: the weights, then the constant */
    double *mean, *scale, *weight, *gradient, *hessian, *inverse, *x;
} fit;

static double logit(const fit *f, int64_t i)
{
    const int64_t d = f->width - 1;
    double sum = f->weight[d];
    for (int64_t j = 0; j < d; j++) {
        f->x[j] = ((double)gnl_row(f->rows, i)[j] - f->mean[j]) * f->scale[j];
        sum += f->weight[j] * f->x[j];
    }
    f->x[d] = 1;
    return sum;
}

static void add_row(const fit *f, int64_t i)
{
    const int64_t w = f->width;
    const double p = 1 / (1 + exp(-logit(f, i))), target = i < f->rows->n / 2;
    for (int64_t j = 0; j < w; j++) {
        f->gradient[j] += (p - target) * f->x[j];
        for (int64_t k = j; k < w; k++)
            f->hessian[j * w + k] += p * (1 - p) * f->x[j] * f->x[k];
    }
}

/* Takes one step; returns the largest change of a weight, NaN if the matrix is singular. */
static double newton_step(const fit *f, double decay)
{
    const int64_t w = f->width;
    double largest = 0;
    memset(f->gradient, 0, (size_t)w * sizeof *f->gradient);
    memset(f->hessian, 0, (size_t)(w * w) * sizeof *f->hessian);
    for (int64_t i = 0; i < f->rows->n; i++)
        if (i % (f->rows->n / 2) % 2 == 0)
            add_row(f, i);
    for (int64_t j = 0; j < w; j++) {
        f->gradient[j] += j < w - 1 ? decay * f->weight[j] : 0;
        f->hessian[j * w + j] += j < w - 1 ? decay : 1e-12;
    }
    if (!gnl_definite_inverse_factor(w, f->hessian, f->inverse))
        return NAN;
    for (int64_t j = 0; j < w; j++) { /* x = L^-1 g, then the step L^-T x */
        f->x[j] = 0;
        for (int64_t k = 0; k <= j; k++)
            f->x[j] += f->inverse[j * w + k] * f->gradient[k];
    }
    for (int64_t j = 0; j < w; j++) {
        double step = 0;
        for (int64_t k = j; k < w; k++)
            step += f->inverse[k * w + j] * f->x[k];
        f->weight[j] -= step;
        largest = fmax(largest, fabs(step));
    }
    return largest;
}

static genlat_status fit_and_test(const fit *f, double decay, int64_t *correct, int64_t *tested)
{
    double change = 1;
    gnl_column_moments(f->rows, f->mean, f->scale);
    for (int64_t j = 0; j < f->width - 1; j++)
        f->scale[j] = f->scale[j] > 0 ? 1 / sqrt(f->scale[j]) : 0;
    for (int i = 0; i < 100 && change > 1e-10; i++)
        change = newton_step(f, decay);
    if (!(change <= 1e-6))
        return gnl_fail(GENLAT_E_NUMERIC, "logistic regression does not converge; increase decay");
    for (int64_t i = 0; i < f->rows->n; i++)
        if (i % (f->rows->n / 2) % 2 == 1) {
            *correct += (logit(f, i) > 0) == (i < f->rows->n / 2);
            ++*tested;
        }
    return GENLAT_OK;
}

static genlat_status logistic(const gnl_rows *pooled, double decay, int64_t *correct, int64_t *tested)
{
    const int64_t w = pooled->d + 1;
    int64_t square = 0, numbers = 0;
    if (!gnl_mul_i64(w, w, &square) || !gnl_mul_i64(square, 2, &numbers))
        return gnl_fail(GENLAT_E_SHAPE, "%lld numbers in a row are too many", (long long)pooled->d);
    double *block = gnl_calloc(pooled->ctx, (size_t)(numbers + 5 * w), sizeof *block);
    if (!block)
        return GENLAT_E_MEMORY;
    double *vectors = block + numbers;
    const fit f = {pooled,          w,     vectors,        vectors + w,    vectors + 2 * w,
                   vectors + 3 * w, block, block + square, vectors + 4 * w};
    genlat_status status = fit_and_test(&f, decay, correct, tested);
    gnl_free(pooled->ctx, block);
    return status;
}

/* ---- nearest neighbour ------------------------------------------------------------------------- */

static genlat_status nearest(const gnl_rows *pooled, int64_t *correct, int64_t *tested)
{
    int64_t *index = gnl_alloc(pooled->ctx, (size_t)pooled->n, sizeof *index);
    double *distance = gnl_alloc(pooled->ctx, (size_t)pooled->n, sizeof *distance);
    if (index && distance)
        gnl_nearest_rows(pooled, pooled, true, index, distance);
    for (int64_t i = 0; index && distance && i < pooled->n; i++)
        *correct += (index[i] < pooled->n / 2) == (i < pooled->n / 2);
    *tested = pooled->n;
    genlat_status status = index && distance ? GENLAT_OK : GENLAT_E_MEMORY;
    gnl_free(pooled->ctx, index);
    gnl_free(pooled->ctx, distance);
    return status;
}

/* ---- test -------------------------------------------------------------------------------------- */

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const two_sample_opts *o = call->opts;
    gnl_rows sets[2];
    int64_t correct = 0, tested = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    const int64_t n = GNL_MIN(sets[0].n, sets[1].n), d = sets[0].d;
    gnl_real *rows = gnl_alloc(sets[0].ctx, (size_t)(2 * n * d), sizeof *rows);
    if (!rows)
        return GENLAT_E_MEMORY;
    for (int s = 0; s < 2; s++)
        memcpy(rows + s * n * d, sets[s].data, (size_t)(n * d) * sizeof *rows);
    const gnl_rows pooled = {sets[0].ctx, 2 * n, d, rows};
    genlat_status status = o->classifier == LOGISTIC ? logistic(&pooled, o->decay, &correct, &tested)
                                                     : nearest(&pooled, &correct, &tested);
    gnl_free(sets[0].ctx, rows);
    GNL_TRY(status);
    const double share = (double)correct / (double)tested, z = (share - 0.5) * 2 * sqrt((double)tested);
    GNL_TRY(gnl_metric_add(out, &values[0], -1, share, gnl_share_error(share, tested), tested));
    return gnl_metric_add(out, &values[1], -1, 0.5 * erfc(z / sqrt(2)), 0, tested);
}

const gnl_metric_type gnl_metric_two_sample = {
    .name = "two_sample",
    .help = "classifier two-sample test: accuracy with which a classifier tells samples from data; 0.5 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 4,
    .compute = compute,
    .notes = "The first rows of the larger set are used, as many as the smaller has. Logistic regression sees columns "
             "standardized over all rows. Standard error: binomial. The p value, of the normal approximation, is a "
             "probability and has the error 0. More rows make the test more powerful; the accuracy of the nearest "
             "neighbour also rises with them. Source: Lopez-Paz, Oquab, Revisiting classifier two-sample tests, 2017.",
};
