/* SPDX-License-Identifier: MIT */
/* The configuration of the semi-supervised VAE: that of a VAE that is conditional on classes, and a classifier. */
#include <stdio.h>

#include "vae/semi_priv.h"

static const gnl_option options[] = {
    GNL_OPT_INT(genlat_vae_opts, latent, 20, 1, 65536, "latent dimensions"),
    GNL_OPT_INT(genlat_vae_opts, samples, 1, 1, 1, "codes per training sample and class in a step"),
    GNL_OPT_REAL(genlat_vae_opts, beta, 1, 0, 1e6, "weight of the KL"),
    GNL_OPT_BOOL(genlat_vae_opts, recompute, 0, "recompute activations in the backward pass to save memory"),
};
static const gnl_options_table table = {
    "semi", sizeof(genlat_vae_opts), options, GNL_COUNT(options), {offsetof(genlat_vae_opts, reserved)}};

static const gnl_text texts[] = {
    GNL_TEXT(gnl_vae_config, encoder, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, decoder, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_semi_config, classifier, GNL_TEXT_NET, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, architecture, GNL_TEXT_BUILD, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, likelihood, GNL_TEXT_SPEC, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, posterior, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_vae_config, prior, GNL_TEXT_SPEC, GNL_TEXT_OPTIONAL),
    GNL_TEXT(gnl_semi_config, label_loss, GNL_TEXT_SPEC, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, optimizer, GNL_TEXT_OPTIMIZER, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, lr_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
    GNL_TEXT(gnl_vae_config, beta_schedule, GNL_TEXT_SCHEDULE, GNL_TEXT_REQUIRED),
};

const gnl_config_type gnl_semi_config_type = {"semi", sizeof(gnl_semi_config), &table, offsetof(gnl_vae_config, opts),
                                              texts,  GNL_COUNT(texts)};

/* ---- the loss of labels ---------------------------------------------------------------------- */

typedef struct label_opts {
    size_t size;
    double weight;
} label_opts;

static const gnl_option label_options[] = {
    GNL_OPT_REAL(label_opts, weight, 50, 0, 1e9, "weight of the mean cross-entropy of the samples with labels"),
};
static const gnl_options_table label_table = {"cross_entropy", sizeof(label_opts), label_options,
                                              GNL_COUNT(label_options)};

genlat_status gnl_semi_label_weight(const gnl_semi_config *config, double *weight)
{
    char kind[GNL_SPEC_KIND];
    const char *pairs = NULL;
    label_opts opts;
    gnl_options_init(&label_table, &opts, sizeof opts);
    *weight = opts.weight;
    if (!*config->label_loss)
        return GENLAT_OK;
    GNL_TRY_IN("label_loss", gnl_spec_kind(config->label_loss, kind, &pairs));
    if (strcmp(kind, label_table.name) != 0)
        return gnl_fail(GENLAT_E_NOT_FOUND, "label_loss is '%s', %s expected", kind, label_table.name);
    GNL_TRY_IN("label_loss", gnl_spec_pairs(&label_table, &opts, pairs, kind));
    *weight = opts.weight;
    return GENLAT_OK;
}

/* ---- presets --------------------------------------------------------------------------------- */

/* The first is M2 of Kingma and others 2014 with the settings of the tutorial of Pyro. */
const gnl_preset gnl_semi_presets[] = {
    {"m2",
     "one hidden layer with 500 units in each net, the model M2 of Kingma and others 2014, for any data",
     {"architecture", "mlp widths=500", "latent", "50", "likelihood", "bernoulli", "optimizer",
      "adam lr=4.2e-4 beta1=0.9", "epochs", "50", "batch", "200"}},
    {"conv",
     "two strided convolutions with 32 and 64 channels, for images",
     {"architecture", "conv widths=32x64", "latent", "20", "likelihood", "bernoulli", "optimizer", "adam lr=1e-3",
      "epochs", "20", "batch", "100"}},
    {.name = NULL},
};

#define BERNOULLI "likelihood", "bernoulli"
#define LEARNED "likelihood", "gaussian sd=learned min_log_sd=-4"
#define OPTIMAL "likelihood", "gaussian sd=optimal"

const gnl_choice gnl_semi_choices[] = {
    GNL_CHOICE(ANY, UNIT, 0, 0, "m2", NONE, 3000, "the values are from 0 to 1", BERNOULLI),
    GNL_CHOICE(ROWS, ANY, 0, 0, "m2", FEATURES, 3000, "each column has its own scale", LEARNED, "latent", "8",
               "architecture", "mlp widths=128"),
    GNL_CHOICE(ANY, ANY, 0, 0, "m2", STANDARD, 3000, "the values have one scale", OPTIMAL),
};

/* ---- completion ------------------------------------------------------------------------------ */

/* Writes the layers of the architecture's encoder, without the condition, and a dense layer for the logits. */
static genlat_status complete_classifier(gnl_semi_config *c)
{
    gnl_vae_config alone = c->vae;
    alone.base.classes = 0;
    if (!*c->classifier)
        GNL_TRY(gnl_vae_architecture_encoder(c->vae.architecture, &alone, c->classifier));
    gnl_text_append(c->classifier, sizeof c->classifier, " | dense units=%lld name=logits",
                    (long long)c->vae.base.classes);
    return strlen(c->classifier) < sizeof c->classifier - 1
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_RANGE, "the layers of classifier are longer than %zu bytes",
                          sizeof c->classifier - 2);
}

genlat_status gnl_semi_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given)
{
    gnl_semi_config *c = (gnl_semi_config *)(void *)config;
    double weight = 0;
    if (config->classes < 2)
        return gnl_fail(GENLAT_E_INVALID, "there are no classes to learn; the data need labels of 2 or more classes, "
                                          "-1 for samples without one");
    GNL_TRY(gnl_semi_label_weight(c, &weight));
    GNL_TRY(gnl_vae_complete(ctx, config, nets_given));
    return nets_given ? GENLAT_OK : complete_classifier(c);
}
