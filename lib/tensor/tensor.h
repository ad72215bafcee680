/* SPDX-License-Identifier: MIT */
/*
 * tensor: shapes, and arrays with reference-counted storage, which views keep alive.
 * Uses: base.
 * Adding: elementwise operations belong to kernel; a tensor only has a shape and an address.
 * All tensors are contiguous and row-major; numbers are gnl_real.
 * Tests: tests/unit/test_tensor.c.
 */
#ifndef GNL_TENSOR_H
#define GNL_TENSOR_H

#include "base/base.h"
#include "genlat/tensor.h"

enum { GNL_SHAPE_TEXT = 128 };

typedef struct gnl_shape {
    int32_t ndim;
    int64_t dim[GENLAT_MAX_DIMS];
} gnl_shape;

gnl_shape gnl_shape_of(int32_t ndim, const int64_t *dims);
/* Checks a shape. Returns E_SHAPE for a negative size or a product above 2^53. *count receives the product; count may
 * be NULL. */
genlat_status gnl_shape_check(const gnl_shape *shape, int64_t *count);
int64_t gnl_shape_count(const gnl_shape *shape);                     /* of a checked shape */
int64_t gnl_shape_count_from(const gnl_shape *shape, int32_t first); /* product of dims first .. ndim-1 */
bool gnl_shape_equal(const gnl_shape *a, const gnl_shape *b);
/* Formats a shape as "[64,1,28,28]". Returns text. */
const char *gnl_shape_format(const gnl_shape *shape, char text[GNL_SHAPE_TEXT]);
/* Same, with '*' for the first dimension. */
const char *gnl_shape_format_rows(const gnl_shape *shape, char text[GNL_SHAPE_TEXT]);
/* Add a first dimension to a shape, and remove the first dimension. */
gnl_shape gnl_shape_batched(const gnl_shape *sample, int64_t batch);
gnl_shape gnl_shape_sample(const gnl_shape *batched);

typedef void gnl_owner_release(void *owner);

/* Reference-counted block of numbers, shared by tensors and their views. */
typedef struct gnl_storage {
    gnl_object object;
    gnl_real *data;
    bool borrowed;
    void *owner; /* keeps borrowed memory alive; passed to `release` when the storage is freed; or NULL */
    gnl_owner_release *release;
} gnl_storage;

struct genlat_tensor {
    gnl_object object;
    gnl_shape shape;
    gnl_real *data;
    gnl_storage *storage;
};

genlat_status gnl_tensor_new(genlat_ctx *ctx, const gnl_shape *shape, genlat_tensor **out);
/* Creates a tensor for memory that outlives it. */
genlat_status gnl_tensor_borrow(genlat_ctx *ctx, const gnl_shape *shape, gnl_real *data, genlat_tensor **out);
/* Creates a tensor for memory of a reference-counted object. Takes over one reference to `owner`, which `release` drops
 * when the storage is freed. If the call fails, `release` is called at once. */
genlat_status gnl_tensor_borrow_from(genlat_ctx *ctx, const gnl_shape *shape, gnl_real *data, void *owner,
                                     gnl_owner_release *release, genlat_tensor **out);
void gnl_tensor_release(genlat_tensor *tensor);

/* Returns whether the rows of a tensor have the shape of `sample`. Where a row has one number, [rows] and [rows,1] are
 * the same. */
bool gnl_tensor_has_rows(const genlat_tensor *tensor, const gnl_shape *sample);
/* Checks that the rows of a tensor have the shape of `sample`. The text of E_SHAPE is "name is [..], expected
 * [*,..]". */
/* Writes one-hot vectors [n,count] of n classes. Returns E_RANGE for an element that is not a class; the text numbers
 * elements from `first` on. */
genlat_status gnl_one_hot(int64_t count, int64_t n, const gnl_real *classes, int64_t first, gnl_real *out);
genlat_status gnl_tensor_check_rows(const genlat_tensor *tensor, const gnl_shape *sample, const char *name);

#endif
