/* SPDX-License-Identifier: MIT */
/* The scaling of a model's data: applied to data that the model is given, inverted on data that it returns. */
#include "model/model_priv.h"

static genlat_status scale(const genlat_model *model, bool missing, const genlat_tensor **x, genlat_tensor **own)
{
    *own = NULL;
    GNL_TRY(gnl_model_check_finite(model, (*x)->shape.dim[0], (*x)->data, missing));
    if (!model->scaling.offset)
        return GENLAT_OK;
    GNL_TRY(gnl_tensor_new(model->object.ctx, &(*x)->shape, own));
    gnl_scaling_apply(&model->scaling, (*x)->shape.dim[0], model->size, (*x)->data, (*own)->data);
    *x = *own;
    return GENLAT_OK;
}

genlat_status gnl_model_scale(const genlat_model *model, const genlat_tensor **x, genlat_tensor **own)
{
    return scale(model, false, x, own);
}

genlat_status gnl_model_scale_partial(const genlat_model *model, const genlat_tensor **x, genlat_tensor **own)
{
    return scale(model, true, x, own);
}

void gnl_model_unscale(const genlat_model *model, genlat_tensor *x)
{
    if (model->scaling.offset)
        gnl_scaling_invert(&model->scaling, x->shape.dim[0], model->size, x->data);
}

void gnl_model_unscale_differences(const genlat_model *model, genlat_tensor *x)
{
    if (model->scaling.offset)
        gnl_scaling_invert_differences(&model->scaling, x->shape.dim[0], model->size, x->data);
}

genlat_status gnl_model_source(const genlat_model *model, genlat_source *source, genlat_source **out)
{
    genlat_source *numbered = NULL;
    GNL_TRY(gnl_model_number(model, model->about, source, &numbered));
    if (!model->scaling.offset) {
        *out = numbered;
        return GENLAT_OK;
    }
    genlat_status status = gnl_source_rescale(numbered, &model->scaling, out);
    gnl_source_release(numbered);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

static genlat_status copy_of(const genlat_tensor *tensor, genlat_tensor **out)
{
    if (!tensor)
        return GENLAT_OK;
    GNL_TRY(gnl_tensor_new(tensor->object.ctx, &tensor->shape, out));
    memcpy((*out)->data, tensor->data, (size_t)gnl_shape_count(&tensor->shape) * sizeof *tensor->data);
    return GENLAT_OK;
}

static genlat_status copy_scaling(const gnl_scaling *from, gnl_scaling *out)
{
    genlat_status status = copy_of(from->offset, &out->offset);
    if (status == GENLAT_OK)
        status = copy_of(from->scale, &out->scale);
    if (status != GENLAT_OK)
        gnl_scaling_release(out);
    return status;
}

genlat_status genlat_model_scaling(const genlat_model *model, genlat_tensor **offset, genlat_tensor **scale)
{
    gnl_scaling copy = {NULL, NULL};
    GNL_ENTER();
    if (offset)
        *offset = NULL;
    if (scale)
        *scale = NULL;
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(offset, "offset is NULL");
    GNL_CHECK(scale, "scale is NULL");
    GNL_TRY(copy_scaling(&model->scaling, &copy));
    *offset = copy.offset;
    *scale = copy.scale;
    return GENLAT_OK;
}

genlat_status genlat_model_set_scaling(genlat_model *model, const genlat_tensor *offset, const genlat_tensor *scale)
{
    gnl_scaling copy = {NULL, NULL};
    const gnl_scaling given = {(genlat_tensor *)(uintptr_t)offset, (genlat_tensor *)(uintptr_t)scale};
    GNL_ENTER();
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(!offset == !scale, "one of offset and scale is NULL; pass both or none");
    if (offset)
        GNL_TRY(gnl_scaling_check(&given, &model->config->data));
    GNL_TRY(copy_scaling(&given, &copy));
    gnl_scaling_release(&model->scaling);
    model->scaling = copy;
    return GENLAT_OK;
}
