/* SPDX-License-Identifier: MIT */
/* What a resumed training repeats: the options that determine its batches, and the samples that are held out for
 * validation. */
#include "train/train_priv.h"

/* Takes an option of the earlier runs of a model, unless another value was given than the default. */
static genlat_status take_stored(const char *name, int64_t usual, int64_t stored, int64_t *option)
{
    if (*option != usual && *option != stored)
        return gnl_fail(GENLAT_E_STATE,
                        "%s is %lld, but the model was trained with %lld; leave it out to resume the training, or call "
                        "genlat_model_restart() to begin a new one",
                        name, (long long)*option, (long long)stored);
    *option = stored;
    return GENLAT_OK;
}

static bool is_resumed(const gnl_progress *p)
{
    return p->batch != 0;
}

genlat_status gnl_trainer_repeat(genlat_train_opts *opts, const gnl_progress *p)
{
    int64_t shuffle = opts->shuffle, drop_last = opts->drop_last;
    if (!is_resumed(p))
        return GENLAT_OK;
    GNL_TRY(take_stored("batch", 0, p->batch, &opts->batch));
    GNL_TRY(take_stored("seed", -1, p->order_seed, &opts->seed));
    GNL_TRY(take_stored("shuffle", 1, p->shuffle, &shuffle));
    GNL_TRY(take_stored("drop_last", 0, p->drop_last, &drop_last));
    opts->shuffle = (uint32_t)shuffle;
    opts->drop_last = (uint32_t)drop_last;
    return GENLAT_OK;
}

/* ---- samples held out ------------------------------------------------------------------------ */

/* Determines how many samples to hold out: as the option requests, as in the earlier runs, or as the model is
 * configured. */
static genlat_status find_held_out(const genlat_trainer *t, int64_t *out)
{
    const gnl_progress *p = &t->model->progress;
    const bool given = t->opts.holdout >= 0;
    const double holdout = given ? t->opts.holdout : is_resumed(p) ? (double)p->held_out : t->model->config->holdout;
    *out = gnl_config_held_out(holdout, t->train->count);
    if (given && is_resumed(p) && *out >= 0)
        return take_stored("holdout", -1, p->held_out, out);
    if (*out >= 0)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_RANGE,
                    "holdout is %g of %lld samples; a fraction or a number that leaves at least one sample in each "
                    "part expected",
                    holdout, (long long)t->train->count);
}

static genlat_status split(genlat_trainer *t, int64_t held)
{
    genlat_source *train = NULL;
    GNL_TRY(gnl_source_split(t->train, (double)held, t->opts.seed, &train, &t->valid));
    gnl_source_release(t->train);
    t->train = train;
    return GENLAT_OK;
}

genlat_status gnl_trainer_hold_out(genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    int64_t held = 0;
    if (t->valid && is_resumed(p) && p->held_out)
        return gnl_fail(GENLAT_E_STATE,
                        "valid is not NULL, but the model was trained with %lld samples of the training data held out "
                        "for validation; leave valid out to resume the training, or call genlat_model_restart() to "
                        "begin a new one",
                        (long long)p->held_out);
    if (!t->valid && t->model->type->evaluate)
        GNL_TRY(find_held_out(t, &held));
    t->opts.holdout = (double)held;
    return held ? split(t, held) : GENLAT_OK;
}

genlat_status gnl_trainer_check_samples(const genlat_trainer *t)
{
    const gnl_progress *p = &t->model->progress;
    char besides[64] = "";
    if (!is_resumed(p) || t->train->count == p->samples)
        return GENLAT_OK;
    if (t->opts.holdout > 0)
        gnl_text_append(besides, sizeof besides, " besides %lld that are held out", (long long)t->opts.holdout);
    return gnl_fail(GENLAT_E_STATE,
                    "the training data have %lld samples%s, but the model was trained with %lld; resume with the "
                    "same data, or call genlat_model_restart() to begin a new training",
                    (long long)t->train->count, besides, (long long)p->samples);
}
