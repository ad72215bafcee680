/* SPDX-License-Identifier: MIT */
/* Emits events, and raises alarms: known signs of failed training in the curves, each with a remedy. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "train/train_priv.h"

double gnl_trainer_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Stops the run at the request of an event's receiver. An error that it has set itself becomes that of the run. */
static void stop(genlat_trainer *t, genlat_status own, int32_t result)
{
    t->stopped = true;
    if (own == GENLAT_OK || t->stop_status != GENLAT_OK)
        return;
    t->stop_status = gnl_callback_failed(own, "the event's receiver", result);
    snprintf(t->stop_text, sizeof t->stop_text, "%s", genlat_last_error());
}

void gnl_trainer_emit(genlat_trainer *t, int64_t kind, const double *values, const char *text)
{
    if (kind == GENLAT_EVENT_ALARM)
        gnl_log(t->object.ctx, GENLAT_LOG_WARNING, "%s", text);
    if (kind == GENLAT_EVENT_CHECKPOINT)
        gnl_log(t->object.ctx, GENLAT_LOG_INFO, "wrote %s", text);
    if (!t->opts.event)
        return;
    const genlat_event event = {
        .size = sizeof event,
        .kind = kind,
        .epoch = t->epoch,
        .epochs = GNL_MAX(t->opts.epochs, 0),
        .step = t->model->progress.step,
        .steps = t->opts.steps,
        .epoch_steps = t->epoch_steps,
        .seconds = gnl_trainer_now() - t->began,
        .samples_per_s = t->speed,
        .count = values ? t->terms : 0,
        .names = values ? t->model->terms : NULL,
        .values = values,
        .text = text,
    };
    const gnl_callback callback = gnl_callback_begin();
    const int32_t result = t->opts.event(t->opts.event_user, &event);
    const genlat_status own = gnl_callback_end(callback);
    if (result != 0)
        stop(t, own, result);
}

/* ---- alarms ---------------------------------------------------------------------------------- */

/* Returns the value of a term by name, or infinity, which is below no bound, if the model has no such term. NaN would
 * raise a signal in programs that trap invalid operations. */
static double term(const genlat_trainer *t, const double *values, const char *name)
{
    for (int i = 0; i < t->terms; i++)
        if (strcmp(t->model->terms[i], name) == 0)
            return values[i];
    return (double)INFINITY;
}

static bool has_collapsed(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_kl = 0.01;
    return term(t, train, "kl") < least_kl && term(t, train, "beta") > 0;
}

/* In the first quarter of the training, codes may not be in use yet. */
static bool ignores_codes(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_gain = 2, least_part = 0.05;
    const gnl_code_use *use = &t->alarms.use;
    return use->latent > 0 && 4 * t->model->progress.step >= t->last_step && use->gain < least_gain &&
           use->gain < least_part * fabs(use->loss) && 4 * use->active <= use->latent;
}

/* In the first quarter of the training, codes may not be in use yet. */
static bool wastes_codes(const genlat_trainer *t, const double *train, const double *valid)
{
    const gnl_code_use *use = &t->alarms.use;
    return use->usable > 0 && 4 * t->model->progress.step >= t->last_step && 8 * use->used < use->usable;
}

/* A density of 400 per element: a standard deviation of 0.001 of a Gaussian. */
static bool is_unbounded(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_loss = -6;
    return term(t, train, "recon") < least_loss * (double)t->model->size;
}

static bool is_overfitting(const genlat_trainer *t, const double *train, const double *valid)
{
    enum { VALIDATIONS = 3 };
    return t->alarms.rising >= VALIDATIONS;
}

/* Requires a loss >= 0, because Wasserstein losses are negative and do not saturate. */
static bool has_saturated(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_loss = 0.01;
    double loss = term(t, train, "d_loss");
    return loss >= 0 && loss < least_loss;
}

static bool has_vanished(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_gradient = 1e-6;
    return term(t, train, "g_grad_norm") < least_gradient;
}

/* Ignores the first epoch, in which the samples of a generator are not yet diverse. */
static bool has_low_diversity(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_diversity = 0.25;
    return t->epoch > 1 && term(t, train, "diversity") < least_diversity;
}

typedef struct alarm_kind {
    bool (*is_on)(const genlat_trainer *t, const double *train, const double *valid);
    const char *text;
} alarm_kind;

static const alarm_kind kinds[] = {
    {has_collapsed,
     "posterior collapse: the KL was below 0.01 nats per sample in this epoch, so that the latents contain no "
     "information about the data; increase beta from 0 (beta_schedule), set free_bits, or use a weaker decoder"},
    {ignores_codes,
     "the decoder ignores the latents: at most a quarter of them vary with the data, and the reconstruction from the "
     "latents of another sample is nearly as good; increase beta from 0 (beta_schedule), set free_bits, use fewer "
     "latents, a weaker decoder, or a likelihood with a smaller scale"},
    {wastes_codes,
     "few codes are in use: some data use less than an eighth of the codes; raise revive of posterior=vq, use fewer or "
     "narrower codes, larger batches, or posterior=fsq"},
    {is_unbounded,
     "the likelihood grows without bound: its density was above 400 per element in this epoch; leave out elements "
     "that are constant or have few values, or use a likelihood with a larger smallest scale"},
    {is_overfitting, "overfitting: the validation loss rose 3 times in a row while the training loss fell; stop early "
                     "(patience, restore_best), or use more data, a smaller net, dropout or weight decay"},
    {has_saturated,
     "the discriminator is saturated: its loss was below 0.01 in this epoch, so that its gradients are of little "
     "use to the generator; increase r1 and r2, set noise or label_smoothing, lower the learning rate of "
     "optimizer_d, or use a relativistic loss"},
    {has_vanished,
     "the gradient of the generator has vanished: its norm was below 1e-6 in this epoch; use a loss other than "
     "minimax, increase r1 and r2, or lower the learning rate of optimizer_d"},
    {has_low_diversity,
     "mode collapse: in this epoch the mean distance between generated samples was less than a quarter of that "
     "between real samples; use a relativistic loss, packing, r1 and r2, feature_matching, or a lower learning "
     "rate of optimizer_g"},
};

static void update_rising(gnl_alarms *alarms, double train, double valid)
{
    bool apart = valid > alarms->valid && train < alarms->train;
    alarms->rising = apart ? alarms->rising + 1 : 0;
    alarms->train = train;
    alarms->valid = valid;
}

/* Measures the use of the codes on the first samples of the training data, at most once in some steps. */
static genlat_status inspect(genlat_trainer *t)
{
    enum { ROWS = 128, STEPS = 50 };
    genlat_model *model = t->model;
    genlat_tensor *x = NULL, *labels = NULL;
    const int64_t rows = GNL_MIN(t->train->count, ROWS);
    const bool is_due = model->progress.step >= t->alarms.inspected + STEPS || model->progress.step >= t->last_step;
    if (!model->type->inspect || rows < 2 || !is_due)
        return GENLAT_OK;
    t->alarms.inspected = model->progress.step;
    GNL_TRY(gnl_source_read(t->train, 0, rows, &x, gnl_model_takes_labels(model) ? &labels : NULL));
    genlat_status status = model->type->inspect(model, x, labels, &t->alarms.use);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    return status;
}

genlat_status gnl_trainer_check_alarms(genlat_trainer *t, const double *train, const double *valid)
{
    GNL_TRY(inspect(t));
    if (valid)
        update_rising(&t->alarms, train[0], valid[0]);
    for (size_t i = 0; i < GNL_COUNT(kinds); i++) {
        uint32_t bit = UINT32_C(1) << i;
        bool on = kinds[i].is_on(t, train, valid);
        /* Reports an alarm once, and again only after its condition was false. */
        if (on && !(t->alarms.active & bit))
            gnl_trainer_emit(t, GENLAT_EVENT_ALARM, train, kinds[i].text);
        t->alarms.active = on ? t->alarms.active | bit : t->alarms.active & ~bit;
    }
    return GENLAT_OK;
}
