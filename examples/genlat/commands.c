/* SPDX-License-Identifier: MIT */
/* The table of commands. A new one is a line here and a file of its own. */
#include "app.h"

#define TRAIN "data preset config epochs steps batch out resume log plots plot-format"

const app_command app_commands[] = {
    {"train gan", NULL, TRAIN, "train a generative adversarial network", cmd_train_gan},
    {"train net", NULL, TRAIN " valid", "train a net to predict labels: a classifier, a regression",
     cmd_train_net},
    {"train vae", NULL, TRAIN " valid", "train a variational autoencoder", cmd_train_vae},
    {"eval", "MODEL", "data metric samples count draw classifier reference", "measure a model on data",
     cmd_eval},
    {"sample", "MODEL", "count label temperature truncation draw out columns scale rate", "generate data",
     cmd_sample},
    {"reconstruct", "MODEL", "data count out columns scale rate", "encode data and decode them again",
     cmd_reconstruct},
    {"encode", "MODEL", "data count part out", "turn data into latents", cmd_encode},
    {"decode", "MODEL", "latents label out columns scale rate", "turn latents into data", cmd_decode},
    {"interpolate", "MODEL", "data from to count label truncation frames out scale rate",
     "go from one sample to another", cmd_interpolate},
    {"traverse", "MODEL", "data index label range frames out scale rate",
     "move one latent dimension after the other", cmd_traverse},
    {"export", "MODEL", "out", "write a model for use alone, or its weights as arrays of NumPy", cmd_export},
    {"info", "MODEL", "", "describe a model", cmd_info},
    {"presets", NULL, "", "list the presets", cmd_presets},
    {"selftest", NULL, "", "train, save and load a tiny model to check this installation", cmd_selftest},
    {0},
};
