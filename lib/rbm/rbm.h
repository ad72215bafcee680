/* SPDX-License-Identifier: MIT */
/*
 * rbm: restricted Boltzmann machines with binary units as models of data in [0,1], trained by contrastive divergence.
 * Uses: base, kernel, tensor, io, net, density, optim, data, model.
 * Adding: add one entry to the table in rbm.c for a preset.
 * Tests: tests/unit/test_density_models.c.
 */
#ifndef GNL_RBM_H
#define GNL_RBM_H

#include "model/model.h"

extern const gnl_model_type gnl_rbm_type;

#endif
