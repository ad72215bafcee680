/* SPDX-License-Identifier: MIT */
/*
 * kernel: mathematics on raw pointers: vectors, activations, reductions, losses, optimizer updates, GEMM.
 * Uses: base. Knows nothing of shapes, layers or models.
 * Adding: a line in gnl_kernels, its plain C twin in plain_*.c, its vector form in simd_*.c (compiled once per
 *         instruction set), and the line in tests/unit/test_kernels.c that compares the two.
 * Tests: tests/unit/test_kernels.c, test_kernel_functions.c, test_gemm.c.
 */
#ifndef GNL_KERNEL_H
#define GNL_KERNEL_H

#include "base/base.h"

/* Elementwise functions with first and second derivative. `alpha` is the slope or bound where there is one. */
typedef enum gnl_act {
    GNL_ACT_RELU,
    GNL_ACT_LEAKY_RELU, /* x > 0 ? x : alpha x */
    GNL_ACT_SMOOTH,     /* from here on the slope is computed from x or y */
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

/* Which of GNL_SIGNS numbers are positive: the first is bit 0. */
typedef uint16_t gnl_signs;
enum { GNL_SIGNS = 16 };

/* One optimizer update of n parameters; m, v, w are moments that the rule uses or NULL. All scalars are
 * already corrected for bias and schedule by the caller. */
typedef struct gnl_update {
    gnl_real lr;
    gnl_real beta1, beta2, epsilon;
    gnl_real momentum;
    gnl_real decay;           /* weight decay */
    gnl_real correction1;     /* 1 - beta1^t */
    gnl_real correction2;     /* 1 - beta2^t */
    gnl_real gradient_scale;  /* gradients are multiplied by this first: clipping and accumulation */
    gnl_real gradient_bound;  /* then clamped to +-bound; infinity: not */
    bool decoupled;           /* decay shrinks the weights (AdamW) instead of joining the gradient */
    bool nesterov, centered;
} gnl_update;

typedef void gnl_update_fn(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m,
                           gnl_real *v, gnl_real *w);

/* A product of matrices and a rectangle of its result, as gemm.c gives them to the built-in kernel. */
typedef struct gnl_product gnl_product;
typedef struct gnl_block gnl_block;
typedef void gnl_gemm_fn(const gnl_product *p, const gnl_block *block, gnl_real *space);

/* out = x w^T: x [m,k], w [n,k] in bfloat16 (the upper halves of floats), out [m,n], all of them contiguous. */
typedef struct gnl_bf16_product {
    int64_t m, n, k;
    const gnl_real *x;
    const uint16_t *w;
    gnl_real *out;
} gnl_bf16_product;

/* The geometry of a convolution, below, and a piece of it. */
typedef struct gnl_conv gnl_conv;
typedef struct gnl_conv_tile gnl_conv_tile;
typedef struct gnl_lanes gnl_lanes;
typedef struct gnl_turn gnl_turn;
typedef struct gnl_outputs gnl_outputs;
typedef struct gnl_weights gnl_weights;

/* Transforms of Winograd's convolution: of lanes of the image and of the map, and of weights, each with its
 * adjoint. The adjoints of the image and the weights add. */
typedef enum gnl_turn_kind {
    GNL_TURN_IMAGE,
    GNL_TURN_IMAGE_BACK,
    GNL_TURN_MAP, /* from the points to the positions */
    GNL_TURN_MAP_BACK,
    GNL_TURN_WEIGHT,
    GNL_TURN_WEIGHT_BACK,
    GNL_TURN_COUNT
} gnl_turn_kind;
typedef void gnl_turn_fn(const gnl_turn *t, const gnl_real *from, gnl_real *to);

/* What becomes of the numbers that are there. */
typedef enum gnl_store { GNL_SET, GNL_ADD } gnl_store;

/* Every kernel works on one thread; callers split. Outputs may be the same array as an input of the same
 * position unless said otherwise. Sums are returned in double. */
typedef struct gnl_kernels {
    uint32_t cpu;

    /* vectors */
    void (*axpy)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);                     /* y += a x */
    void (*scale)(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y);                    /* y  = a x */
    void (*lerp)(int64_t n, gnl_real t, const gnl_real *x, gnl_real *y);                     /* y += t (x - y) */
    void (*add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);               /* z  = x + y */
    void (*mul)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);               /* z  = x y */
    void (*mul_add)(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z);           /* z += x y */
    double (*sum)(int64_t n, const gnl_real *x);
    double (*dot)(int64_t n, const gnl_real *x, const gnl_real *y);

    /* normalisations: sums[0] += sum (p - a), sums[1] += sum (p - a)(q - b) over runs of n elements;
     * out = c[0] p + c[1] + c[2] (x - c[3]), or with GNL_ADD out += that; out may be p or x */
    void (*deviations)(int64_t runs, int64_t stride, int64_t n, const gnl_real *p, gnl_real a, const gnl_real *q,
                       gnl_real b, double sums[2]);
    void (*mix)(int64_t n, const gnl_real c[4], const gnl_real *p, const gnl_real *x, gnl_store store, gnl_real *out);

    /* bias and its gradient: y is [rows,channels,plane], plane 1 for vectors */
    void (*add_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias, gnl_real *y);
    void (*sum_bias)(int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy, gnl_real *db); /* db += */

    /* activations: y = f(x); dx = dy f'(x); out += u v f''(x). silu, gelu and softplus read x and not y; all
     * others read y and not x, so that they work in place (alpha of elu is then >= 0). relu and leaky_relu have
     * no entry in the latter two: signs and rectify are their slopes. */
    void (*act[GNL_ACT_COUNT])(int64_t n, gnl_real alpha, const gnl_real *x, gnl_real *y);
    void (*act_backward[GNL_ACT_COUNT])(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y,
                                        const gnl_real *dy, gnl_real *dx);
    void (*act_second[GNL_ACT_COUNT])(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y,
                                      const gnl_real *u, const gnl_real *v, gnl_real *out);
    void (*signs)(int64_t n, const gnl_real *x, gnl_signs *out); /* x > 0 */
    void (*rectify)(int64_t n, gnl_real alpha, const gnl_signs *signs, const gnl_real *x,
                    gnl_real *y); /* y = x, alpha x where the sign is not set */
    void (*exp)(int64_t n, const gnl_real *x, gnl_real *y);

    /* softmax over `cols` of each of `rows`; dx = y (dy - <dy,y>) */
    void (*softmax)(int64_t rows, int64_t cols, const gnl_real *x, gnl_real *y);
    void (*softmax_backward)(int64_t rows, int64_t cols, const gnl_real *y, const gnl_real *dy, gnl_real *dx);

    /* losses over n elements, with derivative times `scale` written where grad is not NULL */
    double (*bernoulli)(int64_t n, const gnl_real *logits, const gnl_real *target, gnl_real scale, gnl_real *grad);
    double (*squared)(int64_t n, const gnl_real *x, const gnl_real *target, gnl_real scale,
                      gnl_real *grad); /* 0.5 (x - t)^2 */

    /* Gaussian latents: z = mean + e^(logvar/2) noise, KL(N(mean, e^logvar) || N(0,1)) summed over n */
    double (*gauss_sample_kl)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                              gnl_real *z);
    /* dmean = dz + kl_scale mean; dlogvar = dz noise e^(logvar/2) / 2 + kl_scale (e^logvar - 1) / 2 */
    void (*gauss_sample_kl_backward)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                                     const gnl_real *dz, gnl_real kl_scale, gnl_real *dmean, gnl_real *dlogvar);

    /* random fills: blocks of four numbers from `counter` on, the same numbers as gnl_rng_fill_* */
    void (*fill_uniform)(int64_t n, const gnl_rng *at, gnl_real lo, gnl_real hi, gnl_real *out);
    void (*fill_normal)(int64_t n, const gnl_rng *at, gnl_real *out);

    /* optimizer updates */
    gnl_update_fn *sgd;     /* m: momentum buffer or NULL */
    gnl_update_fn *rmsprop; /* v: squares; w: mean gradient when centered; m: momentum buffer or NULL */
    gnl_update_fn *adam;    /* m, v; AdamW by u->decoupled */
    gnl_update_fn *adamax;  /* m, v: infinity norm */
    gnl_update_fn *lion;    /* m */

    /* the built-in matrix product; gnl_gemm() is the way to it */
    gnl_gemm_fn *gemm;
    void (*dots)(const gnl_product *p, const gnl_block *block); /* short rows or columns, nothing packed */
    void (*dots_half)(const gnl_bf16_product *p, int64_t begin, int64_t end); /* columns of out */

    /* `channels` channels of the image, from `channel` on, lowered to cols [channels,kernel,tile size], and the
     * reverse, which adds to the image; gnl_conv_gather() and its like are the way to them */
    void (*im2col)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels,
                   const gnl_real *image, gnl_real *window, gnl_real *cols);
    void (*col2im)(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels,
                   const gnl_real *cols, gnl_real *window, gnl_real *image);
    void (*to_lanes)(const gnl_lanes *l, const gnl_real *plane, gnl_real *lanes);
    void (*from_lanes)(const gnl_lanes *l, const gnl_real *lanes, gnl_real start, gnl_store store, gnl_real *plane);
    gnl_turn_fn *turn[GNL_TURN_COUNT];
    void (*direct_outputs)(const gnl_outputs *o, const gnl_real *in, gnl_real *out);
    void (*direct_weights)(const gnl_weights *w, const gnl_real *image, const gnl_real *map, gnl_real *grad);
} gnl_kernels;

/* The table for the instruction set of a context; constant data. */
const gnl_kernels *gnl_kernels_of(const genlat_ctx *ctx);
const gnl_kernels *gnl_kernels_for(uint32_t cpu); /* NULL when not built */
/* The block product of a context: that of its instruction set, or the one on factors in bfloat16. */
gnl_gemm_fn *gnl_gemm_kernel(const genlat_ctx *ctx);

/* ---- matrix products --------------------------------------------------------------------------------- */

/* What a piece of work computes with: one a thread, because of the packing space. */
typedef struct gnl_compute {
    genlat_ctx *ctx;
    const gnl_kernels *k;
    gnl_real *space; /* gnl_gemm_space(ctx) numbers, 64-byte aligned */
} gnl_compute;

/* Numbers of packing space that gnl_gemm needs, for all of the context's threads. */
size_t gnl_gemm_space(const genlat_ctx *ctx);

/* How an array holds a factor of a product. */
typedef enum gnl_trans { GNL_AS_IS, GNL_TRANSPOSED } gnl_trans;

/* C = alpha op(A) op(B) + beta C, row-major; op(A) is [m,k], op(B) is [k,n]. beta 0 overwrites without reading. Splits over the context's threads. The order of summation of
 * the built-in product depends on the sizes alone. */
void gnl_gemm(const gnl_compute *c, gnl_trans trans_a, gnl_trans trans_b, int64_t m, int64_t n, int64_t k, gnl_real alpha,
              const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb, gnl_real beta, gnl_real *out,
              int64_t ldc);

/* The same on the calling thread alone, for use within a task: packs into the space of `worker`. */
void gnl_gemm_one(const gnl_compute *c, int worker, gnl_trans trans_a, gnl_trans trans_b, int64_t m, int64_t n, int64_t k,
                  gnl_real alpha, const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb, gnl_real beta,
                  gnl_real *out, int64_t ldc);

/* out [m,n] = x [m,k] w [n,k]^T with weights in bfloat16; every sum is in single precision, along the depth. */
void gnl_gemm_bf16(const gnl_compute *c, int64_t m, int64_t n, int64_t k, const gnl_real *x, const uint16_t *w,
                   gnl_real *out);
/* Floats to bfloat16, to the nearest. */
void gnl_bf16_round(int64_t n, const gnl_real *x, uint16_t *out);

/* ---- the kernels over all threads ---------------------------------------------------------------------- */

/* Elements of a chunk of a memory-bound loop; fixed, so that sums do not depend on the number of threads. */
enum { GNL_CHUNK = 16384 };

static inline int64_t gnl_ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Sums chunk by chunk in a fixed order. */
double gnl_sum(const gnl_compute *c, int64_t n, const gnl_real *x);
double gnl_dot(const gnl_compute *c, int64_t n, const gnl_real *x, const gnl_real *y);
void gnl_zero(genlat_ctx *ctx, int64_t n, gnl_real *x);
/* The kernels add_bias and sum_bias; a channel's sum is one thread's. */
void gnl_add_bias(const gnl_compute *c, int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias,
                  gnl_real *y);
void gnl_sum_bias(const gnl_compute *c, int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy,
                  gnl_real *db);
/* Also the signs of y; NULL: not wanted. */
void gnl_act_forward(const gnl_compute *c, gnl_act act, gnl_real alpha, int64_t n, const gnl_real *x, gnl_real *y,
                     gnl_signs *signs);
void gnl_act_backward(const gnl_compute *c, gnl_act act, gnl_real alpha, int64_t n, const gnl_real *x,
                      const gnl_real *y, const gnl_real *dy, gnl_real *dx);
void gnl_rectify(const gnl_compute *c, gnl_real alpha, int64_t n, const gnl_signs *signs, const gnl_real *x,
                 gnl_real *y);
/* Advances the stream as gnl_rng_fill_* does. */
void gnl_fill_normal(const gnl_compute *c, gnl_rng *rng, int64_t n, gnl_real *out);
void gnl_fill_uniform(const gnl_compute *c, gnl_rng *rng, int64_t n, gnl_real lo, gnl_real hi, gnl_real *out);

/* ---- convolutions ---------------------------------------------------------------------------- */

/* Geometry of a convolution between an image and a map of it, the same for both directions: a convolution reads
 * the image and writes the map, a transposed one reads the map and writes the image. Pairs are y, x; in one
 * dimension y has size 1. Arrays are [rows,channels,y,x]; the weight is [map channels, image channels / groups,
 * kernel y, kernel x], which is PyTorch's layout of Conv and of ConvTranspose alike. */
struct gnl_conv {
    int64_t groups;
    int64_t image_channels, map_channels;
    int64_t image[2], map[2];
    int64_t kernel[2], stride[2], padding[2], dilation[2];
};

/* Numbers of scratch that the functions below need for at most `rows` samples on `threads` threads. */
int64_t gnl_conv_scratch(const gnl_conv *g, int64_t rows, int threads);

/* map = weight * image + bias; bias [map channels] or NULL. */
void gnl_conv_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                     const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch);
/* image = transposed weight * map + bias; bias [image channels] or NULL. */
void gnl_conv_spread(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                     const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch);
/* grad += the weight's gradient of <map, weight * image>. */
void gnl_conv_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                     const gnl_real *map, gnl_real *grad, gnl_real *scratch);

#endif
