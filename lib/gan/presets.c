/* SPDX-License-Identifier: MIT */
/* The presets of the GAN, and the choice of a preset by the data. */
#include "gan/gan_priv.h"

const gnl_preset gnl_gan_presets[] = {
    {"r3",
     "residual nets without normalization, relativistic pair loss, R1 and R2 penalties, for any data",
     {"architecture", "residual channels=16 width=128 depth=2", "optimizer_g", "adam lr=1e-3 beta1=0 beta2=0.99",
      "lr_schedule", "cosine from=1 to=0.02 steps=40000", "penalty_schedule", "cosine from=1 to=0.05 steps=40000",
      "steps", "40000", "batch", "128"}},
    {"mlp",
     "two hidden layers with 256 units, the GAN of Goodfellow and others 2014, for any data",
     {"architecture", "mlp width=256 depth=2", "loss", "non_saturating", "r1", "0", "r2", "0", "ema", "0",
      "optimizer_g", "adam lr=2e-4 beta1=0.5", "epochs", "50", "batch", "128"}},
    {"dcgan",
     "strided convolutions with batch norm, for images in [0,1]",
     {"architecture", "conv channels=32 norm=batch", "loss", "non_saturating", "r1", "0", "r2", "0", "ema", "0",
      "output", "sigmoid", "optimizer_g", "adam lr=2e-4 beta1=0.5", "epochs", "25", "batch", "64"}},
    {"wgan_gp",
     "Wasserstein loss with gradient penalty, 5 discriminator steps per generator step, for any data",
     {"architecture",
      "any channels=32 width=256 depth=2",
      "loss",
      "wasserstein",
      "r1",
      "0",
      "r2",
      "0",
      "ema",
      "0",
      "gp",
      "10",
      "discriminator_steps",
      "5",
      "optimizer_g",
      "adam lr=1e-4 beta1=0 beta2=0.9",
      "epochs",
      "50",
      "batch",
      "64"}},
    {"sngan",
     "hinge loss, spectral norm, projection discriminator, 5 discriminator steps per generator step, for any data",
     {"architecture", "any channels=32 width=256 depth=2 norm=spectral", "loss", "hinge", "r1", "0", "r2", "0",
      "discriminator_steps", "5", "conditioning", "projection", "optimizer_g", "adam lr=2e-4 beta1=0 beta2=0.9",
      "epochs", "50", "batch", "64"}},
    {"improved",
     "classifier from few labels as discriminator, feature matching, for vectors and images in [0,1] (Salimans and "
     "others 2016)",
     {"architecture",
      "noisy width=500 depth=2",
      "loss",
      "features",
      "feature_matching",
      "0.004",
      "conditioning",
      "classifier",
      "auxiliary",
      "2",
      "r1",
      "0",
      "r2",
      "0",
      "ema",
      "0",
      "ema_discriminator",
      "1.386e+06",
      "init_samples",
      "500",
      "latent",
      "100",
      "output",
      "sigmoid",
      "optimizer_g",
      "adam lr=3e-3 beta1=0.5 eps=1e-4",
      "optimizer_d",
      "adam lr=3e-3 beta1=0.5 eps=2e-4",
      "epochs",
      "300",
      "batch",
      "200"}},
    {.name = NULL},
};

const char *const gnl_gan_choice_keys[] = {"output", "augment", NULL};

/* A length in steps, and schedules that end with it at the fractions lr and penalty. */
#define STEPS(n, lr, penalty)                                                                                          \
    "steps", #n, "lr_schedule", "cosine from=1 to=" #lr " steps={steps}", "penalty_schedule",                          \
        "cosine from=1 to=" #penalty " steps={steps}"
#define IMAGE STEPS(9000, 0.05, 0.05), "batch", "32", "r1", "1", "r2", "1"
#define TABLE STEPS(40000, 0.02, 0.05)
#define SIGMOID "output", "sigmoid"
#define AUGMENT "augment", "translation,cutout"

static const char range[] = "the pixels have a range", columns[] = "each column has its own scale";

const gnl_choice gnl_gan_choices[] = {
    GNL_CHOICE(TEXT, BYTES, 0, 0, "r3", UNIT, 0, "bytes are treated as numbers", TABLE, SIGMOID),
    GNL_CHOICE(IMAGES, ANY, 0, 1000, "r3", UNIT, 0, "few images, which are augmented", IMAGE, SIGMOID, AUGMENT),
    GNL_CHOICE(IMAGES, ANY, 0, 0, "r3", UNIT, 0, range, IMAGE, SIGMOID),
    GNL_CHOICE(SIGNAL, ANY, 0, 0, "r3", SYMMETRIC, 0, "the amplitudes have a range", IMAGE, "output", "tanh"),
    GNL_CHOICE(ANY, BINARY, 0, 0, "r3", NONE, 0, "the values are 0 or 1", TABLE, SIGMOID),
    GNL_CHOICE(POINT, MODERATE, 0, 0, "r3", NONE, 0, "means are near 0 and standard deviations near 1", TABLE),
    GNL_CHOICE(ROWS, ANY, 0, 0, "r3", FEATURES, 0, columns, TABLE),
    GNL_CHOICE(ANY, ANY, 0, 0, "r3", STANDARD, 0, "the values have one scale", TABLE),
};
