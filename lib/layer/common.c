/* SPDX-License-Identifier: MIT */
/* Definitions shared by several kinds of layers. */
#include "layer/layer_priv.h"

const char *const gnl_reparam_names[] = {"plain", "spectral", "norm", "fixed_norm", NULL};

genlat_status gnl_layer_same_shape(const gnl_shape *in, gnl_layer_plan *plan)
{
    plan->out = in[0];
    return GENLAT_OK;
}

gnl_linear gnl_linear_of(const gnl_step *s, int64_t units)
{
    const int64_t features = s->in[0].dim[s->in[0].ndim - 1];
    return (gnl_linear){&s->compute, s->rows * (s->in_size[0] / features), units, features};
}

void gnl_linear_forward(const gnl_linear *l, const gnl_real *weight, const gnl_real *x, gnl_real *y)
{
    gnl_gemm(l->compute, GNL_AS_IS, GNL_TRANSPOSED, l->vectors, l->units, l->features, 1, x, l->features, weight,
             l->features, 0, y, l->units);
}

void gnl_linear_backward_x(const gnl_linear *l, const gnl_real *weight, const gnl_real *dy, gnl_real *dx)
{
    gnl_gemm(l->compute, GNL_AS_IS, GNL_AS_IS, l->vectors, l->features, l->units, 1, dy, l->units, weight, l->features,
             0, dx, l->features);
}

void gnl_linear_backward_weight(const gnl_linear *l, const gnl_real *x, const gnl_real *dy, gnl_real beta,
                                gnl_real *dweight)
{
    gnl_gemm(l->compute, GNL_TRANSPOSED, GNL_AS_IS, l->units, l->features, l->vectors, 1, dy, l->units, x, l->features,
             beta, dweight, l->features);
}

gnl_param gnl_layer_bias(int64_t n, bool torch, int64_t fan_in)
{
    return (gnl_param){.name = "bias",
                       .shape = {1, {n}},
                       .init = {torch ? GNL_INIT_TORCH : GNL_INIT_CONSTANT, torch ? 1 : 0, fan_in, n}};
}

void gnl_param_clear_unused(const gnl_param *param, gnl_real *value)
{
    const int64_t count = gnl_shape_count(&param->shape);
    for (int64_t at = 0; param->period && at < count; at += param->period)
        memset(value + at + param->used, 0, (size_t)(param->period - param->used) * sizeof *value);
}
