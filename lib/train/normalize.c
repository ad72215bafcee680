/* SPDX-License-Identifier: MIT */
/* Normalization: stores the scaling of the training data in the model, which reverses it, and applies the same
 * scaling to the validation data. */
#include "train/train_priv.h"

/* y = (raw - offset) / scale. NULL: offset 0, scale 1. */
typedef struct scaling {
    genlat_tensor *offset, *scale;
} scaling;

static double value_at(const genlat_tensor *tensor, int64_t element, double without)
{
    if (!tensor)
        return without;
    return (double)tensor->data[tensor->shape.ndim == 0 ? 0 : element];
}

static bool is_scalar(const scaling *s)
{
    return !s->offset || s->offset->shape.ndim == 0;
}

static bool is_equal(const scaling *a, const scaling *b, int64_t size)
{
    const double tolerance = 1e-5;
    int64_t count = is_scalar(a) && is_scalar(b) ? 1 : size;
    for (int64_t j = 0; j < count; j++) {
        double unit = fabs(value_at(a->scale, j, 1)) * tolerance;
        if (fabs(value_at(a->offset, j, 0) - value_at(b->offset, j, 0)) > unit ||
            fabs(value_at(a->scale, j, 1) - value_at(b->scale, j, 1)) > unit)
            return false;
    }
    return true;
}

static void release(scaling *s)
{
    gnl_tensor_release(s->offset);
    gnl_tensor_release(s->scale);
}

static genlat_status change_with(genlat_source *source, const scaling *from, const scaling *to, scaling *change,
                                 genlat_source **out)
{
    gnl_shape one = {.ndim = 0};
    const gnl_shape *shape = is_scalar(from) && is_scalar(to) ? &one : &source->sample;
    GNL_TRY(gnl_tensor_new(source->object.ctx, shape, &change->offset));
    GNL_TRY(gnl_tensor_new(source->object.ctx, shape, &change->scale));
    for (int64_t j = 0; j < gnl_shape_count(shape); j++) {
        double unit = value_at(from->scale, j, 1);
        double apart = value_at(to->offset, j, 0) - value_at(from->offset, j, 0);
        change->offset->data[j] = (gnl_real)(apart / unit);
        change->scale->data[j] = (gnl_real)(value_at(to->scale, j, 1) / unit);
    }
    return gnl_source_normalize(source, change->offset, change->scale, out);
}

/* Replaces the source, whose scaling is `from`, by one with scaling `to`. With raw = v from.scale + from.offset, the
 * new value is y = (v - (to.offset - from.offset) / from.scale) / (to.scale / from.scale). */
static genlat_status change_scaling(genlat_source **source, const scaling *from, const scaling *to)
{
    genlat_source *changed = NULL;
    scaling change = {NULL, NULL};
    genlat_status status = change_with(*source, from, to, &change, &changed);
    release(&change);
    if (status == GENLAT_OK) {
        gnl_source_release(*source);
        *source = changed;
    }
    return status;
}

genlat_status gnl_trainer_normalize(genlat_trainer *t)
{
    scaling valid = {NULL, NULL};
    GNL_TRY(gnl_source_normalization(t->train, &t->offset, &t->scale));
    if (!t->valid)
        return GENLAT_OK;
    GNL_TRY(gnl_source_normalization(t->valid, &valid.offset, &valid.scale));
    scaling train = {t->offset, t->scale};
    genlat_status status = GENLAT_OK;
    if (!is_equal(&train, &valid, gnl_shape_count(&t->model->config->data)))
        status = change_scaling(&t->valid, &valid, &train);
    release(&valid);
    return status;
}

bool gnl_trainer_transfer_scaling(genlat_trainer *t)
{
    genlat_model *model = t->model;
    scaling before = {model->offset, model->scale}, train = {t->offset, t->scale};
    bool same = is_equal(&before, &train, gnl_shape_count(&model->config->data));
    model->offset = gnl_object_retain(t->offset);
    model->scale = gnl_object_retain(t->scale);
    release(&before);
    return same;
}
