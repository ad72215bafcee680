/* SPDX-License-Identifier: MIT */
/* The builder of a VAE: collects the recipe, keeps the first error, completes the texts of the nets at build.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model/vae_priv.h"

static const char *const kind_names[] = {"variational", "plain", NULL};
static const char *const free_names[] = {"dimension", "sample", "whole", NULL};
static const char *const bound_names[] = {"elbo", "importance", NULL};
static const char *const estimator_names[] = {"total", "doubly", NULL};

static const gnl_option vae_options[] = {
    GNL_OPT_INT(genlat_vae_opts, latent, 20, 1, 65536, "latent dimensions"),
    GNL_OPT_INT(genlat_vae_opts, samples, 1, 1, 1024, "posterior samples a training sample and step"),
    GNL_OPT_REAL(genlat_vae_opts, beta, 1, 0, 1e6, "weight of the KL"),
    GNL_OPT_REAL(genlat_vae_opts, free_bits, 0, 0, 1e6, "nats of KL that cost nothing"),
    GNL_OPT_REAL(genlat_vae_opts, gamma, 0, 0, 1e9, "weight of |KL - capacity|; 0: not used"),
    GNL_OPT_REAL(genlat_vae_opts, capacity, 0, 0, 1e6, "KL aimed at with gamma, nats"),
    GNL_OPT_REAL(genlat_vae_opts, noise, 0, 0, 1e6, "sd of noise added to the encoder's input in training"),
    GNL_OPT_REAL(genlat_vae_opts, mask, 0, 0, 0.99, "part of the encoder's input set to 0 in training"),
    GNL_OPT_ENUM(genlat_vae_opts, kind, GENLAT_VAE_VARIATIONAL, GENLAT_VAE_PLAIN, kind_names,
                 "variational, or a plain autoencoder"),
    GNL_OPT_ENUM(genlat_vae_opts, free_kind, GENLAT_FREE_BITS_DIMENSION, GENLAT_FREE_BITS_WHOLE, free_names,
                 "how free bits are counted"),
    GNL_OPT_ENUM(genlat_vae_opts, bound, GENLAT_BOUND_ELBO, GENLAT_BOUND_IMPORTANCE, bound_names,
                 "what a step maximises"),
    GNL_OPT_ENUM(genlat_vae_opts, estimator, GENLAT_ESTIMATOR_TOTAL, GENLAT_ESTIMATOR_DOUBLY, estimator_names,
                 "how the importance-weighted bound reaches the encoder"),
    GNL_OPT_BOOL(genlat_vae_opts, recompute, 0, "activations are made again instead of kept"),
};
const gnl_options_table gnl_vae_table = {"vae", sizeof(genlat_vae_opts), vae_options, GNL_COUNT(vae_options)};

struct genlat_vae_builder {
    gnl_object object;
    gnl_vae_recipe recipe; /* encoder and decoder "": those of the preset */
    const gnl_vae_preset *preset;
    const gnl_vae_preset *encoder_family, *decoder_family; /* instead of the preset's; NULL: the preset's */
    genlat_net *encoder, *decoder;                         /* given as nets; NULL: made of text */
    genlat_status status;
    char error[512];
};

void genlat_vae_opts_init_sized(genlat_vae_opts *opts, size_t size)
{
    gnl_options_init(&gnl_vae_table, opts, size);
}

int gnl_vae_condition_inputs(const gnl_vae_recipe *recipe)
{
    return recipe->classes > 0 || recipe->vector > 0;
}

/* Keeps the first error under the name of the call. */
static void keep(genlat_vae_builder *b, genlat_status status, const char *function)
{
    if (status == GENLAT_OK || b->status != GENLAT_OK)
        return;
    b->status = gnl_fail_in(status, "%s", function);
    snprintf(b->error, sizeof b->error, "%s", genlat_last_error());
}

static bool accepts(const genlat_vae_builder *b)
{
    return b && b->status == GENLAT_OK;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static genlat_status take_preset(genlat_vae_builder *b, const char *name)
{
    const gnl_vae_preset *preset = name ? gnl_vae_preset_find(name) : NULL;
    if (!preset)
        return gnl_fail(GENLAT_E_NOT_FOUND, "no preset is called '%s'; genlat_vae_preset() lists them",
                        name ? name : "");
    gnl_vae_recipe *r = &b->recipe;
    bool weighted = preset->samples > 1;
    b->preset = preset;
    r->opts.latent = preset->latent;
    r->opts.samples = preset->samples;
    r->opts.bound = weighted ? GENLAT_BOUND_IMPORTANCE : GENLAT_BOUND_ELBO;
    r->opts.estimator = weighted ? GENLAT_ESTIMATOR_DOUBLY : GENLAT_ESTIMATOR_TOTAL;
    strcpy(r->likelihood, preset->likelihood);
    strcpy(r->optimizer, preset->optimizer);
    strcpy(r->lr_schedule, preset->lr_schedule);
    r->epochs = preset->epochs;
    r->batch = preset->batch;
    r->restore_best = preset->restore_best;
    return GENLAT_OK;
}

/* A preset's name stands for its net. */
static genlat_status take_net_text(char out[GNL_VAE_TEXT], const gnl_vae_preset **family, const char *text)
{
    GNL_TRY(gnl_words_copy(out, GNL_VAE_TEXT, text, "layers"));
    *family = gnl_vae_preset_find(text);
    if (*family)
        out[0] = '\0';
    return GENLAT_OK;
}

static genlat_status take_output_bias(genlat_vae_builder *b, const char *text)
{
    bool data = strcmp(text, "data") == 0;
    if (!data && strcmp(text, "zero") != 0)
        return gnl_fail(GENLAT_E_INVALID, "output_bias is '%s', data or zero wanted", text);
    b->recipe.bias_from_data = data;
    return GENLAT_OK;
}

static genlat_status take_words(genlat_vae_builder *b, const char *key, const char *value, bool *known)
{
    gnl_vae_recipe *r = &b->recipe;
    *known = true;
    if (strcmp(key, "encoder") == 0)
        return take_net_text(r->encoder, &b->encoder_family, value);
    if (strcmp(key, "decoder") == 0)
        return take_net_text(r->decoder, &b->decoder_family, value);
    if (strcmp(key, "condition") == 0)
        return gnl_condition_parse(value, &b->recipe.classes, &b->recipe.vector);
    if (strcmp(key, "output_bias") == 0)
        return take_output_bias(b, value);
    const struct {
        const char *key;
        char *out;
    } words[] = {{"likelihood", r->likelihood},
                 {"optimizer", r->optimizer},
                 {"lr_schedule", r->lr_schedule},
                 {"beta_schedule", r->beta_schedule}};
    for (size_t i = 0; i < GNL_COUNT(words); i++)
        if (strcmp(key, words[i].key) == 0)
            return gnl_words_copy(words[i].out, GNL_VAE_WORDS, value, key);
    *known = false;
    return GENLAT_OK;
}

static genlat_status take_pair(genlat_vae_builder *b, const char *key, const char *value)
{
    bool known = false;
    if (!key || !value)
        return gnl_fail(GENLAT_E_INVALID, "key or value is NULL");
    GNL_TRY(take_words(b, key, value, &known));
    return known ? GENLAT_OK : gnl_options_set(&gnl_vae_table, &b->recipe.opts, key, value, "vae");
}

static genlat_status take_likelihood(genlat_vae_builder *b, uint32_t family, const char *options)
{
    char text[GNL_VAE_WORDS];
    if (family >= GENLAT_LIKELIHOOD_CROSS_ENTROPY)
        return gnl_fail(GENLAT_E_INVALID, "family is %u, a GENLAT_LIKELIHOOD_* of data wanted",
                        (unsigned)family);
    int length = snprintf(text, sizeof text, "%s%s%s", gnl_loss_types[family]->name, options ? " " : "",
                          options ? options : "");
    if (length < 0 || (size_t)length >= sizeof text)
        return gnl_fail(GENLAT_E_RANGE, "options are longer than %d bytes", GNL_VAE_WORDS - 1);
    strcpy(b->recipe.likelihood, text);
    return GENLAT_OK;
}

/* ---- completing the texts -------------------------------------------------------------------- */

static genlat_status append_heads(char text[GNL_VAE_TEXT], const genlat_vae_opts *opts)
{
    char heads[256];
    long long latent = (long long)opts->latent;
    if (opts->kind == GENLAT_VAE_PLAIN)
        snprintf(heads, sizeof heads, " | dense units=%lld name=mean", latent);
    else
        snprintf(heads, sizeof heads,
                 " | identity name=features | dense units=%lld name=mean | dense units=%lld from=features "
                 "name=spread | "
                 "hardtanh bound=10 name=logvar | output mean,logvar",
                 latent, latent);
    if (strlen(text) + strlen(heads) >= GNL_VAE_TEXT)
        return gnl_fail(GENLAT_E_RANGE, "layers are longer than %d bytes", GNL_VAE_TEXT - 1);
    strcat(text, heads);
    return GENLAT_OK;
}

static genlat_status complete_encoder(genlat_vae_builder *b)
{
    gnl_vae_recipe *r = &b->recipe;
    const gnl_vae_preset *family = b->encoder_family ? b->encoder_family : b->preset;
    if (!*r->encoder)
        GNL_TRY(gnl_vae_family_encoder(family->family, family->widths, r, r->encoder));
    return append_heads(r->encoder, &r->opts);
}

static genlat_status complete_decoder(genlat_vae_builder *b, int64_t parts)
{
    gnl_vae_recipe *r = &b->recipe;
    const gnl_vae_preset *family = b->decoder_family ? b->decoder_family : b->preset;
    if (!*r->decoder)
        GNL_TRY(gnl_vae_family_decoder(family->family, family->widths, r, r->decoder));
    GNL_TRY(gnl_words_fill_in(r->decoder, sizeof r->decoder, "{out}", parts * gnl_shape_count(&r->data)));
    return gnl_words_fill_in(r->decoder, sizeof r->decoder, "{channels}", parts * r->data.dim[0]);
}

static genlat_status complete(genlat_vae_builder *b, const genlat_source *source)
{
    gnl_vae_recipe *r = &b->recipe;
    genlat_loss *loss = NULL;
    if (source)
        r->data = source->sample;
    if (r->data.ndim < 1)
        return gnl_fail(GENLAT_E_STATE, "the shape of the data is unknown; give a source or call "
                                        "genlat_vae_builder_data()");
    if (r->classes < 0)
        r->classes = source ? source->classes : 0;
    GNL_TRY(gnl_loss_parse(b->object.ctx, r->likelihood, &loss));
    int64_t parts = gnl_loss_parts(loss);
    gnl_loss_release(loss);
    if (b->encoder)
        return GENLAT_OK;
    GNL_TRY(complete_encoder(b));
    return complete_decoder(b, parts);
}

static void builder_release(genlat_vae_builder *b)
{
    if (!gnl_object_release(b))
        return;
    gnl_net_release(b->encoder);
    gnl_net_release(b->decoder);
    gnl_object_free(b);
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_vae_builder_new(genlat_ctx *ctx, genlat_vae_builder **out)
{
    GNL_REQUIRE(out, "genlat_vae_builder_new", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, "genlat_vae_builder_new", "ctx is NULL");
    genlat_vae_builder *b = gnl_object_new(ctx, sizeof *b);
    if (!b)
        return GENLAT_E_MEMORY;
    gnl_options_init(&gnl_vae_table, &b->recipe.opts, sizeof b->recipe.opts);
    keep(b, take_preset(b, "mlp"), "genlat_vae_builder_new");
    *out = b;
    return GENLAT_OK;
}

void genlat_vae_builder_destroy(genlat_vae_builder **builder)
{
    if (!builder)
        return;
    builder_release(*builder);
    *builder = NULL;
}

void genlat_vae_builder_preset(genlat_vae_builder *builder, const char *name)
{
    if (accepts(builder))
        keep(builder, take_preset(builder, name), "genlat_vae_builder_preset");
}

void genlat_vae_builder_data(genlat_vae_builder *builder, int32_t ndim, const int64_t *dims)
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
    keep(builder, status, "genlat_vae_builder_data");
}

void genlat_vae_builder_options(genlat_vae_builder *builder, const genlat_vae_opts *opts)
{
    if (!accepts(builder))
        return;
    genlat_vae_opts complete_opts;
    genlat_status status = opts ? gnl_options_take(&gnl_vae_table, opts, &complete_opts, "opts")
                                : gnl_fail(GENLAT_E_INVALID, "opts is NULL");
    if (status == GENLAT_OK)
        builder->recipe.opts = complete_opts;
    keep(builder, status, "genlat_vae_builder_options");
}

void genlat_vae_builder_set(genlat_vae_builder *builder, const char *key, const char *value)
{
    if (accepts(builder))
        keep(builder, take_pair(builder, key, value), "genlat_vae_builder_set");
}

void genlat_vae_builder_latent(genlat_vae_builder *builder, int64_t dimensions)
{
    if (!accepts(builder))
        return;
    genlat_vae_opts changed = builder->recipe.opts;
    changed.latent = dimensions;
    genlat_status status = gnl_options_check(&gnl_vae_table, &changed, "dimensions");
    if (status == GENLAT_OK)
        builder->recipe.opts = changed;
    keep(builder, status, "genlat_vae_builder_latent");
}

void genlat_vae_builder_encoder(genlat_vae_builder *builder, const char *layers)
{
    if (accepts(builder))
        keep(builder, take_net_text(builder->recipe.encoder, &builder->encoder_family, layers),
             "genlat_vae_builder_encoder");
}

void genlat_vae_builder_decoder(genlat_vae_builder *builder, const char *layers)
{
    if (accepts(builder))
        keep(builder, take_net_text(builder->recipe.decoder, &builder->decoder_family, layers),
             "genlat_vae_builder_decoder");
}

void genlat_vae_builder_nets(genlat_vae_builder *builder, genlat_net *encoder, genlat_net *decoder)
{
    if (!accepts(builder))
        return;
    if (!encoder || !decoder) {
        keep(builder, gnl_fail(GENLAT_E_INVALID, "encoder or decoder is NULL"), "genlat_vae_builder_nets");
        return;
    }
    gnl_net_release(builder->encoder);
    gnl_net_release(builder->decoder);
    builder->encoder = gnl_net_retain(encoder);
    builder->decoder = gnl_net_retain(decoder);
}

void genlat_vae_builder_likelihood(genlat_vae_builder *builder, uint32_t family, const char *options)
{
    if (accepts(builder))
        keep(builder, take_likelihood(builder, family, options), "genlat_vae_builder_likelihood");
}

void genlat_vae_builder_condition(genlat_vae_builder *builder, int64_t classes, int64_t vector)
{
    if (accepts(builder))
        keep(builder, gnl_condition_set(classes, vector, &builder->recipe.classes, &builder->recipe.vector),
             "genlat_vae_builder_condition");
}

void genlat_vae_builder_optimizer(genlat_vae_builder *builder, const char *optimizer, const char *schedule)
{
    if (!accepts(builder))
        return;
    gnl_vae_recipe *r = &builder->recipe;
    genlat_status status = gnl_words_copy(r->optimizer, sizeof r->optimizer, optimizer, "optimizer");
    if (status == GENLAT_OK)
        status = gnl_words_copy(r->lr_schedule, sizeof r->lr_schedule, schedule ? schedule : "", "schedule");
    keep(builder, status, "genlat_vae_builder_optimizer");
}

void genlat_vae_builder_beta_schedule(genlat_vae_builder *builder, const char *schedule)
{
    if (!accepts(builder))
        return;
    gnl_vae_recipe *r = &builder->recipe;
    keep(builder,
         gnl_words_copy(r->beta_schedule, sizeof r->beta_schedule, schedule ? schedule : "", "schedule"),
         "genlat_vae_builder_beta_schedule");
}

genlat_status genlat_vae_build(genlat_vae_builder **builder, genlat_source *source, genlat_vae **out)
{
    genlat_vae_builder *b = builder ? *builder : NULL;
    if (builder)
        *builder = NULL;
    if (!out) /* the builder is taken in any case */
        builder_release(b);
    GNL_REQUIRE(out, "genlat_vae_build", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(b, "genlat_vae_build", "builder is NULL");
    genlat_status status = b->status;
    if (status != GENLAT_OK)
        (void)gnl_fail(status, "%s", b->error);
    else
        status = complete(b, source);
    if (status == GENLAT_OK)
        status = gnl_vae_make(b->object.ctx, &b->recipe, b->encoder, b->decoder, out);
    if (status == GENLAT_OK && b->recipe.bias_from_data && source)
        status = gnl_vae_bias_from(*out, source);
    if (status != GENLAT_OK && b->status == GENLAT_OK)
        status = gnl_fail_in(status, "genlat_vae_build");
    if (status != GENLAT_OK && *out) {
        gnl_model_release(gnl_vae_model(*out));
        *out = NULL;
    }
    builder_release(b);
    return status;
}
