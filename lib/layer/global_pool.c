/* SPDX-License-Identifier: MIT */
/* Global maximum and average pooling: [channels,...] becomes [channels]. */
#include "layer/layer_priv.h"

/* Limit up to which a float represents all positions of a plane exactly, since the cache stores positions as floats. */
static const int64_t MAX_PLANE = INT64_C(1) << 24;

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    char text[GNL_SHAPE_TEXT];
    if (in->ndim < 2 || gnl_shape_count(in) < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, expected [channels,positions,...]", gnl_shape_format(in, text));
    plan->out = gnl_shape_of(1, in->dim);
    return GENLAT_OK;
}

static genlat_status max_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                               gnl_layer_plan *plan)
{
    GNL_TRY(infer(opts, env, inputs, in, plan));
    if (gnl_shape_count_from(in, 1) > MAX_PLANE)
        return gnl_fail(GENLAT_E_SHAPE, "a channel has %lld positions, must be at most %lld",
                        (long long)gnl_shape_count_from(in, 1), (long long)MAX_PLANE);
    plan->cache = env->rows * in->dim[0];
    return GENLAT_OK;
}

static int64_t positions(const gnl_step *s)
{
    return gnl_shape_count_from(&s->in[0], 1);
}

/* ---- average ------------------------------------------------------------------------------------------- */

static void avg_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    int64_t n = positions(s);
    for (int64_t i = 0; i < s->rows * s->out_size; i++)
        y[i] = (gnl_real)(s->compute.k->sum(n, x + i * n) / (double)n);
}

static void avg_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    int64_t n = positions(s);
    for (int64_t i = 0; i < s->rows * s->out_size; i++) {
        gnl_real part = dy[i] / (gnl_real)n;
        for (int64_t j = 0; j < n; j++)
            *dx++ = part;
    }
}

GNL_LINEAR_CALLS(avg, avg_apply, avg_adjoint)

/* ---- maximum --------------------------------------------------------------------------------- */

/* NaN counts as larger than any number, so that it propagates. */
static void max_forward(const gnl_step *s)
{
    int64_t n = positions(s);
    for (int64_t i = 0; i < s->rows * s->out_size; i++) {
        const gnl_real *plane = s->x[0] + i * n;
        int64_t best = 0;
        for (int64_t j = 1; j < n; j++)
            if (plane[j] > plane[best] || isnan(plane[j]))
                best = j;
        s->cache[i] = (gnl_real)best;
        s->y[i] = plane[best];
    }
}

static void max_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    int64_t n = positions(s);
    for (int64_t i = 0; i < s->rows * s->out_size; i++)
        y[i] = x[i * n + (int64_t)s->cache[i]];
}

static void max_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    int64_t n = positions(s);
    memset(dx, 0, (size_t)(s->rows * s->in_size[0]) * sizeof *dx);
    for (int64_t i = 0; i < s->rows * s->out_size; i++)
        dx[i * n + (int64_t)s->cache[i]] = dy[i];
}

static void max_backward(const gnl_step *s)
{
    if (s->dx[0])
        max_adjoint(s, s->dy, s->dx[0]);
}

GNL_LINEAR_TANGENTS(max, max_apply, max_adjoint)

/* ---- layer types ----------------------------------------------------------------------------- */

const gnl_layer_type gnl_global_avg_pool = {
    .name = "global_avg_pool",
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = avg_forward,
    .backward = avg_backward,
    .jvp = avg_jvp,
    .jvp_backward = avg_jvp_backward,
    .help = "average of each channel: [channels,...] becomes [channels]",
};

const gnl_layer_type gnl_global_max_pool = {
    .name = "global_max_pool",
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = max_infer,
    .forward = max_forward,
    .backward = max_backward,
    .jvp = max_jvp,
    .jvp_backward = max_jvp_backward,
    .help = "maximum of each channel: [channels,...] becomes [channels]",
};
