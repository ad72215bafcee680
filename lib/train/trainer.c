/* SPDX-License-Identifier: MIT */
/* The trainer: options, creation, release, and public functions. */
#include "train/train_priv.h"

static const gnl_option options[] = {
    GNL_OPT_INT(genlat_train_opts, epochs, -1, -1, 1e9,
                "total epochs, including earlier runs; -1: see steps, or as in the preset"),
    GNL_OPT_INT(genlat_train_opts, steps, 0, 0, 1e15, "total steps, including earlier runs; 0: see epochs"),
    GNL_OPT_INT(genlat_train_opts, batch, 0, 0, 1e9, "samples per step; 0: as before, or as in the preset"),
    GNL_OPT_INT(genlat_train_opts, seed, -1, -1, 0x1p63,
                "seed of the order of the data; -1: as before, or seed of the context"),
    GNL_OPT_INT(genlat_train_opts, valid_every, 1, 1, 1e9, "epochs between validations"),
    GNL_OPT_INT(genlat_train_opts, valid_batch, 512, 1, 1e9, "samples per batch of the validation"),
    GNL_OPT_INT(genlat_train_opts, patience, 0, 0, 1e9,
                "number of validations without improvement after which training stops; 0: no early stopping"),
    GNL_OPT_INT(genlat_train_opts, save_every, 0, 0, 1e9, "epochs between checkpoints; 0: at the end only"),
    GNL_OPT_REAL(genlat_train_opts, min_gain, 0, 0, 1e300,
                 "smallest decrease of the validation loss that counts as improvement"),
    GNL_OPT_BOOL(genlat_train_opts, shuffle, 1, "shuffle the data in every epoch"),
    GNL_OPT_BOOL(genlat_train_opts, drop_last, 0, "skip an incomplete last batch"),
    GNL_OPT_BOOL(genlat_train_opts, prefetch, 0, "read the next batch in a background thread"),
    GNL_OPT_BOOL(genlat_train_opts, restore_best, 0, "restore the weights of the best validation when training ends"),
    GNL_OPT_REAL(genlat_train_opts, holdout, -1, -1, 1e15,
                 "fraction or number of the training samples that are held out if there are no validation data; below "
                 "0: as before, or as in the model's setting"),
};

const gnl_options_table gnl_trainer_options = {"train", sizeof(genlat_train_opts), options, GNL_COUNT(options)};

/* Defaults for models whose preset sets none. */
enum { EPOCHS = 10, BATCH = 128 };

void genlat_train_opts_init_sized(genlat_train_opts *opts, size_t size)
{
    gnl_options_init(&gnl_trainer_options, opts, size);
}

genlat_status genlat_train_opts_set(genlat_train_opts *opts, const char *key, const char *value)
{
    GNL_ENTER();
    GNL_CHECK(opts, "opts is NULL");
    GNL_CHECK(key, "key is NULL");
    GNL_CHECK(value, "value is NULL");
    return gnl_options_set_sized(&gnl_trainer_options, opts, key, value);
}

/* ---- creation -------------------------------------------------------------------------------- */

static void resolve_defaults(genlat_train_opts *opts, const genlat_model *model)
{
    if (opts->batch == 0)
        opts->batch = model->config->batch ? model->config->batch : BATCH;
    if (opts->epochs < 0 && opts->steps == 0) {
        opts->epochs = model->config->epochs ? model->config->epochs : -1;
        opts->steps = model->config->steps;
    }
    if (opts->epochs < 0 && opts->steps == 0)
        opts->epochs = EPOCHS;
    if (opts->seed < 0)
        opts->seed = gnl_ctx_opts(model->object.ctx)->seed;
}

/* Replaces the caller's paths by owned copies. Clears all of them first, so that a failure does not free paths of the
 * caller. */
static genlat_status copy_paths(genlat_trainer *t)
{
    const char **paths[] = {&t->opts.last_path, &t->opts.best_path, &t->opts.log_path};
    const char *given[GNL_COUNT(paths)];
    for (size_t i = 0; i < GNL_COUNT(paths); i++) {
        given[i] = *paths[i];
        *paths[i] = NULL;
    }
    for (size_t i = 0; i < GNL_COUNT(paths); i++)
        if (given[i] && !(*paths[i] = gnl_strdup(t->object.ctx, given[i])))
            return GENLAT_E_MEMORY;
    return GENLAT_OK;
}

/* Returns whether the last batch of an epoch has rows, but fewer than a step needs. */
static bool is_short(const genlat_trainer *t, int64_t rows)
{
    const gnl_model_type *type = t->model->type;
    return rows > 0 && type->least_rows && rows < type->least_rows(t->model);
}

static genlat_status make_batches(genlat_trainer *t)
{
    genlat_batches_opts order;
    genlat_batches_opts_init(&order);
    order.batch = t->opts.batch;
    order.seed = t->opts.seed;
    order.shuffle = t->opts.shuffle;
    order.drop_last = t->opts.drop_last || is_short(t, t->train->count % t->opts.batch);
    order.prefetch = t->opts.prefetch;
    if (is_short(t, GNL_MIN(t->opts.batch, t->train->count)))
        return gnl_fail(
            GENLAT_E_RANGE, "batch is %lld and the data have %lld samples; the model needs at least %lld in a batch",
            (long long)t->opts.batch, (long long)t->train->count, (long long)t->model->type->least_rows(t->model));
    GNL_TRY(gnl_batches_new(t->train, &order, &t->batches));
    int64_t count = t->train->count, batch = GNL_MIN(t->opts.batch, count);
    t->epoch_samples = order.drop_last ? count / batch * batch : count;
    t->epoch_steps = (t->epoch_samples + batch - 1) / batch;
    if (!t->valid)
        return GENLAT_OK;
    genlat_batches_opts_init(&order);
    order.batch = t->opts.valid_batch;
    order.shuffle = 0;
    return gnl_batches_new(t->valid, &order, &t->valid_batches);
}

static void init_history(genlat_trainer *t)
{
    genlat_model *model = t->model;
    while (t->terms < GENLAT_MAX_TERMS && model->terms[t->terms])
        t->terms++;
    gnl_history_init(&t->history, model->terms, t->valid != NULL);
    t->alarms = (gnl_alarms){.train = (double)INFINITY, .valid = (double)INFINITY};
}

static genlat_status check(const genlat_model *model, const genlat_source *train, const genlat_source *valid,
                           const genlat_train_opts *opts)
{
    GNL_TRY(gnl_model_check_source(model, train));
    if (valid && opts->holdout > 0)
        return gnl_fail(GENLAT_E_INVALID, "holdout is %g, but valid is not NULL; leave out one of them", opts->holdout);
    if ((valid || opts->holdout > 0) && !model->type->evaluate)
        return gnl_fail(GENLAT_E_INVALID,
                        "%s, but a %s has no loss that can be evaluated on validation data; leave it out",
                        valid ? "valid is not NULL" : "holdout is set", model->type->name);
    return valid ? gnl_model_check_source(model, valid) : GENLAT_OK;
}

/* Reports what needs validation data, if there are none. */
static genlat_status check_needs(const genlat_trainer *t)
{
    const genlat_train_opts *opts = &t->opts;
    const char *schedule = gnl_model_listening_schedule(t->model);
    if (t->valid)
        return GENLAT_OK;
    if (schedule)
        return gnl_fail(
            GENLAT_E_INVALID,
            "%s is plateau, which follows the validation loss, but valid is NULL; pass validation data%s", schedule,
            t->model->type->evaluate ? ", or set holdout" : ", or another schedule: this family takes none");
    const char *needs = opts->patience ? "patience" : opts->best_path ? "best_path" : "restore_best";
    if (opts->patience || opts->best_path || opts->restore_best)
        return gnl_fail(GENLAT_E_INVALID,
                        "%s is set, which needs validation data, but valid is NULL; pass them, or set holdout", needs);
    return GENLAT_OK;
}

/* Reports before the training that a file could not be written after it. */
static genlat_status check_paths(const genlat_trainer *t)
{
    const struct {
        const char *name, *path;
    } files[] = {{"last_path", t->opts.last_path}, {"best_path", t->opts.best_path}, {"log_path", t->opts.log_path}};
    for (size_t i = 0; i < GNL_COUNT(files); i++)
        if (files[i].path)
            GNL_TRY_IN(files[i].name, gnl_file_check_target(t->object.ctx, files[i].path));
    return GENLAT_OK;
}

static genlat_status choose_source(genlat_trainer *t)
{
    const gnl_model_type *type = t->model->type;
    genlat_source *chosen = NULL;
    if (!type->training_source)
        return GENLAT_OK;
    GNL_TRY(type->training_source(t->model, t->train, &chosen));
    gnl_source_release(t->train);
    t->train = chosen;
    return GENLAT_OK;
}

/* Does not change the model; only a run does. */
static genlat_status make(genlat_trainer *t)
{
    GNL_TRY(copy_paths(t));
    GNL_TRY(gnl_trainer_repeat(&t->opts, &t->model->progress));
    resolve_defaults(&t->opts, t->model);
    GNL_TRY(gnl_trainer_hold_out(t));
    GNL_TRY(choose_source(t));
    GNL_TRY(gnl_trainer_check_samples(t));
    GNL_TRY(check_needs(t));
    if (t->model->config->restore_best && t->valid)
        t->opts.restore_best = 1;
    GNL_TRY(check_paths(t));
    init_history(t);
    GNL_TRY(gnl_trainer_normalize(t));
    GNL_TRY(gnl_model_check_source_values(t->model, t->train));
    if (t->valid)
        GNL_TRY_IN("validation data", gnl_model_check_source_values(t->model, t->valid));
    return make_batches(t);
}

genlat_status gnl_trainer_new(genlat_model *model, genlat_source *train, genlat_source *valid,
                              const genlat_train_opts *given, genlat_trainer **out)
{
    genlat_train_opts opts;
    GNL_TRY(gnl_options_take(&gnl_trainer_options, given, &opts));
    GNL_TRY(check(model, train, valid, &opts));
    genlat_trainer *t = gnl_object_new(model->object.ctx, sizeof *t);
    if (!t)
        return GENLAT_E_MEMORY;
    t->model = gnl_object_retain(model);
    t->train = gnl_object_retain(train);
    t->valid = gnl_object_retain(valid);
    t->opts = opts;
    atomic_init(&t->cancelled, 0);
    genlat_status status = make(t);
    if (status != GENLAT_OK) {
        gnl_trainer_release(t);
        return status;
    }
    *out = t;
    return GENLAT_OK;
}

void gnl_trainer_release(genlat_trainer *t)
{
    if (!gnl_object_release(t))
        return;
    genlat_ctx *ctx = t->object.ctx;
    const char *paths[] = {t->opts.last_path, t->opts.best_path, t->opts.log_path};
    for (size_t i = 0; i < GNL_COUNT(paths); i++)
        gnl_free(ctx, (char *)(uintptr_t)paths[i]);
    gnl_batches_release(t->batches);
    gnl_batches_release(t->valid_batches);
    gnl_history_free(ctx, &t->history);
    gnl_scaling_release(&t->scaling);
    gnl_description_release(t->about);
    gnl_source_release(t->train);
    gnl_source_release(t->valid);
    gnl_model_release(t->model);
    gnl_object_free(t);
}

/* ---- public ---------------------------------------------------------------------------------- */

void genlat_trainer_destroy(genlat_trainer **trainer)
{
    if (!trainer)
        return;
    gnl_trainer_release(*trainer);
    *trainer = NULL;
}

genlat_status genlat_trainer_data(const genlat_trainer *trainer, genlat_source **train, genlat_source **valid)
{
    GNL_ENTER();
    if (train)
        *train = NULL;
    if (valid)
        *valid = NULL;
    GNL_CHECK(trainer, "trainer is NULL");
    GNL_CHECK(train, "train is NULL");
    GNL_CHECK(valid, "valid is NULL");
    *train = gnl_object_retain(trainer->train);
    *valid = gnl_object_retain(trainer->valid);
    return GENLAT_OK;
}

static genlat_status check_arguments(const genlat_model *model, const genlat_source *train)
{
    GNL_CHECK(model, "model is NULL");
    GNL_CHECK(train, "train is NULL");
    return GENLAT_OK;
}

genlat_status genlat_trainer_new(genlat_model *model, genlat_source *train, genlat_source *valid,
                                 const genlat_train_opts *opts, genlat_trainer **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(check_arguments(model, train));
    return gnl_trainer_new(model, train, valid, opts, out);
}

genlat_status genlat_model_fit(genlat_model *model, genlat_source *train, genlat_source *valid,
                               const genlat_train_opts *opts)
{
    genlat_trainer *trainer = NULL;
    GNL_ENTER();
    GNL_TRY(check_arguments(model, train));
    if (atomic_load_explicit(&model->in_training, memory_order_relaxed))
        return gnl_model_begin_training(model);
    GNL_TRY(gnl_trainer_new(model, train, valid, opts, &trainer));
    genlat_status status = gnl_trainer_run(trainer);
    gnl_trainer_release(trainer);
    return status;
}

genlat_status genlat_trainer_run(genlat_trainer *trainer)
{
    GNL_ENTER();
    GNL_CHECK(trainer, "trainer is NULL");
    (void)gnl_object_retain(trainer); /* an event's receiver may destroy it */
    const genlat_status status = gnl_trainer_run(trainer);
    gnl_trainer_release(trainer);
    return status;
}

/* Uses a lock-free atomic store, so that a signal handler may call it. */
void genlat_trainer_cancel(genlat_trainer *trainer)
{
    if (trainer)
        atomic_store_explicit(&trainer->cancelled, 1, memory_order_relaxed);
}
