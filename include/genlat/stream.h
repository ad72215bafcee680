/* SPDX-License-Identifier: MIT */
/**
 * @file stream.h  Streams of the program: models, nets and states that are kept elsewhere than in files, such as in an
 * archive, on a server, or encrypted.
 *
 * Unless a comment says otherwise:
 * - Threads: the functions of a stream are called by the thread that runs the library call, one at a time.
 * - Memory: pointers are borrowed for the call.
 * - Errors: a failed call changes nothing but what the stream has been given.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_STREAM_H
#define GENLAT_STREAM_H

#include "genlat/common.h"

GENLAT_BEGIN

/**
 * Functions that read or write the bytes of a file in order. What they fail with is reported with the status and the
 * text that they have given to genlat_error_set(), or else as GENLAT_E_CALLBACK. They may call functions of the
 * library, but not those of the object that is being saved.
 */
typedef struct genlat_stream_table {
    size_t size; /**< sizeof(genlat_stream_table) as the caller knows it. */
    void *user;  /**< passed back to both functions. */
    /** Reads 1 to `size` bytes into buffer and returns how many, 0 at the end, or a negative number to fail. The
     * stream is read to its end, and held in memory for the call. NULL: the stream is not read from. */
    int64_t (*read)(void *user, void *buffer, size_t size);
    /** Writes 1 to `size` bytes of buffer and returns how many, or 0 or a negative number to fail; the rest is written
     * by further calls. NULL: the stream is not written to. */
    int64_t (*write)(void *user, const void *buffer, size_t size);
    int64_t limit; /**< most bytes to read, >= 0; a longer stream is refused with GENLAT_E_RANGE. 0: as many as the
                        context's memory_limit allows. */
} genlat_stream_table;

GENLAT_END

#endif
