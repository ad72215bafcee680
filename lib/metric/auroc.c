/* SPDX-License-Identifier: MIT */
/* Area under the curve of true and false positive rates. */
#include <stdlib.h>

#include "metric/metric_priv.h"

static const gnl_metric_name values[] = {
    {"auroc", "area under the receiver operating characteristic; 1 is best, 0.5 is chance"}, {NULL, NULL}};

/* Returns how many of the sorted numbers are below x, or at most x. */
static int64_t count_below(int64_t n, const double *sorted, double x, bool or_equal)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (sorted[middle] < x || (or_equal && sorted[middle] == x))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns the share of sorted numbers below x; equal ones count half. */
static double share_below(int64_t n, const double *sorted, double x)
{
    return (double)(count_below(n, sorted, x, false) + count_below(n, sorted, x, true)) / 2 / (double)n;
}

/* The area is the mean over positives of the share of negatives below, and over negatives of the share of positives
 * above. The variance is that of both means (DeLong). */
static void measure(int64_t counts[2], double *sets[2], double *shares, double *area, double *error)
{
    double squared = 0;
    for (int s = 0; s < 2; s++)
        qsort(sets[s], (size_t)counts[s], sizeof *sets[s], gnl_compare_doubles);
    for (int s = 0; s < 2; s++) {
        for (int64_t i = 0; i < counts[s]; i++)
            shares[i] = share_below(counts[1 - s], sets[1 - s], sets[s][i]);
        const double one = gnl_standard_error(counts[s], shares);
        squared += one * one;
    }
    gnl_mean_sd(counts[1], shares, area, NULL); /* of the positives, which came last */
    *error = sqrt(squared);
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows rows[2];
    int64_t counts[2] = {0, 0};
    double area = 0, error = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_SCORES, GNL_LABELS, true, rows));
    if (rows[0].d != 1 || rows[1].d != 1)
        return gnl_fail(GENLAT_E_SHAPE, "scores and labels have %lld and %lld numbers in a row, expected 1",
                        (long long)rows[0].d, (long long)rows[1].d);
    const int64_t n = rows[0].n;
    double *numbers = gnl_alloc(rows[0].ctx, (size_t)(3 * n), sizeof *numbers);
    if (!numbers)
        return GENLAT_E_MEMORY;
    double *sets[2] = {numbers, numbers + n};
    for (int64_t i = 0; i < n; i++) {
        const bool positive = rows[1].data[i] != 0;
        sets[positive][counts[positive]++] = (double)rows[0].data[i];
    }
    if (counts[0] && counts[1])
        measure(counts, sets, numbers + 2 * n, &area, &error);
    gnl_free(rows[0].ctx, numbers);
    if (!counts[0] || !counts[1])
        return gnl_fail(GENLAT_E_RANGE, "%lld of %lld labels are positive, expected both kinds", (long long)counts[1],
                        (long long)n);
    return gnl_metric_add(out, values, -1, area, error, n);
}

const gnl_metric_type gnl_metric_auroc = {
    .name = "auroc",
    .help = "area under the receiver operating characteristic of scores; 1 is best, 0.5 is chance",
    .values = values,
    .needs = GENLAT_METRIC_SCORES | GENLAT_METRIC_LABELS,
    .least = 2,
    .compute = compute,
    .notes = "Unbiased. Equal scores count half, as in scikit-learn. Standard error: DeLong and others, Comparing the "
             "areas under two or more correlated receiver operating characteristic curves, 1988.",
};
