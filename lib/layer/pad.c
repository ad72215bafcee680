/* SPDX-License-Identifier: MIT */
/* Padding and cropping of lengths or planes. Cropping is padding with negative sizes. */
#include "layer/layer_priv.h"

enum { ZERO, REFLECT, REPLICATE };

static const char *const modes[] = {"zero", "reflect", "replicate", NULL};

typedef struct pad_opts {
    size_t size;
    int64_t before[2], after[2];
    uint32_t mode;
    uint32_t reserved;
} pad_opts;

static const gnl_option pad_options[] = {
    GNL_OPT_PAIR(pad_opts, before, 0, 0, 1 << 20, "number of positions added at the top and left"),
    GNL_OPT_PAIR(pad_opts, after, 0, 0, 1 << 20, "number of positions added at the bottom and right"),
    GNL_OPT_ENUM(pad_opts, mode, ZERO, REPLICATE, modes, "kind of padding; reflect does not repeat the border"),
};
static const gnl_option crop_options[] = {
    GNL_OPT_PAIR(pad_opts, before, 0, 0, 1 << 20, "number of positions removed at the top and left"),
    GNL_OPT_PAIR(pad_opts, after, 0, 0, 1 << 20, "number of positions removed at the bottom and right"),
};
static const gnl_options_table pad_table = {"pad", sizeof(pad_opts), pad_options, GNL_COUNT(pad_options)};
static const gnl_options_table crop_table = {"crop", sizeof(pad_opts), crop_options, GNL_COUNT(crop_options)};

static genlat_status check_mode(const pad_opts *o, int i, int64_t size)
{
    int64_t most = GNL_MAX(o->before[i], o->after[i]);
    if (o->mode == REFLECT && most >= size)
        return gnl_fail(GENLAT_E_SHAPE, "reflection needs more than %lld positions, but the input has %lld",
                        (long long)most, (long long)size);
    return GENLAT_OK;
}

static genlat_status infer(const pad_opts *o, int64_t sign, const gnl_shape *in, gnl_layer_plan *plan)
{
    GNL_TRY(gnl_plane_check(in));
    gnl_plane plane = gnl_plane_of(in);
    for (int i = 3 - in->ndim; i < 2; i++) {
        GNL_TRY(check_mode(o, i, plane.size[i]));
        int64_t size = plane.size[i] + sign * (o->before[i] + o->after[i]);
        if (size < 1)
            return gnl_fail(GENLAT_E_SHAPE, "cropping removes all %lld positions of the input",
                            (long long)plane.size[i]);
        plane.size[i] = size;
    }
    plan->out = gnl_plane_shape(in, plane.size);
    return GENLAT_OK;
}

static genlat_status pad_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                               gnl_layer_plan *plan)
{
    return infer(opts, 1, in, plan);
}

static genlat_status crop_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                gnl_layer_plan *plan)
{
    return infer(opts, -1, in, plan);
}

/* ---- computation ----------------------------------------------------------------------------- */

typedef struct job {
    int64_t in[2], out[2], before[2];
    uint32_t mode;
    const gnl_real *from;
    gnl_real *to;
} job;

static void run(const gnl_step *s, int64_t sign, gnl_task *task, const gnl_real *from, gnl_real *to)
{
    const pad_opts *o = s->opts;
    gnl_plane in = gnl_plane_of(&s->in[0]), out = gnl_plane_of(&s->out);
    job j = {.in = {in.size[0], in.size[1]},
             .out = {out.size[0], out.size[1]},
             .before = {s->in[0].ndim == 3 ? sign * o->before[0] : 0, sign * o->before[1]},
             .mode = o->mode,
             .from = from,
             .to = to};
    int64_t size = GNL_MAX(j.in[0] * j.in[1], j.out[0] * j.out[1]);
    gnl_parallel(s->compute.ctx, s->rows * in.channels, GNL_MAX(GNL_CHUNK / size, 1), task, &j);
}

/* Returns the input position for an output position along axis i, or -1 for zero padding. */
static int64_t source(const job *j, int i, int64_t position)
{
    int64_t at = position - j->before[i], last = j->in[i] - 1;
    if (at >= 0 && at <= last)
        return at;
    if (j->mode == ZERO)
        return -1;
    if (j->mode == REPLICATE)
        return at < 0 ? 0 : last;
    return at < 0 ? -at : 2 * last - at;
}

static void fill_border(const job *j, int64_t begin, int64_t end, const gnl_real *line, gnl_real *out)
{
    for (int64_t x = begin; x < end; x++) {
        int64_t at = source(j, 1, x);
        out[x] = at < 0 ? 0 : line[at];
    }
}

static void apply_line(const job *j, const gnl_real *line, gnl_real *out)
{
    int64_t begin = GNL_MAX(j->before[1], 0), end = GNL_MIN(j->before[1] + j->in[1], j->out[1]);
    fill_border(j, 0, begin, line, out);
    memcpy(out + begin, line + begin - j->before[1], (size_t)(end - begin) * sizeof *out);
    fill_border(j, end, j->out[1], line, out);
}

static void apply_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    gnl_real *out = j->to + begin * j->out[0] * j->out[1];
    for (int64_t i = begin * j->out[0]; i < end * j->out[0]; i++, out += j->out[1]) {
        int64_t y = source(j, 0, i % j->out[0]);
        if (y < 0)
            memset(out, 0, (size_t)j->out[1] * sizeof *out);
        else
            apply_line(j, j->from + (i / j->out[0] * j->in[0] + y) * j->in[1], out);
    }
}

static void adjoint_line(const job *j, const gnl_real *line, gnl_real *out)
{
    for (int64_t x = 0; x < j->out[1]; x++) {
        int64_t at = source(j, 1, x);
        if (at >= 0)
            out[at] += line[x];
    }
}

static void adjoint_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t one = j->in[0] * j->in[1];
    const gnl_real *line = j->from + begin * j->out[0] * j->out[1];
    memset(j->to + begin * one, 0, (size_t)((end - begin) * one) * sizeof *j->to);
    for (int64_t i = begin * j->out[0]; i < end * j->out[0]; i++, line += j->out[1]) {
        int64_t y = source(j, 0, i % j->out[0]);
        if (y >= 0)
            adjoint_line(j, line, j->to + (i / j->out[0] * j->in[0] + y) * j->in[1]);
    }
}

static void pad_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, 1, apply_task, x, y);
}

static void pad_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, 1, adjoint_task, dy, dx);
}

static void crop_apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, -1, apply_task, x, y);
}

static void crop_adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, -1, adjoint_task, dy, dx);
}

GNL_LINEAR_CALLS(pad, pad_apply, pad_adjoint)
GNL_LINEAR_CALLS(crop, crop_apply, crop_adjoint)

const gnl_layer_type gnl_pad = {
    .name = "pad",
    .options = &pad_table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = pad_infer,
    .forward = pad_forward,
    .backward = pad_backward,
    .jvp = pad_jvp,
    .jvp_backward = pad_jvp_backward,
    .help = "pads [channels,length] or [channels,height,width] by zeros, reflection or replication",
};

const gnl_layer_type gnl_crop = {
    .name = "crop",
    .options = &crop_table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = crop_infer,
    .forward = crop_forward,
    .backward = crop_backward,
    .jvp = crop_jvp,
    .jvp_backward = crop_jvp_backward,
    .help = "removes positions at the border of [channels,length] or [channels,height,width]",
};
