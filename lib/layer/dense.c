/* SPDX-License-Identifier: MIT */
/* Fully connected layer: y = x W^T + b over the last dimension, with W [units,in] as in PyTorch's Linear. */
#include "layer/layer_priv.h"

typedef struct dense_opts {
    size_t size;
    int64_t units;
    double gain;
    uint32_t bias;
    uint32_t init;
    uint32_t weight, reserved;
} dense_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(dense_opts, units, 1, 1, 1 << 24, "number of outputs"),
    GNL_OPT_REAL(dense_opts, gain, 1, 0, 1e6, "factor of the initial scale; sd for normal, value for constant"),
    GNL_OPT_BOOL(dense_opts, bias, 1, "add a bias"),
    GNL_OPT_ENUM(dense_opts, init, GNL_INIT_TORCH, GNL_INIT_CONSTANT, gnl_init_names, "initial weights"),
    GNL_OPT_WEIGHT(dense_opts),
};
static const gnl_options_table table = {"dense", sizeof(dense_opts), options, GNL_COUNT(options)};

enum { WEIGHT, BIAS };

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const dense_opts *o = opts;
    if (in[0].ndim < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is a scalar, expected [features] or [...,features]");
    int64_t features = in[0].dim[in[0].ndim - 1];
    plan->out = in[0];
    plan->out.dim[in[0].ndim - 1] = o->units;
    plan->param[WEIGHT] = (gnl_param){.name = "weight",
                                      .shape = {2, {o->units, features}},
                                      .init = {(gnl_init_kind)o->init, o->gain, features, o->units},
                                      .decay = true,
                                      .bf16 = o->weight == GNL_REPARAM_NONE,
                                      .reparam = (gnl_reparam_kind)o->weight};
    plan->param[BIAS] = gnl_layer_bias(o->units, o->init == GNL_INIT_TORCH, features);
    plan->params = o->bias ? 2 : 1;
    return GENLAT_OK;
}

static gnl_linear linear_of(const gnl_step *s)
{
    return gnl_linear_of(s, ((const dense_opts *)s->opts)->units);
}

static void multiply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    const gnl_linear l = linear_of(s);
    gnl_linear_forward(&l, s->param[WEIGHT], x, y);
}

/* Adds to the gradient of the weight first, because dx may overwrite x. */
static void multiply_back(const gnl_step *s, const gnl_real *x, const gnl_real *dy, gnl_real *dx)
{
    const gnl_linear l = linear_of(s);
    if (s->grad[WEIGHT])
        gnl_linear_backward_weight(&l, x, dy, 1, s->grad[WEIGHT]);
    if (dx)
        gnl_linear_backward_x(&l, s->param[WEIGHT], dy, dx);
}

static void forward(const gnl_step *s)
{
    const gnl_linear l = linear_of(s);
    if (s->bf16[WEIGHT])
        gnl_gemm_bf16(&s->compute, l.vectors, l.units, l.features, s->x[0], s->bf16[WEIGHT], s->y);
    else
        multiply(s, s->x[0], s->y);
    if (s->param[BIAS])
        gnl_add_bias(&s->compute, l.vectors, l.units, 1, s->param[BIAS], s->y);
}

static void backward(const gnl_step *s)
{
    const gnl_linear l = linear_of(s);
    multiply_back(s, s->x[0], s->dy, s->dx[0]);
    if (s->param[BIAS] && s->grad[BIAS])
        gnl_sum_bias(&s->compute, l.vectors, l.units, 1, s->dy, s->grad[BIAS]);
}

static void jvp(const gnl_step *s)
{
    multiply(s, s->tx[0], s->ty);
}

static void jvp_backward(const gnl_step *s)
{
    multiply_back(s, s->tx[0], s->dty, s->dtx[0]);
}

const gnl_layer_type gnl_dense = {
    .name = "dense",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_X_FIRST | GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "fully connected over the last dimension: y = x W^T + b",
};
