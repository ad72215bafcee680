/* SPDX-License-Identifier: MIT */
/* The smallest family of models for the trainer: two weights that approach the mean of the data, with momentum and
 * noise. It is saved and loaded like every family. */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include "train/train.h"

enum { FAKE_WIDTH = 2 };

typedef struct fake_model {
    genlat_model model;
    gnl_real weight[FAKE_WIDTH], momentum[FAKE_WIDTH];
    /* Behaviour that tests can prescribe. */
    const double *script; /* results of successive validations, [scripted]; NULL: the real ones */
    int64_t scripted, evaluated;
    int64_t bad_from, bad_to; /* range of calls of step() whose loss is not finite */
    int64_t good_every;       /* except multiples of this; 0: all of them */
    int64_t calls;
    double kl, recon;
    gnl_code_use use;   /* result of an inspection */
    double seen;        /* first number that evaluate() read last */
    uint64_t seen_seed; /* its seed */
} fake_model;

fake_model *fake_new(genlat_ctx *ctx);
/* Loads a model from a file; returns NULL if it cannot be read. */
fake_model *fake_load(genlat_ctx *ctx, const char *path);
void fake_release(fake_model *fake); /* NULL is allowed */

#endif
