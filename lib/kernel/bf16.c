/* SPDX-License-Identifier: MIT */
/* Numbers of 16 bits: bfloat16, the upper half of a float. */
#include "kernel/kernel.h"

/* Multiplications of a chunk. */
enum { CHUNK_WORK = 1 << 17, COLS_UNIT = 4 };

/* To the nearest, ties to even; what is not a number stays so. */
static uint16_t half_of(float x)
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
        out[i] = half_of((float)x[i]);
}

typedef struct job {
    const gnl_kernels *k;
    const gnl_bf16_product *p;
} job;

static void half_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    int64_t n = j->p->n;
    j->k->dots_half(j->p, begin * COLS_UNIT, GNL_MIN(end * COLS_UNIT, n));
}

void gnl_gemm_bf16(const gnl_compute *c, int64_t m, int64_t n, int64_t k, const gnl_real *x,
                   const uint16_t *w, gnl_real *out)
{
    const gnl_bf16_product p = {m, n, k, x, w, out};
    job j = {c->k, &p};
    int64_t units = (n + COLS_UNIT - 1) / COLS_UNIT, work = GNL_MAX(m * k * COLS_UNIT, 1);
    gnl_parallel(c->ctx, units, (CHUNK_WORK + work - 1) / work, half_task, &j);
}
