/* SPDX-License-Identifier: MIT */
/* One number per vector: for the matrix product on machines without a wider set, and for the double build. */
#ifndef GNL_KERNEL_VEC_SCALAR_H
#define GNL_KERNEL_VEC_SCALAR_H

enum { VN = 1, TILE_ROWS = 4, TILE_VECTORS = 4, DOT_ROWS = 4, DOT_COLS = 4 };

typedef gnl_real V;
typedef bool M;

VEC_INLINE M vmask(int64_t count)
{
    return count > 0;
}
VEC_INLINE V vset(gnl_real x)
{
    return x;
}
VEC_INLINE V vzero(void)
{
    return 0;
}
VEC_INLINE V vload(const gnl_real *p)
{
    return *p;
}
/* Loads a bfloat16 number and converts it to float. */
VEC_INLINE V vload_bf16(const uint16_t *p)
{
    uint32_t bits = (uint32_t)*p << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
VEC_INLINE V vload_m(const gnl_real *p, M m)
{
    return m ? *p : 0;
}
VEC_INLINE V vload_range(const gnl_real *p, int64_t begin, int64_t end)
{
    return begin <= 0 && end > 0 ? *p : 0;
}
VEC_INLINE void vdeinterleave(V a, V b, V *even, V *odd)
{
    *even = a;
    *odd = b;
}
VEC_INLINE void vinterleave(V even, V odd, V *a, V *b)
{
    *a = even;
    *b = odd;
}
VEC_INLINE void vstore(gnl_real *p, V v)
{
    *p = v;
}
VEC_INLINE void vstore_m(gnl_real *p, M m, V v)
{
    if (m)
        *p = v;
}
VEC_INLINE V vadd(V a, V b)
{
    return a + b;
}
VEC_INLINE V vmul(V a, V b)
{
    return a * b;
}
VEC_INLINE V vfma(V a, V b, V c)
{
    return a * b + c;
}
VEC_INLINE gnl_real vsum(V v)
{
    return v;
}
VEC_INLINE void vtranspose(V v[1])
{
}

#endif
