/* SPDX-License-Identifier: MIT */
/*
 * Elementary functions on vectors. Each reduces its argument to a range where a short polynomial suffices. The relative
 * error is about 1e-7 (for Phi below zero: 1e-6). Results are correct at infinities and for NaN. Coefficients are those
 * of Taylor series, or minimize the relative error where they have ten digits.
 */
#ifndef GNL_KERNEL_VEC_MATH_H
#define GNL_KERNEL_VEC_MATH_H

#include "kernel/vec.h"

/* c[0] x^(n-1) + ... + c[n-1] */
VEC_INLINE V vpoly(V x, const float *c, const int n)
{
    V sum = vset(c[0]);
#pragma GCC unroll 16
    for (int i = 1; i < n; i++)
        sum = vfma(sum, x, vset(c[i]));
    return sum;
}

/* x = n ln 2 + r with |r| <= ln 2 / 2; returns e^r - 1. */
VEC_INLINE V vexp_reduced(V x, V *n)
{
    static const float c[] = {1.394642690e-03f, 8.366571399e-03f, 4.166628247e-02f, 1.666654312e-01f, 5.000000062e-01f};
    *n = vround(vmul(x, vset(1.44269504088896341f)));
    V r = vfnma(*n, vset(-2.12194440e-4f), vfnma(*n, vset(0.693359375f), x));
    return vfma(vmul(r, r), vpoly(r, c, 5), r);
}

VEC_INLINE V vexp(V x)
{
    V n, r = vexp_reduced(vmax(vset(-104.0f), vmin(vset(89.0f), x)), &n);
    return vscale(vadd(r, vset(1.0f)), n);
}

/* e^x - 1 for x <= 0. */
VEC_INLINE V vexpm1(V x)
{
    V n, r = vexp_reduced(vmax(vset(-40.0f), x), &n), power = vscale(vset(1.0f), n);
    return vfma(power, r, vsub(power, vset(1.0f)));
}

/* 2 artanh(s) = log((1 + s) / (1 - s)), as an odd series. */
VEC_INLINE V vlog_ratio(V s, const float *c, const int n)
{
    V square = vmul(s, s), twice = vadd(s, s);
    return vfma(vmul(twice, square), vpoly(square, c, n), twice);
}

/* Logarithm of a positive normal number. */
VEC_INLINE V vlog(V x)
{
    static const float c[] = {1.518262444e-01f, 1.997880391e-01f, 3.333347476e-01f};
    V e, m = vsplit(x, &e), one = vset(1.0f);
    V log_m = vlog_ratio(vdiv(vsub(m, one), vadd(m, one)), c, 3);
    return vfma(e, vset(0.693359375f), vfma(e, vset(-2.12194440e-4f), log_m));
}

/* log(1 + x) for x in [0,1], given x / (2 + x). */
VEC_INLINE V vlog1p_ratio(V ratio)
{
    static const float c[] = {1.401222936e-01f, 1.399957056e-01f, 2.001084953e-01f, 3.333320657e-01f};
    return vlog_ratio(ratio, c, 4);
}

VEC_INLINE V vsigmoid(V x)
{
    V one = vset(1.0f);
    return vdiv(one, vadd(one, vexp(vsub(vzero(), x))));
}

/* Computed from e^(-2|x|) - 1, so that small x keep their precision. */
VEC_INLINE V vtanh(V x)
{
    V t = vexpm1(vmul(vset(-2.0f), vabs(x)));
    return vcopysign(vdiv(t, vadd(t, vset(2.0f))), x);
}

VEC_INLINE V vsoftplus(V x)
{
    V e = vexp(vsub(vzero(), vabs(x)));
    return vadd(vmax(vzero(), x), vlog1p_ratio(vdiv(e, vadd(e, vset(2.0f)))));
}

/* Density of the normal distribution, and its integral Phi(x). For a = |x|, Phi(-a) e^(a^2/2) is smooth in t = 1 / (1 +
 * a/4). It is approximated by a polynomial of degree 9 in 2 t - 1 with a relative error of 1.7e-8. */
VEC_INLINE V vnormal_cdf(V x, V *density)
{
    static const float c[] = {6.528439255e-05f, -1.678252177e-04f, -6.577625600e-04f, 5.025509861e-04f,
                              8.497917348e-03f, 3.086549898e-02f,  7.170674293e-02f,  1.243792016e-01f,
                              1.703977412e-01f, 9.441064215e-02f};
    V a = vmin(vset(14.5f), vabs(x)), one = vset(1.0f), square = vmul(a, a);
    /* Corrects the rounding error l of the square s, which matters for large x: e^(-s/2 - l/2) is nearly e^(-s/2) (1 -
     * l/2). */
    V lost = vsub(vzero(), vfnma(a, a, square)), bell = vexp(vmul(vset(-0.5f), square));
    bell = vfnma(vmul(vset(0.5f), lost), bell, bell);
    V t = vdiv(one, vfma(vset(0.25f), a, one));
    V below = vmul(bell, vpoly(vfma(vset(2.0f), t, vset(-1.0f)), c, 10));
    *density = vmul(vset(0.39894228040143267794f), bell);
    return vselect(vlt(x, vzero()), below, vsub(one, below));
}

/* Cosine and sine of 2 pi u, u in [0,1]. The series are evaluated within an eighth of a turn of the nearest quarter. */
VEC_INLINE void vcos_sin(V u, V *cosine, V *sine)
{
    static const float s[] = {1.0f / 362880, -1.0f / 5040, 1.0f / 120, -1.0f / 6};
    static const float c[] = {-1.0f / 3628800, 1.0f / 40320, -1.0f / 720, 1.0f / 24, -0.5f};
    V quarter = vround(vmul(u, vset(4.0f)));
    V r = vmul(vfnma(quarter, vset(0.25f), u), vset(6.283185307179586f)), square = vmul(r, r), one = vset(1.0f);
    V sin_r = vfma(vmul(r, square), vpoly(square, s, 4), r), cos_r = vfma(square, vpoly(square, c, 5), one);
    /* Quarters 1 and 3 exchange sine and cosine; 2 and 3 negate the sine, 1 and 2 the cosine. */
    C odd = vlt(vabs(vsub(vabs(vsub(quarter, vset(2.0f))), one)), vset(0.5f));
    C late = vboth(vgt(quarter, vset(1.5f)), vlt(quarter, vset(3.5f)));
    C middle = vboth(vgt(quarter, vset(0.5f)), vlt(quarter, vset(2.5f)));
    V x = vselect(odd, sin_r, cos_r), y = vselect(odd, cos_r, sin_r);
    *cosine = vselect(middle, vsub(vzero(), x), x);
    *sine = vselect(late, vsub(vzero(), y), y);
}

#endif
