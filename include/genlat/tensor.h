/* SPDX-License-Identifier: MIT */
/**
 * @file tensor.h  Dense row-major arrays of 32-bit floats.
 *
 * In shapes such as [rows,...], a row of one number is accepted as [rows] and as [rows,1] alike.
 *
 * Unless a comment says otherwise:
 * - Threads: a handle may be used by any number of threads at once as long as none of them changes it. A handle that
 *   a call changes, or destroys, belongs to one thread during the call.
 * - Memory: functions that return a new handle allocate, others do not. The caller owns what it receives as new and
 *   releases it with the destroy function; pointers that it passes in are borrowed for the call.
 * - Errors: a failed call sets the handles that it would have returned to NULL and changes nothing else.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_TENSOR_H
#define GENLAT_TENSOR_H

#include "genlat/context.h"

GENLAT_BEGIN

/** Most dimensions that a tensor can have. */
#define GENLAT_MAX_DIMS 6

/** Shape and data; row-major, the last dimension contiguous. Classes and other integers are whole floats. */
typedef struct genlat_tensor genlat_tensor;

/**
 * Make a tensor of zeros.
 *
 * @param ctx   context.
 * @param ndim  number of dimensions, 0 (a scalar) to GENLAT_MAX_DIMS.
 * @param dims  [ndim] sizes, each >= 0; copied. NULL only for ndim 0.
 * @param out   receives a new tensor, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE for a size that is negative or a product above 2^53;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_new(genlat_ctx *ctx, int32_t ndim, const int64_t *dims,
                                                            genlat_tensor **out);

/**
 * Make a tensor from numbers of the caller.
 *
 * @param ctx   context.
 * @param ndim  number of dimensions, 0 to GENLAT_MAX_DIMS.
 * @param dims  [ndim] sizes; copied.
 * @param data  [product of dims] numbers, row-major; copied.
 * @param out   receives a new tensor, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_from(genlat_ctx *ctx, int32_t ndim, const int64_t *dims,
                                                             const float *data, genlat_tensor **out);

/**
 * Make a tensor over memory of the caller, without a copy.
 *
 * @param ctx   context.
 * @param ndim  number of dimensions, 0 to GENLAT_MAX_DIMS.
 * @param dims  [ndim] sizes; copied.
 * @param data  [product of dims] numbers, row-major; borrowed: it must outlive the tensor and its views.
 * @param out   receives a new tensor, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_wrap(genlat_ctx *ctx, int32_t ndim, const int64_t *dims,
                                                             float *data, genlat_tensor **out);

/**
 * Make a copy with storage of its own.
 *
 * @param tensor  what to copy.
 * @param out     receives a new tensor, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_clone(const genlat_tensor *tensor, genlat_tensor **out);

/**
 * Make a view of the same numbers in another shape. The storage lives as long as any of its views.
 *
 * @param tensor  what to view.
 * @param ndim    number of dimensions, 0 to GENLAT_MAX_DIMS.
 * @param dims    [ndim] sizes; one may be -1 and is then computed.
 * @param out     receives a new view, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE when the number of elements differs; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_reshape(genlat_tensor *tensor, int32_t ndim,
                                                                const int64_t *dims, genlat_tensor **out);

/**
 * Make a view of some rows of the first dimension.
 *
 * @param tensor  [n,...] what to view.
 * @param begin   first row, 0 <= begin <= end.
 * @param end     one past the last row, end <= n.
 * @param out     receives a new view [end-begin,...], or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE for a scalar; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_rows(genlat_tensor *tensor, int64_t begin, int64_t end,
                                                             genlat_tensor **out);

/**
 * Release a tensor.
 *
 * @param tensor  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_tensor_destroy(genlat_tensor **tensor);

/**
 * Number of dimensions.
 *
 * @param tensor  tensor; NULL gives 0.
 * @return 0 to GENLAT_MAX_DIMS.
 */
GENLAT_API int32_t genlat_tensor_ndim(const genlat_tensor *tensor);

/**
 * Size of one dimension.
 *
 * @param tensor  tensor; NULL gives 0.
 * @param axis    0 to ndim-1, or -1 for the last, and so on; any other gives 0.
 * @return elements along that dimension.
 */
GENLAT_API int64_t genlat_tensor_dim(const genlat_tensor *tensor, int32_t axis);

/**
 * Number of elements.
 *
 * @param tensor  tensor; NULL gives 0.
 * @return the product of the sizes; 1 for a scalar.
 */
GENLAT_API int64_t genlat_tensor_count(const genlat_tensor *tensor);

/**
 * The numbers, to read and to write.
 *
 * @param tensor  tensor; NULL gives NULL.
 * @return borrowed, 64-byte aligned unless wrapped or a view, valid as long as the tensor.
 */
GENLAT_API float *genlat_tensor_data(genlat_tensor *tensor);

/**
 * The numbers, to read.
 *
 * @param tensor  tensor; NULL gives NULL.
 * @return borrowed, valid as long as the tensor.
 */
GENLAT_API const float *genlat_tensor_const_data(const genlat_tensor *tensor);

/**
 * Set every element to one value.
 *
 * @param tensor  tensor.
 * @param value   any float.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_fill(genlat_tensor *tensor, float value);

/**
 * Copy the numbers of one tensor into another of the same number of elements.
 *
 * @param tensor  what to overwrite.
 * @param source  what to read; may be the same.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_copy(genlat_tensor *tensor, const genlat_tensor *source);

/**
 * Make one-hot vectors of classes: a last dimension is added in which the element of the class is 1 and all others are
 * 0.
 *
 * @param classes  [...] whole numbers, at most GENLAT_MAX_DIMS - 1 dimensions; such as the labels [n] of a batch.
 * @param count    number of classes, >= 1.
 * @param out      receives a new tensor [...,count], or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE for too many dimensions or too many elements; GENLAT_E_RANGE for
 *         a count below 1, and for an element that is no whole number from 0 to count - 1; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_tensor_one_hot(const genlat_tensor *classes, int64_t count,
                                                                genlat_tensor **out);

GENLAT_END

#endif
