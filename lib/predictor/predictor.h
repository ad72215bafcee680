/* SPDX-License-Identifier: MIT */
/*
 * predictor: nets that predict the labels of data: classifiers, whose features serve to evaluate generated samples, and
 *            regression.
 * Uses: base, kernel, tensor, io, layer, net, loss, optim, data, model.
 * Adding: add one entry to the table in config.c for a preset.
 * Tests: tests/unit/test_predictor.c.
 */
#ifndef GNL_PREDICTOR_H
#define GNL_PREDICTOR_H

#include "model/model.h"

extern const gnl_model_type gnl_predictor_type;

#endif
