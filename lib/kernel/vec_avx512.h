/* SPDX-License-Identifier: MIT */
/* Vectors of sixteen floats: AVX-512 F, BW, DQ, VL. */
#ifndef GNL_KERNEL_VEC_AVX512_H
#define GNL_KERNEL_VEC_AVX512_H

#include <immintrin.h>

enum { VN = 16, TILE_ROWS = 14, TILE_VECTORS = 2, DOT_ROWS = 4, DOT_COLS = 4 };

typedef __m512 V;
typedef __m512i VI;
typedef __mmask16 M; /* the first lanes of a vector */
typedef __mmask16 C; /* result of a comparison */
typedef struct VD {
    __m512d lo, hi;
} VD;

VEC_INLINE M vmask(int64_t count)
{
    return count >= VN ? (M)0xFFFF : count <= 0 ? (M)0 : (M)((1u << count) - 1);
}
VEC_INLINE V vset(float x)
{
    return _mm512_set1_ps(x);
}
VEC_INLINE V vzero(void)
{
    return _mm512_setzero_ps();
}
VEC_INLINE V vload(const float *p)
{
    return _mm512_loadu_ps(p);
}
VEC_INLINE V vload_m(const float *p, M m)
{
    return _mm512_maskz_loadu_ps(m, p);
}
/* Loads bfloat16 numbers and converts them to float. */
VEC_INLINE V vload_bf16(const uint16_t *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16));
}
/* Loads lanes begin .. end-1; the others are zero and their memory is not read. */
VEC_INLINE V vload_range(const float *p, int64_t begin, int64_t end)
{
    return _mm512_maskz_loadu_ps((M)(vmask(end) & ~vmask(begin)), p);
}
/* Splits the numbers of a followed by b into those with even and those with odd index; vinterleave is the inverse. */
VEC_INLINE void vdeinterleave(V a, V b, V *even, V *odd)
{
    const VI first = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *even = _mm512_permutex2var_ps(a, first, b);
    *odd = _mm512_permutex2var_ps(a, _mm512_add_epi32(first, _mm512_set1_epi32(1)), b);
}
VEC_INLINE void vinterleave(V even, V odd, V *a, V *b)
{
    const VI low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *a = _mm512_permutex2var_ps(even, low, odd);
    *b = _mm512_permutex2var_ps(even, _mm512_add_epi32(low, _mm512_set1_epi32(8)), odd);
}
VEC_INLINE void vstore(float *p, V v)
{
    _mm512_storeu_ps(p, v);
}
VEC_INLINE void vstore_m(float *p, M m, V v)
{
    _mm512_mask_storeu_ps(p, m, v);
}
/* v in the lanes of a mask, zero elsewhere. */
VEC_INLINE V vkeep(M m, V v)
{
    return _mm512_maskz_mov_ps(m, v);
}
/* a in the lanes of a mask, b elsewhere. */
VEC_INLINE V vselect_m(M m, V a, V b)
{
    return _mm512_mask_blend_ps(m, b, a);
}
VEC_INLINE V vadd(V a, V b)
{
    return _mm512_add_ps(a, b);
}
VEC_INLINE V vsub(V a, V b)
{
    return _mm512_sub_ps(a, b);
}
VEC_INLINE V vmul(V a, V b)
{
    return _mm512_mul_ps(a, b);
}
VEC_INLINE V vdiv(V a, V b)
{
    return _mm512_div_ps(a, b);
}
VEC_INLINE V vfma(V a, V b, V c)
{
    return _mm512_fmadd_ps(a, b, c);
}
/* c - a b */
VEC_INLINE V vfnma(V a, V b, V c)
{
    return _mm512_fnmadd_ps(a, b, c);
}
VEC_INLINE V vsqrt(V a)
{
    return _mm512_sqrt_ps(a);
}
VEC_INLINE V vmax(V a, V b)
{
    return _mm512_max_ps(a, b);
}
VEC_INLINE V vmin(V a, V b)
{
    return _mm512_min_ps(a, b);
}
VEC_INLINE V vabs(V a)
{
    return _mm512_abs_ps(a);
}
/* |a| with the sign of b */
VEC_INLINE V vcopysign(V a, V b)
{
    return _mm512_castsi512_ps(
        _mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), _mm512_castps_si512(b), _mm512_castps_si512(a), 0xCA));
}
VEC_INLINE V vround(V a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VEC_INLINE C vlt(V a, V b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
VEC_INLINE C vgt(V a, V b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
VEC_INLINE C vboth(C a, C b)
{
    return (C)(a & b);
}
/* Converts a comparison to bits, lane 0 to bit 0, and back. */
VEC_INLINE uint32_t vbits(C c)
{
    return c;
}
VEC_INLINE C vfrom_bits(uint32_t bits)
{
    return (C)bits;
}
/* c ? a : b */
VEC_INLINE V vselect(C c, V a, V b)
{
    return _mm512_mask_blend_ps(c, b, a);
}
/* x 2^n for an integer n */
VEC_INLINE V vscale(V x, V n)
{
    return _mm512_scalef_ps(x, n);
}
/* Returns the mantissa, in [0.75, 1.5), and the exponent of a positive normal number. */
VEC_INLINE V vsplit(V x, V *exponent)
{
    VI bits = _mm512_castps_si512(x), offset = _mm512_sub_epi32(bits, _mm512_set1_epi32(0x3F400000));
    VI e = _mm512_srai_epi32(offset, 23);
    *exponent = _mm512_cvtepi32_ps(e);
    return _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(e, 23)));
}
VEC_INLINE float vsum(V v)
{
    return _mm512_reduce_add_ps(v);
}
VEC_INLINE float vreduce_max(V v)
{
    return _mm512_reduce_max_ps(v);
}

VEC_INLINE VD vd_zero(void)
{
    return (VD){_mm512_setzero_pd(), _mm512_setzero_pd()};
}
VEC_INLINE VD vd_widen(V v)
{
    return (VD){_mm512_cvtps_pd(_mm512_castps512_ps256(v)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1))};
}
VEC_INLINE VD vd_add(VD a, V v)
{
    VD b = vd_widen(v);
    return (VD){_mm512_add_pd(a.lo, b.lo), _mm512_add_pd(a.hi, b.hi)};
}
/* a + x y; the product of two floats is exact in double */
VEC_INLINE VD vd_fma(VD a, V x, V y)
{
    VD u = vd_widen(x), v = vd_widen(y);
    return (VD){_mm512_fmadd_pd(u.lo, v.lo, a.lo), _mm512_fmadd_pd(u.hi, v.hi, a.hi)};
}
VEC_INLINE double vd_sum(VD a)
{
    return _mm512_reduce_add_pd(_mm512_add_pd(a.lo, a.hi));
}
VEC_INLINE V vd_narrow(VD a)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(a.lo)), _mm512_cvtpd_ps(a.hi), 1);
}

VEC_INLINE VI vi_load(const uint32_t *p)
{
    return _mm512_loadu_si512(p);
}
VEC_INLINE VI vi_set(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}
VEC_INLINE VI vi_xor(VI a, VI b)
{
    return _mm512_xor_si512(a, b);
}
/* Converts the top 24 bits of each word to a float in [0,1). */
VEC_INLINE V vi_unit(VI a)
{
    return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_srli_epi32(a, 8)), _mm512_set1_ps(0x1p-24f));
}
/* Returns the high halves of the 64-bit products of the lanes; *low receives the low halves. */
VEC_INLINE VI vi_mul(VI a, VI b, VI *low)
{
    __m512i even = _mm512_mul_epu32(a, b), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);
    *low = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
    return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
}

/* p[4 i + j] = v[j][i] */
VEC_INLINE void vstore4(float *p, const V v[4])
{
    __m512 ab0 = _mm512_unpacklo_ps(v[0], v[1]), ab1 = _mm512_unpackhi_ps(v[0], v[1]);
    __m512 cd0 = _mm512_unpacklo_ps(v[2], v[3]), cd1 = _mm512_unpackhi_ps(v[2], v[3]);
    __m512 q0 = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(ab0), _mm512_castps_pd(cd0)));
    __m512 q1 = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(ab0), _mm512_castps_pd(cd0)));
    __m512 q2 = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(ab1), _mm512_castps_pd(cd1)));
    __m512 q3 = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(ab1), _mm512_castps_pd(cd1)));
    __m512 r0 = _mm512_shuffle_f32x4(q0, q1, 0x44), r1 = _mm512_shuffle_f32x4(q2, q3, 0x44);
    __m512 r2 = _mm512_shuffle_f32x4(q0, q1, 0xEE), r3 = _mm512_shuffle_f32x4(q2, q3, 0xEE);
    _mm512_storeu_ps(p, _mm512_shuffle_f32x4(r0, r1, 0x88));
    _mm512_storeu_ps(p + 16, _mm512_shuffle_f32x4(r0, r1, 0xDD));
    _mm512_storeu_ps(p + 32, _mm512_shuffle_f32x4(r2, r3, 0x88));
    _mm512_storeu_ps(p + 48, _mm512_shuffle_f32x4(r2, r3, 0xDD));
}

/* Transposes a 16 x 16 matrix: 4 x 4 blocks within each 128-bit quarter first, then the quarters among the vectors. */
VEC_INLINE void vtranspose(V v[16])
{
    V q[16];
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        __m512 ab0 = _mm512_unpacklo_ps(v[i], v[i + 1]), ab1 = _mm512_unpackhi_ps(v[i], v[i + 1]);
        __m512 cd0 = _mm512_unpacklo_ps(v[i + 2], v[i + 3]), cd1 = _mm512_unpackhi_ps(v[i + 2], v[i + 3]);
        q[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(ab0), _mm512_castps_pd(cd0)));
        q[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(ab0), _mm512_castps_pd(cd0)));
        q[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(ab1), _mm512_castps_pd(cd1)));
        q[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(ab1), _mm512_castps_pd(cd1)));
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        __m512 r0 = _mm512_shuffle_f32x4(q[i], q[i + 4], 0x88), r1 = _mm512_shuffle_f32x4(q[i], q[i + 4], 0xDD);
        __m512 r2 = _mm512_shuffle_f32x4(q[i + 8], q[i + 12], 0x88);
        __m512 r3 = _mm512_shuffle_f32x4(q[i + 8], q[i + 12], 0xDD);
        v[i] = _mm512_shuffle_f32x4(r0, r2, 0x88);
        v[i + 4] = _mm512_shuffle_f32x4(r1, r3, 0x88);
        v[i + 8] = _mm512_shuffle_f32x4(r0, r2, 0xDD);
        v[i + 12] = _mm512_shuffle_f32x4(r1, r3, 0xDD);
    }
}

#endif
