/* SPDX-License-Identifier: MIT */
/*
 * Products where C has few rows or columns and both operands are contiguous along the depth. Each element is a dot
 * product summed in vectors, and nothing is packed. The time is bound by reading the larger matrix once.
 */
#include "kernel/gemm_priv.h"
#include "kernel/vec.h"

VEC_INLINE void step(const int rows, const int cols, const gnl_real *const a[], const gnl_real *const b[], int64_t at,
                     bool part, M m, V acc[][DOT_COLS])
{
    V x[DOT_ROWS];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
        x[r] = part ? vload_m(a[r] + at, m) : vload(a[r] + at);
#pragma GCC unroll 4
    for (int c = 0; c < cols; c++) {
        V y = part ? vload_m(b[c] + at, m) : vload(b[c] + at);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            acc[r][c] = vfma(x[r], y, acc[r][c]);
    }
}

VEC_INLINE void run_dots(const int rows, const int cols, const gnl_product *p, int64_t row, int64_t col)
{
    V acc[DOT_ROWS][DOT_COLS];
    const gnl_real *a[DOT_ROWS], *b[DOT_COLS];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
        a[r] = p->a + (row + r) * p->lda;
#pragma GCC unroll 4
        for (int c = 0; c < cols; c++)
            acc[r][c] = vzero();
    }
#pragma GCC unroll 4
    for (int c = 0; c < cols; c++)
        b[c] = p->b + (col + c) * p->ldb;
    int64_t at = 0;
    for (; at + VN <= p->k; at += VN)
        step(rows, cols, a, b, at, false, vmask(VN), acc);
    if (at < p->k)
        step(rows, cols, a, b, at, true, vmask(p->k - at), acc);
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int c = 0; c < cols; c++) {
            gnl_real *out = p->out + (row + r) * p->ldc + col + c;
            gnl_real sum = p->alpha * vsum(acc[r][c]);
            *out = p->beta == 0 ? sum : sum + p->beta * *out;
        }
}

typedef void dots_fn(const gnl_product *p, int64_t row, int64_t col);

#define DOTS(rows, cols)                                                                                               \
    static void dots_##rows##_##cols(const gnl_product *p, int64_t row, int64_t col)                                   \
    {                                                                                                                  \
        run_dots(rows, cols, p, row, col);                                                                             \
    }
#define DOTS_ROW(rows) DOTS(rows, 1) DOTS(rows, 2) DOTS(rows, 3) DOTS(rows, 4)
#define NAMES_ROW(rows)                                                                                                \
    {                                                                                                                  \
        dots_##rows##_1, dots_##rows##_2, dots_##rows##_3, dots_##rows##_4                                             \
    }

DOTS_ROW(1)
DOTS_ROW(2)
#if defined(__AVX2__) && !defined(__AVX512F__)
static dots_fn *const table[DOT_ROWS][DOT_COLS] = {NAMES_ROW(1), NAMES_ROW(2)};
#else
DOTS_ROW(3)
DOTS_ROW(4)
static dots_fn *const table[DOT_ROWS][DOT_COLS] = {NAMES_ROW(1), NAMES_ROW(2), NAMES_ROW(3), NAMES_ROW(4)};
#endif

/* Loops over the columns outside, so that each column of B is read from memory once. */
void GNL_K(dots)(const gnl_product *p, const gnl_block *block)
{
    int64_t row_end = block->row + block->rows, col_end = block->col + block->cols;
    for (int64_t col = block->col; col < col_end; col += DOT_COLS) {
        int64_t cols = GNL_MIN(col_end - col, (int64_t)DOT_COLS);
        for (int64_t row = block->row; row < row_end; row += DOT_ROWS)
            table[GNL_MIN(row_end - row, (int64_t)DOT_ROWS) - 1][cols - 1](p, row, col);
    }
}
