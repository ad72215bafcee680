/* SPDX-License-Identifier: MIT */
/* The table of the plain C kernels: what every machine can run, and what the other tables are tested against.
 */
#include "kernel/plain_priv.h"

#define ACTIVATIONS(suffix)                                                                                  \
    {                                                                                                        \
        [GNL_ACT_RELU] = gnl_plain_relu##suffix, [GNL_ACT_LEAKY_RELU] = gnl_plain_leaky_relu##suffix,        \
        [GNL_ACT_ELU] = gnl_plain_elu##suffix, [GNL_ACT_SELU] = gnl_plain_selu##suffix,                      \
        [GNL_ACT_SILU] = gnl_plain_silu##suffix, [GNL_ACT_GELU] = gnl_plain_gelu##suffix,                    \
        [GNL_ACT_SOFTPLUS] = gnl_plain_softplus##suffix, [GNL_ACT_TANH] = gnl_plain_tanh##suffix,            \
        [GNL_ACT_SIGMOID] = gnl_plain_sigmoid##suffix, [GNL_ACT_HARDTANH] = gnl_plain_hardtanh##suffix,      \
    }

const gnl_kernels gnl_kernels_plain = {
    .cpu = GENLAT_CPU_BASELINE,
    .axpy = gnl_plain_axpy,
    .scale = gnl_plain_scale,
    .lerp = gnl_plain_lerp,
    .add = gnl_plain_add,
    .mul = gnl_plain_mul,
    .mul_add = gnl_plain_mul_add,
    .sum = gnl_plain_sum,
    .dot = gnl_plain_dot,
    .add_bias = gnl_plain_add_bias,
    .sum_bias = gnl_plain_sum_bias,
    .act = ACTIVATIONS(),
    .act_backward = ACTIVATIONS(_backward),
    .act_second = ACTIVATIONS(_second),
    .exp = gnl_plain_exp,
    .softmax = gnl_plain_softmax,
    .softmax_backward = gnl_plain_softmax_backward,
    .bernoulli = gnl_plain_bernoulli,
    .squared = gnl_plain_squared,
    .gauss_sample_kl = gnl_plain_gauss_sample_kl,
    .gauss_sample_kl_backward = gnl_plain_gauss_sample_kl_backward,
    .fill_uniform = gnl_plain_fill_uniform,
    .fill_normal = gnl_plain_fill_normal,
    .sgd = gnl_plain_sgd,
    .rmsprop = gnl_plain_rmsprop,
    .adam = gnl_plain_adam,
    .adamax = gnl_plain_adamax,
    .lion = gnl_plain_lion,
};
