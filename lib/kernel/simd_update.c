/* SPDX-License-Identifier: MIT */
/* Optimizer updates, compiled once per instruction set, in one pass over parameters and moments. */
#include "kernel/simd_priv.h"

/* The scalars of an update as vectors. */
typedef struct rule {
    V scale, bound, low, decay, keep, beta1, rest1, beta2, rest2, epsilon, momentum, lr;
    bool coupled;
} rule;

static rule rule_of(const gnl_update *u)
{
    return (rule){
        .scale = vset(u->gradient_scale),
        .bound = vset(u->gradient_bound),
        .low = vset(-u->gradient_bound),
        .decay = vset(u->decay),
        .keep = vset(u->decoupled ? 1 - u->lr * u->decay : 1),
        .beta1 = vset(u->beta1),
        .rest1 = vset(1 - u->beta1),
        .beta2 = vset(u->beta2),
        .rest2 = vset(1 - u->beta2),
        .epsilon = vset(u->epsilon),
        .momentum = vset(u->momentum),
        .lr = vset(u->lr),
        .coupled = !u->decoupled && u->decay != 0,
    };
}

/* Returns the gradient that the rules use: scaled, clamped (NaN propagates), with coupled decay. */
VEC_INLINE V gradient_of(const rule *r, V grad, V param)
{
    V g = vmin(r->bound, vmax(r->low, vmul(r->scale, grad)));
    return r->coupled ? vfma(r->decay, param, g) : g;
}

void GNL_K(sgd)(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m1, gnl_real *v,
                gnl_real *w)
{
    const rule r = rule_of(u);
    FOR_VECTORS(
        n, V p = GET(param); V g = gradient_of(&r, GET(grad), p); if (m1) {
            V moment = vfma(r.momentum, GET(m1), g);
            PUT(m1, moment);
            g = u->nesterov ? vfma(r.momentum, moment, g) : moment;
        } PUT(param, vfnma(r.lr, g, vmul(r.keep, p))););
}

/* Rounding can make the variance of the centered rule slightly negative. */
void GNL_K(rmsprop)(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m1, gnl_real *v,
                    gnl_real *w)
{
    const rule r = rule_of(u);
    FOR_VECTORS(
        n, V p = GET(param); V g = gradient_of(&r, GET(grad), p);
        V variance = vfma(r.beta2, GET(v), vmul(r.rest2, vmul(g, g))); PUT(v, variance); if (u->centered) {
            V mean = vfma(r.beta2, GET(w), vmul(r.rest2, g));
            PUT(w, mean);
            variance = vmax(vzero(), vfnma(mean, mean, variance));
        } g = vdiv(g, vadd(vsqrt(variance), r.epsilon));
        if (m1) {
            g = vfma(r.momentum, GET(m1), g);
            PUT(m1, g);
        } PUT(param, vfnma(r.lr, g, vmul(r.keep, p))););
}

void GNL_K(adam)(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m1, gnl_real *v,
                 gnl_real *w)
{
    const rule r = rule_of(u);
    const V step = vset(u->lr / u->correction1), root = vset(1 / sqrtf(u->correction2));
    FOR_VECTORS(n, V p = GET(param); V g = gradient_of(&r, GET(grad), p);
                V mean = vfma(r.beta1, GET(m1), vmul(r.rest1, g));
                V square = vfma(r.beta2, GET(v), vmul(r.rest2, vmul(g, g))); PUT(m1, mean); PUT(v, square);
                V move = vdiv(vmul(step, mean), vfma(vsqrt(square), root, r.epsilon));
                PUT(param, vsub(vmul(r.keep, p), move)););
}

void GNL_K(adamax)(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m1, gnl_real *v,
                   gnl_real *w)
{
    const rule r = rule_of(u);
    const V step = vset(u->lr / u->correction1);
    FOR_VECTORS(n, V p = GET(param); V g = gradient_of(&r, GET(grad), p);
                V mean = vfma(r.beta1, GET(m1), vmul(r.rest1, g));
                V top = vmax(vmul(r.beta2, GET(v)), vadd(vabs(g), r.epsilon)); PUT(m1, mean); PUT(v, top);
                PUT(param, vsub(vmul(r.keep, p), vdiv(vmul(step, mean), top))););
}

void GNL_K(lion)(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m1, gnl_real *v,
                 gnl_real *w)
{
    const rule r = rule_of(u);
    const V zero = vzero(), up = vset(1.0f), down = vset(-1.0f);
    FOR_VECTORS(n, V p = GET(param); V old = GET(m1); V g = gradient_of(&r, GET(grad), p);
                V mix = vfma(r.beta1, old, vmul(r.rest1, g));
                V sign = vselect(vgt(mix, zero), up, vselect(vlt(mix, zero), down, mix));
                PUT(m1, vfma(r.beta2, old, vmul(r.rest2, g))); PUT(param, vfnma(r.lr, sign, vmul(r.keep, p))););
}
