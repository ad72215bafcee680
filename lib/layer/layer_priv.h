/* SPDX-License-Identifier: MIT */
/* The kinds of layers, for the table. */
#ifndef GNL_LAYER_PRIV_H
#define GNL_LAYER_PRIV_H

#include "layer/layer.h"

extern const gnl_layer_type gnl_add;
extern const gnl_layer_type gnl_avg_pool;
extern const gnl_layer_type gnl_basis;
extern const gnl_layer_type gnl_batch_norm;
extern const gnl_layer_type gnl_concat;
extern const gnl_layer_type gnl_cond_batch_norm;
extern const gnl_layer_type gnl_constant;
extern const gnl_layer_type gnl_conv1d;
extern const gnl_layer_type gnl_conv2d;
extern const gnl_layer_type gnl_conv_transpose1d;
extern const gnl_layer_type gnl_conv_transpose2d;
extern const gnl_layer_type gnl_crop;
extern const gnl_layer_type gnl_dense;
extern const gnl_layer_type gnl_dropout;
extern const gnl_layer_type gnl_elu;
extern const gnl_layer_type gnl_embedding;
extern const gnl_layer_type gnl_flatten;
extern const gnl_layer_type gnl_gaussian_noise;
extern const gnl_layer_type gnl_gelu;
extern const gnl_layer_type gnl_global_avg_pool;
extern const gnl_layer_type gnl_global_max_pool;
extern const gnl_layer_type gnl_glu;
extern const gnl_layer_type gnl_group_norm;
extern const gnl_layer_type gnl_hardtanh;
extern const gnl_layer_type gnl_identity;
extern const gnl_layer_type gnl_instance_norm;
extern const gnl_layer_type gnl_layer_norm;
extern const gnl_layer_type gnl_leaky_relu;
extern const gnl_layer_type gnl_lstm;
extern const gnl_layer_type gnl_max_pool;
extern const gnl_layer_type gnl_maxout;
extern const gnl_layer_type gnl_minibatch_std;
extern const gnl_layer_type gnl_multiply;
extern const gnl_layer_type gnl_pad;
extern const gnl_layer_type gnl_relu;
extern const gnl_layer_type gnl_repeat;
extern const gnl_layer_type gnl_resample;
extern const gnl_layer_type gnl_reshape;
extern const gnl_layer_type gnl_rms_norm;
extern const gnl_layer_type gnl_scale;
extern const gnl_layer_type gnl_selu;
extern const gnl_layer_type gnl_sigmoid;
extern const gnl_layer_type gnl_silu;
extern const gnl_layer_type gnl_softmax;
extern const gnl_layer_type gnl_softplus;
extern const gnl_layer_type gnl_tanh;
extern const gnl_layer_type gnl_upsample;

/* A sample's data along one axis, with all rows: [outer,n,inner]. */
typedef struct gnl_axis {
    int64_t outer, n, inner;
} gnl_axis;

/* axis counts the dimensions of one sample from 0, or from the end as -1, -2, ... */
genlat_status gnl_axis_check(const gnl_shape *in, int64_t axis);
int32_t gnl_axis_index(const gnl_shape *in, int64_t axis);
gnl_axis gnl_axis_of(const gnl_step *s, int64_t axis); /* of the first input */

/* The option `weight` of layers with a matrix. */
#define GNL_OPT_WEIGHT(type)                                                                                 \
    GNL_OPT_ENUM(type, weight, GNL_REPARAM_NONE, GNL_REPARAM_NORM, gnl_reparam_names,                        \
                 "plain, or under spectral norm or weight norm")

/* Frees what a layer of the caller's own kind holds. */

/* A [channels,length] or [channels,height,width] sample as planes of height x width; one dimension has height 1. */
typedef struct gnl_plane {
    int64_t channels, size[2];
} gnl_plane;

gnl_plane gnl_plane_of(const gnl_shape *shape);
genlat_status gnl_plane_check(const gnl_shape *in);
/* The shape of the same number of dimensions with other sizes of the plane. */
gnl_shape gnl_plane_shape(const gnl_shape *in, const int64_t size[2]);

/* Defines forward, backward, jvp and jvp_backward of a layer of one input without weights that is linear once
 * forward has run, from apply(s, x, y) for y = A x and adjoint(s, dy, dx) for dx = A^T dy. */
#define GNL_LINEAR_CALLS(prefix, apply, adjoint)                                                             \
    static void prefix##_forward(const gnl_step *s)                                                          \
    {                                                                                                        \
        apply(s, s->x[0], s->y);                                                                             \
    }                                                                                                        \
    static void prefix##_backward(const gnl_step *s)                                                         \
    {                                                                                                        \
        if (s->dx[0])                                                                                        \
            adjoint(s, s->dy, s->dx[0]);                                                                     \
    }                                                                                                        \
    GNL_LINEAR_TANGENTS(prefix, apply, adjoint)

/* The same without forward and backward, for layers whose forward does more than A x. */
#define GNL_LINEAR_TANGENTS(prefix, apply, adjoint)                                                          \
    static void prefix##_jvp(const gnl_step *s)                                                              \
    {                                                                                                        \
        apply(s, s->tx[0], s->ty);                                                                           \
    }                                                                                                        \
    static void prefix##_jvp_backward(const gnl_step *s)                                                     \
    {                                                                                                        \
        if (s->dtx[0])                                                                                       \
            adjoint(s, s->dty, s->dtx[0]);                                                                   \
    }

#endif
