/* SPDX-License-Identifier: MIT */
/* Gated linear unit (Dauphin et al. 2017): y = a g, g = sigmoid(b), where a and b are the two halves along an axis. */
#include "layer/layer_priv.h"

typedef struct glu_opts {
    size_t size;
    int64_t axis;
} glu_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(glu_opts, axis, 0, -GENLAT_MAX_DIMS, GENLAT_MAX_DIMS - 1,
                "axis of one sample that is split in halves; 0: features or channels, -1: last axis"),
};
static const gnl_options_table table = {"glu", sizeof(glu_opts), options, GNL_COUNT(options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const glu_opts *o = opts;
    GNL_TRY(gnl_axis_check(in, o->axis));
    int32_t axis = gnl_axis_index(in, o->axis);
    if (in[0].dim[axis] % 2)
        return gnl_fail(GENLAT_E_SHAPE, "axis %d has %lld elements, expected an even number", (int)axis,
                        (long long)in[0].dim[axis]);
    plan->out = in[0];
    plan->out.dim[axis] /= 2;
    plan->cache = env->rows * gnl_shape_count(&plan->out);
    return GENLAT_OK;
}

/* Blocks of 2 half numbers: a, then b. The cache stores g with the layout of y, [blocks,half]. */
typedef struct job {
    const gnl_step *step;
    int64_t half;
} job;

static void forward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = ((const job *)arg)->step;
    const gnl_kernels *k = s->compute.k;
    const int64_t half = ((const job *)arg)->half;
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *a = s->x[0] + 2 * i * half;
        gnl_real *gate = s->cache + i * half;
        k->act[GNL_ACT_SIGMOID](half, 0, a + half, gate);
        k->mul(half, a, gate, s->y + i * half);
    }
}

static void backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = ((const job *)arg)->step;
    const int64_t half = ((const job *)arg)->half;
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *a = s->x[0] + 2 * i * half, *gate = s->cache + i * half, *dy = s->dy + i * half;
        gnl_real *da = s->dx[0] + 2 * i * half, *db = da + half;
        for (int64_t j = 0; j < half; j++) {
            gnl_real g = gate[j];
            da[j] = dy[j] * g;
            db[j] = dy[j] * a[j] * g * (1 - g);
        }
    }
}

static void jvp_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = ((const job *)arg)->step;
    const int64_t half = ((const job *)arg)->half;
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *a = s->x[0] + 2 * i * half, *gate = s->cache + i * half;
        const gnl_real *ta = s->tx[0] + 2 * i * half, *tb = ta + half;
        gnl_real *ty = s->ty + i * half;
        for (int64_t j = 0; j < half; j++)
            ty[j] = gate[j] * (ta[j] + a[j] * (1 - gate[j]) * tb[j]);
    }
}

/* With u = dty: s = u (g ta + a g' tb), g' = g (1 - g), g'' = g' (1 - 2 g). */
static void second_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = ((const job *)arg)->step;
    const int64_t half = ((const job *)arg)->half;
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *a = s->x[0] + 2 * i * half, *gate = s->cache + i * half, *u = s->dty + i * half;
        const gnl_real *ta = s->tx[0] + 2 * i * half, *tb = ta + half;
        gnl_real *da = s->dx[0] + 2 * i * half, *db = da + half;
        for (int64_t j = 0; j < half; j++) {
            gnl_real slope = gate[j] * (1 - gate[j]);
            da[j] += u[j] * slope * tb[j];
            db[j] += u[j] * slope * (ta[j] + a[j] * (1 - 2 * gate[j]) * tb[j]);
        }
    }
}

static void run(const gnl_step *s, gnl_task *task)
{
    gnl_axis axis = gnl_axis_of(s, ((const glu_opts *)s->opts)->axis);
    job j = {s, axis.n / 2 * axis.inner};
    if (j.half > 0)
        gnl_parallel(s->compute.ctx, axis.outer, GNL_CHUNK / GNL_MIN(j.half, GNL_CHUNK), task, &j);
}

static void forward(const gnl_step *s)
{
    run(s, forward_task);
}

static void backward(const gnl_step *s)
{
    if (s->dx[0])
        run(s, backward_task);
}

static void jvp(const gnl_step *s)
{
    run(s, jvp_task);
}

/* The adjoint of the tangent is the result of backward for dty. */
static void jvp_backward(const gnl_step *s)
{
    gnl_step first = *s;
    first.dy = s->dty;
    first.dx[0] = s->dtx[0];
    if (s->dx[0])
        run(s, second_task);
    backward(&first);
}

const gnl_layer_type gnl_glu = {
    .name = "glu",
    .options = &table,
    .flags = GNL_LAYER_NEEDS_X,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "gated linear unit: the first half times the sigmoid of the second half of an axis",
};
