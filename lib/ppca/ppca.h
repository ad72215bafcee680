/* SPDX-License-Identifier: MIT */
/*
 * ppca: probabilistic principal component analysis as a model of data. One epoch of training is the whole fit.
 * Uses: base, kernel, tensor, io, net, density, data, model.
 * Adding: add one entry to the table in ppca.c for a preset.
 * Tests: tests/unit/test_density_models.c.
 */
#ifndef GNL_PPCA_H
#define GNL_PPCA_H

#include "model/model.h"

extern const gnl_model_type gnl_ppca_type;

#endif
