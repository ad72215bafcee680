/* SPDX-License-Identifier: MIT */
/* Scalar functions of the likelihoods, in double. */
#include "loss/loss_priv.h"

static const double HALF_LOG_TWO_PI = 0.91893853320467274178;

double gnl_log1p_exp(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

double gnl_logistic(double x)
{
    double e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

double gnl_soft_floor(double x, double low)
{
    return low + gnl_log1p_exp(x - low);
}

/* y - low = log(1 + e^t), so t = log(e^(y - low) - 1). */
double gnl_soft_floor_inverse(double y, double low)
{
    double above = y - low;
    return low + above + log(-expm1(-above));
}

genlat_status gnl_check_above_floor(const char *name, double start, const char *floor_name, double floor)
{
    if (log(start) > floor)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_RANGE,
                    "value is %g, the initial value of the learned %s, which must be greater than its "
                    "lower bound e^%s = %g",
                    start, name, floor_name, exp(floor));
}

double gnl_open_unit(gnl_rng *rng)
{
    return gnl_rng_unit(rng) + 0x1p-54;
}

/* Stirling's series for x >= 10, where its error is below 1e-15. Smaller arguments are shifted up. */
double gnl_log_gamma(double x)
{
    double product = 1;
    for (; x < 10; x++)
        product *= x;
    double r = 1 / x, s = r * r;
    double series = r * (1. / 12 - s * (1. / 360 - s * (1. / 1260 - s * (1. / 1680 - s * (1. / 1188)))));
    return (x - 0.5) * log(x) - x + HALF_LOG_TWO_PI + series - log(product);
}

double gnl_digamma(double x)
{
    double sum = 0;
    for (; x < 10; x++)
        sum += 1 / x;
    double r = 1 / x, s = r * r;
    double series = s * (1. / 12 - s * (1. / 120 - s * (1. / 252 - s * (1. / 240 - s * (1. / 132)))));
    return log(x) - 0.5 * r - series - sum;
}

double gnl_log_sum_exp(int64_t n, const double *x)
{
    double largest = -INFINITY, total = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, x[i]);
    for (int64_t i = 0; i < n; i++)
        total += exp(x[i] - largest);
    return largest + log(total);
}
