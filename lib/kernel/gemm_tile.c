/* SPDX-License-Identifier: MIT */
/*
 * Inner loops of the built-in matrix product, compiled once per instruction set. A tile of C stays in registers during
 * the loop over the depth. Every element is one chain of fused multiply-adds in the order of the depth, independently
 * of its tile.
 */
#include "kernel/gemm_priv.h"
#include "kernel/vec_pairs.h"

/* Number of rows of A that share a base pointer. Multiples 0, 1 and 2 of the stride fit the addressing modes. */
enum { GROUP = 3, GROUPS = (TILE_ROWS + GROUP - 1) / GROUP };

/* Number of rows of B that are prefetched. If B is read in place, its rows are too far apart for hardware
 * prefetching. */
enum { AHEAD = 32, LINE_BYTES = 64, LINE_VECTORS = LINE_BYTES > sizeof(V) ? LINE_BYTES / sizeof(V) : 1 };

VEC_INLINE void store_tile(const int rows, const int vectors, const gnl_tile *t, M last, V acc[][TILE_VECTORS])
{
    V alpha = vset(t->alpha), beta = vset(t->beta);
    bool keep = t->beta != 0;
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
        gnl_real *out = t->out + r * t->ldc;
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            M m = v == vectors - 1 ? last : vmask(VN);
            V sum = vmul(alpha, acc[r][v]);
            if (keep)
                sum = vfma(beta, vload_m(out + v * VN, m), sum);
            vstore_m(out + v * VN, m, sum);
        }
    }
}

/* `whole`: the last vector has all its lanes, also in the packed B. */
VEC_INLINE void run_tile(const int rows, const int vectors, const bool whole, const bool depth_contiguous,
                         const gnl_tile *t)
{
    V acc[TILE_ROWS][TILE_VECTORS];
    M last = vmask(t->cols - (vectors - 1) * VN);
    const gnl_real *base[GROUPS], *b = t->b;
    const int64_t stride_a = t->stride_a, stride_b = t->stride_b;
    const int groups = depth_contiguous ? (rows + GROUP - 1) / GROUP : 1;
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            acc[r][v] = vzero();
#pragma GCC unroll 8
    for (int g = 0; g < groups; g++)
        base[g] = t->a + GROUP * g * stride_a;
    for (int64_t p = 0; p < t->k; p++) {
        V row[TILE_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            row[v] = whole || v < vectors - 1 ? vload(b + v * VN) : vload_m(b + v * VN, last);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v += LINE_VECTORS)
            __builtin_prefetch(b + AHEAD * stride_b + v * VN);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            V x = vset(depth_contiguous ? base[r / GROUP][r % GROUP * stride_a] : base[0][r]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                acc[r][v] = vmac(x, row[v], acc[r][v]);
        }
#pragma GCC unroll 8
        for (int g = 0; g < groups; g++)
            base[g] += depth_contiguous ? 1 : stride_a;
        b += stride_b;
    }
    store_tile(rows, vectors, t, whole ? vmask(VN) : last, acc);
}

typedef void tile_fn(const gnl_tile *t);

#define COLS_TILE(rows, vectors, whole, name)                                                                          \
    static void cols_##name##_##rows(const gnl_tile *t)                                                                \
    {                                                                                                                  \
        run_tile(rows, vectors, whole, false, t);                                                                      \
    }
#ifdef __AVX512BF16__ /* both factors are always packed */
#    define TILE(rows, vectors, whole, name) COLS_TILE(rows, vectors, whole, name)
#else
#    define TILE(rows, vectors, whole, name)                                                                           \
        COLS_TILE(rows, vectors, whole, name)                                                                          \
        static void rows_##name##_##rows(const gnl_tile *t)                                                            \
        {                                                                                                              \
            run_tile(rows, vectors, whole, true, t);                                                                   \
        }
#endif

/* Tiles of full width, full width with a partial last vector, and one (perhaps partial) vector. If masks cost nothing,
 * the second also serves as the first. */
#define PARTIAL_TILES(rows) TILE(rows, TILE_VECTORS, false, edge) TILE(rows, 1, false, narrow)
#if defined(__AVX512F__)
#    define TILES(rows) PARTIAL_TILES(rows)
#    define ROWS_WHOLE(rows) rows_edge_##rows,
#    define COLS_WHOLE(rows) cols_edge_##rows,
#else
#    define TILES(rows) PARTIAL_TILES(rows) TILE(rows, TILE_VECTORS, true, whole)
#    define ROWS_WHOLE(rows) rows_whole_##rows,
#    define COLS_WHOLE(rows) cols_whole_##rows,
#endif

#if defined(__AVX512F__)
#    define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif defined(__AVX2__)
#    define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6)
#elif defined(GNL_ISA)
#    define EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#else
#    define EACH(X) X(1) X(2) X(3) X(4)
#endif

EACH(TILES)

#define ROWS_EDGE(rows) rows_edge_##rows,
#define ROWS_NARROW(rows) rows_narrow_##rows,
#define COLS_EDGE(rows) cols_edge_##rows,
#define COLS_NARROW(rows) cols_narrow_##rows,

enum { WHOLE, EDGE, NARROW, WIDTHS };

static tile_fn *const tiles[2][WIDTHS][TILE_ROWS + 1] = {
    {{NULL, EACH(COLS_WHOLE)}, {NULL, EACH(COLS_EDGE)}, {NULL, EACH(COLS_NARROW)}},
#ifndef __AVX512BF16__
    {{NULL, EACH(ROWS_WHOLE)}, {NULL, EACH(ROWS_EDGE)}, {NULL, EACH(ROWS_NARROW)}},
#endif
};

/* Processes a tile of at most TILE_VECTORS - 1 vectors, one vector at a time. */
static void tile_by_vectors(const gnl_tile *t, int rows, bool depth_contiguous)
{
    gnl_tile part = *t;
    for (int64_t col = 0; col < t->cols; col += VN) {
        part.b = t->b + col;
        part.out = t->out + col;
        part.cols = GNL_MIN(t->cols - col, (int64_t)VN);
        tiles[depth_contiguous][NARROW][rows](&part);
    }
}

void GNL_K(tile)(const gnl_tile *t, int rows, bool depth_contiguous)
{
    if (t->cols == TILE_VECTORS * VN)
        tiles[depth_contiguous][WHOLE][rows](t);
    else if (t->cols > (TILE_VECTORS - 1) * VN)
        tiles[depth_contiguous][EDGE][rows](t);
    else
        tile_by_vectors(t, rows, depth_contiguous);
}
