/* SPDX-License-Identifier: MIT */
/* Definitions shared by several kinds of layers. */
#include "layer/layer_priv.h"

const char *const gnl_reparam_names[] = {"plain", "spectral", "norm", NULL};

genlat_status gnl_layer_same_shape(const gnl_shape *in, gnl_layer_plan *plan)
{
    plan->out = in[0];
    return GENLAT_OK;
}

gnl_param gnl_layer_bias(int64_t n, bool torch, int64_t fan_in)
{
    return (gnl_param){.name = "bias",
                       .shape = {1, {n}},
                       .init = {torch ? GNL_INIT_TORCH : GNL_INIT_CONSTANT, torch ? 1 : 0, fan_in, n}};
}
