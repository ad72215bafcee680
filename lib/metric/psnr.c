/* SPDX-License-Identifier: MIT */
/* Peak signal-to-noise ratio of reconstructions. */
#include "metric/metric_priv.h"

enum { OF_ALL, OF_EACH };

static const char *const average_names[] = {"error", "rows", NULL};

typedef struct psnr_opts {
    size_t size;
    double range;
    uint32_t average, reserved;
} psnr_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(psnr_opts, range, 0, 0, 1e30, "range of the numbers; 0: largest - smallest of the originals"),
    GNL_OPT_ENUM(
        psnr_opts, average, OF_ALL, OF_EACH, average_names,
        "error: ratio of the mean squared error of all rows, as torchmetrics does; rows: mean of the ratios of "
        "the rows"),
};
static const gnl_options_table table = {
    "psnr", sizeof(psnr_opts), options, GNL_COUNT(options), {offsetof(psnr_opts, reserved)}, NULL};

static const gnl_metric_name values[] = {
    {"psnr", "peak signal-to-noise ratio of reconstructions, dB; higher is better"}, {NULL, NULL}};

static double range_of(const genlat_tensor *x)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < gnl_shape_count(&x->shape); i++) {
        low = fmin(low, (double)x->data[i]);
        high = fmax(high, (double)x->data[i]);
    }
    return high - low;
}

double gnl_metric_range(const gnl_metric_call *call)
{
    return fmax(range_of(call->input[GNL_RECONSTRUCTIONS]), range_of(call->input[GNL_ORIGINALS]));
}

static double decibels(double range, double error)
{
    return 10 * log10(range * range / error);
}

/* Overwrites the squared errors. The error of the ratio of a mean is that of the mean, times the derivative. */
static genlat_status add_ratio(const psnr_opts *o, double range, int64_t n, double *errors, gnl_metric_numbers *out)
{
    double mean = 0;
    for (int64_t i = 0; o->average == OF_EACH && i < n; i++)
        errors[i] = decibels(range, errors[i]);
    gnl_mean_sd(n, errors, &mean, NULL);
    const double error = gnl_standard_error(n, errors);
    return o->average == OF_EACH
               ? gnl_metric_add(out, values, -1, mean, error, n)
               : gnl_metric_add(out, values, -1, decibels(range, mean), 10 / log(10) * error / mean, n);
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const psnr_opts *o = call->opts;
    const gnl_rows rows = gnl_metric_rows(call, GNL_RECONSTRUCTIONS);
    GNL_TRY(gnl_metric_check_pairs(call));
    const double range = o->range > 0 ? o->range : range_of(call->input[GNL_ORIGINALS]);
    if (!(range > 0))
        return gnl_fail(GENLAT_E_NUMERIC, "all numbers of the originals are equal; set range");
    double *errors = gnl_alloc(rows.ctx, (size_t)rows.n, sizeof *errors);
    if (!errors)
        return GENLAT_E_MEMORY;
    gnl_squared_errors(call, errors);
    genlat_status status = add_ratio(o, range, rows.n, errors, out);
    gnl_free(rows.ctx, errors);
    return status;
}

const gnl_metric_type gnl_metric_psnr = {
    .name = "psnr",
    .help = "peak signal-to-noise ratio of reconstructions, dB; higher is better",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_RECONSTRUCTIONS | GENLAT_METRIC_ORIGINALS,
    .least = 1,
    .compute = compute,
    .notes = "Infinite for exact reconstructions. Standard error: over the rows, by the delta method.",
};
