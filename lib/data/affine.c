/* SPDX-License-Identifier: MIT */
/* Scaled samples, y = (x - offset) / scale; fitting of a scale; the combined scaling of a chain of sources. */
#include "data/data_priv.h"

typedef struct affine_source {
    genlat_source source;
    bool scalar;            /* one number for all elements */
    double *offset, *scale; /* allocated as one block */
} affine_source;

static genlat_status affine_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                  gnl_real *x, gnl_real *labels)
{
    const affine_source *self = (const affine_source *)source;
    GNL_TRY(source->inner->type->fetch(source->inner, indices, n, draw, x, labels));
    int64_t size = gnl_shape_count(&source->sample), step = self->scalar ? 0 : 1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < size; j++) {
            gnl_real *value = &x[i * size + j];
            *value = (gnl_real)(((double)*value - self->offset[j * step]) / self->scale[j * step]);
        }
    return GENLAT_OK;
}

static void affine_destroy(genlat_source *source)
{
    gnl_free(source->object.ctx, ((affine_source *)source)->offset);
}

static const gnl_source_type affine_type = {.name = "affine", .fetch = affine_fetch, .destroy = affine_destroy};

genlat_status gnl_source_affine(genlat_source *inner, const double *offset, const double *scale, bool scalar,
                                genlat_source **out)
{
    size_t size = scalar ? 1 : (size_t)gnl_shape_count(&inner->sample);
    genlat_source *source = NULL;
    GNL_TRY(gnl_source_wrap(inner, &affine_type, sizeof(affine_source), &source));
    affine_source *self = (affine_source *)source;
    self->scalar = scalar;
    self->offset = gnl_alloc(inner->object.ctx, size, 2 * sizeof(double));
    if (!self->offset) {
        gnl_source_release(source);
        return GENLAT_E_MEMORY;
    }
    self->scale = self->offset + size;
    memcpy(self->offset, offset, size * sizeof(double));
    memcpy(self->scale, scale, size * sizeof(double));
    *out = source;
    return GENLAT_OK;
}

/* ---- fit --------------------------------------------------------------------------------------------- */

/* Returns the smallest number of the precision of models that is not less than x. */
static double round_up(double x)
{
    gnl_real rounded = (gnl_real)x;
    while ((double)rounded < x)
        rounded = sizeof rounded == sizeof(float) ? (gnl_real)nextafterf((float)rounded, INFINITY)
                                                  : (gnl_real)nextafter((double)rounded, (double)INFINITY);
    return (double)rounded;
}

/* Computes offset and scale from the statistics of one element, or of all elements together. Both have the precision of
 * models, which keep them, so that a resumed training scales as the first one. No value leaves the range that the kind
 * of scaling promises. */
static void fit_one(uint32_t kind, double mean, double sd, double min, double max, double *offset, double *scale)
{
    bool standard = kind == GENLAT_SCALE_STANDARD || kind == GENLAT_SCALE_FEATURES;
    bool symmetric = kind == GENLAT_SCALE_SYMMETRIC;
    *offset = (double)(gnl_real)(standard ? mean : symmetric ? (min + max) / 2 : min);
    *scale = standard ? (double)(gnl_real)sd : round_up(GNL_MAX(max - *offset, symmetric ? *offset - min : 0));
    /* Constant elements, such as the corners of images, stay finite. */
    if (!(*scale > 0))
        *scale = 1;
}

/* Elements count by the number of their values. */
static void fit_all(uint32_t kind, const gnl_source_stats *stats, double *offset, double *scale)
{
    double mean = 0, square = 0, min = INFINITY, max = -INFINITY, values = 0;
    for (int64_t j = 0; j < stats->size; j++)
        values += stats->count[j];
    for (int64_t j = 0; j < stats->size && values > 0; j++) {
        if (stats->count[j] == 0)
            continue;
        mean += stats->mean[j] * (stats->count[j] / values);
        min = GNL_MIN(min, stats->min[j]);
        max = GNL_MAX(max, stats->max[j]);
    }
    for (int64_t j = 0; j < stats->size; j++) {
        double difference = stats->mean[j] - mean;
        square += (stats->sd[j] * stats->sd[j] + difference * difference) * (stats->count[j] / GNL_MAX(values, 1));
    }
    fit_one(kind, mean, sqrt(square), min, max, offset, scale);
}

/* Reports the first value that is infinite. Missing values, NaN, are left out of the fit. */
static genlat_status check_finite(void *user, int64_t first, int64_t rows, const gnl_real *x)
{
    const int64_t size = *(const int64_t *)user;
    for (int64_t i = 0; i < rows * size; i++)
        if (isinf(x[i]))
            return gnl_fail(GENLAT_E_RANGE,
                            "sample %lld has %g in element %lld, counted from 0; no scaling can be fitted, so remove "
                            "the sample or fill in the value",
                            (long long)(first + i / size), (double)x[i], (long long)(i % size));
    return GENLAT_OK;
}

static bool is_finite(const gnl_source_stats *stats)
{
    for (int64_t j = 0; j < stats->size; j++)
        if (!isfinite(stats->mean[j]) || !isfinite(stats->sd[j]))
            return false;
    return true;
}

static bool too_large(const double *numbers, size_t count)
{
    for (size_t j = 0; j < count; j++)
        if (!isfinite(numbers[j]))
            return true;
    return false;
}

genlat_status gnl_source_fit_stats(genlat_source *inner, uint32_t scale, const gnl_source_stats *stats,
                                   genlat_source **out)
{
    const bool scalar = scale != GENLAT_SCALE_FEATURES && scale != GENLAT_SCALE_RANGES;
    const size_t count = scalar ? 1 : (size_t)stats->size;
    double *offset = gnl_alloc(inner->object.ctx, count, 2 * sizeof *offset);
    if (!offset)
        return GENLAT_E_MEMORY;
    double *factor = offset + count;
    if (scalar)
        fit_all(scale, stats, offset, factor);
    for (int64_t j = 0; !scalar && j < stats->size; j++)
        fit_one(scale, stats->mean[j], stats->sd[j], stats->min[j], stats->max[j], &offset[j], &factor[j]);
    genlat_status status = too_large(offset, 2 * count)
                               ? gnl_fail(GENLAT_E_NUMERIC, "the values are too large to fit a scaling")
                               : gnl_source_affine(inner, offset, factor, scalar, out);
    gnl_free(inner->object.ctx, offset);
    return status;
}

genlat_status gnl_source_fit(genlat_source *inner, uint32_t scale, genlat_source **out)
{
    gnl_source_stats stats;
    GNL_TRY(gnl_source_stats_new(inner, &stats));
    if (!is_finite(&stats)) {
        int64_t size = stats.size;
        gnl_source_stats_free(inner, &stats);
        GNL_TRY(gnl_source_scan(inner, inner->count, check_finite, &size));
        return gnl_fail(GENLAT_E_NUMERIC, "the values are too large to fit a scaling");
    }
    genlat_status status = gnl_source_fit_stats(inner, scale, &stats, out);
    gnl_source_stats_free(inner, &stats);
    return status;
}

/* ---- normalisation with the caller's numbers ---------------------------------------------------------- */

genlat_status gnl_source_normalize(genlat_source *source, const genlat_tensor *offset, const genlat_tensor *scale,
                                   genlat_source **out)
{
    int64_t size = gnl_shape_count(&offset->shape);
    double *numbers = gnl_alloc(source->object.ctx, (size_t)size, 2 * sizeof *numbers);
    if (!numbers)
        return GENLAT_E_MEMORY;
    for (int64_t j = 0; j < size; j++) {
        numbers[j] = (double)offset->data[j];
        numbers[size + j] = (double)scale->data[j];
    }
    genlat_status status = gnl_source_affine(source, numbers, numbers + size, offset->shape.ndim == 0, out);
    gnl_free(source->object.ctx, numbers);
    return status;
}

genlat_status genlat_source_normalize(genlat_source *source, const genlat_tensor *offset, const genlat_tensor *scale,
                                      genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(offset, "offset is NULL");
    GNL_CHECK(scale, "scale is NULL");
    const gnl_scaling given = {(genlat_tensor *)(uintptr_t)offset, (genlat_tensor *)(uintptr_t)scale};
    GNL_TRY(gnl_scaling_check(&given, &source->sample));
    return gnl_source_normalize(source, offset, scale, out);
}

/* ---- combined scaling of a chain ------------------------------------------------------------------------ */

static const affine_source *as_affine(const genlat_source *source)
{
    return source->type == &affine_type ? (const affine_source *)source : NULL;
}

/* Returns the inner source, or NULL if the source changes values other than by scaling, for example by binarization. */
static const genlat_source *next_inner(const genlat_source *source)
{
    return as_affine(source) || source->type->keeps_values ? source->inner : NULL;
}

/* Composes an inner scaling with the accumulated one: x = o1 + s1 (o2 + s2 z). */
static void compose(const affine_source *inner, gnl_real *offset, gnl_real *scale, int64_t size)
{
    for (int64_t j = 0; j < size; j++) {
        int64_t at = inner->scalar ? 0 : j;
        offset[j] = (gnl_real)(inner->offset[at] + inner->scale[at] * (double)offset[j]);
        scale[j] = (gnl_real)(inner->scale[at] * (double)scale[j]);
    }
}

static genlat_status gather(const genlat_source *source, const gnl_shape *shape, genlat_tensor **offset,
                            genlat_tensor **scale)
{
    GNL_TRY(gnl_tensor_new(source->object.ctx, shape, offset));
    genlat_status status = gnl_tensor_new(source->object.ctx, shape, scale);
    if (status != GENLAT_OK) {
        genlat_tensor_destroy(offset);
        return status;
    }
    int64_t size = gnl_shape_count(shape);
    for (int64_t j = 0; j < size; j++)
        (*scale)->data[j] = 1;
    for (const genlat_source *at = source; at; at = next_inner(at))
        if (as_affine(at))
            compose(as_affine(at), (*offset)->data, (*scale)->data, size);
    return GENLAT_OK;
}

genlat_status gnl_source_normalization(const genlat_source *source, genlat_tensor **offset, genlat_tensor **scale)
{
    bool any = false, scalar = true;
    for (const genlat_source *at = source; at; at = next_inner(at)) {
        any = any || as_affine(at);
        scalar = scalar && !(as_affine(at) && !as_affine(at)->scalar);
    }
    gnl_shape one = {.ndim = 0};
    return any ? gather(source, scalar ? &one : &source->sample, offset, scale) : GENLAT_OK;
}

genlat_status genlat_source_normalization(const genlat_source *source, genlat_tensor **offset, genlat_tensor **scale)
{
    GNL_ENTER();
    if (offset)
        *offset = NULL;
    if (scale)
        *scale = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(offset, "offset is NULL");
    GNL_CHECK(scale, "scale is NULL");
    return gnl_source_normalization(source, offset, scale);
}
