/* SPDX-License-Identifier: MIT */
/* Logistic distribution over the levels of an image, for likelihoods with one or more of them. Let a and b be the upper
 * and lower edge of a bin in units of the scale. Then log(sigmoid(a) - sigmoid(b)) = log sigmoid(a) + log sigmoid(-b) +
 * log(1 - e^-(a-b)), which never cancels. */
#include "loss/loss_priv.h"

const char *const gnl_range_names[] = {"unit", "symmetric", NULL};

gnl_loss_range gnl_range_of(uint32_t range)
{
    return (gnl_loss_range){range == GNL_RANGE_UNIT ? 0 : -1, 1, false};
}

gnl_bins gnl_bins_of(uint32_t range, int64_t levels)
{
    const double low = gnl_range_of(range).low;
    return (gnl_bins){low, (1 - low) / (double)(levels - 1), (double)(levels - 1)};
}

double gnl_bins_nearest(const gnl_bins *b, double x)
{
    double level = floor((x - b->low) / b->width + 0.5);
    return level < 0 ? 0 : level > b->last ? b->last : level;
}

double gnl_bins_limit(const gnl_bins *b, double x)
{
    return x < b->low ? b->low : x > 1 ? 1 : x;
}

gnl_bin_result gnl_bins_log_p(const gnl_bins *bin, double x, double mean, double log_scale)
{
    double inverse = exp(-log_scale), level = gnl_bins_nearest(bin, x);
    double centre = bin->low + level * bin->width - mean, delta = bin->width * inverse;
    double a = (centre + 0.5 * bin->width) * inverse, b = (centre - 0.5 * bin->width) * inverse;
    gnl_bin_result out = {0};
    if (level < bin->last) {
        out.value -= gnl_log1p_exp(-a);
        out.by_mean -= gnl_logistic(-a) * inverse;
        out.by_log_scale -= a * gnl_logistic(-a);
    }
    if (level > 0) {
        out.value -= gnl_log1p_exp(b);
        out.by_mean += gnl_logistic(b) * inverse;
        out.by_log_scale += b * gnl_logistic(b);
    }
    if (level > 0 && level < bin->last) {
        out.value += log(-expm1(-delta));
        out.by_log_scale -= delta / expm1(delta);
    }
    return out;
}

double gnl_bins_draw(const gnl_bins *b, double mean, double scale, double u)
{
    return b->low + b->width * gnl_bins_nearest(b, mean + scale * (log(u) - log1p(-u)));
}
