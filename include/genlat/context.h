/* SPDX-License-Identifier: MIT */
/**
 * @file context.h  Contexts: the allocator, threads, seed and log of everything that is made from them.
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
#ifndef GENLAT_CONTEXT_H
#define GENLAT_CONTEXT_H

#include "genlat/common.h"

GENLAT_BEGIN

/** A context: allocator, worker threads, seed and instruction set of all objects made from it. */
typedef struct genlat_ctx genlat_ctx;

/** Memory functions of the program, for all memory of the library. */
typedef struct genlat_allocator {
    size_t size; /**< sizeof(genlat_allocator) as the caller knows it. */
    void *user;  /**< passed back to both functions. */
    /** Returns bytes aligned to align (a power of two, at most 64), or NULL. Called from any thread. */
    void *(*alloc)(void *user, size_t bytes, size_t align);
    /** Frees what alloc returned. Called from any thread. */
    void (*free)(void *user, void *memory);
} genlat_allocator;

/** Widest instruction set that a context may use. */
enum {
    GENLAT_CPU_AUTO = 0,     /**< the widest that this machine has. */
    GENLAT_CPU_BASELINE = 1, /**< plain C. */
    GENLAT_CPU_AVX2 = 2,     /**< AVX2 and FMA. */
    GENLAT_CPU_AVX512 = 3,   /**< AVX-512 F, BW, DQ, VL. */
    GENLAT_CPU_NEON = 4      /**< AArch64. */
};

/** Implementation of matrix products. */
enum {
    /** The built-in kernels where they are faster or the library is built without CBLAS, else CBLAS. */
    GENLAT_GEMM_AUTO = 0,
    GENLAT_GEMM_CBLAS = 1,   /**< the CBLAS that the library is linked with; without, GENLAT_E_UNSUPPORTED. */
    GENLAT_GEMM_BUILTIN = 2, /**< the built-in kernels: fixed order of summation, no threads of their own. */
    /** Mixed precision: the built-in kernels on factors rounded to bfloat16 (8 bits), with sums in float32. Weights,
     * activations, gradients and the optimizer's state stay float32. Needs AVX512_BF16, else GENLAT_E_UNSUPPORTED. */
    GENLAT_GEMM_BFLOAT16 = 3
};

/** Severity of a log message. */
enum { GENLAT_LOG_ERROR = 0, GENLAT_LOG_WARNING = 1, GENLAT_LOG_INFO = 2, GENLAT_LOG_DEBUG = 3 };

/** Receives one line without a newline; called from the thread that runs the library call. A trainer's alarms are
 *  warnings, the files that it writes information. */
typedef void (*genlat_log_fn)(void *user, int32_t level, const char *message);

/** Options of genlat_ctx_new(). Filled by genlat_ctx_opts_init(). */
typedef struct genlat_ctx_opts {
    size_t size;                       /**< sizeof(genlat_ctx_opts) as the caller knows it. */
    int64_t threads;                   /**< worker threads, the caller's own included, 1 to 256. Default 1. */
    int64_t seed;                      /**< seed of all random streams, >= 0. Default 0. */
    uint32_t deterministic;            /**< 1: the same bits whatever the number of threads. Default 0. */
    uint32_t cpu;                      /**< GENLAT_CPU_*. Default GENLAT_CPU_AUTO. */
    uint32_t gemm;                     /**< GENLAT_GEMM_*. Default GENLAT_GEMM_AUTO. */
    uint32_t reserved;                 /**< 0. */
    const genlat_allocator *allocator; /**< copied; NULL: the C library's. */
    genlat_log_fn log;                 /**< NULL: no messages. */
    void *log_user;                    /**< passed back to log. */
    /** Largest block of memory that the library allocates, bytes, >= 0; a larger one is refused with
     *  GENLAT_E_MEMORY before it is tried, such as for a file that asks for it. 0: the physical memory of the machine.
     *  Default 0. */
    int64_t memory_limit;
} genlat_ctx_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_ctx_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_ctx_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_ctx_opts_init_sized(genlat_ctx_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_ctx_opts_init(opts) genlat_ctx_opts_init_sized((opts), sizeof *(opts))

/**
 * Create a context.
 *
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new context, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options;
 *         GENLAT_E_MEMORY; GENLAT_E_THREAD.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_ctx_new(const genlat_ctx_opts *opts, genlat_ctx **out);

/**
 * Release a context. It is freed when the last object made from it is freed.
 *
 * @param ctx  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_ctx_destroy(genlat_ctx **ctx);

/**
 * Free memory that a function of the library has returned to be freed so, such as genlat_model_save_memory().
 *
 * @param ctx     context that the memory comes from: that of the object that was saved.
 * @param memory  memory; NULL is legal.
 */
GENLAT_API void genlat_ctx_free(genlat_ctx *ctx, void *memory);

/**
 * Number of threads that work for a context.
 *
 * @param ctx  context; NULL gives 0.
 * @return threads, the caller's own included.
 */
GENLAT_API int64_t genlat_ctx_threads(const genlat_ctx *ctx);

/**
 * Instruction set that a context uses.
 *
 * @param ctx  context; NULL gives GENLAT_CPU_AUTO.
 * @return GENLAT_CPU_BASELINE, _AVX2, _AVX512 or _NEON.
 */
GENLAT_API uint32_t genlat_ctx_cpu(const genlat_ctx *ctx);

/**
 * Largest block of memory that a context allocates, so that a reader of files can refuse larger data before it reads
 * them.
 *
 * @param ctx  context; NULL gives 0.
 * @return bytes, > 0: memory_limit of the options, or the physical memory of the machine.
 */
GENLAT_API int64_t genlat_ctx_memory_limit(const genlat_ctx *ctx);

/**
 * Report a message through the log function of a context, such as from a reader of files or from an own source.
 *
 * @param ctx      context; NULL does nothing, as does a context without a log function.
 * @param level    GENLAT_LOG_*.
 * @param message  text, at most 511 bytes of which are reported; line breaks become spaces. NULL is ignored.
 */
GENLAT_API void genlat_ctx_log(genlat_ctx *ctx, int32_t level, const char *message);

GENLAT_END

#endif
