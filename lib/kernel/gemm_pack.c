/* SPDX-License-Identifier: MIT */
/* Packs the operands of the built-in matrix product, compiled once per instruction set. */
#include "kernel/gemm_priv.h"
#include "kernel/vec_pairs.h"

enum { WIDTH = TILE_VECTORS * VN };

/* Packs a B that is not transposed: reads its rows in order and distributes them among the panels. */
static void pack_rows(const gnl_product *p, int64_t from, int64_t depth, int64_t col, int64_t cols, gnl_real *to)
{
    int64_t whole = cols / VN * VN, panel_size = gnl_ceil_div(depth, LANE_DEPTH) * WIDTH;
    M rest = vmask(cols - whole);
    for (int64_t d = 0; d < depth; d += LANE_DEPTH) {
        const gnl_real *b = p->b + (from + d) * p->ldb + col;
        gnl_real *panel = to + d / LANE_DEPTH * WIDTH;
        int64_t j = 0;
        for (; j < whole; j += VN)
            vstore(panel + j / WIDTH * panel_size + j % WIDTH, vlanes_down(b + j, p->ldb, depth - d, true, rest));
        if (j < cols)
            vstore(panel + j / WIDTH * panel_size + j % WIDTH, vlanes_down(b + j, p->ldb, depth - d, false, rest));
    }
}

/* Transposes up to VN rows with contiguous depth, one square at a time in registers. The result has distance `stride`
 * between depths. */
static void transpose_rows(const gnl_real *x, int64_t ld, int64_t depth, int64_t rows, gnl_real *to, int64_t stride)
{
    for (int64_t d = 0; d < depth; d += VN * LANE_DEPTH) {
        V square[VN];
#pragma GCC unroll 16
        for (int i = 0; i < VN; i++)
            square[i] = i < rows ? vlanes_along(x + i * ld + d, depth - d) : vzero();
        vtranspose(square);
        int64_t filled = GNL_MIN(gnl_ceil_div(depth - d, LANE_DEPTH), (int64_t)VN);
        for (int64_t i = 0; i < filled; i++)
            vstore(to + (d / LANE_DEPTH + i) * stride, square[i]);
    }
}

void GNL_K(pack_b)(const gnl_product *p, int64_t from, int64_t depth, int64_t col, int64_t cols, gnl_real *to)
{
    if (!p->trans_b) {
        pack_rows(p, from, depth, col, cols, to);
        return;
    }
    int64_t panel_size = gnl_ceil_div(depth, LANE_DEPTH) * WIDTH;
    for (int64_t j = 0; j < cols; j += VN)
        transpose_rows(p->b + (col + j) * p->ldb + from, p->ldb, depth, cols - j,
                       to + j / WIDTH * panel_size + j % WIDTH, WIDTH);
}

void GNL_K(pack_a)(const gnl_product *p, int64_t from, int64_t depth, int64_t row, int64_t rows, gnl_real *to)
{
    if (!p->trans_a) {
        transpose_rows(p->a + row * p->lda + from, p->lda, depth, rows, to, STRIP_ROWS);
        return;
    }
    const gnl_real *a = p->a + from * p->lda + row;
    for (int64_t d = 0; d < depth; d += LANE_DEPTH, a += LANE_DEPTH * p->lda, to += STRIP_ROWS)
        for (int64_t i = 0; i < rows; i += VN)
            vstore_m(to + i, vmask(rows - i), vlanes_down(a + i, p->lda, depth - d, false, vmask(rows - i)));
}
