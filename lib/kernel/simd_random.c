/* SPDX-License-Identifier: MIT */
/* Random fills, compiled once per instruction set: Philox 4x32-10 on VN counters at a time. */
#include "kernel/simd_priv.h"
#include "kernel/vec_math.h"

enum { ROUNDS = 10, BATCH = 4 * VN };

/* unit[j] receives word j of the blocks counter .. counter + VN - 1, as fractions in [0,1). */
VEC_INLINE void draw(const gnl_rng *at, uint64_t counter, V unit[4])
{
    uint32_t low[VN], high[VN];
    for (int i = 0; i < VN; i++) {
        low[i] = (uint32_t)(counter + (uint64_t)i);
        high[i] = (uint32_t)((counter + (uint64_t)i) >> 32);
    }
    VI c0 = vi_load(low), c1 = vi_load(high);
    VI c2 = vi_set((uint32_t)at->stream), c3 = vi_set((uint32_t)(at->stream >> 32));
    uint32_t k0 = (uint32_t)at->seed, k1 = (uint32_t)(at->seed >> 32);
    const VI factor0 = vi_set(0xD2511F53u), factor1 = vi_set(0xCD9E8D57u);
#pragma GCC unroll 10
    for (int round = 0; round < ROUNDS; round++) {
        VI low0, low1, high0 = vi_mul(c0, factor0, &low0), high1 = vi_mul(c2, factor1, &low1);
        c0 = vi_xor(vi_xor(high1, c1), vi_set(k0));
        c2 = vi_xor(vi_xor(high0, c3), vi_set(k1));
        c1 = low1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    unit[0] = vi_unit(c0);
    unit[1] = vi_unit(c1);
    unit[2] = vi_unit(c2);
    unit[3] = vi_unit(c3);
}

VEC_INLINE void uniform_batch(const gnl_rng *at, uint64_t counter, V lo, V range, gnl_real *out)
{
    V number[4];
    draw(at, counter, number);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
        number[j] = vadd(lo, vmul(range, number[j]));
    vstore4(out, number);
}

/* Box-Muller, as in gnl_rng_fill_normal(). */
VEC_INLINE void normal_batch(const gnl_rng *at, uint64_t counter, gnl_real *out)
{
    V unit[4], number[4];
    draw(at, counter, unit);
#pragma GCC unroll 2
    for (int j = 0; j < 4; j += 2) {
        V radius = vsqrt(vmul(vset(-2.0f), vlog(vsub(vset(1.0f), unit[j]))));
        V cosine, sine;
        vcos_sin(unit[j + 1], &cosine, &sine);
        number[j] = vmul(radius, cosine);
        number[j + 1] = vmul(radius, sine);
    }
    vstore4(out, number);
}

void GNL_K(fill_uniform)(int64_t n, const gnl_rng *at, gnl_real lo, gnl_real hi, gnl_real *out)
{
    const V base = vset(lo), range = vset(hi - lo);
    uint64_t counter = at->counter;
    int64_t i = 0;
    for (; i + BATCH <= n; i += BATCH, counter += VN)
        uniform_batch(at, counter, base, range, out + i);
    if (i < n) {
        gnl_real rest[BATCH];
        uniform_batch(at, counter, base, range, rest);
        memcpy(out + i, rest, (size_t)(n - i) * sizeof *out);
    }
}

void GNL_K(fill_normal)(int64_t n, const gnl_rng *at, gnl_real *out)
{
    uint64_t counter = at->counter;
    int64_t i = 0;
    for (; i + BATCH <= n; i += BATCH, counter += VN)
        normal_batch(at, counter, out + i);
    if (i < n) {
        gnl_real rest[BATCH];
        normal_batch(at, counter, rest);
        memcpy(out + i, rest, (size_t)(n - i) * sizeof *out);
    }
}
