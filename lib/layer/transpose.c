/* SPDX-License-Identifier: MIT */
/* Permutes the axes of a sample. Axis i of y is axis axes[i] of x. */
#include "layer/layer_priv.h"

typedef struct transpose_opts {
    size_t size;
    int64_t axes[GENLAT_MAX_DIMS];
} transpose_opts;

static const gnl_option options[] = {
    GNL_OPT_AXES(transpose_opts, axes, "the axes of the input in their new order; default: the last two are swapped"),
};
static const gnl_options_table table = {"transpose", sizeof(transpose_opts), options, GNL_COUNT(options)};

/* order[i] is the axis of x that becomes axis i of y */
static void order_of(const transpose_opts *o, const gnl_shape *in, int32_t order[GENLAT_MAX_DIMS])
{
    const bool given = gnl_axes_count(o->axes) > 0;
    for (int32_t i = 0; i < in->ndim; i++)
        order[i] = given ? gnl_axis_index(in, o->axes[i]) : i < in->ndim - 2 ? i : 2 * in->ndim - 3 - i;
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const transpose_opts *o = opts;
    const int32_t count = gnl_axes_count(o->axes);
    int32_t order[GENLAT_MAX_DIMS];
    char text[GNL_SHAPE_TEXT];
    if (count == 0 && in->ndim < 2)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, must have at least 2 dimensions", gnl_shape_format(in, text));
    GNL_TRY(gnl_axes_check(in, o->axes));
    if (count && count != in->ndim)
        return gnl_fail(GENLAT_E_SHAPE, "axes has %d entries, but input %s has %d dimensions", (int)count,
                        gnl_shape_format(in, text), (int)in->ndim);
    order_of(o, in, order);
    plan->out = in[0];
    for (int32_t i = 0; i < in->ndim; i++)
        plan->out.dim[i] = in->dim[order[i]];
    return GENLAT_OK;
}

/* Reads `from` in the order of `to`: sizes, and distances in `from`, by axis of `to`. */
typedef struct job {
    int32_t ndim;
    int64_t size[GENLAT_MAX_DIMS], stride[GENLAT_MAX_DIMS];
    int64_t from_size, block; /* elements of a sample, and of one index of its first axis */
    const gnl_real *from;
    gnl_real *to;
} job;

static gnl_real *gather(const job *j, int32_t axis, const gnl_real *from, gnl_real *to)
{
    const int64_t n = j->size[axis], stride = j->stride[axis];
    if (axis < j->ndim - 1) {
        for (int64_t i = 0; i < n; i++)
            to = gather(j, axis + 1, from + i * stride, to);
        return to;
    }
    for (int64_t i = 0; i < n; i++)
        to[i] = from[i * stride];
    return to + n;
}

static void gather_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t n = j->size[0];
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *from = j->from + i / n * j->from_size + i % n * j->stride[0];
        if (j->ndim > 1)
            gather(j, 1, from, j->to + i * j->block);
        else
            j->to[i] = *from;
    }
}

/* Axis i of `to` is axis order[i] of `from`, whose samples have the shape `shape`. */
static void permute(const gnl_step *s, const gnl_shape *shape, const int32_t *order, const gnl_real *from, gnl_real *to)
{
    job j = {.ndim = shape->ndim, .from_size = s->in_size[0], .from = from, .to = to};
    for (int32_t i = 0; i < shape->ndim; i++) {
        j.size[i] = shape->dim[order[i]];
        j.stride[i] = gnl_shape_count_from(shape, order[i] + 1);
    }
    j.block = j.from_size / j.size[0];
    gnl_parallel(s->compute.ctx, s->rows * j.size[0], GNL_MAX(GNL_CHUNK / j.block, 1), gather_task, &j);
}

static void apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    int32_t order[GENLAT_MAX_DIMS];
    order_of(s->opts, &s->in[0], order);
    permute(s, &s->in[0], order, x, y);
}

static void adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    int32_t order[GENLAT_MAX_DIMS], inverse[GENLAT_MAX_DIMS] = {0};
    order_of(s->opts, &s->in[0], order);
    for (int32_t i = 0; i < s->in[0].ndim; i++)
        inverse[order[i]] = i;
    permute(s, &s->out, inverse, dy, dx);
}

GNL_LINEAR_CALLS(transpose, apply, adjoint)

const gnl_layer_type gnl_transpose = {
    .name = "transpose",
    .options = &table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = transpose_forward,
    .backward = transpose_backward,
    .jvp = transpose_jvp,
    .jvp_backward = transpose_jvp_backward,
    .help = "permutes the axes of a sample",
};
