/* SPDX-License-Identifier: MIT */
/* Tensors and their views. */
#include <math.h>

#include "tensor/tensor.h"

/* Creates a storage. Does not take ownership of anything on failure. */
static genlat_status storage_new(genlat_ctx *ctx, int64_t count, gnl_real *borrowed, gnl_storage **out)
{
    gnl_storage *storage = gnl_object_new(ctx, sizeof *storage);
    if (!storage)
        return GENLAT_E_MEMORY;
    storage->borrowed = borrowed != NULL;
    storage->data = borrowed ? borrowed : gnl_calloc(ctx, (size_t)count, sizeof(gnl_real));
    if (!storage->data) {
        gnl_object_free(storage);
        return GENLAT_E_MEMORY;
    }
    *out = storage;
    return GENLAT_OK;
}

static void storage_release(gnl_storage *storage)
{
    if (!gnl_object_release(storage))
        return;
    if (!storage->borrowed)
        gnl_free(storage->object.ctx, storage->data);
    if (storage->release)
        storage->release(storage->owner);
    gnl_object_free(storage);
}

/* Creates a tensor for a storage and retains the storage. */
static genlat_status view_new(gnl_storage *storage, const gnl_shape *shape, gnl_real *data, genlat_tensor **out)
{
    genlat_tensor *tensor = gnl_object_new(storage->object.ctx, sizeof *tensor);
    if (!tensor)
        return GENLAT_E_MEMORY;
    tensor->shape = *shape;
    tensor->data = data;
    tensor->storage = gnl_object_retain(storage);
    *out = tensor;
    return GENLAT_OK;
}

static genlat_status tensor_make(genlat_ctx *ctx, const gnl_shape *shape, gnl_real *borrowed, genlat_tensor **out)
{
    int64_t count = 0;
    gnl_storage *storage = NULL;
    GNL_TRY(gnl_shape_check(shape, &count));
    GNL_TRY(storage_new(ctx, count, borrowed, &storage));
    genlat_status status = view_new(storage, shape, storage->data, out);
    storage_release(storage);
    return status;
}

genlat_status gnl_tensor_new(genlat_ctx *ctx, const gnl_shape *shape, genlat_tensor **out)
{
    return tensor_make(ctx, shape, NULL, out);
}

genlat_status gnl_tensor_borrow(genlat_ctx *ctx, const gnl_shape *shape, gnl_real *data, genlat_tensor **out)
{
    return tensor_make(ctx, shape, data, out);
}

genlat_status gnl_tensor_borrow_from(genlat_ctx *ctx, const gnl_shape *shape, gnl_real *data, void *owner,
                                     gnl_owner_release *release, genlat_tensor **out)
{
    genlat_status status = tensor_make(ctx, shape, data, out);
    if (status != GENLAT_OK) {
        release(owner);
        return status;
    }
    (*out)->storage->owner = owner;
    (*out)->storage->release = release;
    return GENLAT_OK;
}

void gnl_tensor_release(genlat_tensor *tensor)
{
    if (!gnl_object_release(tensor))
        return;
    storage_release(tensor->storage);
    gnl_object_free(tensor);
}

static bool has_ones_only(const gnl_shape *shape)
{
    for (int32_t i = 0; i < shape->ndim; i++)
        if (shape->dim[i] != 1)
            return false;
    return true;
}

bool gnl_tensor_has_rows(const genlat_tensor *tensor, const gnl_shape *sample)
{
    if (tensor->shape.ndim == 0)
        return false;
    const gnl_shape row = gnl_shape_sample(&tensor->shape);
    return gnl_shape_equal(&row, sample) || (has_ones_only(&row) && has_ones_only(sample));
}

genlat_status gnl_tensor_check_rows(const genlat_tensor *tensor, const gnl_shape *sample, const char *name)
{
    if (gnl_tensor_has_rows(tensor, sample))
        return GENLAT_OK;
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    gnl_shape batched = gnl_shape_batched(sample, 0);
    return gnl_fail(GENLAT_E_SHAPE, "%s is %s, expected %s", name, gnl_shape_format(&tensor->shape, found),
                    gnl_shape_format_rows(&batched, expected));
}

/* ---- public ---------------------------------------------------------------------------------------- */

static genlat_status check_new(genlat_ctx *ctx, int32_t ndim, const int64_t *dims)
{
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(ndim >= 0 && ndim <= GENLAT_MAX_DIMS, "ndim is not in 0 to 6");
    GNL_CHECK(dims || ndim == 0, "dims is NULL");
    return GENLAT_OK;
}

genlat_status genlat_tensor_new(genlat_ctx *ctx, int32_t ndim, const int64_t *dims, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(check_new(ctx, ndim, dims));
    gnl_shape shape = gnl_shape_of(ndim, dims);
    GNL_TRY(gnl_shape_check(&shape, NULL));
    return gnl_tensor_new(ctx, &shape, out);
}

genlat_status genlat_tensor_from(genlat_ctx *ctx, int32_t ndim, const int64_t *dims, const float *data,
                                 genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(check_new(ctx, ndim, dims));
    GNL_CHECK(data, "data is NULL");
    gnl_shape shape = gnl_shape_of(ndim, dims);
    GNL_TRY(gnl_shape_check(&shape, NULL));
    GNL_TRY(gnl_tensor_new(ctx, &shape, out));
    int64_t count = gnl_shape_count(&shape);
    for (int64_t i = 0; i < count; i++)
        (*out)->data[i] = (gnl_real)data[i];
    return GENLAT_OK;
}

genlat_status genlat_tensor_wrap(genlat_ctx *ctx, int32_t ndim, const int64_t *dims, float *data, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(check_new(ctx, ndim, dims));
    GNL_CHECK(data, "data is NULL");
    gnl_shape shape = gnl_shape_of(ndim, dims);
    GNL_TRY(gnl_shape_check(&shape, NULL));
    return gnl_tensor_borrow(ctx, &shape, (gnl_real *)(void *)data, out);
}

genlat_status genlat_tensor_clone(const genlat_tensor *tensor, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(tensor, "tensor is NULL");
    GNL_TRY(gnl_tensor_new(tensor->object.ctx, &tensor->shape, out));
    memcpy((*out)->data, tensor->data, (size_t)gnl_shape_count(&tensor->shape) * sizeof(gnl_real));
    return GENLAT_OK;
}

/* Replaces the one size of -1 by the size for which the shape has `count` elements. */
static genlat_status infer_dim(gnl_shape *shape, int64_t count)
{
    int64_t known = 1;
    int32_t open = -1;
    for (int32_t i = 0; i < shape->ndim; i++) {
        if (shape->dim[i] == -1 && open < 0)
            open = i;
        else if (!gnl_mul_i64(known, shape->dim[i], &known))
            return gnl_fail(GENLAT_E_SHAPE, "size %lld of dimension %d is negative or too large",
                            (long long)shape->dim[i], (int)i);
    }
    if (open >= 0 && known > 0 && count % known == 0) {
        shape->dim[open] = count / known;
        known = count;
    }
    char text[GNL_SHAPE_TEXT];
    if (known != count || (open >= 0 && shape->dim[open] < 0))
        return gnl_fail(GENLAT_E_SHAPE, "a tensor of %lld elements cannot be reshaped to %s", (long long)count,
                        gnl_shape_format(shape, text));
    return GENLAT_OK;
}

genlat_status genlat_tensor_reshape(genlat_tensor *tensor, int32_t ndim, const int64_t *dims, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(tensor, "tensor is NULL");
    GNL_TRY(check_new(tensor->object.ctx, ndim, dims));
    gnl_shape shape = gnl_shape_of(ndim, dims);
    GNL_TRY(infer_dim(&shape, gnl_shape_count(&tensor->shape)));
    return view_new(tensor->storage, &shape, tensor->data, out);
}

genlat_status genlat_tensor_rows(genlat_tensor *tensor, int64_t begin, int64_t end, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(tensor, "tensor is NULL");
    gnl_shape shape = tensor->shape;
    if (shape.ndim == 0)
        return gnl_fail(GENLAT_E_SHAPE, "tensor is a scalar, which has no rows");
    if (begin < 0 || begin > end || end > shape.dim[0])
        return gnl_fail(GENLAT_E_RANGE, "rows %lld to %lld are not a valid range of a tensor with %lld rows",
                        (long long)begin, (long long)end, (long long)shape.dim[0]);
    shape.dim[0] = end - begin;
    return view_new(tensor->storage, &shape, tensor->data + begin * gnl_shape_count_from(&shape, 1), out);
}

void genlat_tensor_destroy(genlat_tensor **tensor)
{
    if (!tensor)
        return;
    gnl_tensor_release(*tensor);
    *tensor = NULL;
}

int32_t genlat_tensor_ndim(const genlat_tensor *tensor)
{
    return tensor ? tensor->shape.ndim : 0;
}

int64_t genlat_tensor_dim(const genlat_tensor *tensor, int32_t axis)
{
    if (!tensor)
        return 0;
    int32_t index = axis < 0 ? axis + tensor->shape.ndim : axis;
    return index >= 0 && index < tensor->shape.ndim ? tensor->shape.dim[index] : 0;
}

int64_t genlat_tensor_count(const genlat_tensor *tensor)
{
    return tensor ? gnl_shape_count(&tensor->shape) : 0;
}

float *genlat_tensor_data(genlat_tensor *tensor)
{
    return tensor ? (float *)(void *)tensor->data : NULL;
}

const float *genlat_tensor_const_data(const genlat_tensor *tensor)
{
    return tensor ? (const float *)(const void *)tensor->data : NULL;
}

genlat_status genlat_tensor_fill(genlat_tensor *tensor, float value)
{
    GNL_ENTER();
    GNL_CHECK(tensor, "tensor is NULL");
    int64_t count = gnl_shape_count(&tensor->shape);
    for (int64_t i = 0; i < count; i++)
        tensor->data[i] = (gnl_real)value;
    return GENLAT_OK;
}

genlat_status gnl_one_hot(int64_t count, int64_t n, const gnl_real *classes, int64_t first, gnl_real *out)
{
    memset(out, 0, (size_t)(n * count) * sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        const double label = (double)classes[i];
        if (!(label >= 0 && label < (double)count) || label != floor(label))
            return gnl_fail(GENLAT_E_RANGE, "label %lld is %g, an integer from 0 to %lld expected",
                            (long long)(first + i), label, (long long)count - 1);
        out[i * count + (int64_t)label] = 1;
    }
    return GENLAT_OK;
}

genlat_status genlat_tensor_one_hot(const genlat_tensor *classes, int64_t count, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(classes, "classes is NULL");
    gnl_shape shape = classes->shape;
    if (count < 1)
        return gnl_fail(GENLAT_E_RANGE, "count is %lld, 1 or more expected", (long long)count);
    if (shape.ndim == GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_SHAPE, "classes has %d dimensions, at most %d expected", (int)shape.ndim,
                        GENLAT_MAX_DIMS - 1);
    shape.dim[shape.ndim++] = count;
    GNL_TRY(gnl_tensor_new(classes->object.ctx, &shape, out));
    genlat_status status = gnl_one_hot(count, gnl_shape_count(&classes->shape), classes->data, 0, (*out)->data);
    if (status != GENLAT_OK)
        genlat_tensor_destroy(out);
    return status;
}

genlat_status genlat_tensor_copy(genlat_tensor *tensor, const genlat_tensor *source)
{
    GNL_ENTER();
    GNL_CHECK(tensor, "tensor is NULL");
    GNL_CHECK(source, "source is NULL");
    int64_t count = gnl_shape_count(&tensor->shape);
    if (count != gnl_shape_count(&source->shape))
        return gnl_fail(GENLAT_E_SHAPE, "source has %lld elements, expected %lld",
                        (long long)gnl_shape_count(&source->shape), (long long)count);
    memmove(tensor->data, source->data, (size_t)count * sizeof(gnl_real));
    return GENLAT_OK;
}
