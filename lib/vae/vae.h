/* SPDX-License-Identifier: MIT */
/*
 * vae: variational autoencoders, and autoencoders of the same build: configuration and presets, steps, evaluation, use.
 * Uses: base, kernel, tensor, io, layer, net, loss, latent, optim, data, model.
 * Adding: a preset is one entry in presets.c, an architecture one in architecture.c; a posterior, prior, term or bound belongs
 *         to latent.
 * Tests: tests/grad/test_vae.c, tests/golden/test_vae.c, tests/unit/test_vae.c.
 */
#ifndef GNL_VAE_H
#define GNL_VAE_H

#include "model/model.h"

extern const gnl_model_type gnl_vae_type;

#endif
