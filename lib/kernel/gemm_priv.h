/* SPDX-License-Identifier: MIT */
/* The built-in matrix product: what driver, tiles and packing know of each other. */
#ifndef GNL_KERNEL_GEMM_PRIV_H
#define GNL_KERNEL_GEMM_PRIV_H

#include "kernel/entries_priv.h"

/* Blocks that live in the second cache: BLOCK_DEPTH products of BLOCK_COLS columns of B, and a strip of A.
 * The depth is part of the order of summation and so the same for every machine. */
enum { BLOCK_DEPTH = 512, BLOCK_COLS = 288, STRIP_ROWS = 16 };
enum { GNL_GEMM_SPACE = BLOCK_DEPTH * (BLOCK_COLS + STRIP_ROWS) };

/* C = alpha op(A) op(B) + beta C, none of the sizes 0. */
struct gnl_product {
    bool trans_a, trans_b;
    bool dots; /* short rows of C: sum along k in vectors instead of packing B */
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

/* Up to TILE_ROWS x TILE_VECTORS of C: out = alpha A B + beta out over a depth of k. A is read at
 * a[r row_stride + p depth_stride], B as rows of vectors. */
typedef struct gnl_tile {
    int64_t k; /* lanes */
    const gnl_real *a;
    int64_t stride_a; /* between rows where depth is contiguous, else between depths */
    const gnl_real *b;
    int64_t stride_b;
    gnl_real alpha, beta;
    gnl_real *out;
    int64_t ldc;
    int64_t cols;
} gnl_tile;

void GNL_K(tile)(const gnl_tile *t, int rows, bool depth_contiguous);

/* depth x cols of op(B) as panels of the width of a tile, each [lanes of the depth][width]. */
void GNL_K(pack_b)(const gnl_product *p, int64_t from, int64_t depth, int64_t col, int64_t cols,
                   gnl_real *to);
/* rows x depth of op(A) as [lanes of the depth][STRIP_ROWS]; A that is not transposed only where lanes are pairs, whose
 * tiles have no more rows than a vector has lanes. */
void GNL_K(pack_a)(const gnl_product *p, int64_t from, int64_t depth, int64_t row, int64_t rows,
                   gnl_real *to);

#endif
