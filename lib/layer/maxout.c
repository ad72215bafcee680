/* SPDX-License-Identifier: MIT */
/* Maxout (Goodfellow et al. 2013): maximum of `pieces` adjacent elements along an axis. */
#include "layer/layer_priv.h"

typedef struct maxout_opts {
    size_t size;
    int64_t pieces;
    int64_t axis;
} maxout_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(maxout_opts, pieces, 2, 1, 1 << 16, "number of adjacent elements per output"),
    GNL_OPT_INT(maxout_opts, axis, 0, -GENLAT_MAX_DIMS, GENLAT_MAX_DIMS - 1,
                "axis of one sample; 0: features or channels, -1: last axis"),
};
static const gnl_options_table table = {"maxout", sizeof(maxout_opts), options, GNL_COUNT(options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const maxout_opts *o = opts;
    GNL_TRY(gnl_axis_check(in, o->axis));
    int32_t axis = gnl_axis_index(in, o->axis);
    if (in[0].dim[axis] % o->pieces)
        return gnl_fail(GENLAT_E_SHAPE, "axis %d has %lld elements, expected a multiple of pieces=%lld", (int)axis,
                        (long long)in[0].dim[axis], (long long)o->pieces);
    plan->out = in[0];
    plan->out.dim[axis] /= o->pieces;
    return GENLAT_OK;
}

/* Treats x as [groups,pieces,inner] and y as [groups,inner]. */
typedef struct job {
    const gnl_real *x, *v;
    gnl_real *out;
    int64_t pieces, inner;
} job;

/* Returns the offset of the maximum. Of equal elements the first is used. NaN counts as larger than any number, so that
 * it propagates. */
static int64_t argmax(const job *j, const gnl_real *x)
{
    int64_t best = 0;
    for (int64_t p = j->inner; p < j->pieces * j->inner; p += j->inner)
        if (x[p] > x[best] || isnan(x[p]))
            best = p;
    return best;
}

/* y = v[argmax]; v is x or its tangent */
static void gather_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t g = begin; g < end; g++)
        for (int64_t i = 0; i < j->inner; i++) {
            int64_t at = g * j->pieces * j->inner + i;
            j->out[g * j->inner + i] = j->v[at + argmax(j, j->x + at)];
        }
}

/* dx[argmax] = v, all others 0 */
static void scatter_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t block = j->pieces * j->inner;
    memset(j->out + begin * block, 0, (size_t)((end - begin) * block) * sizeof *j->out);
    for (int64_t g = begin; g < end; g++)
        for (int64_t i = 0; i < j->inner; i++)
            j->out[g * block + i + argmax(j, j->x + g * block + i)] = j->v[g * j->inner + i];
}

static void run(const gnl_step *s, gnl_task *task, const gnl_real *v, gnl_real *out)
{
    const maxout_opts *o = s->opts;
    gnl_axis axis = gnl_axis_of(s, o->axis);
    job j = {s->x[0], v, out, o->pieces, axis.inner};
    int64_t block = GNL_MIN(o->pieces * axis.inner, GNL_CHUNK);
    if (out && block > 0)
        gnl_parallel(s->compute.ctx, axis.outer * axis.n / o->pieces, GNL_CHUNK / block, task, &j);
}

static void forward(const gnl_step *s)
{
    run(s, gather_task, s->x[0], s->y);
}

static void backward(const gnl_step *s)
{
    run(s, scatter_task, s->dy, s->dx[0]);
}

static void jvp(const gnl_step *s)
{
    run(s, gather_task, s->tx[0], s->ty);
}

/* Piecewise linear: dx stays unchanged. */
static void jvp_backward(const gnl_step *s)
{
    run(s, scatter_task, s->dty, s->dtx[0]);
}

const gnl_layer_type gnl_maxout = {
    .name = "maxout",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "maximum of `pieces` adjacent elements along an axis",
};
