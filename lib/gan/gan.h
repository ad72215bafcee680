/* SPDX-License-Identifier: MIT */
/*
 * gan: generative adversarial networks: configuration and presets, steps, penalties, augmentations, use.
 * Uses: base, kernel, tensor, io, layer, net, loss, latent, optim, data, model.
 * Adding: a penalty or regularizer is one file in penalty/ and one line in its table, an augmentation the same in augment/; a
 *         preset is one entry in presets.c.
 * Tests: tests/grad/test_gan.c, tests/unit/test_gan.c, tests/unit/test_gan_train.c, tests/unit/test_augment.c.
 */
#ifndef GNL_GAN_H
#define GNL_GAN_H

#include "model/model.h"

extern const gnl_model_type gnl_gan_type;

#endif
