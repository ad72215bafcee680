/* SPDX-License-Identifier: MIT */
/* What all models share. */
#include "model/model_priv.h"

void gnl_model_release(gnl_model *model)
{
    if (gnl_object_release(model))
        model->type->release(model);
}

genlat_status gnl_model_check_source(const gnl_model *model, const genlat_source *source, const char *where)
{
    char found[GNL_SHAPE_TEXT], wanted[GNL_SHAPE_TEXT];
    if (!gnl_shape_equal(&source->sample, &model->data))
        return gnl_fail(GENLAT_E_SHAPE, "%s: the source's samples are %s, the model's %s", where,
                        gnl_shape_format(&source->sample, found), gnl_shape_format(&model->data, wanted));
    if (model->classes && source->classes != model->classes)
        return gnl_fail(GENLAT_E_SHAPE, "%s: the source has %lld classes, the model is conditional on %lld",
                        where, (long long)source->classes, (long long)model->classes);
    if (model->vector && source->condition != model->vector)
        return gnl_fail(GENLAT_E_SHAPE, "%s: the source's conditions have length %lld, the model's %lld",
                        where, (long long)source->condition, (long long)model->vector);
    return GENLAT_OK;
}

genlat_status gnl_model_check_optimizer(const genlat_optim *optim, const char *where)
{
    if (gnl_optim_accumulate(optim) > 1)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "%s: accumulate=%lld, a model's step is one pass: take accumulate=1, or call "
                        "genlat_vae_backward() so many times and genlat_optim_step() yourself",
                        where, (long long)gnl_optim_accumulate(optim));
    return GENLAT_OK;
}
