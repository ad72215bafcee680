/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of layer only. */
#ifndef GNL_LAYER_PRIV_H
#define GNL_LAYER_PRIV_H

#include "layer/layer.h"

/* Creates a layer of a kind that the program has registered in the context, which owns the kind. */
genlat_status gnl_layer_of_kind(genlat_ctx *ctx, const void *own, genlat_layer **out);

/* Data of all samples along one axis: [outer,n,inner]. */
typedef struct gnl_axis {
    int64_t outer, n, inner;
} gnl_axis;

/* An axis is an index of the dimensions of one sample, or a negative index from the end. */
genlat_status gnl_axis_check(const gnl_shape *in, int64_t axis);
int32_t gnl_axis_index(const gnl_shape *in, int64_t axis);
gnl_axis gnl_axis_of(const gnl_step *s, int64_t axis); /* of the first input */
/* Checks an option of the type AXES: valid axes, none of them twice. */
genlat_status gnl_axes_check(const gnl_shape *in, const int64_t axes[GENLAT_MAX_DIMS]);
int32_t gnl_axes_count(const int64_t axes[GENLAT_MAX_DIMS]); /* 0: the option is not set */

/* The option `weight` of layers with a matrix. */
#define GNL_OPT_WEIGHT(type)                                                                                           \
    GNL_OPT_ENUM(type, weight, GNL_REPARAM_NONE, GNL_REPARAM_FIXED, gnl_reparam_names,                                 \
                 "plain, or with spectral norm, weight norm, or weight norm of constant lengths")

/* A sample [channels,length] or [channels,height,width] as planes of height x width. With one dimension the height is
 * 1. */
typedef struct gnl_plane {
    int64_t channels, size[2];
} gnl_plane;

gnl_plane gnl_plane_of(const gnl_shape *shape);
genlat_status gnl_plane_check(const gnl_shape *in);
/* Returns a shape with the same number of dimensions as `in` and other plane sizes. */
gnl_shape gnl_plane_shape(const gnl_shape *in, const int64_t size[2]);

/* Defines forward, backward, jvp and jvp_backward for a layer with one input and no weights that is linear once forward
 * has run. apply(s, x, y) computes y = A x; adjoint(s, dy, dx) computes dx = A^T dy. */
#define GNL_LINEAR_CALLS(prefix, apply, adjoint)                                                                       \
    static void prefix##_forward(const gnl_step *s)                                                                    \
    {                                                                                                                  \
        apply(s, s->x[0], s->y);                                                                                       \
    }                                                                                                                  \
    static void prefix##_backward(const gnl_step *s)                                                                   \
    {                                                                                                                  \
        if (s->dx[0])                                                                                                  \
            adjoint(s, s->dy, s->dx[0]);                                                                               \
    }                                                                                                                  \
    GNL_LINEAR_TANGENTS(prefix, apply, adjoint)

/* Same, without forward and backward, for layers whose forward does more than A x. */
#define GNL_LINEAR_TANGENTS(prefix, apply, adjoint)                                                                    \
    static void prefix##_jvp(const gnl_step *s)                                                                        \
    {                                                                                                                  \
        apply(s, s->tx[0], s->ty);                                                                                     \
    }                                                                                                                  \
    static void prefix##_jvp_backward(const gnl_step *s)                                                               \
    {                                                                                                                  \
        if (s->dtx[0])                                                                                                 \
            adjoint(s, s->dty, s->dtx[0]);                                                                             \
    }

#endif
