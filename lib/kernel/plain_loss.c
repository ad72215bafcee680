/* SPDX-License-Identifier: MIT */
/* Plain C softmax, losses and Gaussian latents. */
#include <tgmath.h>

#include "kernel/entries_priv.h"

static void softmax_row(int64_t cols, const gnl_real *x, gnl_real *y)
{
    gnl_real max = x[0];
    for (int64_t i = 1; i < cols; i++)
        max = x[i] > max ? x[i] : max;
    double total = 0;
    for (int64_t i = 0; i < cols; i++) {
        y[i] = exp(x[i] - max);
        total += (double)y[i];
    }
    gnl_plain_scale(cols, (gnl_real)(1 / total), y, y);
}

void gnl_plain_softmax(int64_t rows, int64_t cols, const gnl_real *x, gnl_real *y)
{
    for (int64_t r = 0; r < rows && cols > 0; r++)
        softmax_row(cols, x + r * cols, y + r * cols);
}

void gnl_plain_softmax_backward(int64_t rows, int64_t cols, const gnl_real *y, const gnl_real *dy, gnl_real *dx)
{
    for (int64_t r = 0; r < rows; r++, y += cols, dy += cols, dx += cols) {
        gnl_real mean = (gnl_real)gnl_plain_dot(cols, y, dy);
        for (int64_t i = 0; i < cols; i++)
            dx[i] = y[i] * (dy[i] - mean);
    }
}

/* Computes log(1 + e^l) - t l. The exponent is never positive, so that it cannot overflow. */
double gnl_plain_bernoulli(int64_t n, const gnl_real *logits, const gnl_real *target, gnl_real scale, gnl_real *grad)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        gnl_real l = logits[i], t = target[i];
        gnl_real e = exp(-fabs(l));
        total += (double)((l < 0 ? 0 : l) - l * t + log1p(e));
        if (grad)
            grad[i] = scale * ((l < 0 ? e : 1) / (1 + e) - t);
    }
    return total;
}

double gnl_plain_squared(int64_t n, const gnl_real *x, const gnl_real *target, gnl_real scale, gnl_real *grad)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        gnl_real d = x[i] - target[i];
        total += (double)d * (double)d;
        if (grad)
            grad[i] = scale * d;
    }
    return 0.5 * total;
}

double gnl_plain_gauss_sample_kl(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                                 gnl_real *z)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        gnl_real m = mean[i], l = logvar[i], deviation = exp((gnl_real)0.5 * l);
        total += (double)(m * m + (deviation * deviation - 1 - l));
        z[i] = m + deviation * noise[i];
    }
    return 0.5 * total;
}

void gnl_plain_gauss_sample_kl_backward(int64_t n, const gnl_real *mean, const gnl_real *logvar, const gnl_real *noise,
                                        const gnl_real *dz, gnl_real kl_scale, gnl_real *dmean, gnl_real *dlogvar)
{
    for (int64_t i = 0; i < n; i++) {
        gnl_real m = mean[i], d = dz[i], deviation = exp((gnl_real)0.5 * logvar[i]);
        dlogvar[i] = (gnl_real)0.5 * (d * noise[i] * deviation + kl_scale * (deviation * deviation - 1));
        dmean[i] = d + kl_scale * m;
    }
}
