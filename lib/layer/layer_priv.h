/* SPDX-License-Identifier: MIT */
/* The kinds of layers, for the table. */
#ifndef GNL_LAYER_PRIV_H
#define GNL_LAYER_PRIV_H

#include "layer/layer.h"

extern const gnl_layer_type gnl_dense;
extern const gnl_layer_type gnl_relu;

#endif
