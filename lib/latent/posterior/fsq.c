/* SPDX-License-Identifier: MIT */
/*
 * Finite scalar quantization (Mentzer, Minnen, Agustsson and Tschannen, Finite scalar quantization: VQ-VAE made simple,
 * 2024): each number is bounded by tanh and rounded to one of a few levels. The levels of one position are the digits
 * of its code. The gradient passes straight through the rounding. See docs/derivations/fsq.md.
 */
#include <math.h>

#include "latent/latent_priv.h"

typedef struct fsq_opts {
    size_t size;
    int64_t levels[GENLAT_MAX_DIMS];
} fsq_opts;

static const gnl_option options[] = {
    GNL_OPT_DIMS(
        fsq_opts, levels, 2, 4096,
        "levels of each number of a code, such as 8x5x5x5 for four channels; not set: each latent dimension is "
        "a code with 5 levels"),
};
static const gnl_options_table table = {"fsq", sizeof(fsq_opts), options, GNL_COUNT(options)};

enum { USUAL_LEVELS = 5 };

static int64_t width_of(const fsq_opts *o)
{
    int64_t width = 0;
    while (width < GENLAT_MAX_DIMS && o->levels[width])
        width++;
    return GNL_MAX(width, 1);
}

static int64_t levels_of(const fsq_opts *o, int64_t d)
{
    return o->levels[d] ? o->levels[d] : USUAL_LEVELS;
}

static gnl_codes codes(const void *opts, int64_t dims)
{
    const fsq_opts *o = opts;
    gnl_codes codes = {dims / width_of(o), 1};
    for (int64_t d = 0; d < width_of(o); d++)
        codes.size *= levels_of(o, d);
    return codes;
}

static genlat_status check(const void *opts, int64_t dims)
{
    const int64_t width = width_of(opts), most = 1 << 24;
    int64_t size = 1;
    if (dims % width)
        return gnl_fail(GENLAT_E_INVALID,
                        "fsq: there are %lld latent dimensions, a multiple of the %lld levels expected",
                        (long long)dims, (long long)width);
    for (int64_t d = 0; d < width && size <= most; d++)
        size *= levels_of(opts, d);
    return size <= most ? GENLAT_OK
                        : gnl_fail(GENLAT_E_RANGE, "fsq: the levels make more than %lld codes; use fewer levels",
                                   (long long)most);
}

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[0] = (gnl_head){"code", dims, 0};
    return 1;
}

/* ---- one number ------------------------------------------------------------------------------ */

/* x is bounded to half tanh(x + shift) - offset, which rounds to -floor(L/2) .. ceil(L/2) - 1. Codes are these numbers
 * divided by `lowest`, and lie in [-1,1]. */
typedef struct scale {
    double half, offset, shift;
    int64_t levels, lowest;
} scale;

static scale scale_of(int64_t levels)
{
    const double margin = 1e-3;
    scale s = {.levels = levels, .lowest = levels / 2, .half = (double)(levels - 1) * (1 + margin) / 2};
    s.offset = levels % 2 ? 0 : 0.5;
    s.shift = atanh(s.offset / s.half);
    return s;
}

/* Returns the level 0 .. levels-1 of x. */
static int64_t level_of(const scale *s, double x)
{
    const double rounded = rint(s->half * tanh(x + s->shift) - s->offset) + (double)s->lowest;
    return (int64_t)fmin(fmax(rounded, 0), (double)(s->levels - 1)); /* 0 for NaN */
}

static double value_of(const scale *s, int64_t level)
{
    return (double)(level - s->lowest) / (double)s->lowest;
}

static double slope_at(const scale *s, double x)
{
    const double y = tanh(x + s->shift);
    return s->half * (1 - y * y) / (double)s->lowest;
}

/* ---- codes ----------------------------------------------------------------------------------- */

static void lookup(const gnl_posterior *q, int64_t rows, const int32_t *index, gnl_real *z)
{
    const fsq_opts *o = gnl_kind_opts(&q->kind);
    const int64_t positions = q->codes.count;
    for (int64_t v = 0; v < rows * positions; v++) {
        gnl_real *out = z + v / positions * q->kind.dims + v % positions;
        int64_t rest = index[v];
        for (int64_t d = 0; d < width_of(o); d++) {
            const scale s = scale_of(levels_of(o, d));
            out[d * positions] = (gnl_real)value_of(&s, rest % s.levels);
            rest /= s.levels;
        }
    }
}

/* The first channel is the lowest digit of the index. */
static void choose(const gnl_posterior *q, const gnl_code *c, int32_t *index)
{
    const fsq_opts *o = gnl_kind_opts(&q->kind);
    const int64_t positions = q->codes.count;
    int64_t digit = 1;
    for (int64_t d = 0; d < width_of(o); d++) {
        const scale s = scale_of(levels_of(o, d));
        for (int64_t v = 0; v < c->rows * positions; v++) {
            const double x = (double)c->head[0][v / positions * c->dims + v % positions + d * positions];
            index[v] = (int32_t)((d ? index[v] : 0) + digit * level_of(&s, x));
        }
        digit *= s.levels;
    }
}

static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    int32_t *index = c->index + s * c->rows * q->codes.count;
    choose(q, c, index);
    lookup(q, c->rows, index, c->z + s * c->rows * c->dims);
}

static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    gnl_code one = *c;
    one.z = out;
    draw(q, &one, 0);
}

/* The derivative of the bounded number: rounding is taken as the identity. */
static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    const fsq_opts *o = gnl_kind_opts(&q->kind);
    const int64_t positions = q->codes.count, width = width_of(o);
    const gnl_real *dz = c->dz + s * c->rows * c->dims;
    for (int64_t d = 0; d < width; d++) {
        const scale own = scale_of(levels_of(o, d));
        for (int64_t v = 0; v < c->rows * positions; v++) {
            const int64_t at = v / positions * c->dims + v % positions + d * positions;
            dhead[0][at] = dz[at] * (gnl_real)slope_at(&own, (double)c->head[0][at]);
        }
    }
}

static bool is_surrogate(const void *opts)
{
    return true;
}

const gnl_posterior_type gnl_posterior_fsq = {
    .kind = {.name = "fsq",
             .options = &table,
             .help = "finite scalar quantization: each number is rounded to one of a few levels",
             .check = check,
             .is_surrogate = is_surrogate},
    .heads = heads,
    .draw = draw,
    .draw_backward = draw_backward,
    .mean = mean,
    .codes = codes,
    .lookup = lookup,
    .prior = "uniform",
};
