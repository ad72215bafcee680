/* SPDX-License-Identifier: MIT */
/**
 * @file train.h  The trainer: epochs, validation, early stop, checkpoints, events, history.
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
#ifndef GENLAT_TRAIN_H
#define GENLAT_TRAIN_H

#include "genlat/model.h"

GENLAT_BEGIN

/** Trains one model on one source. Belongs to one thread. What has been done is kept by the model and by its file:
 *  a trainer of a loaded model goes on at the very batch, so that training in two parts gives the same bits. The seed
 *  of the noise, seed, batch, shuffle, drop_last and holdout are kept too: a later run repeats them, and refuses
 *  others, and data of another number of samples. genlat_model_restart() begins a new training from the weights. */
typedef struct genlat_trainer genlat_trainer;

/** Kind of an event. */
enum {
    GENLAT_EVENT_STEP = 0,       /**< after a step; values are those of its batch. */
    GENLAT_EVENT_EPOCH = 1,      /**< an epoch has ended; values are means over its samples. */
    GENLAT_EVENT_VALID = 2,      /**< the validation data have been evaluated; values are theirs. */
    GENLAT_EVENT_CHECKPOINT = 3, /**< a file has been written; text is its name. */
    GENLAT_EVENT_ALARM = 4,      /**< something looks wrong; text says what, and the remedy. */
    GENLAT_EVENT_DONE = 5        /**< training has ended; values are those of the last epoch. */
};

/** An event. All pointers are borrowed for the call. */
typedef struct genlat_event {
    size_t size;              /**< sizeof(genlat_event) as the library knows it. */
    int64_t kind;             /**< GENLAT_EVENT_*. */
    int64_t epoch;            /**< epochs begun, from 1 on. */
    int64_t epochs;           /**< epochs requested; 0 when steps decide. */
    int64_t step;             /**< steps since the model was built. */
    int64_t steps;            /**< steps requested; 0 when unknown. */
    int64_t epoch_steps;      /**< steps of one epoch. */
    double seconds;           /**< since the trainer started. */
    double samples_per_s;     /**< training samples a second, since the last epoch began. */
    int64_t count;            /**< number of names and values. */
    const char *const *names; /**< [count] such as "neg_elbo", "recon", "kl". */
    const double *values;     /**< [count]. */
    const char *text;         /**< one line, or NULL. */
} genlat_event;

/** Receives events in the thread that trains; returns 0 to go on, anything else to stop after this step. The run then
 *  ends with GENLAT_E_CANCELLED, or with the status and text that the receiver has given to genlat_error_set(). It may
 *  use and save the model, freeze weights, and destroy the trainer, which then lives until its run has ended. It cannot
 *  train the model: GENLAT_E_STATE. As every callback, it must return: no C++ exception and no longjmp() may leave
 *  it. */
typedef int32_t (*genlat_event_fn)(void *user, const genlat_event *event);

/** Options of a trainer. Filled by genlat_train_opts_init(). */
typedef struct genlat_train_opts {
    size_t size;           /**< sizeof(genlat_train_opts) as the caller knows it. */
    int64_t epochs;        /**< epochs since the model was new, 0 to 1e9; -1: steps decide, or the preset's number, or
                                  10, when steps is 0 too. 0: nothing is trained, last_path is written. Default -1. */
    int64_t steps;         /**< steps since the model was new, 0 to 1e15; 0: epochs decide. With both, what comes
                                  first. Default 0. */
    int64_t batch;         /**< samples a step, 1 to 1e9; 0: that of earlier runs, or the preset's, or 128.
                                  Default 0. */
    int64_t seed;          /**< of the order of the data, >= 0; -1: that of earlier runs, or the context's.
                                  Default -1. */
    int64_t valid_every;   /**< epochs between validations, 1 to 1e9. Default 1. */
    int64_t valid_batch;   /**< samples evaluated at once, 1 to 1e9. Default 512. */
    int64_t patience;      /**< validations without a better first term until training stops, 0 to 1e9; 0: never.
                                  Wants validation data, as best_path and restore_best do. Default 0. */
    int64_t save_every;    /**< epochs between checkpoints, 0 to 1e9; 0: only at the end. Default 0. */
    double min_gain;       /**< what must be gained to count as better, nats a sample, 0 to 1e300. Default 0. */
    uint32_t shuffle;      /**< 1: a new order every epoch. Default 1. */
    uint32_t drop_last;    /**< 1: leave an incomplete last batch out. Default 0. */
    uint32_t prefetch;     /**< 1: read the next batch in a background thread. Default 0. */
    uint32_t restore_best; /**< 1: end with the weights of the best validation, also of one before an interruption,
                                  since the model's file keeps them; some presets do so anyway. Default 0. */
    const char *last_path; /**< file of the newest state, to resume from; at the end of training, of the model as
                                  restore_best leaves it; NULL: none. Copied. */
    const char *best_path; /**< file of the best validation; NULL: none. Copied. */
    const char *log_path;  /**< JSON lines, one an epoch, appended; NULL: none. Copied. */
    genlat_event_fn event; /**< NULL: none. */
    void *event_user;      /**< passed back to event. */
    double holdout;        /**< samples that are held out of the training data for validation when valid is NULL, chosen
                                at random by seed: a fraction below 1, or a number, -1 to 1e15; 0: none; below 0: as in
                                earlier runs, or as the model's setting of this name, which builders choose by the
                                data. Default -1. */
} genlat_train_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_train_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_train_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_train_opts_init_sized(genlat_train_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_train_opts_init(opts) genlat_train_opts_init_sized((opts), sizeof *(opts))

/**
 * Set one option by name and text.
 *
 * @param opts   options that have been filled; paths and callbacks have no text.
 * @param key    name of a field.
 * @param value  value as text.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND; GENLAT_E_RANGE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_train_opts_set(genlat_train_opts *opts, const char *key,
                                                                const char *value);

/**
 * Make a trainer of a model. A model that was loaded from a file goes on where it was. A new model takes over the
 * scaling of the training data; with a model that has a scaling, all data are converted to it.
 *
 * @param model  model; retained.
 * @param train  training data; retained. With packing, a last batch of an epoch with fewer samples is left out. Labels
 *               are left out for a model without condition.
 * @param valid  validation data; retained; NULL: those that the option holdout holds out, or none. A GAN takes none.
 *               Schedules with plateau follow their first term.
 * @param opts   NULL: defaults.
 * @param out    receives a new trainer.
 * @return GENLAT_OK; GENLAT_E_INVALID, also when an option or a schedule with plateau needs validation data and there
 *         are none, and when both valid and the option holdout are given; GENLAT_E_SHAPE when data and model do not
 *         fit; GENLAT_E_STATE for scaled data of a model that was trained on data without scaling, and for options or
 *         data that contradict those of earlier runs, naming both; GENLAT_E_RANGE, also when holdout leaves no samples
 *         in one part, and for data that are not finite or that the likelihood does not accept, naming sample and
 *         element; GENLAT_E_UNSUPPORTED; GENLAT_E_THREAD; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_trainer_new(genlat_model *model, genlat_source *train,
                                                             genlat_source *valid, const genlat_train_opts *opts,
                                                             genlat_trainer **out);

/**
 * Train a model with a trainer of its own.
 *
 * @param model  model.
 * @param train  training data.
 * @param valid  validation data; NULL: see the option holdout.
 * @param opts   NULL: defaults.
 * @return as genlat_trainer_new() and genlat_trainer_run(); GENLAT_E_STATE when the model is being trained.
 * Randomness: as genlat_trainer_run().
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_fit(genlat_model *model, genlat_source *train,
                                                           genlat_source *valid, const genlat_train_opts *opts);

/**
 * Release a trainer. One that is running, such as within its own event, is freed when its run has ended; the run goes
 * on until then.
 *
 * @param trainer  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_trainer_destroy(genlat_trainer **trainer);

/**
 * Train to the end, or until an event's receiver or genlat_trainer_cancel() stops it. The model is given the scaling
 * of the training data. A step whose loss or gradient is not finite is left out with an alarm; the fifth in a row
 * ends the run. Training by steps that ends within an epoch validates and reports it like a whole one, but the early
 * stop does not count that validation.
 *
 * @param trainer  trainer.
 * @return GENLAT_OK, also when the early stop ended it; GENLAT_E_CANCELLED, the file last_path written;
 *         GENLAT_E_NUMERIC with advice; GENLAT_E_IO; GENLAT_E_MEMORY; GENLAT_E_STATE when the model has been trained
 *         as long as requested before, or has stopped early, when another trainer or thread is training it, or within
 *         an event; GENLAT_E_CALLBACK when a source failed; the status that a source or a receiver of events has set
 *         by genlat_error_set().
 * Randomness: streams order, noise, dropout.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_trainer_run(genlat_trainer *trainer);

/**
 * Ask a trainer to stop after the step that it is making; a trainer that is not running stops its next run at once.
 *
 * @param trainer  trainer; NULL is ignored.
 * Threads: safe, from any thread and from a signal handler.
 */
GENLAT_API void genlat_trainer_cancel(genlat_trainer *trainer);

/**
 * The data of a trainer, with the scaling and the class numbers of its model. Samples that the option holdout holds out
 * are the validation data.
 *
 * @param trainer  trainer.
 * @param train    receives the training data, a new reference.
 * @param valid    receives the validation data, a new reference, or NULL where there are none.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_trainer_data(const genlat_trainer *trainer, genlat_source **train,
                                                              genlat_source **valid);

/**
 * Number of epochs in the history.
 *
 * @param trainer  trainer; NULL gives 0.
 * @return epochs that have ended in this trainer.
 */
GENLAT_API int64_t genlat_trainer_epochs(const genlat_trainer *trainer);

/**
 * A curve of the history.
 *
 * @param trainer  trainer.
 * @param name     such as "neg_elbo", or "valid.neg_elbo".
 * @param values   receives borrowed numbers, one an epoch, NaN where there was no validation; valid until the next run.
 *                 NULL on failure.
 * @param count    receives their number, 0 on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND, naming the curves there are.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_trainer_history(const genlat_trainer *trainer, const char *name,
                                                                 const double **values, int64_t *count);

/**
 * Name of a curve of the history.
 *
 * @param trainer  trainer.
 * @param index    from 0 on.
 * @return borrowed text, valid as long as the trainer; NULL past the last.
 */
GENLAT_API const char *genlat_trainer_curve(const genlat_trainer *trainer, int32_t index);

GENLAT_END

#endif
