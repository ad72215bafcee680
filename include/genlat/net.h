/* SPDX-License-Identifier: MIT */
/**
 * @file net.h  Networks: a builder for graphs of layers, nets with their weights, and execs that run them.
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
#ifndef GENLAT_NET_H
#define GENLAT_NET_H

#include "genlat/layer.h"

GENLAT_BEGIN

/** Most outputs of a net. */
#define GENLAT_MAX_OUTPUTS 8

/** Collects a graph of layers; keeps the first error and reports it at genlat_net_build(). */
typedef struct genlat_net_builder genlat_net_builder;

/** A graph of layers with its weights, gradients and running statistics. Shared between threads for
 *  inference; belongs to one thread while it is trained. */
typedef struct genlat_net genlat_net;

/** A net compiled for a number of rows: all workspace, one a thread. */
typedef struct genlat_exec genlat_exec;

/**
 * Start a net.
 *
 * @param ctx  context.
 * @param out  receives a new builder, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_builder_new(genlat_ctx *ctx, genlat_net_builder **out);

/**
 * Release a builder that was not built.
 *
 * @param builder  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_net_builder_destroy(genlat_net_builder **builder);

/**
 * Add an input. Inputs come first, in the order in which the exec is given them.
 *
 * @param builder  builder; NULL is ignored.
 * @param name     name of the node, letters, digits, '_' and '.'; copied.
 * @param ndim     dimensions of one sample, 0 to GENLAT_MAX_DIMS-1.
 * @param dims     [ndim] shape of one sample, without the batch; copied.
 */
GENLAT_API void genlat_net_builder_input(genlat_net_builder *builder, const char *name, int32_t ndim,
                                         const int64_t *dims);

/**
 * Add a layer after the last node, in printf style: add(b, "dense units=%d", 400). Three keys belong to the
 * builder: name=NODE names the node, from=A,B gives it other inputs than the last node, share=NODE makes it
 * use the weights of an earlier node of the same kind.
 *
 * @param builder  builder; NULL is ignored.
 * @param format   printf format of the layer's text, see genlat_layer_new().
 */
GENLAT_API GENLAT_PRINTF(2, 3) void genlat_net_builder_add(genlat_net_builder *builder, const char *format, ...);

/**
 * Add layers from text, one a line or separated by ';' or '|'. A line "input NAME SIZExSIZE..." adds an input, or
 * repeats one that is there; a line "output A,B" names the outputs; '#' starts a comment.
 *
 * @param builder  builder; NULL is ignored.
 * @param text     layers, as for genlat_net_builder_add(); copied.
 */
GENLAT_API void genlat_net_builder_text(genlat_net_builder *builder, const char *text);

/**
 * Add a layer that exists as a handle, such as one of the caller's own kind.
 *
 * @param builder  builder; NULL is ignored.
 * @param layer    layer; retained.
 * @param keys     "name=.. from=.. share=..", or NULL.
 */
GENLAT_API void genlat_net_builder_layer(genlat_net_builder *builder, genlat_layer *layer, const char *keys);

/**
 * Name the outputs. Without this call the last node is the only one.
 *
 * @param builder  builder; NULL is ignored.
 * @param names    up to GENLAT_MAX_OUTPUTS nodes, each once, separated by ','; copied.
 */
GENLAT_API void genlat_net_builder_output(genlat_net_builder *builder, const char *names);

/**
 * Check the graph, allocate the weights and fill them from the context's seed.
 *
 * @param builder  address of a builder; taken: it is released in any case and the handle becomes NULL.
 * @param out      receives a new net, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; the first error of all builder calls, with its text; GENLAT_E_SHAPE when a
 *         layer cannot take its inputs; GENLAT_E_MEMORY.
 * Randomness: stream init of the context's seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_build(genlat_net_builder **builder, genlat_net **out);

/**
 * Release a net. It is freed when the last exec, optimizer or model that uses it is freed.
 *
 * @param net  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_net_destroy(genlat_net **net);

/**
 * Reinitialize all weights and reset running statistics.
 *
 * @param net   net.
 * @param seed  any number.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 * Memory: for orthogonal weights.
 * Randomness: stream init of the seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_init(genlat_net *net, uint64_t seed);

/**
 * Number of inputs.
 *
 * @param net  net; NULL gives 0.
 * @return inputs, 1 or more.
 */
GENLAT_API int32_t genlat_net_inputs(const genlat_net *net);

/**
 * Number of outputs.
 *
 * @param net  net; NULL gives 0.
 * @return outputs, 1 to GENLAT_MAX_OUTPUTS.
 */
GENLAT_API int32_t genlat_net_outputs(const genlat_net *net);

/**
 * Shape of one sample of an input.
 *
 * @param net    net.
 * @param index  0 to inputs-1.
 * @param ndim   receives the number of dimensions.
 * @param dims   [GENLAT_MAX_DIMS] receives the sizes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE for the index.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_input_shape(const genlat_net *net, int32_t index, int32_t *ndim,
                                                                 int64_t *dims);

/**
 * Shape of one sample of an output.
 *
 * @param net    net.
 * @param index  0 to outputs-1.
 * @param ndim   receives the number of dimensions.
 * @param dims   [GENLAT_MAX_DIMS] receives the sizes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE for the index.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_output_shape(const genlat_net *net, int32_t index, int32_t *ndim,
                                                                  int64_t *dims);

/**
 * Number of trained numbers.
 *
 * @param net  net; NULL gives 0.
 * @return elements of all trained weights.
 */
GENLAT_API int64_t genlat_net_size(const genlat_net *net);

/**
 * Number of weight tensors, running statistics included.
 *
 * @param net  net; NULL gives 0.
 * @return weights.
 */
GENLAT_API int32_t genlat_net_weights(const genlat_net *net);

/**
 * Name of a weight: node, dot, parameter, such as "0.weight" or "hidden.bias".
 *
 * @param net    net.
 * @param index  0 to weights-1.
 * @return borrowed text, valid as long as the net; NULL for an illegal argument.
 */
GENLAT_API const char *genlat_net_weight_name(const genlat_net *net, int32_t index);

/**
 * A weight by name, as a tensor over the net's own memory.
 *
 * @param net   net.
 * @param name  name of a weight.
 * @param out   receives a new view, or NULL on failure; it keeps the net alive.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_weight(genlat_net *net, const char *name, genlat_tensor **out);

/**
 * The gradient of a weight by name, as a tensor over the net's own memory. Gradients are added to by each
 * backward pass until genlat_net_zero_grad().
 *
 * @param net   net.
 * @param name  name of a trained weight.
 * @param out   receives a new view, or NULL on failure; it keeps the net alive.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND; GENLAT_E_STATE for running statistics, which have none;
 *         GENLAT_E_MEMORY.
 * Memory: the handle; all gradients the first time.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_grad(genlat_net *net, const char *name, genlat_tensor **out);

/**
 * Set all gradients to zero.
 *
 * @param net  net.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_zero_grad(genlat_net *net);

/**
 * Exclude weights from training, or include them. Frozen weights get no gradient and no update.
 *
 * @param net     net.
 * @param prefix  start of the names of the weights that are meant; "" for all.
 * @param frozen  1 to freeze, 0 to train.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND when no weight has that prefix.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_freeze(genlat_net *net, const char *prefix, int32_t frozen);

/**
 * Copy a net: same graph, same numbers, memory of its own. Frozen weights stay frozen. Layers, which never change, are
 * shared, those of the caller's own kind too; gradients and execs are not copied.
 *
 * @param net  net; borrowed for the call. May be destroyed afterwards.
 * @param out  receives a new net, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for a net of genlat_net_bfloat16(); GENLAT_E_MEMORY.
 * Threads: no thread may train the net meanwhile.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_clone(const genlat_net *net, genlat_net **out);

/**
 * Copy a net for inference only, with the weights of its dense layers rounded to bfloat16: half the bytes to store
 * and to read for each sample. Sums stay in float32. Everything else of the net keeps its numbers.
 *
 * Each weight changes by at most 2^-8 of itself, so that an output of one layer, y = W x + b, changes by at most
 * 2^-8 |W| |x|, and by about 2^-9.5 times its root of squares for weights of both signs. Training, averaging, loading
 * and initializing the copy are refused with GENLAT_E_STATE, as is genlat_net_weight() for a rounded weight; saving
 * it writes those weights as BF16, and what is loaded from that file is a net of float32 with the rounded numbers.
 *
 * @param net  net; borrowed for the call. May be destroyed afterwards.
 * @param out  receives a new net, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for a net that is such a copy; GENLAT_E_MEMORY.
 * Threads: no thread may train the net meanwhile.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_bfloat16(const genlat_net *net, genlat_net **out);

/**
 * Write the graph as text, one node a line, as genlat_net_builder_text() reads it: the inputs, the layers with their
 * names, and the outputs. A layer without from= takes the node of the line before. The comment of a line gives the
 * shape of one sample and the number of weights.
 *
 * @param net       net.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  size of text, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when text is too small, naming the size needed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_describe(const genlat_net *net, char *text, size_t capacity);

/** What an exec is for. */
enum {
    GENLAT_EXEC_INFERENCE = 0, /**< forward only; memory is shared by all activations. */
    GENLAT_EXEC_TRAINING = 1,  /**< forward and backward. */
    GENLAT_EXEC_PENALTY = 2    /**< forward, backward, and derivatives of gradient penalties. */
};

/** Options of genlat_net_compile(). Filled by genlat_exec_opts_init(). */
typedef struct genlat_exec_opts {
    size_t size;          /**< sizeof(genlat_exec_opts) as the caller knows it. */
    uint32_t purpose;     /**< GENLAT_EXEC_*. Default GENLAT_EXEC_TRAINING. */
    uint32_t input_grads; /**< 1: backward computes the gradients of the inputs too. Default 1. */
    uint32_t keep;        /**< 1: every node's output stays readable after forward. Default 0. */
    uint32_t recompute;   /**< 1: keep fewer activations for the backward pass and recompute the others. Nets that are
                               processed in tiles keep none and recompute those of one tile at a time: this costs one
                               more forward pass, and memory no longer grows with the rows. Other nets recompute the
                               outputs of normalizations, of activations, and of convolutions with few
                               multiplications. Default 0. */
    /** Samples in a tile. Large batches are processed in tiles: a group of samples passes through every layer before
     *  the next group starts, so that its activations stay in the processor's caches. 0: chosen by the sizes of the
     *  layers. Nets with layers that couple the samples of a batch, that draw random numbers, or that are defined by
     *  the caller, process all samples at once. 0 to 2147483647. Default 0. */
    int64_t tile;
    /** Bytes for nested execs, see genlat_exec_compile_nested(): the sum of genlat_net_exec_bytes() of all of them.
     *  They lie in memory that is unused between the forward and the backward pass. For purpose training.
     *  0 to INT64_MAX / 16. Default 0. */
    int64_t nested_bytes;
    uint32_t gradients_in_workspace; /**< 1: the gradients of the weights lie in the exec's workspace, in memory that
                                          the forward pass and nested execs overwrite. Each backward pass starts them
                                          at zero, and they are valid until the next forward pass of this exec or of a
                                          nested one. This must be the first exec that trains the net, and no other
                                          may; genlat_net_grad() is refused. For purpose training. Default 0. */
    uint32_t reserved;               /**< 0. */
} genlat_exec_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_exec_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_exec_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_exec_opts_init_sized(genlat_exec_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_exec_opts_init(opts) genlat_exec_opts_init_sized((opts), sizeof *(opts))

/**
 * Compile a net: fix shapes, plan memory, allocate everything that running it needs.
 *
 * @param net   net; retained.
 * @param rows  most samples in a call, >= 1.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new exec, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED, naming the layer, when a penalty is
 *         requested and it couples the samples of a batch; GENLAT_E_STATE when gradients_in_workspace is or was given
 *         and this is not the only exec that trains the net; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_compile(genlat_net *net, int64_t rows,
                                                             const genlat_exec_opts *opts, genlat_exec **out);

/**
 * Compile a net into the workspace of another exec, the outer one. A GAN's discriminator can so run between the two
 * passes of the generator, or a VAE's decoder between those of the encoder, without a workspace of its own.
 *
 * Both passes of a nested exec run between the forward and the backward pass of the outer exec. A pass of the outer
 * exec overwrites the results of the nested one; only genlat_exec_backward() of the outer exec may be given its
 * outputs and input gradients, because it copies them first.
 *
 * @param outer  exec compiled with nested_bytes; retained.
 * @param net   net; retained.
 * @param rows  most samples in a call, >= 1.
 * @param opts  borrowed for the call; NULL: defaults.
 * @param out   receives a new exec, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE, also when too few of the nested bytes are left; GENLAT_E_STATE
 *         as in genlat_net_compile(); GENLAT_E_UNSUPPORTED for purpose penalty; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_compile_nested(genlat_exec *outer, genlat_net *net, int64_t rows,
                                                                     const genlat_exec_opts *opts, genlat_exec **out);

/**
 * Release an exec.
 *
 * @param exec  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_exec_destroy(genlat_exec **exec);

/**
 * Bytes of workspace that an exec holds.
 *
 * @param exec  exec; NULL gives 0.
 * @return bytes, weights not included.
 */
GENLAT_API int64_t genlat_exec_bytes(const genlat_exec *exec);

/**
 * Bytes of workspace that an exec would hold, known before it is compiled: to choose a batch that fits.
 *
 * @param net    net; not changed, and borrowed for the call.
 * @param rows   most samples in a call, >= 1.
 * @param opts   borrowed for the call; NULL: defaults.
 * @param bytes  receives what genlat_exec_bytes() would give after genlat_net_compile(); 0 on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED as in genlat_net_compile();
 *         GENLAT_E_MEMORY.
 * Memory: a few bytes a layer, for the call; nothing of the workspace.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_exec_bytes(genlat_net *net, int64_t rows,
                                                                const genlat_exec_opts *opts, int64_t *bytes);

/** How layers that differ between training and use behave in a forward pass. */
enum {
    GENLAT_MODE_EVAL = 0, /**< running statistics, no dropout, no noise. */
    GENLAT_MODE_TRAIN = 1 /**< batch statistics, which move the running ones; dropout; noise. */
};

/**
 * Run the net.
 *
 * @param exec    exec.
 * @param mode    GENLAT_MODE_*.
 * @param inputs  number of tensors in x; the net's number of inputs.
 * @param x       [inputs] tensors [rows,...], rows the same in all and at most those compiled for; borrowed until the
 *                backward pass that follows.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for too many rows.
 * Threads: an exec belongs to one thread; the net may be shared in mode EVAL.
 * Randomness: stream dropout in mode TRAIN.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_forward(genlat_exec *exec, int32_t mode, int32_t inputs,
                                                              const genlat_tensor *const *x);

/**
 * Choose the random numbers of the forward passes to come in mode TRAIN: dropout and noise. Without this call an exec
 * goes on in substream 0 of the context's seed. A loop of the program's own that calls it with the number of each step
 * can be resumed exactly.
 *
 * @param exec       exec.
 * @param seed       any number.
 * @param substream  any number below 2^48, such as that of the step; different ones never overlap.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE for the substream.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_set_seed(genlat_exec *exec, uint64_t seed, uint64_t substream);

/**
 * Get an output of the last forward pass.
 *
 * @param exec   exec.
 * @param index  0 to outputs-1.
 * @param out    receives a tensor [rows,...] borrowed from the exec: valid until its next forward pass; not to be
 *               destroyed.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_STATE before the first forward pass, and for a nested
 *         exec after a pass of the outer one.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_output(genlat_exec *exec, int32_t index,
                                                             const genlat_tensor **out);

/**
 * Get the output of a node of the last forward pass.
 *
 * @param exec  exec compiled with keep 1.
 * @param name  name of a node.
 * @param out   receives a new tensor [rows,...] with a copy.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND; GENLAT_E_STATE before the first forward pass or without
 *         keep; GENLAT_E_UNSUPPORTED for a node on which no output depends, which is not computed; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_node(genlat_exec *exec, const char *name, genlat_tensor **out);

/**
 * Propagate derivatives back: gradients of the weights are added to the net's, gradients of the inputs are
 * kept for genlat_exec_input_grad(). With purpose training the backward pass overwrites what the forward
 * pass has kept: run genlat_exec_forward() before each backward pass.
 *
 * @param exec     exec compiled for training.
 * @param outputs  number of tensors in dy; the net's number of outputs.
 * @param dy       [outputs] derivatives of the loss by the outputs [rows,...]; borrowed for the call; NULL: zero.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_STATE without a forward pass, with purpose
 *         training since the last backward pass; or with purpose inference.
 * Threads: an exec belongs to one thread, and so does its net.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_backward(genlat_exec *exec, int32_t outputs,
                                                               const genlat_tensor *const *dy);

/**
 * Get the gradient of an input after the last backward pass.
 *
 * @param exec   exec compiled with input_grads 1.
 * @param index  0 to inputs-1.
 * @param out    receives a tensor [rows,...] borrowed from the exec: valid until its next backward pass; not to be
 *               destroyed.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_STATE without input_grads, without a backward pass
 *         since the last forward pass, or after a pass that has overwritten it; GENLAT_E_UNSUPPORTED for an input on
 *         which no output depends.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_input_grad(genlat_exec *exec, int32_t index,
                                                                 const genlat_tensor **out);

/** Function f of the norm |g| of an input gradient that a penalty lowers. */
enum {
    GENLAT_PENALTY_ZERO = 0,     /**< |g|^2 / 2: R1 on real samples, R2 on generated ones, zero-centred between. */
    GENLAT_PENALTY_ONE = 1,      /**< (|g| - 1)^2: WGAN-GP, DRAGAN. */
    GENLAT_PENALTY_ONE_SIDED = 2 /**< max(0, |g| - 1)^2. */
};

/**
 * Gradient penalty on the samples of the last forward pass, exactly: adds to the weights' gradients those of
 * weight * mean over the rows of f(|d output / d input|). With `dloss` the gradients of a loss of the output are added
 * too, which is cheaper than a backward pass of its own.
 *
 * @param exec    exec compiled with purpose GENLAT_EXEC_PENALTY and input_grads 1; its net has one output of one
 *                number a sample.
 * @param kind    GENLAT_PENALTY_*.
 * @param weight  0 to 1e30, dimensionless.
 * @param input   the input by which is differentiated, 0 to inputs-1.
 * @param dloss   derivative of a loss by the output [rows] or [rows,1]; borrowed for the call; NULL: none.
 * @param value   receives the mean of f, without the weight; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_SHAPE for dloss or an output of several numbers;
 *         GENLAT_E_STATE without a forward pass or without purpose penalty; GENLAT_E_UNSUPPORTED for an input on
 *         which the output does not depend; GENLAT_E_NUMERIC when the mean is not finite: the gradients are spoiled,
 *         zero them.
 * Threads: an exec belongs to one thread, and so does its net.
 * Source: Mescheder, Geiger, Nowozin 2018 (R1, R2); Gulrajani et al. 2017 (WGAN-GP); Kodali et al. 2017 (DRAGAN).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_exec_penalty(genlat_exec *exec, uint32_t kind, double weight,
                                                              int32_t input, const genlat_tensor *dloss, double *value);

/** What genlat_net_check() found. */
typedef struct genlat_check_result {
    size_t size;       /**< sizeof(genlat_check_result) as the caller knows it; set it before the call. */
    double worst;      /**< largest relative error of a gradient, dimensionless. */
    int64_t checked;   /**< numbers compared. */
    const char *where; /**< weight with the largest error, borrowed from the net; "input" for an input. */
    int64_t kinks;     /**< numbers left out, because the loss has a kink beside them that explains the difference. */
} genlat_check_result;

/**
 * Compare the gradients of a net with central differences, on a random loss and the input given. In single
 * precision a right gradient shows errors of about 1e-3, a wrong one of about 1. Kinks, such as that of relu, are
 * distinguished from wrong gradients by differences with smaller steps; numbers beside them are counted, not
 * compared. With many kinks and few numbers compared, try other values of x or more probes.
 *
 * @param net     net; weights and statistics are as before when the call returns.
 * @param inputs  number of tensors in x.
 * @param x       [inputs] tensors [rows,...]; borrowed for the call.
 * @param probes  numbers checked in each weight and input, >= 1.
 * @param seed    choice of the loss and of the numbers.
 * @param result  receives the outcome.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 * Randomness: of the seed given.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_net_check(genlat_net *net, int32_t inputs,
                                                           const genlat_tensor *const *x, int64_t probes, uint64_t seed,
                                                           genlat_check_result *result);

GENLAT_END

#endif
