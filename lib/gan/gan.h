/* SPDX-License-Identifier: MIT */
/*
 * gan: generative adversarial networks: configuration and presets, training steps, penalties, augmentations, inference.
 * Uses: base, kernel, tensor, io, layer, net, loss, latent, optim, data, model.
 * Adding: for a penalty or regularizer, write one file in penalty/ and add one line to penalty/table.c. Augmentations
 *         are in augment/ likewise. For a preset, add one entry to presets.c.
 * Tests: tests/grad/test_gan.c, test_penalties.c, tests/unit/test_gan.c, test_gan_steps.c, test_gan_use.c,
 *        test_gan_train.c, test_augment.c, tests/golden/test_augment.c, tests/property/test_augment.c.
 */
#ifndef GNL_GAN_H
#define GNL_GAN_H

#include "model/model.h"

extern const gnl_model_type gnl_gan_type;

#endif
