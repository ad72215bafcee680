/* SPDX-License-Identifier: MIT */
/* Declarations shared by the driver, the tiles and the packing of the built-in matrix product. */
#ifndef GNL_KERNEL_GEMM_PRIV_H
#define GNL_KERNEL_GEMM_PRIV_H

#include "kernel/entries_priv.h"

/* Block sizes for the second-level cache: BLOCK_DEPTH rows and BLOCK_COLS columns of B, and a strip of A. The depth
 * determines the order of summation and is therefore the same on every machine. */
enum { BLOCK_DEPTH = 512, BLOCK_COLS = 288, STRIP_ROWS = 16 };
enum { GNL_GEMM_SPACE = BLOCK_DEPTH * (BLOCK_COLS + STRIP_ROWS) };

/* C = alpha op(A) op(B) + beta C; none of the sizes is 0. */
struct gnl_product {
    bool trans_a, trans_b;
    bool dots; /* few rows or columns of C: sums along k in vectors instead of packing B */
    int64_t m, n, k;
    gnl_real alpha, beta;
    const gnl_real *a, *b;
    int64_t lda, ldb;
    gnl_real *out;
    int64_t ldc;
};

/* A rectangle of C. */
struct gnl_block {
    int64_t row, rows, col, cols;
};

/* Up to TILE_ROWS x TILE_VECTORS vectors of C: out = alpha A B + beta out over a depth of k. B is read as rows of
 * vectors. */
typedef struct gnl_tile {
    int64_t k; /* depth, in lanes */
    const gnl_real *a;
    int64_t stride_a; /* between rows if the depth of A is contiguous, otherwise between depths */
    const gnl_real *b;
    int64_t stride_b;
    gnl_real alpha, beta;
    gnl_real *out;
    int64_t ldc;
    int64_t cols;
} gnl_tile;

void GNL_K(tile)(const gnl_tile *t, int rows, bool depth_contiguous);

/* Packs depth x cols of op(B) into panels of the width of a tile, each [lanes of the depth][width]. */
void GNL_K(pack_b)(const gnl_product *p, int64_t from, int64_t depth, int64_t col, int64_t cols, gnl_real *to);
/* Packs rows x depth of op(A) as [lanes of the depth][STRIP_ROWS]. An A that is not transposed is packed only if a lane
 * holds a pair; tiles then have no more rows than a vector has lanes. */
void GNL_K(pack_a)(const gnl_product *p, int64_t from, int64_t depth, int64_t row, int64_t rows, gnl_real *to);

#endif
