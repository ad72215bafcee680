/* SPDX-License-Identifier: MIT */
/* Average precision: the mean of the precision, weighted by the increase of recall at each score. */
#include <stdlib.h>

#include "metric/metric_priv.h"

static const gnl_metric_name values[] = {
    {"average_precision", "average precision of scores; 1 is best, the share of positives is chance"}, {NULL, NULL}};

typedef struct scored {
    double score;
    bool positive;
} scored;

static int descending(const void *a, const void *b)
{
    const double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x < y) - (x > y);
}

/* Rows with equal scores are one step. */
static double measure(int64_t n, const scored *list, int64_t positives)
{
    double sum = 0, found = 0, before = 0;
    for (int64_t i = 0; i < n; i++) {
        found += list[i].positive;
        if (i + 1 < n && list[i + 1].score == list[i].score)
            continue;
        sum += (found - before) / (double)positives * found / (double)(i + 1);
        before = found;
    }
    return sum;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows rows[2];
    int64_t positives = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_SCORES, GNL_LABELS, true, rows));
    if (rows[0].d != 1 || rows[1].d != 1)
        return gnl_fail(GENLAT_E_SHAPE, "scores and labels have %lld and %lld numbers in a row, expected 1",
                        (long long)rows[0].d, (long long)rows[1].d);
    const int64_t n = rows[0].n;
    scored *list = gnl_alloc(rows[0].ctx, (size_t)n, sizeof *list);
    if (!list)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        list[i] = (scored){(double)rows[0].data[i], rows[1].data[i] != 0};
        positives += list[i].positive;
    }
    qsort(list, (size_t)n, sizeof *list, descending);
    const double value = measure(n, list, positives);
    gnl_free(rows[0].ctx, list);
    if (positives == 0)
        return gnl_fail(GENLAT_E_RANGE, "none of %lld labels is positive", (long long)n);
    return gnl_metric_add(out, values, -1, value, NAN, n);
}

const gnl_metric_type gnl_metric_average_precision = {
    .name = "average_precision",
    .help = "average precision of scores; 1 is best, the share of positives is chance",
    .values = values,
    .needs = GENLAT_METRIC_SCORES | GENLAT_METRIC_LABELS,
    .least = 1,
    .blocks = true,
    .compute = compute,
    .notes = "Steps without interpolation, equal scores as one step, as in scikit-learn. Biased upwards for few "
             "positives. Standard error: 10 blocks of the rows, unknown if a block has no positive.",
};
