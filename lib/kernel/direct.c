/* SPDX-License-Identifier: MIT */
/*
 * Grouped convolutions with few channels per group, without matrices. A task processes a band of lines of one group,
 * for one set of samples: it copies the band to lanes with padding, computes, and copies the result back. Both
 * directions are correlations. The direction to the image has one class of outputs for each remainder of y and x
 * modulo the stride.
 */
#include "kernel/conv_priv.h"

enum {
    MAX_CHANNELS = 16,        /* per group, of the image or of the map */
    MAX_OTHER_CHANNELS = 128, /* per group, of the other side */
    MIN_SAMPLES = 8,
    BAND_NUMBERS = 1 << 17, /* target size of a band in lanes, input and output: 512 KiB */
    PARTS = 8               /* number of partial weight gradients */
};

/* What a correlation writes. */
typedef enum direction { TO_MAP, TO_IMAGE } direction;

/* One axis of the correlation. Output i of class a is at a + i classes. It reads the input at i step + shift. */
typedef struct axis {
    int64_t in, out, kernel, step, classes, dilation, padding;
    int64_t count;     /* outputs of a class */
    int64_t low, high; /* range of shifts */
    direction to;
} axis;

typedef struct job {
    const gnl_compute *c;
    const gnl_conv *g;
    int64_t rows, sets, parts;
    int64_t in_channels, out_channels, blocks; /* per group; blocks of GNL_DIRECT_ROWS outputs */
    axis y, x;
    int64_t band, bands;
    int64_t in_pitch, in_lines, out_pitch, out_lines; /* of the lanes of a band */
    const gnl_real *in, *bias, *weight;
    gnl_real *out, *grad, *packed, *worker_scratch;
} job;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -gnl_ceil_div(-a, b);
}

/* ---- geometry ------------------------------------------------------------------------------------------ */

static bool is_possible(const gnl_conv *g, int64_t rows)
{
    int64_t few = GNL_MIN(g->image_channels, g->map_channels) / g->groups;
    int64_t many = GNL_MAX(g->image_channels, g->map_channels) / g->groups;
    bool fits = g->groups > 1 && rows >= MIN_SAMPLES && few <= MAX_CHANNELS && many <= MAX_OTHER_CHANNELS &&
                g->kernel[0] * g->kernel[1] <= GNL_DIRECT_TAPS;
    bool small = true;
    for (int i = 0; i < 2; i++) {
        small = small && g->kernel[i] == 1 && g->padding[i] == 0 && g->stride[i] == 1;
        fits = fits && g->padding[i] <= (g->kernel[i] - 1) * g->dilation[i];
    }
    return fits && !small;
}

/* Returns true if a kernel position contributes to a class, and stores its shift. */
static bool shift_of(const axis *a, int64_t class, int64_t place, int64_t *shift)
{
    int64_t from = place * a->dilation - a->padding;
    if (a->to == TO_MAP) {
        *shift = from;
        return true;
    }
    *shift = floor_div(class - from, a->classes);
    return *shift * a->classes == class - from;
}

static axis axis_of(const gnl_conv *g, int i, direction to)
{
    const bool to_image = to == TO_IMAGE;
    axis a = {.in = to_image ? g->map[i] : g->image[i],
              .out = to_image ? g->image[i] : g->map[i],
              .kernel = g->kernel[i],
              .step = to_image ? 1 : g->stride[i],
              .classes = to_image ? g->stride[i] : 1,
              .dilation = g->dilation[i],
              .padding = g->padding[i],
              .to = to};
    a.count = gnl_ceil_div(a.out, a.classes);
    for (int64_t class = 0; class < a.classes; class ++)
        for (int64_t place = 0; place < a.kernel; place++) {
            int64_t shift = 0;
            if (!shift_of(&a, class, place, &shift))
                continue;
            a.low = GNL_MIN(a.low, shift);
            a.high = GNL_MAX(a.high, shift);
        }
    return a;
}

static void size_band(job *j)
{
    j->in_lines = (j->band - 1) * j->y.step + j->y.high - j->y.low + 1;
    j->out_lines = j->band * j->y.classes;
    j->bands = gnl_ceil_div(j->y.count, j->band);
}

static int64_t band_numbers(const job *j)
{
    return j->in_channels * j->in_lines * j->in_pitch + j->out_channels * j->out_lines * j->out_pitch;
}

static job job_of(const gnl_compute *c, const gnl_conv *g, int64_t rows, direction to)
{
    job j = {.c = c, .g = g, .rows = rows, .sets = gnl_ceil_div(rows, GNL_LANES), .parts = 1};
    j.in_channels = (to == TO_IMAGE ? g->map_channels : g->image_channels) / g->groups;
    j.out_channels = (to == TO_IMAGE ? g->image_channels : g->map_channels) / g->groups;
    j.blocks = gnl_ceil_div(j.out_channels, GNL_DIRECT_ROWS);
    j.y = axis_of(g, 0, to);
    j.x = axis_of(g, 1, to);
    int64_t reach = (j.x.count - 1) * j.x.step + j.x.high - j.x.low + 1;
    j.in_pitch = GNL_MAX(reach, j.x.in - j.x.low) * GNL_LANES;
    j.out_pitch = j.x.count * j.x.classes * GNL_LANES;
    for (j.band = j.y.count;; j.band = gnl_ceil_div(j.band, 2)) {
        size_band(&j);
        if (band_numbers(&j) <= BAND_NUMBERS || j.band == 1)
            return j;
    }
}

static int64_t weight_numbers(const gnl_conv *g)
{
    return g->map_channels * (g->image_channels / g->groups) * g->kernel[0] * g->kernel[1];
}

static int64_t packed_numbers(const job *j)
{
    return j->g->groups * j->blocks * GNL_DIRECT_ROWS * j->in_channels * j->y.kernel * j->x.kernel;
}

/* ---- weights ------------------------------------------------------------------------------------------- */

/* Kernel positions that contribute to a class, and their offsets in the lanes. */
typedef struct class_taps {
    int64_t count, offset[GNL_DIRECT_TAPS], place[GNL_DIRECT_TAPS];
} class_taps;

static void find_taps(const job *j, int64_t a, int64_t b, class_taps *taps)
{
    taps->count = 0;
    for (int64_t ky = 0; ky < j->y.kernel; ky++)
        for (int64_t kx = 0; kx < j->x.kernel; kx++) {
            int64_t y = 0, x = 0;
            if (!shift_of(&j->y, a, ky, &y) || !shift_of(&j->x, b, kx, &x))
                continue;
            taps->offset[taps->count] = (y - j->y.low) * j->in_pitch + (x - j->x.low) * GNL_LANES;
            taps->place[taps->count++] = ky * j->x.kernel + kx;
        }
}

/* Returns the weights between an output channel and an input channel of a group. */
static const gnl_real *kernel_of(const job *j, int64_t group, int64_t out, int64_t in)
{
    bool to_image = j->y.to == TO_IMAGE;
    int64_t map = to_image ? in : out, image = to_image ? out : in;
    int64_t map_channels = to_image ? j->in_channels : j->out_channels;
    int64_t image_channels = to_image ? j->out_channels : j->in_channels;
    return j->weight + ((group * map_channels + map) * image_channels + image) * j->y.kernel * j->x.kernel;
}

/* Packs the weights of one class of a group as [block][in channel][tap][GNL_DIRECT_ROWS]. Returns the end. */
static gnl_real *pack_class(const job *j, int64_t group, const class_taps *taps, gnl_real *to)
{
    for (int64_t block = 0; block < j->blocks; block++)
        for (int64_t in = 0; in < j->in_channels; in++)
            for (int64_t t = 0; t < taps->count; t++)
                for (int64_t r = 0; r < GNL_DIRECT_ROWS; r++) {
                    int64_t out = block * GNL_DIRECT_ROWS + r;
                    *to++ = out < j->out_channels ? kernel_of(j, group, out, in)[taps->place[t]] : 0;
                }
    return to;
}

static void pack_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t group = begin; group < end; group++) {
        gnl_real *to = j->packed + group * (packed_numbers(j) / j->g->groups);
        for (int64_t class = 0; class < j->y.classes * j->x.classes; class ++) {
            class_taps taps;
            find_taps(j, class / j->x.classes, class % j->x.classes, &taps);
            to = pack_class(j, group, &taps, to);
        }
    }
}

/* ---- bands --------------------------------------------------------------------------------------------- */

typedef struct piece {
    int64_t group, set, line, lines; /* lines: outputs of a class */
} piece;

static piece piece_at(const job *j, int64_t index)
{
    piece p = {.group = index % j->g->groups};
    index /= j->g->groups;
    p.set = index / j->bands;
    p.line = index % j->bands * j->band;
    p.lines = GNL_MIN(j->band, j->y.count - p.line);
    return p;
}

/* Copies lines [first, first + lines) of a group's channels to lanes, with `left` columns of padding. Lines outside of
 * the image or map are zero. */
static void fill(const job *j, const piece *p, const gnl_real *side, int64_t channels, const int64_t size[2],
                 int64_t first, int64_t lines, int64_t left, int64_t pitch, gnl_real *lanes)
{
    int64_t begin = GNL_MAX(first, 0), end = GNL_MIN(first + lines, size[0]), plane = size[0] * size[1];
    int64_t all = channels * j->g->groups;
    gnl_lanes l = {.samples = GNL_MIN((int64_t)GNL_LANES, j->rows - p->set * GNL_LANES),
                   .next = all * plane,
                   .height = GNL_MAX(end - begin, 0),
                   .width = size[1],
                   .pitch = pitch};
    const gnl_real *from = side + (p->set * GNL_LANES * all + p->group * channels) * plane + begin * size[1];
    memset(lanes, 0, (size_t)(channels * lines * pitch) * sizeof *lanes);
    for (int64_t c = 0; c < channels; c++)
        j->c->k->to_lanes(&l, from + c * plane, lanes + (c * lines + begin - first) * pitch + left * GNL_LANES);
}

static void fill_in(const job *j, const piece *p, gnl_real *lanes)
{
    int64_t size[] = {j->y.in, j->x.in}, first = p->line * j->y.step + j->y.low;
    fill(j, p, j->in, j->in_channels, size, first, j->in_lines, -j->x.low, j->in_pitch, lanes);
}

static void store_out(const job *j, const piece *p, const gnl_real *lanes)
{
    int64_t plane = j->y.out * j->x.out, channels = j->out_channels * j->g->groups;
    int64_t first = p->line * j->y.classes;
    gnl_lanes l = {.samples = GNL_MIN((int64_t)GNL_LANES, j->rows - p->set * GNL_LANES),
                   .next = channels * plane,
                   .height = GNL_MIN(p->lines * j->y.classes, j->y.out - first),
                   .width = j->x.out,
                   .pitch = j->out_pitch};
    for (int64_t c = 0; c < j->out_channels; c++) {
        int64_t channel = p->group * j->out_channels + c;
        j->c->k->from_lanes(&l, lanes + c * j->out_lines * j->out_pitch, j->bias ? j->bias[channel] : 0, GNL_SET,
                            j->out + (p->set * GNL_LANES * channels + channel) * plane + first * j->x.out);
    }
}

/* Computes all outputs of one class. Returns the address of the next class's weights. */
static const gnl_real *compute_class(const job *j, const piece *p, int64_t a, int64_t b, const gnl_real *weight,
                                     const gnl_real *in, gnl_real *out)
{
    class_taps taps;
    find_taps(j, a, b, &taps);
    gnl_outputs o = {.channels = j->in_channels,
                     .taps = taps.count,
                     .plane = j->in_lines * j->in_pitch,
                     .tap = taps.offset,
                     .positions = j->x.count,
                     .step = j->x.step * GNL_LANES,
                     .out_plane = j->out_lines * j->out_pitch,
                     .out_step = j->x.classes * GNL_LANES};
    for (int64_t block = 0; block < j->blocks; block++) {
        int64_t first = block * GNL_DIRECT_ROWS;
        o.rows = (int)GNL_MIN((int64_t)GNL_DIRECT_ROWS, j->out_channels - first);
        o.weight = weight;
        for (int64_t i = 0; i < p->lines; i++)
            j->c->k->direct_outputs(&o, in + i * j->y.step * j->in_pitch,
                                    out + first * o.out_plane + (i * j->y.classes + a) * j->out_pitch + b * GNL_LANES);
        weight += GNL_DIRECT_ROWS * j->in_channels * taps.count;
    }
    return weight;
}

static void output_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    gnl_real *in = j->worker_scratch + worker * band_numbers(j), *out = in + j->in_channels * j->in_lines * j->in_pitch;
    for (int64_t i = begin; i < end; i++) {
        piece p = piece_at(j, i);
        const gnl_real *weight = j->packed + p.group * (packed_numbers(j) / j->g->groups);
        fill_in(j, &p, in);
        for (int64_t a = 0; a < j->y.classes; a++)
            for (int64_t b = 0; b < j->x.classes; b++)
                weight = compute_class(j, &p, a, b, weight, in, out);
        store_out(j, &p, out);
    }
}

/* ---- weight gradients ---------------------------------------------------------------------------------- */

static void add_band(const job *j, const piece *p, const gnl_real *image, const gnl_real *map, gnl_real *grad)
{
    int64_t taps = j->y.kernel * j->x.kernel;
    gnl_weights w = {.rows = j->out_channels,
                     .places = j->x.kernel,
                     .place = j->x.dilation * GNL_LANES,
                     .lines = p->lines,
                     .positions = j->x.count,
                     .image_line = j->y.step * j->in_pitch,
                     .image_step = j->x.step * GNL_LANES,
                     .map_plane = j->out_lines * j->out_pitch,
                     .map_line = j->out_pitch,
                     .grad_row = j->in_channels * taps};
    for (int64_t c = 0; c < j->in_channels; c++)
        for (int64_t ky = 0; ky < j->y.kernel; ky++)
            j->c->k->direct_weights(&w, image + (c * j->in_lines + ky * j->y.dilation) * j->in_pitch, map,
                                    grad + (p->group * j->out_channels * j->in_channels + c) * taps + ky * j->x.kernel);
}

static void gradient_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    gnl_real *image = j->worker_scratch + worker * band_numbers(j);
    gnl_real *map = image + j->in_channels * j->in_lines * j->in_pitch;
    int64_t size[] = {j->y.out, j->x.out}, groups = j->g->groups, pieces = j->sets * j->bands;
    for (int64_t i = begin; i < end; i++) {
        int64_t part = i / groups, last = pieces * (part + 1) / j->parts;
        for (int64_t at = pieces * part / j->parts; at < last; at++) {
            piece p = piece_at(j, at * groups + i % groups);
            fill_in(j, &p, image);
            fill(j, &p, j->out, j->out_channels, size, p.line, j->out_lines, 0, j->out_pitch, map);
            add_band(j, &p, image, map, j->packed + part * weight_numbers(j->g));
        }
    }
}

/* ---- calls --------------------------------------------------------------------------------------------- */

static int64_t aligned(int64_t n)
{
    return gnl_ceil_div(n, GNL_LANES) * GNL_LANES;
}

/* Returns the size of the scratch that all workers share: packed weights or partial gradients. */
static int64_t shared_numbers(const job *j)
{
    return aligned(GNL_MAX(packed_numbers(j), PARTS * weight_numbers(j->g)));
}

int64_t gnl_direct_scratch(const gnl_conv *g, int64_t rows, int threads)
{
    if (!is_possible(g, rows))
        return 0;
    job down = job_of(NULL, g, rows, TO_MAP), up = job_of(NULL, g, rows, TO_IMAGE);
    return GNL_MAX(shared_numbers(&down), shared_numbers(&up)) +
           threads * GNL_MAX(band_numbers(&down), band_numbers(&up));
}

static bool correlate(job *j)
{
    j->worker_scratch = j->packed + shared_numbers(j);
    gnl_parallel(j->c->ctx, j->g->groups, 1, pack_task, j);
    gnl_parallel(j->c->ctx, j->sets * j->bands * j->g->groups, 1, output_task, j);
    return true;
}

bool gnl_direct_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                       const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch)
{
    if (!is_possible(g, rows))
        return false;
    job j = job_of(c, g, rows, TO_MAP);
    j.in = image;
    j.weight = weight;
    j.bias = bias;
    j.out = map;
    j.packed = scratch;
    return correlate(&j);
}

bool gnl_direct_scatter(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                        const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch)
{
    if (!is_possible(g, rows))
        return false;
    job j = job_of(c, g, rows, TO_IMAGE);
    j.in = map;
    j.weight = weight;
    j.bias = bias;
    j.out = image;
    j.packed = scratch;
    return correlate(&j);
}

bool gnl_direct_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                       const gnl_real *map, gnl_real *grad, gnl_real *scratch)
{
    if (!is_possible(g, rows))
        return false;
    job j = job_of(c, g, rows, TO_MAP);
    int64_t weights = weight_numbers(g);
    j.in = image;
    j.out = (gnl_real *)(uintptr_t)map; /* only read */
    j.packed = scratch;
    j.worker_scratch = scratch + shared_numbers(&j);
    j.parts = GNL_MIN((int64_t)PARTS, j.sets * j.bands);
    memset(j.packed, 0, (size_t)(j.parts * weights) * sizeof *j.packed);
    gnl_parallel(c->ctx, j.parts * g->groups, 1, gradient_task, &j);
    for (int64_t part = 0; part < j.parts; part++)
        c->k->axpy(weights, 1, j.packed + part * weights, grad);
    return true;
}
