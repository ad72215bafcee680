/* SPDX-License-Identifier: MIT */
/* The kinds of layers, for the table. */
#ifndef GNL_LAYER_PRIV_H
#define GNL_LAYER_PRIV_H

#include "layer/layer.h"

extern const gnl_layer_type gnl_dense;
extern const gnl_layer_type gnl_elu;
extern const gnl_layer_type gnl_gelu;
extern const gnl_layer_type gnl_hardtanh;
extern const gnl_layer_type gnl_leaky_relu;
extern const gnl_layer_type gnl_relu;
extern const gnl_layer_type gnl_selu;
extern const gnl_layer_type gnl_sigmoid;
extern const gnl_layer_type gnl_silu;
extern const gnl_layer_type gnl_softplus;
extern const gnl_layer_type gnl_tanh;

#endif
