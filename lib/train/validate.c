/* SPDX-License-Identifier: MIT */
/* Validation, checkpoints, and the best validation so far. */
#include "train/train_priv.h"

static bool stopped(const void *trainer)
{
    return gnl_trainer_cancelled(trainer);
}

genlat_status gnl_trainer_validate(genlat_trainer *t, double *terms)
{
    /* Uses the same order and the same random numbers each time, so that validations are comparable. */
    GNL_TRY(gnl_batches_seek(t->valid_batches, 0, 0));
    return gnl_model_evaluate(t->model, t->valid_batches, (uint64_t)t->opts.seed, stopped, t, terms);
}

genlat_status gnl_trainer_save(genlat_trainer *t, const char *path)
{
    if (!path)
        return GENLAT_OK;
    t->model->progress.seconds = t->seconds_before + gnl_trainer_now() - t->began;
    GNL_TRY(gnl_model_save(t->model, GNL_KEEP_TRAINING, gnl_output_file(path)));
    gnl_trainer_emit(t, GENLAT_EVENT_CHECKPOINT, NULL, path);
    return GENLAT_OK;
}

genlat_status gnl_trainer_update_best(genlat_trainer *t, const double *valid, bool counts)
{
    gnl_progress *p = &t->model->progress;
    bool better = isfinite(valid[0]) && (p->best_epoch == 0 || valid[0] < p->best - t->opts.min_gain);
    if (!better) {
        p->waited += counts;
        return GENLAT_OK;
    }
    p->best = valid[0];
    p->best_epoch = t->epoch;
    p->waited = 0;
    t->model->has_best = false;
    if (t->opts.restore_best)
        gnl_model_keep_best(t->model);
    return gnl_trainer_save(t, t->opts.best_path);
}
