/* SPDX-License-Identifier: MIT */
/* Elementwise activations, one line each in ACTIVATIONS. The kernels do the computation. Rectifiers are in
 * rectifier.c. */
#include "layer/layer_priv.h"

/* The one parameter that some of them have, under different names. */
typedef struct act_opts {
    size_t size;
    double alpha;
} act_opts;

enum {
    /* Computed from y only, so y may overwrite x. The kernels receive y for both. */
    FROM_Y = GNL_LAYER_NEEDS_Y | GNL_LAYER_INPLACE,
    FROM_X = GNL_LAYER_NEEDS_X
};

/* X(name, kernel, flags, options table or NULL, help) */
#define ACTIVATIONS(X)                                                                                                 \
    X(elu, ELU, FROM_Y, &elu_table, "x where x > 0, alpha (e^x - 1) elsewhere")                                        \
    X(selu, SELU, FROM_Y, NULL, "scaled elu that preserves zero mean and unit variance")                               \
    X(silu, SILU, FROM_X, NULL, "x sigmoid(x)")                                                                        \
    X(gelu, GELU, FROM_X, NULL, "x times the normal distribution function of x")                                       \
    X(softplus, SOFTPLUS, FROM_X, NULL, "log(1 + e^x)")                                                                \
    X(tanh, TANH, FROM_Y, NULL, "hyperbolic tangent")                                                                  \
    X(sigmoid, SIGMOID, FROM_Y, NULL, "1 / (1 + e^-x)")                                                                \
    X(hardtanh, HARDTANH, GNL_LAYER_PIECEWISE_LINEAR | FROM_Y, &hardtanh_table, "x clamped to [-bound, bound]")        \
    /* end */

#define OPTION_TABLE(layer, text, fallback, least, meaning)                                                            \
    static const gnl_option layer##_options[] = {                                                                      \
        {text, GNL_OPTION_REAL, offsetof(act_opts, alpha), fallback, least, 1e3, NULL, meaning}};                      \
    static const gnl_options_table layer##_table = {#layer, sizeof(act_opts), layer##_options, 1};

OPTION_TABLE(elu, "alpha", 1, 0, "negative of the limit at minus infinity")
OPTION_TABLE(hardtanh, "bound", 1, 1e-6, "maximum absolute value of y")

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    return gnl_layer_same_shape(in, plan);
}

static gnl_real alpha_of(const gnl_step *s, const gnl_layer_type *type)
{
    return type->options ? (gnl_real)((const act_opts *)s->opts)->alpha : 0;
}

static const gnl_real *argument(const gnl_step *s, const gnl_layer_type *type)
{
    return type->flags & GNL_LAYER_NEEDS_X ? s->x[0] : s->y;
}

static void act_forward(const gnl_step *s, const gnl_layer_type *type, gnl_act act)
{
    gnl_act_forward(&s->compute, act, alpha_of(s, type), s->rows * s->out_size, s->x[0], s->y, NULL);
}

/* out = v f'(x) */
static void times_slope(const gnl_step *s, const gnl_layer_type *type, gnl_act act, const gnl_real *v, gnl_real *out)
{
    const gnl_real *at = argument(s, type);
    if (out)
        gnl_act_backward(&s->compute, act, alpha_of(s, type), s->rows * s->out_size, at, at, v, out);
}

/* The second derivative comes first, since dtx may be the same array as dty. */
static void act_jvp_backward(const gnl_step *s, const gnl_layer_type *type, gnl_act act)
{
    const gnl_real *at = argument(s, type);
    if (s->dx[0] && !(type->flags & GNL_LAYER_PIECEWISE_LINEAR))
        s->compute.k->act_second[act](s->rows * s->out_size, alpha_of(s, type), at, at, s->dty, s->tx[0], s->dx[0]);
    times_slope(s, type, act, s->dty, s->dtx[0]);
}

#define DEFINE(layer, kernel, traits, table, text)                                                                     \
    extern const gnl_layer_type gnl_##layer;                                                                           \
    static void layer##_forward(const gnl_step *s)                                                                     \
    {                                                                                                                  \
        act_forward(s, &gnl_##layer, GNL_ACT_##kernel);                                                                \
    }                                                                                                                  \
    static void layer##_backward(const gnl_step *s)                                                                    \
    {                                                                                                                  \
        times_slope(s, &gnl_##layer, GNL_ACT_##kernel, s->dy, s->dx[0]);                                               \
    }                                                                                                                  \
    static void layer##_jvp(const gnl_step *s)                                                                         \
    {                                                                                                                  \
        times_slope(s, &gnl_##layer, GNL_ACT_##kernel, s->tx[0], s->ty);                                               \
    }                                                                                                                  \
    static void layer##_jvp_backward(const gnl_step *s)                                                                \
    {                                                                                                                  \
        act_jvp_backward(s, &gnl_##layer, GNL_ACT_##kernel);                                                           \
    }                                                                                                                  \
    const gnl_layer_type gnl_##layer = {                                                                               \
        .name = #layer,                                                                                                \
        .options = table,                                                                                              \
        .flags = traits | GNL_LAYER_CHEAP,                                                                             \
        .min_inputs = 1,                                                                                               \
        .max_inputs = 1,                                                                                               \
        .infer = infer,                                                                                                \
        .forward = layer##_forward,                                                                                    \
        .backward = layer##_backward,                                                                                  \
        .jvp = layer##_jvp,                                                                                            \
        .jvp_backward = layer##_jvp_backward,                                                                          \
        .help = text,                                                                                                  \
    };

ACTIVATIONS(DEFINE)
