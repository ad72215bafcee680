/* SPDX-License-Identifier: MIT */
/* Sets of samples as rows, with checks. */
#include <tgmath.h>

#include "metric/metric_priv.h"

genlat_status gnl_check_finite(const genlat_tensor *tensor, const char *name)
{
    int64_t count = gnl_shape_count(&tensor->shape);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(tensor->data[i]))
            return gnl_fail(GENLAT_E_NUMERIC, "element %lld of %s is %g, expected a finite number", (long long)i, name,
                            (double)tensor->data[i]);
    return GENLAT_OK;
}

genlat_status gnl_rows_take(const genlat_tensor *tensor, int64_t least, const char *name, gnl_rows *out)
{
    char found[GNL_SHAPE_TEXT];
    const gnl_shape *shape = &tensor->shape;
    int64_t width = shape->ndim > 0 ? gnl_shape_count_from(shape, 1) : 0;
    if (width < 1 || shape->dim[0] < least)
        return gnl_fail(GENLAT_E_SHAPE, "%s is %s, expected at least %lld rows of at least one number", name,
                        gnl_shape_format(shape, found), (long long)least);
    *out = (gnl_rows){tensor->object.ctx, shape->dim[0], width, tensor->data};
    return gnl_check_finite(tensor, name);
}

genlat_status gnl_rows_take_pair(const genlat_tensor *a, const char *name_a, const genlat_tensor *b, const char *name_b,
                                 int64_t least, gnl_rows out[2])
{
    GNL_TRY(gnl_rows_take(a, least, name_a, &out[0]));
    GNL_TRY(gnl_rows_take(b, least, name_b, &out[1]));
    if (out[0].d != out[1].d)
        return gnl_fail(GENLAT_E_SHAPE,
                        "rows of %s have %lld numbers, but rows of %s have %lld; expected the same width", name_a,
                        (long long)out[0].d, name_b, (long long)out[1].d);
    return GENLAT_OK;
}

void gnl_mean_sd(int64_t n, const double *values, double *mean, double *sd)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += values[i];
    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - sum / (double)n) * (values[i] - sum / (double)n);
    *mean = sum / (double)n;
    if (sd)
        *sd = sqrt(squares / (double)n);
}
