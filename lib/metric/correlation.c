/* SPDX-License-Identifier: MIT */
/* Correlations of all pairs of columns. */
#include "metric/metric_priv.h"

static const gnl_metric_name values[] = {
    {"correlation_difference", "mean over pairs of columns of |difference of correlations|; 0 is best, 2 is worst"},
    {"correlation_difference_max", "largest difference of correlations of a pair of columns; 0 is best"},
    {NULL, NULL}};

enum { ROWS_PER_TASK = 8 };

typedef struct job {
    const gnl_rows *rows;
    const double *mean, *variance;
    double *out; /* [d,d] upper triangle */
} job;

static void correlation_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *w = arg;
    const int64_t d = w->rows->d;
    memset(w->out + begin * d, 0, (size_t)((end - begin) * d) * sizeof *w->out);
    for (int64_t i = 0; i < w->rows->n; i++) {
        const gnl_real *x = gnl_row(w->rows, i);
        for (int64_t j = begin; j < end; j++) {
            const double difference = (double)x[j] - w->mean[j];
            for (int64_t k = j + 1; k < d; k++)
                w->out[j * d + k] += difference * ((double)x[k] - w->mean[k]);
        }
    }
    for (int64_t j = begin; j < end; j++)
        for (int64_t k = j + 1; k < d; k++) {
            const double scale = sqrt(w->variance[j] * w->variance[k]) * (double)(w->rows->n - 1);
            w->out[j * d + k] = scale > 0 ? w->out[j * d + k] / scale : 0;
        }
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows sets[2];
    int64_t square = 0, numbers = 0, pairs = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    const int64_t d = sets[0].d;
    if (!gnl_mul_i64(d, d, &square) || !gnl_mul_i64(square, 2, &numbers))
        return gnl_fail(GENLAT_E_SHAPE, "%lld columns are too many", (long long)d);
    double *block = gnl_alloc(sets[0].ctx, (size_t)(numbers + 2 * d), sizeof *block);
    if (!block)
        return GENLAT_E_MEMORY;
    for (int s = 0; s < 2; s++) {
        double *mean = block + numbers, *variance = mean + d;
        gnl_column_moments(&sets[s], mean, variance);
        job w = {&sets[s], mean, variance, block + s * square};
        gnl_parallel(sets[s].ctx, d, ROWS_PER_TASK, correlation_task, &w);
    }
    for (int64_t j = 0; j < d; j++)
        for (int64_t k = j + 1; k < d; k++)
            block[pairs++] = fabs(block[j * d + k] - block[square + j * d + k]);
    genlat_status status = gnl_metric_add_mean_max(out, values, pairs, block, GNL_MIN(sets[0].n, sets[1].n));
    gnl_free(sets[0].ctx, block);
    return status;
}

const gnl_metric_type gnl_metric_correlation = {
    .name = "correlation",
    .help = "correlations of the pairs of columns of samples and data; 0 is best",
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 3,
    .blocks = true,
    .compute = compute,
    .notes =
        "Pearson's coefficient, 0 for a constant column. Differences are positive for samples of one distribution, "
        "of the order of 1 / sqrt(n). Standard error: 10 blocks of the rows.",
};
