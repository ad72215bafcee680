/* SPDX-License-Identifier: MIT */
/* The handle of a source: creation, reading, properties. */
#include "data/data_priv.h"

genlat_status gnl_source_alloc(genlat_ctx *ctx, const gnl_source_type *type, size_t size, genlat_source **out)
{
    genlat_source *source = gnl_object_new(ctx, size);
    if (!source)
        return GENLAT_E_MEMORY;
    source->type = type;
    *out = source;
    return GENLAT_OK;
}

genlat_status gnl_source_wrap(genlat_source *inner, const gnl_source_type *type, size_t size, genlat_source **out)
{
    GNL_TRY(gnl_source_alloc(inner->object.ctx, type, size, out));
    genlat_source *source = *out;
    source->sample = inner->sample;
    source->count = inner->count;
    source->classes = inner->classes;
    source->condition = inner->condition;
    source->unlabelled = inner->unlabelled;
    source->inner = gnl_object_retain(inner);
    source->about = gnl_object_retain(inner->about);
    return GENLAT_OK;
}

/* A loop, since a source may be wrapped many times. */
void gnl_source_release(genlat_source *source)
{
    while (source && gnl_object_release(source)) {
        genlat_source *inner = source->inner;
        if (source->type->destroy)
            source->type->destroy(source);
        gnl_description_release(source->about);
        gnl_object_free(source);
        source = inner;
    }
}

void genlat_source_destroy(genlat_source **source)
{
    if (!source)
        return;
    gnl_source_release(*source);
    *source = NULL;
}

/* ---- labels ------------------------------------------------------------------------------------------ */

static genlat_status count_classes(genlat_source *source, const genlat_tensor *labels)
{
    enum { MOST_CLASSES = 1 << 24 };
    double largest = GNL_UNLABELLED;
    for (int64_t i = 0; i < source->count; i++) {
        double label = (double)labels->data[i];
        if (!(label >= GNL_UNLABELLED && label < MOST_CLASSES) || label != floor(label))
            return gnl_fail(GENLAT_E_RANGE,
                            "label %lld is %g, expected an integer from 0 to 2^24 - 1, or -1 for a sample without "
                            "label; pass real numbers as [n,1]",
                            (long long)i, label);
        largest = GNL_MAX(largest, label);
        source->unlabelled = source->unlabelled || label == GNL_UNLABELLED;
    }
    if (largest == GNL_UNLABELLED)
        return gnl_fail(GENLAT_E_RANGE, "all labels are -1; pass no labels");
    source->classes = (int64_t)largest + 1;
    return GENLAT_OK;
}

genlat_status gnl_source_set_labels(genlat_source *source, const genlat_tensor *labels)
{
    const gnl_shape *shape = &labels->shape;
    char text[GNL_SHAPE_TEXT];
    if (shape->ndim < 1 || shape->ndim > 2 || shape->dim[0] != source->count || (shape->ndim == 2 && shape->dim[1] < 1))
        return gnl_fail(GENLAT_E_SHAPE, "labels is %s, expected [%lld] or [%lld,k]", gnl_shape_format(shape, text),
                        (long long)source->count, (long long)source->count);
    if (shape->ndim == 1)
        return count_classes(source, labels);
    source->condition = shape->dim[1];
    return GENLAT_OK;
}

void gnl_source_copy_labels(const genlat_tensor *labels, const int64_t *indices, int64_t n, gnl_real *out)
{
    int64_t width = gnl_shape_count_from(&labels->shape, 1);
    for (int64_t i = 0; i < n; i++)
        memcpy(out + i * width, labels->data + indices[i] * width, (size_t)width * sizeof *out);
}

int64_t gnl_source_label_size(const genlat_source *source)
{
    return source->classes ? 1 : source->condition;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

genlat_status gnl_source_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                               gnl_real *x, gnl_real *labels)
{
    for (int64_t i = 0; i < n; i++)
        if (indices[i] < 0 || indices[i] >= source->count)
            return gnl_fail(GENLAT_E_RANGE, "index %lld is out of range for %lld samples", (long long)indices[i],
                            (long long)source->count);
    return source->type->fetch(source, indices, n, draw, x, labels);
}

static gnl_shape label_shape(const genlat_source *source)
{
    return source->classes ? (gnl_shape){.ndim = 0} : (gnl_shape){1, {source->condition}};
}

static genlat_status check_rows(const genlat_tensor *tensor, const gnl_shape *sample, int64_t n, const char *name)
{
    GNL_TRY(gnl_tensor_check_rows(tensor, sample, name));
    if (tensor->shape.dim[0] != n)
        return gnl_fail(GENLAT_E_SHAPE, "%s has %lld rows, expected %lld", name, (long long)tensor->shape.dim[0],
                        (long long)n);
    return GENLAT_OK;
}

genlat_status genlat_source_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                  genlat_tensor *x, genlat_tensor *labels)
{
    GNL_ENTER();
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(n >= 0, "n is negative");
    GNL_CHECK(indices || n == 0, "indices is NULL");
    GNL_CHECK(x, "x is NULL");
    GNL_TRY(check_rows(x, &source->sample, n, "x"));
    if (labels) {
        if (!gnl_source_label_size(source))
            return gnl_fail(GENLAT_E_STATE, "the source has no labels");
        gnl_shape shape = label_shape(source);
        GNL_TRY(check_rows(labels, &shape, n, "labels"));
    }
    return gnl_source_fetch(source, indices, n, draw, x->data, labels ? labels->data : NULL);
}

/* Reads successive samples in chunks, since a fetch needs an array of indices. */
static genlat_status read_range(const genlat_source *source, int64_t begin, int64_t end, gnl_real *x, gnl_real *labels)
{
    int64_t indices[GNL_SOURCE_CHUNK];
    int64_t size = gnl_shape_count(&source->sample), width = gnl_source_label_size(source);
    for (int64_t at = begin; at < end; at += GNL_SOURCE_CHUNK) {
        int64_t n = GNL_MIN((int64_t)GNL_SOURCE_CHUNK, end - at);
        for (int64_t i = 0; i < n; i++)
            indices[i] = at + i;
        GNL_TRY(gnl_source_fetch(source, indices, n, 0, x + (at - begin) * size,
                                 labels ? labels + (at - begin) * width : NULL));
    }
    return GENLAT_OK;
}

genlat_status gnl_source_read(const genlat_source *source, int64_t begin, int64_t end, genlat_tensor **x,
                              genlat_tensor **labels)
{
    gnl_shape rows = gnl_shape_batched(&source->sample, end - begin), label = label_shape(source);
    gnl_shape label_rows = gnl_shape_batched(&label, end - begin);
    genlat_status status = gnl_tensor_new(source->object.ctx, &rows, x);
    if (status == GENLAT_OK && labels && gnl_source_label_size(source))
        status = gnl_tensor_new(source->object.ctx, &label_rows, labels);
    if (status == GENLAT_OK)
        status = read_range(source, begin, end, (*x)->data, labels && *labels ? (*labels)->data : NULL);
    if (status == GENLAT_OK)
        return GENLAT_OK;
    genlat_tensor_destroy(x);
    genlat_tensor_destroy(labels);
    return status;
}

genlat_status genlat_source_read(const genlat_source *source, int64_t begin, int64_t end, genlat_tensor **x,
                                 genlat_tensor **labels)
{
    GNL_ENTER();
    if (x)
        *x = NULL;
    if (labels)
        *labels = NULL;
    GNL_CHECK(source, "source is NULL");
    GNL_CHECK(x, "x is NULL");
    if (begin < 0 || begin > end || end > source->count)
        return gnl_fail(GENLAT_E_RANGE, "samples %lld to %lld are not a valid range of %lld samples", (long long)begin,
                        (long long)end, (long long)source->count);
    return gnl_source_read(source, begin, end, x, labels);
}

/* ---- properties ----------------------------------------------------------------------------------------- */

int64_t genlat_source_count(const genlat_source *source)
{
    return source ? source->count : 0;
}

int32_t genlat_source_ndim(const genlat_source *source)
{
    return source ? source->sample.ndim : 0;
}

int64_t genlat_source_dim(const genlat_source *source, int32_t axis)
{
    if (!source)
        return 0;
    int32_t index = axis < 0 ? axis + source->sample.ndim : axis;
    return index >= 0 && index < source->sample.ndim ? source->sample.dim[index] : 0;
}

int64_t genlat_source_classes(const genlat_source *source)
{
    return source ? source->classes : 0;
}

int64_t genlat_source_condition(const genlat_source *source)
{
    return source ? source->condition : 0;
}

genlat_status gnl_source_examples(const genlat_source *source, uint64_t seed, int64_t count, gnl_real *out)
{
    const double part = (double)source->count / (double)count;
    const int64_t size = gnl_shape_count(&source->sample);
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_DATA, 0);
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = (int64_t)(((double)i + gnl_rng_unit(&rng)) * part), index = GNL_MIN(at, source->count - 1);
        GNL_TRY(gnl_source_fetch(source, &index, 1, 0, out + i * size, NULL));
    }
    return GENLAT_OK;
}
