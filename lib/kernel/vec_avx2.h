/* SPDX-License-Identifier: MIT */
/* Vectors of eight floats: AVX2 and FMA. */
#ifndef GNL_KERNEL_VEC_AVX2_H
#define GNL_KERNEL_VEC_AVX2_H

#include <immintrin.h>

enum { VN = 8, TILE_ROWS = 6, TILE_VECTORS = 2, DOT_ROWS = 2, DOT_COLS = 4 };

typedef __m256 V;
typedef __m256i VI;
typedef __m256i M; /* the first lanes of a vector */
typedef __m256 C;  /* result of a comparison */
typedef struct VD {
    __m256d lo, hi;
} VD;

VEC_INLINE M vmask(int64_t count)
{
    int bound = count >= VN ? VN : (int)count;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(bound), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
VEC_INLINE V vset(float x)
{
    return _mm256_set1_ps(x);
}
VEC_INLINE V vzero(void)
{
    return _mm256_setzero_ps();
}
VEC_INLINE V vload(const float *p)
{
    return _mm256_loadu_ps(p);
}
VEC_INLINE V vload_m(const float *p, M m)
{
    return _mm256_maskload_ps(p, m);
}
/* Loads bfloat16 numbers and converts them to float. */
VEC_INLINE V vload_bf16(const uint16_t *p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)), 16));
}
/* Loads lanes begin .. end-1; the others are zero and their memory is not read. */
VEC_INLINE V vload_range(const float *p, int64_t begin, int64_t end)
{
    return _mm256_maskload_ps(p, _mm256_andnot_si256(vmask(GNL_MAX(begin, 0)), vmask(GNL_MAX(end, 0))));
}
/* Splits the numbers of a followed by b into those with even and those with odd index; vinterleave is the inverse. */
VEC_INLINE void vdeinterleave(V a, V b, V *even, V *odd)
{
    V low = _mm256_permute2f128_ps(a, b, 0x20), high = _mm256_permute2f128_ps(a, b, 0x31);
    V e = _mm256_shuffle_ps(low, high, 0x88), o = _mm256_shuffle_ps(low, high, 0xDD);
    *even = e;
    *odd = o;
}
VEC_INLINE void vinterleave(V even, V odd, V *a, V *b)
{
    V low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
    *a = _mm256_permute2f128_ps(low, high, 0x20);
    *b = _mm256_permute2f128_ps(low, high, 0x31);
}
VEC_INLINE void vstore(float *p, V v)
{
    _mm256_storeu_ps(p, v);
}
VEC_INLINE void vstore_m(float *p, M m, V v)
{
    _mm256_maskstore_ps(p, m, v);
}
/* v in the lanes of a mask, zero elsewhere. */
VEC_INLINE V vkeep(M m, V v)
{
    return _mm256_and_ps(_mm256_castsi256_ps(m), v);
}
/* a in the lanes of a mask, b elsewhere. */
VEC_INLINE V vselect_m(M m, V a, V b)
{
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(m));
}
VEC_INLINE V vadd(V a, V b)
{
    return _mm256_add_ps(a, b);
}
VEC_INLINE V vsub(V a, V b)
{
    return _mm256_sub_ps(a, b);
}
VEC_INLINE V vmul(V a, V b)
{
    return _mm256_mul_ps(a, b);
}
VEC_INLINE V vdiv(V a, V b)
{
    return _mm256_div_ps(a, b);
}
VEC_INLINE V vfma(V a, V b, V c)
{
    return _mm256_fmadd_ps(a, b, c);
}
/* c - a b */
VEC_INLINE V vfnma(V a, V b, V c)
{
    return _mm256_fnmadd_ps(a, b, c);
}
VEC_INLINE V vsqrt(V a)
{
    return _mm256_sqrt_ps(a);
}
VEC_INLINE V vmax(V a, V b)
{
    return _mm256_max_ps(a, b);
}
VEC_INLINE V vmin(V a, V b)
{
    return _mm256_min_ps(a, b);
}
VEC_INLINE V vabs(V a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
/* |a| with the sign of b */
VEC_INLINE V vcopysign(V a, V b)
{
    V sign = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(sign, a), _mm256_and_ps(sign, b));
}
VEC_INLINE V vround(V a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VEC_INLINE C vlt(V a, V b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
VEC_INLINE C vgt(V a, V b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
VEC_INLINE C vboth(C a, C b)
{
    return _mm256_and_ps(a, b);
}
/* Converts a comparison to bits, lane 0 to bit 0, and back. */
VEC_INLINE uint32_t vbits(C c)
{
    return (uint32_t)_mm256_movemask_ps(c);
}
VEC_INLINE C vfrom_bits(uint32_t bits)
{
    const VI own = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    VI mine = _mm256_and_si256(_mm256_set1_epi32((int)bits), own);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(mine, own));
}
/* c ? a : b */
VEC_INLINE V vselect(C c, V a, V b)
{
    return _mm256_blendv_ps(b, a, c);
}
/* 2^n for an integer n in -126 .. 127 */
VEC_INLINE V vpower(VI n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
/* x 2^n for an integer n in -252 .. 254. Two factors, so that results near the ends of the range are correct. */
VEC_INLINE V vscale(V x, V n)
{
    VI whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    return _mm256_mul_ps(_mm256_mul_ps(x, vpower(half)), vpower(_mm256_sub_epi32(whole, half)));
}
/* Returns the mantissa, in [0.75, 1.5), and the exponent of a positive normal number. */
VEC_INLINE V vsplit(V x, V *exponent)
{
    VI bits = _mm256_castps_si256(x), offset = _mm256_sub_epi32(bits, _mm256_set1_epi32(0x3F400000));
    VI e = _mm256_srai_epi32(offset, 23);
    *exponent = _mm256_cvtepi32_ps(e);
    return _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(e, 23)));
}
VEC_INLINE float vsum(V v)
{
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
VEC_INLINE float vreduce_max(V v)
{
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

VEC_INLINE VD vd_zero(void)
{
    return (VD){_mm256_setzero_pd(), _mm256_setzero_pd()};
}
VEC_INLINE VD vd_widen(V v)
{
    return (VD){_mm256_cvtps_pd(_mm256_castps256_ps128(v)), _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
}
VEC_INLINE VD vd_add(VD a, V v)
{
    VD b = vd_widen(v);
    return (VD){_mm256_add_pd(a.lo, b.lo), _mm256_add_pd(a.hi, b.hi)};
}
/* a + x y; the product of two floats is exact in double */
VEC_INLINE VD vd_fma(VD a, V x, V y)
{
    VD u = vd_widen(x), v = vd_widen(y);
    return (VD){_mm256_fmadd_pd(u.lo, v.lo, a.lo), _mm256_fmadd_pd(u.hi, v.hi, a.hi)};
}
VEC_INLINE double vd_sum(VD a)
{
    __m256d q = _mm256_add_pd(a.lo, a.hi);
    __m128d h = _mm_add_pd(_mm256_castpd256_pd128(q), _mm256_extractf128_pd(q, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h, _mm_unpackhi_pd(h, h)));
}
VEC_INLINE V vd_narrow(VD a)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(a.lo)), _mm256_cvtpd_ps(a.hi), 1);
}

VEC_INLINE VI vi_load(const uint32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
VEC_INLINE VI vi_set(uint32_t x)
{
    return _mm256_set1_epi32((int)x);
}
VEC_INLINE VI vi_xor(VI a, VI b)
{
    return _mm256_xor_si256(a, b);
}
/* Converts the top 24 bits of each word to a float in [0,1). */
VEC_INLINE V vi_unit(VI a)
{
    return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_srli_epi32(a, 8)), _mm256_set1_ps(0x1p-24f));
}
/* Returns the high halves of the 64-bit products of the lanes; *low receives the low halves. */
VEC_INLINE VI vi_mul(VI a, VI b, VI *low)
{
    __m256i even = _mm256_mul_epu32(a, b), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);
    *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
}

/* 4 x 4 transposes within each 128-bit half. */
VEC_INLINE void vquads(const V v[4], V q[4])
{
    __m256 ab0 = _mm256_unpacklo_ps(v[0], v[1]), ab1 = _mm256_unpackhi_ps(v[0], v[1]);
    __m256 cd0 = _mm256_unpacklo_ps(v[2], v[3]), cd1 = _mm256_unpackhi_ps(v[2], v[3]);
    q[0] = _mm256_shuffle_ps(ab0, cd0, 0x44);
    q[1] = _mm256_shuffle_ps(ab0, cd0, 0xEE);
    q[2] = _mm256_shuffle_ps(ab1, cd1, 0x44);
    q[3] = _mm256_shuffle_ps(ab1, cd1, 0xEE);
}

/* p[4 i + j] = v[j][i] */
VEC_INLINE void vstore4(float *p, const V v[4])
{
    V q[4];
    vquads(v, q);
    _mm256_storeu_ps(p, _mm256_permute2f128_ps(q[0], q[1], 0x20));
    _mm256_storeu_ps(p + 8, _mm256_permute2f128_ps(q[2], q[3], 0x20));
    _mm256_storeu_ps(p + 16, _mm256_permute2f128_ps(q[0], q[1], 0x31));
    _mm256_storeu_ps(p + 24, _mm256_permute2f128_ps(q[2], q[3], 0x31));
}

/* Transposes an 8 x 8 matrix. */
VEC_INLINE void vtranspose(V v[8])
{
    V q[8];
    vquads(v, q);
    vquads(v + 4, q + 4);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2f128_ps(q[i], q[i + 4], 0x20);
        v[i + 4] = _mm256_permute2f128_ps(q[i], q[i + 4], 0x31);
    }
}

#endif
