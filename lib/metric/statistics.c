/* SPDX-License-Identifier: MIT */
/* Log-mean-exp, moments and quantiles. */
#include <stdlib.h>
#include <tgmath.h>

#include "metric/metric_priv.h"

double gnl_log_mean_exp(int64_t n, const double *values)
{
    double max = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            return values[i];
        max = values[i] > max ? values[i] : max;
    }
    /* All weights are 0, or one is infinite. The differences below would be NaN. */
    if (isinf(max))
        return max;
    for (int64_t i = 0; i < n; i++)
        sum += exp(values[i] - max);
    return max + log(sum / (double)n);
}

genlat_status genlat_metric_log_mean_exp(const double *values, int64_t n, double *out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    GNL_CHECK(values, "values is NULL");
    if (n < 1)
        return gnl_fail(GENLAT_E_RANGE, "n is %lld, must be at least 1", (long long)n);
    *out = gnl_log_mean_exp(n, values);
    return GENLAT_OK;
}

static genlat_status check_numbers(const genlat_tensor *x)
{
    GNL_CHECK(x, "x is NULL");
    if (gnl_shape_count(&x->shape) == 0)
        return gnl_fail(GENLAT_E_SHAPE, "x is empty, expected at least one number");
    return gnl_check_finite(x, "x");
}

/* Two passes: central moments are computed from differences to the mean, which avoids cancellation. */
static void compute_moments(int64_t n, const gnl_real *x, genlat_moments *m)
{
    double sum = 0, power[5] = {0};
    m->min = m->max = (double)x[0];
    for (int64_t i = 0; i < n; i++) {
        sum += (double)x[i];
        m->min = GNL_MIN(m->min, (double)x[i]);
        m->max = GNL_MAX(m->max, (double)x[i]);
    }
    m->count = n;
    m->mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)x[i] - m->mean, square = d * d;
        power[2] += square;
        power[3] += square * d;
        power[4] += square * square;
    }
    double variance = power[2] / (double)n;
    m->sd = sqrt(variance);
    m->skewness = variance > 0 ? power[3] / (double)n / (variance * m->sd) : 0;
    m->kurtosis = variance > 0 ? power[4] / (double)n / (variance * variance) - 3 : 0;
}

genlat_status genlat_metric_moments(const genlat_tensor *x, genlat_moments *out)
{
    GNL_ENTER();
    GNL_TRY(gnl_result_check(out, "out"));
    GNL_TRY(check_numbers(x));
    genlat_moments result = {.size = sizeof result};
    compute_moments(gnl_shape_count(&x->shape), x->data, &result);
    gnl_result_give(out, &result, sizeof result);
    return GENLAT_OK;
}

static int compare_numbers(const void *a, const void *b)
{
    gnl_real x = *(const gnl_real *)a, y = *(const gnl_real *)b;
    return (x > y) - (x < y);
}

static double quantile_of(int64_t n, const gnl_real *sorted, double q)
{
    double place = q * (double)(n - 1);
    int64_t below = (int64_t)place;
    double low = (double)sorted[below], high = (double)sorted[GNL_MIN(below + 1, n - 1)];
    return low + (place - (double)below) * (high - low);
}

genlat_status genlat_metric_quantiles(const genlat_tensor *x, const double *at, int64_t n, double *out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    GNL_CHECK(at, "at is NULL");
    GNL_TRY(check_numbers(x));
    if (n < 1)
        return gnl_fail(GENLAT_E_RANGE, "n is %lld, must be at least 1", (long long)n);
    for (int64_t i = 0; i < n; i++)
        if (!(at[i] >= 0 && at[i] <= 1))
            return gnl_fail(GENLAT_E_RANGE, "at[%lld] is %g, must be from 0 to 1", (long long)i, at[i]);
    int64_t count = gnl_shape_count(&x->shape);
    gnl_real *sorted = gnl_alloc(x->object.ctx, (size_t)count, sizeof *sorted);
    if (!sorted)
        return GENLAT_E_MEMORY;
    memcpy(sorted, x->data, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_numbers);
    for (int64_t i = 0; i < n; i++)
        out[i] = quantile_of(count, sorted, at[i]);
    gnl_free(x->object.ctx, sorted);
    return GENLAT_OK;
}
