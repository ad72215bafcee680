/* SPDX-License-Identifier: MIT */
/* Modes of a known mixture that samples reach. */
#include <math.h>

#include "metric/metric_priv.h"

static const char where[] = "genlat_metric_modes";

/* Standard deviations within which a sample counts. */
static const double reach = 3;

/* The nearest centre, or -1 when it is out of reach. */
static int64_t find_mode(const gnl_real *x, const gnl_rows *centres, double sd)
{
    int64_t mode = -1;
    double nearest = INFINITY;
    for (int64_t m = 0; m < centres->n; m++) {
        double distance = 0;
        for (int64_t j = 0; j < centres->d; j++) {
            double apart = (double)x[j] - (double)gnl_row(centres, m)[j];
            distance += apart * apart;
        }
        if (distance < nearest) {
            nearest = distance;
            mode = m;
        }
    }
    return nearest < reach * reach * sd * sd ? mode : -1;
}

static void judge(int64_t n, int64_t modes, const int64_t *counts, genlat_modes *out)
{
    int64_t good = 0;
    out->modes = modes;
    for (int64_t m = 0; m < modes; m++) {
        out->found += counts[m] > 0;
        good += counts[m];
    }
    out->high_quality = (double)good / (double)n;
    out->kl = good > 0 ? 0 : NAN;
    for (int64_t m = 0; m < modes; m++) {
        double share = (double)counts[m] / (double)GNL_MAX(good, 1);
        out->kl += counts[m] > 0 ? share * log(share * (double)modes) : 0;
    }
}

genlat_status genlat_metric_modes(const genlat_tensor *samples, const genlat_tensor *centres, double sd,
                                  genlat_modes *out)
{
    gnl_rows rows[2];
    GNL_TRY(gnl_result_check(out, where));
    GNL_REQUIRE(samples, where, "samples is NULL");
    GNL_REQUIRE(centres, where, "centres is NULL");
    if (!(sd > 0) || !isfinite(sd))
        return gnl_fail(GENLAT_E_RANGE, "%s: sd is %g, a finite number above 0 wanted", where, sd);
    GNL_TRY(gnl_rows_take_pair(samples, "samples", centres, "centres", 1, where, rows));
    int64_t *counts = gnl_calloc(rows[1].ctx, (size_t)rows[1].n, sizeof *counts);
    if (!counts)
        return GENLAT_E_MEMORY;
    for (int64_t i = 0; i < rows[0].n; i++) {
        int64_t mode = find_mode(gnl_row(&rows[0], i), &rows[1], sd);
        if (mode >= 0)
            counts[mode]++;
    }
    genlat_modes result = {.size = sizeof result};
    judge(rows[0].n, rows[1].n, counts, &result);
    gnl_free(rows[1].ctx, counts);
    gnl_result_give(&result, sizeof result, out);
    return GENLAT_OK;
}
