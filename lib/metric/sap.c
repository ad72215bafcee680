/* SPDX-License-Identifier: MIT */
/* Separated attribute predictability: gap between the two codes that predict a factor best. */
#include "metric/metric_priv.h"

static const gnl_metric_name values[] = {
    {"sap", "gap of the squared correlations of a factor and the two codes that predict it best; 1 is best"},
    {NULL, NULL}};

static double squared_correlation(const gnl_rows *a, int64_t i, const gnl_rows *b, int64_t j)
{
    double mean[2] = {0}, xx = 0, yy = 0, xy = 0;
    for (int64_t r = 0; r < a->n; r++) {
        mean[0] += (double)gnl_row(a, r)[i] / (double)a->n;
        mean[1] += (double)gnl_row(b, r)[j] / (double)a->n;
    }
    for (int64_t r = 0; r < a->n; r++) {
        const double x = (double)gnl_row(a, r)[i] - mean[0], y = (double)gnl_row(b, r)[j] - mean[1];
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    return xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows rows[2];
    double sum = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_CODES, GNL_FACTORS, true, rows));
    for (int64_t f = 0; f < rows[1].d; f++) {
        double first = 0, second = 0;
        for (int64_t j = 0; j < rows[0].d; j++) {
            const double found = squared_correlation(&rows[0], j, &rows[1], f);
            second = fmax(second, fmin(found, first));
            first = fmax(first, found);
        }
        sum += first - second;
    }
    return gnl_metric_add(out, values, -1, sum / (double)rows[1].d, NAN, rows[0].n);
}

const gnl_metric_type gnl_metric_sap = {
    .name = "sap",
    .help = "separated attribute predictability: gap of the two codes that predict each factor best; 1 is best",
    .values = values,
    .needs = GENLAT_METRIC_CODES | GENLAT_METRIC_FACTORS,
    .least = 2,
    .blocks = true,
    .compute = compute,
    .notes =
        "The predictor is a line: the score of a code is the R^2 of the linear regression of the factor on it, for "
        "all factors. A constant factor counts as 0. Standard error: 10 blocks of the rows. Source: Kumar, "
        "Sattigeri, Balakrishnan, Variational inference of disentangled latent concepts, 2018.",
};
