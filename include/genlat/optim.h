/* SPDX-License-Identifier: MIT */
/**
 * @file optim.h  Optimizers, schedules of learning rates and other scalars, and averages of weights.
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
#ifndef GENLAT_OPTIM_H
#define GENLAT_OPTIM_H

#include "genlat/loss.h"
#include "genlat/net.h"
#include "genlat/stream.h"

GENLAT_BEGIN

/** An optimizer: a rule, the weights it moves, their moments. Belongs to one thread. */
typedef struct genlat_optim genlat_optim;

/** A scalar as a function of the step: a learning rate, a beta, a temperature. */
typedef struct genlat_schedule genlat_schedule;

/** A running average of a net's weights. Belongs to one thread. */
typedef struct genlat_ema genlat_ema;

/* ---- optimizers ------------------------------------------------------------------------------ */

/** Options of genlat_sgd_new(). Filled by genlat_sgd_opts_init(). */
typedef struct genlat_sgd_opts {
    size_t size;         /**< sizeof(genlat_sgd_opts) as the caller knows it. */
    double lr;           /**< learning rate, 0 to 1e6. Default 0.01. */
    double momentum;     /**< 0 to 0.999999; 0: none. Default 0. */
    double dampening;    /**< of the gradient in the momentum, 0 to 1. Default 0. */
    double weight_decay; /**< pull of the weights towards 0, 0 to 1e6. Default 0. */
    double clip_norm;    /**< largest norm of all gradients together, 0 to 1e30; 0: not clipped. Default 0. */
    double clip_value;   /**< largest size of a gradient's element, 0 to 1e30; 0: not clipped. Default 0. */
    int64_t accumulate;  /**< backward passes that a step averages, 1 to 1073741824. Default 1. */
    uint32_t nesterov;   /**< 1: Nesterov's momentum; needs momentum and no dampening. Default 0. */
    uint32_t reserved;   /**< 0. */
} genlat_sgd_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_sgd_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_sgd_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_sgd_opts_init_sized(genlat_sgd_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_sgd_opts_init(opts) genlat_sgd_opts_init_sized((opts), sizeof *(opts))

/**
 * Make an optimizer: stochastic gradient descent, with momentum.
 * m = momentum m + (1 - dampening) g, m = g in the first step; p -= lr m, or lr (g + momentum m) with
 * Nesterov.
 *
 * @param ctx   context.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new optimizer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_MEMORY.
 * Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum in deep learning,
 *   2013.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_sgd_new(genlat_ctx *ctx, const genlat_sgd_opts *opts,
                                                         genlat_optim **out);

/** Options of genlat_rmsprop_new(). Filled by genlat_rmsprop_opts_init(). */
typedef struct genlat_rmsprop_opts {
    size_t size;         /**< sizeof(genlat_rmsprop_opts) as the caller knows it. */
    double lr;           /**< learning rate, 0 to 1e6. Default 0.01. */
    double alpha;        /**< decay of the mean square, 0 to 0.999999. Default 0.99. */
    double eps;          /**< added to the root, 1e-30 to 1. Default 1e-8. */
    double momentum;     /**< 0 to 0.999999; 0: none. Default 0. */
    double weight_decay; /**< pull of the weights towards 0, 0 to 1e6. Default 0. */
    double clip_norm;    /**< largest norm of all gradients together, 0 to 1e30; 0: not clipped. Default 0. */
    double clip_value;   /**< largest size of a gradient's element, 0 to 1e30; 0: not clipped. Default 0. */
    int64_t accumulate;  /**< backward passes that a step averages, 1 to 1073741824. Default 1. */
    uint32_t centered;   /**< 1: subtract the square of the mean gradient. Default 0. */
    uint32_t reserved;   /**< 0. */
} genlat_rmsprop_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_rmsprop_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_rmsprop_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_rmsprop_opts_init_sized(genlat_rmsprop_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_rmsprop_opts_init(opts) genlat_rmsprop_opts_init_sized((opts), sizeof *(opts))

/**
 * Make an optimizer: RMSprop.
 * v = alpha v + (1 - alpha) g^2; p -= lr g / (sqrt(v) + eps); centered: v minus the square of the mean
 * gradient.
 *
 * @param ctx   context.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new optimizer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_MEMORY.
 * Source: Tieleman and Hinton, Lecture 6.5, 2012; Graves, Generating sequences with recurrent neural networks, 2013.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_rmsprop_new(genlat_ctx *ctx, const genlat_rmsprop_opts *opts,
                                                             genlat_optim **out);

/** Options of genlat_adam_new(). Filled by genlat_adam_opts_init(). */
typedef struct genlat_adam_opts {
    size_t size;         /**< sizeof(genlat_adam_opts) as the caller knows it. */
    double lr;           /**< learning rate, 0 to 1e6. Default 0.001. */
    double beta1;        /**< decay of the mean, 0 to 0.999999. Default 0.9. */
    double beta2;        /**< decay of the mean square, 0 to 0.99999999. Default 0.999. */
    double eps;          /**< added to the root, 1e-30 to 1. Default 1e-8. */
    double weight_decay; /**< pull of the weights towards 0, 0 to 1e6. Default 0. */
    double clip_norm;    /**< largest norm of all gradients together, 0 to 1e30; 0: not clipped. Default 0. */
    double clip_value;   /**< largest size of a gradient's element, 0 to 1e30; 0: not clipped. Default 0. */
    int64_t accumulate;  /**< backward passes that a step averages, 1 to 1073741824. Default 1. */
    uint32_t decoupled;  /**< 1: AdamW, decay shrinks the weights apart from the gradient. Default 0. */
    uint32_t reserved;   /**< 0. */
} genlat_adam_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_adam_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_adam_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_adam_opts_init_sized(genlat_adam_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_adam_opts_init(opts) genlat_adam_opts_init_sized((opts), sizeof *(opts))

/**
 * Make an optimizer: Adam, or AdamW with decoupled weight decay.
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= lr m^ / (sqrt(v^) + eps), both without
 * bias.
 *
 * @param ctx   context.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new optimizer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_MEMORY.
 * Source: Kingma and Ba, Adam: a method for stochastic optimization, 2014; Loshchilov and Hutter, Decoupled weight
 *   decay regularization, 2017.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_adam_new(genlat_ctx *ctx, const genlat_adam_opts *opts,
                                                          genlat_optim **out);

/** Options of genlat_adamax_new(). Filled by genlat_adamax_opts_init(). */
typedef struct genlat_adamax_opts {
    size_t size;         /**< sizeof(genlat_adamax_opts) as the caller knows it. */
    double lr;           /**< learning rate, 0 to 1e6. Default 0.002. */
    double beta1;        /**< decay of the mean, 0 to 0.999999. Default 0.9. */
    double beta2;        /**< decay of the norm, 0 to 0.99999999. Default 0.999. */
    double eps;          /**< added to the size of the gradient, 1e-30 to 1. Default 1e-8. */
    double weight_decay; /**< pull of the weights towards 0, 0 to 1e6. Default 0. */
    double clip_norm;    /**< largest norm of all gradients together, 0 to 1e30; 0: not clipped. Default 0. */
    double clip_value;   /**< largest size of a gradient's element, 0 to 1e30; 0: not clipped. Default 0. */
    int64_t accumulate;  /**< backward passes that a step averages, 1 to 1073741824. Default 1. */
    uint32_t reserved;   /**< 0. */
    uint32_t reserved2;  /**< 0. */
} genlat_adamax_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_adamax_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_adamax_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_adamax_opts_init_sized(genlat_adamax_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_adamax_opts_init(opts) genlat_adamax_opts_init_sized((opts), sizeof *(opts))

/**
 * Make an optimizer: Adamax, Adam in the infinity norm.
 * m = beta1 m + (1 - beta1) g; v = max(beta2 v, |g| + eps); p -= lr m^ / v.
 *
 * @param ctx   context.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new optimizer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_MEMORY.
 * Source: Kingma and Ba, Adam: a method for stochastic optimization, 2014, section 7.1.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_adamax_new(genlat_ctx *ctx, const genlat_adamax_opts *opts,
                                                            genlat_optim **out);

/** Options of genlat_lion_new(). Filled by genlat_lion_opts_init(). */
typedef struct genlat_lion_opts {
    size_t size;         /**< sizeof(genlat_lion_opts) as the caller knows it. */
    double lr;           /**< learning rate, 0 to 1e6. Default 1e-4. */
    double beta1;        /**< weight of the momentum in the step, 0 to 0.999999. Default 0.9. */
    double beta2;        /**< decay of the momentum, 0 to 0.999999. Default 0.99. */
    double weight_decay; /**< decoupled, 0 to 1e6. Default 0. */
    double clip_norm;    /**< largest norm of all gradients together, 0 to 1e30; 0: not clipped. Default 0. */
    double clip_value;   /**< largest size of a gradient's element, 0 to 1e30; 0: not clipped. Default 0. */
    int64_t accumulate;  /**< backward passes that a step averages, 1 to 1073741824. Default 1. */
    uint32_t reserved;   /**< 0. */
    uint32_t reserved2;  /**< 0. */
} genlat_lion_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_lion_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_lion_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_lion_opts_init_sized(genlat_lion_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_lion_opts_init(opts) genlat_lion_opts_init_sized((opts), sizeof *(opts))

/**
 * Make an optimizer: Lion, steps of one size by the sign of the momentum.
 * p -= lr sign(beta1 m + (1 - beta1) g) + lr weight_decay p; m = beta2 m + (1 - beta2) g.
 *
 * @param ctx   context.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new optimizer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_MEMORY.
 * Source: Chen and others, Symbolic discovery of optimization algorithms, 2023.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_lion_new(genlat_ctx *ctx, const genlat_lion_opts *opts,
                                                          genlat_optim **out);

/**
 * Make an optimizer from text such as "adam lr=3e-4 clip_norm=1"; "adamw" is "adam decoupled=yes
 * weight_decay=0.01".
 *
 * @param ctx   context.
 * @param spec  rule, then key=value pairs of its options, separated by blanks; copied.
 * @param out   receives a new optimizer, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown rule, or for an unknown
 *         option, naming the known ones; GENLAT_E_RANGE for a value; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_from_text(genlat_ctx *ctx, const char *spec, genlat_optim **out);

/**
 * Write an optimizer as the text that genlat_optim_from_text() reads; options at their defaults are left out.
 *
 * @param optim     optimizer.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  size of text, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when text is too small.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_format(const genlat_optim *optim, char *text, size_t capacity);

/**
 * Name of the index-th rule that this library has.
 *
 * @param index  from 0 on.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_optim_kind(int32_t index);

/**
 * One line of help on a rule or on one of its options.
 *
 * @param kind    name of a rule.
 * @param option  index of an option from 0 on; -1: the rule itself.
 * @param name    receives static text, the option's or rule's name; NULL is legal.
 * @param help    receives static text; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown rule or past the last option.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_help(const char *kind, int32_t option, const char **name,
                                                            const char **help);

/**
 * Release an optimizer.
 *
 * @param optim  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_optim_destroy(genlat_optim **optim);

/** Options of a group of weights. Filled by genlat_group_opts_init(). */
typedef struct genlat_group_opts {
    size_t size;         /**< sizeof(genlat_group_opts) as the caller knows it. */
    double lr_scale;     /**< factor of the optimizer's learning rate, 0 to 1e6. Default 1. */
    double weight_decay; /**< the group's own, 0 to 1e6; -1: the optimizer's. Default -1. */
    uint32_t decay_all;  /**< 1: biases and scales of norms decay too. Default 0. */
    uint32_t reserved;   /**< 0. */
} genlat_group_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_group_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_group_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_group_opts_init_sized(genlat_group_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_group_opts_init(opts) genlat_group_opts_init_sized((opts), sizeof *(opts))

/**
 * Add weights of a net to an optimizer, as a group. Weights that an earlier call has added stay in their
 * group: add the exceptions by prefix first, then the rest of the net.
 *
 * @param optim   optimizer before its first step.
 * @param net     net; retained.
 * @param prefix  start of the names of the weights that are meant; NULL or "": all.
 * @param opts    borrowed for the call; NULL: defaults.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_NOT_FOUND
 * when no trained weight with that prefix is left; GENLAT_E_STATE after a step; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_add(genlat_optim *optim, genlat_net *net, const char *prefix,
                                                           const genlat_group_opts *opts);

/**
 * Add the trained scale of a loss to an optimizer, as a group. A loss that trains nothing is legal and
 * ignored.
 *
 * @param optim  optimizer before its first step.
 * @param loss   loss; retained.
 * @param opts   borrowed for the call; NULL: defaults. The scale decays only by a weight_decay given here.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_STATE
 * after a step; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_add_loss(genlat_optim *optim, genlat_loss *loss,
                                                                const genlat_group_opts *opts);

/**
 * Move the weights one step along their gradients. Frozen weights and their moments stay. The gradients stay
 * as they are; genlat_optim_zero_grad() clears them.
 *
 * @param optim  optimizer.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE when no weights have been added; GENLAT_E_NUMERIC
 * when the norm of the gradients is not finite: then nothing has changed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_step(genlat_optim *optim);

/**
 * Set the gradients of all weights of an optimizer to zero.
 *
 * @param optim  optimizer.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_zero_grad(genlat_optim *optim);

/**
 * Learning rate of the steps to come.
 *
 * @param optim  optimizer; NULL gives 0.
 * @return learning rate, before the factors of the groups.
 */
GENLAT_API double genlat_optim_lr(const genlat_optim *optim);

/**
 * Change the learning rate.
 *
 * @param optim  optimizer.
 * @param lr     learning rate, finite, >= 0.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_set_lr(genlat_optim *optim, double lr);

/**
 * Number of steps.
 *
 * @param optim  optimizer; NULL gives 0.
 * @return steps; refused ones do not count.
 */
GENLAT_API int64_t genlat_optim_steps(const genlat_optim *optim);

/**
 * Euclidean norm of all gradients in the last step, before clipping; that of a refused step is not finite.
 *
 * @param optim  optimizer; NULL gives 0.
 * @return norm; 0 before the first step.
 */
GENLAT_API double genlat_optim_grad_norm(const genlat_optim *optim);

/**
 * Write the state of an optimizer to a file, for a loop of the program's own that is to go on exactly: steps, learning
 * rate, moments, and the trained scales of losses. Weights of nets are saved by genlat_net_save(). A model saves the
 * state of its own optimizers.
 *
 * @param optim  optimizer; borrowed for the call.
 * @param path   file name, UTF-8; its folder must exist. The file is replaced as a whole or not at all.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO with the system's reason; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_save(const genlat_optim *optim, const char *path);

/**
 * Write what genlat_optim_save() writes to a file into memory.
 *
 * @param optim  optimizer; borrowed for the call.
 * @param bytes  receives new memory of the context's allocator, to be released by genlat_ctx_free(); NULL on failure.
 * @param size   receives its bytes; 0 on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_save_memory(const genlat_optim *optim, void **bytes,
                                                                   size_t *size);

/**
 * Write what genlat_optim_save() writes to a file to a stream of the program. After a failure the stream has received
 * a part of it.
 *
 * @param optim   optimizer; borrowed for the call.
 * @param stream  functions; write is called.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_UNSUPPORTED for a table of a newer version; GENLAT_E_MEMORY;
 *         GENLAT_E_CALLBACK or the status that the stream has set.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_save_stream(const genlat_optim *optim,
                                                                   const genlat_stream_table *stream);

/**
 * Read the state of an optimizer from a file. The optimizer was made with the same rule, and the same nets and losses
 * were added in the same order; its other options stay as they are. All of the state is taken over or none.
 *
 * @param optim  optimizer.
 * @param path   file name.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_FORMAT for a damaged file or another kind of file;
 *         GENLAT_E_UNSUPPORTED for a later format; GENLAT_E_STATE for the state of another rule or of other parts;
 *         GENLAT_E_NOT_FOUND for a tensor that is missing; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_load(genlat_optim *optim, const char *path);

/**
 * Read the state of an optimizer from memory. It is checked like a file.
 *
 * @param optim  optimizer.
 * @param bytes  [size] what genlat_optim_save() writes, in memory of any alignment.
 * @param size   bytes.
 * @return as genlat_optim_load(), without GENLAT_E_IO.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_load_memory(genlat_optim *optim, const void *bytes, size_t size);

/**
 * Read the state of an optimizer from a stream of the program, up to the stream's end. It is checked like a file.
 *
 * @param optim   optimizer.
 * @param stream  functions; read is called.
 * @return as genlat_optim_load(), without GENLAT_E_IO; GENLAT_E_RANGE for a stream that is longer than its limit;
 *         GENLAT_E_CALLBACK or the status that the stream has set.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_optim_load_stream(genlat_optim *optim,
                                                                   const genlat_stream_table *stream);

/* ---- schedules ------------------------------------------------------------------------------- */

/**
 * Make a schedule from text. The kinds and their options are listed in the reference and by
 * genlat_schedule_help(): "1e-3" or "constant value=1e-3"; "steps from=0.1 factor=0.1 milestones=30x60x80";
 * "exponential from=1e-3 factor=0.99"; "linear from=0 to=1 steps=1000"; "cosine from=1e-3 to=1e-5 steps=10000
 * warmup=500"; "cyclical from=0 to=1 steps=4000 cycles=4 ratio=0.5"; "plateau from=1e-3 factor=0.5
 * patience=10". Several joined by "then" follow each other, each but the last for its own number of steps.
 *
 * @param ctx   context.
 * @param spec  text; copied.
 * @param out   receives a new schedule, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown kind, or for an unknown
 *         option, naming the known ones; GENLAT_E_RANGE for a value; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_schedule_new(genlat_ctx *ctx, const char *spec, genlat_schedule **out);

/**
 * Release a schedule.
 *
 * @param schedule  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_schedule_destroy(genlat_schedule **schedule);

/**
 * Write a schedule as the text that genlat_schedule_new() reads; options at their defaults are left out.
 *
 * @param schedule  schedule.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  size of text, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when text is too small.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_schedule_format(const genlat_schedule *schedule, char *text,
                                                                 size_t capacity);

/**
 * Name of the index-th kind of schedule that this library has.
 *
 * @param index  from 0 on.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_schedule_kind(int32_t index);

/**
 * One line of help on a kind of schedule or on one of its options.
 *
 * @param kind    name of a kind.
 * @param option  index of an option from 0 on; -1: the kind itself.
 * @param name    receives static text, the option's or kind's name; NULL is legal.
 * @param help    receives static text; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown kind or past the last option.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_schedule_help(const char *kind, int32_t option, const char **name,
                                                               const char **help);

/**
 * Value of a schedule. It depends on the step alone, for "plateau" also on the metrics that were reported.
 *
 * @param schedule  schedule; NULL gives 0.
 * @param step      step or epoch, counted from 0; a negative one is 0.
 * @return value.
 * Threads: safe while no metric is reported.
 */
GENLAT_API double genlat_schedule_value(const genlat_schedule *schedule, int64_t step);

/**
 * Tell a schedule how training goes, once an epoch or validation. Only "plateau" listens. A trainer does so for the
 * schedules of its model after each validation.
 *
 * @param schedule  schedule.
 * @param metric    a loss or score; one that is not finite counts as no progress.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Threads: a schedule that listens belongs to one thread.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_schedule_report(genlat_schedule *schedule, double metric);

/* ---- averages of weights --------------------------------------------------------------------- */

/** Options of genlat_ema_new(). Filled by genlat_ema_opts_init(). */
typedef struct genlat_ema_opts {
    size_t size;          /**< sizeof(genlat_ema_opts) as the caller knows it. */
    double half_life;     /**< training samples after which a weight's part has halved, 1e-6 to 1e15. Default 10000. */
    double ramp_up;       /**< the half-life is at most this fraction of the samples seen, 0 to 1e6; 0: no ramp.
                           Default 0. */
    uint32_t copy_states; /**< 1: running statistics are copied, not averaged. Default 0. */
    uint32_t reserved;    /**< 0. */
} genlat_ema_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_ema_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_ema_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_ema_opts_init_sized(genlat_ema_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_ema_opts_init(opts) genlat_ema_opts_init_sized((opts), sizeof *(opts))

/**
 * Start an average at a net's present weights.
 *
 * @param net   net; retained.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new average, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, GENLAT_E_RANGE or GENLAT_E_UNSUPPORTED for options; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_ema_new(genlat_net *net, const genlat_ema_opts *opts,
                                                         genlat_ema **out);

/**
 * Release an average. If it is swapped in, it first swaps itself out.
 *
 * @param ema  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_ema_destroy(genlat_ema **ema);

/**
 * Take the net's weights into the average: average = d average + (1 - d) weight, d = 0.5^(samples /
 * half_life).
 *
 * @param ema      average.
 * @param samples  training samples since the last call, >= 0.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_STATE while it is swapped in.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_ema_update(genlat_ema *ema, int64_t samples);

/**
 * Exchange the average and the net's weights: once for sampling and evaluation, once more to train on.
 *
 * @param ema  average.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Threads: an average belongs to one thread, and so does its net.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_ema_swap(genlat_ema *ema);

/**
 * Copy the average into the weights of another net of the same architecture.
 *
 * @param ema  average.
 * @param net  net whose weights have the same names and shapes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE for another architecture.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_ema_copy(const genlat_ema *ema, genlat_net *net);

GENLAT_END

#endif
