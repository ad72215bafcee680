/* SPDX-License-Identifier: MIT */
/* Synthetic points in the plane: ring, grid, moons, swissroll. */
#include <tgmath.h>

#include "data/data_priv.h"

static const double PI = 3.14159265358979323846;

/* Draws one point from its stream, without noise. Returns its label. */
typedef double place(gnl_rng *rng, double out[2]);

static genlat_status fetch_points(const genlat_source *source, const int64_t *indices, int64_t n, place *draw_place,
                                  double sd, gnl_real *x, gnl_real *labels)
{
    for (int64_t i = 0; i < n; i++) {
        gnl_rng rng = gnl_synthetic_rng(source, indices[i]);
        double at[2];
        gnl_real noise[2];
        double label = draw_place(&rng, at);
        gnl_rng_fill_normal(&rng, noise, 2);
        x[2 * i] = (gnl_real)(at[0] + sd * (double)noise[0]);
        x[2 * i + 1] = (gnl_real)(at[1] + sd * (double)noise[1]);
        if (labels)
            labels[i] = (gnl_real)label;
    }
    return GENLAT_OK;
}

/* ---- ring and grid: mixtures for measuring mode coverage ------------------------------------------- */

enum { RING_MODES = 8, GRID_SIDE = 5, GRID_MODES = GRID_SIDE * GRID_SIDE };
static const double RING_SD = 0.01, GRID_SD = 0.05, GRID_STEP = 2;

static void ring_centre(int64_t mode, double out[2])
{
    double angle = 2 * PI * (double)mode / RING_MODES;
    out[0] = cos(angle);
    out[1] = sin(angle);
}

static void grid_centre(int64_t mode, double out[2])
{
    out[0] = GRID_STEP * (double)(mode / GRID_SIDE - GRID_SIDE / 2);
    out[1] = GRID_STEP * (double)(mode % GRID_SIDE - GRID_SIDE / 2);
}

static double ring_place(gnl_rng *rng, double out[2])
{
    int64_t mode = (int64_t)gnl_rng_below(rng, RING_MODES);
    ring_centre(mode, out);
    return (double)mode;
}

static double grid_place(gnl_rng *rng, double out[2])
{
    int64_t mode = (int64_t)gnl_rng_below(rng, GRID_MODES);
    grid_centre(mode, out);
    return (double)mode;
}

static genlat_status ring_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                gnl_real *x, gnl_real *labels)
{
    return fetch_points(source, indices, n, ring_place, RING_SD, x, labels);
}

static genlat_status grid_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                gnl_real *x, gnl_real *labels)
{
    return fetch_points(source, indices, n, grid_place, GRID_SD, x, labels);
}

/* ---- moons and swissroll ----------------------------------------------------------------------------- */

static const double NOISE_SD = 0.05;

static double moons_place(gnl_rng *rng, double out[2])
{
    uint64_t moon = gnl_rng_below(rng, 2);
    double angle = PI * gnl_rng_unit(rng);
    out[0] = moon ? 1 - cos(angle) : cos(angle);
    out[1] = moon ? 0.5 - sin(angle) : sin(angle);
    return (double)moon;
}

/* Angles from 1.5 pi to 4.5 pi. Adjacent turns of the spiral are 2 pi / 5 apart. */
static double swissroll_place(gnl_rng *rng, double out[2])
{
    double along = gnl_rng_unit(rng);
    double angle = 1.5 * PI * (1 + 2 * along);
    out[0] = angle * cos(angle) / 5;
    out[1] = angle * sin(angle) / 5;
    return along;
}

static genlat_status moons_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                 gnl_real *x, gnl_real *labels)
{
    return fetch_points(source, indices, n, moons_place, NOISE_SD, x, labels);
}

static genlat_status swissroll_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                     gnl_real *x, gnl_real *labels)
{
    return fetch_points(source, indices, n, swissroll_place, NOISE_SD, x, labels);
}

static const gnl_source_type ring_type = {
    .name = "ring", .fetch = ring_fetch, .modes = RING_MODES, .mode_sd = RING_SD, .centre = ring_centre};
static const gnl_source_type grid_type = {
    .name = "grid", .fetch = grid_fetch, .modes = GRID_MODES, .mode_sd = GRID_SD, .centre = grid_centre};
static const gnl_source_type moons_type = {.name = "moons", .fetch = moons_fetch};
static const gnl_source_type swissroll_type = {.name = "swissroll", .fetch = swissroll_fetch};

const gnl_synthetic_kind gnl_synthetic_ring = {&ring_type, {1, {2}}, RING_MODES, 0};
const gnl_synthetic_kind gnl_synthetic_grid = {&grid_type, {1, {2}}, GRID_MODES, 0};
const gnl_synthetic_kind gnl_synthetic_moons = {&moons_type, {1, {2}}, 2, 0};
const gnl_synthetic_kind gnl_synthetic_swissroll = {&swissroll_type, {1, {2}}, 0, 1};
