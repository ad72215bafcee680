/* SPDX-License-Identifier: MIT */
/* Scaling and description: a new model takes over those of the training data. All data of a training have the scaling
 * and the class numbers of its model. */
#include "train/train_priv.h"

static genlat_status rescale(genlat_source **source, const gnl_scaling *to)
{
    genlat_source *changed = NULL;
    GNL_TRY(gnl_source_rescale(*source, to, &changed));
    gnl_source_release(*source);
    *source = changed;
    return GENLAT_OK;
}

/* A model that has been trained on data without scaling does not take one over. */
static genlat_status take_over(genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    GNL_TRY(gnl_source_normalization(t->train, &t->scaling.offset, &t->scaling.scale));
    if (t->scaling.offset && (p->epoch > 0 || p->position > 0))
        return gnl_fail(GENLAT_E_STATE, "the training data are scaled, but the model was trained on data without "
                                        "scaling; train on such data, or set the model's scaling");
    return GENLAT_OK;
}

/* Replaces the source by one with the class numbers of the model. */
static genlat_status number(genlat_trainer *t, genlat_source **source)
{
    genlat_source *changed = NULL;
    GNL_TRY(gnl_model_number(t->model, t->about, *source, &changed));
    gnl_source_release(*source);
    *source = changed;
    return GENLAT_OK;
}

genlat_status gnl_trainer_normalize(genlat_trainer *t)
{
    const gnl_scaling *own = &t->model->scaling;
    t->about = gnl_object_retain(gnl_model_about(t->model, t->train));
    GNL_TRY(number(t, &t->train));
    if (t->valid)
        GNL_TRY_IN("validation data", number(t, &t->valid));
    if (own->offset) {
        t->scaling.offset = gnl_object_retain(own->offset);
        t->scaling.scale = gnl_object_retain(own->scale);
        GNL_TRY(rescale(&t->train, &t->scaling));
    } else {
        GNL_TRY(take_over(t));
    }
    return t->valid ? rescale(&t->valid, &t->scaling) : GENLAT_OK;
}

void gnl_trainer_transfer_data(genlat_trainer *t)
{
    gnl_model_set_about(t->model, t->about);
    gnl_scaling before = t->model->scaling;
    t->model->scaling.offset = gnl_object_retain(t->scaling.offset);
    t->model->scaling.scale = gnl_object_retain(t->scaling.scale);
    gnl_scaling_release(&before);
}
