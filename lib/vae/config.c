/* SPDX-License-Identifier: MIT */
/* The configuration of a VAE: options, texts, and their completion when the model is built. */
#include <stdio.h>

#include "model/builder.h"
#include "vae/vae_priv.h"

static const char *const kind_names[] = {"variational", "plain", NULL};
static const char *const free_names[] = {"dimension", "sample", "whole", NULL};
static const char *const bound_names[] = {"elbo", "importance", NULL};
static const char *const estimator_names[] = {"total", "doubly", "path", NULL};

static const gnl_option options[] = {
    GNL_OPT_INT(genlat_vae_opts, latent, 20, 1, 65536, "latent dimensions"),
    GNL_OPT_INT(genlat_vae_opts, samples, 1, 1, 1024, "codes per training sample in a step"),
    GNL_OPT_REAL(genlat_vae_opts, beta, 1, 0, 1e6, "weight of the KL"),
    GNL_OPT_REAL(genlat_vae_opts, free_bits, 0, 0, 1e6, "KL in nats that is not penalized"),
    GNL_OPT_REAL(genlat_vae_opts, gamma, 0, 0, 1e9, "weight of |KL - capacity|; 0: not used"),
    GNL_OPT_REAL(genlat_vae_opts, capacity, 0, 0, 1e6, "target KL in nats, used with gamma"),
    GNL_OPT_REAL(genlat_vae_opts, noise, 0, 0, 1e6,
                 "standard deviation of noise added to the encoder's input in training"),
    GNL_OPT_REAL(genlat_vae_opts, mask, 0, 0, 0.99, "fraction of the encoder's input set to 0 in training"),
    GNL_OPT_ENUM(genlat_vae_opts, kind, GENLAT_VAE_VARIATIONAL, GENLAT_VAE_PLAIN, kind_names,
                 "variational or plain autoencoder"),
    GNL_OPT_ENUM(genlat_vae_opts, free_kind, GENLAT_FREE_BITS_DIMENSION, GENLAT_FREE_BITS_WHOLE, free_names,
                 "unit that free bits apply to"),
    GNL_OPT_ENUM(genlat_vae_opts, bound, GENLAT_BOUND_ELBO, GENLAT_BOUND_IMPORTANCE, bound_names,
                 "bound of the log-likelihood that training maximizes"),
    GNL_OPT_ENUM(genlat_vae_opts, estimator, GENLAT_ESTIMATOR_TOTAL, GENLAT_ESTIMATOR_PATH, estimator_names,
                 "estimator of the encoder's gradient, an option of the bound"),
    GNL_OPT_BOOL(genlat_vae_opts, recompute, 0, "recompute activations in the backward pass to save memory"),
};
static const gnl_options_table table = {
    "vae", sizeof(genlat_vae_opts), options, GNL_COUNT(options), {offsetof(genlat_vae_opts, reserved)}};

static const gnl_text texts[] = {
    GNL_TEXT(gnl_vae_config, encoder, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, decoder, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, architecture, GNL_TEXT_BUILD, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, likelihood, GNL_TEXT_SPEC, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, posterior, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, prior, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, terms, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, bound, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, missing, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, decoder_inputs, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, optimizer, GNL_TEXT_OPTIMIZER, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, term_optimizer, GNL_TEXT_OPTIMIZER, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, lr_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, beta_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, output_bias, GNL_TEXT_BUILD, GNL_TEXT_REQUIRED),
};

const gnl_config_type gnl_vae_config_type = {"vae", sizeof(gnl_vae_config), &table, offsetof(gnl_vae_config, opts),
                                             texts, GNL_COUNT(texts)};

genlat_status genlat_vae_builder_options(genlat_model_builder *builder, genlat_vae_opts *opts)
{
    GNL_ENTER();
    return gnl_builder_get_options(builder, "vae", opts);
}

void genlat_vae_builder_set_options(genlat_model_builder *builder, const genlat_vae_opts *opts)
{
    GNL_ENTER();
    gnl_builder_set_options(builder, "vae", opts);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

/* Copies `text`, or `shorthand` if text is empty. `set` names the options that are set in place of the text; if it is
 * not empty, text must be empty. */
static genlat_status choose(const char *name, const char *text, const char *shorthand, const char *set, char *out,
                            size_t capacity)
{
    if (*text && *set)
        return gnl_fail(GENLAT_E_INVALID, "%s is '%s', but %s is also set; set only one of them", name, text, set);
    snprintf(out, capacity, "%s", *text ? text : shorthand);
    return GENLAT_OK;
}

/* Formats the options of the KL as the text of a term, such as "kl beta=4". */
static void format_kl(const genlat_vae_opts *o, char *text, size_t capacity)
{
    const struct {
        const char *key;
        double value, usual;
    } reals[] = {
        {"beta", o->beta, 1}, {"free_bits", o->free_bits, 0}, {"gamma", o->gamma, 0}, {"capacity", o->capacity, 0}};
    snprintf(text, capacity, "kl");
    for (size_t i = 0; i < GNL_COUNT(reals); i++) {
        char number[40];
        gnl_format_real(reals[i].value, number, sizeof number);
        if (reals[i].value != reals[i].usual)
            gnl_text_append(text, capacity, " %s=%s", reals[i].key, number);
    }
    if (o->free_kind != GENLAT_FREE_BITS_DIMENSION)
        gnl_text_append(text, capacity, " free=%s", free_names[o->free_kind]);
}

/* The kinds of the latents as texts, either set as texts or formatted from the options. */
typedef struct vae_kinds {
    char posterior[GNL_TEXT_LENGTH], prior[GNL_TEXT_LENGTH], terms[GNL_SPEC_TEXT], bound[GNL_SPEC_TEXT];
} vae_kinds;

/* Formats the bound, such as "importance estimator=doubly". */
static genlat_status find_bound(const gnl_vae_config *c, char *out, size_t capacity)
{
    const bool estimator = c->opts.estimator != GENLAT_ESTIMATOR_TOTAL;
    if (estimator && strchr(c->bound, ' '))
        return gnl_fail(GENLAT_E_INVALID, "bound is '%s', but estimator=%s is also set; set only one of them", c->bound,
                        estimator_names[c->opts.estimator]);
    snprintf(out, capacity, "%s%s%s", *c->bound ? c->bound : bound_names[c->opts.bound], estimator ? " estimator=" : "",
             estimator ? estimator_names[c->opts.estimator] : "");
    return GENLAT_OK;
}

/* Returns the default terms of a posterior: its KL, if that is known. */
static const char *usual_terms(const char *posterior, const char *kl)
{
    const gnl_posterior_type *type = gnl_posterior_type_of(posterior);
    return type && !gnl_posterior_has_density(type) && !type->codes && strcmp(kl, "kl") == 0 ? "" : kl;
}

static const char *usual_prior(const char *posterior)
{
    const gnl_posterior_type *type = gnl_posterior_type_of(posterior);
    return type && type->prior ? type->prior : "normal";
}

static genlat_status find_kinds(const gnl_vae_config *c, vae_kinds *out)
{
    const bool plain = c->opts.kind == GENLAT_VAE_PLAIN;
    char kl[GNL_SPEC_TEXT];
    format_kl(&c->opts, kl, sizeof kl);
    const char *set = plain ? "kind=plain" : strcmp(kl, "kl") ? kl + 3 : "";
    GNL_TRY(choose("posterior", c->posterior, plain ? "point" : "gaussian", plain ? set : "", out->posterior,
                   sizeof out->posterior));
    GNL_TRY(choose("prior", c->prior, usual_prior(out->posterior), "", out->prior, sizeof out->prior));
    GNL_TRY(
        choose("terms", c->terms, plain ? "" : usual_terms(out->posterior, kl), set, out->terms, sizeof out->terms));
    return find_bound(c, out->bound, sizeof out->bound);
}

/* ---- completion ------------------------------------------------------------------------------ */

/* Returns the architecture of a net, or NULL if `layers` are the layers. `layers` may also be the name of a preset,
 * which stands for the preset's architecture. */
static const char *architecture_of(const gnl_vae_config *c, const char *layers)
{
    for (const gnl_preset *preset = gnl_vae_presets; preset->name; preset++)
        for (int i = 0; strcmp(preset->name, layers) == 0 && preset->pair[i]; i += 2)
            if (strcmp(preset->pair[i], "architecture") == 0)
                return preset->pair[i + 1];
    return *layers ? NULL : c->architecture;
}

/* Appends the layer of a head: dense, or a convolution of a latent map at single positions. */
static genlat_status append_head(const gnl_posterior *q, const gnl_head *h, const gnl_shape *map,
                                 char text[GNL_NET_LENGTH])
{
    const int64_t positions = map->ndim ? gnl_shape_count_from(map, 1) : 1;
    if (h->width % positions)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "posterior %s has %lld numbers of %s, a multiple of the %lld positions of the latent map "
                        "expected; use architecture=conv",
                        q->kind.type->name, (long long)h->width, h->name, (long long)positions);
    if (map->ndim)
        gnl_text_append(text, GNL_NET_LENGTH, " | conv%dd kernel=1 channels=%lld", (int)map->ndim - 1,
                        (long long)(h->width / positions));
    else
        gnl_text_append(text, GNL_NET_LENGTH, " | dense units=%lld", (long long)h->width);
    return GENLAT_OK;
}

/* Appends the heads of the posterior. */
static genlat_status append_heads(const gnl_latents *l, const gnl_shape *map, char text[GNL_NET_LENGTH])
{
    const gnl_posterior *q = l->posterior;
    char outputs[160] = "";
    if (q->heads > 1)
        gnl_text_append(text, GNL_NET_LENGTH, " | identity name=features");
    for (int i = 0; i < q->heads; i++) {
        const gnl_head *h = &q->head[i];
        GNL_TRY(append_head(q, h, map, text));
        gnl_text_append(text, GNL_NET_LENGTH, "%s name=%s%s", i > 0 ? " from=features" : "", h->name,
                        h->clamp > 0 ? "_raw" : "");
        if (h->clamp > 0)
            gnl_text_append(text, GNL_NET_LENGTH, " | hardtanh bound=%g name=%s", h->clamp, h->name);
        gnl_text_append(outputs, sizeof outputs, "%s%s", i ? "," : "", h->name);
    }
    if (q->heads > 1)
        gnl_text_append(text, GNL_NET_LENGTH, " | output %s", outputs);
    return strlen(text) < GNL_NET_LENGTH - 1
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_RANGE, "the layers of encoder are longer than %d bytes", GNL_NET_LENGTH - 2);
}

genlat_status gnl_vae_latents_new(genlat_ctx *ctx, const gnl_vae_config *c, gnl_latents **out)
{
    vae_kinds kinds;
    GNL_TRY(find_kinds(c, &kinds));
    const gnl_latent_spec spec = {.posterior = kinds.posterior,
                                  .prior = kinds.prior,
                                  .terms = kinds.terms,
                                  .bound = kinds.bound,
                                  .dims = c->opts.latent,
                                  .data = c->base.data,
                                  .condition = c->base.classes + c->base.vector + gnl_missing_shows_mask(c)};
    return gnl_latents_new(ctx, &spec, out);
}

/* Parses the likelihood. Stores in *outputs the number of decoder outputs per element of the data. */
static genlat_status parse_likelihood(genlat_ctx *ctx, const gnl_vae_config *c, genlat_loss **out, int64_t *outputs)
{
    GNL_TRY(gnl_loss_parse(ctx, c->likelihood, out));
    *outputs = gnl_loss_parts(*out);
    if (*outputs > 0)
        return GENLAT_OK;
    gnl_loss_release(*out);
    return gnl_fail(GENLAT_E_INVALID, "'%s' is no likelihood of data", c->likelihood);
}

genlat_status gnl_vae_range(genlat_ctx *ctx, const gnl_config *config, gnl_loss_range *out)
{
    genlat_loss *loss = NULL;
    int64_t outputs = 0;
    GNL_TRY(parse_likelihood(ctx, (const gnl_vae_config *)(const void *)config, &loss, &outputs));
    if (loss->type->range)
        *out = loss->type->range(loss->opts, outputs);
    gnl_loss_release(loss);
    return GENLAT_OK;
}

/* A latent map determines the number of latent dimensions. */
static genlat_status complete_encoder(genlat_ctx *ctx, gnl_vae_config *c, int64_t outputs)
{
    gnl_latents *latents = NULL;
    gnl_shape map = {.ndim = 0};
    const char *architecture = architecture_of(c, c->encoder);
    if (architecture) {
        GNL_TRY(gnl_vae_architecture_map(architecture, &c->base, &map));
        c->opts.latent = map.ndim ? gnl_shape_count(&map) : c->opts.latent;
        GNL_TRY(gnl_vae_architecture_encoder(architecture, c, c->encoder));
    }
    GNL_TRY(gnl_text_replace(c->encoder, sizeof c->encoder, "{parts}", outputs));
    GNL_TRY(gnl_vae_latents_new(ctx, c, &latents));
    c->decoded = latents->group[1];
    bool written = false;
    genlat_status status =
        architecture ? gnl_vae_architecture_heads(architecture, latents, c->encoder, &written) : GENLAT_OK;
    if (status == GENLAT_OK && !written)
        status = append_heads(latents, &map, c->encoder);
    gnl_latents_free(latents);
    return status;
}

static genlat_status complete_decoder(gnl_vae_config *c, int64_t outputs)
{
    const char *architecture = architecture_of(c, c->decoder);
    if (architecture)
        GNL_TRY(gnl_vae_architecture_decoder(architecture, c, c->decoder));
    GNL_TRY(gnl_text_replace(c->decoder, sizeof c->decoder, "{parts}", outputs));
    GNL_TRY(gnl_text_replace(c->decoder, sizeof c->decoder, "{out}", outputs * gnl_shape_count(&c->base.data)));
    return gnl_text_replace(c->decoder, sizeof c->decoder, "{channels}", outputs * c->base.data.dim[0]);
}

genlat_status gnl_vae_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given)
{
    gnl_vae_config *c = (gnl_vae_config *)(void *)config;
    genlat_loss *loss = NULL;
    int64_t outputs = 0;
    const bool data = strcmp(c->output_bias, "data") == 0;
    if (*c->output_bias && !data && strcmp(c->output_bias, "zero") != 0)
        return gnl_fail(GENLAT_E_INVALID, "output_bias is '%s', data or zero expected", c->output_bias);
    if (nets_given)
        return GENLAT_OK;
    GNL_TRY(parse_likelihood(ctx, c, &loss, &outputs));
    gnl_loss_release(loss);
    GNL_TRY(complete_encoder(ctx, c, outputs));
    return complete_decoder(c, outputs);
}
