/* SPDX-License-Identifier: MIT */
/* One axis of a sample: sizes before, along and after it. */
#include "layer/layer_priv.h"

genlat_status gnl_axis_check(const gnl_shape *in, int64_t axis)
{
    char text[GNL_SHAPE_TEXT];
    if (axis >= in->ndim || axis < -in->ndim)
        return gnl_fail(GENLAT_E_SHAPE, "axis is %lld, but input %s has %d dimensions", (long long)axis,
                        gnl_shape_format(in, text), (int)in->ndim);
    return GENLAT_OK;
}

int32_t gnl_axis_index(const gnl_shape *in, int64_t axis)
{
    return (int32_t)(axis < 0 ? axis + in->ndim : axis);
}

gnl_axis gnl_axis_of(const gnl_step *s, int64_t axis)
{
    const gnl_shape *in = &s->in[0];
    int32_t index = gnl_axis_index(in, axis);
    gnl_axis a = {.outer = s->rows, .n = in->dim[index], .inner = gnl_shape_count_from(in, index + 1)};
    for (int32_t i = 0; i < index; i++)
        a.outer *= in->dim[i];
    return a;
}

int32_t gnl_axes_count(const int64_t axes[GENLAT_MAX_DIMS])
{
    int32_t count = 0;
    while (count < GENLAT_MAX_DIMS && axes[count] != GENLAT_MAX_DIMS)
        count++;
    return count;
}

genlat_status gnl_axes_check(const gnl_shape *in, const int64_t axes[GENLAT_MAX_DIMS])
{
    bool listed[GENLAT_MAX_DIMS] = {false};
    char text[GNL_SHAPE_TEXT];
    for (int32_t i = 0; i < gnl_axes_count(axes); i++) {
        GNL_TRY(gnl_axis_check(in, axes[i]));
        int32_t axis = gnl_axis_index(in, axes[i]);
        if (listed[axis])
            return gnl_fail(GENLAT_E_SHAPE, "axes has axis %d of input %s twice", (int)axis,
                            gnl_shape_format(in, text));
        listed[axis] = true;
    }
    return GENLAT_OK;
}
