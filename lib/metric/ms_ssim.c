/* SPDX-License-Identifier: MIT */
/* Structural similarity at several scales. */
#include "metric/metric_priv.h"

enum { LEVELS = 5 };

static const double standard[LEVELS] = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

static const gnl_option options[] = {
    GNL_SSIM_OPTIONS,
    GNL_OPT_INT(gnl_ssim_opts, levels, LEVELS, 2, LEVELS,
                "scales, each half of the one before; the weights of fewer than 5 are scaled to the same sum"),
};
static const gnl_options_table table = {
    "ms_ssim", sizeof(gnl_ssim_opts), options, GNL_COUNT(options), {offsetof(gnl_ssim_opts, reserved)}, NULL};

static const gnl_metric_name values[] = {{"ms_ssim", "multi-scale structural similarity of reconstructions; 1 is best"},
                                         {NULL, NULL}};

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const int64_t levels = ((const gnl_ssim_opts *)call->opts)->levels;
    double weight[LEVELS], all = 0, sum = 0;
    for (int64_t i = 0; i < LEVELS; i++) {
        all += standard[i];
        sum += i < levels ? standard[i] : 0;
    }
    for (int64_t i = 0; i < levels; i++)
        weight[i] = standard[i] * all / sum;
    return gnl_ssim_compute(call, levels, weight, values, out);
}

const gnl_metric_type gnl_metric_ms_ssim = {
    .name = "ms_ssim",
    .help = "multi-scale structural similarity of reconstructed images; 1 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_RECONSTRUCTIONS | GENLAT_METRIC_ORIGINALS,
    .least = 1,
    .compute = compute,
    .notes =
        "Five scales with a window of 11 need sides of 176 pixels. Negative factors count as 0, as in torchmetrics. "
        "Standard error: over the images. Source: Wang, Simoncelli, Bovik, Multi-scale structural similarity for "
        "image quality assessment, 2003.",
};
