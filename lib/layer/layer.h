/* SPDX-License-Identifier: MIT */
/*
 * layer: one file a layer (or a family of layers): its options, infer, forward, backward, jvp, jvp_backward.
 * Uses: base, kernel, tensor. A layer sees pointers and sizes of one step; it knows nothing of nets.
 * Adding: one file and one line in the table of table.c. The tests find it there.
 * Naming: "dense units=400 init=he_normal" is how users, presets and model files write a layer.
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
    GNL_INIT_TORCH, /* U(-1/sqrt(fan_in), 1/sqrt(fan_in)), PyTorch's default for weights and biases */
    GNL_INIT_GLOROT_UNIFORM,
    GNL_INIT_GLOROT_NORMAL,
    GNL_INIT_HE_UNIFORM,
    GNL_INIT_HE_NORMAL,
    GNL_INIT_ORTHOGONAL,
    GNL_INIT_NORMAL,  /* N(0, gain^2) */
    GNL_INIT_CONSTANT /* gain */
} gnl_init_kind;

/* Names of the kinds, for options tables; and the text `init=` of every layer with weights. */
extern const char *const gnl_init_names[];

typedef struct gnl_init {
    gnl_init_kind kind;
    double gain; /* factor of the scale; for NORMAL the standard deviation, for CONSTANT the value */
    int64_t fan_in, fan_out;
} gnl_init;

/* ORTHOGONAL takes the weights as a matrix [shape[0], rest] and needs memory of that size. */
genlat_status gnl_init_fill(genlat_ctx *ctx, const gnl_init *init, gnl_rng *rng, const gnl_shape *shape, gnl_real *out);

/* ---- reparametrized weights ------------------------------------------------------------------------------ */

/* What a layer's weight is made from, see net/reparam.c. Layers see the made weight only. */
typedef enum gnl_reparam_kind {
    GNL_REPARAM_NONE,
    GNL_REPARAM_SPECTRAL, /* W / sigma: spectral norm */
    GNL_REPARAM_NORM      /* g W / |W| for each output: weight norm */
} gnl_reparam_kind;

/* Names of the kinds, for options tables; and the text `weight=` of every layer with a matrix. */
extern const char *const gnl_reparam_names[];

/* ---- what a layer declares ----------------------------------------------------------------------------- */

typedef struct gnl_param {
    const char *name; /* "weight", "bias", "running_mean": PyTorch's names and layouts where a twin exists */
    gnl_shape shape;
    gnl_init init;
    bool state; /* kept and saved, but not trained: running statistics */
    bool decay; /* weight decay applies */
    bool bf16;  /* forward reads it from step.bf16 where there is one: bfloat16 */
    gnl_reparam_kind reparam;
    int32_t axis; /* the dimension of the outputs, 0 or 1: what reparam takes for the rows of a matrix */
} gnl_param;

/* The answer of infer. Sizes are in numbers (gnl_real). */
typedef struct gnl_layer_plan {
    gnl_shape out; /* of one sample */
    int params;
    gnl_param param[GNL_MAX_PARAMS];
    int64_t cache;   /* kept from forward to backward and from jvp to jvp_backward */
    int64_t scratch; /* free to use within one call */
    bool cheap;      /* of these sizes, as GNL_LAYER_CHEAP */
} gnl_layer_plan;

/* What sizes may depend on besides shapes. */
typedef struct gnl_layer_env {
    int64_t rows;  /* most samples in a call */
    int threads;   /* workers that need scratch of their own */
    bool training; /* a backward pass may follow: what only that reads has to be in the cache */
} gnl_layer_env;

enum {
    /* f is linear piece by piece, has no parameters, and reads its input one by one (its tangent map is its
     * derivative at x): jvp and jvp_backward may be NULL, backward on other pointers then serves for both */
    GNL_LAYER_PIECEWISE_LINEAR = 1 << 0,
    GNL_LAYER_COUPLES_BATCH = 1 << 1, /* a sample's output depends on the other samples: no penalties */
    GNL_LAYER_RANDOM = 1 << 2,        /* draws from step->rng in training */
    GNL_LAYER_NEEDS_X = 1 << 3,       /* backward, jvp or jvp_backward read x */
    GNL_LAYER_NEEDS_Y = 1 << 4,       /* ... read y */
    GNL_LAYER_INPLACE = 1 << 5,       /* elementwise: y may be x[0] if nothing needs x later, dx may be dy */
    GNL_LAYER_VIEW = 1 << 6,          /* y is x[0] in another shape: all functions are copies that a plan may skip */
    /* f is affine in x piece by piece; with weights, parameter 0 is what x is multiplied with, jvp_backward adds to
     * its gradient alone, and the others are only added. Gradient penalties then fold into one backward pass. */
    GNL_LAYER_FOLDS = 1 << 7,
    GNL_LAYER_CHEAP = 1 << 8,   /* forward costs little more than reading x and writing y, and knows step->recompute */
    GNL_LAYER_X_FIRST = 1 << 9, /* backward is done with x before it begins with dx, which may then overwrite x */
    GNL_LAYER_DX_IS_DY = 1 << 10 /* dx may be dy, as with INPLACE, although y may not be x */
};

/* One layer in one compiled net: everything a call needs, as pointers and sizes. */
typedef struct gnl_step {
    const void *opts; /* the layer's own options struct */
    gnl_compute compute;
    int inputs;
    gnl_shape in[GNL_MAX_INPUTS], out; /* of one sample */
    int64_t in_size[GNL_MAX_INPUTS], out_size; /* elements of one sample */

    /* set before each call */
    int64_t rows;  /* samples */
    bool training; /* batch statistics, dropout: as in training */
    bool recompute; /* forward is called once more on the same x: cache and states must stay as they are */
    gnl_rng *rng;  /* stream of dropout and noise */

    gnl_real *param[GNL_MAX_PARAMS]; /* weights and state */
    const uint16_t *bf16[GNL_MAX_PARAMS]; /* instead of param, for inference; NULL: none */
    gnl_real *grad[GNL_MAX_PARAMS];  /* NULL: not wanted. Gradients are added to. */
    const gnl_real *x[GNL_MAX_INPUTS];
    gnl_real *y;
    const gnl_real *dy;
    gnl_real *dx[GNL_MAX_INPUTS]; /* NULL: not wanted. Overwritten by backward, added to by jvp_backward. */
    const gnl_real *tx[GNL_MAX_INPUTS]; /* tangents of x and y */
    gnl_real *ty;
    const gnl_real *dty;           /* adjoint of ty */
    gnl_real *dtx[GNL_MAX_INPUTS]; /* adjoint of tx, overwritten; NULL: not wanted */
    gnl_real *cache, *scratch;
} gnl_step;

/* A kind of layer.
 *   forward       y = f(x, param)
 *   backward      dx = (df/dx)^T dy,  grad += (df/dparam)^T dy
 *   jvp           ty = (df/dx) tx, after forward on the same x
 *   jvp_backward  with s = <dty, (df/dx) tx>:  dtx = (df/dx)^T dty,  dx += ds/dx,  grad += ds/dparam
 * Calls come in the order forward, [jvp], backward, [jvp_backward], any of the later ones left out or repeated. */
typedef struct gnl_layer_type {
    const char *name;
    const gnl_options_table *options; /* NULL: none */
    uint32_t flags;
    int min_inputs, max_inputs;
    /* Checks options against the input shapes (of one sample) and answers shapes, parameters and sizes. The error
     * text is one line without the layer's name: the caller puts it in front. */
    genlat_status (*infer)(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan);
    void (*forward)(const gnl_step *s);
    void (*backward)(const gnl_step *s);
    void (*jvp)(const gnl_step *s);
    void (*jvp_backward)(const gnl_step *s);
    const char *help; /* one line for the generated reference */
} gnl_layer_type;

extern const gnl_layer_type *const gnl_layer_types[]; /* NULL-terminated */
const gnl_layer_type *gnl_layer_type_find(const char *name);

/* ---- the handle ------------------------------------------------------------------------------ */

/* A kind of layer with its options; constant once made, shared by counting. */
struct genlat_layer {
    gnl_object object;
    const gnl_layer_type *type;
    _Alignas(16) unsigned char opts[GNL_MAX_OPTION_BYTES];
    void *own; /* state of a user's own layer, see layer/own.c; or NULL */
    void (*free_own)(genlat_ctx *ctx, void *own);
};

/* From text "name key=value key=value". */
genlat_status gnl_layer_parse(genlat_ctx *ctx, const char *spec, genlat_layer **out);
genlat_status gnl_layer_format(const genlat_layer *layer, char *text, size_t capacity);
void gnl_layer_release(genlat_layer *layer);

/* The usual bias [n]: zero, or PyTorch's default from the fan-in. */
gnl_param gnl_layer_bias(int64_t n, bool torch, int64_t fan_in);

/* Shorthand of layers whose y has the shape of x[0]. */
genlat_status gnl_layer_same_shape(const gnl_shape *in, gnl_layer_plan *plan);

#endif
