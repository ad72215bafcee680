/* SPDX-License-Identifier: MIT */
/**
 * @file layer.h  Layers: a kind and its options, written as text.
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
#ifndef GENLAT_LAYER_H
#define GENLAT_LAYER_H

#include "genlat/tensor.h"

GENLAT_BEGIN

/** A kind of layer with its options; it has no weights. Constant, shared freely between threads and nets. */
typedef struct genlat_layer genlat_layer;

/**
 * Make a layer from text such as "dense units=400" or "conv2d channels=32 kernel=4 stride=2 padding=1".
 * The kinds and their options are listed in the reference and by genlat_layer_kind().
 *
 * @param ctx   context.
 * @param spec  kind, then key=value pairs, separated by blanks; copied.
 * @param out   receives a new layer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown kind, or for an unknown
 *         option, naming the known ones; GENLAT_E_RANGE for a value; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_new(genlat_ctx *ctx, const char *spec, genlat_layer **out);

/**
 * Release a layer.
 *
 * @param layer  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_layer_destroy(genlat_layer **layer);

/**
 * Write a layer as the text that genlat_layer_new() reads; options at their defaults are left out.
 *
 * @param layer     layer.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  size of text, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when text is too small.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_format(const genlat_layer *layer, char *text, size_t capacity);

/**
 * Name of the index-th kind of layer that this library has.
 *
 * @param index  from 0 on.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_layer_kind(int32_t index);

/**
 * One line of help on a kind of layer or on one of its options.
 *
 * @param kind    name of a kind.
 * @param option  index of an option from 0 on; -1: the kind itself.
 * @param name    receives static text, the option's or kind's name; NULL is legal.
 * @param help    receives static text; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown kind or past the last option.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_help(const char *kind, int32_t option, const char **name,
                                                            const char **help);

GENLAT_END

#endif
