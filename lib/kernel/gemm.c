/* SPDX-License-Identifier: MIT */
/* Matrix products. The only file that knows CBLAS. */
#include <cblas.h>

#include "kernel/kernel.h"

size_t gnl_gemm_space(const genlat_ctx *ctx)
{
    return 16;
}

/* The empty sum, and what beta leaves of the old values. */
static void scale_out(int64_t m, int64_t n, gnl_real beta, gnl_real *out, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            out[i * ldc + j] = beta == 0 ? 0 : beta * out[i * ldc + j];
}

static void product_cblas(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, gnl_real alpha,
                          const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb, gnl_real beta,
                          gnl_real *out, int64_t ldc)
{
    enum CBLAS_TRANSPOSE ta = trans_a ? CblasTrans : CblasNoTrans, tb = trans_b ? CblasTrans : CblasNoTrans;
#ifdef GNL_FLOAT64
    cblas_dgemm(CblasRowMajor, ta, tb, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, out,
                (int)ldc);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, out,
                (int)ldc);
#endif
}

void gnl_gemm_one(const gnl_compute *c, int worker, bool trans_a, bool trans_b, int64_t m, int64_t n,
                  int64_t k, gnl_real alpha, const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb,
                  gnl_real beta, gnl_real *out, int64_t ldc)
{
    if (m <= 0 || n <= 0)
        return;
    if (k <= 0 || alpha == 0)
        scale_out(m, n, beta, out, ldc);
    else
        product_cblas(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, out, ldc);
}

void gnl_gemm(const gnl_compute *c, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
              gnl_real alpha, const gnl_real *a, int64_t lda, const gnl_real *b, int64_t ldb, gnl_real beta,
              gnl_real *out, int64_t ldc)
{
    gnl_gemm_one(c, 0, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, out, ldc);
}
