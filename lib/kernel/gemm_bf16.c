/* SPDX-License-Identifier: MIT */
/*
 * Products with weights in bfloat16, compiled once per instruction set: dot products as in gemm_dots.c. Weights are
 * converted to float as they are loaded.
 */
#include "kernel/gemm_priv.h"
#include "kernel/vec.h"

VEC_INLINE V load_bf16(const uint16_t *w, int64_t at, int64_t end)
{
    uint16_t last[VN] = {0};
    if (at + VN <= end)
        return vload_bf16(w + at);
    memcpy(last, w + at, (size_t)(end - at) * sizeof *last);
    return vload_bf16(last);
}

VEC_INLINE void run(const int rows, const int cols, const gnl_bf16_product *p, int64_t row, int64_t col)
{
    V acc[DOT_ROWS][DOT_COLS], x[DOT_ROWS];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int c = 0; c < cols; c++)
            acc[r][c] = vzero();
    for (int64_t at = 0; at < p->k; at += VN) {
        M m = vmask(p->k - at);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            x[r] = vload_m(p->x + (row + r) * p->k + at, m);
#pragma GCC unroll 4
        for (int c = 0; c < cols; c++) {
            V w = load_bf16(p->w + (col + c) * p->k, at, p->k);
#pragma GCC unroll 4
            for (int r = 0; r < rows; r++)
                acc[r][c] = vfma(x[r], w, acc[r][c]);
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int c = 0; c < cols; c++)
            p->out[(row + r) * p->n + col + c] = vsum(acc[r][c]);
}

/* Every element is summed in the same order, whichever of these functions computes it. */
static void many_by_many(const gnl_bf16_product *p, int64_t row, int64_t col)
{
    run(DOT_ROWS, DOT_COLS, p, row, col);
}

static void one_by_many(const gnl_bf16_product *p, int64_t row, int64_t col)
{
    run(1, DOT_COLS, p, row, col);
}

static void one_by_one(const gnl_bf16_product *p, int64_t row, int64_t col)
{
    run(1, 1, p, row, col);
}

void GNL_K(dots_bf16)(const gnl_bf16_product *p, int64_t begin, int64_t end)
{
    int64_t col = begin, row;
    for (; col + DOT_COLS <= end; col += DOT_COLS) {
        for (row = 0; row + DOT_ROWS <= p->m; row += DOT_ROWS)
            many_by_many(p, row, col);
        for (; row < p->m; row++)
            one_by_many(p, row, col);
    }
    for (; col < end; col++)
        for (row = 0; row < p->m; row++)
            one_by_one(p, row, col);
}
