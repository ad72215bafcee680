/* SPDX-License-Identifier: MIT */
/* relu and leaky_relu. Their derivative is one of two numbers, so the backward pass needs only one bit per element, and
 * later layers may overwrite y. */
#include "layer/layer_priv.h"

typedef struct rectifier_opts {
    size_t size;
    double slope;
} rectifier_opts;

/* slope must not be negative, because the bits are the signs of y. */
static const gnl_option leaky_relu_options[] = {
    GNL_OPT_REAL(rectifier_opts, slope, 0.01, 0, 1e3, "slope below zero"),
};
static const gnl_options_table leaky_relu_table = {"leaky_relu", sizeof(rectifier_opts), leaky_relu_options,
                                                   GNL_COUNT(leaky_relu_options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    int64_t words = gnl_ceil_div(env->rows * gnl_shape_count(in), GNL_SIGNS);
    if (env->training)
        plan->cache = gnl_ceil_div(words * (int64_t)sizeof(gnl_signs), (int64_t)sizeof(gnl_real));
    return gnl_layer_same_shape(in, plan);
}

static int64_t count(const gnl_step *s)
{
    return s->rows * s->out_size;
}

static gnl_signs *signs_of(const gnl_step *s)
{
    return (gnl_signs *)s->cache;
}

static void forward(const gnl_step *s, gnl_act act, gnl_real slope)
{
    gnl_act_forward(&s->compute, act, slope, count(s), s->x[0], s->y, s->recompute ? NULL : signs_of(s));
}

static void backward(const gnl_step *s, gnl_real slope)
{
    if (s->dx[0])
        gnl_rectify(&s->compute, slope, count(s), signs_of(s), s->dy, s->dx[0]);
}

static void relu_forward(const gnl_step *s)
{
    forward(s, GNL_ACT_RELU, 0);
}

static void relu_backward(const gnl_step *s)
{
    backward(s, 0);
}

static gnl_real slope_of(const gnl_step *s)
{
    return (gnl_real)((const rectifier_opts *)s->opts)->slope;
}

static void leaky_relu_forward(const gnl_step *s)
{
    forward(s, GNL_ACT_LEAKY_RELU, slope_of(s));
}

static void leaky_relu_backward(const gnl_step *s)
{
    backward(s, slope_of(s));
}

#define RECTIFIER(layer, table, text)                                                                                  \
    const gnl_layer_type gnl_##layer = {                                                                               \
        .name = #layer,                                                                                                \
        .options = table,                                                                                              \
        .flags = GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_INPLACE | GNL_LAYER_CHEAP,                                     \
        .min_inputs = 1,                                                                                               \
        .max_inputs = 1,                                                                                               \
        .infer = infer,                                                                                                \
        .forward = layer##_forward,                                                                                    \
        .backward = layer##_backward,                                                                                  \
        .help = text,                                                                                                  \
    };

RECTIFIER(relu, NULL, "max(x, 0)")
RECTIFIER(leaky_relu, &leaky_relu_table, "x where x > 0, slope x elsewhere")
