/* SPDX-License-Identifier: MIT */
/* The log of the sum of exponentials over the last axis: y = log sum_j e^x_j. Its gradient is p = softmax(x). */
#include <tgmath.h>

#include "layer/layer_priv.h"

/* The cache stores p. A sample keeps at least one dimension: the result of [classes] is [1]. */
static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    if (in->ndim < 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is a scalar, must have at least one dimension");
    plan->out = *in;
    if (in->ndim == 1)
        plan->out.dim[0] = 1;
    else
        plan->out.ndim--;
    plan->cache = env->rows * gnl_shape_count(in);
    return GENLAT_OK;
}

static int64_t vectors(const gnl_step *s)
{
    return s->rows * s->out_size;
}

static int64_t length(const gnl_step *s)
{
    return s->in_size[0] / s->out_size;
}

static void forward(const gnl_step *s)
{
    const int64_t n = length(s);
    s->compute.k->softmax(vectors(s), n, s->x[0], s->cache);
    for (int64_t i = 0; i < vectors(s); i++) {
        const gnl_real *x = s->x[0] + i * n;
        double most = (double)x[0], sum = 0;
        for (int64_t j = 1; j < n; j++)
            most = GNL_MAX(most, (double)x[j]);
        for (int64_t j = 0; j < n; j++)
            sum += exp((double)x[j] - most);
        s->y[i] = (gnl_real)(most + log(sum));
    }
}

/* out = p times the number of each vector */
static void spread(const gnl_step *s, const gnl_real *from, gnl_real *out)
{
    const int64_t n = length(s);
    for (int64_t i = 0; out && i < vectors(s); i++)
        s->compute.k->scale(n, from[i], s->cache + i * n, out + i * n);
}

static void backward(const gnl_step *s)
{
    spread(s, s->dy, s->dx[0]);
}

static gnl_real mean_of(const gnl_step *s, int64_t i)
{
    const int64_t n = length(s);
    return (gnl_real)s->compute.k->dot(n, s->cache + i * n, s->tx[0] + i * n);
}

static void jvp(const gnl_step *s)
{
    for (int64_t i = 0; i < vectors(s); i++)
        s->ty[i] = mean_of(s, i);
}

/* d<p,tx>/dx = p (tx - <p,tx>) */
static void jvp_backward(const gnl_step *s)
{
    const int64_t n = length(s);
    for (int64_t i = 0; s->dx[0] && i < vectors(s); i++) {
        const gnl_real mean = mean_of(s, i);
        for (int64_t j = i * n; j < (i + 1) * n; j++)
            s->dx[0][j] += s->dty[i] * s->cache[j] * (s->tx[0][j] - mean);
    }
    spread(s, s->dty, s->dtx[0]);
}

const gnl_layer_type gnl_logsumexp = {
    .name = "logsumexp",
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "log of the sum of exponentials over the last axis",
};
