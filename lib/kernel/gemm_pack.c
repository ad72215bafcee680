/* SPDX-License-Identifier: MIT */
/* Packing of the operands of the built-in matrix product, compiled once per instruction set. */
#include "kernel/gemm_priv.h"
#include "kernel/vec.h"

enum { WIDTH = TILE_VECTORS * VN };

/* B as it lies: rows of it are read in order and dealt to the panels. */
static void pack_rows(const gnl_product *p, int64_t from, int64_t depth, int64_t col, int64_t cols,
                      gnl_real *to)
{
    int64_t whole = cols / VN * VN;
    M rest = vmask(cols - whole);
    for (int64_t d = 0; d < depth; d++) {
        const gnl_real *b = p->b + (from + d) * p->ldb + col;
        gnl_real *panel = to + d * WIDTH;
        int64_t j = 0;
        for (; j < whole; j += VN)
            vstore(panel + j / WIDTH * (depth * WIDTH) + j % WIDTH, vload(b + j));
        if (j < cols)
            vstore(panel + j / WIDTH * (depth * WIDTH) + j % WIDTH, vload_m(b + j, rest));
    }
}

/* VN rows of the transposed B, whose depth is contiguous: squares are turned in registers. */
static void pack_square_column(const gnl_real *b, int64_t ldb, int64_t depth, int64_t cols, gnl_real *to)
{
    for (int64_t d = 0; d < depth; d += VN) {
        V square[VN];
        M m = vmask(depth - d);
#pragma GCC unroll 16
        for (int i = 0; i < VN; i++)
            square[i] = i < cols ? vload_m(b + i * ldb + d, m) : vzero();
        vtranspose(square);
        int64_t filled = GNL_MIN(depth - d, (int64_t)VN);
        for (int64_t i = 0; i < filled; i++)
            vstore(to + (d + i) * WIDTH, square[i]);
    }
}

void GNL_K(pack_b)(const gnl_product *p, int64_t from, int64_t depth, int64_t col, int64_t cols, gnl_real *to)
{
    if (!p->trans_b) {
        pack_rows(p, from, depth, col, cols, to);
        return;
    }
    for (int64_t j = 0; j < cols; j += VN)
        pack_square_column(p->b + (col + j) * p->ldb + from, p->ldb, depth, cols - j,
                           to + j / WIDTH * (depth * WIDTH) + j % WIDTH);
}

void GNL_K(pack_a)(const gnl_product *p, int64_t from, int64_t depth, int64_t row, int64_t rows, gnl_real *to)
{
    const gnl_real *a = p->a + from * p->lda + row;
    for (int64_t d = 0; d < depth; d++)
        for (int64_t i = 0; i < rows; i += VN)
            vstore_m(to + d * STRIP_ROWS + i, vmask(rows - i), vload_m(a + d * p->lda + i, vmask(rows - i)));
}
