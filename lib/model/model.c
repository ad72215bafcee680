/* SPDX-License-Identifier: MIT */
/* What all models share. */
#include "model/model_priv.h"

void gnl_model_release(gnl_model *model)
{
    if (!gnl_object_release(model))
        return;
    gnl_free(model->object.ctx, model->best);
    model->type->release(model);
}

/* ---- the best validation --------------------------------------------------------------------- */

#define BEST "train.best"
#define BEST_IS "genlat.train.best_weights"

static gnl_real *room(const gnl_model *model)
{
    return gnl_alloc(model->object.ctx, (size_t)model->type->snapshot_size(model), sizeof(gnl_real));
}

genlat_status gnl_model_want_best(gnl_model *model)
{
    if (!model->best)
        model->best = room(model);
    return model->best ? GENLAT_OK : GENLAT_E_MEMORY;
}

void gnl_model_keep_best(gnl_model *model)
{
    model->type->snapshot(model, model->best);
    model->has_best = true;
}

/* A model that ends with its best numbers is not written twice. */
static genlat_status write_best(const gnl_model *model, gnl_writer *writer)
{
    if (!model->has_best)
        return GENLAT_OK;
    const int64_t count = model->type->snapshot_size(model);
    gnl_real *now = room(model);
    if (!now)
        return GENLAT_E_MEMORY;
    model->type->snapshot(model, now);
    bool same = memcmp(now, model->best, (size_t)count * sizeof *now) == 0;
    gnl_free(model->object.ctx, now);
    if (same)
        return gnl_writer_meta(writer, BEST_IS, "now");
    GNL_TRY(gnl_writer_meta(writer, BEST_IS, "apart"));
    return gnl_writer_real(writer, BEST, &(gnl_shape){1, {count}}, model->best);
}

genlat_status gnl_model_read_best(gnl_model *model, const gnl_reader *reader)
{
    const char *where = gnl_reader_meta(reader, BEST_IS);
    if (!where || !gnl_reader_has_training(reader))
        return GENLAT_OK;
    bool now = strcmp(where, "now") == 0;
    if (!now && strcmp(where, "apart") != 0)
        return gnl_field_bad(reader, BEST_IS, where);
    GNL_TRY(gnl_model_want_best(model));
    gnl_model_keep_best(model);
    const gnl_shape shape = {1, {model->type->snapshot_size(model)}};
    return now ? GENLAT_OK : gnl_reader_real(reader, BEST, &shape, model->best);
}

/* ---- what every model file holds ------------------------------------------------------------- */

#define STATE "genlat.train.state"

bool gnl_reader_has_training(const gnl_reader *reader)
{
    return !gnl_reader_meta(reader, STATE);
}

genlat_status gnl_model_write(const gnl_model *model, gnl_keep keep, gnl_writer *writer)
{
    static const gnl_progress none;
    GNL_TRY(gnl_progress_write(writer, keep == GNL_KEEP_MODEL ? &none : &model->progress));
    if (model->offset)
        GNL_TRY(gnl_writer_real(writer, "data.offset", &model->offset->shape, model->offset->data));
    if (model->scale)
        GNL_TRY(gnl_writer_real(writer, "data.scale", &model->scale->shape, model->scale->data));
    return keep == GNL_KEEP_MODEL ? gnl_writer_meta(writer, STATE, "none") : write_best(model, writer);
}

genlat_status gnl_model_read(gnl_model *model, const gnl_reader *reader)
{
    genlat_ctx *ctx = model->object.ctx;
    const char *state = gnl_reader_meta(reader, STATE);
    if (state && strcmp(state, "none") != 0)
        return gnl_field_bad(reader, STATE, state);
    if (!state)
        GNL_TRY(gnl_progress_read(reader, &model->progress));
    GNL_TRY(gnl_tensor_read(ctx, reader, "data.offset", &model->offset));
    return gnl_tensor_read(ctx, reader, "data.scale", &model->scale);
}

/* ---- what fits ------------------------------------------------------------------------------- */

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
