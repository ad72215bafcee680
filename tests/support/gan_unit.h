/* SPDX-License-Identifier: MIT */
/* Shared by the unit tests of GANs: models with a preset and settings, batches, steps, and snapshots of all numbers
 * that a step changes. */
#ifndef GAN_UNIT_H
#define GAN_UNIT_H

#include "gan/gan_priv.h"
#include "support/counted.h"

enum { GAN_ROWS = 12, GAN_LATENT = 6 };

extern genlat_ctx *ctx;
extern counter gan_memory; /* allocations of the context */

void gan_begin(void); /* creates a context that counts allocations */
void gan_end(void);
void gan_open_ctx(int64_t threads);

typedef struct pair {
    const char *key, *value;
} pair;

extern const gnl_shape gan_vector, gan_image, gan_signal, gan_odd;
extern const pair gan_changing[]; /* options with most effects on a step, for images and signals */

/* Settings end with a NULL key; NULL: no settings. */
genlat_status gan_try(const char *preset, const gnl_shape *data, const pair *pairs, genlat_model **out);
genlat_model *gan_make(const char *preset, const gnl_shape *data, const pair *pairs);

genlat_tensor *gan_normal(const gnl_shape *sample, int64_t rows, uint64_t seed);
genlat_tensor *gan_labels(void); /* [GAN_ROWS] 0, 1, 2, 0, ... */
genlat_gan_terms gan_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels);

/* Weights and states of both nets and the average, and counters. */
typedef struct picture {
    gnl_real *numbers;
    int64_t count, passes, step, steps_d;
} picture;

picture gan_picture(const genlat_model *model);
void gan_expect_numbers(const genlat_model *model, const picture *before);
void gan_expect_same(const genlat_model *model, picture before); /* releases the snapshot */

#endif
