/* SPDX-License-Identifier: MIT */
/* Events, and the alarms: signs in the curves that something goes wrong, each with its remedy. */
#include <time.h>

#include "train/train_priv.h"

double gnl_trainer_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void gnl_trainer_tell(genlat_trainer *t, int64_t kind, const double *values, const char *text)
{
    if (!t->opts.event)
        return;
    const genlat_event event = {
        .size = sizeof event,
        .kind = kind,
        .epoch = t->epoch,
        .epochs = t->opts.epochs,
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
    const char *running = gnl_running();
    if (t->opts.event(t->opts.event_user, &event) != 0)
        t->stopped = true;
    (void)gnl_enter(running); /* the receiver may have called other functions */
}

/* ---- alarms ---------------------------------------------------------------------------------- */

/* Value of a term by its name; NaN when the model has no such term. */
static double term(const genlat_trainer *t, const double *values, const char *name)
{
    for (int i = 0; i < t->terms; i++)
        if (strcmp(t->model->terms[i], name) == 0)
            return values[i];
    return (double)NAN;
}

/* Comparisons with NaN are false: models without these terms never collapse. */
static bool has_collapsed(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_kl = 0.01;
    return term(t, train, "kl") < least_kl && term(t, train, "beta") > 0;
}

static bool is_overfitting(const genlat_trainer *t, const double *train, const double *valid)
{
    enum { VALIDATIONS = 3 };
    return t->watch.rising >= VALIDATIONS;
}

/* Losses of critics that fall below 0 on their way, as Wasserstein's, do not saturate. */
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

/* Not in the first epoch, in which a generator has yet to spread. */
static bool has_lost_variety(const genlat_trainer *t, const double *train, const double *valid)
{
    const double least_diversity = 0.25;
    return t->epoch > 1 && term(t, train, "diversity") < least_diversity;
}

typedef struct alarm_kind {
    bool (*is_on)(const genlat_trainer *t, const double *train, const double *valid);
    const char *text;
} alarm_kind;

static const alarm_kind alarms[] = {
    {has_collapsed,
     "posterior collapse: the KL has been below 0.01 nats a sample for an epoch, so that the latent says "
     "nothing "
     "of the data; let beta grow from 0 (beta_schedule), set free_bits, or take a weaker decoder"},
    {is_overfitting,
     "overfitting: validation has become worse 3 times in a row while training became better; stop early "
     "(patience, restore_best), take more data, a smaller net, dropout or weight decay"},
    {has_saturated, "the discriminator is saturated: its loss has been below 0.01 for an epoch, so that it "
                    "tells the generator little; "
                    "raise r1 and r2, add noise or label_smoothing, lower the rate of optimizer_d, or take a "
                    "relativistic loss"},
    {has_vanished, "the generator's gradient has vanished: its norm has been below 1e-6 for an epoch; take "
                   "another loss than minimax, "
                   "raise r1 and r2, lower the rate of optimizer_d"},
    {has_lost_variety,
     "the generated samples have lost their variety: for an epoch they have differed by less than a "
     "quarter of what real ones do; take a relativistic loss, packing, r1 and r2, feature_matching, "
     "or a lower rate of optimizer_g"},
};

static void follow(gnl_watch *watch, double train, double valid)
{
    bool apart = valid > watch->valid && train < watch->train;
    watch->rising = apart ? watch->rising + 1 : 0;
    watch->train = train;
    watch->valid = valid;
}

void gnl_trainer_watch(genlat_trainer *t, const double *train, const double *valid)
{
    if (valid)
        follow(&t->watch, train[0], valid[0]);
    for (size_t i = 0; i < GNL_COUNT(alarms); i++) {
        uint32_t bit = UINT32_C(1) << i;
        bool on = alarms[i].is_on(t, train, valid);
        /* Once, until it has gone off again. */
        if (on && !(t->watch.told & bit))
            gnl_trainer_tell(t, GENLAT_EVENT_ALARM, train, alarms[i].text);
        t->watch.told = on ? t->watch.told | bit : t->watch.told & ~bit;
    }
}
