/* SPDX-License-Identifier: MIT */
/* Samples as planes, for layers that support both one and two dimensions. */
#include "layer/layer_priv.h"

gnl_plane gnl_plane_of(const gnl_shape *shape)
{
    return (gnl_plane){shape->dim[0], {shape->ndim == 3 ? shape->dim[1] : 1, shape->dim[shape->ndim - 1]}};
}

genlat_status gnl_plane_check(const gnl_shape *in)
{
    char text[GNL_SHAPE_TEXT];
    if (in->ndim != 2 && in->ndim != 3)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, expected [channels,length] or [channels,height,width]",
                        gnl_shape_format(in, text));
    if (gnl_shape_count(in) < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, which is empty", gnl_shape_format(in, text));
    return GENLAT_OK;
}

gnl_shape gnl_plane_shape(const gnl_shape *in, const int64_t size[2])
{
    if (in->ndim == 3)
        return (gnl_shape){3, {in->dim[0], size[0], size[1]}};
    return (gnl_shape){2, {in->dim[0], size[1]}};
}
