/* SPDX-License-Identifier: MIT */
/* Vectors of four floats: AArch64. A mask is the number of lanes. Partial vectors are copied through a small array. */
#ifndef GNL_KERNEL_VEC_NEON_H
#define GNL_KERNEL_VEC_NEON_H

#include <arm_neon.h>

enum { VN = 4, TILE_ROWS = 8, TILE_VECTORS = 3, DOT_ROWS = 4, DOT_COLS = 4 };

typedef float32x4_t V;
typedef uint32x4_t VI;
typedef int M;        /* the first lanes of a vector */
typedef uint32x4_t C; /* result of a comparison */
typedef struct VD {
    float64x2_t lo, hi;
} VD;

VEC_INLINE M vmask(int64_t count)
{
    return count >= VN ? VN : count <= 0 ? 0 : (int)count;
}
VEC_INLINE V vset(float x)
{
    return vdupq_n_f32(x);
}
VEC_INLINE V vzero(void)
{
    return vdupq_n_f32(0);
}
VEC_INLINE V vload(const float *p)
{
    return vld1q_f32(p);
}
/* Loads bfloat16 numbers and converts them to float. */
VEC_INLINE V vload_bf16(const uint16_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
VEC_INLINE V vload_m(const float *p, M m)
{
    float lane[VN] = {0};
    for (int i = 0; i < m; i++)
        lane[i] = p[i];
    return vld1q_f32(lane);
}
/* Loads lanes begin .. end-1; the others are zero and their memory is not read. */
VEC_INLINE V vload_range(const float *p, int64_t begin, int64_t end)
{
    if (begin <= 0 && end >= VN)
        return vld1q_f32(p);
    float lane[VN] = {0};
    for (int64_t i = GNL_MAX(begin, 0); i < GNL_MIN(end, (int64_t)VN); i++)
        lane[i] = p[i];
    return vld1q_f32(lane);
}
/* Splits the numbers of a followed by b into those with even and those with odd index; vinterleave is the inverse. */
VEC_INLINE void vdeinterleave(V a, V b, V *even, V *odd)
{
    *even = vuzp1q_f32(a, b);
    *odd = vuzp2q_f32(a, b);
}
VEC_INLINE void vinterleave(V even, V odd, V *a, V *b)
{
    *a = vzip1q_f32(even, odd);
    *b = vzip2q_f32(even, odd);
}
VEC_INLINE void vstore(float *p, V v)
{
    vst1q_f32(p, v);
}
VEC_INLINE void vstore_m(float *p, M m, V v)
{
    float lane[VN];
    vst1q_f32(lane, v);
    for (int i = 0; i < m; i++)
        p[i] = lane[i];
}
VEC_INLINE C vlanes(M m)
{
    static const uint32_t index[VN] = {0, 1, 2, 3};
    return vcltq_u32(vld1q_u32(index), vdupq_n_u32((uint32_t)m));
}
/* Converts a comparison to bits, lane 0 to bit 0, and back. */
VEC_INLINE uint32_t vbits(C c)
{
    return vaddvq_u32(vandq_u32(c, (VI){1, 2, 4, 8}));
}
VEC_INLINE C vfrom_bits(uint32_t bits)
{
    return vtstq_u32(vdupq_n_u32(bits), (VI){1, 2, 4, 8});
}
/* c ? a : b */
VEC_INLINE V vselect(C c, V a, V b)
{
    return vbslq_f32(c, a, b);
}
/* v in the lanes of a mask, zero elsewhere. */
VEC_INLINE V vkeep(M m, V v)
{
    return vbslq_f32(vlanes(m), v, vzero());
}
/* a in the lanes of a mask, b elsewhere. */
VEC_INLINE V vselect_m(M m, V a, V b)
{
    return vbslq_f32(vlanes(m), a, b);
}
VEC_INLINE V vadd(V a, V b)
{
    return vaddq_f32(a, b);
}
VEC_INLINE V vsub(V a, V b)
{
    return vsubq_f32(a, b);
}
VEC_INLINE V vmul(V a, V b)
{
    return vmulq_f32(a, b);
}
VEC_INLINE V vdiv(V a, V b)
{
    return vdivq_f32(a, b);
}
VEC_INLINE V vfma(V a, V b, V c)
{
    return vfmaq_f32(c, a, b);
}
/* c - a b */
VEC_INLINE V vfnma(V a, V b, V c)
{
    return vfmsq_f32(c, a, b);
}
VEC_INLINE V vsqrt(V a)
{
    return vsqrtq_f32(a);
}
VEC_INLINE C vlt(V a, V b)
{
    return vcltq_f32(a, b);
}
VEC_INLINE C vgt(V a, V b)
{
    return vcgtq_f32(a, b);
}
VEC_INLINE C vboth(C a, C b)
{
    return vandq_u32(a, b);
}
VEC_INLINE V vmax(V a, V b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
VEC_INLINE V vmin(V a, V b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
VEC_INLINE V vabs(V a)
{
    return vabsq_f32(a);
}
/* |a| with the sign of b */
VEC_INLINE V vcopysign(V a, V b)
{
    return vbslq_f32(vdupq_n_u32(0x80000000u), b, a);
}
VEC_INLINE V vround(V a)
{
    return vrndnq_f32(a);
}
/* 2^n for an integer n in -126 .. 127 */
VEC_INLINE V vpower(int32x4_t n)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}
/* x 2^n for an integer n in -252 .. 254. Two factors, so that results near the ends of the range are correct. */
VEC_INLINE V vscale(V x, V n)
{
    int32x4_t whole = vcvtnq_s32_f32(n), half = vshrq_n_s32(whole, 1);
    return vmulq_f32(vmulq_f32(x, vpower(half)), vpower(vsubq_s32(whole, half)));
}
/* Returns the mantissa, in [0.75, 1.5), and the exponent of a positive normal number. */
VEC_INLINE V vsplit(V x, V *exponent)
{
    int32x4_t bits = vreinterpretq_s32_f32(x), e = vshrq_n_s32(vsubq_s32(bits, vdupq_n_s32(0x3F400000)), 23);
    *exponent = vcvtq_f32_s32(e);
    return vreinterpretq_f32_s32(vsubq_s32(bits, vshlq_n_s32(e, 23)));
}
VEC_INLINE float vsum(V v)
{
    return vaddvq_f32(v);
}
VEC_INLINE float vreduce_max(V v)
{
    return vmaxvq_f32(v);
}

VEC_INLINE VD vd_zero(void)
{
    return (VD){vdupq_n_f64(0), vdupq_n_f64(0)};
}
VEC_INLINE VD vd_widen(V v)
{
    return (VD){vcvt_f64_f32(vget_low_f32(v)), vcvt_high_f64_f32(v)};
}
VEC_INLINE VD vd_add(VD a, V v)
{
    VD b = vd_widen(v);
    return (VD){vaddq_f64(a.lo, b.lo), vaddq_f64(a.hi, b.hi)};
}
/* a + x y; the product of two floats is exact in double */
VEC_INLINE VD vd_fma(VD a, V x, V y)
{
    VD u = vd_widen(x), v = vd_widen(y);
    return (VD){vfmaq_f64(a.lo, u.lo, v.lo), vfmaq_f64(a.hi, u.hi, v.hi)};
}
VEC_INLINE double vd_sum(VD a)
{
    return vaddvq_f64(vaddq_f64(a.lo, a.hi));
}
VEC_INLINE V vd_narrow(VD a)
{
    return vcvt_high_f32_f64(vcvt_f32_f64(a.lo), a.hi);
}

VEC_INLINE VI vi_load(const uint32_t *p)
{
    return vld1q_u32(p);
}
VEC_INLINE VI vi_set(uint32_t x)
{
    return vdupq_n_u32(x);
}
VEC_INLINE VI vi_xor(VI a, VI b)
{
    return veorq_u32(a, b);
}
/* Converts the top 24 bits of each word to a float in [0,1). */
VEC_INLINE V vi_unit(VI a)
{
    return vmulq_n_f32(vcvtq_f32_u32(vshrq_n_u32(a, 8)), 0x1p-24f);
}
/* Returns the high halves of the 64-bit products of the lanes; *low receives the low halves. */
VEC_INLINE VI vi_mul(VI a, VI b, VI *low)
{
    uint32x4_t first = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(a), vget_low_u32(b)));
    uint32x4_t second = vreinterpretq_u32_u64(vmull_high_u32(a, b));
    *low = vuzp1q_u32(first, second);
    return vuzp2q_u32(first, second);
}

/* p[4 i + j] = v[j][i] */
VEC_INLINE void vstore4(float *p, const V v[4])
{
    float32x4x4_t four = {{v[0], v[1], v[2], v[3]}};
    vst4q_f32(p, four);
}

VEC_INLINE V vpairs(V a, V b, bool high)
{
    float64x2_t x = vreinterpretq_f64_f32(a), y = vreinterpretq_f64_f32(b);
    return vreinterpretq_f32_f64(high ? vtrn2q_f64(x, y) : vtrn1q_f64(x, y));
}

/* Transposes a 4 x 4 matrix. */
VEC_INLINE void vtranspose(V v[4])
{
    V ab0 = vtrn1q_f32(v[0], v[1]), ab1 = vtrn2q_f32(v[0], v[1]);
    V cd0 = vtrn1q_f32(v[2], v[3]), cd1 = vtrn2q_f32(v[2], v[3]);
    v[0] = vpairs(ab0, cd0, false);
    v[1] = vpairs(ab1, cd1, false);
    v[2] = vpairs(ab0, cd0, true);
    v[3] = vpairs(ab1, cd1, true);
}

#endif
