/* SPDX-License-Identifier: MIT */
/* The presets of the VAE, and the choice of a preset by the data. */
#include "vae/vae_priv.h"

/* The protocol of the studies of disentangled latents (Locatello and others, 2019), with fewer steps. */
#define DISENTANGLED                                                                                                   \
    "architecture", "conv widths=32x32x64x64", "latent", "10", "likelihood", "bernoulli", "optimizer", "adam lr=1e-4", \
        "steps", "50000", "batch", "64"

const gnl_preset gnl_vae_presets[] = {
    {"mlp",
     "two hidden layers with 512 and 256 units, for any data",
     {"architecture", "mlp widths=512x256", "latent", "20", "likelihood", "bernoulli", "optimizer", "adam lr=1e-3",
      "epochs", "20", "batch", "128"}},
    {"basic",
     "one hidden layer with 400 units, the classic small VAE",
     {"architecture", "mlp widths=400", "latent", "20", "likelihood", "bernoulli", "optimizer", "adam lr=1e-3",
      "epochs", "10", "batch", "128"}},
    {"static",
     "one maxout layer with 400 units, importance-weighted bound with 10 samples, for fixed binarization",
     {"architecture", "maxout widths=400",
      "latent",       "40",
      "samples",      "10",
      "bound",        "importance",
      "estimator",    "doubly",
      "likelihood",   "bernoulli",
      "optimizer",    "adam lr=1e-3",
      "lr_schedule",  "cosine from=1 to=0.01 steps=70000",
      "steps",        "70000",
      "batch",        "100",
      "restore_best", "yes"}},
    {"gated",
     "two gated layers with 400 units, cosine schedule of the learning rate, for fixed binarization",
     {"architecture", "gated widths=400x400", "latent", "40", "likelihood", "bernoulli", "optimizer",
      "adamw lr=3e-4 weight_decay=0.03", "lr_schedule", "cosine from=1 to=0.01 steps=50000", "steps", "50000", "batch",
      "100", "restore_best", "yes"}},
    {"vamp",
     "two gated layers with 300 units, VampPrior with 500 pseudo-inputs, KL warm-up, for fixed binarization",
     {"architecture", "gated widths=300x300", "latent", "40", "prior", "vamp components=500 low=0 high=1", "likelihood",
      "bernoulli", "optimizer", "adam lr=5e-4", "beta_schedule", "linear from=0 to=1 steps=50000", "steps", "100000",
      "batch", "100", "restore_best", "yes"}},
    {"conv",
     "two strided convolutions with 32 and 64 channels, for images",
     {"architecture", "conv widths=32x64", "latent", "20", "likelihood", "bernoulli", "optimizer", "adam lr=1e-3",
      "epochs", "10", "batch", "128"}},
    {"vq",
     "a map of codes from a code book of 512, for images",
     {"architecture", "map widths=32x64 channels=16", "posterior", "vq codes=512 width=16", "prior", "autoregressive",
      "likelihood", "bernoulli", "optimizer", "adam lr=1e-3", "epochs", "10", "batch", "128"}},
    {"fsq",
     "a map of codes of four numbers with 8, 5, 5 and 5 levels, for images",
     {"architecture", "map widths=32x64 channels=4", "posterior", "fsq levels=8x5x5x5", "prior", "autoregressive",
      "likelihood", "bernoulli", "optimizer", "adam lr=1e-3", "epochs", "10", "batch", "128"}},
    {"photo",
     "three strided convolutions, Gaussian with optimal standard deviation, for colour images",
     {"architecture", "conv widths=32x64x128", "latent", "64", "likelihood", "gaussian sd=optimal", "optimizer",
      "adam lr=1e-3", "epochs", "30", "batch", "64"}},
    {"vector",
     "two hidden layers with 128 units, Gaussian with learned standard deviation, for vectors and tables",
     {"architecture", "mlp widths=128x128", "latent", "2", "likelihood", "gaussian sd=learned", "optimizer",
      "adam lr=1e-3", "epochs", "50", "batch", "128"}},
    {"miwae",
     "two hidden layers with 128 units, 20 codes, Student's t, for tables in which values are missing",
     {"architecture", "mlp widths=128x128", "latent", "10", "samples", "20", "bound", "importance", "likelihood",
      "student_t", "missing", "fill value=learned", "optimizer", "adam lr=1e-3", "epochs", "200", "batch", "32"}},
    {"signal",
     "four strided convolutions over time, Laplace likelihood with learned scale, for sounds and other signals",
     {"architecture", "conv widths=32x64x128x128", "latent", "32", "likelihood", "laplace scale=learned", "optimizer",
      "adam lr=1e-3", "epochs", "30", "batch", "64"}},
    {"text",
     "embedding and long short-term memory, the decoder predicts byte after byte, for text",
     {"architecture", "lstm widths=128", "latent", "16", "decoder_inputs", "previous", "likelihood",
      "categorical classes=256 last=yes", "free_bits", "4", "free_kind", "whole", "optimizer", "adam lr=2e-3", "epochs",
      "4", "batch", "64"}},
    {"tc",
     "beta-TCVAE with strided convolutions and 10 latents, weighs the total correlation of the latents, for images",
     {DISENTANGLED, "terms", "kl; tc beta=6"}},
    {"factor",
     "FactorVAE with strided convolutions and 10 latents, a critic measures their total correlation, for images",
     {DISENTANGLED, "terms", "kl; factor gamma=35", "term_optimizer", "adam lr=1e-4 beta1=0.5 beta2=0.9"}},
    {"adversarial",
     "adversarial autoencoder with one hidden layer: a critic moves codes without noise towards the prior",
     {"architecture", "mlp widths=400", "latent", "8", "posterior", "point", "terms", "adversarial width=256",
      "likelihood", "mse", "optimizer", "adam lr=1e-3", "term_optimizer", "adam lr=2e-4 beta1=0.5", "epochs", "20",
      "batch", "128"}},
    {"rae",
     "regularized autoencoder without noise: short codes and a smooth decoder, for codes and reconstructions",
     {"architecture", "mlp widths=512x256", "latent", "16", "posterior", "point", "terms",
      "l2 weight=1e-4; gradient weight=1e-7", "likelihood", "mse", "optimizer", "adam lr=1e-3", "epochs", "20", "batch",
      "100"}},
    {.name = NULL},
};

const char *const gnl_vae_choice_keys[] = {"likelihood", NULL};

#define BEST "restore_best", "yes"
#define BERNOULLI "likelihood", "bernoulli"
#define BETA "likelihood", "beta_binomial"
#define OPTIMAL "likelihood", "gaussian sd=optimal"
#define LEARNED "likelihood", "gaussian sd=learned min_log_sd=-4"
/* Lets the latents be used before they cost: from a start at 1, the standard deviation may never fall otherwise. */
#define WARM "beta_schedule", "linear from=0 to=1 steps={steps}"
#define LARGE "architecture", "conv widths=32x64x128x256"

static const char binary[] = "the values are 0 or 1";
static const char levels[] = "a distribution over 256 levels, as many pixels are 0 or 1";
static const char reals[] = "one standard deviation of all pixels, fitted to the errors";
static const char columns[] = "each column has its own scale";

/* Convolutions with n widths need sides of 2^n. */
const gnl_choice gnl_vae_choices[] = {
    GNL_CHOICE(TEXT, BYTES, 0, 0, "text", NONE, 3000, "a distribution over the next byte", BEST),
    GNL_CHOICE(IMAGES, BINARY, 64, 0, "conv", NONE, 3000, binary, BEST, BERNOULLI, LARGE),
    GNL_CHOICE(IMAGES, BINARY, 4, 0, "conv", NONE, 3000, binary, BEST, BERNOULLI),
    GNL_CHOICE(ANY, BINARY, 0, 0, "mlp", NONE, 3000, binary, BEST, BERNOULLI),
    GNL_CHOICE(IMAGES, SATURATED, 64, 0, "conv", NONE, 3000, levels, BEST, BETA, LARGE),
    GNL_CHOICE(IMAGES, SATURATED, 4, 0, "conv", NONE, 3000, levels, BEST, BETA),
    GNL_CHOICE(IMAGES, SATURATED, 0, 0, "mlp", NONE, 3000, levels, BEST, BETA),
    GNL_CHOICE(IMAGES, UNIT, 64, 0, "photo", NONE, 3000, reals, BEST, OPTIMAL, LARGE),
    GNL_CHOICE(IMAGES, UNIT, 8, 0, "photo", NONE, 3000, reals, BEST, OPTIMAL),
    GNL_CHOICE(IMAGES, UNIT, 4, 0, "conv", NONE, 3000, reals, BEST, OPTIMAL),
    GNL_CHOICE(IMAGES, ANY, 64, 0, "photo", UNIT, 3000, reals, BEST, OPTIMAL, LARGE),
    GNL_CHOICE(IMAGES, ANY, 8, 0, "photo", UNIT, 3000, reals, BEST, OPTIMAL),
    GNL_CHOICE(IMAGES, ANY, 0, 0, "mlp", UNIT, 3000, reals, BEST, OPTIMAL),
    GNL_CHOICE(SIGNAL, ANY, 16, 0, "signal", STANDARD, 3000, "the amplitudes have one scale", BEST),
    GNL_CHOICE(POINT, ANY, 0, 0, "vector", FEATURES, 5000, columns, BEST, LEARNED, WARM),
    GNL_CHOICE(ROWS, ANY, 0, 0, "vector", FEATURES, 2000, columns, BEST, LEARNED, WARM, "latent", "16", "noise", "0.3"),
    GNL_CHOICE(ANY, ANY, 0, 0, "mlp", STANDARD, 3000, "the values have one scale", BEST, OPTIMAL),
};
