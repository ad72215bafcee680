/* SPDX-License-Identifier: MIT */
/* Elementwise maps without weights: identity; scale, for example from the range (-1,1) of tanh to (0,1). */
#include "layer/layer_priv.h"

typedef struct scale_opts {
    size_t size;
    double factor, shift;
} scale_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(scale_opts, factor, 1, -1e30, 1e30, "factor of x"),
    GNL_OPT_REAL(scale_opts, shift, 0, -1e30, 1e30, "added after multiplication"),
};
static const gnl_options_table table = {"scale", sizeof(scale_opts), options, GNL_COUNT(options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    return gnl_layer_same_shape(in, plan);
}

static void copy(const gnl_step *s, const gnl_real *from, gnl_real *to)
{
    if (to && to != from)
        memcpy(to, from, (size_t)(s->rows * s->out_size) * sizeof *to);
}

static void identity_forward(const gnl_step *s)
{
    copy(s, s->x[0], s->y);
}

static void identity_backward(const gnl_step *s)
{
    copy(s, s->dy, s->dx[0]);
}

const gnl_layer_type gnl_identity = {
    .name = "identity",
    .flags = GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_INPLACE | GNL_LAYER_VIEW,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = identity_forward,
    .backward = identity_backward,
    .help = "returns x",
};

static void scale_forward(const gnl_step *s)
{
    const scale_opts *o = s->opts;
    const gnl_real factor = (gnl_real)o->factor, shift = (gnl_real)o->shift;
    for (int64_t i = 0; i < s->rows * s->out_size; i++)
        s->y[i] = factor * s->x[0][i] + shift;
}

static void scale_backward(const gnl_step *s)
{
    if (s->dx[0])
        s->compute.k->scale(s->rows * s->out_size, (gnl_real)((const scale_opts *)s->opts)->factor, s->dy, s->dx[0]);
}

const gnl_layer_type gnl_scale = {
    .name = "scale",
    .options = &table,
    .flags = GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_INPLACE,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = scale_forward,
    .backward = scale_backward,
    .help = "factor x + shift, with constant factor and shift",
};
