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
