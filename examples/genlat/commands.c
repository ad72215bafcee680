/* SPDX-License-Identifier: MIT */
/* The table of commands. Add one line for a new command, and implement it in a separate file. */
#include "app.h"

#define TRAIN "data preset config epochs steps batch out resume from-model log plots plot-format"

const app_command app_commands[] = {
    {"train gan", NULL, TRAIN, "train a generative adversarial network", cmd_train_gan},
    {"train gmm", NULL, TRAIN " valid", "fit a mixture of Gaussians by EM", cmd_train_gmm},
    {"train net", NULL, TRAIN " valid", "train a net to predict labels: a classifier or a regression", cmd_train_net},
    {"train ppca", NULL, TRAIN " valid", "fit a probabilistic principal component analysis", cmd_train_ppca},
    {"train rbm", NULL, TRAIN " valid", "train a restricted Boltzmann machine", cmd_train_rbm},
    {"train semi", NULL, TRAIN " valid", "train a VAE and a classifier on data of which few have labels",
     cmd_train_semi},
    {"train vae", NULL, TRAIN " valid", "train a variational autoencoder", cmd_train_vae},
    {"eval", "MODEL", "data metric samples count draw sampler classifier reference", "evaluate a model on data",
     cmd_eval},
    {"complete", "MODEL", "data count codes-drawn draws hide out columns scale rate",
     "fill in the missing values of data", cmd_complete},
    {"predict", "MODEL", "data count out", "write the predictions of a classifier or a regression", cmd_predict},
    {"classify", "MODEL", "data count out", "same as predict", cmd_predict},
    {"score", "MODEL", "data count samples anomaly out",
     "write how unexpected each sample of the data is, to find anomalies", cmd_score},
    {"sample", "MODEL", "count label conditions temperature truncation draw sampler out columns scale rate",
     "generate data", cmd_sample},
    {"sampler", "MODEL", "data sampler-text out", "fit a sampler to the codes of data, which sample then uses",
     cmd_sampler},
    {"reconstruct", "MODEL", "data count label conditions out columns scale rate", "encode and decode data",
     cmd_reconstruct},
    {"encode", "MODEL", "data count part out", "encode data", cmd_encode},
    {"decode", "MODEL", "latents codes label conditions out columns scale rate", "decode latents or codes", cmd_decode},
    {"interpolate", "MODEL", "data from to count label conditions truncation frames out scale rate",
     "interpolate between samples", cmd_interpolate},
    {"traverse", "MODEL", "data index label conditions range frames out scale rate",
     "vary one latent dimension at a time", cmd_traverse},
    {"export", "MODEL", "out", "write a model for inference, or its weights as NumPy arrays", cmd_export},
    {"info", "MODEL", "", "describe a model", cmd_info},
    {"kinds", "[WHAT] [NAME]", "", "list layers, likelihoods, schedules and other kinds, and the options of one",
     cmd_kinds},
    {"presets", NULL, "", "list the presets; without --preset the data determine one", cmd_presets},
    {"selftest", NULL, "", "train, save and load a tiny model to test the installation", cmd_selftest},
    {0},
};
