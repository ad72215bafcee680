/* SPDX-License-Identifier: MIT */
/* The presets of the GAN. */
#include "gan/gan_priv.h"

const gnl_preset gnl_gan_presets[] = {
    {"r3",
     "residual nets without normalization, relativistic pair loss, R1 and R2 penalties, for any data",
     {"architecture", "residual channels=16 width=128 depth=2", "optimizer_g", "adam lr=1e-3 beta1=0 beta2=0.99",
      "lr_schedule", "cosine from=1 to=0.02 steps=40000", "penalty_schedule", "cosine from=1 to=0.05 steps=40000",
      "epochs", "52", "batch", "128"}},
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
     {"architecture", "any channels=32 width=256 depth=2", "loss", "wasserstein", "r1", "0", "r2", "0", "ema", "0",
      "gp", "10", "discriminator_steps", "5", "optimizer_g", "adam lr=1e-4 beta1=0 beta2=0.9", "epochs", "50",
      "batch", "64"}},
    {"sngan",
     "hinge loss, spectral norm, projection discriminator, 5 discriminator steps per generator step, for any data",
     {"architecture", "any channels=32 width=256 depth=2 norm=spectral", "loss", "hinge", "r1", "0", "r2", "0",
      "discriminator_steps", "5", "conditioning", "projection", "optimizer_g", "adam lr=2e-4 beta1=0 beta2=0.9",
      "epochs", "50", "batch", "64"}},
    {.name = NULL},
};
