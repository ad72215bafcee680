/* SPDX-License-Identifier: MIT */
/* Keeps a range of the indices of one axis. */
#include "layer/layer_priv.h"

typedef struct slice_opts {
    size_t size;
    int64_t axis, start, length, step;
} slice_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(slice_opts, axis, 0, -GENLAT_MAX_DIMS, GENLAT_MAX_DIMS - 1,
                "axis of one sample; 0: features or channels, -1: last axis"),
    GNL_OPT_INT(slice_opts, start, 0, -(1 << 30), 1 << 30, "first index kept; a negative one counts from the end"),
    GNL_OPT_INT(slice_opts, length, 0, 0, 1 << 30, "number of indices kept; 0: all up to the end"),
    GNL_OPT_INT(slice_opts, step, 1, 1, 1 << 30, "distance between the indices kept"),
};
static const gnl_options_table table = {"slice", sizeof(slice_opts), options, GNL_COUNT(options)};

static int64_t first_of(const slice_opts *o, int64_t n)
{
    return o->start < 0 ? o->start + n : o->start;
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const slice_opts *o = opts;
    char text[GNL_SHAPE_TEXT];
    GNL_TRY(gnl_axis_check(in, o->axis));
    const int32_t axis = gnl_axis_index(in, o->axis);
    const int64_t n = in->dim[axis], first = first_of(o, n);
    if (first < 0 || first >= n)
        return gnl_fail(GENLAT_E_SHAPE, "start is %lld, but axis %d of input %s has %lld elements", (long long)o->start,
                        (int)axis, gnl_shape_format(in, text), (long long)n);
    const int64_t most = gnl_ceil_div(n - first, o->step);
    if (o->length > most)
        return gnl_fail(GENLAT_E_SHAPE, "length is %lld, but axis %d of input %s has %lld elements from start=%lld on",
                        (long long)o->length, (int)axis, gnl_shape_format(in, text), (long long)most,
                        (long long)o->start);
    plan->out = in[0];
    plan->out.dim[axis] = o->length ? o->length : most;
    return GENLAT_OK;
}

/* x is [outer,n,inner]; the indices kept are `runs` runs of `run` neighbouring elements. */
typedef struct kept {
    int64_t outer, block, offset, runs, run, distance;
} kept;

static kept kept_of(const gnl_step *s)
{
    const slice_opts *o = s->opts;
    const gnl_axis x = gnl_axis_of(s, o->axis);
    const int64_t length = s->out.dim[gnl_axis_index(&s->in[0], o->axis)];
    kept k = {.outer = x.outer, .block = x.n * x.inner, .offset = first_of(o, x.n) * x.inner};
    k.runs = o->step == 1 ? 1 : length;
    k.run = length / k.runs * x.inner;
    k.distance = o->step * x.inner;
    return k;
}

static void apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    const kept k = kept_of(s);
    for (int64_t i = 0; i < k.outer; i++)
        for (int64_t j = 0; j < k.runs; j++, y += k.run)
            memcpy(y, x + i * k.block + k.offset + j * k.distance, (size_t)k.run * sizeof *y);
}

static void adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    const kept k = kept_of(s);
    memset(dx, 0, (size_t)(s->rows * s->in_size[0]) * sizeof *dx);
    for (int64_t i = 0; i < k.outer; i++)
        for (int64_t j = 0; j < k.runs; j++, dy += k.run)
            memcpy(dx + i * k.block + k.offset + j * k.distance, dy, (size_t)k.run * sizeof *dx);
}

GNL_LINEAR_CALLS(slice, apply, adjoint)

const gnl_layer_type gnl_slice = {
    .name = "slice",
    .options = &table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = slice_forward,
    .backward = slice_backward,
    .jvp = slice_jvp,
    .jvp_backward = slice_jvp_backward,
    .help = "keeps a range of the indices of one axis",
};
