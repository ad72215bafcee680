/* SPDX-License-Identifier: MIT */
/* Table of the kernels of one instruction set; compiled for plain C and once for each wider set. */
#include "kernel/entries_priv.h"

#define SMOOTH(suffix)                                                                                                 \
    [GNL_ACT_ELU] = GNL_K(elu##suffix), [GNL_ACT_SELU] = GNL_K(selu##suffix), [GNL_ACT_SILU] = GNL_K(silu##suffix),    \
    [GNL_ACT_GELU] = GNL_K(gelu##suffix), [GNL_ACT_SOFTPLUS] = GNL_K(softplus##suffix),                                \
    [GNL_ACT_TANH] = GNL_K(tanh##suffix), [GNL_ACT_SIGMOID] = GNL_K(sigmoid##suffix),                                  \
    [GNL_ACT_HARDTANH] = GNL_K(hardtanh##suffix)

#if !defined(GNL_ISA)
#    define CPU GENLAT_CPU_BASELINE
#elif defined(__AVX512F__)
#    define CPU GENLAT_CPU_AVX512
#elif defined(__AVX2__)
#    define CPU GENLAT_CPU_AVX2
#else
#    define CPU GENLAT_CPU_NEON
#endif

const gnl_kernels GNL_K(kernels) = {
    .cpu = CPU,
    .axpy = GNL_K(axpy),
    .scale = GNL_K(scale),
    .lerp = GNL_K(lerp),
    .add = GNL_K(add),
    .mul = GNL_K(mul),
    .mul_add = GNL_K(mul_add),
    .sum = GNL_K(sum),
    .dot = GNL_K(dot),
    .deviations = GNL_K(deviations),
    .mix = GNL_K(mix),
    .add_bias = GNL_K(add_bias),
    .sum_bias = GNL_K(sum_bias),
    .act = {[GNL_ACT_RELU] = GNL_K(relu), [GNL_ACT_LEAKY_RELU] = GNL_K(leaky_relu), SMOOTH()},
    .act_backward = {SMOOTH(_backward)},
    .act_second = {SMOOTH(_second)},
    .signs = GNL_K(signs),
    .rectify = GNL_K(rectify),
    .exp = GNL_K(exp),
    .softmax = GNL_K(softmax),
    .softmax_backward = GNL_K(softmax_backward),
    .bernoulli = GNL_K(bernoulli),
    .squared = GNL_K(squared),
    .gauss_sample_kl = GNL_K(gauss_sample_kl),
    .gauss_sample_kl_backward = GNL_K(gauss_sample_kl_backward),
    .fill_uniform = GNL_K(fill_uniform),
    .fill_normal = GNL_K(fill_normal),
    .sgd = GNL_K(sgd),
    .rmsprop = GNL_K(rmsprop),
    .adam = GNL_K(adam),
    .adamax = GNL_K(adamax),
    .lion = GNL_K(lion),
    .gemm = GNL_K(gemm),
    .dots = GNL_K(dots),
    .dots_bf16 = GNL_K(dots_bf16),
    .im2col = GNL_K(im2col),
    .col2im = GNL_K(col2im),
    .to_lanes = GNL_K(to_lanes),
    .from_lanes = GNL_K(from_lanes),
    .direct_outputs = GNL_K(direct_outputs),
    .direct_weights = GNL_K(direct_weights),
    .transform = {[GNL_TRANSFORM_IMAGE] = GNL_K(transform_image),
                  [GNL_TRANSFORM_IMAGE_BACK] = GNL_K(transform_image_back),
                  [GNL_TRANSFORM_MAP] = GNL_K(transform_map),
                  [GNL_TRANSFORM_MAP_BACK] = GNL_K(transform_map_back),
                  [GNL_TRANSFORM_WEIGHT] = GNL_K(transform_weight),
                  [GNL_TRANSFORM_WEIGHT_BACK] = GNL_K(transform_weight_back)},
};
