/* SPDX-License-Identifier: MIT */
/*
 * Declares the kernels of one instruction set, one function for each entry of gnl_kernels. GNL_K(name) expands to
 * the name of a kernel in the set that is being compiled. entries.c defines the table, so a missing kernel is a link
 * error.
 */
#ifndef GNL_KERNEL_ENTRIES_PRIV_H
#define GNL_KERNEL_ENTRIES_PRIV_H

#include "kernel/kernel.h"

#define GNL_PASTE_(isa, name) gnl_##isa##_##name
#define GNL_PASTE(isa, name) GNL_PASTE_(isa, name)
#ifdef GNL_ISA
#    define GNL_K(name) GNL_PASTE(GNL_ISA, name)
#else
#    define GNL_K(name) GNL_PASTE(plain, name)
#endif

void GNL_K(axpy)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);
void GNL_K(scale)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);
void GNL_K(lerp)(int64_t n, gnl_real t, const gnl_real *x, gnl_real *y);
void GNL_K(add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);
void GNL_K(mul)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);
void GNL_K(mul_add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);
double GNL_K(sum)(int64_t n, const gnl_real *x);
double GNL_K(dot)(int64_t n, const gnl_real *x, const gnl_real *y);
void GNL_K(deviations)(int64_t runs, int64_t stride, int64_t n, const gnl_real *p, gnl_real a, const gnl_real *q,
                       gnl_real b, double sums[2]);
void GNL_K(mix)(int64_t n, const gnl_real c[4], const gnl_real *p, const gnl_real *x, gnl_store store, gnl_real *out);
void GNL_K(add_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias, gnl_real *y);
void GNL_K(sum_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy, gnl_real *db);

/* One function for each activation, in the order of gnl_act. */
typedef void gnl_act_fn(int64_t n, gnl_real alpha, const gnl_real *x, gnl_real *y);
typedef void gnl_act_backward_fn(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y, const gnl_real *dy,
                                 gnl_real *dx);
typedef void gnl_act_second_fn(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y, const gnl_real *u,
                               const gnl_real *v, gnl_real *out);
#define GNL_ACT_ENTRIES(name)                                                                                          \
    gnl_act_fn GNL_K(name);                                                                                            \
    gnl_act_backward_fn GNL_K(name##_backward);                                                                        \
    gnl_act_second_fn GNL_K(name##_second);
gnl_act_fn GNL_K(relu), GNL_K(leaky_relu);
GNL_ACT_ENTRIES(elu)
GNL_ACT_ENTRIES(selu)
GNL_ACT_ENTRIES(silu)
GNL_ACT_ENTRIES(gelu)
GNL_ACT_ENTRIES(softplus)
GNL_ACT_ENTRIES(tanh)
GNL_ACT_ENTRIES(sigmoid)
GNL_ACT_ENTRIES(hardtanh)
#undef GNL_ACT_ENTRIES

void GNL_K(signs)(int64_t n, const gnl_real *x, gnl_signs *out);
void GNL_K(rectify)(int64_t n, gnl_real alpha, const gnl_signs *signs, const gnl_real *x, gnl_real *y);
void GNL_K(exp)(int64_t n, const gnl_real *x, gnl_real *y);
void GNL_K(softmax)(int64_t rows, int64_t cols, const gnl_real *x, gnl_real *y);
void GNL_K(softmax_backward)(int64_t rows, int64_t cols, const gnl_real *y, const gnl_real *dy, gnl_real *dx);
double GNL_K(bernoulli)(int64_t n, const gnl_real *logits, const gnl_real *target, gnl_real scale, gnl_real *grad);
double GNL_K(squared)(int64_t n, const gnl_real *x, const gnl_real *target, gnl_real scale, gnl_real *grad);
double GNL_K(gauss_sample_kl)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                              gnl_real *z);
void GNL_K(gauss_sample_kl_backward)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                                     const gnl_real *dz, gnl_real kl_scale, gnl_real *dmean, gnl_real *dlogvar);
void GNL_K(fill_uniform)(int64_t n, const gnl_rng *at, gnl_real lo, gnl_real hi, gnl_real *out);
void GNL_K(fill_normal)(int64_t n, const gnl_rng *at, gnl_real *out);
gnl_update_fn GNL_K(sgd), GNL_K(rmsprop), GNL_K(adam), GNL_K(adamax), GNL_K(lion);

void GNL_K(dots_bf16)(const gnl_bf16_product *p, int64_t begin, int64_t end);
gnl_gemm_fn GNL_K(gemm);
void GNL_K(dots)(const gnl_product *p, const gnl_block *block);
void GNL_K(im2col)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels, const gnl_real *image,
                   gnl_real *window, gnl_real *cols);
void GNL_K(col2im)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels, const gnl_real *cols,
                   gnl_real *window, gnl_real *image);
void GNL_K(to_lanes)(const gnl_lanes *l, const gnl_real *plane, gnl_real *lanes);
void GNL_K(from_lanes)(const gnl_lanes *l, const gnl_real *lanes, gnl_real start, gnl_store store, gnl_real *plane);
void GNL_K(direct_outputs)(const gnl_outputs *o, const gnl_real *in, gnl_real *out);
void GNL_K(direct_weights)(const gnl_weights *w, const gnl_real *image, const gnl_real *map, gnl_real *grad);
gnl_transform_fn GNL_K(transform_image), GNL_K(transform_image_back), GNL_K(transform_map), GNL_K(transform_map_back),
    GNL_K(transform_weight), GNL_K(transform_weight_back);

extern const gnl_kernels GNL_K(kernels);

#endif
