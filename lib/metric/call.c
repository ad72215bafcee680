/* SPDX-License-Identifier: MIT */
/* What the metrics that are chosen by text share: their inputs as rows, and the list of their numbers. */
#include <math.h>

#include "metric/metric_priv.h"

const char *const gnl_metric_inputs[GNL_INPUTS] = {"samples",   "data",         "training", "reconstructions",
                                                   "originals", "codes",        "factors",  "scores",
                                                   "labels",    "probabilities"};

gnl_rows gnl_metric_rows(const gnl_metric_call *call, int input)
{
    const genlat_tensor *x = call->input[input];
    return (gnl_rows){x->object.ctx, x->shape.dim[0], gnl_shape_count_from(&x->shape, 1), x->data};
}

genlat_status gnl_metric_pair(const gnl_metric_call *call, int a, int b, bool same_rows, gnl_rows out[2])
{
    out[0] = gnl_metric_rows(call, a);
    out[1] = gnl_metric_rows(call, b);
    const int64_t first = same_rows ? out[0].n : out[0].d, second = same_rows ? out[1].n : out[1].d;
    if (first != second)
        return gnl_fail(GENLAT_E_SHAPE, "%s has %lld %s, but %s has %lld; expected the same number",
                        gnl_metric_inputs[a], (long long)first, same_rows ? "rows" : "numbers in a row",
                        gnl_metric_inputs[b], (long long)second);
    return GENLAT_OK;
}

genlat_status gnl_metric_add(gnl_metric_numbers *to, const gnl_metric_name *name, int64_t column, double value,
                             double error, int64_t count)
{
    GNL_TRY(gnl_grow(to->ctx, (void **)&to->list, &to->capacity, to->count + 1, sizeof *to->list));
    to->list[to->count++] = (gnl_metric_number){name, column, count, value, error};
    return GENLAT_OK;
}

genlat_status gnl_metric_add_mean_max(gnl_metric_numbers *to, const gnl_metric_name *values, int64_t n,
                                      const double *numbers, int64_t count)
{
    double sum = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += numbers[i];
        most = fmax(most, numbers[i]);
    }
    GNL_TRY(gnl_metric_add(to, &values[0], -1, sum / (double)GNL_MAX(n, 1), NAN, count));
    return gnl_metric_add(to, &values[1], -1, most, NAN, count);
}
