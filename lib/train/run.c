/* SPDX-License-Identifier: MIT */
/* A run of the trainer. What has been done is in the model's progress alone, so that a run that ends anywhere
 * goes on from the model's file: epoch and position give the next batch, the step all random numbers. */
#include <stdio.h>

#include "train/train_priv.h"

/* Steps without a finite loss or gradient, in a row, that are left out before training fails. */
enum { MOST_BAD_STEPS = 5, TEXT = 512 };

static bool has_enough(const genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    const genlat_train_opts *o = &t->opts;
    return (o->steps > 0 && p->step >= o->steps) || (o->epochs > 0 && p->epoch >= o->epochs) ||
           (o->patience > 0 && p->waited >= o->patience);
}

/* ---- a step ---------------------------------------------------------------------------------- */

static genlat_status leave_out(genlat_trainer *t)
{
    char why[TEXT / 2], text[TEXT];
    snprintf(why, sizeof why, "%s", genlat_last_error());
    if (++t->bad_steps >= MOST_BAD_STEPS)
        return gnl_fail(
            GENLAT_E_NUMERIC,
            "%d batches in a row without a finite loss and gradient after step "
            "%lld; lower the learning rate, clip gradients, scale the data (%s)",
            MOST_BAD_STEPS, (long long)t->model->progress.step, why);
    snprintf(text, sizeof text,
             "loss or gradient is not finite: a batch is left out, %lld of at most %d in a row; lower the "
             "learning "
             "rate, clip gradients, scale the data (%s)",
             (long long)t->bad_steps, MOST_BAD_STEPS - 1, why);
    gnl_trainer_tell(t, GENLAT_EVENT_ALARM, NULL, text);
    return GENLAT_OK;
}

static void add_up(genlat_trainer *t, const double *terms, int64_t rows)
{
    double now = gnl_trainer_now();
    for (int i = 0; i < t->terms; i++)
        t->sum[i] += terms[i] * (double)rows;
    t->summed += rows;
    t->speed = now > t->epoch_began ? (double)t->summed / (now - t->epoch_began) : 0;
    t->model->progress.seconds = t->seconds_before + now - t->began;
}

static genlat_status make_step(genlat_trainer *t)
{
    genlat_model *model = t->model;
    genlat_tensor *x = NULL, *labels = NULL;
    double terms[GENLAT_MAX_TERMS] = {0};
    GNL_TRY(gnl_batches_next(t->batches, &x, &labels));
    genlat_status status = model->type->step(model, x, gnl_model_takes_labels(model) ? labels : NULL, terms);
    if (status != GENLAT_OK && status != GENLAT_E_NUMERIC)
        return status;
    model->progress.position += x->shape.dim[0];
    if (status != GENLAT_OK)
        return leave_out(t);
    t->bad_steps = 0;
    add_up(t, terms, x->shape.dim[0]);
    gnl_trainer_tell(t, GENLAT_EVENT_STEP, terms, NULL);
    return GENLAT_OK;
}

/* ---- an epoch -------------------------------------------------------------------------------- */

static void begin_epoch(genlat_trainer *t)
{
    t->epoch = t->model->progress.epoch + 1;
    t->epoch_began = gnl_trainer_now();
    t->speed = 0;
    t->summed = 0;
    memset(t->sum, 0, sizeof t->sum);
}

/* Tells, keeps and writes what an epoch has brought; valid NULL: there was no validation. */
static genlat_status report(genlat_trainer *t, const double *valid, bool counts)
{
    GNL_TRY(gnl_history_add(t->object.ctx, &t->history, t->terms, t->mean, valid));
    gnl_trainer_tell(t, GENLAT_EVENT_EPOCH, t->mean, NULL);
    if (valid)
        gnl_trainer_tell(t, GENLAT_EVENT_VALID, valid, NULL);
    gnl_trainer_watch(t, t->mean, valid);
    GNL_TRY(valid ? gnl_trainer_judge(t, valid, counts) : GENLAT_OK);
    return gnl_trainer_log(t, t->mean, valid);
}

static void find_means(genlat_trainer *t)
{
    for (int i = 0; i < t->terms; i++)
        t->mean[i] = t->summed ? t->sum[i] / (double)t->summed : (double)NAN;
}

/* An epoch counts as ended once it has been validated: who is cancelled in between validates again. */
static genlat_status end_epoch(genlat_trainer *t)
{
    gnl_progress *p = &t->model->progress;
    double valid[GENLAT_MAX_TERMS];
    bool counts = t->epoch % t->opts.valid_every == 0;
    bool validates = t->valid && (counts || t->epoch == t->opts.epochs);
    find_means(t);
    GNL_TRY(validates ? gnl_trainer_validate(t, valid) : GENLAT_OK);
    p->epoch++;
    p->position = 0;
    GNL_TRY(gnl_batches_seek(t->batches, p->epoch, 0));
    GNL_TRY(report(t, validates ? valid : NULL, counts));
    bool saves = t->opts.save_every > 0 && t->epoch % t->opts.save_every == 0;
    return saves ? gnl_trainer_save(t, t->opts.last_path) : GENLAT_OK;
}

static genlat_status run_epoch(genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    begin_epoch(t);
    while (p->position < t->epoch_samples && !has_enough(t) && !gnl_trainer_cancelled(t))
        GNL_TRY(make_step(t));
    return p->position >= t->epoch_samples ? end_epoch(t) : GENLAT_OK;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static genlat_status begin_run(genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    GNL_TRY(gnl_batches_seek(t->batches, p->epoch, p->position));
    t->began = gnl_trainer_now();
    t->seconds_before = p->seconds;
    t->stopped = false;
    t->bad_steps = 0;
    begin_epoch(t);
    t->epoch = p->epoch + (p->position > 0);
    if (!gnl_trainer_hand_over(t) && p->step > 0)
        gnl_trainer_tell(
            t, GENLAT_EVENT_ALARM, NULL,
            "the training data are scaled otherwise than those that the model has seen so far; put the "
            "model's scaling to them (genlat_source_normalize)");
    return GENLAT_OK;
}

/* Steps that end within an epoch are reported like one, but the early stop does not count them. */
static genlat_status report_rest(genlat_trainer *t)
{
    double valid[GENLAT_MAX_TERMS];
    if (t->model->progress.position == 0 || t->summed == 0)
        return GENLAT_OK;
    find_means(t);
    GNL_TRY(t->valid ? gnl_trainer_validate(t, valid) : GENLAT_OK);
    return report(t, t->valid ? valid : NULL, false);
}

static void restore_best(genlat_trainer *t)
{
    if (t->model->has_best)
        gnl_model_restore(t->model, t->model->best);
    else if (t->model->progress.best_epoch > 0)
        gnl_trainer_tell(
            t, GENLAT_EVENT_ALARM, NULL,
            "no validation of this run was better than one of an earlier run without restore_best: the weights are the "
            "last ones, the best are in the file that best_path named then");
}

static genlat_status finish(genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    char text[TEXT] = "all is done";
    if (t->opts.patience > 0 && p->waited >= t->opts.patience)
        snprintf(text, sizeof text, "stopped early: no better validation since epoch %lld",
                 (long long)p->best_epoch);
    GNL_TRY(gnl_trainer_save(t, t->opts.last_path));
    if (t->opts.restore_best)
        restore_best(t);
    gnl_trainer_tell(t, GENLAT_EVENT_DONE, t->history.count ? t->mean : NULL, text);
    return GENLAT_OK;
}

static genlat_status cancel(genlat_trainer *t)
{
    GNL_TRY(gnl_trainer_save(t, t->opts.last_path));
    return gnl_fail(GENLAT_E_CANCELLED, "cancelled after step %lld, in epoch %lld%s%s",
                    (long long)t->model->progress.step, (long long)t->epoch,
                    t->opts.last_path ? "; saved to " : "", t->opts.last_path ? t->opts.last_path : "");
}

genlat_status gnl_trainer_run(genlat_trainer *t)
{
    GNL_TRY(begin_run(t));
    genlat_status status = GENLAT_OK;
    while (status == GENLAT_OK && !has_enough(t) && !gnl_trainer_cancelled(t))
        status = run_epoch(t);
    bool complete = status == GENLAT_OK && has_enough(t);
    if (complete)
        status = report_rest(t);
    if (status == GENLAT_E_CANCELLED || (status == GENLAT_OK && !complete))
        status = cancel(t);
    else if (status == GENLAT_OK)
        status = finish(t);
    /* A request that came before the run has been heeded too; the next run starts without. */
    atomic_store_explicit(&t->cancelled, 0, memory_order_relaxed);
    return status;
}
