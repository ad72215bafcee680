/* SPDX-License-Identifier: MIT */
/*
 * train: the trainer: epochs, validation, early stop, checkpoints, events, history, alarms.
 * Uses: base, tensor, data, model. Of a model it knows gnl_model and gnl_model_type alone.
 * Adding: a family of models gets one file like trainer_vae.c; an alarm is one line in alarms.c.
 * Tests: tests/unit/test_trainer.c, tests/train/.
 */
#ifndef GNL_TRAIN_H
#define GNL_TRAIN_H

#include "genlat/train.h"
#include "model/model.h"

/* opts are those of a caller; where begins error texts; valid may be NULL. */
genlat_status gnl_trainer_new(gnl_model *model, genlat_source *train, genlat_source *valid,
                              const genlat_train_opts *opts, const char *where, genlat_trainer **out);
genlat_status gnl_trainer_run(genlat_trainer *trainer);
void gnl_trainer_release(genlat_trainer *trainer);

/* Means of the model's terms over a whole source, draw 0. */
genlat_status gnl_evaluate(gnl_model *model, genlat_source *source, int64_t batch, uint64_t seed,
                           const char *where, double *terms);

#endif
