/* SPDX-License-Identifier: MIT */
/**
 * @file experimental.h  Layers of the caller's own kind, lists of kinds, files that are replaced at once. What is
 * declared here may change with any release; its symbols have the version node GENLAT_EXPERIMENTAL. genlat.h does not
 * include it.
 *
 * Unless a comment says otherwise:
 * - Threads: functions of a plan are called within infer, by the thread that runs it.
 * - Memory: functions that return a new handle allocate, others do not. Pointers are borrowed for the call.
 * - Errors: a failed call sets the handles that it would have returned to NULL and changes nothing else.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_EXPERIMENTAL_H
#define GENLAT_EXPERIMENTAL_H

#include "genlat/layer.h"
#include "genlat/tensor.h"

GENLAT_BEGIN

/** The question that infer answers: input shapes are in it, the answers go into it. Valid during infer. */
typedef struct genlat_layer_plan genlat_layer_plan;

/** Kinds of parameters for genlat_layer_plan_param(); they may be added. */
enum {
    GENLAT_PARAM_TRAINED = 0, /**< gets a gradient and is changed by the optimizer. */
    GENLAT_PARAM_STATE = 1,   /**< kept and saved, not trained: running statistics. */
    GENLAT_PARAM_DECAY = 2    /**< trained, and weight decay applies. */
};

/**
 * One call of a layer. All arrays are row-major and contiguous, without overlap; members that the call at
 * hand has no use for are undefined. The library fills it; newer versions append members.
 */
typedef struct genlat_layer_call {
    size_t size;                   /**< sizeof(genlat_layer_call) as the library knows it. */
    int64_t rows;                  /**< samples in this call. */
    int64_t inputs;                /**< number of inputs. */
    const int64_t *in_size;        /**< [inputs] elements of one sample of each input. */
    int64_t out_size;              /**< elements of one sample of y. */
    const int64_t *const *in_dims; /**< [inputs] dimensions of one sample of each input. */
    const int64_t *out_dims;       /**< dimensions of one sample of y. */
    uint32_t training;             /**< 1 in training, 0 in evaluation. */
    uint32_t reserved;             /**< 0. */
    float *const *param;           /**< parameters, in the order of infer; states may be written in forward. */
    float *const *grad;            /**< their gradients, added to; an entry is NULL when it is not requested. */
    const float *const *x;         /**< [inputs] each [rows,in_size]. */
    float *y;                      /**< [rows,out_size] written by forward, read afterwards. */
    const float *dy;               /**< [rows,out_size] derivative of the loss by y. */
    float *const *dx;       /**< [inputs] overwritten by backward, added to by jvp_backward; NULL: not requested. */
    const float *const *tx; /**< [inputs] tangent of each input. */
    float *ty;              /**< [rows,out_size] tangent of y, written by jvp. */
    const float *dty;       /**< [rows,out_size] derivative by ty. */
    float *const *dtx;      /**< [inputs] derivative by tx, overwritten; NULL: not requested. */
    float *cache;           /**< kept from forward to the calls that follow it. */
    float *scratch;         /**< free to use within one call. */
} genlat_layer_call;

/**
 * A kind of layer of the caller's own: what it is called and how it computes. Functions may run on any
 * thread, on several at once with different calls; they cannot fail (numbers that are not finite refuse a
 * training step). They must return: no C++ exception and no longjmp() may leave them.
 */
typedef struct genlat_layer_table {
    size_t size;            /**< sizeof(genlat_layer_table) as the caller knows it. */
    const char *name;       /**< letters a-z, digits and _, not the name of a kind of the library; copied. */
    void *user;             /**< passed back to every function. */
    uint32_t inputs;        /**< number of inputs, 1 to 8. */
    uint32_t couples_batch; /**< 1: a sample's output depends on other samples, as in batch norm. */
    /** Reads input shapes, answers with genlat_layer_plan_output() and the others. Called for each net and
     * exec, always with the same answer. A status of these functions is passed on, and so is one
     * that it has given to genlat_error_set(), with its text; any other becomes GENLAT_E_CALLBACK. */
    genlat_status (*infer)(void *user, genlat_layer_plan *plan);
    /** y = f(x, param). */
    void (*forward)(void *user, const genlat_layer_call *call);
    /** dx = (df/dx)^T dy, grad += (df/dparam)^T dy. */
    void (*backward)(void *user, const genlat_layer_call *call);
    /** ty = (df/dx) tx. NULL: no gradient penalties through this layer. */
    void (*jvp)(void *user, const genlat_layer_call *call);
    /** Of s = dty . (df/dx) tx: dtx = ds/dtx, dx += ds/dx, grad += ds/dparam. NULL only together with jvp. */
    void (*jvp_backward)(void *user, const genlat_layer_call *call);
    /** Frees user, once, when the layer is no longer used anywhere. NULL: nothing to free. */
    void (*free)(void *user);
} genlat_layer_table;

/**
 * Register a kind of layer in a context. From then on its name is a layer in every text that is read with the context:
 * those of builders, of models, and of files, so that models with it are loaded whole and train on exactly. It stays
 * registered as long as the context or anything made from it exists.
 *
 * @param ctx    context.
 * @param table  functions; copied. user is taken when the call succeeds, and freed with the context; it stays the
 *               caller's when the call fails.
 * @return GENLAT_OK; GENLAT_E_INVALID for a table with missing functions or a name that is not free; GENLAT_E_RANGE
 *         for the number of inputs; GENLAT_E_UNSUPPORTED for a table of a newer version; GENLAT_E_MEMORY.
 * Threads: safe, from any thread at any time. A kind cannot be changed or removed, so that others read it meanwhile.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_ctx_register_layer(genlat_ctx *ctx, const genlat_layer_table *table);

/**
 * Make a layer from functions of the caller, for genlat_net_builder_layer(), without registering it. Its name stands
 * in the text of a net, but no file can bring its functions back: a saved net with it is read only into a net built
 * the same way. See genlat_ctx_register_layer().
 *
 * @param ctx    context.
 * @param table  functions; copied. user is taken when the call succeeds and stays the caller's when it fails.
 * @param out    receives a new layer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID for a table with missing functions or a name that is not free;
 *         GENLAT_E_RANGE for the number of inputs; GENLAT_E_UNSUPPORTED for a table of a newer version;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_new_own(genlat_ctx *ctx, const genlat_layer_table *table,
                                                               genlat_layer **out);

/**
 * Shape of an input, for infer.
 *
 * @param plan   what infer was given.
 * @param input  from 0 on.
 * @param ndim   receives the number of dimensions of one sample.
 * @param dims   [GENLAT_MAX_DIMS] receives the sizes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE for an input that is not there.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_plan_input(genlat_layer_plan *plan, int64_t input, int32_t *ndim,
                                                                  int64_t *dims);

/**
 * Answer the shape of y, for infer. It must be called once.
 *
 * @param plan  what infer was given.
 * @param ndim  number of dimensions of one sample, 0 to GENLAT_MAX_DIMS - 1.
 * @param dims  [ndim] sizes, each >= 1; copied.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_plan_output(genlat_layer_plan *plan, int32_t ndim,
                                                                   const int64_t *dims);

/**
 * Ask for one more parameter, for infer. It starts as a layer's weight would: fan-in is the product of all
 * sizes but the first, or the size of a vector; fan-out is the first size.
 *
 * @param plan  what infer was given.
 * @param name  letters a-z, digits and _; borrowed: it must outlive the layer, such as a literal.
 * @param kind  GENLAT_PARAM_*, added.
 * @param ndim  number of dimensions, 0 to GENLAT_MAX_DIMS.
 * @param dims  [ndim] sizes, each >= 1; copied.
 * @param init  torch, glorot_uniform, glorot_normal, he_uniform, he_normal, orthogonal, normal or constant.
 * @param gain  factor of the initial scale; the standard deviation of normal, the value of constant.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a ninth parameter;
 *         GENLAT_E_NOT_FOUND for an unknown init.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_plan_param(genlat_layer_plan *plan, const char *name,
                                                                  uint32_t kind, int32_t ndim, const int64_t *dims,
                                                                  const char *init, double gain);

/**
 * Ask for memory, for infer. Without this call there is none.
 *
 * @param plan     what infer was given.
 * @param cache    numbers for each sample that stay from forward to backward, >= 0.
 * @param scratch  numbers for each sample that are free to use within one call, >= 0.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_layer_plan_memory(genlat_layer_plan *plan, int64_t cache,
                                                                   int64_t scratch);

/* ---- lists of kinds ---------------------------------------------------------------------------------- */

/** Type of an option, and how its value is written. */
enum {
    GENLAT_OPTION_INT = 0,  /**< an integer. */
    GENLAT_OPTION_REAL = 1, /**< a number. */
    GENLAT_OPTION_BOOL = 2, /**< yes or no; the default is 1 or 0. */
    GENLAT_OPTION_ENUM = 3, /**< one of choices; the default is an index into them. */
    GENLAT_OPTION_PAIR = 4, /**< one or two integers, such as 3 or 3x5. */
    GENLAT_OPTION_DIMS = 5, /**< integers such as 64x7x7; the default is none. */
    GENLAT_OPTION_AXES = 6  /**< axes such as 2,0,1; the default is none. */
};

/** An option of a kind. Texts are static. */
typedef struct genlat_option_info {
    size_t size;                /**< sizeof(genlat_option_info) as the caller knows it. */
    int64_t type;               /**< GENLAT_OPTION_*. */
    double fallback;            /**< default value. */
    double least, most;         /**< range of every number; both included. */
    const char *name;           /**< name of the option. */
    const char *help;           /**< one line: meaning and unit. */
    const char *const *choices; /**< names of the values of an enumeration, ended by NULL; NULL for other types. */
} genlat_option_info;

/**
 * Name of the index-th group of kinds, such as "layers" or "schedules".
 *
 * @param index  from 0 on.
 * @param help   receives static text, one line; NULL is legal.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_kind_group(int32_t index, const char **help);

/**
 * Name of the index-th kind of a group, such as "dense" of "layers".
 *
 * @param group  a name of genlat_kind_group().
 * @param index  from 0 on.
 * @param name   receives static text; NULL on failure.
 * @param help   receives static text, one line; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown group, naming the known ones, or past the
 *         last kind.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_kind_name(const char *group, int32_t index, const char **name,
                                                           const char **help);

/**
 * Describe the index-th option of a kind.
 *
 * @param group  a name of genlat_kind_group().
 * @param kind   a name of genlat_kind_name().
 * @param index  from 0 on.
 * @param out    size is set by the caller; the other members are filled.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown group or kind, naming the known ones, or past
 *         the last option.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_kind_option(const char *group, const char *kind, int32_t index,
                                                             genlat_option_info *out);

/**
 * Find the name that a misspelled word most likely means. Case, and the difference between - and _, do not matter; a
 * name that begins with the word counts as near.
 *
 * @param word   text; NULL finds nothing.
 * @param names  [count] texts; a NULL among them is passed over; NULL finds nothing.
 * @param count  number of names.
 * @return the borrowed name of names that is nearest, the first of several; NULL when none is near.
 */
GENLAT_API const char *genlat_name_nearest(const char *word, const char *const *names, int64_t count);

/* ---- files that are replaced at once ----------------------------------------------------------------- */

/**
 * A file that is being written, as the library writes its own. A regular file has its old content until
 * genlat_output_finish(): what is written goes to a temporary file beside it. Where the path is a symbolic link, that
 * is done to the file that the link leads to. Devices, pipes and open files of a process, such as /dev/stdout, are
 * written into. Belongs to one thread.
 */
typedef struct genlat_output genlat_output;

/**
 * Open a file for writing. Temporary files that processes left behind when they were killed while they wrote the same
 * file are removed. A pipe is opened when it has a reader.
 *
 * @param ctx   context whose allocator is used; NULL: malloc().
 * @param path  name of the file.
 * @param out   receives a new output.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO, also for a directory; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_output_open(genlat_ctx *ctx, const char *path, genlat_output **out);

/**
 * Write bytes after those written before.
 *
 * @param output  output.
 * @param bytes   [size] bytes; NULL is legal when size is 0.
 * @param size    number of bytes, >= 0.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_STATE after genlat_output_finish().
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_output_write(genlat_output *output, const void *bytes, int64_t size);

/**
 * Descriptor of the file, for functions that write to one.
 *
 * @param output  output; NULL gives -1.
 * @return borrowed descriptor of the operating system, valid until genlat_output_finish(); -1 after it.
 */
GENLAT_API int32_t genlat_output_descriptor(const genlat_output *output);

/**
 * Complete the file: flush it to the disk, and replace the old one. On failure the old file stays.
 *
 * @param output  output; then only genlat_output_destroy() is legal, unless a write had failed.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_STATE when called twice or after a failed write.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_output_finish(genlat_output *output);

/**
 * Release an output. A file that is not finished is given up: an old one stays as it was.
 *
 * @param output  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_output_destroy(genlat_output **output);

GENLAT_END

#endif
