/* SPDX-License-Identifier: MIT */
/* Noise in training; in evaluation the layers return x: dropout (Srivastava et al. 2014), additive Gaussian noise. */
#include "layer/layer_priv.h"

typedef struct dropout_opts {
    size_t size;
    double p;
} dropout_opts;

typedef struct noise_opts {
    size_t size;
    double sd;
} noise_opts;

static const gnl_option dropout_options[] = {
    GNL_OPT_REAL(dropout_opts, p, 0.5, 0, 1, "probability that an element is dropped"),
};
static const gnl_options_table dropout_table = {"dropout", sizeof(dropout_opts), dropout_options, 1};

static const gnl_option noise_options[] = {
    GNL_OPT_REAL(noise_opts, sd, 0.1, 0, 1e6, "standard deviation, in units of x"),
};
static const gnl_options_table noise_table = {"gaussian_noise", sizeof(noise_opts), noise_options, 1};

static int64_t count(const gnl_step *s)
{
    return s->rows * s->out_size;
}

static void copy(const gnl_step *s, const gnl_real *from, gnl_real *to)
{
    if (to && to != from)
        memcpy(to, from, (size_t)count(s) * sizeof *to);
}

/* ---- dropout --------------------------------------------------------------------------------------- */

/* The cache stores the mask: 0, or 1/(1-p), so that the mean of y is x. */
static genlat_status dropout_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                   gnl_layer_plan *plan)
{
    plan->cache = env->rows * gnl_shape_count(in);
    return gnl_layer_same_shape(in, plan);
}

/* Converts the uniform numbers in the cache to the mask and computes y. */
static void mask_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    const double p = ((const dropout_opts *)s->opts)->p;
    const gnl_real bound = (gnl_real)p, scale = p < 1 ? (gnl_real)(1 / (1 - p)) : 0;
    for (int64_t i = begin; i < end; i++) {
        s->cache[i] = s->cache[i] < bound ? 0 : scale;
        s->y[i] = s->x[0][i] * s->cache[i];
    }
}

static void dropout_forward(const gnl_step *s)
{
    gnl_step step = *s;
    if (!s->training) {
        copy(s, s->x[0], s->y);
        return;
    }
    gnl_fill_uniform(&s->compute, s->rng, count(s), 0, 1, s->cache);
    gnl_parallel(s->compute.ctx, count(s), GNL_CHUNK, mask_task, &step);
}

static void dropout_backward(const gnl_step *s)
{
    if (!s->training)
        copy(s, s->dy, s->dx[0]);
    else if (s->dx[0])
        s->compute.k->mul(count(s), s->dy, s->cache, s->dx[0]);
}

const gnl_layer_type gnl_dropout = {
    .name = "dropout",
    .options = &dropout_table,
    .flags = GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_RANDOM | GNL_LAYER_INPLACE,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = dropout_infer,
    .forward = dropout_forward,
    .backward = dropout_backward,
    .help = "in training: sets each element to 0 with probability p, otherwise divides it by 1-p",
};

/* ---- gaussian_noise -------------------------------------------------------------------------------- */

static genlat_status noise_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                 gnl_layer_plan *plan)
{
    plan->scratch = env->rows * gnl_shape_count(in);
    return gnl_layer_same_shape(in, plan);
}

static void noise_forward(const gnl_step *s)
{
    copy(s, s->x[0], s->y);
    if (!s->training)
        return;
    gnl_fill_normal(&s->compute, s->rng, count(s), s->scratch);
    s->compute.k->axpy(count(s), (gnl_real)((const noise_opts *)s->opts)->sd, s->scratch, s->y);
}

static void noise_backward(const gnl_step *s)
{
    copy(s, s->dy, s->dx[0]);
}

const gnl_layer_type gnl_gaussian_noise = {
    .name = "gaussian_noise",
    .options = &noise_table,
    .flags = GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_RANDOM | GNL_LAYER_INPLACE,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = noise_infer,
    .forward = noise_forward,
    .backward = noise_backward,
    .help = "in training: adds normal noise",
};
