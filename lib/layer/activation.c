/* SPDX-License-Identifier: MIT */
/* Elementwise activations. */
#include "layer/layer_priv.h"

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    return gnl_layer_same_shape(in, plan);
}

static void relu_forward(const gnl_step *s)
{
    gnl_act_forward(&s->compute, GNL_ACT_RELU, 0, s->rows * s->out_size, s->x[0], s->y);
}

static void relu_backward(const gnl_step *s)
{
    if (s->dx[0])
        gnl_act_backward(&s->compute, GNL_ACT_RELU, 0, s->rows * s->out_size, s->x[0], s->y, s->dy, s->dx[0]);
}

const gnl_layer_type gnl_relu = {
    .name = "relu",
    .flags = GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_NEEDS_Y | GNL_LAYER_INPLACE,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = relu_forward,
    .backward = relu_backward,
    .help = "max(x, 0)",
};
