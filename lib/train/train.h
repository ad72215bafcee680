/* SPDX-License-Identifier: MIT */
/*
 * train: the trainer: epochs, validation, early stop, checkpoints, events, history, alarms.
 * Uses: base, tensor, data, model. Of a model it knows genlat_model and gnl_model_type alone.
 * Adding: an alarm is one line in alarms.c.
 * Tests: tests/unit/test_trainer.c, tests/train/.
 */
#ifndef GNL_TRAIN_H
#define GNL_TRAIN_H

#include "genlat/train.h"
#include "model/model.h"

/* opts are those of a caller; valid may be NULL. */
genlat_status gnl_trainer_new(genlat_model *model, genlat_source *train, genlat_source *valid,
                              const genlat_train_opts *opts, genlat_trainer **out);
genlat_status gnl_trainer_run(genlat_trainer *trainer);
void gnl_trainer_release(genlat_trainer *trainer);

#endif
