/* SPDX-License-Identifier: MIT */
/* Predictions of labels, and labels that a model infers where data have none. */
#include "model/model_priv.h"
#include "genlat/predictor.h"

static bool some_missing(const genlat_tensor *labels)
{
    for (int64_t i = 0; i < labels->shape.dim[0]; i++)
        if (labels->data[i] == GNL_UNLABELLED)
            return true;
    return false;
}

int64_t gnl_model_most_probable(const gnl_real *p, int64_t classes)
{
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
        if (p[c] > p[best])
            best = c;
    return best;
}

genlat_status gnl_model_infer_labels(genlat_model *model, const genlat_tensor *x, const genlat_tensor **labels,
                                     genlat_tensor **own)
{
    const int64_t rows = x->shape.dim[0], classes = model->config->classes;
    if (!gnl_model_infers_labels(model) || (*labels && !some_missing(*labels)))
        return GENLAT_OK;
    gnl_real *p = gnl_alloc(model->object.ctx, (size_t)rows, (size_t)classes * sizeof *p);
    genlat_status status = p ? gnl_tensor_new(model->object.ctx, &(gnl_shape){1, {rows}}, own) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = model->type->predict(model, x, p);
    for (int64_t i = 0; i < rows && status == GENLAT_OK; i++)
        (*own)->data[i] = *labels && (*labels)->data[i] != GNL_UNLABELLED
                              ? (*labels)->data[i]
                              : (gnl_real)gnl_model_most_probable(p + i * classes, classes);
    gnl_free(model->object.ctx, p);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(own);
    else
        *labels = *own;
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

static genlat_status check(const genlat_model *model, const genlat_tensor *x)
{
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(x, "x is NULL");
    if (!gnl_model_uses_labels_as(model, GENLAT_LABEL_PREDICTED))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "%s %s predicts no labels", model->condition ? "this" : "a",
                        model->type->name);
    GNL_TRY(gnl_tensor_check_rows(x, &model->config->data, "x"));
    return x->shape.dim[0] < 1 ? gnl_fail(GENLAT_E_SHAPE, "x has no rows, 1 or more expected") : GENLAT_OK;
}

genlat_status genlat_model_predict(genlat_model *model, const genlat_tensor *x, genlat_tensor **y)
{
    genlat_tensor *scaled = NULL;
    GNL_ENTER();
    GNL_CHECK(y, "y is NULL");
    *y = NULL;
    GNL_TRY(check(model, x));
    GNL_TRY(gnl_tensor_new(model->object.ctx, &(gnl_shape){2, {x->shape.dim[0], model->condition}}, y));
    genlat_status status = gnl_model_scale(model, &x, &scaled);
    if (status == GENLAT_OK)
        status = model->type->predict(model, x, (*y)->data);
    gnl_tensor_release(scaled);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(y);
    return status;
}
