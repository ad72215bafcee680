/* SPDX-License-Identifier: MIT */
/* The smallest family of models that a trainer can train: two weights drawn to the mean of the data, with momentum and
 * noise. It is saved and loaded as every family is. */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include "train/train.h"

enum { FAKE_WIDTH = 2 };

typedef struct fake_model {
    genlat_model model;
    gnl_real weight[FAKE_WIDTH], momentum[FAKE_WIDTH];
    /* What the tests prescribe. */
    const double *script; /* results of the validations one after another, [scripted]; NULL: the true ones */
    int64_t scripted, evaluated;
    int64_t bad_from, bad_to; /* calls of step without a finite loss */
    int64_t calls;
    double kl;
    double seen; /* first number that evaluate has read last */
} fake_model;

fake_model *fake_new(genlat_ctx *ctx);
/* What a model file holds; NULL when it cannot be read. */
fake_model *fake_load(genlat_ctx *ctx, const char *path);
void fake_release(fake_model *fake); /* NULL is legal */

#endif
