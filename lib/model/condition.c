/* SPDX-License-Identifier: MIT */
/* Checks the shapes of data and labels, and converts labels to the condition vectors of the nets. */
#include <math.h>

#include "model/model_priv.h"

bool gnl_model_takes_labels(const genlat_model *model)
{
    return model->condition > 0;
}

unsigned gnl_label_use(const gnl_model_type *type, const gnl_config *config)
{
    return type->label_use ? type->label_use(config) : GENLAT_LABEL_INPUT;
}

bool gnl_model_uses_labels_as(const genlat_model *model, unsigned flag)
{
    return model->condition > 0 && (gnl_label_use(model->type, model->config) & flag) != 0;
}

bool gnl_model_infers_labels(const genlat_model *model)
{
    return gnl_model_uses_labels_as(model, GENLAT_LABEL_MAY_MISS);
}

genlat_status gnl_model_check_classes(const genlat_model *model, const genlat_tensor *labels)
{
    for (int64_t i = 0; labels && i < labels->shape.dim[0]; i++) {
        const double label = (double)labels->data[i];
        if (!(label >= GNL_UNLABELLED && label < (double)model->config->classes && label == floor(label)))
            return gnl_fail(GENLAT_E_RANGE,
                            "labels[%lld] is %g, a class from 0 to %lld expected, or -1 for a sample without label",
                            (long long)i, label, (long long)model->config->classes - 1);
    }
    return GENLAT_OK;
}

genlat_status gnl_model_check_labels(const genlat_model *model, const genlat_tensor *labels, int64_t rows)
{
    const gnl_config *c = model->config;
    if (!model->condition)
        return GENLAT_OK; /* labels of a source are ignored */
    if (!labels)
        return gnl_fail(GENLAT_E_INVALID, "labels is NULL, but the model %s",
                        gnl_model_uses_labels_as(model, GENLAT_LABEL_INPUT) ? "is conditional"
                                                                            : "learns to predict them");
    gnl_shape expected = c->classes ? (gnl_shape){1, {rows}} : (gnl_shape){2, {rows, c->vector}};
    char found[GNL_SHAPE_TEXT], text[GNL_SHAPE_TEXT];
    const gnl_shape row = c->classes ? (gnl_shape){0} : (gnl_shape){1, {c->vector}};
    if (!gnl_tensor_has_rows(labels, &row) || labels->shape.dim[0] != rows)
        return gnl_fail(GENLAT_E_SHAPE, "labels is %s, %s expected", gnl_shape_format(&labels->shape, found),
                        gnl_shape_format(&expected, text));
    return GENLAT_OK;
}

genlat_status gnl_model_check_batch(const genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels)
{
    GNL_CHECK(x, "x is NULL");
    GNL_TRY(gnl_tensor_check_rows(x, &model->config->data, "x"));
    if (x->shape.dim[0] < 1)
        return gnl_fail(GENLAT_E_SHAPE, "x has no rows, 1 or more expected");
    if (!labels && gnl_model_infers_labels(model))
        return GENLAT_OK;
    return gnl_model_check_labels(model, labels, x->shape.dim[0]);
}

genlat_status gnl_model_check_source(const genlat_model *model, const genlat_source *source)
{
    const gnl_config *c = model->config;
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    if (!gnl_shape_equal(&source->sample, &c->data))
        return gnl_fail(GENLAT_E_SHAPE, "the samples of the source are %s, %s expected by the model",
                        gnl_shape_format(&source->sample, found), gnl_shape_format(&c->data, expected));
    if (gnl_model_infers_labels(model))
        return GENLAT_OK;
    if (c->classes && source->unlabelled)
        return gnl_fail(GENLAT_E_RANGE,
                        "some samples of the source have the label -1, which a %s cannot use; leave these samples out, "
                        "or train a semi",
                        model->type->name);
    if (c->classes && !source->classes)
        return gnl_fail(GENLAT_E_SHAPE, "the source has no classes, but the model %s %lld",
                        gnl_model_uses_labels_as(model, GENLAT_LABEL_INPUT) ? "is conditional on" : "predicts",
                        (long long)c->classes);
    if (c->vector && source->condition != c->vector)
        return gnl_fail(GENLAT_E_SHAPE,
                        "the labels of the source are vectors of %lld numbers, %lld expected by the model",
                        (long long)source->condition, (long long)c->vector);
    return GENLAT_OK;
}

genlat_status gnl_model_fill_condition(const genlat_model *model, const genlat_tensor *labels, int64_t first,
                                       int64_t rows, gnl_real *out)
{
    const gnl_config *c = model->config;
    if (c->classes)
        return gnl_one_hot(c->classes, rows, labels->data + first, first, out);
    if (c->vector)
        memcpy(out, labels->data + first * c->vector, (size_t)(rows * c->vector) * sizeof *out);
    return GENLAT_OK;
}

genlat_status gnl_model_labels_in_turn(const genlat_model *model, int64_t n, genlat_tensor **out)
{
    const gnl_config *c = model->config;
    const gnl_shape shape = {1, {n}};
    if (!gnl_model_uses_labels_as(model, GENLAT_LABEL_INPUT))
        return GENLAT_OK;
    if (c->vector)
        return gnl_fail(GENLAT_E_STATE, "the model is conditional on vectors, but labels is NULL; pass the vectors");
    if (!c->classes)
        return GENLAT_OK;
    GNL_TRY(gnl_tensor_new(model->object.ctx, &shape, out));
    for (int64_t i = 0; i < n; i++)
        (*out)->data[i] = (gnl_real)(i % c->classes);
    return GENLAT_OK;
}

genlat_status gnl_model_repeat_labels(const genlat_model *model, const genlat_tensor *labels, int64_t times,
                                      genlat_tensor **out)
{
    if (!model->condition || !labels)
        return GENLAT_OK;
    gnl_shape shape = labels->shape;
    int64_t width = gnl_shape_count_from(&shape, 1), rows = shape.dim[0];
    shape.dim[0] = rows * times;
    GNL_TRY(gnl_tensor_new(model->object.ctx, &shape, out));
    for (int64_t i = 0; i < rows * times; i++)
        memcpy((*out)->data + i * width, labels->data + i / times * width, (size_t)width * sizeof(gnl_real));
    return GENLAT_OK;
}
