/* SPDX-License-Identifier: MIT */
/* The presets of the VAE, and the choice of a preset by the data. */
#include "vae/vae_priv.h"

/* The protocol of the studies of disentangled latents (Locatello and others, 2019), with fewer steps. */
#define DISENTANGLED                                                                                                   \
    "architecture", "conv widths=32x32x64x64", "latent", "10", "likelihood", "bernoulli", "optimizer", "adam lr=1e-4", \
        "steps", "50000", "batch", "64"

/* Free bits and the warm-up of the KL keep the decoder from predicting pixels by their neighbours alone. */
#define PIXEL                                                                                                          \
    "architecture", "pixel widths=32x64 layers=3 channels=32", "latent", "32", "decoder_inputs", "x", "free_bits",     \
        "8", "free_kind", "whole", "beta_schedule", "linear from=0 to=1 steps=2000", "optimizer", "adam lr=1e-3",      \
        "steps", "8000", "batch", "64"

/* The protocol of Burda, Grosse and Salakhutdinov (Importance weighted autoencoders, 2016) with the first six of its
 * eight learning rates: 3^i epochs of 3000 steps with the rate 10^(-3 - i/7). */
#define BURDA                                                                                                          \
    "bound", "importance", "likelihood", "bernoulli", "output_bias", "data", "optimizer",                              \
        "adam lr=1e-3 beta1=0.9 beta2=0.999 eps=1e-4", "lr_schedule",                                                  \
        "steps factor=0.7196857 milestones=3000x12000x39000x120000x363000", "steps", "1092000", "batch", "20"

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
    {"iwae",
     "two tanh layers with 200 units, importance-weighted bound with 5 samples, for images that are binarized anew",
     {"architecture", "tanh widths=200x200", "latent", "50", "samples", "5", BURDA}},
    {"iwae2",
     "the two-layer net of the importance-weighted autoencoder: groups of 100 and 50 latents, 5 samples",
     {"architecture", "tanh widths=200x200", "latent", "150", "samples", "5", "posterior",
      "markov groups=100x50 layers=2 width=100", "prior", "chain layers=2 width=100", BURDA}},
    {"ladder",
     "ladder VAE with three groups of latents, a warm-up of the KL and free bits for each group",
     {"architecture",  "ladder widths=512x256x128",
      "latent",        "112",
      "posterior",     "ladder groups=64x32x16",
      "prior",         "chain layers=2 width=256 activation=leaky_relu",
      "terms",         "kl free_bits=0.5 free=whole",
      "beta_schedule", "linear from=0 to=1 steps=20000",
      "likelihood",    "bernoulli",
      "output_bias",   "data",
      "optimizer",     "adam lr=1e-3",
      "lr_schedule",   "cosine from=1 to=0.01 steps=100000",
      "steps",         "100000",
      "batch",         "100",
      "restore_best",  "yes"}},
    {"conv",
     "two strided convolutions with 32 and 64 channels, for images",
     {"architecture", "conv widths=32x64", "latent", "20", "likelihood", "bernoulli", "optimizer", "adam lr=1e-3",
      "epochs", "10", "batch", "128"}},
    {"pixel",
     "conv with a PixelCNN that predicts each pixel from the code and the pixels before it, for binary images",
     {PIXEL, "likelihood", "bernoulli"}},
    {"pixel_levels",
     "pixel with mixtures of logistic distributions over 256 levels, for grey and colour images",
     {PIXEL, "likelihood", "logistic_mixture"}},
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
