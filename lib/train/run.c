/* SPDX-License-Identifier: MIT */
/* A run of the trainer. All progress is stored in the model, so that an interrupted run can resume from the model's
 * file: epoch and position determine the next batch, the step determines all random numbers. */
#include <stdio.h>

#include "train/train_priv.h"

/* Training fails after this many consecutive steps whose loss or gradient is not finite. */
enum { MOST_BAD_STEPS = 5, TEXT = 512 };

static bool is_complete(const genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    const genlat_train_opts *o = &t->opts;
    return (o->steps > 0 && p->step >= o->steps) || (o->epochs >= 0 && p->epoch >= o->epochs) ||
           (o->patience > 0 && p->waited >= o->patience);
}

/* ---- a step ---------------------------------------------------------------------------------- */

static genlat_status skip_batch(genlat_trainer *t)
{
    char why[TEXT / 2], text[TEXT];
    snprintf(why, sizeof why, "%s", genlat_last_error());
    if (++t->bad_steps >= MOST_BAD_STEPS)
        return gnl_fail(
            GENLAT_E_NUMERIC,
            "the loss or gradient of %d consecutive batches was not finite after step %lld; lower the learning rate, "
            "clip gradients, or scale the data (%s)",
            MOST_BAD_STEPS, (long long)t->model->progress.step, why);
    snprintf(text, sizeof text,
             "the loss or gradient of a batch is not finite: the batch was skipped (%lld of at most %d in a row); "
             "lower the learning rate, clip gradients, or scale the data (%s)",
             (long long)t->bad_steps, MOST_BAD_STEPS - 1, why);
    gnl_trainer_emit(t, GENLAT_EVENT_ALARM, NULL, text);
    return GENLAT_OK;
}

static void accumulate(genlat_trainer *t, const double *terms, int64_t rows)
{
    double now = gnl_trainer_now();
    for (int i = 0; i < t->terms; i++)
        t->sum[i] += terms[i] * (double)rows;
    t->summed += rows;
    t->speed = now > t->epoch_began ? (double)t->summed / (now - t->epoch_began) : 0;
    t->model->progress.seconds = t->seconds_before + now - t->began;
}

static genlat_status run_step(genlat_trainer *t)
{
    genlat_model *model = t->model;
    const genlat_tensor *x = NULL, *labels = NULL;
    double terms[GENLAT_MAX_TERMS] = {0};
    GNL_TRY(gnl_batches_next(t->batches, &x, &labels));
    genlat_status status = model->type->step(model, x, gnl_model_takes_labels(model) ? labels : NULL, terms);
    if (status != GENLAT_OK && status != GENLAT_E_NUMERIC)
        return status;
    model->progress.position += x->shape.dim[0];
    if (status != GENLAT_OK)
        return skip_batch(t);
    t->bad_steps = 0;
    accumulate(t, terms, x->shape.dim[0]);
    gnl_trainer_emit(t, GENLAT_EVENT_STEP, terms, NULL);
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

/* Appends to the log. A log that cannot be written ends, with an alarm; the training goes on. */
static void write_log(genlat_trainer *t, const double *valid)
{
    char text[TEXT];
    if (t->log_ended || gnl_trainer_log(t, t->mean, valid) == GENLAT_OK)
        return;
    t->log_ended = true;
    snprintf(text, sizeof text, "%.*s; the log ends here", TEXT - 32, genlat_last_error());
    gnl_trainer_emit(t, GENLAT_EVENT_ALARM, NULL, text);
}

/* Reports the results of an epoch: history, events, alarms, best validation, log. valid is NULL if there was no
 * validation. */
static genlat_status report(genlat_trainer *t, const double *valid, bool counts)
{
    GNL_TRY(gnl_history_add(t->object.ctx, &t->history, t->terms, t->mean, valid));
    gnl_trainer_emit(t, GENLAT_EVENT_EPOCH, t->mean, NULL);
    if (valid)
        gnl_trainer_emit(t, GENLAT_EVENT_VALID, valid, NULL);
    if (t->summed) /* otherwise the means are NaN */
        GNL_TRY(gnl_trainer_check_alarms(t, t->mean, valid));
    if (valid && counts)
        gnl_model_report(t->model, valid[0]);
    GNL_TRY(valid ? gnl_trainer_update_best(t, valid, counts) : GENLAT_OK);
    write_log(t, valid);
    return GENLAT_OK;
}

static void compute_means(genlat_trainer *t)
{
    for (int i = 0; i < t->terms; i++)
        t->mean[i] = t->summed ? t->sum[i] / (double)t->summed : (double)NAN;
}

/* Ends an epoch after its validation. A run that is cancelled during validation repeats it when it resumes. */
static genlat_status end_epoch(genlat_trainer *t)
{
    gnl_progress *p = &t->model->progress;
    double valid[GENLAT_MAX_TERMS];
    bool counts = t->epoch % t->opts.valid_every == 0;
    bool validates = t->valid && (counts || t->epoch == t->opts.epochs);
    compute_means(t);
    GNL_TRY(t->model->type->end_epoch ? t->model->type->end_epoch(t->model, t->mean) : GENLAT_OK);
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
    while (p->position < t->epoch_samples && !is_complete(t) && !gnl_trainer_cancelled(t))
        GNL_TRY(run_step(t));
    return p->position >= t->epoch_samples ? end_epoch(t) : GENLAT_OK;
}

/* ---- a run ----------------------------------------------------------------------------------- */

/* Steps at which the training ends if nothing stops it earlier. */
static int64_t last_step(const genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    const int64_t left = GNL_MAX(t->opts.epochs - p->epoch, 0);
    const int64_t by_epochs = left > INT64_MAX / GNL_MAX(t->epoch_steps, 1) / 2
                                  ? INT64_MAX
                                  : p->step + left * t->epoch_steps - p->position / t->opts.batch;
    if (t->opts.epochs < 0 || !t->opts.steps)
        return t->opts.steps ? t->opts.steps : by_epochs;
    return GNL_MIN(t->opts.steps, by_epochs);
}

/* Reports a schedule that has not come to its end when the training ends. */
static void check_schedules(genlat_trainer *t)
{
    const gnl_config_type *type = t->model->type->config;
    const int64_t last = t->last_step;
    char text[TEXT];
    for (int i = 0, schedule = 0; i < type->count; i++) {
        if (type->texts[i].kind != GNL_TEXT_SCHEDULE)
            continue;
        const genlat_schedule *s = t->model->schedule[schedule++];
        const int64_t length = s ? gnl_schedule_length(s) : 0;
        if (length <= last)
            continue;
        snprintf(text, sizeof text,
                 "%s has %lld steps, but the training ends at step %lld; train for as many steps, or set the steps of "
                 "the schedule",
                 type->texts[i].key, (long long)length, (long long)last);
        gnl_trainer_emit(t, GENLAT_EVENT_ALARM, NULL, text);
    }
}

/* A model that has been trained as long as the options request, or longer, would be left as it is. */
static genlat_status check_incomplete(const genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    const char *remedy = "or call genlat_model_restart() to begin a new training";
    if (p->step == 0 || !is_complete(t))
        return GENLAT_OK;
    if (t->opts.epochs >= 0 && p->epoch >= t->opts.epochs)
        return gnl_fail(GENLAT_E_STATE,
                        "the model has been trained for %lld epochs, and epochs is %lld in total; request more, %s",
                        (long long)p->epoch, (long long)t->opts.epochs, remedy);
    if (t->opts.steps > 0 && p->step >= t->opts.steps)
        return gnl_fail(GENLAT_E_STATE,
                        "the model has been trained for %lld steps, and steps is %lld in total; request more, %s",
                        (long long)p->step, (long long)t->opts.steps, remedy);
    return gnl_fail(GENLAT_E_STATE,
                    "the training has stopped early: %lld validations since the best one, and patience is %lld; raise "
                    "it, %s",
                    (long long)p->waited, (long long)t->opts.patience, remedy);
}

/* Keeps in the model what a resumed training must repeat. */
static void keep_order(genlat_trainer *t)
{
    gnl_progress *p = &t->model->progress;
    p->order_seed = t->opts.seed;
    p->batch = t->opts.batch;
    p->shuffle = t->opts.shuffle;
    p->drop_last = t->opts.drop_last;
    p->samples = t->train->count;
    p->held_out = (int64_t)t->opts.holdout;
}

static genlat_status begin_run(genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    GNL_TRY(check_incomplete(t));
    keep_order(t);
    gnl_model_drop_sampler(t->model);
    GNL_TRY(gnl_batches_seek(t->batches, p->epoch, p->position));
    t->began = gnl_trainer_now();
    t->seconds_before = p->seconds;
    t->stopped = false;
    t->stop_status = GENLAT_OK;
    t->bad_steps = 0;
    t->first_step = p->step;
    t->last_step = last_step(t);
    GNL_TRY(t->opts.restore_best ? gnl_model_want_best(t->model) : GENLAT_OK);
    if (p->swapped)
        gnl_model_swap_best(t->model);
    begin_epoch(t);
    t->epoch = p->epoch + (p->position > 0);
    gnl_trainer_transfer_data(t);
    if (!is_complete(t))
        check_schedules(t);
    return GENLAT_OK;
}

/* Reports the steps of an incomplete last epoch like an epoch, but early stopping does not count it. A resumed training
 * completes the epoch, so that nothing may be fitted to its first part. */
static genlat_status report_partial_epoch(genlat_trainer *t)
{
    const gnl_model_type *type = t->model->type;
    double valid[GENLAT_MAX_TERMS];
    if (t->model->progress.position == 0 || t->summed == 0)
        return GENLAT_OK;
    compute_means(t);
    GNL_TRY(type->end_epoch && !type->fits_epochs ? type->end_epoch(t->model, t->mean) : GENLAT_OK);
    GNL_TRY(t->valid ? gnl_trainer_validate(t, valid) : GENLAT_OK);
    return report(t, t->valid ? valid : NULL, false);
}

/* Reports a training that has ended before the parameters were computed for the first time. */
static void check_fitted(genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    char text[TEXT];
    if (!t->model->type->fits_epochs || p->epoch > 0 || p->step == 0)
        return;
    snprintf(
        text, sizeof text,
        "the model is not fitted: a %s is fitted at the end of each epoch, but the training ends at step %lld of the "
        "%lld of the first epoch; request more steps, or epochs",
        t->model->type->name, (long long)p->step, (long long)t->epoch_steps);
    gnl_trainer_emit(t, GENLAT_EVENT_ALARM, NULL, text);
}

static void restore_best(genlat_trainer *t)
{
    if (t->model->has_best)
        gnl_model_swap_best(t->model);
    else if (t->model->progress.best_epoch > 0)
        gnl_trainer_emit(
            t, GENLAT_EVENT_ALARM, NULL,
            "restore_best: the best validation was in an earlier run without restore_best, so that its weights are not "
            "available: the model has the last weights; the best ones are in the best_path of that run, if it had one");
}

/* Says why the training ends, and which weights the model has if the last ones are not the best. */
static void describe_end(const genlat_trainer *t, char text[TEXT])
{
    const gnl_progress *p = &t->model->progress;
    if (t->opts.patience > 0 && p->waited >= t->opts.patience)
        snprintf(text, TEXT, "stopped early: no better validation since epoch %lld", (long long)p->best_epoch);
    else
        snprintf(text, TEXT, "training is complete");
    if (p->best_epoch > 0 && p->best_epoch < t->epoch && t->opts.restore_best && t->model->has_best)
        gnl_text_append(text, TEXT, "; the weights are those of epoch %lld, the best validation",
                        (long long)p->best_epoch);
}

static genlat_status finish(genlat_trainer *t)
{
    char text[TEXT];
    check_fitted(t);
    describe_end(t, text);
    if (t->opts.restore_best)
        restore_best(t);
    GNL_TRY(gnl_trainer_save(t, t->opts.last_path));
    gnl_trainer_emit(t, GENLAT_EVENT_DONE, t->history.count ? t->mean : NULL, text);
    return GENLAT_OK;
}

static genlat_status cancel(genlat_trainer *t)
{
    GNL_TRY(gnl_trainer_save(t, t->opts.last_path));
    if (t->stop_status != GENLAT_OK)
        return gnl_error_set(t->stop_status, "%s", t->stop_text);
    return gnl_fail(GENLAT_E_CANCELLED, "cancelled after step %lld, in epoch %lld%s%s",
                    (long long)t->model->progress.step, (long long)t->epoch, t->opts.last_path ? "; saved to " : "",
                    t->opts.last_path ? t->opts.last_path : "");
}

/* Saves the steps before a failure. Returns the failure, with its text. */
static genlat_status save_after(genlat_trainer *t, genlat_status failure)
{
    char text[GNL_ERROR_TEXT];
    snprintf(text, sizeof text, "%s", genlat_last_error());
    if (!t->opts.last_path || t->model->progress.step == t->first_step)
        return failure;
    const bool saved = gnl_trainer_save(t, t->opts.last_path) == GENLAT_OK;
    return gnl_error_set(failure, "%.*s%s%s", GNL_ERROR_TEXT / 2, text, saved ? "; the steps before are saved to " : "",
                         saved ? t->opts.last_path : "");
}

/* Trains until the end, a request to stop, or a failure, and saves what there is. */
static genlat_status run(genlat_trainer *t)
{
    GNL_TRY(begin_run(t));
    genlat_status status = GENLAT_OK;
    while (status == GENLAT_OK && !is_complete(t) && !gnl_trainer_cancelled(t))
        status = run_epoch(t);
    bool complete = status == GENLAT_OK && is_complete(t);
    if (complete)
        status = report_partial_epoch(t);
    if ((status == GENLAT_E_CANCELLED && gnl_trainer_cancelled(t)) || (status == GENLAT_OK && !complete))
        return cancel(t);
    if (status != GENLAT_OK)
        return save_after(t, status);
    GNL_TRY(finish(t));
    return t->stop_status == GENLAT_OK ? GENLAT_OK : gnl_error_set(t->stop_status, "%s", t->stop_text);
}

genlat_status gnl_trainer_run(genlat_trainer *t)
{
    genlat_model *model = t->model;
    GNL_TRY(gnl_model_begin_training(model));
    const genlat_status status = run(t);
    /* A request to cancel, even one before the run began, applies to this run only. */
    atomic_store_explicit(&t->cancelled, 0, memory_order_relaxed);
    (void)gnl_model_end_training(model, GENLAT_OK);
    return status;
}
