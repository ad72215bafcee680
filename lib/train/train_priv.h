/* SPDX-License-Identifier: MIT */
/* Declarations private to the trainer. */
#ifndef GNL_TRAIN_PRIV_H
#define GNL_TRAIN_PRIV_H

#include "train/train.h"

/* ---- history --------------------------------------------------------------------------------- */

enum { GNL_CURVE_NAME = 64, GNL_MAX_CURVES = 2 * GENLAT_MAX_TERMS };

/* The curves, one value per epoch: the terms of training, then those of validation. */
typedef struct gnl_history {
    int curves;
    int64_t count;
    char name[GNL_MAX_CURVES][GNL_CURVE_NAME];
    double *values[GNL_MAX_CURVES];
    size_t capacity[GNL_MAX_CURVES];
} gnl_history;

void gnl_history_init(gnl_history *history, const char *const *terms, bool valid);
/* Appends the values of an epoch. valid is NULL if there was no validation; its curves then get NaN. */
genlat_status gnl_history_add(genlat_ctx *ctx, gnl_history *history, int terms, const double *train,
                              const double *valid);
void gnl_history_free(genlat_ctx *ctx, gnl_history *history);

/* ---- the trainer ----------------------------------------------------------------------------- */

/* State of the alarms between epochs. */
typedef struct gnl_alarms {
    double train, valid; /* last training and validation loss; NaN: none yet */
    int64_t rising;      /* consecutive validations that rose while the training loss fell */
    uint32_t active;     /* one bit for each active alarm */
    gnl_code_use use;    /* of the last inspection; latent is 0: none yet */
    int64_t inspected;   /* step of the last inspection */
} gnl_alarms;

struct genlat_trainer {
    gnl_object object;
    genlat_model *model;
    genlat_source *train, *valid; /* valid has the same scaling as train; it may be NULL */
    genlat_train_opts opts;       /* with all defaults resolved; the paths are owned copies */
    gnl_scaling scaling;          /* of the training and the validation data */
    gnl_description *about;       /* of the model at the end; may be NULL */
    genlat_batches *batches, *valid_batches;
    gnl_history history;
    gnl_alarms alarms;
    int terms;
    int64_t epoch_samples, epoch_steps;
    atomic_int cancelled;      /* may be set by any thread or a signal handler */
    bool stopped;              /* the event callback requested to stop */
    genlat_status stop_status; /* error that it set itself when it did, with its text; OK: none */
    char stop_text[GNL_ERROR_TEXT];

    /* the current run */
    int64_t first_step, last_step; /* of the run; the last one if nothing ends it earlier */
    bool log_ended;                /* the log could not be written */
    double began, seconds_before;  /* start time of the run, and training time before it */
    int64_t epoch;                 /* current or last epoch, counted from 1 */
    double epoch_began, speed;     /* start time of the epoch; samples per second */
    int64_t summed;                /* number of samples in sum */
    double sum[GENLAT_MAX_TERMS], mean[GENLAT_MAX_TERMS];
    int64_t bad_steps; /* consecutive steps that were not finite */
};

static inline bool gnl_trainer_cancelled(const genlat_trainer *t)
{
    return t->stopped || atomic_load_explicit(&t->cancelled, memory_order_relaxed);
}

double gnl_trainer_now(void); /* monotonic time in seconds */

/* Takes the options that determine the batches of the earlier runs of a model, and refuses others. */
genlat_status gnl_trainer_repeat(genlat_train_opts *opts, const gnl_progress *progress);
/* Without validation data, holds out samples of the training data as the options or the earlier runs request. */
genlat_status gnl_trainer_hold_out(genlat_trainer *t);
/* Refuses training data whose number differs from that of the earlier runs. */
genlat_status gnl_trainer_check_samples(const genlat_trainer *t);

/* Calls the event callback. values may be NULL. */
void gnl_trainer_emit(genlat_trainer *t, int64_t kind, const double *values, const char *text);
/* Checks the means of an epoch, and emits an event for each alarm that becomes active. */
genlat_status gnl_trainer_check_alarms(genlat_trainer *t, const double *train, const double *valid);

/* Computes means over the validation data. Returns E_CANCELLED if the run was cancelled. */
genlat_status gnl_trainer_validate(genlat_trainer *t, double *terms);
/* If the validation is the best so far, stores its value and weights, and saves the model to best_path. Otherwise
 * increments the counter of early stopping, if `counts` is true. */
genlat_status gnl_trainer_update_best(genlat_trainer *t, const double *valid, bool counts);
genlat_status gnl_trainer_save(genlat_trainer *t, const char *path);

/* Converts the data to the scaling and the class numbers of the model. A new model takes over those of the training
 * data. */
genlat_status gnl_trainer_normalize(genlat_trainer *t);
/* Stores the scaling and the description of the training data in the model. */
void gnl_trainer_transfer_data(genlat_trainer *t);

/* Appends a line for the last epoch to the log file. */
genlat_status gnl_trainer_log(const genlat_trainer *t, const double *train, const double *valid);

#endif
