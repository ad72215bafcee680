/* SPDX-License-Identifier: MIT */
/*
 * vae: variational autoencoders and plain autoencoders: configuration and presets, training steps, evaluation,
 *      inference.
 * Uses: base, kernel, tensor, io, layer, net, loss, latent, optim, data, model.
 * Adding: add one entry to presets.c for a preset, and one to architecture.c for an architecture. Posteriors, priors,
 *         terms and bounds belong to the module latent.
 * Tests: tests/grad/test_vae.c, tests/golden/test_vae.c, tests/unit/test_vae.c, test_vae_use.c, test_train_vae.c,
 *        tests/property/test_likelihood.c.
 */
#ifndef GNL_VAE_H
#define GNL_VAE_H

#include "model/model.h"

extern const gnl_model_type gnl_vae_type;
extern const gnl_model_type gnl_semi_type; /* learns from few labels */

/* A treatment of missing values, which are NaN in the data. */
typedef struct gnl_missing_type {
    const char *name;
    const gnl_options_table *options; /* NULL: none */
    const char *help;
    bool accepts;    /* data may have missing values */
    bool shows_mask; /* the encoder has the input mask: 1 for an element that it sees, 0 for the others */
} gnl_missing_type;

/* All kinds, terminated by NULL. */
extern const gnl_missing_type *const gnl_missing_types[];

#endif
