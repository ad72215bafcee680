/* SPDX-License-Identifier: MIT */
/* Squared maximum mean discrepancy with a Gaussian kernel. */
#include <stdlib.h>

#include "metric/metric_priv.h"

enum { MEDIAN_ROWS = 500 }; /* of each set, for the median of distances */

typedef struct mmd_opts {
    size_t size;
    double bandwidth;
} mmd_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(mmd_opts, bandwidth, 0, 0, 1e18,
                 "h of the kernel exp(-|x-y|^2 / (2 h^2)); 0: the median distance of different rows, of the first 500 "
                 "of each set"),
};
static const gnl_options_table table = {"mmd", sizeof(mmd_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {{"mmd", "squared maximum mean discrepancy of samples and data; 0 is best"},
                                         {NULL, NULL}};

static double gaussian(const gnl_rows *rows, const void *opts, const gnl_real *x, const gnl_real *y)
{
    const double *factor = opts;
    return exp(*factor * gnl_row_distance(rows, x, y));
}

static const gnl_real *pooled_row(const gnl_rows sets[2], int64_t first, int64_t i)
{
    return i < first ? gnl_row(&sets[0], i) : gnl_row(&sets[1], i - first);
}

static genlat_status median_distance(const gnl_rows sets[2], double *square)
{
    const int64_t first = GNL_MIN(sets[0].n, MEDIAN_ROWS), n = first + GNL_MIN(sets[1].n, MEDIAN_ROWS);
    const int64_t pairs = n * (n - 1) / 2;
    double *distance = gnl_alloc(sets[0].ctx, (size_t)pairs, sizeof *distance);
    if (!distance)
        return GENLAT_E_MEMORY;
    for (int64_t i = 1, at = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            distance[at++] = gnl_row_distance(sets, pooled_row(sets, first, i), pooled_row(sets, first, j));
    qsort(distance, (size_t)pairs, sizeof *distance, gnl_compare_doubles);
    const double low = sqrt(distance[(pairs - 1) / 2]), high = sqrt(distance[pairs / 2]);
    *square = (low + high) * (low + high) / 4;
    gnl_free(sets[0].ctx, distance);
    return GENLAT_OK;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const mmd_opts *o = call->opts;
    gnl_rows sets[2];
    double square = o->bandwidth * o->bandwidth, value = 0, error = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    if (square == 0)
        GNL_TRY(median_distance(sets, &square));
    if (!(square > 0))
        return gnl_fail(GENLAT_E_NUMERIC, "the median distance of rows is 0; set bandwidth");
    const double factor = -1 / (2 * square);
    GNL_TRY(gnl_discrepancy(sets, gaussian, &factor, &value, &error));
    return gnl_metric_add(out, values, -1, value, error, GNL_MIN(sets[0].n, sets[1].n));
}

const gnl_metric_type gnl_metric_mmd = {
    .name = "mmd",
    .help = "squared maximum mean discrepancy with a Gaussian kernel; 0 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 2,
    .compute = compute,
    .notes = "Unbiased for every sample size with a given `bandwidth`, and may be below 0. Standard error: jackknife "
             "over the rows. Source: Gretton and others, A kernel two-sample test, 2012.",
};
