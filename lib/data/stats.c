/* SPDX-License-Identifier: MIT */
/* Mean, standard deviation and range of each element of a sample over a whole source. */
#include "data/data_priv.h"

void gnl_source_stats_free(const genlat_source *source, gnl_source_stats *stats)
{
    gnl_free(source->object.ctx, stats->mean);
    *stats = (gnl_source_stats){0};
}

/* Welford's update. sd holds the sum of squared deviations until the end. */
static void add_sample(gnl_source_stats *stats, const gnl_real *x)
{
    for (int64_t j = 0; j < stats->size; j++) {
        double value = (double)x[j], delta = value - stats->mean[j];
        if (isnan(value))
            continue;
        stats->mean[j] += delta * (1 / ++stats->count[j]);
        stats->sd[j] += delta * (value - stats->mean[j]);
        stats->min[j] = GNL_MIN(stats->min[j], value);
        stats->max[j] = GNL_MAX(stats->max[j], value);
    }
}

void gnl_source_stats_add(gnl_source_stats *stats, int64_t rows, const gnl_real *x)
{
    for (int64_t i = 0; i < rows; i++)
        add_sample(stats, x + i * stats->size);
}

static genlat_status add_rows(void *user, int64_t first, int64_t rows, const gnl_real *x)
{
    gnl_source_stats_add(user, rows, x);
    return GENLAT_OK;
}

genlat_status gnl_source_stats_alloc(const genlat_source *source, gnl_source_stats *stats)
{
    const int64_t size = gnl_shape_count(&source->sample);
    double *all = gnl_calloc(source->object.ctx, (size_t)size, 5 * sizeof *all);
    if (!all)
        return GENLAT_E_MEMORY;
    *stats = (gnl_source_stats){size, all, all + size, all + 2 * size, all + 3 * size, all + 4 * size};
    for (int64_t j = 0; j < size; j++) {
        stats->min[j] = INFINITY;
        stats->max[j] = -INFINITY;
    }
    return GENLAT_OK;
}

void gnl_source_stats_finish(gnl_source_stats *stats)
{
    for (int64_t j = 0; j < stats->size; j++) {
        stats->sd[j] = sqrt(stats->sd[j] / GNL_MAX(stats->count[j], 1));
        if (stats->count[j] == 0)
            stats->min[j] = stats->max[j] = 0;
    }
}

genlat_status gnl_source_stats_new(const genlat_source *source, gnl_source_stats *stats)
{
    GNL_TRY(gnl_source_stats_alloc(source, stats));
    genlat_status status = gnl_source_scan(source, source->count, add_rows, stats);
    gnl_source_stats_finish(stats);
    if (status != GENLAT_OK)
        gnl_source_stats_free(source, stats);
    return status;
}

static genlat_status check_out(const genlat_source *source, const genlat_tensor *tensor, const char *name)
{
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    if (tensor && !gnl_shape_equal(&tensor->shape, &source->sample))
        return gnl_fail(GENLAT_E_SHAPE, "%s is %s, expected %s", name, gnl_shape_format(&tensor->shape, found),
                        gnl_shape_format(&source->sample, expected));
    return GENLAT_OK;
}

genlat_status genlat_source_moments(const genlat_source *source, genlat_tensor *mean, genlat_tensor *sd)
{
    GNL_ENTER();
    GNL_CHECK(source, "source is NULL");
    GNL_TRY(check_out(source, mean, "mean"));
    GNL_TRY(check_out(source, sd, "sd"));
    gnl_source_stats stats;
    GNL_TRY(gnl_source_stats_new(source, &stats));
    for (int64_t j = 0; j < stats.size; j++) {
        if (mean)
            mean->data[j] = (gnl_real)stats.mean[j];
        if (sd)
            sd->data[j] = (gnl_real)stats.sd[j];
    }
    gnl_source_stats_free(source, &stats);
    return GENLAT_OK;
}
