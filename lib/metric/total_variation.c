/* SPDX-License-Identifier: MIT */
/* Total variation distance of the histograms of each column. */
#include "metric/metric_priv.h"

typedef struct tv_opts {
    size_t size;
    int64_t bins;
    uint32_t each, reserved;
} tv_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(tv_opts, bins, 20, 1, 1e6, "bins of equal width over the range of both sets"),
    GNL_OPT_BOOL(tv_opts, each, 0, "whether the distance and both histograms of each column follow"),
};
static const gnl_options_table table = {
    "total_variation", sizeof(tv_opts), options, GNL_COUNT(options), {offsetof(tv_opts, reserved)}, NULL};

static const gnl_metric_name values[] = {
    {"total_variation", "half the sum of differences of the histograms, mean over columns; 0 is best, 1 is worst"},
    {"total_variation_max", "half the sum of differences of the histograms of the worst column; 0 is best"},
    {NULL, NULL}};
static const gnl_metric_name histogram[2] = {
    {"histogram", "share of the samples in a bin of a column; bins follow in their order"},
    {"data_histogram", "share of the data in a bin of a column; bins follow in their order"}};

typedef struct column_range {
    double low, high;
} column_range;

static column_range range_of(const gnl_rows sets[2], int64_t j)
{
    column_range r = {INFINITY, -INFINITY};
    for (int s = 0; s < 2; s++)
        for (int64_t i = 0; i < sets[s].n; i++) {
            r.low = fmin(r.low, (double)gnl_row(&sets[s], i)[j]);
            r.high = fmax(r.high, (double)gnl_row(&sets[s], i)[j]);
        }
    return r;
}

/* The last bin includes the upper end. */
static void fill(const gnl_rows *rows, int64_t j, column_range r, int64_t bins, double *shares)
{
    memset(shares, 0, (size_t)bins * sizeof *shares);
    for (int64_t i = 0; i < rows->n; i++) {
        const double place = r.high > r.low ? ((double)gnl_row(rows, i)[j] - r.low) / (r.high - r.low) : 0;
        shares[GNL_MIN((int64_t)(place * (double)bins), bins - 1)] += 1 / (double)rows->n;
    }
}

static genlat_status add_column(const gnl_rows sets[2], int64_t j, double distance, const tv_opts *o,
                                const double *shares, gnl_metric_numbers *out)
{
    GNL_TRY(gnl_metric_add(out, &values[0], j, distance, NAN, GNL_MIN(sets[0].n, sets[1].n)));
    for (int s = 0; s < 2; s++)
        for (int64_t b = 0; b < o->bins; b++) {
            const double share = shares[s * o->bins + b];
            GNL_TRY(gnl_metric_add(out, &histogram[s], j, share, gnl_share_error(share, sets[s].n), sets[s].n));
        }
    return GENLAT_OK;
}

static double measure(const gnl_rows sets[2], int64_t j, int64_t bins, double *shares)
{
    const column_range r = range_of(sets, j);
    double sum = 0;
    for (int s = 0; s < 2; s++)
        fill(&sets[s], j, r, bins, shares + s * bins);
    for (int64_t b = 0; b < bins; b++)
        sum += fabs(shares[b] - shares[bins + b]) / 2;
    return sum;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    const tv_opts *o = call->opts;
    gnl_rows sets[2];
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    const int64_t d = sets[0].d;
    double *found = gnl_alloc(sets[0].ctx, (size_t)(d + 2 * o->bins), sizeof *found);
    if (!found)
        return GENLAT_E_MEMORY;
    for (int64_t j = 0; j < d; j++)
        found[j] = measure(sets, j, o->bins, found + d);
    genlat_status status = gnl_metric_add_mean_max(out, values, d, found, GNL_MIN(sets[0].n, sets[1].n));
    for (int64_t j = 0; o->each && j < d && status == GENLAT_OK; j++) {
        (void)measure(sets, j, o->bins, found + d);
        status = add_column(sets, j, found[j], o, found + d, out);
    }
    gnl_free(sets[0].ctx, found);
    return status;
}

const gnl_metric_type gnl_metric_total_variation = {
    .name = "total_variation",
    .help = "total variation distance of the histograms of the columns of samples and data; 0 is best",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 1,
    .blocks = true,
    .compute = compute,
    .notes = "Biased upwards, by more for more bins and fewer rows. Standard error: 10 blocks of the rows; of shares "
             "binomial.",
};
