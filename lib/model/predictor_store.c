/* SPDX-License-Identifier: MIT */
/* The predictor in a file: recipe and progress as text in the metadata; net and moments as tensors. */
#include <stdio.h>

#include "model/predictor_priv.h"

enum { KEY = 192, FIELDS = 8 };

static int list_fields(gnl_predictor_recipe *r, int64_t *steps, gnl_field *out)
{
    const gnl_field all[] = {
        {"genlat.predictor.loss", GNL_FIELD_TEXT, r->loss, sizeof r->loss},
        {"genlat.predictor.optimizer", GNL_FIELD_TEXT, r->optimizer, sizeof r->optimizer},
        {"genlat.predictor.lr_schedule", GNL_FIELD_TEXT, r->lr_schedule, sizeof r->lr_schedule},
        {"genlat.predictor.classes", GNL_FIELD_WHOLE, &r->classes, 0},
        {"genlat.predictor.vector", GNL_FIELD_WHOLE, &r->vector, 0},
        {"genlat.predictor.epochs", GNL_FIELD_WHOLE, &r->epochs, 0},
        {"genlat.predictor.batch", GNL_FIELD_WHOLE, &r->batch, 0},
        {"genlat.train.optimizer_steps", GNL_FIELD_WHOLE, steps, 0},
    };
    memcpy(out, all, sizeof all);
    return (int)GNL_COUNT(all);
}

/* ---- moments of the optimizer, under the names of the weights -------------------------------- */

static genlat_status visit_moment(const genlat_predictor *p, const gnl_optim_slot *slot, gnl_writer *writer,
                                  gnl_reader *reader)
{
    char name[KEY];
    for (int i = 0; i < p->net->weights; i++) {
        const gnl_weight *w = &p->net->weight[i];
        gnl_real *data = slot->data + w->offset;
        snprintf(name, sizeof name, "optimizer.%s.%s", slot->moment, w->name);
        if (w->param.state)
            continue;
        GNL_TRY(writer ? gnl_writer_real(writer, name, &w->param.shape, data)
                       : gnl_reader_real(reader, name, &w->param.shape, data));
    }
    return GENLAT_OK;
}

/* Writes where there is a writer, else reads. */
static genlat_status visit_moments(const genlat_predictor *p, gnl_writer *writer, gnl_reader *reader)
{
    for (int i = 0; i < gnl_optim_slots(p->optim); i++) {
        const gnl_optim_slot slot = gnl_optim_slot_at(p->optim, i);
        GNL_TRY(visit_moment(p, &slot, writer, reader));
    }
    return GENLAT_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static genlat_status write_all(genlat_predictor *p, gnl_keep keep, gnl_writer *writer)
{
    gnl_field fields[FIELDS];
    int64_t steps = keep == GNL_KEEP_MODEL ? 0 : gnl_optim_steps(p->optim);
    GNL_TRY(gnl_writer_format(writer, "predictor"));
    GNL_TRY(gnl_fields_write(writer, fields, list_fields(&p->recipe, &steps, fields)));
    GNL_TRY(gnl_net_write(p->net, writer, "net."));
    GNL_TRY(gnl_model_write(&p->model, keep, writer));
    return keep == GNL_KEEP_MODEL ? GENLAT_OK : visit_moments(p, writer, NULL);
}

static genlat_status save(genlat_predictor *p, gnl_keep keep, const char *path)
{
    gnl_writer *writer = NULL;
    GNL_TRY(gnl_writer_new(p->model.object.ctx, &writer));
    genlat_status status = write_all(p, keep, writer);
    if (status == GENLAT_OK)
        status = gnl_writer_save(writer, path);
    gnl_writer_destroy(writer);
    return status;
}

genlat_status gnl_predictor_save(genlat_predictor *p, const char *path)
{
    return save(p, GNL_KEEP_TRAINING, path);
}

/* ---- reading --------------------------------------------------------------------------------- */

static genlat_status read_rest(genlat_predictor *p, int64_t steps, gnl_reader *reader)
{
    const bool training = gnl_reader_has_training(reader);
    gnl_optim_set_steps(p->optim, training ? steps : 0);
    GNL_TRY(gnl_model_read(&p->model, reader));
    if (training)
        GNL_TRY(visit_moments(p, NULL, reader));
    return gnl_model_read_best(&p->model, reader);
}

static genlat_status read_model(genlat_ctx *ctx, gnl_reader *reader, genlat_predictor **out)
{
    gnl_predictor_recipe recipe = {.epochs = 0};
    gnl_field fields[FIELDS];
    genlat_net *net = NULL;
    int64_t steps = 0;
    GNL_TRY(gnl_fields_read(reader, fields, list_fields(&recipe, &steps, fields)));
    if ((recipe.classes > 0) == (recipe.vector > 0))
        return gnl_field_bad(reader, "genlat.predictor.classes",
                             gnl_reader_meta(reader, "genlat.predictor.classes"));
    GNL_TRY(gnl_net_restore(ctx, reader, "net.", &net));
    recipe.data = net->node[0].shape;
    genlat_status status = gnl_predictor_make(ctx, &recipe, net, out);
    gnl_net_release(net);
    return status == GENLAT_OK ? read_rest(*out, steps, reader) : status;
}

static genlat_status load(genlat_ctx *ctx, const char *path, genlat_predictor **out)
{
    gnl_reader *reader = NULL;
    GNL_TRY(gnl_reader_open(ctx, path, &reader));
    genlat_status status = gnl_reader_format(reader);
    if (status == GENLAT_OK && strcmp(gnl_reader_kind(reader), "predictor") != 0)
        status = gnl_fail(GENLAT_E_FORMAT, "%s holds a '%s', a 'predictor' is wanted", path,
                          gnl_reader_kind(reader));
    if (status == GENLAT_OK)
        status = read_model(ctx, reader, out);
    gnl_reader_close(reader);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_predictor_save(genlat_predictor *predictor, const char *path)
{
    GNL_REQUIRE(predictor, "genlat_predictor_save", "predictor is NULL");
    GNL_REQUIRE(path, "genlat_predictor_save", "path is NULL");
    genlat_status status = gnl_predictor_save(predictor, path);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "genlat_predictor_save");
}

genlat_status genlat_predictor_export(genlat_predictor *predictor, const char *path)
{
    GNL_REQUIRE(predictor, "genlat_predictor_export", "predictor is NULL");
    GNL_REQUIRE(path, "genlat_predictor_export", "path is NULL");
    genlat_status status = save(predictor, GNL_KEEP_MODEL, path);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "genlat_predictor_export");
}

genlat_status genlat_predictor_load(genlat_ctx *ctx, const char *path, genlat_predictor **out)
{
    GNL_REQUIRE(out, "genlat_predictor_load", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, "genlat_predictor_load", "ctx is NULL");
    GNL_REQUIRE(path, "genlat_predictor_load", "path is NULL");
    genlat_status status = load(ctx, path, out);
    if (status == GENLAT_OK)
        return status;
    genlat_predictor_destroy(out);
    return gnl_fail_in(status, "genlat_predictor_load");
}
