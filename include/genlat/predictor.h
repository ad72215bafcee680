/* SPDX-License-Identifier: MIT */
/** @file predictor.h  Nets trained to predict the labels of data: classifiers and regressions. */
#ifndef GENLAT_PREDICTOR_H
#define GENLAT_PREDICTOR_H

#include "genlat/data.h"
#include "genlat/loss.h"
#include "genlat/net.h"
#include "genlat/optim.h"

GENLAT_BEGIN

/** A net, the loss of its answers and what trains it. Its answer is the probability of each class where the labels are
 *  classes, else a vector. One thread trains it; any number of threads may ask it at once while nobody trains. */
typedef struct genlat_predictor genlat_predictor;

/** Options of a predictor. Filled by genlat_predictor_opts_init(). Texts are borrowed for the call that is given them. */
typedef struct genlat_predictor_opts {
    size_t size;             /**< sizeof(genlat_predictor_opts) as the caller knows it. */
    const char *preset;      /**< name of a preset, see genlat_predictor_preset(). NULL, the default: "classifier". */
    const char *net;         /**< layers before the last one, as genlat_net_builder_text() reads them; the last one is added:
                                  what they give is flattened under the name "features", and a dense layer named "answer"
                                  follows. NULL, the default: the preset's. */
    const char *loss;        /**< "cross_entropy" for classes; for vectors a likelihood without trained numbers of its own,
                                  such as "mse" or "laplace scale=1". NULL, the default: "cross_entropy" or "mse". */
    const char *optimizer;   /**< such as "adam lr=1e-3". NULL, the default: the preset's. */
    const char *lr_schedule; /**< multiplies the learning rate. NULL, the default: constant. */
} genlat_predictor_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_predictor_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_predictor_opts) as the caller knows it, bytes.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_predictor_opts_init_sized(genlat_predictor_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_predictor_opts_init(opts) genlat_predictor_opts_init_sized((opts), sizeof *(opts))

/**
 * Name of a preset.
 *
 * @param index  from 0 on.
 * @param help   receives one line about it, or NULL past the last; NULL is legal.
 * @return static text; NULL past the last.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API const char *genlat_predictor_preset(int32_t index, const char **help);

/**
 * Make a predictor of a source's labels.
 *
 * @param ctx     context; its seed draws the weights.
 * @param source  labelled data, which give the shapes of samples and labels; borrowed for the call.
 * @param opts    borrowed for the call; NULL: defaults.
 * @param out     receives a new predictor, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID for a source without labels, and for a loss that does not fit them; GENLAT_E_NOT_FOUND for
 *         a preset, layer, optimizer or loss; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe. Allocates: yes. Randomness: stream init.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_new(genlat_ctx *ctx, genlat_source *source,
                                                               const genlat_predictor_opts *opts, genlat_predictor **out);

/**
 * Give a predictor back.
 *
 * @param predictor  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 * Thread-safety: one thread destroys. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_predictor_destroy(genlat_predictor **predictor);

/**
 * Shape of one sample.
 *
 * @param predictor  predictor.
 * @param ndim       receives the number of dimensions.
 * @param dims       [GENLAT_MAX_DIMS] receives the sizes.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_data_shape(const genlat_predictor *predictor, int32_t *ndim,
                                                                      int64_t *dims);

/**
 * What is predicted.
 *
 * @param predictor  predictor.
 * @param classes    receives the number of classes, or 0; NULL is legal.
 * @param vector     receives the length of the vector, or 0; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_labels(const genlat_predictor *predictor, int64_t *classes,
                                                                  int64_t *vector);

/**
 * The net. Its node "features" gives what the last layer sees, "answer" its output: logits of classes, or what the loss
 * wants.
 *
 * @param predictor  predictor; NULL gives NULL.
 * @return borrowed net, valid as long as the predictor.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API genlat_net *genlat_predictor_net(genlat_predictor *predictor);

/** What a step or an evaluation tells. Set size before the call. */
typedef struct genlat_predictor_terms {
    size_t size;      /**< sizeof(genlat_predictor_terms) as the caller knows it. */
    double loss;      /**< mean loss, nats a sample. */
    double accuracy;  /**< part of the samples whose most probable class is theirs, 0 to 1; NaN for vectors. */
    double mse;       /**< mean squared error of an element of the vectors; NaN for classes. */
    double grad_norm; /**< Euclidean norm of the gradients before clipping; 0 in an evaluation. */
} genlat_predictor_terms;

/**
 * Train on one batch.
 *
 * @param predictor  predictor.
 * @param x          [rows,...] data; borrowed for the call.
 * @param labels     [rows] classes or [rows,vector] vectors; borrowed for the call.
 * @param terms      receives the terms, of before the step; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when loss or gradient is not
 *         finite: the predictor is as before; GENLAT_E_MEMORY when a larger batch than before wants more room.
 * Thread-safety: one thread trains. Allocates: when rows grow. Randomness: stream dropout.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_step(genlat_predictor *predictor, const genlat_tensor *x,
                                                                const genlat_tensor *labels, genlat_predictor_terms *terms);

/**
 * Answers on data.
 *
 * @param predictor  predictor.
 * @param x          [rows,...] data; borrowed for the call.
 * @param y          receives a new tensor: [rows,classes] probabilities, or [rows,vector] predicted means.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_predict(genlat_predictor *predictor, const genlat_tensor *x,
                                                                   genlat_tensor **y);

/**
 * What the last layer sees of data: the features in which genlat_metric_frechet_distance() and its like compare samples.
 *
 * @param predictor  predictor.
 * @param x          [rows,...] data; borrowed for the call.
 * @param y          receives a new tensor [rows,features].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_features(genlat_predictor *predictor, const genlat_tensor *x,
                                                                    genlat_tensor **y);

/**
 * Write what the predictor is as text: labels, loss, optimizer, net, sizes.
 *
 * @param predictor  predictor.
 * @param text       [capacity] receives the text with its final zero.
 * @param capacity   room, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when there is too little room.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_describe(const genlat_predictor *predictor, char *text,
                                                                    size_t capacity);

GENLAT_END

#endif
