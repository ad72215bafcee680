/* SPDX-License-Identifier: MIT */
/*
 * train: the trainer: epochs, validation, early stopping, checkpoints, events, history, alarms.
 * Uses: base, tensor, data, model. The trainer accesses models through genlat_model and gnl_model_type only.
 * Adding: add one line to the table in alarms.c for an alarm.
 * Tests: tests/unit/test_trainer.c, tests/train/.
 */
#ifndef GNL_TRAIN_H
#define GNL_TRAIN_H

#include "genlat/train.h"
#include "model/model.h"

extern const gnl_options_table gnl_trainer_options;

/* Creates a trainer. opts is the caller's struct; valid may be NULL. */
genlat_status gnl_trainer_new(genlat_model *model, genlat_source *train, genlat_source *valid,
                              const genlat_train_opts *opts, genlat_trainer **out);
genlat_status gnl_trainer_run(genlat_trainer *trainer);
void gnl_trainer_release(genlat_trainer *trainer);

#endif
