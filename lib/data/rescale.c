/* SPDX-License-Identifier: MIT */
/* Sources that are converted from one scaling to another. */
#include "data/data_priv.h"

/* With raw = v from.scale + from.offset, the new value is
 * y = (v - (to.offset - from.offset) / from.scale) / (to.scale / from.scale). */
static genlat_status change(genlat_source *source, const gnl_scaling *from, const gnl_scaling *to, gnl_scaling *step,
                            genlat_source **out)
{
    const gnl_shape one = {.ndim = 0};
    const gnl_shape *shape = gnl_scaling_is_scalar(from) && gnl_scaling_is_scalar(to) ? &one : &source->sample;
    GNL_TRY(gnl_tensor_new(source->object.ctx, shape, &step->offset));
    GNL_TRY(gnl_tensor_new(source->object.ctx, shape, &step->scale));
    for (int64_t j = 0; j < gnl_shape_count(shape); j++) {
        const double unit = gnl_scale_at(from, j);
        step->offset->data[j] = (gnl_real)((gnl_offset_at(to, j) - gnl_offset_at(from, j)) / unit);
        step->scale->data[j] = (gnl_real)(gnl_scale_at(to, j) / unit);
    }
    return gnl_source_normalize(source, step->offset, step->scale, out);
}

genlat_status gnl_source_rescale(genlat_source *source, const gnl_scaling *to, genlat_source **out)
{
    gnl_scaling from = {NULL, NULL}, step = {NULL, NULL};
    genlat_status status = gnl_source_normalization(source, &from.offset, &from.scale);
    if (status == GENLAT_OK && gnl_scaling_equal(&from, to, gnl_shape_count(&source->sample)))
        *out = gnl_object_retain(source);
    else if (status == GENLAT_OK)
        status = change(source, &from, to, &step, out);
    gnl_scaling_release(&step);
    gnl_scaling_release(&from);
    return status;
}

genlat_status genlat_source_raw(genlat_source *source, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(source, "source is NULL");
    return gnl_source_rescale(source, &(gnl_scaling){NULL, NULL}, out);
}
