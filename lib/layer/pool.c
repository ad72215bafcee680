/* SPDX-License-Identifier: MIT */
/* Maximum and average pooling. The maximum stores its position, so that it is linear afterwards. */
#include "layer/layer_priv.h"

typedef struct pool_opts {
    size_t size;
    int64_t kernel[2], stride[2], padding[2];
    uint32_t count_padding;
    uint32_t reserved;
} pool_opts;

#define WINDOW_OPTIONS                                                                                                 \
    GNL_OPT_PAIR(pool_opts, kernel, 2, 1, 1 << 20, "size of the window"),                                              \
        GNL_OPT_PAIR(pool_opts, stride, 0, 0, 1 << 20, "step of the window; 0: size of the window"),                   \
        GNL_OPT_PAIR(pool_opts, padding, 0, 0, 1 << 20, "padding on each side, at most half of the window")

static const gnl_option max_options[] = {WINDOW_OPTIONS};
static const gnl_option avg_options[] = {
    WINDOW_OPTIONS,
    GNL_OPT_BOOL(pool_opts, count_padding, 1, "count padding as zeros in the average"),
};
static const gnl_options_table max_table = {"max_pool", sizeof(pool_opts), max_options, GNL_COUNT(max_options)};
static const gnl_options_table avg_table = {"avg_pool", sizeof(pool_opts), avg_options, GNL_COUNT(avg_options)};

/* Limit up to which a float represents all positions of a plane exactly, since the cache stores positions as floats. */
static const int64_t MAX_PLANE = INT64_C(1) << 24;

/* ---- geometry ------------------------------------------------------------------------------------------ */

typedef struct pool {
    int64_t in[2], out[2], kernel[2], stride[2], padding[2];
    bool count_padding;
} pool;

static pool pool_of(const pool_opts *o, const gnl_shape *in)
{
    gnl_plane plane = gnl_plane_of(in);
    pool p = {.kernel = {1, 1}, .stride = {1, 1}, .count_padding = o->count_padding};
    for (int i = 3 - in->ndim; i < 2; i++) {
        p.kernel[i] = o->kernel[i];
        p.stride[i] = o->stride[i] ? o->stride[i] : o->kernel[i];
        p.padding[i] = o->padding[i];
    }
    for (int i = 0; i < 2; i++) {
        p.in[i] = plane.size[i];
        p.out[i] = (p.in[i] + 2 * p.padding[i] - p.kernel[i]) / p.stride[i] + 1;
    }
    return p;
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    GNL_TRY(gnl_plane_check(in));
    pool p = pool_of(opts, in);
    for (int i = 0; i < 2; i++) {
        if (p.padding[i] > p.kernel[i] / 2)
            return gnl_fail(GENLAT_E_RANGE, "padding is %lld, must be at most half of kernel %lld",
                            (long long)p.padding[i], (long long)p.kernel[i]);
        if (p.in[i] + 2 * p.padding[i] < p.kernel[i])
            return gnl_fail(GENLAT_E_SHAPE, "kernel is %lld, but the padded input has only %lld positions",
                            (long long)p.kernel[i], (long long)(p.in[i] + 2 * p.padding[i]));
    }
    plan->out = gnl_plane_shape(in, p.out);
    return GENLAT_OK;
}

static genlat_status max_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                               gnl_layer_plan *plan)
{
    GNL_TRY(infer(opts, env, inputs, in, plan));
    if (gnl_shape_count_from(in, 1) > MAX_PLANE)
        return gnl_fail(GENLAT_E_SHAPE, "a channel has %lld positions, must be at most %lld",
                        (long long)gnl_shape_count_from(in, 1), (long long)MAX_PLANE);
    plan->cache = env->rows * gnl_shape_count(&plan->out);
    return GENLAT_OK;
}

/* ---- planes over threads --------------------------------------------------------------------- */

typedef struct job {
    pool p;
    const gnl_real *from;
    gnl_real *to;
    gnl_real *place; /* positions of the maxima; for averages one row of the output per worker */
} job;

static void run(const gnl_step *s, gnl_task *task, gnl_real *place, const gnl_real *from, gnl_real *to)
{
    job j = {pool_of(s->opts, &s->in[0]), from, to, place};
    int64_t planes = s->rows * s->in[0].dim[0];
    int64_t grain = GNL_MAX(GNL_CHUNK / (j.p.in[0] * j.p.in[1]), 1);
    gnl_parallel(s->compute.ctx, planes, grain, task, &j);
}

/* Window of an output position, clipped to the plane. */
typedef struct window {
    int64_t y0, y1, x0, x1;
} window;

static window window_at(const pool *p, int64_t oy, int64_t ox)
{
    int64_t y = oy * p->stride[0] - p->padding[0], x = ox * p->stride[1] - p->padding[1];
    return (window){GNL_MAX(y, 0), GNL_MIN(y + p->kernel[0], p->in[0]), GNL_MAX(x, 0),
                    GNL_MIN(x + p->kernel[1], p->in[1])};
}

/* ---- maximum ------------------------------------------------------------------------------------------- */

/* Returns the position of the maximum. NaN counts as larger than any number, so that it propagates. */
static int64_t find_max(const gnl_real *plane, int64_t width, const window *w)
{
    int64_t best = w->y0 * width + w->x0;
    for (int64_t y = w->y0; y < w->y1; y++)
        for (int64_t i = y * width + w->x0; i < y * width + w->x1; i++)
            if (plane[i] > plane[best] || isnan(plane[i]))
                best = i;
    return best;
}

static void max_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const pool *p = &j->p;
    for (int64_t plane = begin; plane < end; plane++) {
        const gnl_real *x = j->from + plane * p->in[0] * p->in[1];
        int64_t at = plane * p->out[0] * p->out[1];
        for (int64_t oy = 0; oy < p->out[0]; oy++) {
            for (int64_t ox = 0; ox < p->out[1]; ox++, at++) {
                window w = window_at(p, oy, ox);
                int64_t best = find_max(x, p->in[1], &w);
                j->place[at] = (gnl_real)best;
                j->to[at] = x[best];
            }
        }
    }
}

static void max_apply_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t in = j->p.in[0] * j->p.in[1], out = j->p.out[0] * j->p.out[1];
    for (int64_t plane = begin; plane < end; plane++)
        for (int64_t i = plane * out; i < (plane + 1) * out; i++)
            j->to[i] = j->from[plane * in + (int64_t)j->place[i]];
}

static void max_adjoint_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t in = j->p.in[0] * j->p.in[1], out = j->p.out[0] * j->p.out[1];
    memset(j->to + begin * in, 0, (size_t)((end - begin) * in) * sizeof *j->to);
    for (int64_t plane = begin; plane < end; plane++)
        for (int64_t i = plane * out; i < (plane + 1) * out; i++)
            j->to[plane * in + (int64_t)j->place[i]] += j->from[i];
}

static void max_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, max_apply_task, s->cache, x, y);
}

static void max_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, max_adjoint_task, s->cache, dy, dx);
}

static void max_forward(const gnl_step *s)
{
    run(s, max_task, s->cache, s->x[0], s->y);
}

static void max_backward(const gnl_step *s)
{
    if (s->dx[0])
        max_adjoint(s, s->dy, s->dx[0]);
}

GNL_LINEAR_TANGENTS(max, max_apply, max_adjoint)

/* ---- average --------------------------------------------------------------------------------- */

/* Computes the weight of each position of an output row: one over the number of positions in its window. */
static void fill_weights(const pool *p, int64_t oy, gnl_real *out)
{
    for (int64_t ox = 0; ox < p->out[1]; ox++) {
        window w = window_at(p, oy, ox);
        int64_t count = p->count_padding ? p->kernel[0] * p->kernel[1] : (w.y1 - w.y0) * (w.x1 - w.x0);
        out[ox] = 1 / (gnl_real)count;
    }
}

/* Range [begin,end) of positions of an output row for which column k of the window is inside the plane. */
typedef struct range {
    int64_t begin, end;
} range;

static range range_of(const pool *p, int64_t k)
{
    int64_t step = p->stride[1], before = p->padding[1] - k, last = p->in[1] - 1 + before;
    return (range){before > 0 ? (before + step - 1) / step : 0, last < 0 ? 0 : GNL_MIN(p->out[1], last / step + 1)};
}

static void avg_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const pool *p = &j->p;
    gnl_real *weights = j->place + worker * p->out[1], *out = j->to + begin * p->out[0] * p->out[1];
    for (int64_t i = 0; i < (end - begin) * p->out[0]; i++, out += p->out[1]) {
        const gnl_real *x = j->from + (begin + i / p->out[0]) * p->in[0] * p->in[1];
        window rows = window_at(p, i % p->out[0], 0);
        fill_weights(p, i % p->out[0], weights);
        memset(out, 0, (size_t)p->out[1] * sizeof *out);
        for (int64_t y = rows.y0; y < rows.y1; y++)
            for (int64_t k = 0; k < p->kernel[1]; k++) {
                const range s = range_of(p, k);
                const int64_t at = y * p->in[1] + k - p->padding[1];
                for (int64_t ox = s.begin; ox < s.end; ox++)
                    out[ox] += x[at + ox * p->stride[1]];
            }
        for (int64_t ox = 0; ox < p->out[1]; ox++)
            out[ox] *= weights[ox];
    }
}

static void avg_adjoint_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const pool *p = &j->p;
    gnl_real *parts = j->place + worker * p->out[1];
    const gnl_real *from = j->from + begin * p->out[0] * p->out[1];
    memset(j->to + begin * p->in[0] * p->in[1], 0, (size_t)((end - begin) * p->in[0] * p->in[1]) * sizeof *j->to);
    for (int64_t i = 0; i < (end - begin) * p->out[0]; i++, from += p->out[1]) {
        gnl_real *dx = j->to + (begin + i / p->out[0]) * p->in[0] * p->in[1];
        window rows = window_at(p, i % p->out[0], 0);
        fill_weights(p, i % p->out[0], parts);
        for (int64_t ox = 0; ox < p->out[1]; ox++)
            parts[ox] *= from[ox];
        for (int64_t y = rows.y0; y < rows.y1; y++)
            for (int64_t k = 0; k < p->kernel[1]; k++) {
                const range s = range_of(p, k);
                const int64_t at = y * p->in[1] + k - p->padding[1];
                for (int64_t ox = s.begin; ox < s.end; ox++)
                    dx[at + ox * p->stride[1]] += parts[ox];
            }
    }
}

static genlat_status avg_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                               gnl_layer_plan *plan)
{
    GNL_TRY(infer(opts, env, inputs, in, plan));
    plan->scratch = env->threads * plan->out.dim[plan->out.ndim - 1];
    return GENLAT_OK;
}

static void avg_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, avg_task, s->scratch, x, y);
}

static void avg_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, avg_adjoint_task, s->scratch, dy, dx);
}

GNL_LINEAR_CALLS(avg, avg_apply, avg_adjoint)

/* ---- layer types ----------------------------------------------------------------------------- */

const gnl_layer_type gnl_max_pool = {
    .name = "max_pool",
    .options = &max_table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = max_infer,
    .forward = max_forward,
    .backward = max_backward,
    .jvp = max_jvp,
    .jvp_backward = max_jvp_backward,
    .help = "maximum over a moving window of [channels,length] or [channels,height,width]",
};

const gnl_layer_type gnl_avg_pool = {
    .name = "avg_pool",
    .options = &avg_table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = avg_infer,
    .forward = avg_forward,
    .backward = avg_backward,
    .jvp = avg_jvp,
    .jvp_backward = avg_jvp_backward,
    .help = "average over a moving window of [channels,length] or [channels,height,width]",
};
