/* SPDX-License-Identifier: MIT */
/* Plain C activations. Each is defined by up to three scalar functions (value, slope, curvature); macros define the
 * loops. */
#include <tgmath.h>

#include "kernel/entries_priv.h"

/* Klambauer et al.: Self-normalizing neural networks, 2017. */
#define SELU_SCALE ((gnl_real)1.0507009873554804934)
#define SELU_ALPHA ((gnl_real)1.6732632423543772848)
#define SQRT_HALF ((gnl_real)0.70710678118654752440)
#define INV_SQRT_2PI ((gnl_real)0.39894228040143267794)

static gnl_real logistic(gnl_real x)
{
    return 1 / (1 + exp(-x));
}

static gnl_real normal_cdf(gnl_real x)
{
    return (gnl_real)0.5 * erfc(-x * SQRT_HALF);
}

static gnl_real normal_density(gnl_real x)
{
    return INV_SQRT_2PI * exp((gnl_real)-0.5 * x * x);
}

/* Comparisons are written so that NaN propagates. */
static gnl_real relu(gnl_real x, gnl_real alpha)
{
    return x < 0 ? 0 : x;
}

static gnl_real leaky_relu(gnl_real x, gnl_real alpha)
{
    return x < 0 ? alpha * x : x;
}

static gnl_real elu(gnl_real x, gnl_real alpha)
{
    return x < 0 ? alpha * expm1(x) : x;
}

static gnl_real elu_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    return y > 0 ? 1 : y + alpha;
}

static gnl_real elu_curve(gnl_real x, gnl_real y, gnl_real alpha)
{
    return y > 0 ? 0 : y + alpha;
}

static gnl_real selu(gnl_real x, gnl_real alpha)
{
    return SELU_SCALE * elu(x, SELU_ALPHA);
}

static gnl_real selu_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    return y > 0 ? SELU_SCALE : y + SELU_SCALE * SELU_ALPHA;
}

static gnl_real selu_curve(gnl_real x, gnl_real y, gnl_real alpha)
{
    return y > 0 ? 0 : y + SELU_SCALE * SELU_ALPHA;
}

static gnl_real silu(gnl_real x, gnl_real alpha)
{
    return x * logistic(x);
}

static gnl_real silu_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    gnl_real s = logistic(x);
    return s + x * s * (1 - s);
}

static gnl_real silu_curve(gnl_real x, gnl_real y, gnl_real alpha)
{
    gnl_real s = logistic(x);
    return s * (1 - s) * (2 + x * (1 - 2 * s));
}

static gnl_real gelu(gnl_real x, gnl_real alpha)
{
    return x * normal_cdf(x);
}

static gnl_real gelu_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    return normal_cdf(x) + x * normal_density(x);
}

static gnl_real gelu_curve(gnl_real x, gnl_real y, gnl_real alpha)
{
    return normal_density(x) * (2 - x * x);
}

static gnl_real softplus(gnl_real x, gnl_real alpha)
{
    return (x < 0 ? 0 : x) + log1p(exp(-fabs(x)));
}

static gnl_real softplus_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    return logistic(x);
}

static gnl_real softplus_curve(gnl_real x, gnl_real y, gnl_real alpha)
{
    gnl_real s = logistic(x);
    return s * (1 - s);
}

static gnl_real tanh_value(gnl_real x, gnl_real alpha)
{
    return tanh(x);
}

static gnl_real tanh_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    return 1 - y * y;
}

static gnl_real tanh_curve(gnl_real x, gnl_real y, gnl_real alpha)
{
    return -2 * y * (1 - y * y);
}

static gnl_real sigmoid(gnl_real x, gnl_real alpha)
{
    return logistic(x);
}

static gnl_real sigmoid_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    return y * (1 - y);
}

static gnl_real sigmoid_curve(gnl_real x, gnl_real y, gnl_real alpha)
{
    return y * (1 - y) * (1 - 2 * y);
}

static gnl_real hardtanh(gnl_real x, gnl_real alpha)
{
    return x < -alpha ? -alpha : x > alpha ? alpha : x;
}

static gnl_real hardtanh_slope(gnl_real x, gnl_real y, gnl_real alpha)
{
    return y > -alpha && y < alpha ? 1 : 0;
}

#define FORWARD(name, value)                                                                                           \
    void gnl_plain_##name(int64_t n, gnl_real alpha, const gnl_real *x, gnl_real *y)                                   \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            y[i] = value(x[i], alpha);                                                                                 \
    }

#define BACKWARD(name)                                                                                                 \
    void gnl_plain_##name##_backward(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y,                  \
                                     const gnl_real *dy, gnl_real *dx)                                                 \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            dx[i] = dy[i] * name##_slope(x[i], y[i], alpha);                                                           \
    }

#define SECOND(name)                                                                                                   \
    void gnl_plain_##name##_second(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y, const gnl_real *u, \
                                   const gnl_real *v, gnl_real *out)                                                   \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            out[i] += u[i] * v[i] * name##_curve(x[i], y[i], alpha);                                                   \
    }

/* Piecewise linear: the second derivative is zero. */
#define SECOND_NONE(name)                                                                                              \
    void gnl_plain_##name##_second(int64_t n, gnl_real alpha, const gnl_real *x, const gnl_real *y, const gnl_real *u, \
                                   const gnl_real *v, gnl_real *out)                                                   \
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
FORWARD(tanh, tanh_value)
BACKWARD(tanh)
SECOND(tanh)
CURVED(sigmoid)
LINEAR(hardtanh)

void gnl_plain_signs(int64_t n, const gnl_real *x, gnl_signs *out)
{
    for (int64_t i = 0; i < n; i += GNL_SIGNS) {
        gnl_signs word = 0;
        for (int64_t bit = 0; bit < GNL_MIN(n - i, (int64_t)GNL_SIGNS); bit++)
            word = (gnl_signs)(word | (x[i + bit] > 0) << bit);
        out[i / GNL_SIGNS] = word;
    }
}

void gnl_plain_rectify(int64_t n, gnl_real alpha, const gnl_signs *signs, const gnl_real *x, gnl_real *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = signs[i / GNL_SIGNS] >> i % GNL_SIGNS & 1 ? x[i] : alpha * x[i];
}

void gnl_plain_exp(int64_t n, const gnl_real *x, gnl_real *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = exp(x[i]);
}
