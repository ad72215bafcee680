/* SPDX-License-Identifier: MIT */
/*
 * Enlarges planes by an integer factor: repeats positions, or interpolates linearly (bilinearly in two dimensions) as
 * PyTorch does with align_corners=False. Output position o reads the input at (o + 1/2) / scale - 1/2.
 */
#include "layer/layer_priv.h"

enum { NEAREST, BILINEAR };

static const char *const modes[] = {"nearest", "bilinear", NULL};

typedef struct upsample_opts {
    size_t size;
    int64_t scale[2];
    uint32_t mode;
    uint32_t reserved;
} upsample_opts;

static const gnl_option options[] = {
    GNL_OPT_PAIR(upsample_opts, scale, 2, 1, 1 << 16, "factor of height and width"),
    GNL_OPT_ENUM(upsample_opts, mode, NEAREST, BILINEAR, modes, "interpolation"),
};
static const gnl_options_table table = {"upsample", sizeof(upsample_opts), options, GNL_COUNT(options)};

static void scales(const upsample_opts *o, const gnl_shape *in, int64_t scale[2])
{
    scale[0] = in->ndim == 3 ? o->scale[0] : 1;
    scale[1] = o->scale[1];
}

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    GNL_TRY(gnl_plane_check(in));
    gnl_plane plane = gnl_plane_of(in);
    int64_t scale[2];
    scales(opts, in, scale);
    for (int i = 0; i < 2; i++)
        if (!gnl_mul_i64(plane.size[i], scale[i], &plane.size[i]))
            return gnl_fail(GENLAT_E_SHAPE, "scale %lld makes the output too large", (long long)scale[i]);
    plan->out = gnl_plane_shape(in, plane.size);
    plan->scratch = env->threads * in->dim[in->ndim - 1];
    return GENLAT_OK;
}

/* ---- planes on all threads --------------------------------------------------------------------- */

typedef struct job {
    int64_t in[2], scale[2], out; /* out: positions of an output plane */
    const gnl_real *from;
    gnl_real *to, *lines; /* lines: one line of the input per worker */
} job;

static void run(const gnl_step *s, gnl_task *task, const gnl_real *from, gnl_real *to)
{
    gnl_plane plane = gnl_plane_of(&s->in[0]);
    job j = {.in = {plane.size[0], plane.size[1]},
             .out = s->out_size / plane.channels,
             .from = from,
             .to = to,
             .lines = s->scratch};
    scales(s->opts, &s->in[0], j.scale);
    gnl_parallel(s->compute.ctx, s->rows * plane.channels, GNL_MAX(GNL_CHUNK / j.out, 1), task, &j);
}

/* ---- nearest ------------------------------------------------------------------------------------------- */

static void nearest_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t width = j->in[1] * j->scale[1];
    const gnl_real *line = j->from + begin * j->in[0] * j->in[1];
    gnl_real *out = j->to + begin * j->out;
    for (int64_t y = 0; y < (end - begin) * j->in[0]; y++, line += j->in[1]) {
        gnl_real *first = out;
        for (int64_t x = 0; x < j->in[1]; x++)
            for (int64_t i = 0; i < j->scale[1]; i++)
                *out++ = line[x];
        for (int64_t i = 1; i < j->scale[0]; i++, out += width)
            memcpy(out, first, (size_t)width * sizeof *out);
    }
}

static void nearest_adjoint_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_real *from = j->from + begin * j->out;
    gnl_real *line = j->to + begin * j->in[0] * j->in[1];
    for (int64_t y = 0; y < (end - begin) * j->in[0]; y++, line += j->in[1]) {
        memset(line, 0, (size_t)j->in[1] * sizeof *line);
        for (int64_t copy = 0; copy < j->scale[0]; copy++)
            for (int64_t x = 0; x < j->in[1]; x++)
                for (int64_t i = 0; i < j->scale[1]; i++)
                    line[x] += *from++;
    }
}

/* ---- bilinear -------------------------------------------------------------------------------- */

/* The two input positions that enclose an output position, and the weight of the second. */
typedef struct interval {
    int64_t low, high;
    gnl_real weight;
} interval;

static interval interval_at(int64_t position, int64_t scale, int64_t size)
{
    gnl_real at = GNL_MAX(((gnl_real)position + (gnl_real)0.5) / (gnl_real)scale - (gnl_real)0.5, (gnl_real)0);
    int64_t low = GNL_MIN((int64_t)at, size - 1);
    return (interval){low, GNL_MIN(low + 1, size - 1), at - (gnl_real)low};
}

/* Along a line, the outputs q scale + index, q = 0, 1, ..., all read the inputs q - back and q - back + 1 with the same
 * weight. The first (back 1) or the last (back 0) of them has only one neighbour: it copies input edge_from to output
 * edge_to. */
typedef struct phase {
    int64_t back, edge_from, edge_to;
    gnl_real weight;
} phase;

static phase phase_of(int64_t index, int64_t scale, int64_t size)
{
    gnl_real at = ((gnl_real)index + (gnl_real)0.5) / (gnl_real)scale - (gnl_real)0.5;
    if (at < 0)
        return (phase){1, 0, index, at + 1};
    return (phase){0, size - 1, (size - 1) * scale + index, at};
}

static void interpolate_line(int64_t size, int64_t scale, const gnl_real *line, gnl_real *out)
{
    for (int64_t index = 0; index < scale; index++) {
        const phase p = phase_of(index, scale, size);
        gnl_real *to = out + p.back * scale + index;
        for (int64_t i = 0; i < size - 1; i++)
            to[i * scale] = line[i] + p.weight * (line[i + 1] - line[i]);
        out[p.edge_to] = line[p.edge_from];
    }
}

static void interpolate_adjoint(int64_t size, int64_t scale, const gnl_real *from, gnl_real *line)
{
    memset(line, 0, (size_t)size * sizeof *line);
    for (int64_t index = 0; index < scale; index++) {
        const phase p = phase_of(index, scale, size);
        const gnl_real *d = from + p.back * scale + index;
        for (int64_t i = 0; i < size - 1; i++)
            line[i] += (1 - p.weight) * d[i * scale];
        for (int64_t i = 0; i < size - 1; i++)
            line[i + 1] += p.weight * d[i * scale];
        line[p.edge_from] += from[p.edge_to];
    }
}

static void bilinear_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t height = j->in[0] * j->scale[0], width = j->in[1];
    gnl_real *line = j->lines + worker * width;
    for (int64_t i = begin * height; i < end * height; i++) {
        const gnl_real *plane = j->from + i / height * j->in[0] * width;
        interval v = interval_at(i % height, j->scale[0], j->in[0]);
        const gnl_real *low = plane + v.low * width, *high = plane + v.high * width;
        for (int64_t x = 0; x < width; x++)
            line[x] = low[x] + v.weight * (high[x] - low[x]);
        interpolate_line(width, j->scale[1], line, j->to + i * width * j->scale[1]);
    }
}

static void bilinear_adjoint_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t height = j->in[0] * j->scale[0], width = j->in[1], one = j->in[0] * width;
    gnl_real *line = j->lines + worker * width;
    memset(j->to + begin * one, 0, (size_t)((end - begin) * one) * sizeof *j->to);
    for (int64_t i = begin * height; i < end * height; i++) {
        interval v = interval_at(i % height, j->scale[0], j->in[0]);
        gnl_real *plane = j->to + i / height * one, *low = plane + v.low * width, *high = plane + v.high * width;
        interpolate_adjoint(width, j->scale[1], j->from + i * width * j->scale[1], line);
        for (int64_t x = 0; x < width; x++)
            low[x] += (1 - v.weight) * line[x];
        for (int64_t x = 0; x < width; x++)
            high[x] += v.weight * line[x];
    }
}

/* ---- layer type ------------------------------------------------------------------------------- */

static gnl_task *const apply_tasks[] = {nearest_task, bilinear_task};
static gnl_task *const adjoint_tasks[] = {nearest_adjoint_task, bilinear_adjoint_task};

static void apply(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    run(s, apply_tasks[((const upsample_opts *)s->opts)->mode], x, y);
}

static void adjoint(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    run(s, adjoint_tasks[((const upsample_opts *)s->opts)->mode], dy, dx);
}

GNL_LINEAR_CALLS(upsample, apply, adjoint)

const gnl_layer_type gnl_upsample = {
    .name = "upsample",
    .options = &table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = upsample_forward,
    .backward = upsample_backward,
    .jvp = upsample_jvp,
    .jvp_backward = upsample_jvp_backward,
    .help = "enlarges planes by an integer factor, by repetition or linear interpolation",
};
