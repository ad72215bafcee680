/* SPDX-License-Identifier: MIT */
/* Plain C optimizer updates, in one pass over parameters and moments, and random fills. */
#include <tgmath.h>

#include "kernel/entries_priv.h"

/* Returns the gradient that the rules use: scaled, clamped (NaN propagates), with coupled decay. */
static gnl_real gradient_of(const gnl_update *u, gnl_real grad, gnl_real param)
{
    gnl_real g = u->gradient_scale * grad, bound = u->gradient_bound;
    g = g > bound ? bound : g < -bound ? -bound : g;
    return u->decoupled ? g : g + u->decay * param;
}

static gnl_real keep_of(const gnl_update *u)
{
    return u->decoupled ? 1 - u->lr * u->decay : 1;
}

void gnl_plain_sgd(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m, gnl_real *v,
                   gnl_real *w)
{
    gnl_real keep = keep_of(u);
    for (int64_t i = 0; i < n; i++) {
        gnl_real g = gradient_of(u, grad[i], param[i]);
        if (m) {
            m[i] = u->momentum * m[i] + g;
            g = u->nesterov ? g + u->momentum * m[i] : m[i];
        }
        param[i] = keep * param[i] - u->lr * g;
    }
}

/* Rounding can make the variance of the centered rule slightly negative. */
void gnl_plain_rmsprop(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m, gnl_real *v,
                       gnl_real *w)
{
    gnl_real keep = keep_of(u);
    for (int64_t i = 0; i < n; i++) {
        gnl_real g = gradient_of(u, grad[i], param[i]);
        v[i] = u->beta2 * v[i] + (1 - u->beta2) * g * g;
        gnl_real variance = v[i];
        if (u->centered) {
            w[i] = u->beta2 * w[i] + (1 - u->beta2) * g;
            variance -= w[i] * w[i];
            variance = variance < 0 ? 0 : variance;
        }
        g /= sqrt(variance) + u->epsilon;
        if (m) {
            m[i] = u->momentum * m[i] + g;
            g = m[i];
        }
        param[i] = keep * param[i] - u->lr * g;
    }
}

void gnl_plain_adam(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m, gnl_real *v,
                    gnl_real *w)
{
    gnl_real keep = keep_of(u), step = u->lr / u->correction1, root = 1 / sqrt(u->correction2);
    for (int64_t i = 0; i < n; i++) {
        gnl_real g = gradient_of(u, grad[i], param[i]);
        m[i] = u->beta1 * m[i] + (1 - u->beta1) * g;
        v[i] = u->beta2 * v[i] + (1 - u->beta2) * g * g;
        param[i] = keep * param[i] - step * m[i] / (sqrt(v[i]) * root + u->epsilon);
    }
}

void gnl_plain_adamax(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m, gnl_real *v,
                      gnl_real *w)
{
    gnl_real keep = keep_of(u), step = u->lr / u->correction1;
    for (int64_t i = 0; i < n; i++) {
        gnl_real g = gradient_of(u, grad[i], param[i]);
        gnl_real size = fabs(g) + u->epsilon, old = u->beta2 * v[i];
        m[i] = u->beta1 * m[i] + (1 - u->beta1) * g;
        v[i] = old > size ? old : size;
        param[i] = keep * param[i] - step * m[i] / v[i];
    }
}

void gnl_plain_lion(int64_t n, const gnl_update *u, const gnl_real *grad, gnl_real *param, gnl_real *m, gnl_real *v,
                    gnl_real *w)
{
    gnl_real keep = keep_of(u);
    for (int64_t i = 0; i < n; i++) {
        gnl_real g = gradient_of(u, grad[i], param[i]);
        gnl_real mix = u->beta1 * m[i] + (1 - u->beta1) * g;
        gnl_real sign = mix > 0 ? 1 : mix < 0 ? -1 : mix;
        m[i] = u->beta2 * m[i] + (1 - u->beta2) * g;
        param[i] = keep * param[i] - u->lr * sign;
    }
}

void gnl_plain_fill_uniform(int64_t n, const gnl_rng *at, gnl_real lo, gnl_real hi, gnl_real *out)
{
    gnl_rng here = *at;
    gnl_rng_fill_uniform(&here, out, n, lo, hi);
}

void gnl_plain_fill_normal(int64_t n, const gnl_rng *at, gnl_real *out)
{
    gnl_rng here = *at;
    gnl_rng_fill_normal(&here, out, n);
}
