/* SPDX-License-Identifier: MIT */
/**
 * @file model.h  Models of every family: built, trained, saved and used in the same way.
 *
 * Unless a comment says otherwise:
 * - Threads: a model may be used (encode, decode, sample, evaluate, ...) by any number of threads at once while no
 *   thread trains it. A builder, and a model in training, belong to one thread.
 * - Memory: functions that return a new handle allocate, others do not. The caller owns what it receives as new and
 *   releases it with the destroy function; pointers that it passes in are borrowed for the call.
 * - Errors: a failed call sets the handles that it would have returned to NULL and changes nothing else.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_MODEL_H
#define GENLAT_MODEL_H

#include "genlat/data.h"
#include "genlat/net.h"
#include "genlat/optim.h"

GENLAT_BEGIN

/** Most numbers that a step or an evaluation of a model reports. */
#define GENLAT_MAX_TERMS 16

/** A model: a VAE, a GAN, a predictor or another family, with what trains it. */
typedef struct genlat_model genlat_model;

/** Collects the settings of a model; keeps the first error and reports it at genlat_model_build(). */
typedef struct genlat_model_builder genlat_model_builder;

/* ---- building ---------------------------------------------------------------------------------- */

/**
 * Name and description of a family of models.
 *
 * @param index  from 0 on.
 * @param help   receives one static line, NULL past the last; NULL is legal.
 * @return static text such as "vae"; NULL past the last.
 */
GENLAT_API const char *genlat_model_family_name(int32_t index, const char **help);

/**
 * Name and description of a preset of a family.
 *
 * @param family  name of a family.
 * @param index   from 0 on; the first is what a builder starts with.
 * @param help    receives one static line, NULL past the last; NULL is legal.
 * @return static text; NULL past the last, and for an unknown family.
 */
GENLAT_API const char *genlat_model_preset(const char *family, int32_t index, const char **help);

/**
 * Start a model of a family with its first preset.
 *
 * @param ctx     context.
 * @param family  "vae", "gan", "predictor", see genlat_model_family_name().
 * @param out     receives a new builder.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for the family; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_builder_new(genlat_ctx *ctx, const char *family,
                                                                   genlat_model_builder **out);

/**
 * Release a builder that was not built.
 *
 * @param builder  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_model_builder_destroy(genlat_model_builder **builder);

/**
 * Take all settings of a preset. What has been set by name before, data and condition stay as they are.
 *
 * @param builder  builder; NULL is ignored.
 * @param name     name of a preset, see genlat_model_preset().
 */
GENLAT_API void genlat_model_builder_preset(genlat_model_builder *builder, const char *name);

/**
 * Choose preset, settings, scaling, length and batch by the data: by the shape, number and range of the samples, which
 * are read once, all of them or the first ones, 2^28 values. The choices of a family are in the reference. Settings
 * that were made by name before stay as they are, and the scaling fits a likelihood or an output that was set.
 * The setting holdout becomes -1: a tenth of the samples, 20 to 5000, but no more than a fifth, and none of less than
 * 10. Synthetic samples are not held out, and none for families without validation. All samples determine the scaling.
 *
 * @param builder   builder, without a preset or with one, which is replaced.
 * @param source    data to train on.
 * @param prepared  receives a new source with the scaling, which keeps source alive; to build the model and to train
 *                  with. A source that is scaled already, or needs no scaling, is returned itself, retained.
 * @param text      [capacity] receives one line that says what was chosen and why, with its final zero, shortened if
 *                  it does not fit; NULL: not requested.
 * @param capacity  bytes, >= 1; 512 are enough for most choices. Ignored without text.
 * @return GENLAT_OK; GENLAT_E_INVALID; the first error of earlier builder calls, with its text; GENLAT_E_RANGE for
 *         values that are not finite (NaN is, if the settings accept missing values), or an impossible holdout;
 *         GENLAT_E_NUMERIC for values too large to fit a scale; GENLAT_E_NOT_FOUND for an unknown kind among the
 *         settings; GENLAT_E_CALLBACK; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_builder_auto(genlat_model_builder *builder,
                                                                    genlat_source *source, genlat_source **prepared,
                                                                    char *text, size_t capacity);

/**
 * Set one setting by name. Every family has `condition` ("none", "labels", "classes=N", "vector=N"), `epochs`, `steps`,
 * `batch` and `restore_best`; the options and texts of a family are listed in its header and in the reference.
 *
 * @param builder  builder; NULL is ignored.
 * @param key      name.
 * @param value    value as text; copied.
 */
GENLAT_API void genlat_model_builder_set(genlat_model_builder *builder, const char *key, const char *value);

/**
 * Set a whole number by name, as genlat_model_builder_set().
 *
 * @param builder  builder; NULL is ignored.
 * @param key      name.
 * @param value    number.
 */
GENLAT_API void genlat_model_builder_set_int(genlat_model_builder *builder, const char *key, int64_t value);

/**
 * Set a real number by name, as genlat_model_builder_set(), whatever the locale.
 *
 * @param builder  builder; NULL is ignored.
 * @param key      name.
 * @param value    number.
 */
GENLAT_API void genlat_model_builder_set_real(genlat_model_builder *builder, const char *key, double value);

/**
 * Read a setting by name, as preset and calls so far have left it.
 *
 * @param builder   builder.
 * @param key       name, as for genlat_model_builder_set().
 * @param text      [capacity] receives the value as text with its final zero.
 * @param capacity  bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for the name; GENLAT_E_RANGE when text is too small.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_builder_get(const genlat_model_builder *builder, const char *key,
                                                                   char *text, size_t capacity);

/**
 * Set the shape of one sample. Without this call it is that of the source given to genlat_model_build().
 *
 * @param builder  builder; NULL is ignored.
 * @param ndim     dimensions of one sample, 1 to GENLAT_MAX_DIMS-1.
 * @param dims     [ndim] sizes; copied.
 */
GENLAT_API void genlat_model_builder_data(genlat_model_builder *builder, int32_t ndim, const int64_t *dims);

/**
 * Make the model conditional; for a predictor, say what it predicts.
 *
 * @param builder  builder; NULL is ignored.
 * @param classes  number of classes of the labels, which become one-hot vectors, 1 to 1048576; 0: none.
 * @param vector   length of the condition vector, 1 to 1048576; 0: none. Not both.
 */
GENLAT_API void genlat_model_builder_condition(genlat_model_builder *builder, int64_t classes, int64_t vector);

/**
 * Set a net instead of its text. Either all nets of a model are set, or none.
 *
 * @param builder  builder; NULL is ignored.
 * @param part     "encoder", "decoder", "generator", ..., see genlat_model_part().
 * @param net      net; retained.
 */
GENLAT_API void genlat_model_builder_net(genlat_model_builder *builder, const char *part, genlat_net *net);

/**
 * Make the model. Its weights are drawn from the stream init of the context's seed.
 *
 * @param builder  address of a builder; taken: it is released in any case and the handle becomes NULL.
 * @param source   gives the shape of the data, the classes with condition=labels, and what the model starts from,
 *                 such as the output bias; NULL after genlat_model_builder_data().
 * @param out      receives a new model.
 * @return GENLAT_OK; the first error of all builder calls, with its text; GENLAT_E_INVALID; GENLAT_E_SHAPE when data
 *         and nets do not fit; GENLAT_E_STATE when the shape of the data is unknown; GENLAT_E_NOT_FOUND for a kind;
 *         GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED for settings that exclude each other; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_build(genlat_model_builder **builder, genlat_source *source,
                                                             genlat_model **out);

/**
 * Release a model.
 *
 * @param model  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_model_destroy(genlat_model **model);

/* ---- files -------------------------------------------------------------------------------------- */

/**
 * Write the model to a file: nets, settings, normalization of the data, and the state of training. The file is
 * replaced as a whole or not at all.
 *
 * @param model  model.
 * @param path   file name, UTF-8; its folder must exist.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO with the system's reason; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_save(genlat_model *model, const char *path);

/**
 * Write the model to a file without the state of training: what its use needs, with Adam a third of the size.
 * Training that goes on from it is a new one: its steps, schedules, random numbers and validations start from the
 * beginning.
 *
 * @param model  model.
 * @param path   file name, UTF-8; its folder must exist.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO with the system's reason; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_export(genlat_model *model, const char *path);

/**
 * Read a model of any family from a file. Training goes on exactly if it was saved, and starts anew if exported.
 *
 * @param ctx   context.
 * @param path  file name.
 * @param out   receives a new model.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_FORMAT for a damaged file or one that holds no model,
 *         naming the field; GENLAT_E_UNSUPPORTED for a later format; GENLAT_E_NOT_FOUND for a tensor or kind that is
 *         missing; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_load(genlat_ctx *ctx, const char *path, genlat_model **out);

/* ---- questions ----------------------------------------------------------------------------------- */

/**
 * Family of a model.
 *
 * @param model  model; NULL gives NULL.
 * @return static text such as "vae".
 */
GENLAT_API const char *genlat_model_family(const genlat_model *model);

/**
 * Shape of one sample of the data.
 *
 * @param model  model.
 * @param ndim   receives the number of dimensions.
 * @param dims   [GENLAT_MAX_DIMS] receives the sizes.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_data_shape(const genlat_model *model, int32_t *ndim,
                                                                  int64_t *dims);

/**
 * What the model is conditional on; of a predictor, what it predicts.
 *
 * @param model    model.
 * @param classes  receives the number of classes, 0 without; NULL is legal.
 * @param vector   receives the length of the vector, 0 without; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_condition(const genlat_model *model, int64_t *classes,
                                                                 int64_t *vector);

/**
 * Numbers of a latent.
 *
 * @param model  model; NULL gives 0.
 * @return dimensions; 0 for a family without latents.
 */
GENLAT_API int64_t genlat_model_latent(const genlat_model *model);

/**
 * Number of trained numbers.
 *
 * @param model  model; NULL gives 0.
 * @return elements of all trained weights.
 */
GENLAT_API int64_t genlat_model_size(const genlat_model *model);

/**
 * Write what the model is as text: settings, nets, sizes.
 *
 * @param model     model.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when text is too small, naming the size needed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_describe(const genlat_model *model, char *text, size_t capacity);

/** How far the training of a model is. Set size before the call. */
typedef struct genlat_progress {
    size_t size;        /**< sizeof(genlat_progress) as the caller knows it. */
    int64_t step;       /**< updates since the model was built. */
    int64_t epoch;      /**< epochs completed. */
    int64_t best_epoch; /**< of the best validation; 0: there was none. */
    double best;        /**< its first term, such as the negative ELBO; NaN: there was none. */
    double seconds;     /**< spent in training. */
    int64_t held_out;   /**< samples that are held out of the training data for validation; 0: none. */
} genlat_progress;

/**
 * How far the training of a model is.
 *
 * @param model  model.
 * @param out    receives the numbers; set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_progress(const genlat_model *model, genlat_progress *out);

/**
 * Begin a new training from the weights of a model, to fine-tune it: forget progress, state of the optimizers and the
 * schedules, the best validation, and the seed and order of the earlier runs. The model is then as one that
 * genlat_model_export() has written and genlat_model_load() has read.
 *
 * @param model  model; belongs to one thread during the call.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_restart(genlat_model *model);

/**
 * Scaling of a model's data, raw = x * scale + offset. A training takes it over from its source, see
 * genlat_source_normalization(), and files keep it. Functions that use a model take and return raw data: they scale
 * what they are given, and invert the scaling on what they return. Sources are converted from the scaling that they
 * have; a model without scaling takes them as they are. Steps, and nets that are run apart from the model, take
 * scaled data. Losses and likelihoods are those of the scaled data.
 *
 * @param model   model.
 * @param offset  receives a new tensor, [] or the shape of one sample; NULL when nothing is scaled.
 * @param scale   receives a new tensor of the same shape; NULL when nothing is scaled.
 * @return GENLAT_OK, scaled or not; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_scaling(const genlat_model *model, genlat_tensor **offset,
                                                               genlat_tensor **scale);

/**
 * Set the scaling of a model's data, of a model that is trained by steps. Without a scaling, functions take and return
 * data as the nets see them, such as data that the program has scaled itself.
 *
 * @param model   model; belongs to one thread during the call.
 * @param offset  [] one number for all elements, or the shape of one sample; copied. NULL: none.
 * @param scale   the same shape as offset, each finite and not 0; copied. NULL: none.
 * @return GENLAT_OK; GENLAT_E_INVALID when one of both is NULL; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_set_scaling(genlat_model *model, const genlat_tensor *offset,
                                                                   const genlat_tensor *scale);

/**
 * Description of a model's data: names of classes and columns, sampling rate. A new model takes it over from the source
 * that it is built for, or trained on, and files keep it.
 *
 * @param model  model.
 * @param out    receives the description; its names are borrowed and valid until the model gets another description.
 *               Set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_description(const genlat_model *model, genlat_description *out);

/**
 * Set the description of a model's data, of a model that is trained by steps.
 *
 * @param model        model; belongs to one thread during the call.
 * @param description  copied; NULL: none.
 * @return as genlat_source_describe(), for the classes of the model and the elements of its data.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_set_description(genlat_model *model,
                                                                       const genlat_description *description);

/**
 * Number of a class.
 *
 * @param model  model with classes, see genlat_model_condition().
 * @param name   name of the class; its number as text when the classes have no names.
 * @param out    receives the number, from 0 on; unchanged on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for a model without classes; GENLAT_E_NOT_FOUND, naming the
 *         classes.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_find_class(const genlat_model *model, const char *name,
                                                                  int64_t *out);

/**
 * Make a source whose classes have the numbers of the model's, found by their names. Functions that take a model and a
 * source do so by themselves; those that take tensors of labels take the model's numbers. The classes of a source
 * without names are the numbers of the model's.
 *
 * @param model   model.
 * @param source  source; kept alive.
 * @param out     receives a new source, or NULL on failure; the same source if the numbers are the same, or the model
 *                has no classes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for a class that the model does not have, naming it;
 *         GENLAT_E_SHAPE for more classes without names than the model has; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_number_classes(const genlat_model *model, genlat_source *source,
                                                                      genlat_source **out);

/* ---- nets ----------------------------------------------------------------------------------------- */

/**
 * Name of a net of a model.
 *
 * @param model  model; NULL gives NULL.
 * @param index  from 0 on.
 * @return static text such as "encoder"; NULL past the last.
 */
GENLAT_API const char *genlat_model_part(const genlat_model *model, int32_t index);

/**
 * A net of a model. It shares the model's weights.
 *
 * @param model  model.
 * @param part   name, see genlat_model_part(); for a GAN also "average", the generator with averaged weights, brought
 *               up to date.
 * @param net    receives a new reference, which keeps the net alive.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_net(genlat_model *model, const char *part, genlat_net **net);

/**
 * Exclude weights from training, or include them.
 *
 * @param model   model; belongs to one thread during the call.
 * @param prefix  start of the names "part.weight" of the weights that are meant, such as "encoder"; "" for all.
 * @param frozen  1 to freeze, 0 to train.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND when no weight has that prefix.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_freeze(genlat_model *model, const char *prefix, int32_t frozen);

/* ---- training and evaluation ---------------------------------------------------------------------- */

/**
 * Name of a number that steps and evaluations report.
 *
 * @param model  model; NULL gives NULL.
 * @param index  from 0 on; the first is the one to lower.
 * @return borrowed text such as "neg_elbo", valid as long as the model; NULL past the last.
 */
GENLAT_API const char *genlat_model_term(const genlat_model *model, int32_t index);

/**
 * Train on one batch with the model's own optimizers. genlat_model_fit() of train.h runs a whole training.
 *
 * @param model   model.
 * @param x       [rows,...] data, scaled as the nets see them; see genlat_model_scaling().
 * @param labels  [rows] classes or [rows,vector] vectors, when the model is conditional or predicts them; else NULL.
 * @param terms   [GENLAT_MAX_TERMS] receives the numbers of genlat_model_term(); NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label, and for a number that the
 *         likelihood does not accept; GENLAT_E_NUMERIC when a loss or gradient is not finite: the model is as before;
 *         GENLAT_E_STATE when another thread or a trainer is training the model; GENLAT_E_MEMORY when a larger batch
 *         than before needs more memory.
 * Randomness: streams noise, dropout and augment of the context's seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_step(genlat_model *model, const genlat_tensor *x,
                                                            const genlat_tensor *labels, double *terms);

/**
 * Evaluate a model on a whole source, in evaluation mode: means over its samples.
 *
 * @param model   model.
 * @param source  data, with labels when the model is conditional or predicts them.
 * @param batch   samples at once, 1 to 10^9; the result does not depend on it but for rounding, and for terms that
 *                are a function of a batch, such as free bits.
 * @param seed    of what is drawn; a sample's numbers depend on the seed and its place in the source alone.
 * @param terms   [GENLAT_MAX_TERMS] receives the numbers of genlat_model_term().
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE, also for data that are not finite or that the
 *         likelihood refuses, naming the element; GENLAT_E_UNSUPPORTED for a GAN; GENLAT_E_MEMORY; GENLAT_E_CALLBACK.
 * Randomness: stream eval of the seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_evaluate(genlat_model *model, genlat_source *source,
                                                                int64_t batch, uint64_t seed, double *terms);

/* ---- use -------------------------------------------------------------------------------------------- */

/** Options of sampling. Filled by genlat_sample_opts_init(). */
typedef struct genlat_sample_opts {
    size_t size;        /**< sizeof(genlat_sample_opts) as the caller knows it. */
    int64_t seed;       /**< of the latents, >= 0; -1: the next part of the context's stream sample. Default -1. */
    double temperature; /**< factor of the standard deviation of the codes, 0 to 1e6. Default 1. */
    double truncation;  /**< numbers of a latent beyond it are drawn anew, 0.1 to 1000; 0: none. Default 0. */
    uint32_t draw;      /**< 1: a VAE draws from p(x|z) instead of taking its mean. Default 0. */
    uint32_t raw;       /**< 1: a GAN takes the weights that training moves instead of their average. Default 0. */
    uint32_t prior;     /**< 1: the latents come from the prior, although the model has a sampler. Default 0. */
    uint32_t reserved;  /**< 0. */
} genlat_sample_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_sample_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_sample_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_sample_opts_init_sized(genlat_sample_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_sample_opts_init(opts) genlat_sample_opts_init_sized((opts), sizeof *(opts))

/**
 * Generate data. A series with a seed begins with every shorter series of that seed; without one, each call goes on
 * in the context's stream.
 *
 * @param model   model.
 * @param n       how many, 1 to 2147483647.
 * @param labels  [n] classes or [n,vector] conditions of a conditional model; NULL: the classes in turn, 0, 1, 2, ...
 * @param opts    options; NULL: defaults.
 * @param x       receives a new tensor [n,...].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE when condition vectors are
 *         missing; GENLAT_E_UNSUPPORTED for a family without latents, and for options of another family;
 *         GENLAT_E_MEMORY.
 * Randomness: stream sample.
 * Source: Brock, Donahue, Simonyan 2019 (truncation).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_sample(genlat_model *model, int64_t n,
                                                              const genlat_tensor *labels,
                                                              const genlat_sample_opts *opts, genlat_tensor **x);

/**
 * Draw the latents that genlat_model_sample() decodes.
 *
 * @param model  model.
 * @param n      how many, 1 to 2147483647.
 * @param opts   seed, temperature and truncation; NULL: defaults.
 * @param z      receives a new tensor [n,latent].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED; GENLAT_E_MEMORY.
 * Randomness: stream sample.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_latents(genlat_model *model, int64_t n,
                                                               const genlat_sample_opts *opts, genlat_tensor **z);

/**
 * Turn data into latents: the mean of q(z|x) of a VAE, the features of a predictor.
 *
 * @param model   model.
 * @param x       [rows,...] data.
 * @param labels  as for genlat_model_step(), of a conditional model; else NULL. A predictor does not read them.
 * @param z       receives a new tensor [rows,latent], or [rows,features].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED for a GAN; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_encode(genlat_model *model, const genlat_tensor *x,
                                                              const genlat_tensor *labels, genlat_tensor **z);

/**
 * Turn latents into data: a GAN's averaged generator, the mean of p(x|z) of a VAE; with decoder_inputs=x draws by the
 * seed of the context.
 *
 * @param model   model.
 * @param z       [rows,latent].
 * @param labels  as for genlat_model_sample().
 * @param x       receives a new tensor [rows,...].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE; GENLAT_E_UNSUPPORTED;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_decode(genlat_model *model, const genlat_tensor *z,
                                                              const genlat_tensor *labels, genlat_tensor **x);

/**
 * Encode data and decode the codes, as genlat_model_decode() does.
 *
 * @param model   model.
 * @param x       [rows,...] data.
 * @param labels  as for genlat_model_encode().
 * @param y       receives a new tensor [rows,...].
 * @return as genlat_model_encode(), and GENLAT_E_UNSUPPORTED for models without encoder or decoder.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_reconstruct(genlat_model *model, const genlat_tensor *x,
                                                                   const genlat_tensor *labels, genlat_tensor **y);

/** The path from one latent to another. */
enum {
    GENLAT_PATH_SPHERE = 0, /**< the great circle, which keeps the length typical of normal latents. */
    GENLAT_PATH_LINE = 1    /**< the straight line. */
};

/**
 * Decode the latents on a path between others, both ends included.
 *
 * @param model   model.
 * @param from    [rows,latent] where the paths begin.
 * @param to      [rows,latent] where they end.
 * @param labels  one for each row, as for genlat_model_sample().
 * @param steps   samples a row, >= 2.
 * @param path    GENLAT_PATH_*.
 * @param x       receives a new tensor [rows*steps,...], the steps of a row one after the other.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE; GENLAT_E_UNSUPPORTED;
 *         GENLAT_E_MEMORY.
 * Source: White, "Sampling generative networks", 2016 (spherical interpolation).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_interpolate(genlat_model *model, const genlat_tensor *from,
                                                                   const genlat_tensor *to, const genlat_tensor *labels,
                                                                   int64_t steps, uint32_t path, genlat_tensor **x);

/**
 * Decode while one dimension of a latent moves and the others stay.
 *
 * @param model   model.
 * @param z       [1,latent] the start; NULL: the origin.
 * @param labels  [1] or [1,vector], as for genlat_model_sample().
 * @param low     first value of the moving dimension, finite.
 * @param high    last value, finite.
 * @param steps   values a dimension, >= 2.
 * @param x       receives a new tensor [latent*steps,...], the steps of a dimension one after the other.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE; GENLAT_E_UNSUPPORTED;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_traverse(genlat_model *model, const genlat_tensor *z,
                                                                const genlat_tensor *labels, double low, double high,
                                                                int64_t steps, genlat_tensor **x);

GENLAT_END

#endif
