/* SPDX-License-Identifier: MIT */
/* Settings of small models of every family. Has no checks, so that programs that are no tests can use it. */
#include <string.h>

#include "support/families.h"

static const struct {
    const char *family, *preset;
    const char *pairs[48];
} table[] = {
    {"vae",
     "mlp",
     {"encoder",       "flatten from=x name=f | concat from=f,c | dense units=8 | batch_norm | relu | dropout p=0.1",
      "decoder",       "concat from=z,c | dense units=8 | relu | dense units={out}",
      "latent",        "3",
      "posterior",     "gaussian_full",
      "prior",         "mixture components=2",
      "condition",     "labels",
      "likelihood",    "gaussian sd=learned",
      "samples",       "2",
      "noise",         "0.1",
      "mask",          "0.1",
      "optimizer",     "adam lr=0.01",
      "lr_schedule",   "linear from=1 to=0.5 steps=20",
      "beta_schedule", "linear from=0.1 to=1 steps=20"}},
    {"gan",
     "mlp",
     {"architecture",
      "mlp width=8 depth=1",
      "latent",
      "3",
      "condition",
      "labels",
      "conditioning",
      "auxiliary",
      "discriminator_steps",
      "2",
      "packing",
      "2",
      "ema",
      "100",
      "history",
      "0.1",
      "orthogonal",
      "0.01",
      "feature_matching",
      "0.5",
      "augment",
      "translation,cutout",
      "augment_target",
      "0.5",
      "augment_speed",
      "60",
      "r1",
      "0.1",
      "gp",
      "1",
      "approx_r1",
      "1",
      "approx_r2",
      "1",
      "penalties",
      "lecam start=2",
      "penalty_every",
      "2",
      "noise",
      "0.1",
      "optimizer_g",
      "adam lr=0.01",
      "lr_schedule",
      "linear from=1 to=0.5 steps=20",
      "beta2_schedule",
      "linear from=0.9 to=0.99 steps=7",
      NULL}},
    {"semi",
     "m2",
     {"encoder", "flatten from=x name=f | concat from=f,c | dense units=8 | batch_norm | relu | dropout p=0.1",
      "decoder", "concat from=z,c | dense units=8 | relu | dense units={out}", "classifier",
      "flatten | dense units=6 | relu | dropout p=0.1", "latent", "3", "prior", "mixture components=2", "likelihood",
      "gaussian sd=learned", "optimizer", "adam lr=0.01", "lr_schedule", "linear from=1 to=0.5 steps=20",
      "beta_schedule", "linear from=0.1 to=1 steps=20"}},
    {"predictor",
     "mlp",
     {"net", "batch_norm | flatten | dense units=8 | relu | dropout p=0.1", "optimizer", "adam lr=0.01", "lr_schedule",
      "linear from=1 to=0.5 steps=20"}},
    {"gmm", "full", {"components", "3", "floor", "0.01"}},
    {"ppca", "ppca", {"latent", "3"}},
    {"rbm",
     "pcd",
     {"hidden", "3", "chains", "5", "ais_chains", "10", "ais_steps", "20", "sample_steps", "20", "optimizer",
      "adam lr=0.01", "lr_schedule", "linear from=1 to=0.5 steps=20"}},
};

void family_configure(genlat_model_builder *builder, const char *family)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].family, family) != 0)
            continue;
        genlat_model_builder_preset(builder, table[i].preset);
        for (const char *const *pair = table[i].pairs; *pair; pair += 2)
            genlat_model_builder_set(builder, pair[0], pair[1]);
    }
}
