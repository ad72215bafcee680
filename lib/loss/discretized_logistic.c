/* SPDX-License-Identifier: MIT */
/* Logistic distribution discretized to the levels of an image; the outer bins extend to infinity (Salimans, Karpathy,
 * Chen and Kingma, PixelCNN++, 2017, with one component). */
#include "loss/loss_priv.h"

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
    GNL_OPT_ENUM(logistic_opts, range, GNL_RANGE_UNIT, GNL_RANGE_SYMMETRIC, gnl_range_names,
                 "range of the data: [0,1] or [-1,1]"),
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
    return gnl_range_of(((const logistic_opts *)opts)->range);
}

static gnl_bins bins_of(const logistic_opts *o)
{
    return gnl_bins_of(o->range, o->levels);
}

static double row(const gnl_loss_row *r)
{
    const logistic_opts *o = opts_of(r->loss);
    const gnl_bins bins = bins_of(o);
    double total = 0;
    for (int64_t i = 0; i < r->dims; i++) {
        double raw = (double)r->out[r->dims + i];
        gnl_bin_result p =
            gnl_bins_log_p(&bins, (double)r->target[i], (double)r->out[i], gnl_soft_floor(raw, o->min_log_scale));
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
    const gnl_bins bins = bins_of(opts_of(e->loss));
    const double mean = (double)*e->out;
    return e->rng ? gnl_bins_draw(&bins, mean, scale_of(e), gnl_open_unit(e->rng)) : gnl_bins_limit(&bins, mean);
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
