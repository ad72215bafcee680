/* SPDX-License-Identifier: MIT */
/* Logistic distribution discretized to the levels of an image; the outer bins extend to infinity (Salimans, Karpathy,
 * Chen and Kingma, PixelCNN++, 2017, with one component). Let a and b be the upper and lower edge of the bin in units
 * of the scale. Then log(sigmoid(a) - sigmoid(b)) = log sigmoid(a) + log sigmoid(-b) + log(1 - e^-(a-b)), which never
 * cancels. */
#include "loss/loss_priv.h"

enum { RANGE_UNIT, RANGE_SYMMETRIC };

static const char *const range_names[] = {"unit", "symmetric", NULL};

typedef struct logistic_opts {
    size_t size;
    int64_t levels;
    double min_log_scale;
    uint32_t range;
    uint32_t reserved;
} logistic_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(logistic_opts, levels, 256, 2, 65536, "number of levels of the data, including both ends of the range"),
    GNL_OPT_REAL(logistic_opts, min_log_scale, -7, -20, 10, "smooth lower bound of the log-scale"),
    GNL_OPT_ENUM(logistic_opts, range, RANGE_UNIT, RANGE_SYMMETRIC, range_names, "range of the data: [0,1] or [-1,1]"),
};
static const gnl_options_table table = {"discretized_logistic", sizeof(logistic_opts), options, GNL_COUNT(options)};

static const logistic_opts *opts_of(const genlat_loss *loss)
{
    return (const logistic_opts *)(const void *)loss->opts;
}

static int64_t parts(const void *opts)
{
    return 2;
}

static gnl_loss_range range(const void *opts, int64_t outputs)
{
    return (gnl_loss_range){((const logistic_opts *)opts)->range == RANGE_UNIT ? 0 : -1, 1, false};
}

/* The levels are low, low + width, ... */
typedef struct bins {
    double low, width, last;
} bins;

static bins bins_of(const logistic_opts *o)
{
    double low = o->range == RANGE_UNIT ? 0 : -1;
    return (bins){low, (1 - low) / (double)(o->levels - 1), (double)(o->levels - 1)};
}

static double nearest(const bins *b, double x)
{
    double level = floor((x - b->low) / b->width + 0.5);
    return level < 0 ? 0 : level > b->last ? b->last : level;
}

/* log p and its derivatives with respect to the mean and the log of the scale. */
typedef struct bin_result {
    double value, by_mean, by_log_scale;
} bin_result;

static bin_result log_bin(const bins *bin, double x, double mean, double log_scale)
{
    double inverse = exp(-log_scale), level = nearest(bin, x);
    double centre = bin->low + level * bin->width - mean, delta = bin->width * inverse;
    double a = (centre + 0.5 * bin->width) * inverse, b = (centre - 0.5 * bin->width) * inverse;
    bin_result out = {0};
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

static double row(const gnl_loss_row *r)
{
    const logistic_opts *o = opts_of(r->loss);
    bins bin = bins_of(o);
    double total = 0;
    for (int64_t i = 0; i < r->dims; i++) {
        double raw = (double)r->out[r->dims + i];
        bin_result p = log_bin(&bin, (double)r->target[i], (double)r->out[i], gnl_soft_floor(raw, o->min_log_scale));
        total -= p.value;
        if (r->dout) {
            r->dout[i] = (gnl_real)(-r->factor * p.by_mean);
            r->dout[r->dims + i] = (gnl_real)(-r->factor * p.by_log_scale * gnl_logistic(raw - o->min_log_scale));
        }
    }
    return total;
}

static void eval(genlat_loss *loss, const gnl_loss_call *call)
{
    gnl_loss_rows(loss, call, row, NULL);
}

static double scale_of(const gnl_loss_element *e)
{
    return exp(gnl_soft_floor((double)e->out[e->stride], opts_of(e->loss)->min_log_scale));
}

static double element(const gnl_loss_element *e)
{
    const logistic_opts *o = opts_of(e->loss);
    bins bin = bins_of(o);
    double mean = (double)*e->out;
    if (!e->rng)
        return mean < bin.low ? bin.low : mean > 1 ? 1 : mean;
    double u = gnl_open_unit(e->rng);
    return bin.low + bin.width * nearest(&bin, mean + scale_of(e) * (log(u) - log1p(-u)));
}

static void decode(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, element);
}

static double location_of(const gnl_loss_element *e)
{
    return (double)*e->out;
}

static void locations(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, location_of);
}

static void scales(const genlat_loss *loss, const gnl_loss_decode *d)
{
    gnl_loss_elements(loss, d, scale_of);
}

static const gnl_loss_parameter parameters[] = {
    {"mean", "mean, limited to the range of the data", GNL_UNIT_LOCATION, false, decode},
    {"location", "centre of the logistic distribution", GNL_UNIT_LOCATION, false, locations},
    {"scale", "scale of the logistic distribution", GNL_UNIT_SCALE, false, scales},
    {NULL},
};

const gnl_loss_type gnl_discretized_logistic = {
    .name = "discretized_logistic",
    .options = &table,
    .parts = parts,
    .range = range,
    .eval = eval,
    .decode = decode,
    .parameters = parameters,
    .help = "logistic likelihood, discretized to the levels of an image; outputs are mean and log-scale",
};
