/* SPDX-License-Identifier: MIT */
/* Copy check: whether samples are nearer to the training data than to data that the model has not seen. */
#include "metric/metric_priv.h"

static const gnl_metric_name values[] = {
    {"closer_to_training",
     "share of samples nearer to training than to held-out data; 0.5 without copying, 1 is worst"},
    {"distance_ratio", "mean distance to the nearest training row / to the nearest held-out row; 1 without copying"},
    {"exact_copies", "share of samples that equal a training row"},
    {NULL, NULL}};

typedef struct work {
    double *training, *held_out; /* [n] squared distances, then whether the training row is nearer */
    int64_t *index;              /* [n] */
} work;

static genlat_status add_values(const work *w, int64_t n, gnl_metric_numbers *out)
{
    double nearer = 0, equal = 0, near = 0, far = 0;
    for (int64_t i = 0; i < n; i++) {
        const double a = w->training[i], b = w->held_out[i];
        nearer += a < b ? 1 : a == b ? 0.5 : 0;
        equal += a == 0;
        near += sqrt(a) / (double)n;
        far += sqrt(b) / (double)n;
    }
    GNL_TRY(gnl_metric_add(out, &values[0], -1, nearer / (double)n, gnl_share_error(nearer / (double)n, n), n));
    GNL_TRY(gnl_metric_add(out, &values[1], -1, far > 0 ? near / far : 1, NAN, n));
    return gnl_metric_add(out, &values[2], -1, equal / (double)n, gnl_share_error(equal / (double)n, n), n);
}

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    gnl_rows held_out[2], training[2];
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_DATA, false, held_out));
    GNL_TRY(gnl_metric_pair(call, GNL_SAMPLES, GNL_TRAINING, false, training));
    genlat_ctx *ctx = held_out[0].ctx;
    const int64_t n = held_out[0].n;
    training[1].n = held_out[1].n = GNL_MIN(training[1].n, held_out[1].n);
    double *numbers = gnl_alloc(ctx, (size_t)(2 * n), sizeof *numbers);
    int64_t *index = gnl_alloc(ctx, (size_t)n, sizeof *index);
    work w = {numbers, numbers + n, index};
    genlat_status status = numbers && index ? GENLAT_OK : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        gnl_nearest_rows(&training[0], &training[1], false, index, w.training);
        gnl_nearest_rows(&held_out[0], &held_out[1], false, index, w.held_out);
        status = add_values(&w, n, out);
    }
    gnl_free(ctx, numbers);
    gnl_free(ctx, index);
    return status;
}

const gnl_metric_type gnl_metric_copies = {
    .name = "copies",
    .help = "copy check: are samples nearer to the training data than to held-out data of the same distribution",
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA | GENLAT_METRIC_TRAINING,
    .least = 1,
    .blocks = true,
    .compute = compute,
    .notes = "`data` are held out. The first rows of the larger of the two sets are used, as many as the smaller has, "
             "because more rows are nearer by chance. Rows at equal distances count half. Standard error: binomial; "
             "of `distance_ratio` 10 blocks of the rows.",
};
