/* SPDX-License-Identifier: MIT */
/*
 * layer: one file per layer or family of layers: its options, infer, forward, backward, jvp, jvp_backward.
 * Uses: base, kernel, tensor. A layer works on the pointers and sizes of one step; it does not depend on nets.
 * Adding: one file and one line in the table of table.c. The tests cover every entry of the table.
 * Naming: users, presets and model files specify a layer as in "dense units=400 init=he_normal".
 * Tests: tests/grad/test_layers.c, tests/golden/test_layers.c, tests/misuse.
 */
#ifndef GNL_LAYER_H
#define GNL_LAYER_H

#include "kernel/kernel.h"
#include "tensor/tensor.h"
#include "genlat/layer.h"

enum { GNL_MAX_INPUTS = 8, GNL_MAX_PARAMS = 8, GNL_MAX_OPTION_BYTES = 256 };

/* ---- initialisers ------------------------------------------------------------------------------------ */

typedef enum gnl_init_kind {
    GNL_INIT_TORCH, /* U(-1/sqrt(fan_in), 1/sqrt(fan_in)), the default of PyTorch for weights and biases */
    GNL_INIT_GLOROT_UNIFORM,
    GNL_INIT_GLOROT_NORMAL,
    GNL_INIT_HE_UNIFORM,
    GNL_INIT_HE_NORMAL,
    GNL_INIT_ORTHOGONAL,
    GNL_INIT_NORMAL,  /* N(0, gain^2) */
    GNL_INIT_CONSTANT /* gain */
} gnl_init_kind;

/* Names of the kinds, for the option `init` of layers with weights. */
extern const char *const gnl_init_names[];

typedef struct gnl_init {
    gnl_init_kind kind;
    double gain; /* factor of the scale; for NORMAL the standard deviation, for CONSTANT the value */
    int64_t fan_in, fan_out;
} gnl_init;

/* Fills initial weights. ORTHOGONAL treats them as a matrix [shape[0], rest] and allocates memory of that size. */
genlat_status gnl_init_fill(genlat_ctx *ctx, const gnl_init *init, gnl_rng *rng, const gnl_shape *shape, gnl_real *out);

/* ---- reparametrized weights ------------------------------------------------------------------------------ */

/* How a layer's weight is computed, see net/reparam.c. Layers only access the computed weight. */
typedef enum gnl_reparam_kind {
    GNL_REPARAM_NONE,
    GNL_REPARAM_SPECTRAL, /* W / sigma: spectral norm */
    GNL_REPARAM_NORM,     /* g W / |W| for each output: weight normalisation */
    GNL_REPARAM_FIXED     /* the same with lengths g that are not trained */
} gnl_reparam_kind;

/* Names of the kinds, for the option `weight` of layers with a matrix. */
extern const char *const gnl_reparam_names[];

/* ---- declarations of a layer ----------------------------------------------------------------------------- */

typedef struct gnl_param {
    /* names and layouts are those of PyTorch if it has the same layer: "weight", "bias", "running_mean" */
    const char *name;
    gnl_shape shape;
    gnl_init init;
    bool state; /* saved, but not trained: running statistics */
    bool decay; /* weight decay applies */
    bool bf16;  /* forward reads step.bf16, if set, instead of this parameter */
    gnl_reparam_kind reparam;
    int32_t axis; /* dimension of the outputs, 0 or 1, which reparam treats as the rows of a matrix */
    /* Of each `period` numbers the layer uses only the first `used`. The others are kept at 0. 0: it uses all. */
    int64_t period, used;
} gnl_param;

/* The result of infer. Sizes are in numbers (gnl_real). */
typedef struct gnl_layer_plan {
    gnl_shape out; /* shape of one sample */
    int params;
    gnl_param param[GNL_MAX_PARAMS];
    int64_t cache;   /* preserved from forward to backward and from jvp to jvp_backward */
    int64_t scratch; /* temporary memory within one call */
    bool cheap;      /* like GNL_LAYER_CHEAP, but for these shapes */
} gnl_layer_plan;

/* Values other than shapes on which sizes can depend. */
typedef struct gnl_layer_env {
    int64_t rows;  /* maximum number of samples in a call */
    int threads;   /* number of workers that need their own scratch */
    bool training; /* a backward pass may follow, so the cache must include the data that only backward reads */
} gnl_layer_env;

enum {
    /* f is piecewise linear, has no parameters, and depends on x elementwise. jvp and jvp_backward may be NULL;
     * backward then replaces both, since the tangent map is the derivative at x */
    GNL_LAYER_PIECEWISE_LINEAR = 1 << 0,
    GNL_LAYER_COUPLES_BATCH = 1 << 1, /* the output of a sample depends on other samples: penalties are not supported */
    GNL_LAYER_RANDOM = 1 << 2,        /* draws numbers from step->rng in training */
    GNL_LAYER_NEEDS_X = 1 << 3,       /* backward, jvp or jvp_backward read x */
    GNL_LAYER_NEEDS_Y = 1 << 4,       /* ... read y */
    GNL_LAYER_INPLACE = 1 << 5,       /* elementwise: y may be x[0] if x is not needed later, dx may be dy */
    /* y is x[0] with another shape: all functions only copy, and a plan may skip them */
    GNL_LAYER_VIEW = 1 << 6,
    /* f is piecewise affine in x. Of the weights, x is multiplied only with parameter 0, jvp_backward adds only to its
     * gradient, and the others are only added. Gradient penalties then need only one combined backward pass */
    GNL_LAYER_FOLDS = 1 << 7,
    /* forward costs little more than reading x and writing y, and supports step->recompute */
    GNL_LAYER_CHEAP = 1 << 8,
    GNL_LAYER_X_FIRST = 1 << 9,  /* backward finishes reading x before it writes dx, so dx may overwrite x */
    GNL_LAYER_DX_IS_DY = 1 << 10 /* dx may be dy, as with INPLACE, although y may not be x */
};

/* One layer of a compiled net: all pointers and sizes that a call needs. */
typedef struct gnl_step {
    const void *opts; /* the options struct of the layer */
    gnl_compute compute;
    int inputs;
    gnl_shape in[GNL_MAX_INPUTS], out;         /* of one sample */
    int64_t in_size[GNL_MAX_INPUTS], out_size; /* elements of one sample */

    /* set before each call */
    int64_t rows;   /* number of samples */
    bool training;  /* training mode: batch statistics, dropout */
    bool recompute; /* forward is repeated on the same x: must not change cache and state */
    gnl_rng *rng;   /* stream for dropout and noise */

    gnl_real *param[GNL_MAX_PARAMS];      /* weights and state */
    const uint16_t *bf16[GNL_MAX_PARAMS]; /* replaces param in inference; NULL: none */
    gnl_real *grad[GNL_MAX_PARAMS];       /* NULL: not needed. Gradients are added. */
    const gnl_real *x[GNL_MAX_INPUTS];
    gnl_real *y;
    const gnl_real *dy;
    gnl_real *dx[GNL_MAX_INPUTS];       /* NULL: not needed. backward overwrites it, jvp_backward adds to it. */
    const gnl_real *tx[GNL_MAX_INPUTS]; /* tangents of x and y */
    gnl_real *ty;
    const gnl_real *dty;           /* adjoint of ty */
    gnl_real *dtx[GNL_MAX_INPUTS]; /* adjoint of tx, overwritten; NULL: not needed */
    gnl_real *cache, *scratch;
} gnl_step;

/* A kind of layer.
 *   forward       y = f(x, param)
 *   backward      dx = (df/dx)^T dy,  grad += (df/dparam)^T dy
 *   jvp           ty = (df/dx) tx, after forward on the same x
 *   jvp_backward  with s = <dty, (df/dx) tx>:  dtx = (df/dx)^T dty,  dx += ds/dx,  grad += ds/dparam
 * The order of calls is forward, [jvp], backward, [jvp_backward]. Calls after forward can be omitted or repeated. */
typedef struct gnl_layer_type {
    const char *name;
    const gnl_options_table *options; /* NULL: none */
    uint32_t flags;
    int min_inputs, max_inputs;
    /* Checks the options against the input shapes of one sample, and sets shapes, parameters and sizes. The error text
     * does not contain the name of the layer; the caller adds it. */
    genlat_status (*infer)(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan);
    void (*forward)(const gnl_step *s);
    void (*backward)(const gnl_step *s);
    void (*jvp)(const gnl_step *s);
    void (*jvp_backward)(const gnl_step *s);
    const char *help; /* one line for the reference documentation */
} gnl_layer_type;

extern const gnl_layer_type *const gnl_layer_types[]; /* terminated by NULL */
const gnl_layer_type *gnl_layer_type_find(const char *name);

/* ---- handle ---------------------------------------------------------------------------------- */

/* A kind of layer with its options. Constant after creation and reference-counted. */
struct genlat_layer {
    gnl_object object;
    const gnl_layer_type *type;
    _Alignas(16) unsigned char opts[GNL_MAX_OPTION_BYTES];
    void *own; /* state of a user-defined layer, see layer/own.c; otherwise NULL */
    void (*free_own)(genlat_ctx *ctx, void *own);
};

/* Creates a layer from text "name key=value key=value". */
genlat_status gnl_layer_parse(genlat_ctx *ctx, const char *spec, genlat_layer **out);
genlat_status gnl_layer_format(const genlat_layer *layer, char *text, size_t capacity);
void gnl_layer_release(genlat_layer *layer);

/* Sets the numbers of a parameter that its layer does not use to 0. */
void gnl_param_clear_unused(const gnl_param *param, gnl_real *value);

/* Returns the usual bias [n], initialised to zero or to PyTorch's default for the fan-in. */
gnl_param gnl_layer_bias(int64_t n, bool torch, int64_t fan_in);

/* Products of a weight [units,features] with vectors along the last dimension. */
typedef struct gnl_linear {
    const gnl_compute *compute;
    int64_t vectors, units, features;
} gnl_linear;

gnl_linear gnl_linear_of(const gnl_step *s, int64_t units);
void gnl_linear_forward(const gnl_linear *l, const gnl_real *weight, const gnl_real *x, gnl_real *y);
void gnl_linear_backward_x(const gnl_linear *l, const gnl_real *weight, const gnl_real *dy, gnl_real *dx);
/* dweight = beta * dweight + dy^T x */
void gnl_linear_backward_weight(const gnl_linear *l, const gnl_real *x, const gnl_real *dy, gnl_real beta,
                                gnl_real *dweight);

/* infer() for layers whose y has the shape of x[0]. */
genlat_status gnl_layer_same_shape(const gnl_shape *in, gnl_layer_plan *plan);

#endif
