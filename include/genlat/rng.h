/* SPDX-License-Identifier: MIT */
/**
 * @file rng.h  Reproducible random numbers: Philox 4x32-10, a counter and a key.
 *
 * Unless a comment says otherwise:
 * - Threads: a handle may be used by any number of threads at once as long as none of them changes it. A handle that
 *   a call changes, or destroys, belongs to one thread during the call.
 * - Memory: functions that return a new handle allocate, others do not. The caller owns what it receives as new and
 *   releases it with the destroy function; pointers that it passes in are borrowed for the call.
 * - Errors: a failed call sets the handles that it would have returned to NULL and changes nothing else.
 * - Randomness: functions that draw advance the stream; no other does.
 * - Since: 0.1.
 */
#ifndef GENLAT_RNG_H
#define GENLAT_RNG_H

#include "genlat/context.h"

GENLAT_BEGIN

/** A place in a random stream. */
typedef struct genlat_rng genlat_rng;

/**
 * Open a stream of the user's own, apart from those that the library draws from.
 *
 * @param ctx        context.
 * @param seed       any number; the same seed and substream give the same numbers everywhere.
 * @param substream  any number below 2^48; different ones never overlap.
 * @param out        receives a new stream, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_rng_new(genlat_ctx *ctx, uint64_t seed, uint64_t substream,
                                                         genlat_rng **out);

/**
 * Release a stream.
 *
 * @param rng  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_rng_destroy(genlat_rng **rng);

/**
 * Draw uniform numbers from [lo,hi).
 *
 * @param rng  stream.
 * @param n    how many, >= 0.
 * @param lo   lower end, finite.
 * @param hi   upper end, finite, >= lo.
 * @param out  [n] receives the numbers.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE.
 * Randomness: advances the stream by ceil(n/4).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_rng_uniform(genlat_rng *rng, int64_t n, float lo, float hi,
                                                             float *out);

/**
 * Draw standard normal numbers.
 *
 * @param rng  stream.
 * @param n    how many, >= 0.
 * @param out  [n] receives the numbers.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Randomness: advances the stream by ceil(n/4).
 * Source: Box, Muller, "A note on the generation of random normal deviates", 1958.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_rng_normal(genlat_rng *rng, int64_t n, float *out);

/**
 * Where a stream is: how many blocks of four numbers it has given.
 *
 * @param rng  stream; NULL gives 0.
 * @return position, blocks.
 */
GENLAT_API uint64_t genlat_rng_position(const genlat_rng *rng);

/**
 * Move a stream.
 *
 * @param rng       stream; NULL is ignored.
 * @param position  blocks from its beginning.
 */
GENLAT_API void genlat_rng_seek(genlat_rng *rng, uint64_t position);

GENLAT_END

#endif
