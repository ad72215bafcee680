/* SPDX-License-Identifier: MIT */
/*
 * gmm: mixtures of Gaussians as models of data. An epoch of training is an iteration of EM over all samples.
 * Uses: base, kernel, tensor, io, net, density, data, model.
 * Adding: add one entry to the table in gmm.c for a preset.
 * Tests: tests/unit/test_density_models.c.
 */
#ifndef GNL_GMM_H
#define GNL_GMM_H

#include "model/model.h"

extern const gnl_model_type gnl_gmm_type;

#endif
