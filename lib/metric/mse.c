/* SPDX-License-Identifier: MIT */
/* Mean squared error of reconstructions. */
#include "metric/metric_priv.h"

static const gnl_metric_name values[] = {{"mse", "mean squared error per element of reconstructions; lower is better"},
                                         {NULL, NULL}};

genlat_status gnl_metric_check_pairs(const gnl_metric_call *call)
{
    char a[GNL_SHAPE_TEXT], b[GNL_SHAPE_TEXT];
    const gnl_shape *found = &call->input[GNL_RECONSTRUCTIONS]->shape, *wanted = &call->input[GNL_ORIGINALS]->shape;
    return gnl_shape_equal(found, wanted)
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_SHAPE, "reconstructions are %s, originals are %s; expected equal shapes",
                          gnl_shape_format(found, a), gnl_shape_format(wanted, b));
}

void gnl_squared_errors(const gnl_metric_call *call, double *out)
{
    const gnl_rows a = gnl_metric_rows(call, GNL_RECONSTRUCTIONS), b = gnl_metric_rows(call, GNL_ORIGINALS);
    for (int64_t i = 0; i < a.n; i++)
        out[i] = gnl_row_distance(&a, gnl_row(&a, i), gnl_row(&b, i)) / (double)a.d;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const gnl_rows rows = gnl_metric_rows(call, GNL_RECONSTRUCTIONS);
    double mean = 0;
    GNL_TRY(gnl_metric_check_pairs(call));
    double *errors = gnl_alloc(rows.ctx, (size_t)rows.n, sizeof *errors);
    if (!errors)
        return GENLAT_E_MEMORY;
    gnl_squared_errors(call, errors);
    gnl_mean_sd(rows.n, errors, &mean, NULL);
    genlat_status status = gnl_metric_add(out, values, -1, mean, gnl_standard_error(rows.n, errors), rows.n);
    gnl_free(rows.ctx, errors);
    return status;
}

const gnl_metric_type gnl_metric_mse = {
    .name = "mse",
    .help = "mean squared error per element of reconstructions; lower is better",
    .values = values,
    .needs = GENLAT_METRIC_RECONSTRUCTIONS | GENLAT_METRIC_ORIGINALS,
    .least = 1,
    .compute = compute,
    .notes = "Unbiased. Standard error: over the rows.",
};
