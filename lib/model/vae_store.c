/* SPDX-License-Identifier: MIT */
/* The VAE in a file: recipe and progress as text in the metadata, nets, own numbers and moments as tensors.
 */
#include <inttypes.h>
#include <stdio.h>

#include "model/vae_priv.h"

enum { KEY = 192, FIELDS = 12 };

/* Every simple thing that a file keeps, in one list for writing and reading. */
static int list_fields(gnl_vae_recipe *r, gnl_field *out)
{
    const gnl_field all[] = {
        {"genlat.vae.likelihood", GNL_FIELD_TEXT, r->likelihood, sizeof r->likelihood},
        {"genlat.vae.optimizer", GNL_FIELD_TEXT, r->optimizer, sizeof r->optimizer},
        {"genlat.vae.lr_schedule", GNL_FIELD_TEXT, r->lr_schedule, sizeof r->lr_schedule},
        {"genlat.vae.beta_schedule", GNL_FIELD_TEXT, r->beta_schedule, sizeof r->beta_schedule},
        {"genlat.vae.classes", GNL_FIELD_WHOLE, &r->classes, 0},
        {"genlat.vae.vector", GNL_FIELD_WHOLE, &r->vector, 0},
        {"genlat.vae.epochs", GNL_FIELD_WHOLE, &r->epochs, 0},
        {"genlat.vae.batch", GNL_FIELD_WHOLE, &r->batch, 0},
        {"genlat.vae.restore_best", GNL_FIELD_FLAG, &r->restore_best, 0},
    };
    memcpy(out, all, sizeof all);
    return (int)GNL_COUNT(all);
}

/* ---- tensors beside the weights -------------------------------------------------------------- */

typedef genlat_status tensor_fn(void *file, const char *name, const gnl_shape *shape, gnl_real *data);

static genlat_status write_tensor(void *file, const char *name, const gnl_shape *shape, gnl_real *data)
{
    return gnl_writer_real(file, name, shape, data);
}

static genlat_status read_tensor(void *file, const char *name, const gnl_shape *shape, gnl_real *data)
{
    return gnl_reader_real(file, name, shape, data);
}

/* The moments of a net's weights bear the weights' names, so that other programs find their way. */
static genlat_status visit_moments(const genlat_vae *vae, const gnl_optim_slot *slot, tensor_fn *fn,
                                   void *file)
{
    char name[KEY];
    if (!slot->net) {
        const gnl_shape shape = {1, {slot->count}};
        snprintf(name, sizeof name, "optimizer.%s.%s", slot->moment, slot->arena_name);
        return fn(file, name, &shape, slot->data);
    }
    for (int i = 0; i < slot->net->weights; i++) {
        const gnl_weight *w = &slot->net->weight[i];
        snprintf(name, sizeof name, "optimizer.%s.%s.%s", slot->moment,
                 slot->net == vae->encoder ? "encoder" : "decoder", w->name);
        if (!w->param.state)
            GNL_TRY(fn(file, name, &w->param.shape, slot->data + w->offset));
    }
    return GENLAT_OK;
}

static genlat_status visit_tensors(genlat_vae *vae, bool training, tensor_fn *fn, void *file)
{
    const gnl_shape own = {1, {vae->loss->values}};
    if (vae->loss->values)
        GNL_TRY(fn(file, "likelihood.values", &own, vae->loss->value));
    for (int i = 0; training && i < gnl_optim_slots(vae->optim); i++) {
        const gnl_optim_slot slot = gnl_optim_slot_at(vae->optim, i);
        GNL_TRY(visit_moments(vae, &slot, fn, file));
    }
    return GENLAT_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static genlat_status write_texts(genlat_vae *vae, gnl_keep keep, gnl_writer *writer)
{
    char text[1024];
    gnl_field fields[FIELDS];
    GNL_TRY(gnl_fields_write(writer, fields, list_fields(&vae->recipe, fields)));
    GNL_TRY(gnl_options_format(&gnl_vae_table, &vae->recipe.opts, text, sizeof text));
    GNL_TRY(gnl_writer_meta(writer, "genlat.vae.options", text));
    snprintf(text, sizeof text, "%" PRId64, keep == GNL_KEEP_MODEL ? 0 : gnl_optim_steps(vae->optim));
    return gnl_writer_meta(writer, "genlat.train.optimizer_steps", text);
}

static genlat_status write_all(genlat_vae *vae, gnl_keep keep, gnl_writer *writer)
{
    GNL_TRY(gnl_writer_format(writer, "vae"));
    GNL_TRY(write_texts(vae, keep, writer));
    GNL_TRY(gnl_net_write(vae->encoder, writer, "encoder."));
    GNL_TRY(gnl_net_write(vae->decoder, writer, "decoder."));
    GNL_TRY(gnl_model_write(&vae->model, keep, writer));
    return visit_tensors(vae, keep == GNL_KEEP_TRAINING, write_tensor, writer);
}

static genlat_status save(genlat_vae *vae, gnl_keep keep, const char *path)
{
    gnl_writer *writer = NULL;
    GNL_TRY(gnl_writer_new(vae->model.object.ctx, &writer));
    genlat_status status = write_all(vae, keep, writer);
    if (status == GENLAT_OK)
        status = gnl_writer_save(writer, path);
    gnl_writer_destroy(writer);
    return status;
}

genlat_status gnl_vae_save(genlat_vae *vae, const char *path)
{
    return save(vae, GNL_KEEP_TRAINING, path);
}

/* ---- reading --------------------------------------------------------------------------------- */

static genlat_status read_recipe(const gnl_reader *reader, gnl_vae_recipe *recipe)
{
    gnl_field fields[FIELDS];
    GNL_TRY(gnl_fields_read(reader, fields, list_fields(recipe, fields)));
    return gnl_options_read(reader, "genlat.vae.options", &gnl_vae_table, &recipe->opts);
}

static genlat_status read_rest(genlat_vae *vae, gnl_reader *reader)
{
    const char *text = gnl_reader_meta(reader, "genlat.train.optimizer_steps");
    int64_t steps = 0;
    if (!text || !gnl_parse_int(text, &steps) || steps < 0)
        return gnl_field_bad(reader, "genlat.train.optimizer_steps", text);
    const bool training = gnl_reader_has_training(reader);
    gnl_optim_set_steps(vae->optim, training ? steps : 0);
    GNL_TRY(gnl_model_read(&vae->model, reader));
    GNL_TRY(visit_tensors(vae, training, read_tensor, reader));
    return gnl_model_read_best(&vae->model, reader);
}

/* Both nets, then the model around them. */
static genlat_status read_model(genlat_ctx *ctx, gnl_reader *reader, genlat_vae **out)
{
    gnl_vae_recipe recipe = {0};
    genlat_net *encoder = NULL, *decoder = NULL;
    GNL_TRY(read_recipe(reader, &recipe));
    genlat_status status = gnl_net_restore(ctx, reader, "encoder.", &encoder);
    if (status == GENLAT_OK)
        status = gnl_net_restore(ctx, reader, "decoder.", &decoder);
    if (status == GENLAT_OK) {
        recipe.data = encoder->node[0].shape;
        status = gnl_vae_make(ctx, &recipe, encoder, decoder, out);
    }
    if (status == GENLAT_OK)
        status = read_rest(*out, reader);
    gnl_net_release(encoder);
    gnl_net_release(decoder);
    return status;
}

static genlat_status load(genlat_ctx *ctx, const char *path, genlat_vae **out)
{
    gnl_reader *reader = NULL;
    GNL_TRY(gnl_reader_open(ctx, path, &reader));
    genlat_status status = gnl_reader_format(reader);
    if (status == GENLAT_OK && strcmp(gnl_reader_kind(reader), "vae") != 0)
        status =
            gnl_fail(GENLAT_E_FORMAT, "%s holds a '%s', a 'vae' is wanted", path, gnl_reader_kind(reader));
    if (status == GENLAT_OK)
        status = read_model(ctx, reader, out);
    gnl_reader_close(reader);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_vae_save(genlat_vae *vae, const char *path)
{
    GNL_REQUIRE(vae, "genlat_vae_save", "vae is NULL");
    GNL_REQUIRE(path, "genlat_vae_save", "path is NULL");
    genlat_status status = gnl_vae_save(vae, path);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "genlat_vae_save");
}

genlat_status genlat_vae_export(genlat_vae *vae, const char *path)
{
    GNL_REQUIRE(vae, "genlat_vae_export", "vae is NULL");
    GNL_REQUIRE(path, "genlat_vae_export", "path is NULL");
    genlat_status status = save(vae, GNL_KEEP_MODEL, path);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "genlat_vae_export");
}

genlat_status genlat_vae_load(genlat_ctx *ctx, const char *path, genlat_vae **out)
{
    GNL_REQUIRE(out, "genlat_vae_load", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, "genlat_vae_load", "ctx is NULL");
    GNL_REQUIRE(path, "genlat_vae_load", "path is NULL");
    genlat_status status = load(ctx, path, out);
    if (status == GENLAT_OK)
        return status;
    if (*out) {
        gnl_model_release(gnl_vae_model(*out));
        *out = NULL;
    }
    return gnl_fail_in(status, "genlat_vae_load");
}
