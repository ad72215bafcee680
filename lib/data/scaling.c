/* SPDX-License-Identifier: MIT */
/* Scalings of data, raw = x * scale + offset: checks, comparison, conversion of numbers. */
#include "data/data_priv.h"

genlat_status gnl_scaling_check(const gnl_scaling *s, const gnl_shape *sample)
{
    char found[GNL_SHAPE_TEXT], other[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    const genlat_tensor *offset = s->offset, *scale = s->scale;
    const bool fits = offset->shape.ndim == 0 || gnl_shape_equal(&offset->shape, sample);
    if (!fits || !gnl_shape_equal(&offset->shape, &scale->shape))
        return gnl_fail(GENLAT_E_SHAPE, "offset is %s and scale is %s, expected both [] or both %s",
                        gnl_shape_format(&offset->shape, found), gnl_shape_format(&scale->shape, other),
                        gnl_shape_format(sample, expected));
    for (int64_t j = 0; j < gnl_shape_count(&offset->shape); j++)
        if (!isfinite(offset->data[j]) || !isfinite(scale->data[j]) || scale->data[j] == 0)
            return gnl_fail(GENLAT_E_RANGE,
                            "element %lld has offset %g and scale %g, expected finite numbers and a nonzero scale",
                            (long long)j, (double)offset->data[j], (double)scale->data[j]);
    return GENLAT_OK;
}

bool gnl_scaling_equal(const gnl_scaling *a, const gnl_scaling *b, int64_t size)
{
    const double tolerance = 1e-5;
    const int64_t count = gnl_scaling_is_scalar(a) && gnl_scaling_is_scalar(b) ? 1 : size;
    for (int64_t j = 0; j < count; j++) {
        const double unit = fabs(gnl_scale_at(a, j)) * tolerance;
        if (fabs(gnl_offset_at(a, j) - gnl_offset_at(b, j)) > unit ||
            fabs(gnl_scale_at(a, j) - gnl_scale_at(b, j)) > unit)
            return false;
    }
    return true;
}

void gnl_scaling_release(gnl_scaling *s)
{
    gnl_tensor_release(s->offset);
    gnl_tensor_release(s->scale);
    *s = (gnl_scaling){NULL, NULL};
}

void gnl_scaling_apply(const gnl_scaling *s, int64_t rows, int64_t size, const gnl_real *raw, gnl_real *x)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < size; j++)
            x[i * size + j] = (gnl_real)(((double)raw[i * size + j] - gnl_offset_at(s, j)) / gnl_scale_at(s, j));
}

void gnl_scaling_invert(const gnl_scaling *s, int64_t rows, int64_t size, gnl_real *x)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < size; j++)
            x[i * size + j] = (gnl_real)((double)x[i * size + j] * gnl_scale_at(s, j) + gnl_offset_at(s, j));
}

void gnl_scaling_invert_differences(const gnl_scaling *s, int64_t rows, int64_t size, gnl_real *x)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < size; j++)
            x[i * size + j] = (gnl_real)((double)x[i * size + j] * fabs(gnl_scale_at(s, j)));
}
