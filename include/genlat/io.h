/* SPDX-License-Identifier: MIT */
/**
 * @file io.h  Nets in files, and nets and models in memory and streams: safetensors, which Python's safetensors package
 * reads without a plug-in.
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

#include "genlat/model.h"
#include "genlat/net.h"
#include "genlat/stream.h"

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
 * Write what genlat_net_save() writes to a file into memory.
 *
 * @param net    net; borrowed for the call.
 * @param bytes  receives new memory of the context's allocator, to be released by genlat_ctx_free(); NULL on failure.
 * @param size   receives its bytes; 0 on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 * Threads: no thread may train the net meanwhile.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_save_memory(const genlat_net *net, void **bytes, size_t *size);

/**
 * Write what genlat_net_save() writes to a file to a stream of the program. After a failure the stream has received a
 * part of it.
 *
 * @param net     net; borrowed for the call.
 * @param stream  functions; write is called.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_UNSUPPORTED for a table of a newer version; GENLAT_E_MEMORY;
 *         GENLAT_E_CALLBACK or the status that the stream has set.
 * Threads: no thread may train the net meanwhile.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_save_stream(const genlat_net *net,
                                                                 const genlat_stream_table *stream);

/**
 * Load a net from memory. It is checked like a file.
 *
 * @param ctx    context.
 * @param bytes  [size] content of a net's file, in memory of any alignment.
 * @param size   bytes.
 * @param out    receives a new net, or NULL on failure.
 * @return as genlat_net_load(), without GENLAT_E_IO.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_load_memory(genlat_ctx *ctx, const void *bytes, size_t size,
                                                                 genlat_net **out);

/**
 * Load a net from a stream of the program, up to the stream's end. It is checked like a file.
 *
 * @param ctx     context.
 * @param stream  functions; read is called.
 * @param out     receives a new net, or NULL on failure.
 * @return as genlat_net_load(), without GENLAT_E_IO; GENLAT_E_RANGE also for a stream that is longer than its limit;
 *         GENLAT_E_CALLBACK or the status that the stream has set.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_load_stream(genlat_ctx *ctx, const genlat_stream_table *stream,
                                                                 genlat_net **out);

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

/* ---- models -------------------------------------------------------------------------------------- */

/**
 * Write what genlat_model_save() writes to a file into memory.
 *
 * @param model  model.
 * @param bytes  receives new memory of the context's allocator, to be released by genlat_ctx_free(); NULL on failure.
 * @param size   receives its bytes; 0 on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_save_memory(genlat_model *model, void **bytes, size_t *size);

/**
 * Write what genlat_model_save() writes to a file to a stream of the program. After a failure the stream has received
 * a part of it.
 *
 * @param model   model.
 * @param stream  functions; write is called.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_UNSUPPORTED for a table of a newer version; GENLAT_E_MEMORY;
 *         GENLAT_E_CALLBACK or the status that the stream has set.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_save_stream(genlat_model *model,
                                                                   const genlat_stream_table *stream);

/**
 * Write what genlat_model_export() writes to a file into memory.
 *
 * @param model  model.
 * @param bytes  receives new memory of the context's allocator, to be released by genlat_ctx_free(); NULL on failure.
 * @param size   receives its bytes; 0 on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_export_memory(genlat_model *model, void **bytes, size_t *size);

/**
 * Write what genlat_model_export() writes to a file to a stream of the program. After a failure the stream has
 * received a part of it.
 *
 * @param model   model.
 * @param stream  functions; write is called.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_UNSUPPORTED for a table of a newer version; GENLAT_E_MEMORY;
 *         GENLAT_E_CALLBACK or the status that the stream has set.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_export_stream(genlat_model *model,
                                                                     const genlat_stream_table *stream);

/**
 * Read a model from memory, such as a file that is part of the program. It is checked like a file.
 *
 * @param ctx    context.
 * @param bytes  [size] content of a model's file, in memory of any alignment.
 * @param size   bytes.
 * @param out    receives a new model.
 * @return as genlat_model_load(), without GENLAT_E_IO.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_load_memory(genlat_ctx *ctx, const void *bytes, size_t size,
                                                                   genlat_model **out);

/**
 * Read a model from a stream of the program, up to the stream's end. It is checked like a file.
 *
 * @param ctx     context.
 * @param stream  functions; read is called.
 * @param out     receives a new model.
 * @return as genlat_model_load(), without GENLAT_E_IO; GENLAT_E_RANGE also for a stream that is longer than its limit;
 *         GENLAT_E_CALLBACK or the status that the stream has set.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_load_stream(genlat_ctx *ctx, const genlat_stream_table *stream,
                                                                   genlat_model **out);

GENLAT_END

#endif
