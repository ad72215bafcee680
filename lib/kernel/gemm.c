/* SPDX-License-Identifier: MIT */
/* Matrix products: selects the implementation and divides the work among threads. The only file that uses CBLAS. */
#include <limits.h>
#ifdef GNL_HAVE_CBLAS
#    include <cblas.h>
#endif

#include "kernel/gemm_priv.h"

/* Number of multiplications below which a task is not worth waking another thread. It is lower for dot products, which
 * are bound by memory. */
enum { MIN_TASK_WORK = 1 << 18, MIN_TASK_WORK_DOTS = 1 << 17 };
/* The columns of a piece are a multiple of the width of the widest tile. */
enum { SPLIT_COLS = 32 };
/* Number of rows of C whose multiplications take as long as packing B. */
enum { PACKING_ROWS = 20 };
/* Numbers of rows or columns of C up to which dot products are faster than packing, given a minimum depth that
 * outweighs their final reductions. */
enum { FEW_ROWS = 16, FEW_COLS = 24, FEW_DEPTH = 128, VERY_FEW = 4, VERY_FEW_DEPTH = 24 };

size_t gnl_gemm_space(const genlat_ctx *ctx)
{
    return (size_t)gnl_threads(ctx) * GNL_GEMM_SPACE;
}

/* Handles a product without multiplications: scales C by beta. */
static void scale_out(const gnl_product *p)
{
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++)
            p->out[i * p->ldc + j] = p->beta == 0 ? 0 : p->beta * p->out[i * p->ldc + j];
}

#ifdef GNL_HAVE_CBLAS
static bool uses_cblas(const gnl_compute *c)
{
    const genlat_ctx_opts *opts = gnl_ctx_opts(c->ctx);
    bool slow = opts->gemm == GENLAT_GEMM_AUTO && c->k->cpu == GENLAT_CPU_BASELINE;
    return !opts->deterministic && (opts->gemm == GENLAT_GEMM_CBLAS || slow);
}

/* Returns false if the context does not use CBLAS, or the sizes exceed its int arguments. */
static bool multiply_cblas(const gnl_compute *c, const gnl_product *p)
{
    if (!uses_cblas(c) || GNL_MAX(GNL_MAX(p->m, p->n), p->k) > INT_MAX ||
        GNL_MAX(GNL_MAX(p->lda, p->ldb), p->ldc) > INT_MAX)
        return false;
    enum CBLAS_TRANSPOSE ta = p->trans_a ? CblasTrans : CblasNoTrans, tb = p->trans_b ? CblasTrans : CblasNoTrans;
    int m = (int)p->m, n = (int)p->n, k = (int)p->k, lda = (int)p->lda, ldb = (int)p->ldb, ldc = (int)p->ldc;
#    ifdef GNL_FLOAT64
    cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, p->alpha, p->a, lda, p->b, ldb, p->beta, p->out, ldc);
#    else
    cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, p->alpha, p->a, lda, p->b, ldb, p->beta, p->out, ldc);
#    endif
    return true;
}
#else
static bool multiply_cblas(const gnl_compute *c, const gnl_product *p)
{
    return false;
}
#endif

/* Computes products that need no blocks: empty ones and those that CBLAS computes. Returns false for all others. */
static bool multiply_at_once(const gnl_compute *c, const gnl_product *p)
{
    if (p->m <= 0 || p->n <= 0)
        return true;
    if (p->k <= 0 || p->alpha == 0) {
        scale_out(p);
        return true;
    }
    return multiply_cblas(c, p);
}

/* Chooses between dot products and blocks. A vector is its own transpose, so contiguous vectors are read as rows. The
 * choice depends on the sizes of the whole product, so that a split does not change it. */
static void choose_method(gnl_product *p)
{
    if (!p->trans_b && p->n == 1 && p->ldb == 1) {
        p->trans_b = true;
        p->ldb = p->k;
    }
    if (p->trans_a && p->m == 1 && p->lda == 1) {
        p->trans_a = false;
        p->lda = p->k;
    }
    bool few = p->m <= FEW_ROWS || p->n <= FEW_COLS, very_few = p->m <= VERY_FEW || p->n <= VERY_FEW;
    p->dots = p->trans_b && !p->trans_a && ((few && p->k >= FEW_DEPTH) || (very_few && p->k >= VERY_FEW_DEPTH));
}

/* Dot products are bound by memory, so bfloat16 factors would not make them faster. */
static void multiply_block(const gnl_compute *c, const gnl_product *p, const gnl_block *block, int worker)
{
    if (p->dots)
        c->k->dots(p, block);
    else
        gnl_gemm_kernel(c->ctx)(p, block, c->space + (size_t)worker * GNL_GEMM_SPACE);
}

void gnl_gemm_one(const gnl_compute *c, int worker, gnl_trans trans_a, gnl_trans trans_b, int64_t m, int64_t n,
                  int64_t k, gnl_real alpha, const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb,
                  gnl_real beta, gnl_real *out, int64_t ldc)
{
    gnl_product p = {trans_a, trans_b, false, m, n, k, alpha, beta, a, b, lda, ldb, out, ldc};
    if (multiply_at_once(c, &p))
        return;
    choose_method(&p);
    gnl_block all = {0, m, 0, n};
    multiply_block(c, &p, &all, worker);
}

typedef struct split {
    const gnl_compute *c;
    gnl_product p;
    int64_t rows, cols; /* of a block */
    int64_t across;     /* number of blocks per row of blocks */
} split;

static void block_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const split *s = arg;
    for (int64_t i = begin; i < end; i++) {
        gnl_block block = {.row = i / s->across * s->rows, .col = i % s->across * s->cols};
        block.rows = GNL_MIN(s->rows, s->p.m - block.row);
        block.cols = GNL_MIN(s->cols, s->p.n - block.col);
        multiply_block(s->c, &s->p, &block, worker);
    }
}

static int64_t piece(int64_t total, int64_t pieces, int64_t unit)
{
    return gnl_ceil_div(gnl_ceil_div(total, pieces), unit) * unit;
}

/* Estimates the time of a split into pieces of rows x cols, in elements of C per thread. Every piece packs B again. */
static double time_of(const split *s, int64_t rows, int64_t cols, int64_t threads)
{
    int64_t pieces = gnl_ceil_div(s->p.m, rows) * gnl_ceil_div(s->p.n, cols);
    return (double)gnl_ceil_div(pieces, threads) * (double)(rows + (s->p.trans_b ? PACKING_ROWS : 0)) * (double)cols;
}

/* Tries one to three pieces per thread, along rows and columns, and keeps the fastest. The sums do not depend on the
 * choice. */
static void choose_split(split *s)
{
    double work = (double)s->p.m * (double)s->p.n * (double)s->p.k;
    int64_t threads = (int64_t)(work / (s->p.dots ? MIN_TASK_WORK_DOTS : MIN_TASK_WORK));
    threads = GNL_MAX(GNL_MIN(threads, (int64_t)gnl_threads(s->c->ctx)), 1);
    s->rows = s->p.m;
    s->cols = s->p.n;
    double best = threads > 1 ? time_of(s, s->rows, s->cols, threads) : 0;
    for (int64_t down = 1; down <= 3 * threads && down <= s->p.m && threads > 1; down++)
        for (int64_t share = 1; share <= 3; share++) {
            int64_t rows = gnl_ceil_div(s->p.m, down);
            int64_t cols = piece(s->p.n, GNL_MAX(share * threads / down, 1), SPLIT_COLS);
            double time = time_of(s, rows, GNL_MIN(cols, s->p.n), threads);
            if (time < best) {
                best = time;
                s->rows = rows;
                s->cols = GNL_MIN(cols, s->p.n);
            }
        }
    s->across = gnl_ceil_div(s->p.n, s->cols);
}

void gnl_gemm(const gnl_compute *c, gnl_trans trans_a, gnl_trans trans_b, int64_t m, int64_t n, int64_t k,
              gnl_real alpha, const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb, gnl_real beta,
              gnl_real *out, int64_t ldc)
{
    split s = {.c = c, .p = {trans_a, trans_b, false, m, n, k, alpha, beta, a, b, lda, ldb, out, ldc}};
    if (multiply_at_once(c, &s.p))
        return;
    choose_method(&s.p);
    choose_split(&s);
    gnl_parallel(c->ctx, s.across * gnl_ceil_div(m, s.rows), 1, block_task, &s);
}
