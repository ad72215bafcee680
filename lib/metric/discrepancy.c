/* SPDX-License-Identifier: MIT */
/* Unbiased squared maximum mean discrepancy of two sets, with its standard error by the jackknife: each sample is left
 * out in turn, for which the sums of its kernels suffice. For equal distributions, where the estimate is a degenerate
 * U-statistic, this error is too large by a factor of about the square root of 2. */
#include "metric/metric_priv.h"

enum { ROWS_PER_TASK = 16 };

typedef struct job {
    const gnl_rows *sets;
    gnl_kernel_fn *kernel;
    const void *opts;
    double *own, *cross; /* [n + m] sums of the kernels with the other samples of the own set, and of the other set */
} job;

static void sum_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t n = j->sets[0].n;
    for (int64_t i = begin; i < end; i++) {
        const int set = i >= n;
        const gnl_rows *own = &j->sets[set], *other = &j->sets[1 - set];
        const int64_t at = set ? i - n : i;
        const gnl_real *x = gnl_row(own, at);
        j->own[i] = j->cross[i] = 0;
        for (int64_t k = 0; k < own->n; k++)
            j->own[i] += k != at ? j->kernel(own, j->opts, x, gnl_row(own, k)) : 0;
        for (int64_t k = 0; k < other->n; k++)
            j->cross[i] += j->kernel(own, j->opts, x, gnl_row(other, k));
    }
}

static double sum(int64_t n, const double *values)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

static double combine(double a, double b, double cross, double n, double m)
{
    return a / (n * (n - 1)) + b / (m * (m - 1)) - 2 * cross / (n * m);
}

/* Returns the variance of the estimate that comes from one set. `left_out` is scratch [n]. */
static double jackknife(const job *j, int set, const double totals[2], double cross, double *left_out)
{
    const int64_t n = j->sets[set].n, first = set ? j->sets[0].n : 0;
    double mean = 0, sd = 0;
    for (int64_t i = 0; i < n; i++)
        left_out[i] = combine(totals[set] - 2 * j->own[first + i], totals[1 - set], cross - j->cross[first + i],
                              (double)(n - 1), (double)j->sets[1 - set].n);
    gnl_mean_sd(n, left_out, &mean, &sd);
    return (double)(n - 1) * sd * sd;
}

genlat_status gnl_discrepancy(const gnl_rows sets[2], gnl_kernel_fn *kernel, const void *opts, double *value,
                              double *error)
{
    const int64_t n = sets[0].n, m = sets[1].n, all = n + m;
    double *sums = gnl_alloc(sets[0].ctx, (size_t)all * 3, sizeof *sums);
    if (!sums)
        return GENLAT_E_MEMORY;
    job j = {sets, kernel, opts, sums, sums + all};
    gnl_parallel(sets[0].ctx, all, ROWS_PER_TASK, sum_task, &j);
    const double totals[2] = {sum(n, j.own), sum(m, j.own + n)}, cross = sum(n, j.cross);
    *value = combine(totals[0], totals[1], cross, (double)n, (double)m);
    *error = NAN;
    if (n > 2 && m > 2)
        *error =
            sqrt(jackknife(&j, 0, totals, cross, sums + 2 * all) + jackknife(&j, 1, totals, cross, sums + 2 * all));
    gnl_free(sets[0].ctx, sums);
    return GENLAT_OK;
}
