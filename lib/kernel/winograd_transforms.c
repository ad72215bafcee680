/* SPDX-License-Identifier: MIT */
/*
 * The transforms of Winograd's convolution, compiled once per instruction set: X D X^T for small constant matrices X.
 * With B, G, A as below, a convolution with 2 taps along a line is y = A^T [(G w) (B d)], with an elementwise product.
 * In a plane each matrix applies along both axes. The adjoints use the transposed matrices. The interpolation points
 * are 0, 1, infinity for 3 points, and 0, 1, -1, 2, infinity for 5 points.
 */
#include "kernel/conv_priv.h"
#include "kernel/entries_priv.h"
#include "kernel/vec.h"

enum { MAX_POINTS = 5, PARTS = 4, PLACES = 2, TAPS = 16, STRIDE = 2 };

static const gnl_real b3[] = {1, -1, 0, 0, 1, 0, 0, -1, 1};
static const gnl_real g3[] = {1, 0, 1, 1, 0, 1};
static const gnl_real a3[] = {1, 0, 1, 1, 0, 1};
static const gnl_real b5[] = {2, -1, -2, 1, 0, 0, 2, 1, -1, 0, 0, -2, 3, -1, 0, 0, -1, 0, 1, 0, 0, 2, -1, -2, 1};
#define SIXTH (1 / (gnl_real)6)
static const gnl_real g5[] = {0.5, 0, 0.5, 0.5, SIXTH, -SIXTH, SIXTH, 2 * SIXTH, 0, 1};
static const gnl_real a5[] = {1, 0, 0, 0, 1, 1, 1, 1, 1, -1, 1, -1, 1, 2, 4, 8, 0, 0, 0, 1};

/* A constant matrix [rows,cols]. With the two steps exchanged it is the transpose. */
typedef struct matrix {
    const gnl_real *at;
    int rows, cols, down, across;
} matrix;

/* Computes a linear combination of `in` with row `row` of x. All arguments are constant after inlining and unrolling,
 * so zeros of the matrix cost nothing. */
VEC_INLINE V combine(const matrix x, const int row, const V *in, const int step)
{
    V sum = vzero();
    bool begun = false;
#pragma GCC unroll 5
    for (int c = 0; c < x.cols; c++) {
        const gnl_real factor = x.at[row * x.down + c * x.across];
        if (factor == 0)
            continue;
        if (!begun)
            sum = factor == 1 ? in[c * step] : vmul(vset(factor), in[c * step]);
        else
            sum = factor == 1 ? vadd(sum, in[c * step]) : vfma(vset(factor), in[c * step], sum);
        begun = true;
    }
    return sum;
}

/* out = X in X^T */
VEC_INLINE void transform_square(const matrix x, const V *in, V *out)
{
    V first[MAX_POINTS * MAX_POINTS];
#pragma GCC unroll 5
    for (int r = 0; r < x.rows; r++)
#pragma GCC unroll 5
        for (int c = 0; c < x.cols; c++)
            first[r * x.cols + c] = combine(x, r, in + c, x.cols);
#pragma GCC unroll 5
    for (int r = 0; r < x.rows; r++)
#pragma GCC unroll 5
        for (int c = 0; c < x.rows; c++)
            out[r * x.rows + c] = combine(x, c, first + r * x.cols, 1);
}

VEC_INLINE void load_square(const int n, const gnl_real *from, int64_t down, int64_t across, V *to)
{
#pragma GCC unroll 5
    for (int i = 0; i < n; i++)
#pragma GCC unroll 5
        for (int j = 0; j < n; j++)
            to[i * n + j] = vload(from + i * down + j * across);
}

VEC_INLINE void store_square(const int n, const gnl_store store, const V *from, gnl_real *to, int64_t down,
                             int64_t across)
{
#pragma GCC unroll 5
    for (int i = 0; i < n; i++)
#pragma GCC unroll 5
        for (int j = 0; j < n; j++) {
            gnl_real *at = to + i * down + j * across;
            vstore(at, store == GNL_ADD ? vadd(from[i * n + j], vload(at)) : from[i * n + j]);
        }
}

/* Returns the offset in the lanes of tile (y,x). `size` is the number of positions per tile. */
VEC_INLINE int64_t tile_at(const gnl_transform *t, int64_t size, int64_t y, int64_t x)
{
    return size * (y * t->pitch + x * GNL_LANES);
}

/* ---- image --------------------------------------------------------------------------------------------- */

VEC_INLINE void transform_image(const int n, const gnl_real *b, const gnl_transform *t, int64_t lanes, int64_t points,
                                const gnl_real *from, gnl_real *to)
{
    const matrix x = {b, n, n, n, 1};
    for (int part = 0; part < PARTS; part++) {
        V in[MAX_POINTS * MAX_POINTS], out[MAX_POINTS * MAX_POINTS];
        int64_t at = lanes + part / STRIDE * t->pitch + part % STRIDE * GNL_LANES;
        load_square(n, from + at, STRIDE * t->pitch, STRIDE * GNL_LANES, in);
        transform_square(x, in, out);
        store_square(n, GNL_SET, out, to + points + part * t->part, n * t->plane, t->plane);
    }
}

VEC_INLINE void transform_image_back(const int n, const gnl_real *b, const gnl_transform *t, int64_t lanes,
                                     int64_t points, const gnl_real *from, gnl_real *to)
{
    const matrix x = {b, n, n, 1, n};
    for (int part = 0; part < PARTS; part++) {
        V in[MAX_POINTS * MAX_POINTS], out[MAX_POINTS * MAX_POINTS];
        int64_t at = lanes + part / STRIDE * t->pitch + part % STRIDE * GNL_LANES;
        load_square(n, from + points + part * t->part, n * t->plane, t->plane, in);
        transform_square(x, in, out);
        store_square(n, GNL_ADD, out, to + at, STRIDE * t->pitch, STRIDE * GNL_LANES);
    }
}

/* ---- map ----------------------------------------------------------------------------------------------- */

VEC_INLINE void transform_map(const int n, const gnl_real *a, const gnl_transform *t, int64_t lanes, int64_t points,
                              const gnl_real *from, gnl_real *to)
{
    const matrix x = {a, n - 1, n, 1, n - 1};
    V in[MAX_POINTS * MAX_POINTS], out[MAX_POINTS * MAX_POINTS];
    load_square(n, from + points, n * t->plane, t->plane, in);
    transform_square(x, in, out);
    store_square(n - 1, GNL_SET, out, to + lanes, t->pitch, GNL_LANES);
}

VEC_INLINE void transform_map_back(const int n, const gnl_real *a, const gnl_transform *t, int64_t lanes,
                                   int64_t points, const gnl_real *from, gnl_real *to)
{
    const matrix x = {a, n, n - 1, n - 1, 1};
    V in[MAX_POINTS * MAX_POINTS], out[MAX_POINTS * MAX_POINTS];
    load_square(n - 1, from + lanes, t->pitch, GNL_LANES, in);
    transform_square(x, in, out);
    store_square(n, GNL_SET, out, to + points, n * t->plane, t->plane);
}

/* Defines the function for all tiles. `scale` is the number of lane positions per output position. */
#define OVER_TILES(name, letter, scale)                                                                                \
    static void name##_3(const gnl_transform *t, int64_t lanes, int64_t points, const gnl_real *from, gnl_real *to)    \
    {                                                                                                                  \
        name(3, letter##3, t, lanes, points, from, to);                                                                \
    }                                                                                                                  \
    static void name##_5(const gnl_transform *t, int64_t lanes, int64_t points, const gnl_real *from, gnl_real *to)    \
    {                                                                                                                  \
        name(5, letter##5, t, lanes, points, from, to);                                                                \
    }                                                                                                                  \
    void GNL_K(name)(const gnl_transform *t, const gnl_real *from, gnl_real *to)                                       \
    {                                                                                                                  \
        over_tiles(t, scale, t->points == 3 ? name##_3 : name##_5, from, to);                                          \
    }

typedef void tile_fn(const gnl_transform *t, int64_t lanes, int64_t points, const gnl_real *from, gnl_real *to);

static void over_tiles(const gnl_transform *t, int scale, tile_fn *transform, const gnl_real *from, gnl_real *to)
{
    int64_t points = 0, size = scale * (t->points - 1);
    for (int64_t y = 0; y < t->tiles[0]; y++)
        for (int64_t x = 0; x < t->tiles[1]; x++, points += GNL_LANES)
            for (int64_t lane = 0; lane < GNL_LANES; lane += VN)
                transform(t, tile_at(t, size, y, x) + lane, points + lane, from, to);
}

OVER_TILES(transform_image, b, STRIDE)
OVER_TILES(transform_image_back, b, STRIDE)
OVER_TILES(transform_map, a, 1)
OVER_TILES(transform_map_back, a, 1)

/* ---- weights ------------------------------------------------------------------------------------------- */

/* Loads VN kernels of 4 x 4 and transposes them: one vector per tap. Kernels beyond `count` are zero. */
VEC_INLINE void load_kernels(const gnl_real *from, int64_t next, int64_t count, V taps[TAPS])
{
    for (int tap = 0; tap < TAPS; tap += VN) {
#pragma GCC unroll 16
        for (int i = 0; i < VN; i++)
            taps[tap + i] = i < count ? vload(from + i * next + tap) : vzero();
        vtranspose(taps + tap);
    }
}

VEC_INLINE void add_kernels(V taps[TAPS], int64_t next, int64_t count, gnl_real *to)
{
    for (int tap = 0; tap < TAPS; tap += VN) {
        vtranspose(taps + tap);
        for (int i = 0; i < VN && i < count; i++)
            vstore(to + i * next + tap, vadd(taps[tap + i], vload(to + i * next + tap)));
    }
}

/* Position (i,j) of part (a,b) is position (2 i + a, 2 j + b) of the kernel. */
VEC_INLINE int tap_of(const int part, const int place)
{
    return (STRIDE * (place / PLACES) + part / STRIDE) * 4 + STRIDE * (place % PLACES) + part % STRIDE;
}

VEC_INLINE void transform_kernels(const int n, const gnl_real *g, const gnl_transform *t, const V taps[TAPS], M m,
                                  gnl_real *to)
{
    const matrix x = {g, n, PLACES, PLACES, 1};
    for (int part = 0; part < PARTS; part++) {
        V in[PLACES * PLACES], out[MAX_POINTS * MAX_POINTS];
#pragma GCC unroll 4
        for (int place = 0; place < PLACES * PLACES; place++)
            in[place] = taps[tap_of(part, place)];
        transform_square(x, in, out);
#pragma GCC unroll 25
        for (int p = 0; p < n * n; p++)
            vstore_m(to + p * t->plane + part * t->part, m, out[p]);
    }
}

VEC_INLINE void transform_kernels_back(const int n, const gnl_real *g, const gnl_transform *t, const gnl_real *from,
                                       M m, V taps[TAPS])
{
    const matrix x = {g, PLACES, n, 1, PLACES};
    for (int part = 0; part < PARTS; part++) {
        V in[MAX_POINTS * MAX_POINTS], out[PLACES * PLACES];
#pragma GCC unroll 25
        for (int p = 0; p < n * n; p++)
            in[p] = vload_m(from + p * t->plane + part * t->part, m);
        transform_square(x, in, out);
#pragma GCC unroll 4
        for (int place = 0; place < PLACES * PLACES; place++)
            taps[tap_of(part, place)] = out[place];
    }
}

void GNL_K(transform_weight)(const gnl_transform *t, const gnl_real *from, gnl_real *to)
{
    for (int64_t i = 0; i < t->kernels; i += VN) {
        V taps[TAPS];
        load_kernels(from + i * t->next, t->next, t->kernels - i, taps);
        if (t->points == 3)
            transform_kernels(3, g3, t, taps, vmask(t->kernels - i), to + i);
        else
            transform_kernels(5, g5, t, taps, vmask(t->kernels - i), to + i);
    }
}

void GNL_K(transform_weight_back)(const gnl_transform *t, const gnl_real *from, gnl_real *to)
{
    for (int64_t i = 0; i < t->kernels; i += VN) {
        V taps[TAPS];
        if (t->points == 3)
            transform_kernels_back(3, g3, t, from + i, vmask(t->kernels - i), taps);
        else
            transform_kernels_back(5, g5, t, from + i, vmask(t->kernels - i), taps);
        add_kernels(taps, t->next, t->kernels - i, to + i * t->next);
    }
}
