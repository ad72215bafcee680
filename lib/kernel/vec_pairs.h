/* SPDX-License-Identifier: MIT */
/*
 * Operations of the matrix product on the lanes of its packed factors. If compiled for AVX512_BF16, a lane holds two
 * consecutive bfloat16 numbers of the depth. One instruction multiplies such a pair with another and adds the products
 * to a float. Otherwise a lane holds one number.
 */
#ifndef GNL_KERNEL_VEC_PAIRS_H
#define GNL_KERNEL_VEC_PAIRS_H

#include "kernel/vec.h"

#ifdef __AVX512BF16__

enum { LANE_DEPTH = 2 };

/* c + a b, summed over the pair. */
VEC_INLINE V vmac(V a, V b, V c)
{
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}
/* Lane i is the pair of first[i] and second[i]. */
VEC_INLINE V vpair(V first, V second)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i from_second = _mm512_slli_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32(VN)), 16);
    const __m512i numbers = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    return (V)_mm512_permutexvar_epi16(_mm512_or_epi32(lane, from_second), numbers);
}
VEC_INLINE V vlanes_down(const float *x, int64_t ld, int64_t left, bool whole, M m)
{
    V first = whole ? vload(x) : vload_m(x, m);
    return vpair(first, left < 2 ? vzero() : whole ? vload(x + ld) : vload_m(x + ld, m));
}
VEC_INLINE V vlanes_along(const float *x, int64_t left)
{
    return (V)_mm512_cvtne2ps_pbh(vload_m(x + VN, vmask(left - VN)), vload_m(x, vmask(left)));
}

#else

enum { LANE_DEPTH = 1 };

VEC_INLINE V vmac(V a, V b, V c)
{
    return vfma(a, b, c);
}
/* Loads lanes of VN columns (all if `whole`, otherwise those of the mask) at one position of the depth. `left` numbers
 * of the depth remain; the next number of a column is `ld` further. */
VEC_INLINE V vlanes_down(const gnl_real *x, int64_t ld, int64_t left, bool whole, M m)
{
    (void)ld, (void)left;
    return whole ? vload(x) : vload_m(x, m);
}
/* Loads VN lanes along a contiguous depth of which `left` numbers remain. */
VEC_INLINE V vlanes_along(const gnl_real *x, int64_t left)
{
    return vload_m(x, vmask(left));
}

#endif
#endif
