/* SPDX-License-Identifier: MIT */
/*
 * predictor: nets trained to predict the labels of data: classifiers, whose features judge generated samples, and regressions.
 * Uses: base, kernel, tensor, io, layer, net, loss, optim, data, model.
 * Adding: a preset is one entry in config.c.
 * Tests: tests/unit/test_predictor.c.
 */
#ifndef GNL_PREDICTOR_H
#define GNL_PREDICTOR_H

#include "model/model.h"

extern const gnl_model_type gnl_predictor_type;

#endif
