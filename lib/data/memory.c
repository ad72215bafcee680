/* SPDX-License-Identifier: MIT */
/* Sources in memory: shared tensors, and bytes that are converted to numbers when they are read. */
#include "data/data_priv.h"

typedef struct memory_source {
    genlat_source source;
    genlat_tensor *x;
    uint8_t *bytes; /* used instead of x */
    gnl_real scale;
    genlat_tensor *labels;
} memory_source;

static void fetch_labels(const memory_source *self, const int64_t *indices, int64_t n, gnl_real *labels)
{
    if (labels)
        gnl_source_copy_labels(self->labels, indices, n, labels);
}

static genlat_status memory_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                  gnl_real *x, gnl_real *labels)
{
    const memory_source *self = (const memory_source *)source;
    int64_t size = gnl_shape_count(&source->sample);
    for (int64_t i = 0; i < n; i++)
        memcpy(x + i * size, self->x->data + indices[i] * size, (size_t)size * sizeof *x);
    fetch_labels(self, indices, n, labels);
    return GENLAT_OK;
}

static genlat_status bytes_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                 gnl_real *x, gnl_real *labels)
{
    const memory_source *self = (const memory_source *)source;
    int64_t size = gnl_shape_count(&source->sample);
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *bytes = self->bytes + indices[i] * size;
        for (int64_t j = 0; j < size; j++)
            x[i * size + j] = (gnl_real)bytes[j] * self->scale;
    }
    fetch_labels(self, indices, n, labels);
    return GENLAT_OK;
}

static void memory_destroy(genlat_source *source)
{
    memory_source *self = (memory_source *)source;
    gnl_tensor_release(self->x);
    gnl_tensor_release(self->labels);
    gnl_free(source->object.ctx, self->bytes);
}

static const gnl_source_type memory_type = {.name = "memory", .fetch = memory_fetch, .destroy = memory_destroy};
static const gnl_source_type bytes_type = {.name = "bytes", .fetch = bytes_fetch, .destroy = memory_destroy};

static genlat_status check_samples(const gnl_shape *shape)
{
    char text[GNL_SHAPE_TEXT];
    GNL_TRY(gnl_shape_check(shape, NULL));
    if (shape->ndim < 1 || gnl_shape_count(shape) < 1)
        return gnl_fail(GENLAT_E_SHAPE, "x is %s, expected [n,...] with at least one sample",
                        gnl_shape_format(shape, text));
    return GENLAT_OK;
}

static genlat_status new_source(genlat_ctx *ctx, const gnl_source_type *type, const gnl_shape *shape,
                                genlat_tensor *labels, memory_source **out)
{
    genlat_source *source = NULL;
    GNL_TRY(check_samples(shape));
    GNL_TRY(gnl_source_alloc(ctx, type, sizeof **out, &source));
    source->sample = gnl_shape_sample(shape);
    source->count = shape->dim[0];
    *out = (memory_source *)source;
    genlat_status status = labels ? gnl_source_set_labels(source, labels) : GENLAT_OK;
    if (status != GENLAT_OK)
        gnl_source_release(source);
    else
        (*out)->labels = gnl_object_retain(labels);
    return status;
}

genlat_status genlat_source_memory(genlat_ctx *ctx, genlat_tensor *x, genlat_tensor *labels, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(x, "x is NULL");
    memory_source *self = NULL;
    GNL_TRY(new_source(ctx, &memory_type, &x->shape, labels, &self));
    self->x = gnl_object_retain(x);
    *out = &self->source;
    return GENLAT_OK;
}

genlat_status genlat_source_bytes(genlat_ctx *ctx, int32_t ndim, const int64_t *dims, const uint8_t *data, double scale,
                                  genlat_tensor *labels, genlat_source **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(ndim >= 1 && ndim <= GENLAT_MAX_DIMS, "ndim is not in 1 to 6");
    GNL_CHECK(dims, "dims is NULL");
    GNL_CHECK(data, "data is NULL");
    if (!(isfinite(scale) && scale > 0))
        return gnl_fail(GENLAT_E_RANGE, "scale is %g, must be finite and positive", scale);
    memory_source *self = NULL;
    gnl_shape shape = gnl_shape_of(ndim, dims);
    GNL_TRY(new_source(ctx, &bytes_type, &shape, labels, &self));
    self->scale = (gnl_real)scale;
    self->bytes = gnl_alloc(ctx, (size_t)gnl_shape_count(&shape), 1);
    if (!self->bytes) {
        gnl_source_release(&self->source);
        return GENLAT_E_MEMORY;
    }
    memcpy(self->bytes, data, (size_t)gnl_shape_count(&shape));
    *out = &self->source;
    return GENLAT_OK;
}
