/* SPDX-License-Identifier: MIT */
/* The builder of a GAN: collects the recipe, keeps the first error, completes the texts of the nets at build. */
#include <stdio.h>
#include <stdlib.h>

#include "model/gan_priv.h"

static const char *const penalty_names[] = {"zero", "one", "one_sided", NULL};
static const char *const place_names[] = {"interpolate", "dragan", NULL};
static const char *const conditioning_names[] = {"concat", "projection", "auxiliary", NULL};
static const char *const output_names[] = {"linear", "sigmoid", "tanh", NULL};

static const gnl_option gan_options[] = {
    GNL_OPT_INT(genlat_gan_opts, latent, 0, 0, 65536,
                "latent dimensions; 0: 64, or as many as a sample has elements"),
    GNL_OPT_INT(genlat_gan_opts, critic_steps, 1, 1, 1000, "steps of the critic for each of the generator"),
    GNL_OPT_INT(genlat_gan_opts, packing, 1, 1, 64, "samples that the critic sees together"),
    GNL_OPT_INT(genlat_gan_opts, penalty_every, 1, 1, 1000,
                "critic steps from one with penalties to the next"),
    GNL_OPT_REAL(genlat_gan_opts, r1, 0.1, 0, 1e9, "weight of |grad D|^2 / 2 at real samples"),
    GNL_OPT_REAL(genlat_gan_opts, r2, 0.1, 0, 1e9, "weight of |grad D|^2 / 2 at generated samples"),
    GNL_OPT_REAL(genlat_gan_opts, gp, 0, 0, 1e9, "weight of the penalty gp_kind at gp_place"),
    GNL_OPT_REAL(genlat_gan_opts, label_smoothing, 0, 0, 0.5, "taken off the target of real samples"),
    GNL_OPT_REAL(genlat_gan_opts, noise, 0, 0, 1e6, "sd of the noise on all that the critic sees"),
    GNL_OPT_REAL(genlat_gan_opts, clip, 0, 0, 1e6, "bound of the critic's weights; 0: none"),
    GNL_OPT_REAL(genlat_gan_opts, ema, 50000, 0, 1e15,
                 "half-life of the generator's average, samples; 0: none"),
    GNL_OPT_REAL(genlat_gan_opts, ema_ramp, 0.05, 0, 1e6,
                 "most of it, as part of the samples seen; 0: no ramp"),
    GNL_OPT_ENUM(genlat_gan_opts, loss, GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR,
                 GENLAT_ADVERSARIAL_RELATIVISTIC_AVERAGE, gnl_adversarial_names, "adversarial loss"),
    GNL_OPT_ENUM(genlat_gan_opts, gp_kind, GENLAT_PENALTY_ONE, GENLAT_PENALTY_ONE_SIDED, penalty_names,
                 "what gp lowers"),
    GNL_OPT_ENUM(genlat_gan_opts, gp_place, GENLAT_GAN_PLACE_INTERPOLATE, GENLAT_GAN_PLACE_DRAGAN,
                 place_names, "where gp is taken"),
    GNL_OPT_ENUM(genlat_gan_opts, output, GENLAT_GAN_OUTPUT_LINEAR, GENLAT_GAN_OUTPUT_TANH, output_names,
                 "what closes a preset's generator"),
    GNL_OPT_REAL(genlat_gan_opts, approx_r1, 0, 0, 1e9, "weight of (D(x) - D(x + noise))^2 at real samples"),
    GNL_OPT_REAL(genlat_gan_opts, approx_r2, 0, 0, 1e9, "the same at generated samples"),
    GNL_OPT_REAL(genlat_gan_opts, approx_sd, 0.01, 0, 1e6, "sd of that noise"),
    GNL_OPT_REAL(genlat_gan_opts, auxiliary, 1, 0, 1e9,
                 "weight of the classes' cross-entropy, for conditioning=auxiliary"),
    GNL_OPT_REAL(genlat_gan_opts, feature_matching, 0, 0, 1e9,
                 "weight of the squared distance of the critic's mean features"),
    GNL_OPT_REAL(genlat_gan_opts, history, 0, 0, 1e9,
                 "weight of the squared distance of all weights from their mean over the steps"),
    GNL_OPT_REAL(genlat_gan_opts, augment_strength, 1, 0, 1,
                 "probability of each change of augment; with a target, the most it becomes"),
    GNL_OPT_REAL(genlat_gan_opts, augment_target, 0, 0, 1,
                 "mean sign of the critic on real data that the probability follows; 0: it stays"),
    GNL_OPT_REAL(genlat_gan_opts, augment_speed, 500000, 1, 1e15,
                 "samples in which that probability moves by 1"),
    GNL_OPT_REAL(genlat_gan_opts, orthogonal, 0, 0, 1e9,
                 "weight of |W W^T without its diagonal|^2 / 2 over the matrices of both nets"),
    GNL_OPT_REAL(genlat_gan_opts, label_smoothing_fake, 0, 0, 0.5,
                 "added to the target of generated samples"),
    GNL_OPT_ENUM(genlat_gan_opts, conditioning, GENLAT_GAN_CONDITIONING_CONCAT,
                 GENLAT_GAN_CONDITIONING_AUXILIARY, conditioning_names,
                 "how the discriminator takes the condition"),
    GNL_OPT_BOOL(genlat_gan_opts, recompute, 0, "activations are made again instead of kept"),
};
const gnl_options_table gnl_gan_table = {"gan", sizeof(genlat_gan_opts), gan_options, GNL_COUNT(gan_options)};

struct genlat_gan_builder {
    gnl_object object;
    gnl_gan_recipe recipe; /* generator and discriminator "": those of the preset */
    const gnl_gan_preset *preset;
    genlat_net *generator, *discriminator; /* given as nets; NULL: made of text */
    genlat_status status;
    char error[512];
};

void genlat_gan_opts_init_sized(genlat_gan_opts *opts, size_t size)
{
    gnl_options_init(&gnl_gan_table, opts, size);
}

/* Keeps the first error under the name of the call. */
static void keep(genlat_gan_builder *b, genlat_status status, const char *function)
{
    if (status == GENLAT_OK || b->status != GENLAT_OK)
        return;
    b->status = gnl_fail_in(status, "%s", function);
    snprintf(b->error, sizeof b->error, "%s", genlat_last_error());
}

static bool accepts(const genlat_gan_builder *b)
{
    return b && b->status == GENLAT_OK;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static genlat_status take_preset(genlat_gan_builder *b, const char *name)
{
    const gnl_gan_preset *preset = name ? gnl_gan_preset_find(name) : NULL;
    if (!preset)
        return gnl_fail(GENLAT_E_NOT_FOUND, "no preset is called '%s'; genlat_gan_preset() lists them",
                        name ? name : "");
    b->preset = preset;
    return gnl_gan_preset_take(preset, &b->recipe);
}

static genlat_status take_words(genlat_gan_builder *b, const char *key, const char *value, bool *known)
{
    gnl_gan_recipe *r = &b->recipe;
    const struct {
        const char *key;
        char *out;
        size_t capacity;
    } words[] = {{"generator", r->generator, sizeof r->generator},
                 {"discriminator", r->discriminator, sizeof r->discriminator},
                 {"optimizer_g", r->optimizer_g, sizeof r->optimizer_g},
                 {"optimizer_d", r->optimizer_d, sizeof r->optimizer_d},
                 {"lr_schedule", r->lr_schedule, sizeof r->lr_schedule},
                 {"noise_schedule", r->noise_schedule, sizeof r->noise_schedule},
                 {"penalty_schedule", r->penalty_schedule, sizeof r->penalty_schedule},
                 {"beta2_schedule", r->beta2_schedule, sizeof r->beta2_schedule},
                 {"augment", r->augment, sizeof r->augment}};
    *known = true;
    if (strcmp(key, "condition") == 0)
        return gnl_condition_parse(value, &b->recipe.classes, &b->recipe.vector);
    for (size_t i = 0; i < GNL_COUNT(words); i++)
        if (strcmp(key, words[i].key) == 0)
            return gnl_words_copy(words[i].out, words[i].capacity, value, key);
    *known = false;
    return GENLAT_OK;
}

static genlat_status take_pair(genlat_gan_builder *b, const char *key, const char *value)
{
    bool known = false;
    if (!key || !value)
        return gnl_fail(GENLAT_E_INVALID, "key or value is NULL");
    GNL_TRY(take_words(b, key, value, &known));
    return known ? GENLAT_OK : gnl_options_set(&gnl_gan_table, &b->recipe.opts, key, value, "gan");
}

/* ---- completing the texts -------------------------------------------------------------------- */

static genlat_status complete_nets(genlat_gan_builder *b)
{
    gnl_gan_recipe *r = &b->recipe;
    if (!*r->generator)
        GNL_TRY(gnl_gan_preset_generator(b->preset, r, r->generator));
    if (!*r->discriminator)
        GNL_TRY(gnl_gan_preset_discriminator(b->preset, r, r->discriminator));
    GNL_TRY(gnl_words_fill_in(r->generator, sizeof r->generator, "{out}", gnl_shape_count(&r->data)));
    return gnl_words_fill_in(r->generator, sizeof r->generator, "{channels}", r->data.dim[0]);
}

static genlat_status complete(genlat_gan_builder *b, const genlat_source *source)
{
    gnl_gan_recipe *r = &b->recipe;
    if (source)
        r->data = source->sample;
    if (r->data.ndim < 1)
        return gnl_fail(GENLAT_E_STATE, "the shape of the data is unknown; give a source or call "
                                        "genlat_gan_builder_data()");
    if (r->classes < 0)
        r->classes = source ? source->classes : 0;
    if (r->opts.latent == 0)
        r->opts.latent = GNL_MIN(gnl_shape_count(&r->data), (int64_t)64);
    return b->generator ? GENLAT_OK : complete_nets(b);
}

static void builder_release(genlat_gan_builder *b)
{
    if (!gnl_object_release(b))
        return;
    gnl_net_release(b->generator);
    gnl_net_release(b->discriminator);
    gnl_object_free(b);
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_gan_builder_new(genlat_ctx *ctx, genlat_gan_builder **out)
{
    GNL_REQUIRE(out, "genlat_gan_builder_new", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, "genlat_gan_builder_new", "ctx is NULL");
    genlat_gan_builder *b = gnl_object_new(ctx, sizeof *b);
    if (!b)
        return GENLAT_E_MEMORY;
    keep(b, take_preset(b, "r3"), "genlat_gan_builder_new");
    *out = b;
    return GENLAT_OK;
}

void genlat_gan_builder_destroy(genlat_gan_builder **builder)
{
    if (!builder)
        return;
    builder_release(*builder);
    *builder = NULL;
}

void genlat_gan_builder_preset(genlat_gan_builder *builder, const char *name)
{
    if (accepts(builder))
        keep(builder, take_preset(builder, name), "genlat_gan_builder_preset");
}

void genlat_gan_builder_data(genlat_gan_builder *builder, int32_t ndim, const int64_t *dims)
{
    if (!accepts(builder))
        return;
    genlat_status status = GENLAT_OK;
    if (ndim < 1 || ndim >= GENLAT_MAX_DIMS || !dims)
        status = gnl_fail(GENLAT_E_INVALID, "dims is NULL or ndim is not from 1 to %d", GENLAT_MAX_DIMS - 1);
    if (status == GENLAT_OK) {
        builder->recipe.data = gnl_shape_of(ndim, dims);
        int64_t count = 0;
        status = gnl_shape_check(&builder->recipe.data, &count, "data");
        if (status == GENLAT_OK && count == 0)
            status = gnl_fail(GENLAT_E_SHAPE, "a sample has no elements");
    }
    keep(builder, status, "genlat_gan_builder_data");
}

void genlat_gan_builder_options(genlat_gan_builder *builder, const genlat_gan_opts *opts)
{
    if (!accepts(builder))
        return;
    genlat_gan_opts complete_opts;
    genlat_status status = opts ? gnl_options_take(&gnl_gan_table, opts, &complete_opts, "opts")
                                : gnl_fail(GENLAT_E_INVALID, "opts is NULL");
    if (status == GENLAT_OK)
        builder->recipe.opts = complete_opts;
    keep(builder, status, "genlat_gan_builder_options");
}

void genlat_gan_builder_set(genlat_gan_builder *builder, const char *key, const char *value)
{
    if (accepts(builder))
        keep(builder, take_pair(builder, key, value), "genlat_gan_builder_set");
}

void genlat_gan_builder_latent(genlat_gan_builder *builder, int64_t dimensions)
{
    if (!accepts(builder))
        return;
    genlat_gan_opts changed = builder->recipe.opts;
    changed.latent = dimensions;
    genlat_status status = gnl_options_check(&gnl_gan_table, &changed, "dimensions");
    if (status == GENLAT_OK)
        builder->recipe.opts = changed;
    keep(builder, status, "genlat_gan_builder_latent");
}

static void set_words(genlat_gan_builder *b, char *out, size_t capacity, const char *text, const char *name,
                      const char *function)
{
    if (accepts(b))
        keep(b, gnl_words_copy(out, capacity, text, name), function);
}

void genlat_gan_builder_generator(genlat_gan_builder *builder, const char *layers)
{
    if (builder)
        set_words(builder, builder->recipe.generator, GNL_GAN_TEXT, layers, "layers",
                  "genlat_gan_builder_generator");
}

void genlat_gan_builder_discriminator(genlat_gan_builder *builder, const char *layers)
{
    if (builder)
        set_words(builder, builder->recipe.discriminator, GNL_GAN_TEXT, layers, "layers",
                  "genlat_gan_builder_discriminator");
}

void genlat_gan_builder_nets(genlat_gan_builder *builder, genlat_net *generator, genlat_net *discriminator)
{
    if (!accepts(builder))
        return;
    if (!generator || !discriminator) {
        keep(builder, gnl_fail(GENLAT_E_INVALID, "generator or discriminator is NULL"),
             "genlat_gan_builder_nets");
        return;
    }
    gnl_net_release(builder->generator);
    gnl_net_release(builder->discriminator);
    builder->generator = gnl_net_retain(generator);
    builder->discriminator = gnl_net_retain(discriminator);
}

void genlat_gan_builder_condition(genlat_gan_builder *builder, int64_t classes, int64_t vector)
{
    if (accepts(builder))
        keep(builder, gnl_condition_set(classes, vector, &builder->recipe.classes, &builder->recipe.vector),
             "genlat_gan_builder_condition");
}

void genlat_gan_builder_optimizers(genlat_gan_builder *builder, const char *generator,
                                   const char *discriminator, const char *schedule)
{
    const char *where = "genlat_gan_builder_optimizers";
    if (!builder)
        return;
    gnl_gan_recipe *r = &builder->recipe;
    set_words(builder, r->optimizer_g, GNL_GAN_WORDS, generator, "generator", where);
    set_words(builder, r->optimizer_d, GNL_GAN_WORDS, discriminator ? discriminator : "", "discriminator",
              where);
    set_words(builder, r->lr_schedule, GNL_GAN_WORDS, schedule ? schedule : "", "schedule", where);
}

void genlat_gan_builder_schedules(genlat_gan_builder *builder, const char *noise, const char *penalty)
{
    const char *where = "genlat_gan_builder_schedules";
    if (!builder)
        return;
    gnl_gan_recipe *r = &builder->recipe;
    set_words(builder, r->noise_schedule, GNL_GAN_WORDS, noise ? noise : "", "noise", where);
    set_words(builder, r->penalty_schedule, GNL_GAN_WORDS, penalty ? penalty : "", "penalty", where);
}

genlat_status genlat_gan_build(genlat_gan_builder **builder, genlat_source *source, genlat_gan **out)
{
    GNL_REQUIRE(out, "genlat_gan_build", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(builder && *builder, "genlat_gan_build", "builder is NULL");
    genlat_gan_builder *b = *builder;
    *builder = NULL;
    genlat_status status = b->status;
    if (status != GENLAT_OK)
        (void)gnl_fail(status, "%s", b->error);
    else
        status = complete(b, source);
    if (status == GENLAT_OK)
        status = gnl_gan_make(b->object.ctx, &b->recipe, b->generator, b->discriminator, out);
    if (status != GENLAT_OK && b->status == GENLAT_OK)
        status = gnl_fail_in(status, "genlat_gan_build");
    if (status != GENLAT_OK && *out) {
        gnl_model_release(gnl_gan_model(*out));
        *out = NULL;
    }
    builder_release(b);
    return status;
}
