/* SPDX-License-Identifier: MIT */
/*
 * Computes a rectangle of C on one thread, compiled once per instruction set. The depth is divided into equal blocks,
 * whose size depends only on k. For each block, columns of B are packed to fit the second-level cache, and strips of A
 * are multiplied with them.
 */
#include "kernel/gemm_priv.h"
#include "kernel/vec_pairs.h"

enum { WIDTH = TILE_VECTORS * VN };

/* B is packed only if C has more rows than this. The limit is lower if the rows of B are a multiple of the page size
 * apart, because they then compete for the same cache lines. */
enum { ROWS_WITHOUT_PACKING = 140, ROWS_WITHOUT_PACKING_PAGES = 5 * TILE_ROWS, PAGE_NUMBERS = 1024 };

/* One block of depth times one block of columns. */
typedef struct pass {
    const gnl_product *p;
    int64_t from, depth; /* range of the depth */
    int64_t col, cols;
    gnl_real beta;
    const gnl_real *panels; /* packed B, or NULL */
    gnl_real *strip;        /* space for a packed strip of A */
} pass;

/* Divides `total` evenly into pieces of at most `most`. Returns the size of a piece, a multiple of `unit`. */
static int64_t share(int64_t total, int64_t most, int64_t unit)
{
    int64_t pieces = gnl_ceil_div(total, most);
    return gnl_ceil_div(gnl_ceil_div(total, pieces), unit) * unit;
}

/* Multiplies a strip of A. It is packed if several panels of B use it or if a lane holds a pair. */
static void run_strip(const pass *s, int64_t row, int rows)
{
    const gnl_product *p = s->p;
    int64_t lanes = gnl_ceil_div(s->depth, LANE_DEPTH);
    bool packs = (p->trans_a && s->cols > WIDTH) || LANE_DEPTH > 1;
    gnl_tile t = {.k = lanes, .alpha = p->alpha, .beta = s->beta, .ldc = p->ldc};
    if (packs) {
        GNL_K(pack_a)(p, s->from, s->depth, row, rows, s->strip);
        t.a = s->strip;
        t.stride_a = STRIP_ROWS;
    } else {
        t.a = p->trans_a ? p->a + s->from * p->lda + row : p->a + row * p->lda + s->from;
        t.stride_a = p->lda;
    }
    t.stride_b = s->panels ? WIDTH : p->ldb;
    for (int64_t j = 0; j < s->cols; j += WIDTH) {
        t.b = s->panels ? s->panels + j * lanes : p->b + s->from * p->ldb + s->col + j;
        t.out = p->out + row * p->ldc + s->col + j;
        t.cols = GNL_MIN(s->cols - j, (int64_t)WIDTH);
        GNL_K(tile)(&t, rows, !packs && !p->trans_a);
    }
}

/* Divides the rows into strips of nearly equal height, since a tile with few rows is slow. */
static void run_pass(const pass *s, int64_t row, int64_t rows)
{
    int64_t strips = gnl_ceil_div(rows, TILE_ROWS);
    for (int64_t i = 0; i < strips; i++) {
        int64_t begin = rows * i / strips, end = rows * (i + 1) / strips;
        run_strip(s, row + begin, (int)(end - begin));
    }
}

static bool is_packing_worth(const gnl_product *p, const gnl_block *block)
{
    bool pages = p->ldb % PAGE_NUMBERS == 0;
    return p->trans_b || LANE_DEPTH > 1 || block->rows > (pages ? ROWS_WITHOUT_PACKING_PAGES : ROWS_WITHOUT_PACKING);
}

void GNL_K(gemm)(const gnl_product *p, const gnl_block *block, gnl_real *space)
{
    bool packs = is_packing_worth(p, block);
    int64_t depth = share(p->k, BLOCK_DEPTH, LANE_DEPTH);
    int64_t width = share(block->cols, BLOCK_COLS, WIDTH);
    for (int64_t from = 0; from < p->k; from += depth) {
        for (int64_t col = 0; col < block->cols; col += width) {
            pass s = {.p = p, .from = from, .depth = GNL_MIN(depth, p->k - from), .col = block->col + col};
            s.cols = GNL_MIN(width, block->cols - col);
            s.beta = from == 0 ? p->beta : 1;
            s.strip = space + (int64_t)BLOCK_DEPTH * BLOCK_COLS;
            if (packs) {
                GNL_K(pack_b)(p, from, s.depth, s.col, s.cols, space);
                s.panels = space;
            }
            run_pass(&s, block->row, block->rows);
        }
    }
}
