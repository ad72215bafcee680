/* SPDX-License-Identifier: MIT */
/* Moments and quantiles of each column of samples and data. */
#include "metric/metric_priv.h"

enum { QUANTILES = 5 };
static const double at[QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

typedef struct columns_opts {
    size_t size;
    uint32_t each, reserved;
} columns_opts;

static const gnl_option options[] = {
    GNL_OPT_BOOL(columns_opts, each, 0, "whether the numbers of each column follow"),
};
static const gnl_options_table table = {
    "columns", sizeof(columns_opts), options, GNL_COUNT(options), {offsetof(columns_opts, reserved)}, NULL};

static const gnl_metric_name values[] = {
    {"mean_difference", "mean over columns of |difference of means| / pooled standard deviation; 0 is best"},
    {"mean_difference_max", "largest difference of means of a column / pooled standard deviation; 0 is best"},
    {"variance_difference", "mean over columns of |difference of variances| / larger variance; 0 is best"},
    {"variance_difference_max", "largest difference of variances of a column / larger variance; 0 is best"},
    {"quantile_difference", "mean over columns and 5 quantiles of |difference| / pooled standard deviation; 0 is best"},
    {"quantile_difference_max", "mean of 5 quantiles of the column that differs most / pooled standard deviation"},
    {NULL, NULL}};

/* Of each column, of the samples and of the data. */
static const gnl_metric_name of_column[2][2 + QUANTILES] = {
    {{"mean", "mean of a column of the samples"},
     {"variance", "variance of a column of the samples, divisor n-1"},
     {"q05", "5 % quantile of a column of the samples"},
     {"q25", "25 % quantile of a column of the samples"},
     {"q50", "median of a column of the samples"},
     {"q75", "75 % quantile of a column of the samples"},
     {"q95", "95 % quantile of a column of the samples"}},
    {{"data_mean", "mean of a column of the data"},
     {"data_variance", "variance of a column of the data, divisor n-1"},
     {"data_q05", "5 % quantile of a column of the data"},
     {"data_q25", "25 % quantile of a column of the data"},
     {"data_q50", "median of a column of the data"},
     {"data_q75", "75 % quantile of a column of the data"},
     {"data_q95", "95 % quantile of a column of the data"}}};

typedef struct work {
    double *mean[2], *variance[2];  /* [d] */
    double *difference[3], *sorted; /* [d] of means, variances and quantiles; [max(n,m)] */
    double *quantile[2];            /* [d,QUANTILES] */
} work;

/* A difference in units of a scale. Equal numbers have no difference, even if the scale is 0. */
static double scaled(double difference, double scale)
{
    return difference == 0 ? 0 : fabs(difference) / scale;
}

static void measure(const gnl_rows sets[2], const work *w)
{
    for (int s = 0; s < 2; s++) {
        gnl_column_moments(&sets[s], w->mean[s], w->variance[s]);
        for (int64_t j = 0; j < sets[s].d; j++) {
            gnl_column(&sets[s], j, true, w->sorted);
            for (int q = 0; q < QUANTILES; q++)
                w->quantile[s][j * QUANTILES + q] = gnl_quantile(sets[s].n, w->sorted, at[q]);
        }
    }
    for (int64_t j = 0; j < sets[0].d; j++) {
        const double a = w->variance[0][j], b = w->variance[1][j], pooled = sqrt((a + b) / 2);
        w->difference[0][j] = scaled(w->mean[0][j] - w->mean[1][j], pooled);
        w->difference[1][j] = scaled(a - b, fmax(a, b));
        w->difference[2][j] = 0;
        for (int64_t q = j * QUANTILES; q < (j + 1) * QUANTILES; q++)
            w->difference[2][j] += scaled(w->quantile[0][q] - w->quantile[1][q], pooled) / QUANTILES;
    }
}

/* Standard errors of means are exact; those of other numbers come from blocks. */
static genlat_status add_column(const gnl_rows sets[2], const work *w, int64_t j, gnl_metric_numbers *out)
{
    for (int s = 0; s < 2; s++) {
        const double variance = w->variance[s][j];
        const int64_t n = sets[s].n;
        GNL_TRY(gnl_metric_add(out, &of_column[s][0], j, w->mean[s][j], sqrt(variance / (double)n), n));
        GNL_TRY(gnl_metric_add(out, &of_column[s][1], j, variance, NAN, n));
        for (int q = 0; q < QUANTILES; q++)
            GNL_TRY(gnl_metric_add(out, &of_column[s][2 + q], j, w->quantile[s][j * QUANTILES + q], NAN, n));
    }
    return GENLAT_OK;
}

static genlat_status add_values(const gnl_rows sets[2], const work *w, bool each, gnl_metric_numbers *out)
{
    const int64_t d = sets[0].d, count = GNL_MIN(sets[0].n, sets[1].n);
    for (int i = 0; i < 3; i++)
        GNL_TRY(gnl_metric_add_mean_max(out, &values[2 * i], d, w->difference[i], count));
    for (int64_t j = 0; each && j < d; j++)
        GNL_TRY(add_column(sets, w, j, out));
    return GENLAT_OK;
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows sets[2];
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, sets));
    const int64_t d = sets[0].d;
    double *block =
        gnl_alloc(sets[0].ctx, (size_t)((7 + 2 * QUANTILES) * d + GNL_MAX(sets[0].n, sets[1].n)), sizeof *block);
    if (!block)
        return GENLAT_E_MEMORY;
    const work w = {.mean = {block, block + d},
                    .variance = {block + 2 * d, block + 3 * d},
                    .difference = {block + 4 * d, block + 5 * d, block + 6 * d},
                    .quantile = {block + 7 * d, block + (7 + QUANTILES) * d},
                    .sorted = block + (7 + 2 * QUANTILES) * d};
    measure(sets, &w);
    genlat_status status = add_values(sets, &w, ((const columns_opts *)call->opts)->each, out);
    gnl_free(sets[0].ctx, block);
    return status;
}

const gnl_metric_type gnl_metric_columns = {
    .name = "columns",
    .help = "means, variances and quantiles of the columns of samples and data, and how they differ",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 2,
    .blocks = true,
    .compute = compute,
    .notes = "Differences are positive for samples of one distribution, of the order of 1 / sqrt(n). The pooled "
             "standard deviation is the root of the mean of both variances. A difference of two constant columns is "
             "infinite. Quantiles interpolate linearly, as those of numpy. Standard error: 10 blocks of the rows; of "
             "means analytic.",
};
