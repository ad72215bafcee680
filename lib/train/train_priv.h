/* SPDX-License-Identifier: MIT */
/* What the files of the trainer share. */
#ifndef GNL_TRAIN_PRIV_H
#define GNL_TRAIN_PRIV_H

#include "train/train.h"

/* ---- history --------------------------------------------------------------------------------- */

enum { GNL_CURVE_NAME = 64, GNL_MAX_CURVES = 2 * GENLAT_MAX_TERMS };

/* One number an epoch for each curve: the terms of training, then those of validation. */
typedef struct gnl_history {
    int curves;
    int64_t count;
    char name[GNL_MAX_CURVES][GNL_CURVE_NAME];
    double *values[GNL_MAX_CURVES];
    size_t capacity[GNL_MAX_CURVES];
} gnl_history;

void gnl_history_init(gnl_history *history, const char *const *terms, bool valid);
/* valid NULL: NaN. */
genlat_status gnl_history_add(genlat_ctx *ctx, gnl_history *history, int terms, const double *train,
                              const double *valid);
void gnl_history_free(genlat_ctx *ctx, gnl_history *history);

/* ---- the trainer ----------------------------------------------------------------------------- */

/* What the alarms remember from epoch to epoch. */
typedef struct gnl_watch {
    double train, valid; /* the last ones; NaN: none */
    int64_t rising;      /* validations in a row that rose while training fell */
    uint32_t told;       /* a bit for each alarm that is on */
} gnl_watch;

struct genlat_trainer {
    gnl_object object;
    genlat_model *model;
    genlat_source *train, *valid;  /* valid is scaled as train is; or NULL */
    genlat_train_opts opts;        /* complete: no 0 for what a preset decides; paths are the trainer's own */
    genlat_tensor *offset, *scale; /* how train is scaled, y = (raw - offset) / scale; or NULL */
    genlat_batches *batches, *valid_batches;
    gnl_history history;
    gnl_watch watch;
    int terms;
    int64_t epoch_samples, epoch_steps;
    atomic_int cancelled; /* set from anywhere */
    bool stopped;         /* an event's receiver wants to stop */

    /* of the run */
    double began, seconds_before; /* when it began; seconds of training before it */
    int64_t epoch;                /* under way or just ended, from 1 on */
    double epoch_began, speed;    /* speed: samples a second */
    int64_t summed;               /* samples in sum */
    double sum[GENLAT_MAX_TERMS], mean[GENLAT_MAX_TERMS];
    int64_t bad_steps; /* in a row */
};

static inline bool gnl_trainer_cancelled(const genlat_trainer *t)
{
    return t->stopped || atomic_load_explicit(&t->cancelled, memory_order_relaxed);
}

double gnl_trainer_now(void);

/* Tells the receiver; values NULL: none. */
void gnl_trainer_tell(genlat_trainer *t, int64_t kind, const double *values, const char *text);
/* Looks at an epoch's means, and raises the alarms that go on. */
void gnl_trainer_watch(genlat_trainer *t, const double *train, const double *valid);

/* Means over the validation data; E_CANCELLED when it was stopped. */
genlat_status gnl_trainer_validate(genlat_trainer *t, double *terms);
/* Keeps a validation that is better, on the model and on disk; counts those that are not when `counts`. */
genlat_status gnl_trainer_judge(genlat_trainer *t, const double *valid, bool counts);
genlat_status gnl_trainer_save(genlat_trainer *t, const char *path);

/* Learns how the training data are scaled, and has the validation data scaled likewise. */
genlat_status gnl_trainer_normalize(genlat_trainer *t);
/* Gives the model the scaling of the training data; false when it had another. */
bool gnl_trainer_hand_over(genlat_trainer *t);

/* Appends a line about the epoch that has ended. */
genlat_status gnl_trainer_log(const genlat_trainer *t, const double *train, const double *valid);

#endif
