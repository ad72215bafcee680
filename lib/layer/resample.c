/* SPDX-License-Identifier: MIT */
/*
 * Filtered resampling (Zhang 2019; Karras et al. 2020): enlarges by an integer factor, inserting zeros, or reduces,
 * with a short filter along each axis, separately for each channel. The plane is padded with zeros.
 */
#include "layer/layer_priv.h"

enum { TAPS = GENLAT_MAX_DIMS };

typedef struct resample_opts {
    size_t size;
    int64_t up, down;
    int64_t filter[TAPS];
} resample_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(resample_opts, up, 1, 1, TAPS, "factor by which height and width are enlarged"),
    GNL_OPT_INT(resample_opts, down, 1, 1, TAPS, "factor by which they are reduced; remaining positions are dropped"),
    GNL_OPT_DIMS(resample_opts, filter, 1, 1 << 20,
                 "taps, such as 1x3x3x1, the default; they are normalised by their sum"),
};
static const gnl_options_table table = {"resample", sizeof(resample_opts), options, GNL_COUNT(options)};

/* y[o] = sum over taps k of tap[k] z[o down + k - before], where z[i up] = x[i] and z is 0 elsewhere. */
typedef struct filter {
    int64_t up, down, taps, before;
    gnl_real tap[TAPS];
} filter;

static filter filter_of(const resample_opts *o)
{
    static const int64_t default_taps[TAPS] = {1, 3, 3, 1};
    const int64_t *from = o->filter[0] ? o->filter : default_taps;
    filter f = {.up = o->up, .down = o->down};
    double sum = 0;
    while (f.taps < TAPS && from[f.taps])
        sum += (double)from[f.taps++];
    for (int64_t k = 0; k < f.taps; k++)
        f.tap[k] = (gnl_real)((double)(f.up * from[f.taps - 1 - k]) / sum);
    f.before = f.up > 1 ? (f.taps + f.up - 1) / 2 : (f.taps - f.down + 1) / 2;
    return f;
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    GNL_TRY(gnl_plane_check(in));
    const filter f = filter_of(opts);
    gnl_plane plane = gnl_plane_of(in);
    if ((f.up > 1 && f.down > 1) || f.taps < GNL_MAX(f.up, f.down))
        return gnl_fail(GENLAT_E_SHAPE,
                        "up is %lld and down is %lld with %lld taps; one of them must be 1, the other at "
                        "most the number of taps",
                        (long long)f.up, (long long)f.down, (long long)f.taps);
    const int64_t height = plane.size[0];
    for (int i = 3 - in->ndim; i < 2; i++) {
        if (!gnl_mul_i64(plane.size[i], f.up, &plane.size[i]) || plane.size[i] < f.down)
            return gnl_fail(GENLAT_E_SHAPE, "the output would be empty or too large");
        plane.size[i] /= f.down;
    }
    plan->out = gnl_plane_shape(in, plane.size);
    plan->scratch = env->threads * height * plane.size[1];
    return GENLAT_OK;
}

/* ---- filtering along one axis --------------------------------------------------------------------------- */

/* The linear map or its transpose. */
typedef enum direction { FORWARD, ADJOINT } direction;

/* Elements that a tap reads and writes: `count` elements from `from` in steps of from_step, to `to` in steps of
 * to_step. */
typedef struct tap_range {
    int64_t count, from, from_step, to, to_step;
} tap_range;

/* Returns the range of tap k along an axis with `in` positions in x and `out` positions in y. With ADJOINT, reads y and
 * writes x. */
static tap_range tap_range_of(const filter *f, int64_t k, int64_t in, int64_t out, direction d)
{
    int64_t o = 0;
    while (o * f->down + k < f->before || (o * f->down + k - f->before) % f->up)
        o++;
    const int64_t i = (o * f->down + k - f->before) / f->up;
    const int64_t count = o < out && i < in ? GNL_MIN((out - 1 - o) / f->up, (in - 1 - i) / f->down) + 1 : 0;
    return d == ADJOINT ? (tap_range){count, o, f->up, i, f->down} : (tap_range){count, i, f->down, o, f->up};
}

/* Adds the filtered lines to `to`. `lines` lines follow each other; each position has `width` numbers. */
static void filter_axis(const gnl_kernels *kernels, const filter *f, int64_t in, int64_t out, int64_t lines,
                        int64_t width, direction d, const gnl_real *from, gnl_real *to)
{
    const int64_t from_line = (d == ADJOINT ? out : in) * width, to_line = (d == ADJOINT ? in : out) * width;
    for (int64_t k = 0; k < f->taps; k++) {
        const tap_range w = tap_range_of(f, k, in, out, d);
        for (int64_t line = 0; line < lines; line++) {
            const gnl_real *a = from + line * from_line + w.from * width;
            gnl_real *b = to + line * to_line + w.to * width;
            for (int64_t t = 0; width == 1 && t < w.count; t++)
                b[t * w.to_step] += f->tap[k] * a[t * w.from_step];
            for (int64_t t = 0; width > 1 && t < w.count; t++)
                kernels->axpy(width, f->tap[k], a + t * w.from_step * width, b + t * w.to_step * width);
        }
    }
}

typedef struct job {
    filter f;
    const gnl_step *s;
    gnl_plane in, out;
    direction d;
    const gnl_real *from;
    gnl_real *to;
} job;

/* The intermediate plane between the two passes has the height of the input and the width of the output. */
static void task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_kernels *k = j->s->compute.k;
    const int64_t *in = j->in.size, *out = j->out.size, between = in[0] * out[1];
    const int64_t source = j->d == ADJOINT ? out[0] * out[1] : in[0] * in[1];
    const int64_t target = j->d == ADJOINT ? in[0] * in[1] : out[0] * out[1];
    const bool tall = j->s->in[0].ndim == 3;
    gnl_real *middle = j->s->scratch + worker * between;
    for (int64_t p = begin; p < end; p++) {
        const gnl_real *from = j->from + p * source;
        gnl_real *to = j->to + p * target;
        memset(to, 0, (size_t)target * sizeof *to);
        memset(middle, 0, (size_t)between * sizeof *middle);
        if (tall && j->d == ADJOINT)
            filter_axis(k, &j->f, in[0], out[0], 1, out[1], ADJOINT, from, middle);
        if (j->d == ADJOINT)
            filter_axis(k, &j->f, in[1], out[1], in[0], 1, ADJOINT, tall ? middle : from, to);
        else
            filter_axis(k, &j->f, in[1], out[1], in[0], 1, FORWARD, from, tall ? middle : to);
        if (tall && j->d == FORWARD)
            filter_axis(k, &j->f, in[0], out[0], 1, out[1], FORWARD, middle, to);
    }
}

static void run(const gnl_step *s, direction d, const gnl_real *from, gnl_real *to)
{
    job j = {.f = filter_of(s->opts),
             .s = s,
             .in = gnl_plane_of(&s->in[0]),
             .out = gnl_plane_of(&s->out),
             .d = d,
             .from = from,
             .to = to};
    int64_t planes = s->rows * j.in.channels;
    gnl_parallel(s->compute.ctx, planes, GNL_MAX(GNL_CHUNK / (s->out_size / j.in.channels), 1), task, &j);
}

static void apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, FORWARD, x, y);
}

static void adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, ADJOINT, dy, dx);
}

GNL_LINEAR_CALLS(resample, apply, adjoint)

const gnl_layer_type gnl_resample = {
    .name = "resample",
    .options = &table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = resample_forward,
    .backward = resample_backward,
    .jvp = resample_jvp,
    .jvp_backward = resample_jvp_backward,
    .help = "enlarges or reduces planes by an integer factor with a filter and zero padding",
};
