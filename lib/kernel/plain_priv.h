/* SPDX-License-Identifier: MIT */
/* The plain C kernels, one function a line of gnl_kernels; plain.c makes the table of them. */
#ifndef GNL_KERNEL_PLAIN_PRIV_H
#define GNL_KERNEL_PLAIN_PRIV_H

#include "kernel/kernel.h"

void gnl_plain_axpy(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);
void gnl_plain_scale(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);
void gnl_plain_lerp(int64_t n, gnl_real t, const gnl_real *x, gnl_real *y);
void gnl_plain_add(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);
void gnl_plain_mul(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);
void gnl_plain_mul_add(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);
double gnl_plain_sum(int64_t n, const gnl_real *x);
double gnl_plain_dot(int64_t n, const gnl_real *x, const gnl_real *y);
void gnl_plain_add_bias(int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias, gnl_real *y);
void gnl_plain_sum_bias(int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy, gnl_real *db);

/* One entry for each activation, in the order of gnl_act. */
typedef void gnl_act_fn(int64_t n, gnl_real alpha, const gnl_real *x, gnl_real *y);
typedef void gnl_act_backward_fn(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y,
                                 const gnl_real *dy, gnl_real *dx);
typedef void gnl_act_second_fn(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y,
                               const gnl_real *u, const gnl_real *v, gnl_real *out);
#define GNL_PLAIN_ACT(name)                                                                                  \
    gnl_act_fn gnl_plain_##name;                                                                             \
    gnl_act_backward_fn gnl_plain_##name##_backward;                                                         \
    gnl_act_second_fn gnl_plain_##name##_second;
GNL_PLAIN_ACT(relu)
GNL_PLAIN_ACT(leaky_relu)
GNL_PLAIN_ACT(elu)
GNL_PLAIN_ACT(selu)
GNL_PLAIN_ACT(silu)
GNL_PLAIN_ACT(gelu)
GNL_PLAIN_ACT(softplus)
GNL_PLAIN_ACT(tanh)
GNL_PLAIN_ACT(sigmoid)
GNL_PLAIN_ACT(hardtanh)
#undef GNL_PLAIN_ACT

void gnl_plain_exp(int64_t n, const gnl_real *x, gnl_real *y);
void gnl_plain_softmax(int64_t rows, int64_t cols, const gnl_real *x, gnl_real *y);
void gnl_plain_softmax_backward(int64_t rows, int64_t cols, const gnl_real *y, const gnl_real *dy,
                                gnl_real *dx);
double gnl_plain_bernoulli(int64_t n, const gnl_real *logits, const gnl_real *target, gnl_real scale,
                           gnl_real *grad);
double gnl_plain_squared(int64_t n, const gnl_real *x, const gnl_real *target, gnl_real scale,
                         gnl_real *grad);
double gnl_plain_gauss_sample_kl(int64_t n, const gnl_real *mean, const gnl_real *logvar,
                                 const gnl_real *noise, gnl_real *z);
void gnl_plain_gauss_sample_kl_backward(int64_t n, const gnl_real *mean, const gnl_real *logvar,
                                        const gnl_real *noise, const gnl_real *dz, gnl_real kl_scale,
                                        gnl_real *dmean, gnl_real *dlogvar);
void gnl_plain_fill_uniform(int64_t n, const gnl_rng *at, gnl_real lo, gnl_real hi, gnl_real *out);
void gnl_plain_fill_normal(int64_t n, const gnl_rng *at, gnl_real *out);
gnl_update_fn gnl_plain_sgd, gnl_plain_rmsprop, gnl_plain_adam, gnl_plain_adamax, gnl_plain_lion;

extern const gnl_kernels gnl_kernels_plain;

#endif
