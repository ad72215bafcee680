/* SPDX-License-Identifier: MIT */
/* Kolmogorov-Smirnov statistic of each column. */
#include "metric/metric_priv.h"

typedef struct ks_opts {
    size_t size;
    uint32_t each, reserved;
} ks_opts;

static const gnl_option options[] = {
    GNL_OPT_BOOL(ks_opts, each, 0, "whether the statistic of each column follows"),
};
static const gnl_options_table table = {
    "kolmogorov_smirnov", sizeof(ks_opts), options, GNL_COUNT(options), {offsetof(ks_opts, reserved)}, NULL};

static const gnl_metric_name values[] = {
    {"kolmogorov_smirnov",
     "largest difference of the distribution functions, mean over columns; 0 is best, 1 is worst"},
    {"kolmogorov_smirnov_max", "largest difference of the distribution functions of any column; 0 is best"},
    {NULL, NULL}};

static double statistic(int64_t n, const double *a, int64_t m, const double *b)
{
    double largest = 0;
    for (int64_t i = 0, j = 0; i < n && j < m;) {
        const double x = fmin(a[i], b[j]);
        while (i < n && a[i] <= x)
            i++;
        while (j < m && b[j] <= x)
            j++;
        largest = fmax(largest, fabs((double)i / (double)n - (double)j / (double)m));
    }
    return largest;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows sets[2];
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    const int64_t n = sets[0].n, m = sets[1].n, d = sets[0].d;
    double *found = gnl_alloc(sets[0].ctx, (size_t)(d + n + m), sizeof *found), *a = found + d, *b = a + n;
    if (!found)
        return GENLAT_E_MEMORY;
    for (int64_t j = 0; j < d; j++) {
        gnl_column(&sets[0], j, true, a);
        gnl_column(&sets[1], j, true, b);
        found[j] = statistic(n, a, m, b);
    }
    genlat_status status = gnl_metric_add_mean_max(out, values, d, found, GNL_MIN(n, m));
    for (int64_t j = 0; ((const ks_opts *)call->opts)->each && j < d && status == GENLAT_OK; j++)
        status = gnl_metric_add(out, &values[0], j, found[j], NAN, GNL_MIN(n, m));
    gnl_free(sets[0].ctx, found);
    return status;
}

const gnl_metric_type gnl_metric_kolmogorov_smirnov = {
    .name = "kolmogorov_smirnov",
    .help = "Kolmogorov-Smirnov statistic of the columns of samples and data; 0 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 1,
    .blocks = true,
    .compute = compute,
    .notes = "Biased upwards: for samples of one distribution about 0.87 sqrt(1/n + 1/m). Standard error: 10 blocks of "
             "the rows.",
};
