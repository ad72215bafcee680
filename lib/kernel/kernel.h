/* SPDX-License-Identifier: MIT */
/*
 * kernel: mathematics on raw pointers: vectors, activations, reductions, losses, optimizer updates, GEMM.
 * Uses: base. Does not depend on shapes, layers or models.
 * Adding: an entry in gnl_kernels, a plain C version in plain_*.c, a vector version in simd_*.c (compiled once per
 *         instruction set), and a test in tests/unit/test_kernels.c that compares the two.
 * Tests: tests/unit/test_kernels.c, tests/unit/test_kernel_functions.c, tests/unit/test_gemm.c.
 */
#ifndef GNL_KERNEL_H
#define GNL_KERNEL_H

#include "base/base.h"

/* Elementwise functions with first and second derivatives. `alpha` is the slope or bound of those that have one. */
typedef enum gnl_act {
    GNL_ACT_RELU,
    GNL_ACT_LEAKY_RELU,           /* x > 0 ? x : alpha x */
    GNL_ACT_SMOOTH,               /* from here on the derivative is computed from x or y */
    GNL_ACT_ELU = GNL_ACT_SMOOTH, /* x > 0 ? x : alpha (e^x - 1) */
    GNL_ACT_SELU,
    GNL_ACT_SILU,     /* x sigmoid(x) */
    GNL_ACT_GELU,     /* x Phi(x), exact */
    GNL_ACT_SOFTPLUS, /* log(1 + e^x) */
    GNL_ACT_TANH,
    GNL_ACT_SIGMOID,
    GNL_ACT_HARDTANH, /* clamp to [-alpha, alpha] */
    GNL_ACT_COUNT
} gnl_act;

/* Bit mask of the signs of GNL_SIGNS numbers: bit i is set if number i is positive. */
typedef uint16_t gnl_signs;
enum { GNL_SIGNS = 16 };

/* Parameters of one optimizer update of n weights. m, v and w are the moments that the rule uses, or NULL. The caller
 * has already applied bias correction and schedule to all scalars. */
typedef struct gnl_update {
    gnl_real lr;
    gnl_real beta1, beta2, epsilon;
    gnl_real momentum;
    gnl_real decay;          /* weight decay */
    gnl_real correction1;    /* 1 - beta1^t */
    gnl_real correction2;    /* 1 - beta2^t */
    gnl_real gradient_scale; /* multiplies the gradients first: clipping and accumulation */
    gnl_real gradient_bound; /* then clamps them to +-bound; infinity: no clamping */
    bool decoupled;          /* decay is applied to the weights directly (AdamW), not added to the gradient */
    bool nesterov, centered;
} gnl_update;

typedef void gnl_update_fn(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m,
                           gnl_real *v, gnl_real *w);

/* A matrix product and a rectangle of its result, passed by gemm.c to the built-in kernel. */
typedef struct gnl_product gnl_product;
typedef struct gnl_block gnl_block;
typedef void gnl_gemm_fn(const gnl_product *p, const gnl_block *block, gnl_real *space);

/* out = x w^T with x [m,k], w [n,k] in bfloat16 (the upper 16 bits of a float), out [m,n]. All are contiguous. */
typedef struct gnl_bf16_product {
    int64_t m, n, k;
    const gnl_real *x;
    const uint16_t *w;
    gnl_real *out;
} gnl_bf16_product;

/* Geometry of a convolution, defined below, and parts of its computation. */
typedef struct gnl_conv gnl_conv;
typedef struct gnl_conv_tile gnl_conv_tile;
typedef struct gnl_lanes gnl_lanes;
typedef struct gnl_transform gnl_transform;
typedef struct gnl_outputs gnl_outputs;
typedef struct gnl_weights gnl_weights;

/* Transforms of Winograd's convolution, each with its adjoint. The transforms of image and map work on lanes. The
 * adjoints of the image and weight transforms add to their output. */
typedef enum gnl_transform_kind {
    GNL_TRANSFORM_IMAGE,
    GNL_TRANSFORM_IMAGE_BACK,
    GNL_TRANSFORM_MAP, /* from the transform points to the positions */
    GNL_TRANSFORM_MAP_BACK,
    GNL_TRANSFORM_WEIGHT,
    GNL_TRANSFORM_WEIGHT_BACK,
    GNL_TRANSFORM_COUNT
} gnl_transform_kind;
typedef void gnl_transform_fn(const gnl_transform *t, const gnl_real *from, gnl_real *to);

/* Whether a kernel overwrites its output or adds to it. */
typedef enum gnl_store { GNL_SET, GNL_ADD } gnl_store;

/* All kernels run on one thread; callers divide the work. An output may be the same array as an input with the same
 * indices, unless stated otherwise. Sums are returned in double. */
typedef struct gnl_kernels {
    uint32_t cpu;

    /* vectors */
    void (*axpy)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);           /* y += a x */
    void (*scale)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);          /* y  = a x */
    void (*lerp)(int64_t n, gnl_real t, const gnl_real *x, gnl_real *y);           /* y += t (x - y) */
    void (*add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);     /* z  = x + y */
    void (*mul)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);     /* z  = x y */
    void (*mul_add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z); /* z += x y */
    double (*sum)(int64_t n, const gnl_real *x);
    double (*dot)(int64_t n, const gnl_real *x, const gnl_real *y);

    /* Normalisation: sums[0] += sum (p - a), sums[1] += sum (p - a)(q - b), over runs of n elements. mix computes out =
     * c[0] p + c[1] + c[2] (x - c[3]), or adds it to out with GNL_ADD; out may be p or x. */
    void (*deviations)(int64_t runs, int64_t stride, int64_t n, const gnl_real *p, gnl_real a, const gnl_real *q,
                       gnl_real b, double sums[2]);
    void (*mix)(int64_t n, const gnl_real c[4], const gnl_real *p, const gnl_real *x, gnl_store store, gnl_real *out);

    /* Bias and its gradient: y is [rows,channels,plane]; plane is 1 for vectors. */
    void (*add_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias, gnl_real *y);
    void (*sum_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy, gnl_real *db); /* db += */

    /* Activations: y = f(x); dx = dy f'(x); out += u v f''(x). The derivatives of silu, gelu and softplus read only x.
     * All others read only y, so they work in place (elu then needs alpha >= 0). relu and leaky_relu have no derivative
     * entries: signs and rectify replace them. */
    void (*act[GNL_ACT_COUNT])(int64_t n, gnl_real alpha, const gnl_real *x, gnl_real *y);
    void (*act_backward[GNL_ACT_COUNT])(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y,
                                        const gnl_real *dy, gnl_real *dx);
    void (*act_second[GNL_ACT_COUNT])(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y,
                                      const gnl_real *u, const gnl_real *v, gnl_real *out);
    void (*signs)(int64_t n, const gnl_real *x, gnl_signs *out); /* bit set where x > 0 */
    void (*rectify)(int64_t n, gnl_real alpha, const gnl_signs *signs, const gnl_real *x,
                    gnl_real *y); /* y = x where the sign bit is set, otherwise alpha x */
    void (*exp)(int64_t n, const gnl_real *x, gnl_real *y);

    /* Softmax over `cols` elements of each of `rows` rows; dx = y (dy - <dy,y>). */
    void (*softmax)(int64_t rows, int64_t cols, const gnl_real *x, gnl_real *y);
    void (*softmax_backward)(int64_t rows, int64_t cols, const gnl_real *y, const gnl_real *dy, gnl_real *dx);

    /* Losses over n elements. If grad is not NULL, it receives the derivative times `scale`. */
    double (*bernoulli)(int64_t n, const gnl_real *logits, const gnl_real *target, gnl_real scale, gnl_real *grad);
    double (*squared)(int64_t n, const gnl_real *x, const gnl_real *target, gnl_real scale,
                      gnl_real *grad); /* 0.5 (x - t)^2 */

    /* Gaussian latents: z = mean + e^(logvar/2) noise; returns KL(N(mean, e^logvar) || N(0,1)) summed over n. */
    double (*gauss_sample_kl)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                              gnl_real *z);
    /* dmean = dz + kl_scale mean; dlogvar = dz noise e^(logvar/2) / 2 + kl_scale (e^logvar - 1) / 2 */
    void (*gauss_sample_kl_backward)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                                     const gnl_real *dz, gnl_real kl_scale, gnl_real *dmean, gnl_real *dlogvar);

    /* Random fills: use blocks of four numbers starting at `counter` and produce the same numbers as gnl_rng_fill_*. */
    void (*fill_uniform)(int64_t n, const gnl_rng *at, gnl_real lo, gnl_real hi, gnl_real *out);
    void (*fill_normal)(int64_t n, const gnl_rng *at, gnl_real *out);

    /* optimizer updates */
    gnl_update_fn *sgd;     /* m: momentum buffer or NULL */
    gnl_update_fn *rmsprop; /* v: squares; w: mean gradient if centered; m: momentum buffer or NULL */
    gnl_update_fn *adam;    /* m, v; AdamW if u->decoupled */
    gnl_update_fn *adamax;  /* m, v: infinity norm */
    gnl_update_fn *lion;    /* m */

    /* Built-in matrix product; called through gnl_gemm(). */
    gnl_gemm_fn *gemm;
    void (*dots)(const gnl_product *p, const gnl_block *block); /* few rows or columns, nothing is packed */
    void (*dots_bf16)(const gnl_bf16_product *p, int64_t begin, int64_t end); /* columns [begin,end) of out */

    /* im2col lowers `channels` channels of the image, starting at `channel`, to cols [channels,kernel,tile size].
     * col2im is the reverse and adds to the image. These and the next functions are called through gnl_conv_*(). */
    void (*im2col)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels, const gnl_real *image,
                   gnl_real *window, gnl_real *cols);
    void (*col2im)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels, const gnl_real *cols,
                   gnl_real *window, gnl_real *image);
    void (*to_lanes)(const gnl_lanes *l, const gnl_real *plane, gnl_real *lanes);
    void (*from_lanes)(const gnl_lanes *l, const gnl_real *lanes, gnl_real start, gnl_store store, gnl_real *plane);
    gnl_transform_fn *transform[GNL_TRANSFORM_COUNT];
    void (*direct_outputs)(const gnl_outputs *o, const gnl_real *in, gnl_real *out);
    void (*direct_weights)(const gnl_weights *w, const gnl_real *image, const gnl_real *map, gnl_real *grad);
} gnl_kernels;

/* Returns the kernels for the instruction set of a context; constant data. */
const gnl_kernels *gnl_kernels_of(const genlat_ctx *ctx);
const gnl_kernels *gnl_kernels_for(uint32_t cpu); /* NULL if not built */
/* Returns the block product of a context: that of its instruction set, or the one that rounds factors to bfloat16. */
gnl_gemm_fn *gnl_gemm_kernel(const genlat_ctx *ctx);

/* ---- matrix products --------------------------------------------------------------------------------- */

/* What a computation needs: context, kernels and packing space. One per calling thread, because of the packing
 * space. */
typedef struct gnl_compute {
    genlat_ctx *ctx;
    const gnl_kernels *k;
    gnl_real *space; /* gnl_gemm_space(ctx) numbers, 64-byte aligned */
} gnl_compute;

/* Returns the packing space that gnl_gemm needs for all threads of the context, in numbers. */
size_t gnl_gemm_space(const genlat_ctx *ctx);

/* How a factor of a product is stored. */
typedef enum gnl_trans { GNL_AS_IS, GNL_TRANSPOSED } gnl_trans;

/* C = alpha op(A) op(B) + beta C, row-major; op(A) is [m,k], op(B) is [k,n]. If beta is 0, C is overwritten without
 * being read. The work is divided among the context's threads. The order of summation of the built-in product depends
 * only on the sizes. */
void gnl_gemm(const gnl_compute *c, gnl_trans trans_a, gnl_trans trans_b, int64_t m, int64_t n, int64_t k,
              gnl_real alpha, const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb, gnl_real beta,
              gnl_real *out, int64_t ldc);

/* Same as gnl_gemm, but runs only on the calling thread, for use within a task. Packs into the space of `worker`. */
void gnl_gemm_one(const gnl_compute *c, int worker, gnl_trans trans_a, gnl_trans trans_b, int64_t m, int64_t n,
                  int64_t k, gnl_real alpha, const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb,
                  gnl_real beta, gnl_real *out, int64_t ldc);

/* out [m,n] = x [m,k] w [n,k]^T with weights in bfloat16. Sums are accumulated in single precision. */
void gnl_gemm_bf16(const gnl_compute *c, int64_t m, int64_t n, int64_t k, const gnl_real *x, const uint16_t *w,
                   gnl_real *out);
/* Rounds floats to the nearest bfloat16. */
void gnl_bf16_round(int64_t n, const gnl_real *x, uint16_t *out);

/* ---- kernels on all threads --------------------------------------------------------------------------- */

/* Chunk size, in elements, of memory-bound loops. It is fixed, so that sums do not depend on the number of threads. */
enum { GNL_CHUNK = 16384 };

static inline int64_t gnl_ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

void gnl_zero(genlat_ctx *ctx, int64_t n, gnl_real *x);
/* The kernels add_bias and sum_bias on all threads. Each channel is summed by one thread. */
void gnl_add_bias(const gnl_compute *c, int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias,
                  gnl_real *y);
void gnl_sum_bias(const gnl_compute *c, int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy,
                  gnl_real *db);
/* Also computes the signs of y, unless `signs` is NULL. */
void gnl_act_forward(const gnl_compute *c, gnl_act act, gnl_real alpha, int64_t n, const gnl_real *x, gnl_real *y,
                     gnl_signs *signs);
void gnl_act_backward(const gnl_compute *c, gnl_act act, gnl_real alpha, int64_t n, const gnl_real *x,
                      const gnl_real *y, const gnl_real *dy, gnl_real *dx);
void gnl_rectify(const gnl_compute *c, gnl_real alpha, int64_t n, const gnl_signs *signs, const gnl_real *x,
                 gnl_real *y);
/* Advance the stream by the same amount as gnl_rng_fill_*. */
void gnl_fill_normal(const gnl_compute *c, gnl_rng *rng, int64_t n, gnl_real *out);
void gnl_fill_uniform(const gnl_compute *c, gnl_rng *rng, int64_t n, gnl_real lo, gnl_real hi, gnl_real *out);

/* ---- convolutions ---------------------------------------------------------------------------- */

/* Geometry of a convolution between an image and a map. It is the same for both directions: a convolution reads the
 * image and writes the map; a transposed convolution reads the map and writes the image. Pairs are y, x; in one
 * dimension y has size 1. Arrays are [rows,channels,y,x]. The weight is [map channels, image channels / groups, kernel
 * y, kernel x], which is PyTorch's layout of both Conv and ConvTranspose. */
struct gnl_conv {
    int64_t groups;
    int64_t image_channels, map_channels;
    int64_t image[2], map[2];
    int64_t kernel[2], stride[2], padding[2], dilation[2];
};

/* Returns the scratch size, in numbers, of the functions below for at most `rows` samples on `threads` threads. */
int64_t gnl_conv_scratch(const gnl_conv *g, int64_t rows, int threads);

/* map = weight * image + bias; bias [map channels] or NULL. */
void gnl_conv_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                     const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch);
/* image = transposed weight * map + bias; bias [image channels] or NULL. */
void gnl_conv_scatter(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                      const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch);
/* grad += gradient of <map, weight * image> with respect to the weight. */
void gnl_conv_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image, const gnl_real *map,
                     gnl_real *grad, gnl_real *scratch);

#endif
