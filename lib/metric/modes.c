/* SPDX-License-Identifier: MIT */
/* Mode coverage: counts the modes of a known mixture that samples reach. */
#include <math.h>

#include "metric/metric_priv.h"

/* A sample belongs to a mode if it is within this number of standard deviations. */
static const double reach = 3;

/* Returns the nearest centre, or -1 if it is too far away. */
static int64_t find_mode(const gnl_real *x, const gnl_rows *centres, double sd)
{
    int64_t mode = -1;
    double nearest = INFINITY;
    for (int64_t m = 0; m < centres->n; m++) {
        double distance = 0;
        for (int64_t j = 0; j < centres->d; j++) {
            double difference = (double)x[j] - (double)gnl_row(centres, m)[j];
            distance += difference * difference;
        }
        if (distance < nearest) {
            nearest = distance;
            mode = m;
        }
    }
    return nearest < reach * reach * sd * sd ? mode : -1;
}

static void summarize(int64_t n, int64_t modes, const int64_t *counts, genlat_modes *to)
{
    int64_t assigned = 0;
    genlat_modes result = {.size = sizeof result, .modes = modes}, *out = &result;
    for (int64_t m = 0; m < modes; m++) {
        out->found += counts[m] > 0;
        assigned += counts[m];
    }
    out->high_quality = (double)assigned / (double)n;
    out->kl = assigned > 0 ? 0 : NAN;
    for (int64_t m = 0; m < modes; m++) {
        double share = (double)counts[m] / (double)GNL_MAX(assigned, 1);
        out->kl += counts[m] > 0 ? share * log(share * (double)modes) : 0;
    }
    gnl_result_give(to, out, sizeof *out);
}

genlat_status genlat_metric_modes(const genlat_tensor *samples, const genlat_tensor *centres, double sd,
                                  genlat_modes *out)
{
    gnl_rows rows[2];
    GNL_ENTER();
    GNL_TRY(gnl_result_check(out, "out"));
    GNL_CHECK(samples, "samples is NULL");
    GNL_CHECK(centres, "centres is NULL");
    if (!(sd > 0) || !isfinite(sd))
        return gnl_fail(GENLAT_E_RANGE, "sd is %g, must be finite and positive", sd);
    GNL_TRY(gnl_rows_take_pair(samples, "samples", centres, "centres", 1, rows));
    int64_t *counts = gnl_calloc(rows[1].ctx, (size_t)rows[1].n, sizeof *counts);
    if (!counts)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < rows[0].n; i++) {
        int64_t mode = find_mode(gnl_row(&rows[0], i), &rows[1], sd);
        if (mode >= 0)
            counts[mode]++;
    }
    summarize(rows[0].n, rows[1].n, counts, out);
    gnl_free(rows[1].ctx, counts);
    return GENLAT_OK;
}

genlat_status genlat_metric_class_modes(const genlat_tensor *labels, int64_t classes, genlat_modes *out)
{
    gnl_rows rows;
    GNL_ENTER();
    GNL_TRY(gnl_result_check(out, "out"));
    GNL_CHECK(labels, "labels is NULL");
    if (classes < 1 || classes > 1 << 24)
        return gnl_fail(GENLAT_E_RANGE, "classes is %lld, must be from 1 to 2^24", (long long)classes);
    GNL_TRY(gnl_rows_take(labels, 1, "labels", &rows));
    int64_t *counts = gnl_calloc(rows.ctx, (size_t)classes, sizeof *counts), bad = -1;
    if (!counts)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < rows.n * rows.d; i++) {
        double label = (double)rows.data[i];
        if (label >= 0 && label < (double)classes && label == floor(label))
            counts[(int64_t)label]++;
        else
            bad = i;
    }
    if (bad < 0)
        summarize(rows.n * rows.d, classes, counts, out);
    gnl_free(rows.ctx, counts);
    return bad < 0 ? GENLAT_OK
                   : gnl_fail(GENLAT_E_RANGE, "label %lld is not an integer from 0 to %lld", (long long)bad,
                              (long long)classes - 1);
}
