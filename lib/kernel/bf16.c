/* SPDX-License-Identifier: MIT */
/* bfloat16 numbers (the upper 16 bits of a float): rounding, and products with bfloat16 weights. */
#include "kernel/kernel.h"

/* CHUNK_WORK: multiplications per chunk. */
enum { CHUNK_WORK = 1 << 17, COLS_UNIT = 4 };

/* Rounds to nearest, ties to even. NaN stays NaN. */
static uint16_t bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x))
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void gnl_bf16_round(int64_t n, const gnl_real *x, uint16_t *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = bf16_of((float)x[i]);
}

typedef struct job {
    const gnl_kernels *k;
    const gnl_bf16_product *p;
} job;

static void bf16_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t n = j->p->n;
    j->k->dots_bf16(j->p, begin * COLS_UNIT, GNL_MIN(end * COLS_UNIT, n));
}

void gnl_gemm_bf16(const gnl_compute *c, int64_t m, int64_t n, int64_t k, const gnl_real *x, const uint16_t *w,
                   gnl_real *out)
{
    const gnl_bf16_product p = {m, n, k, x, w, out};
    job j = {c->k, &p};
    int64_t units = (n + COLS_UNIT - 1) / COLS_UNIT, work = GNL_MAX(m * k * COLS_UNIT, 1);
    gnl_parallel(c->ctx, units, (CHUNK_WORK + work - 1) / work, bf16_task, &j);
}
