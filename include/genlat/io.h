/* SPDX-License-Identifier: MIT */
/**
 * @file io.h  Nets in files: safetensors, which Python's safetensors package reads without a plug-in.
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
#ifndef GENLAT_IO_H
#define GENLAT_IO_H

#include "genlat/net.h"

GENLAT_BEGIN

/**
 * Write a net into a file: its graph as text and every weight as float32 under its name. The file is
 * replaced in one step, so that after a crash either the old or the new one is there.
 *
 * @param net   net; borrowed for the call.
 * @param path  file name, UTF-8; its folder must exist.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO with the system's reason; GENLAT_E_MEMORY.
 * Threads: no thread may train the net meanwhile.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_save(const genlat_net *net, const char *path);

/**
 * Load a net from a file of genlat_net_save(). Every length and offset of the file is checked first.
 *
 * @param ctx   context.
 * @param path  file name.
 * @param out   receives a new net, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_FORMAT for a damaged file; GENLAT_E_UNSUPPORTED
 * for one of a newer version; GENLAT_E_NOT_FOUND when the file holds no net or lacks a weight, or for a layer
 * that this library does not have; GENLAT_E_SHAPE; GENLAT_E_RANGE for an option; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_load(genlat_ctx *ctx, const char *path, genlat_net **out);

/**
 * Fill the weights of a net from a file, such as one that Python has written. All or none are taken over.
 *
 * @param net     net.
 * @param path    file name; F32, F64, F16 and BF16 tensors are converted, tensors that the net does not have
 * are passed over.
 * @param prefix  text before each weight's name in the file, such as "decoder."; NULL: none.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_FORMAT for a damaged file; GENLAT_E_UNSUPPORTED;
 *         GENLAT_E_NOT_FOUND for a weight that is missing; GENLAT_E_SHAPE for one of another shape;
 * GENLAT_E_MEMORY. After an error the net is as it was.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_load_weights(genlat_net *net, const char *path,
                                                                  const char *prefix);

GENLAT_END

#endif
