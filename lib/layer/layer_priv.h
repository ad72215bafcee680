/* SPDX-License-Identifier: MIT */
/* The kinds of layers, for the table. */
#ifndef GNL_LAYER_PRIV_H
#define GNL_LAYER_PRIV_H

#include "layer/layer.h"

extern const gnl_layer_type gnl_batch_norm;
extern const gnl_layer_type gnl_conv1d;
extern const gnl_layer_type gnl_conv2d;
extern const gnl_layer_type gnl_conv_transpose1d;
extern const gnl_layer_type gnl_conv_transpose2d;
extern const gnl_layer_type gnl_dense;
extern const gnl_layer_type gnl_dropout;
extern const gnl_layer_type gnl_elu;
extern const gnl_layer_type gnl_embedding;
extern const gnl_layer_type gnl_gaussian_noise;
extern const gnl_layer_type gnl_gelu;
extern const gnl_layer_type gnl_glu;
extern const gnl_layer_type gnl_group_norm;
extern const gnl_layer_type gnl_hardtanh;
extern const gnl_layer_type gnl_identity;
extern const gnl_layer_type gnl_instance_norm;
extern const gnl_layer_type gnl_layer_norm;
extern const gnl_layer_type gnl_leaky_relu;
extern const gnl_layer_type gnl_maxout;
extern const gnl_layer_type gnl_relu;
extern const gnl_layer_type gnl_rms_norm;
extern const gnl_layer_type gnl_scale;
extern const gnl_layer_type gnl_selu;
extern const gnl_layer_type gnl_sigmoid;
extern const gnl_layer_type gnl_silu;
extern const gnl_layer_type gnl_softmax;
extern const gnl_layer_type gnl_softplus;
extern const gnl_layer_type gnl_tanh;

/* A sample's data along one axis, with all rows: [outer,n,inner]. */
typedef struct gnl_axis {
    int64_t outer, n, inner;
} gnl_axis;

/* axis counts the dimensions of one sample from 0, or from the end as -1, -2, ... */
genlat_status gnl_axis_check(const gnl_shape *in, int64_t axis);
int32_t gnl_axis_index(const gnl_shape *in, int64_t axis);
gnl_axis gnl_axis_of(const gnl_step *s, int64_t axis); /* of the first input */

/* Frees what a layer of the caller's own kind holds. */
void gnl_layer_free_own(genlat_layer *layer);

#endif
