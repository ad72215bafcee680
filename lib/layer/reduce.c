/* SPDX-License-Identifier: MIT */
/* Sum and mean over some or all axes of a sample. */
#include "layer/layer_priv.h"

enum { BLOCK = 128 };

typedef struct reduce_opts {
    size_t size;
    int64_t axes[GENLAT_MAX_DIMS];
    uint32_t keep;
    uint32_t reserved;
} reduce_opts;

static const gnl_option options[] = {
    GNL_OPT_AXES(reduce_opts, axes, "axes of one sample to reduce; default: all"),
    GNL_OPT_BOOL(reduce_opts, keep, 0, "keeps reduced axes with size 1 instead of removing them"),
};
static const gnl_options_table sum_table = {"sum", sizeof(reduce_opts), options, GNL_COUNT(options)};
static const gnl_options_table mean_table = {"mean", sizeof(reduce_opts), options, GNL_COUNT(options)};

static void mark_reduced(const reduce_opts *o, const gnl_shape *in, bool reduced[GENLAT_MAX_DIMS])
{
    const int32_t count = gnl_axes_count(o->axes);
    for (int32_t i = 0; i < in->ndim; i++)
        reduced[i] = count == 0;
    for (int32_t i = 0; i < count; i++)
        reduced[gnl_axis_index(in, o->axes[i])] = true;
}

/* A sample keeps at least one dimension: the sum of all elements is [1]. */
static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const reduce_opts *o = opts;
    bool reduced[GENLAT_MAX_DIMS];
    if (in->ndim == 0)
        return gnl_fail(GENLAT_E_SHAPE, "input is a scalar, must have at least one dimension");
    GNL_TRY(gnl_axes_check(in, o->axes));
    mark_reduced(o, in, reduced);
    plan->out = (gnl_shape){0};
    for (int32_t i = 0; i < in->ndim; i++)
        if (!reduced[i] || o->keep)
            plan->out.dim[plan->out.ndim++] = reduced[i] ? 1 : in->dim[i];
    if (plan->out.ndim == 0)
        plan->out = (gnl_shape){1, {1}};
    return GENLAT_OK;
}

/* ---- loops ----------------------------------------------------------------------------------- */

/* Nested loops over axes of x; loop 0 is the innermost. */
typedef struct loops {
    int count;
    int64_t size[GENLAT_MAX_DIMS], stride[GENLAT_MAX_DIMS];
} loops;

/* x is read as [rows, kept and reduced axes in turn, inner], y is [rows, kept axes, inner]. */
typedef struct job {
    const gnl_kernels *k;
    loops kept, reduced;
    int64_t inner, x_size, units; /* neighbouring elements kept; elements of x, and combinations of kept axes, a row */
    double factor;
    const gnl_real *from;
    gnl_real *to;
} job;

/* Neighbouring axes of the same kind are one loop. */
static void add_loop(loops *l, int64_t size, int64_t stride, bool joins)
{
    if (joins) {
        l->size[l->count - 1] *= size;
        return;
    }
    l->size[l->count] = size;
    l->stride[l->count++] = stride;
}

static job job_of(const gnl_step *s, bool mean, const gnl_real *from, gnl_real *to)
{
    const gnl_shape *in = &s->in[0];
    bool reduced[GENLAT_MAX_DIMS];
    job j = {.k = s->compute.k, .inner = 1, .x_size = s->in_size[0], .from = from, .to = to};
    mark_reduced(s->opts, in, reduced);
    for (int32_t i = in->ndim - 1; i >= 0; i--) {
        const bool joins = i < in->ndim - 1 && reduced[i] == reduced[i + 1];
        if (!reduced[i] && j.reduced.count == 0)
            j.inner *= in->dim[i];
        else
            add_loop(reduced[i] ? &j.reduced : &j.kept, in->dim[i], gnl_shape_count_from(in, i + 1), joins);
    }
    j.units = s->out_size / j.inner;
    j.factor = mean ? (double)s->out_size / (double)s->in_size[0] : 1;
    return j;
}

static int64_t offset_of(const job *j, int64_t unit)
{
    int64_t offset = unit / j->units * j->x_size, rest = unit % j->units;
    for (int i = 0; i < j->kept.count; i++) {
        offset += rest % j->kept.size[i] * j->kept.stride[i];
        rest /= j->kept.size[i];
    }
    return offset;
}

/* Adds all elements of a unit. A last axis that is reduced is contiguous, and `width` is then 1. */
static void add_up(const job *j, int loop, const gnl_real *x, int64_t width, double *sum)
{
    if (loop < 0) {
        for (int64_t i = 0; i < width; i++)
            sum[i] += (double)x[i];
    } else if (j->reduced.stride[loop] == 1) {
        sum[0] += j->k->sum(j->reduced.size[loop], x);
    } else {
        for (int64_t i = 0; i < j->reduced.size[loop]; i++)
            add_up(j, loop - 1, x + i * j->reduced.stride[loop], width, sum);
    }
}

static void reduce_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t unit = begin; unit < end; unit++)
        for (int64_t at = 0; at < j->inner; at += BLOCK) {
            const int64_t width = GNL_MIN(BLOCK, j->inner - at);
            double sum[BLOCK] = {0};
            add_up(j, j->reduced.count - 1, j->from + offset_of(j, unit) + at, width, sum);
            for (int64_t i = 0; i < width; i++)
                j->to[unit * j->inner + at + i] = (gnl_real)(j->factor * sum[i]);
        }
}

/* The transposed map: copies the elements of y, times the factor, to all elements that they are sums of. */
static void spread(const job *j, int loop, const gnl_real *y, gnl_real *x)
{
    if (loop < 0) {
        j->k->scale(j->inner, (gnl_real)j->factor, y, x);
    } else if (j->reduced.stride[loop] == 1) {
        const gnl_real value = (gnl_real)j->factor * y[0];
        for (int64_t i = 0; i < j->reduced.size[loop]; i++)
            x[i] = value;
    } else {
        for (int64_t i = 0; i < j->reduced.size[loop]; i++)
            spread(j, loop - 1, y, x + i * j->reduced.stride[loop]);
    }
}

static void spread_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t unit = begin; unit < end; unit++)
        spread(j, j->reduced.count - 1, j->from + unit * j->inner, j->to + offset_of(j, unit));
}

static void run(const gnl_step *s, bool mean, gnl_task *task, const gnl_real *from, gnl_real *to)
{
    job j = job_of(s, mean, from, to);
    gnl_parallel(s->compute.ctx, s->rows * j.units, GNL_MAX(GNL_CHUNK / (j.x_size / j.units), 1), task, &j);
}

/* ---- layer types ----------------------------------------------------------------------------- */

static void sum_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, false, reduce_task, x, y);
}

static void sum_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, false, spread_task, dy, dx);
}

static void mean_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, true, reduce_task, x, y);
}

static void mean_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, true, spread_task, dy, dx);
}

GNL_LINEAR_CALLS(sum, sum_apply, sum_adjoint)
GNL_LINEAR_CALLS(mean, mean_apply, mean_adjoint)

const gnl_layer_type gnl_mean = {
    .name = "mean",
    .options = &mean_table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = mean_forward,
    .backward = mean_backward,
    .jvp = mean_jvp,
    .jvp_backward = mean_jvp_backward,
    .help = "mean over some or all axes of a sample",
};

const gnl_layer_type gnl_sum = {
    .name = "sum",
    .options = &sum_table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = sum_forward,
    .backward = sum_backward,
    .jvp = sum_jvp,
    .jvp_backward = sum_jvp_backward,
    .help = "sum over some or all axes of a sample",
};
