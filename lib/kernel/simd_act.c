/* SPDX-License-Identifier: MIT */
/* Activations, compiled once per instruction set: value, slope, curvature; macros define the loops. */
#include "kernel/simd_priv.h"
#include "kernel/vec_math.h"

#define SELU_SCALE 1.0507009873554804934f
#define SELU_ALPHA 1.6732632423543772848f

VEC_INLINE V vnegative(V x)
{
    return vsub(vzero(), x);
}

/* y (1 - y) */
VEC_INLINE V vlogistic_slope(V y)
{
    return vmul(y, vsub(vset(1.0f), y));
}

VEC_INLINE V relu(V x, V alpha)
{
    return vmax(vzero(), x);
}

VEC_INLINE V leaky_relu(V x, V alpha)
{
    return vselect(vlt(x, vzero()), vmul(alpha, x), x);
}

VEC_INLINE V elu(V x, V alpha)
{
    return vselect(vlt(x, vzero()), vmul(alpha, vexpm1(vmin(vzero(), x))), x);
}

VEC_INLINE V elu_slope(V x, V y, V alpha)
{
    return vselect(vgt(y, vzero()), vset(1.0f), vadd(y, alpha));
}

VEC_INLINE V elu_curve(V x, V y, V alpha)
{
    return vselect(vgt(y, vzero()), vzero(), vadd(y, alpha));
}

VEC_INLINE V selu(V x, V alpha)
{
    return vmul(vset(SELU_SCALE), elu(x, vset(SELU_ALPHA)));
}

VEC_INLINE V selu_slope(V x, V y, V alpha)
{
    return vselect(vgt(y, vzero()), vset(SELU_SCALE), vadd(y, vset(SELU_SCALE * SELU_ALPHA)));
}

VEC_INLINE V selu_curve(V x, V y, V alpha)
{
    return vselect(vgt(y, vzero()), vzero(), vadd(y, vset(SELU_SCALE * SELU_ALPHA)));
}

VEC_INLINE V silu(V x, V alpha)
{
    return vmul(x, vsigmoid(x));
}

VEC_INLINE V silu_slope(V x, V y, V alpha)
{
    V s = vsigmoid(x);
    return vfma(x, vlogistic_slope(s), s);
}

VEC_INLINE V silu_curve(V x, V y, V alpha)
{
    V s = vsigmoid(x), two = vset(2.0f);
    return vmul(vlogistic_slope(s), vfma(x, vfnma(two, s, vset(1.0f)), two));
}

VEC_INLINE V gelu(V x, V alpha)
{
    V density;
    return vmul(x, vnormal_cdf(x, &density));
}

VEC_INLINE V gelu_slope(V x, V y, V alpha)
{
    V density, cdf = vnormal_cdf(x, &density);
    return vfma(x, density, cdf);
}

VEC_INLINE V gelu_curve(V x, V y, V alpha)
{
    V density;
    vnormal_cdf(x, &density);
    return vmul(density, vfnma(x, x, vset(2.0f)));
}

VEC_INLINE V softplus(V x, V alpha)
{
    return vsoftplus(x);
}

VEC_INLINE V softplus_slope(V x, V y, V alpha)
{
    return vsigmoid(x);
}

VEC_INLINE V softplus_curve(V x, V y, V alpha)
{
    return vlogistic_slope(vsigmoid(x));
}

VEC_INLINE V tangent(V x, V alpha)
{
    return vtanh(x);
}

VEC_INLINE V tanh_slope(V x, V y, V alpha)
{
    return vfnma(y, y, vset(1.0f));
}

VEC_INLINE V tanh_curve(V x, V y, V alpha)
{
    return vmul(vmul(vset(-2.0f), y), vfnma(y, y, vset(1.0f)));
}

VEC_INLINE V sigmoid(V x, V alpha)
{
    return vsigmoid(x);
}

VEC_INLINE V sigmoid_slope(V x, V y, V alpha)
{
    return vlogistic_slope(y);
}

VEC_INLINE V sigmoid_curve(V x, V y, V alpha)
{
    return vmul(vlogistic_slope(y), vfnma(vset(2.0f), y, vset(1.0f)));
}

VEC_INLINE V hardtanh(V x, V alpha)
{
    return vmin(alpha, vmax(vnegative(alpha), x));
}

VEC_INLINE V hardtanh_slope(V x, V y, V alpha)
{
    return vselect(vboth(vgt(y, vnegative(alpha)), vlt(y, alpha)), vset(1.0f), vzero());
}

#define FORWARD(name, value)                                                                                           \
    void GNL_K(name)(int64_t n, gnl_real alpha, const gnl_real *x, gnl_real *y)                                        \
    {                                                                                                                  \
        const V a = vset(alpha);                                                                                       \
        FOR_VECTORS(n, PUT(y, value(GET(x), a)););                                                                     \
    }

/* Each derivative reads only x or only y (see kernel.h); the compiler removes the other load. */
#define BACKWARD(name)                                                                                                 \
    void GNL_K(name##_backward)(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y, const gnl_real *dy,   \
                                gnl_real *dx)                                                                          \
    {                                                                                                                  \
        const V a = vset(alpha);                                                                                       \
        FOR_VECTORS(n, PUT(dx, vmul(GET(dy), name##_slope(GET(x), GET(y), a))););                                      \
    }

#define SECOND(name)                                                                                                   \
    void GNL_K(name##_second)(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y, const gnl_real *u,      \
                              const gnl_real *v, gnl_real *out)                                                        \
    {                                                                                                                  \
        const V a = vset(alpha);                                                                                       \
        FOR_VECTORS(n, V curve = name##_curve(GET(x), GET(y), a);                                                      \
                    PUT(out, vfma(vmul(GET(u), GET(v)), curve, GET(out))););                                           \
    }

/* Piecewise linear: the second derivative is zero. */
#define SECOND_NONE(name)                                                                                              \
    void GNL_K(name##_second)(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y, const gnl_real *u,      \
                              const gnl_real *v, gnl_real *out)                                                        \
    {                                                                                                                  \
    }

#define CURVED(name) FORWARD(name, name) BACKWARD(name) SECOND(name)
#define LINEAR(name) FORWARD(name, name) BACKWARD(name) SECOND_NONE(name)

FORWARD(relu, relu)
FORWARD(leaky_relu, leaky_relu)
CURVED(elu)
CURVED(selu)
CURVED(silu)
CURVED(gelu)
CURVED(softplus)
FORWARD(tanh, tangent)
BACKWARD(tanh)
SECOND(tanh)
CURVED(sigmoid)
LINEAR(hardtanh)

/* Returns the signs of n <= GNL_SIGNS numbers. */
VEC_INLINE gnl_signs signs_of(int64_t n, const gnl_real *x)
{
    uint32_t word = 0;
    for (int i = 0; i < GNL_SIGNS && i < n; i += VN) {
        V v = n - i >= VN ? vload(x + i) : vload_m(x + i, vmask(n - i));
        word |= vbits(vgt(v, vzero())) << i;
    }
    return (gnl_signs)word;
}

void GNL_K(signs)(int64_t n, const gnl_real *x, gnl_signs *out)
{
    for (int64_t i = 0; i < n; i += GNL_SIGNS)
        out[i / GNL_SIGNS] = n - i >= GNL_SIGNS ? signs_of(GNL_SIGNS, x + i) : signs_of(n - i, x + i);
}

void GNL_K(rectify)(int64_t n, gnl_real alpha, const gnl_signs *signs, const gnl_real *x, gnl_real *y)
{
    const V a = vset(alpha);
    FOR_VECTORS(n, V v = GET(x); uint32_t bits = (uint32_t)signs[i / GNL_SIGNS] >> i % GNL_SIGNS;
                PUT(y, vselect(vfrom_bits(bits), v, vmul(a, v))););
}

void GNL_K(exp)(int64_t n, const gnl_real *x, gnl_real *y)
{
    FOR_VECTORS(n, PUT(y, vexp(GET(x))););
}
