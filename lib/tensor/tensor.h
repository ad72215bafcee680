/* SPDX-License-Identifier: MIT */
/*
 * tensor: shapes, and arrays whose storage is counted so that views keep it alive.
 * Uses: base.
 * Adding: elementwise work belongs into kernel; a tensor only knows its shape and where its numbers are.
 * Everything is contiguous and row-major; numbers are gnl_real.
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
/* Checked: E_SHAPE for a negative size or a product above 2^53; *count may be NULL. */
genlat_status gnl_shape_check(const gnl_shape *shape, int64_t *count);
int64_t gnl_shape_count(const gnl_shape *shape);                     /* of a shape that has been checked */
int64_t gnl_shape_count_from(const gnl_shape *shape, int32_t first); /* product of dims first .. ndim-1 */
bool gnl_shape_equal(const gnl_shape *a, const gnl_shape *b);
/* "[64,1,28,28]"; returns text. */
const char *gnl_shape_format(const gnl_shape *shape, char text[GNL_SHAPE_TEXT]);
/* The same with '*' for the first dimension. */
const char *gnl_shape_format_rows(const gnl_shape *shape, char text[GNL_SHAPE_TEXT]);
/* A shape with one dimension put in front, and with the first one taken away. */
gnl_shape gnl_shape_batched(const gnl_shape *sample, int64_t batch);
gnl_shape gnl_shape_sample(const gnl_shape *batched);

typedef void gnl_owner_release(void *owner);

/* Counted block of numbers that tensors and their views share. */
typedef struct gnl_storage {
    gnl_object object;
    gnl_real *data;
    bool borrowed;
    void *owner; /* who keeps borrowed memory alive, told by `release` when the storage goes; or NULL */
    gnl_owner_release *release;
} gnl_storage;

struct genlat_tensor {
    gnl_object object;
    gnl_shape shape;
    gnl_real *data;
    gnl_storage *storage;
};

genlat_status gnl_tensor_new(genlat_ctx *ctx, const gnl_shape *shape, genlat_tensor **out);
/* View of memory that outlives the tensor. */
genlat_status gnl_tensor_borrow(genlat_ctx *ctx, const gnl_shape *shape, gnl_real *data, genlat_tensor **out);
/* View of memory of an object that counts its references: one reference is taken, and given back by
 * `release`, at once when the call fails. */
genlat_status gnl_tensor_borrow_from(genlat_ctx *ctx, const gnl_shape *shape, gnl_real *data, void *owner,
                                     gnl_owner_release *release, genlat_tensor **out);
void gnl_tensor_release(genlat_tensor *tensor);

/* Checks that a tensor's rows have the shape of `sample`: E_SHAPE "where: name is [..], [*,..] wanted". */
genlat_status gnl_tensor_check_rows(const genlat_tensor *tensor, const gnl_shape *sample,
                                    const char *name);

#endif
