/* SPDX-License-Identifier: MIT */
/* Synthetic shapes with known factors, on the same grid of factor values as dSprites. */
#include <tgmath.h>

#include "data/data_priv.h"

enum { SIDE = 64, SCALES = 6, ANGLES = 40, PLACES = 32, FACTORS = 5 };
enum { SHAPE, SCALE, ANGLE, X, Y };

/* In pixels: radius of the largest shape, and width of the margin without centres. */
static const double RADIUS = 15, MARGIN = 16;

static const char *const factor_names[] = {"shape", "scale", "angle", "x", "y", NULL};

static void draw_factors(const genlat_source *source, int64_t index, double factor[FACTORS])
{
    gnl_rng rng = gnl_synthetic_rng(source, index);
    factor[SHAPE] = (double)gnl_rng_below(&rng, 3);
    factor[SCALE] = 0.5 + 0.5 * (double)gnl_rng_below(&rng, SCALES) / (SCALES - 1);
    factor[ANGLE] = 2 * 3.14159265358979323846 * (double)gnl_rng_below(&rng, ANGLES) / ANGLES;
    factor[X] = (double)gnl_rng_below(&rng, PLACES) / (PLACES - 1);
    factor[Y] = (double)gnl_rng_below(&rng, PLACES) / (PLACES - 1);
}

static void shapes_factors(const genlat_source *source, int64_t index, gnl_real *out)
{
    double factor[FACTORS];
    draw_factors(source, index, factor);
    for (int i = 0; i < FACTORS; i++)
        out[i] = (gnl_real)factor[i];
}

/* Return true if a point is inside a shape of about unit size around the origin; v points downwards. */
static bool square_has(float u, float v)
{
    return fabs(u) <= 0.68f && fabs(v) <= 0.68f;
}

static bool ellipse_has(float u, float v)
{
    return u * u + v * v / 0.25f <= 1;
}

/* The curve (u^2 + v^2 - 1)^3 = u^2 v^3, scaled to the unit circle. */
static bool heart_has(float u, float v)
{
    float a = 1.25f * u, b = 0.15f - 1.25f * v, q = a * a + b * b - 1;
    return q * q * q <= a * a * b * b * b;
}

static bool (*const shape_has[])(float u, float v) = {square_has, ellipse_has, heart_has};

static void draw_shape(const double factor[FACTORS], gnl_real *x)
{
    float cx = (float)(MARGIN + factor[X] * (SIDE - 2 * MARGIN)),
          cy = (float)(MARGIN + factor[Y] * (SIDE - 2 * MARGIN));
    float turn_cos = (float)(cos(factor[ANGLE]) / (RADIUS * factor[SCALE]));
    float turn_sin = (float)(sin(factor[ANGLE]) / (RADIUS * factor[SCALE]));
    bool (*has)(float, float) = shape_has[(int)factor[SHAPE]];
    memset(x, 0, SIDE * SIDE * sizeof *x);
    int reach = (int)MARGIN - 1;
    for (int row = (int)cy - reach; row <= (int)cy + reach; row++)
        for (int column = (int)cx - reach; column <= (int)cx + reach; column++) {
            float dx = (float)column + 0.5f - cx, dy = (float)row + 0.5f - cy;
            if (has(dx * turn_cos + dy * turn_sin, dy * turn_cos - dx * turn_sin))
                x[row * SIDE + column] = 1;
        }
}

static genlat_status shapes_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                  gnl_real *x, gnl_real *labels)
{
    for (int64_t i = 0; i < n; i++) {
        double factor[FACTORS];
        draw_factors(source, indices[i], factor);
        draw_shape(factor, x + i * SIDE * SIDE);
        if (labels)
            labels[i] = (gnl_real)factor[SHAPE];
    }
    return GENLAT_OK;
}

static const gnl_source_type shapes_type = {
    .name = "shapes", .fetch = shapes_fetch, .factor_names = factor_names, .factors = shapes_factors};

const gnl_synthetic_kind gnl_synthetic_shapes = {&shapes_type, {3, {1, SIDE, SIDE}}, 3, 0};
