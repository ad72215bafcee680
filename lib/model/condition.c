/* SPDX-License-Identifier: MIT */
/* Labels of conditional models: their shapes, and the vectors that the nets are given. */
#include <math.h>

#include "model/model_priv.h"

int64_t gnl_model_condition(const gnl_model *model)
{
    return model->classes + model->vector;
}

genlat_status gnl_model_check_labels(const gnl_model *model, const genlat_tensor *labels, int64_t rows,
                                     const char *where)
{
    if (!gnl_model_condition(model))
        return GENLAT_OK; /* a source's labels may come along unread */
    if (!labels)
        return gnl_fail(GENLAT_E_INVALID, "%s: labels is NULL, the model is conditional", where);
    gnl_shape wanted = model->classes ? (gnl_shape){1, {rows}} : (gnl_shape){2, {rows, model->vector}};
    char found[GNL_SHAPE_TEXT], text[GNL_SHAPE_TEXT];
    if (!gnl_shape_equal(&labels->shape, &wanted))
        return gnl_fail(GENLAT_E_SHAPE, "%s: labels is %s, %s wanted", where,
                        gnl_shape_format(&labels->shape, found), gnl_shape_format(&wanted, text));
    return GENLAT_OK;
}

static genlat_status one_hot(int64_t classes, const gnl_real *labels, int64_t first, int64_t rows,
                             gnl_real *out, const char *where)
{
    memset(out, 0, (size_t)(rows * classes) * sizeof *out);
    for (int64_t i = 0; i < rows; i++) {
        double label = (double)labels[first + i];
        if (!(label >= 0 && label < (double)classes) || label != floor(label))
            return gnl_fail(GENLAT_E_RANGE, "%s: label %lld is %g, a whole number from 0 to %lld wanted",
                            where, (long long)(first + i), label, (long long)classes - 1);
        out[i * classes + (int64_t)label] = 1;
    }
    return GENLAT_OK;
}

genlat_status gnl_model_fill_condition(const gnl_model *model, const genlat_tensor *labels, int64_t first,
                                       int64_t rows, gnl_real *out, const char *where)
{
    if (model->classes)
        return one_hot(model->classes, labels->data, first, rows, out, where);
    if (model->vector)
        memcpy(out, labels->data + first * model->vector, (size_t)(rows * model->vector) * sizeof *out);
    return GENLAT_OK;
}

genlat_status gnl_model_labels_in_turn(const gnl_model *model, int64_t n, genlat_tensor **out,
                                       const char *where)
{
    const gnl_shape shape = {1, {n}};
    if (model->vector)
        return gnl_fail(GENLAT_E_STATE, "%s: the model wants condition vectors; give them as labels", where);
    if (!model->classes)
        return GENLAT_OK;
    GNL_TRY(gnl_tensor_new(model->object.ctx, &shape, out));
    for (int64_t i = 0; i < n; i++)
        (*out)->data[i] = (gnl_real)(i % model->classes);
    return GENLAT_OK;
}
