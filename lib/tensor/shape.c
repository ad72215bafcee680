/* SPDX-License-Identifier: MIT */
/* Shapes: checks, products, comparison and text. */
#include <stdio.h>

#include "tensor/tensor.h"

gnl_shape gnl_shape_of(int32_t ndim, const int64_t *dims)
{
    gnl_shape shape = {.ndim = ndim};
    for (int32_t i = 0; i < ndim && i < GENLAT_MAX_DIMS; i++)
        shape.dim[i] = dims[i];
    return shape;
}

genlat_status gnl_shape_check(const gnl_shape *shape, int64_t *count)
{
    int64_t product = 1;
    if (shape->ndim < 0 || shape->ndim > GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_SHAPE, "ndim is %d, must be from 0 to %d", (int)shape->ndim, GENLAT_MAX_DIMS);
    for (int32_t i = 0; i < shape->ndim; i++)
        if (!gnl_mul_i64(product, shape->dim[i], &product) || product > GNL_MOST_NUMBERS)
            return gnl_fail(GENLAT_E_SHAPE, "size %lld of dimension %d is negative or too large",
                            (long long)shape->dim[i], (int)i);
    if (count)
        *count = product;
    return GENLAT_OK;
}

int64_t gnl_shape_count_from(const gnl_shape *shape, int32_t first)
{
    int64_t product = 1;
    for (int32_t i = first; i < shape->ndim; i++)
        product *= shape->dim[i];
    return product;
}

int64_t gnl_shape_count(const gnl_shape *shape)
{
    return gnl_shape_count_from(shape, 0);
}

bool gnl_shape_equal(const gnl_shape *a, const gnl_shape *b)
{
    return a->ndim == b->ndim && memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof *a->dim) == 0;
}

/* How the first dimension is shown. */
typedef enum first_dim { AS_NUMBER, AS_STAR } first_dim;

static const char *format(const gnl_shape *shape, first_dim first, char text[GNL_SHAPE_TEXT])
{
    size_t used = (size_t)snprintf(text, GNL_SHAPE_TEXT, "[");
    for (int32_t i = 0; i < shape->ndim; i++) {
        const char *comma = i ? "," : "";
        if (i == 0 && first == AS_STAR)
            used += (size_t)snprintf(text + used, GNL_SHAPE_TEXT - used, "*");
        else
            used += (size_t)snprintf(text + used, GNL_SHAPE_TEXT - used, "%s%lld", comma, (long long)shape->dim[i]);
    }
    snprintf(text + used, GNL_SHAPE_TEXT - used, "]");
    return text;
}

const char *gnl_shape_format(const gnl_shape *shape, char text[GNL_SHAPE_TEXT])
{
    return format(shape, AS_NUMBER, text);
}

const char *gnl_shape_format_rows(const gnl_shape *shape, char text[GNL_SHAPE_TEXT])
{
    return format(shape, AS_STAR, text);
}

gnl_shape gnl_shape_batched(const gnl_shape *sample, int64_t batch)
{
    gnl_shape shape = {.ndim = sample->ndim + 1, .dim = {batch}};
    memcpy(shape.dim + 1, sample->dim, (size_t)sample->ndim * sizeof *sample->dim);
    return shape;
}

gnl_shape gnl_shape_sample(const gnl_shape *batched)
{
    return gnl_shape_of(batched->ndim - 1, batched->dim + 1);
}
