/* SPDX-License-Identifier: MIT */
/* Softmax, losses and Gaussian latents, compiled once per instruction set. */
#include "kernel/simd_priv.h"
#include "kernel/vec_math.h"

static gnl_real max_of(int64_t n, const gnl_real *x)
{
    V top = vset(x[0]);
    FOR_VECTORS(n, V v = GET(x); top = vmax(whole ? v : vselect_m(m, v, top), top););
    return vreduce_max(top);
}

static void softmax_row(int64_t cols, const gnl_real *x, gnl_real *y)
{
    const V top = vset(max_of(cols, x));
    VD total = vd_zero();
    FOR_VECTORS(cols, V e = vexp(vsub(GET(x), top)); PUT(y, e); total = vd_add(total, KEEP(e)););
    GNL_K(scale)(cols, (gnl_real)(1 / vd_sum(total)), y, y);
}

void GNL_K(softmax)(int64_t rows, int64_t cols, const gnl_real *x, gnl_real *y)
{
    for (int64_t r = 0; r < rows && cols > 0; r++)
        softmax_row(cols, x + r * cols, y + r * cols);
}

void GNL_K(softmax_backward)(int64_t rows, int64_t cols, const gnl_real *y, const gnl_real *dy, gnl_real *dx)
{
    for (int64_t r = 0; r < rows; r++, y += cols, dy += cols, dx += cols) {
        const V mean = vset((gnl_real)GNL_K(dot)(cols, y, dy));
        FOR_VECTORS(cols, PUT(dx, vmul(GET(y), vsub(GET(dy), mean))););
    }
}

/* Computes both required fractions of e = e^-|l|, e / (2 + e) and 1 / (1 + e), with one division. */
VEC_INLINE V bernoulli_of(V l, V t, V *probability)
{
    const V zero = vzero(), one = vset(1.0f);
    V e = vexp(vsub(zero, vabs(l))), first = vadd(e, one), second = vadd(e, vset(2.0f));
    V inverse = vdiv(one, vmul(first, second));
    *probability = vmul(vselect(vlt(l, zero), e, one), vmul(inverse, second));
    return vadd(vfnma(l, t, vmax(zero, l)), vlog1p_ratio(vmul(e, vmul(inverse, first))));
}

double GNL_K(bernoulli)(int64_t n, const gnl_real *logits, const gnl_real *target, gnl_real scale, gnl_real *grad)
{
    const V factor = vset(scale);
    VD total = vd_zero();
    V p;
    if (grad)
        FOR_VECTORS(n, V t = GET(target); total = vd_add(total, KEEP(bernoulli_of(GET(logits), t, &p)));
                    PUT(grad, vmul(factor, vsub(p, t))););
    else
        FOR_VECTORS(n, total = vd_add(total, KEEP(bernoulli_of(GET(logits), GET(target), &p))););
    return vd_sum(total);
}

double GNL_K(squared)(int64_t n, const gnl_real *x, const gnl_real *target, gnl_real scale, gnl_real *grad)
{
    const V factor = vset(scale);
    VD total = vd_zero();
    FOR_VECTORS(n, V d = vsub(GET(x), GET(target)); total = vd_fma(total, d, d); if (grad) PUT(grad, vmul(factor, d)););
    return 0.5 * vd_sum(total);
}

double GNL_K(gauss_sample_kl)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                              gnl_real *z)
{
    const V half = vset(0.5f), one = vset(1.0f);
    VD total = vd_zero();
    FOR_VECTORS(n, V a = GET(mean); V l = GET(logvar); V deviation = vexp(vmul(half, l));
                V excess = vsub(vsub(vmul(deviation, deviation), one), l);
                total = vd_add(total, KEEP(vfma(a, a, excess))); PUT(z, vfma(deviation, GET(noise), a)););
    return 0.5 * vd_sum(total);
}

void GNL_K(gauss_sample_kl_backward)(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                                     const gnl_real *dz, gnl_real kl_scale, gnl_real *dmean, gnl_real *dlogvar)
{
    const V half = vset(0.5f), one = vset(1.0f), weight = vset(kl_scale);
    FOR_VECTORS(n, V a = GET(mean); V d = GET(dz); V deviation = vexp(vmul(half, GET(logvar)));
                V excess = vmul(weight, vsub(vmul(deviation, deviation), one));
                PUT(dlogvar, vmul(half, vfma(vmul(d, GET(noise)), deviation, excess)));
                PUT(dmean, vfma(weight, a, d)););
}
