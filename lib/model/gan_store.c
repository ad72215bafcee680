/* SPDX-License-Identifier: MIT */
/* The GAN in a file: recipe and progress as text in the metadata; nets, average and moments as tensors. */
#include <inttypes.h>
#include <stdio.h>

#include "model/gan_priv.h"

enum { KEY = 192, FIELDS = 16 };

/* ---- fields of the metadata ------------------------------------------------------------------ */

/* Numbers that are kept beside the recipe. */
typedef struct counters {
    int64_t steps_g, steps_d, drawn;
    double averaged; /* samples that the average has seen */
    double strength; /* of the changes of what the critic sees */
} counters;

static int list_fields(gnl_gan_recipe *r, counters *c, gnl_field *out)
{
    const gnl_field all[] = {
        {"genlat.gan.optimizer_g", GNL_FIELD_TEXT, r->optimizer_g, sizeof r->optimizer_g},
        {"genlat.gan.optimizer_d", GNL_FIELD_TEXT, r->optimizer_d, sizeof r->optimizer_d},
        {"genlat.gan.lr_schedule", GNL_FIELD_TEXT, r->lr_schedule, sizeof r->lr_schedule},
        {"genlat.gan.noise_schedule", GNL_FIELD_TEXT, r->noise_schedule, sizeof r->noise_schedule},
        {"genlat.gan.penalty_schedule", GNL_FIELD_TEXT, r->penalty_schedule, sizeof r->penalty_schedule},
        {"genlat.gan.classes", GNL_FIELD_WHOLE, &r->classes, 0},
        {"genlat.gan.vector", GNL_FIELD_WHOLE, &r->vector, 0},
        {"genlat.gan.epochs", GNL_FIELD_WHOLE, &r->epochs, 0},
        {"genlat.gan.batch", GNL_FIELD_WHOLE, &r->batch, 0},
        {"genlat.gan.steps_g", GNL_FIELD_WHOLE, &c->steps_g, 0},
        {"genlat.gan.steps_d", GNL_FIELD_WHOLE, &c->steps_d, 0},
        {"genlat.gan.drawn", GNL_FIELD_WHOLE, &c->drawn, 0},
        {"genlat.gan.averaged", GNL_FIELD_REAL, &c->averaged, 0},
    };
    memcpy(out, all, sizeof all);
    return (int)GNL_COUNT(all);
}

static int list_later_fields(gnl_gan_recipe *r, counters *c, gnl_field *out)
{
    out[0] = (gnl_field){"genlat.gan.augment", GNL_FIELD_TEXT, r->augment, sizeof r->augment};
    out[1] = (gnl_field){"genlat.gan.strength", GNL_FIELD_REAL, &c->strength, 0};
    out[2] =
        (gnl_field){"genlat.gan.beta2_schedule", GNL_FIELD_TEXT, r->beta2_schedule, sizeof r->beta2_schedule};
    return 3;
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

/* Arrays laid out as a net's own, under the names of its weights; states NULL: the trained weights alone. */
static genlat_status visit_arena(const genlat_net *net, const char *prefix, gnl_real *values,
                                 gnl_real *states, tensor_fn *fn, void *file)
{
    char name[KEY];
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        gnl_real *arena = w->param.state ? states : values;
        snprintf(name, sizeof name, "%s.%s", prefix, w->name);
        if (arena)
            GNL_TRY(fn(file, name, &w->param.shape, arena + w->offset));
    }
    return GENLAT_OK;
}

static genlat_status visit_moments(const genlat_net *net, const genlat_optim *optim, const char *part,
                                   tensor_fn *fn, void *file)
{
    char prefix[KEY / 2];
    for (int i = 0; i < gnl_optim_slots(optim); i++) {
        const gnl_optim_slot slot = gnl_optim_slot_at(optim, i);
        snprintf(prefix, sizeof prefix, "optimizer.%s.%s", slot.moment, part);
        GNL_TRY(visit_arena(net, prefix, slot.data, NULL, fn, file));
    }
    return GENLAT_OK;
}

static genlat_status visit_tensors(genlat_gan *gan, bool training, tensor_fn *fn, void *file)
{
    if (gan->ema)
        GNL_TRY(visit_arena(gan->generator, "average", gan->ema->value, gan->ema->state, fn, file));
    if (!training)
        return GENLAT_OK;
    if (gan->history[0]) {
        GNL_TRY(visit_arena(gan->generator, "history.generator", gan->history[0], NULL, fn, file));
        GNL_TRY(visit_arena(gan->discriminator, "history.discriminator", gan->history[1], NULL, fn, file));
    }
    GNL_TRY(visit_moments(gan->generator, gan->optim_g, "generator", fn, file));
    return visit_moments(gan->discriminator, gan->optim_d, "discriminator", fn, file);
}

/* ---- writing --------------------------------------------------------------------------------- */

static genlat_status write_texts(genlat_gan *gan, gnl_keep keep, gnl_writer *writer)
{
    char text[1024];
    gnl_field fields[FIELDS];
    counters c = {gnl_optim_steps(gan->optim_g), gnl_optim_steps(gan->optim_d), atomic_load(&gan->drawn),
                  gan->ema ? gan->ema->samples : 0, gan->strength};
    if (keep == GNL_KEEP_MODEL)
        c = (counters){.drawn = c.drawn, .averaged = c.averaged};
    GNL_TRY(gnl_fields_write(writer, fields, list_fields(&gan->recipe, &c, fields)));
    GNL_TRY(gnl_fields_write(writer, fields, list_later_fields(&gan->recipe, &c, fields)));
    GNL_TRY(gnl_options_format(&gnl_gan_table, &gan->recipe.opts, text, sizeof text));
    return gnl_writer_meta(writer, "genlat.gan.options", text);
}

static genlat_status write_all(genlat_gan *gan, gnl_keep keep, gnl_writer *writer)
{
    GNL_TRY(gnl_writer_format(writer, "gan"));
    GNL_TRY(write_texts(gan, keep, writer));
    GNL_TRY(gnl_net_write(gan->generator, writer, "generator."));
    GNL_TRY(gnl_net_write(gan->discriminator, writer, "discriminator."));
    GNL_TRY(gnl_model_write(&gan->model, keep, writer));
    return visit_tensors(gan, keep == GNL_KEEP_TRAINING, write_tensor, writer);
}

static genlat_status save(genlat_gan *gan, gnl_keep keep, const char *path)
{
    gnl_writer *writer = NULL;
    GNL_TRY(gnl_writer_new(gan->model.object.ctx, &writer));
    genlat_status status = write_all(gan, keep, writer);
    if (status == GENLAT_OK)
        status = gnl_writer_save(writer, path);
    gnl_writer_destroy(writer);
    return status;
}

genlat_status gnl_gan_save(genlat_gan *gan, const char *path)
{
    return save(gan, GNL_KEEP_TRAINING, path);
}

/* ---- reading --------------------------------------------------------------------------------- */

static genlat_status read_recipe(const gnl_reader *reader, gnl_gan_recipe *recipe, counters *c)
{
    gnl_field fields[FIELDS];
    GNL_TRY(gnl_fields_read(reader, fields, list_fields(recipe, c, fields)));
    GNL_TRY(gnl_fields_read_later(reader, fields, list_later_fields(recipe, c, fields)));
    return gnl_options_read(reader, "genlat.gan.options", &gnl_gan_table, &recipe->opts);
}

/* The critic's input is what `packing` samples are together. */
static genlat_status unpack_shape(const genlat_net *discriminator, gnl_gan_recipe *recipe, const char *path)
{
    recipe->data = discriminator->node[0].shape;
    if (recipe->data.ndim < 1 || recipe->data.dim[0] % recipe->opts.packing)
        return gnl_fail(GENLAT_E_FORMAT, "%s: the discriminator does not take packs of %lld", path,
                        (long long)recipe->opts.packing);
    recipe->data.dim[0] /= recipe->opts.packing;
    return GENLAT_OK;
}

static genlat_status read_rest(genlat_gan *gan, const counters *c, gnl_reader *reader)
{
    const bool training = gnl_reader_has_training(reader);
    if (training) {
        gnl_optim_set_steps(gan->optim_g, c->steps_g);
        gnl_optim_set_steps(gan->optim_d, c->steps_d);
        gan->strength = c->strength > 0 ? GNL_MIN(c->strength, 1) : 0;
    }
    atomic_store(&gan->drawn, c->drawn);
    if (gan->ema)
        gan->ema->samples = c->averaged;
    atomic_store(&gan->stale, gan->ema != NULL);
    GNL_TRY(gnl_model_read(&gan->model, reader));
    return visit_tensors(gan, training, read_tensor, reader);
}

static genlat_status read_nets(genlat_ctx *ctx, gnl_reader *reader, gnl_gan_recipe *recipe, genlat_gan **out)
{
    genlat_net *generator = NULL, *discriminator = NULL;
    genlat_status status = gnl_net_restore(ctx, reader, "generator.", &generator);
    if (status == GENLAT_OK)
        status = gnl_net_restore(ctx, reader, "discriminator.", &discriminator);
    if (status == GENLAT_OK)
        status = unpack_shape(discriminator, recipe, gnl_reader_path(reader));
    if (status == GENLAT_OK)
        status = gnl_gan_make(ctx, recipe, generator, discriminator, out);
    gnl_net_release(generator);
    gnl_net_release(discriminator);
    return status;
}

static genlat_status read_model(genlat_ctx *ctx, gnl_reader *reader, gnl_gan_recipe *recipe, genlat_gan **out)
{
    counters c = {0};
    GNL_TRY(read_recipe(reader, recipe, &c));
    GNL_TRY(read_nets(ctx, reader, recipe, out));
    return read_rest(*out, &c, reader);
}

static genlat_status load(genlat_ctx *ctx, const char *path, genlat_gan **out)
{
    gnl_reader *reader = NULL;
    GNL_TRY(gnl_reader_open(ctx, path, &reader));
    gnl_gan_recipe *recipe = gnl_calloc(ctx, 1, sizeof *recipe);
    genlat_status status = recipe ? gnl_reader_format(reader) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK && strcmp(gnl_reader_kind(reader), "gan") != 0)
        status =
            gnl_fail(GENLAT_E_FORMAT, "%s holds a '%s', a 'gan' is wanted", path, gnl_reader_kind(reader));
    if (status == GENLAT_OK)
        status = read_model(ctx, reader, recipe, out);
    gnl_free(ctx, recipe);
    gnl_reader_close(reader);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_gan_save(genlat_gan *gan, const char *path)
{
    GNL_REQUIRE(gan, "genlat_gan_save", "gan is NULL");
    GNL_REQUIRE(path, "genlat_gan_save", "path is NULL");
    genlat_status status = gnl_gan_save(gan, path);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "genlat_gan_save");
}

genlat_status genlat_gan_export(genlat_gan *gan, const char *path)
{
    GNL_REQUIRE(gan, "genlat_gan_export", "gan is NULL");
    GNL_REQUIRE(path, "genlat_gan_export", "path is NULL");
    genlat_status status = save(gan, GNL_KEEP_MODEL, path);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "genlat_gan_export");
}

genlat_status genlat_gan_load(genlat_ctx *ctx, const char *path, genlat_gan **out)
{
    GNL_REQUIRE(out, "genlat_gan_load", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, "genlat_gan_load", "ctx is NULL");
    GNL_REQUIRE(path, "genlat_gan_load", "path is NULL");
    genlat_status status = load(ctx, path, out);
    if (status == GENLAT_OK)
        return status;
    if (*out) {
        gnl_model_release(gnl_gan_model(*out));
        *out = NULL;
    }
    return gnl_fail_in(status, "genlat_gan_load");
}
