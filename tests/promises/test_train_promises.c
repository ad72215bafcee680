/* SPDX-License-Identifier: MIT */
/* What train.h says of trainers, their events, files and curves. */
#include "promises/rig.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SAMPLES = 40, BATCH = 8, STEPS = 5 };

static genlat_source *train, *valid;
static genlat_model *model;
static genlat_train_opts opts;
static char paths[3][40];
static int seen[6], stop_at, saves, alarms;
static genlat_event last;
static char text[512];

static int32_t listen(void *user, const genlat_event *event)
{
    ck_assert_ptr_eq(user, &last);
    ck_assert_uint_eq(event->size, sizeof(genlat_event));
    ck_assert(event->kind >= GENLAT_EVENT_STEP && event->kind <= GENLAT_EVENT_DONE);
    seen[event->kind]++;
    last = *event;
    if (event->kind == GENLAT_EVENT_STEP || event->kind == GENLAT_EVENT_EPOCH) {
        ck_assert_int_gt(event->count, 0);
        for (int64_t i = 0; i < event->count; i++)
            ck_assert_str_eq(event->names[i], genlat_model_term(model, (int32_t)i));
    }
    if (event->text)
        snprintf(text, sizeof text, "%s", event->text);
    return event->kind == GENLAT_EVENT_STEP && event->step == stop_at;
}

static void log_line(void *user, int32_t level, const char *message)
{
    saves += level == GENLAT_LOG_INFO && strncmp(message, "wrote /tmp/", 11) == 0;
    alarms += level == GENLAT_LOG_WARNING;
}

static genlat_model *fresh(void)
{
    static const setting settings[] = {{"latent", "2"},
                                       {"encoder", "dense units=4; relu"},
                                       {"decoder", "dense units=4; relu; dense units=2"},
                                       {NULL, NULL}};
    return model_of("vae", settings, train);
}

static void set_up(void)
{
    genlat_ctx_opts options;
    genlat_ctx_opts_init(&options);
    options.log = log_line;
    options.seed = 9;
    ok(genlat_ctx_new(&options, &ctx));
    train = synthetic("ring", SAMPLES, 0);
    valid = synthetic("ring", 16, 1);
    model = fresh();
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = BATCH;
    opts.event = listen;
    opts.event_user = &last;
    for (int i = 0; i < 3; i++) {
        strcpy(paths[i], "/tmp/genlat-promise-XXXXXX");
        close(mkstemp(paths[i]));
        unlink(paths[i]);
    }
}

static void tear_down(void)
{
    for (int i = 0; i < 3; i++)
        unlink(paths[i]);
    genlat_model_destroy(&model);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_ctx_destroy(&ctx);
}

static genlat_trainer *trainer_of(genlat_source *validation)
{
    genlat_trainer *out = NULL;
    ok(genlat_trainer_new(model, train, validation, &opts, &out));
    return out;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- the tests -------------------------------------------------------------------------------- */

START_TEST(events_tell_where_training_is)
{
    opts.save_every = 1;
    opts.last_path = paths[0];
    opts.best_path = paths[1];
    opts.log_path = paths[2];
    genlat_trainer *trainer = trainer_of(valid);
    opts.last_path = opts.best_path = opts.log_path = "/nonexistent/folder/file"; /* they are copied */
    ok(genlat_trainer_run(trainer));
    ck_assert_int_eq(seen[GENLAT_EVENT_STEP], 2 * STEPS);
    ck_assert_int_eq(seen[GENLAT_EVENT_EPOCH], 2);
    ck_assert_int_eq(seen[GENLAT_EVENT_VALID], 2);
    ck_assert_int_ge(seen[GENLAT_EVENT_CHECKPOINT], 4);     /* each epoch, the best, the end */
    ck_assert_int_eq(saves, seen[GENLAT_EVENT_CHECKPOINT]); /* the log has them too */
    ck_assert_int_eq(alarms, seen[GENLAT_EVENT_ALARM]);
    ck_assert_int_eq(seen[GENLAT_EVENT_DONE], 1);
    ck_assert_int_eq(last.kind, GENLAT_EVENT_DONE);
    ck_assert_int_eq(last.epoch, 2);
    ck_assert_int_eq(last.epochs, 2);
    ck_assert_int_eq(last.step, 2 * STEPS);
    ck_assert_int_eq(last.steps, 0);
    ck_assert_int_eq(last.epoch_steps, STEPS);
    ck_assert_double_ge(last.seconds, 0);
    ck_assert_double_gt(last.samples_per_s, 0);
    ck_assert_ptr_nonnull(strstr(text, "complete"));
    for (int i = 0; i < 3; i++)
        ck_assert(exists(paths[i]));
    genlat_trainer_destroy(&trainer);
    ck_assert_ptr_null(trainer);
    genlat_trainer_destroy(&trainer);
    genlat_trainer_destroy(NULL);
}
END_TEST

START_TEST(curves_have_a_number_an_epoch)
{
    const double *values = NULL;
    int64_t count = 7;
    opts.epochs = 3;
    opts.valid_every = 2;
    genlat_trainer *trainer = trainer_of(valid);
    ck_assert_int_eq(genlat_trainer_epochs(trainer), 0);
    ok(genlat_trainer_run(trainer));
    ck_assert_int_eq(genlat_trainer_epochs(trainer), 3);
    ok(genlat_trainer_history(trainer, "valid.neg_elbo", &values, &count));
    ck_assert_int_eq(count, 3);
    ck_assert_double_nan(values[0]);
    ck_assert(isfinite(values[1]));
    ok(genlat_trainer_history(trainer, "neg_elbo", &values, &count));
    ck_assert(isfinite(values[0]));
    REFUSED_WITH("neg_elbo", GENLAT_E_NOT_FOUND, genlat_trainer_history, trainer, "elbo", &values, &count);
    ck_assert_ptr_null(values);
    ck_assert_int_eq(count, 0);
    int32_t curves = 0;
    for (const char *name = NULL; (name = genlat_trainer_curve(trainer, curves)) != NULL; curves++)
        ok(genlat_trainer_history(trainer, name, &values, &count));
    ck_assert_int_gt(curves, 2);
    ck_assert_ptr_null(genlat_trainer_curve(trainer, -1));
    ck_assert_int_eq(genlat_trainer_epochs(NULL), 0);
    REFUSED_WITH("3 epochs", GENLAT_E_STATE, genlat_trainer_run, trainer); /* nothing is left to do */
    ck_assert_int_eq(genlat_trainer_epochs(trainer), 3);
    genlat_trainer_destroy(&trainer);
}
END_TEST

/* The receiver, a call and a signal handler stop a run after the step that it is making. */
static genlat_trainer *to_stop;

static void handler(int number)
{
    genlat_trainer_cancel(to_stop);
}

START_TEST(runs_are_stopped_and_go_on)
{
    opts.last_path = paths[0];
    stop_at = 3;
    genlat_trainer *trainer = trainer_of(NULL);
    REFUSED(GENLAT_E_CANCELLED, genlat_trainer_run, trainer);
    ck_assert_int_eq(seen[GENLAT_EVENT_STEP], 3);
    ck_assert(exists(paths[0]));
    genlat_trainer_cancel(trainer);
    REFUSED(GENLAT_E_CANCELLED, genlat_trainer_run, trainer); /* the next run ends at once */
    ck_assert_int_eq(seen[GENLAT_EVENT_STEP], 3);
    to_stop = trainer;
    ck_assert(signal(SIGUSR1, handler) != SIG_ERR);
    raise(SIGUSR1);
    REFUSED(GENLAT_E_CANCELLED, genlat_trainer_run, trainer);
    ok(genlat_trainer_run(trainer));
    ck_assert_int_eq(seen[GENLAT_EVENT_STEP], 2 * STEPS);
    genlat_trainer_cancel(NULL);
    genlat_trainer_destroy(&trainer);
}
END_TEST

/* What decides the end: epochs, steps, both, or the defaults. */
START_TEST(ends_are_where_they_are_asked_for)
{
    static const struct {
        int64_t epochs, steps, wanted;
    } rows[] = {{1, 0, STEPS}, {-1, 7, 7}, {3, 7, 7}, {1, 99, STEPS}, {-1, 0, 3 * STEPS}, {0, 0, 0}, {0, 7, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        genlat_progress progress = {.size = sizeof progress};
        genlat_model_destroy(&model);
        const setting settings[] = {{"epochs", "3"}, {"batch", "8"}, {NULL, NULL}}; /* where the options say nothing */
        model = model_of("vae", settings, train);
        genlat_train_opts_init(&opts);
        opts.epochs = rows[i].epochs;
        opts.steps = rows[i].steps;
        ok(genlat_model_fit(model, train, NULL, &opts));
        ok(genlat_model_progress(model, &progress));
        ck_assert_int_eq(progress.step, rows[i].wanted);
        ck_assert_int_eq(progress.epoch, rows[i].wanted / STEPS);
        ck_assert_int_eq(progress.best_epoch, 0);
        ck_assert_double_nan(progress.best);
        ck_assert(progress.seconds > 0 || rows[i].wanted == 0);
    }
}
END_TEST

static float first_weight(genlat_model *of)
{
    genlat_net *net = NULL;
    genlat_tensor *weight = NULL;
    ok(genlat_model_net(of, "decoder", &net));
    ok(genlat_net_weight(net, genlat_net_weight_name(net, 0), &weight));
    const float value = genlat_tensor_data(weight)[0];
    genlat_tensor_destroy(&weight);
    genlat_net_destroy(&net);
    return value;
}

/* The order is of the seed, which is the context's by default; the background thread changes nothing. */
START_TEST(seeds_decide_the_order)
{
    float got[4];
    for (int i = 0; i < 4; i++) {
        genlat_model *kept = model;
        model = fresh();
        opts.seed = i == 1 ? 9 : i == 2 ? 10 : -1;
        opts.prefetch = i == 3;
        ok(genlat_model_fit(model, train, NULL, &opts));
        got[i] = first_weight(model);
        genlat_model_destroy(&model);
        model = kept;
    }
    ck_assert_float_eq(got[0], got[1]);
    ck_assert_float_ne(got[0], got[2]);
    ck_assert_float_eq(got[0], got[3]);
}
END_TEST

START_TEST(options_are_checked)
{
    genlat_source *digits = synthetic("digits", 20, 0);
    genlat_trainer *trainer = NULL;
    genlat_model *gan = small_gan();
    genlat_progress progress = {.size = sizeof progress};
    static const struct {
        const char *key, *value;
        genlat_status wanted;
    } rows[] = {{"epochs", "-2", GENLAT_E_RANGE},       {"patience", "x", GENLAT_E_INVALID},
                {"last_path", "x", GENLAT_E_NOT_FOUND}, {"event", "x", GENLAT_E_NOT_FOUND},
                {"size", "8", GENLAT_E_NOT_FOUND},      {"valid_every", "0", GENLAT_E_RANGE}};
    for (size_t i = 0; i < COUNT(rows); i++)
        REFUSED(rows[i].wanted, genlat_train_opts_set, &opts, rows[i].key, rows[i].value);
    ck_assert_int_eq(opts.epochs, 2);
    ok(genlat_train_opts_set(&opts, "patience", "3"));
    REFUSED_WITH("patience", GENLAT_E_INVALID, genlat_trainer_new, model, train, NULL, &opts, &trainer);
    opts.patience = 0;
    opts.best_path = paths[1];
    REFUSED_WITH("best_path", GENLAT_E_INVALID, genlat_trainer_new, model, train, NULL, &opts, &trainer);
    opts.best_path = NULL;
    opts.restore_best = 1;
    REFUSED_WITH("restore_best", GENLAT_E_INVALID, genlat_model_fit, model, train, NULL, &opts);
    opts.restore_best = 0;
    REFUSED(GENLAT_E_SHAPE, genlat_trainer_new, model, digits, NULL, &opts, &trainer);
    REFUSED(GENLAT_E_SHAPE, genlat_trainer_new, model, train, digits, &opts, &trainer);
    REFUSED(GENLAT_E_INVALID, genlat_trainer_new, gan, train, valid, &opts, &trainer); /* it takes none */
    opts.last_path = "/nonexistent/folder/file";
    REFUSED(GENLAT_E_IO, genlat_model_fit, model, train, NULL, &opts);
    ck_assert_ptr_null(trainer);
    ok(genlat_model_fit(gan, train, NULL, NULL)); /* defaults */
    genlat_model_destroy(&gan);
    gan = small_gan();
    ok(genlat_model_progress(gan, &progress));
    ck_assert_int_eq(progress.step, 0);
    genlat_source_destroy(&digits);
    genlat_model_destroy(&gan);
}
END_TEST

/* With packing a last batch of fewer samples is left out, with drop_last and without. */
START_TEST(packing_needs_whole_groups)
{
    static const setting settings[] = {{"latent", "2"}, {"packing", "4"}, {NULL, NULL}};
    genlat_source *some = synthetic("ring", 17, 0);
    for (uint32_t drops = 0; drops < 2; drops++) {
        genlat_model *gan = model_of("gan", settings, some), *kept = model;
        model = gan; /* the receiver asks it */
        opts.drop_last = drops;
        genlat_progress progress = {.size = sizeof progress};
        ok(genlat_model_fit(gan, some, NULL, &opts)); /* batches of 8, 8 and 1 */
        ok(genlat_model_progress(gan, &progress));
        ck_assert_int_eq(progress.step % 2, 0);
        model = kept;
        genlat_model_destroy(&gan);
    }
    genlat_source_destroy(&some);
}
END_TEST

static int32_t refuse(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    memset(x, 0, (size_t)n * 2 * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        if (indices[i] == 30)
            return 1;
    return 0;
}

START_TEST(sources_that_fail_end_the_run)
{
    const genlat_source_table table = {.size = sizeof table, .count = SAMPLES, .ndim = 1, .dims = {2}, .fetch = refuse};
    genlat_source *broken = NULL;
    double terms[GENLAT_MAX_TERMS];
    ok(genlat_source_callback(ctx, &table, &broken));
    for (opts.prefetch = 0; opts.prefetch < 2; opts.prefetch++)
        REFUSED(GENLAT_E_CALLBACK, genlat_model_fit, model, broken, NULL, &opts);
    REFUSED(GENLAT_E_CALLBACK, genlat_model_evaluate, model, broken, 8, 1, terms);
    REFUSED(GENLAT_E_CALLBACK, genlat_vae_active_units, model, broken, NULL, NULL, NULL);
    genlat_source_destroy(&broken);
}
END_TEST

START_TEST(other_data_are_refused)
{
    genlat_source *few = synthetic("ring", BATCH, 0);
    stop_at = 3;
    REFUSED(GENLAT_E_CANCELLED, genlat_model_fit, model, train, NULL, &opts);
    REFUSED_WITH("8 samples", GENLAT_E_STATE, genlat_model_fit, model, few, NULL, &opts);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "40"));
    stop_at = 0;
    ok(genlat_model_restart(model));
    ok(genlat_model_fit(model, few, NULL, &opts));
    genlat_source_destroy(&few);
}
END_TEST

/* A plateau follows the validation loss: refused without one; with one, the weights differ and a resumed training is
 * the same as one without interruption. */
START_TEST(a_plateau_follows_the_validation)
{
    static const setting settings[][2] = {{{NULL, NULL}, {NULL, NULL}},
                                          {{"lr_schedule", "plateau factor=0.1 patience=0 threshold=1"}, {NULL, NULL}}};
    double loss[3] = {0, 0, 0}, terms[GENLAT_MAX_TERMS];
    opts.last_path = paths[0];
    for (int i = 0; i < 3; i++) {
        genlat_model_destroy(&model);
        model = model_of("vae", settings[i > 0], train);
        if (i > 0)
            REFUSED_WITH("plateau", GENLAT_E_INVALID, genlat_model_fit, model, train, NULL, &opts);
        opts.epochs = i == 2 ? 3 : 6;
        ok(genlat_model_fit(model, train, valid, &opts));
        if (i == 2) {
            genlat_model_destroy(&model);
            ok(genlat_model_load(ctx, paths[0], &model));
            opts.epochs = 6;
            ok(genlat_model_fit(model, train, valid, &opts));
        }
        ok(genlat_model_evaluate(model, valid, 8, 1, terms));
        loss[i] = terms[0];
    }
    ck_assert_double_ne(loss[0], loss[1]);
    ck_assert_double_eq(loss[1], loss[2]);
    genlat_model *gan = model_of("gan", settings[1], train);
    REFUSED_WITH("plateau", GENLAT_E_INVALID, genlat_model_fit, gan, train, NULL, &opts);
    genlat_model_destroy(&gan);
}
END_TEST

/* Training after a restart is that of a model that was exported and loaded. */
START_TEST(a_restart_begins_a_new_training)
{
    static const char *const families[] = {"vae", "gan"};
    opts.event = NULL;
    for (size_t i = 0; i < COUNT(families); i++) {
        const setting settings[] = {{i ? "penalties" : "beta", i ? "history weight=0.1; lecam weight=0.1" : "1"},
                                    {NULL, NULL}};
        genlat_model *a = model_of(families[i], settings, train), *b = NULL;
        genlat_progress progress = {.size = sizeof progress};
        genlat_tensor *x = NULL, *y = NULL;
        genlat_sample_opts sampling;
        genlat_sample_opts_init(&sampling);
        sampling.seed = 3;
        sampling.raw = i;
        ok(genlat_model_fit(a, train, NULL, &opts));
        ok(genlat_model_export(a, paths[0]));
        ok(genlat_model_load(ctx, paths[0], &b));
        ok(genlat_model_restart(a));
        ok(genlat_model_progress(a, &progress));
        ck_assert(progress.step == 0 && progress.epoch == 0 && progress.seconds == 0);
        ok(genlat_model_fit(a, train, NULL, &opts));
        ok(genlat_model_fit(b, train, NULL, &opts));
        ok(genlat_model_sample(a, 8, NULL, &sampling, &x));
        ok(genlat_model_sample(b, 8, NULL, &sampling, &y));
        same_tensors(x, y);
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&y);
        genlat_model_destroy(&a);
        genlat_model_destroy(&b);
    }
}
END_TEST

/* The noise of a resumed training is that of the first run, whatever the seed of the context. */
START_TEST(the_seed_is_in_the_file)
{
    double loss[2], terms[GENLAT_MAX_TERMS];
    for (int i = 0; i < 2; i++) {
        genlat_ctx_opts with;
        genlat_ctx *other = NULL;
        genlat_model *resumed = NULL;
        genlat_ctx_opts_init(&with);
        with.seed = i ? 99 : 0;
        ok(genlat_ctx_new(&with, &other));
        genlat_source *data = NULL;
        ok(genlat_source_synthetic(other, "ring", 40, 5, &data));
        if (i == 0) {
            opts.last_path = paths[0];
            ok(genlat_model_fit(model, train, NULL, &opts));
        }
        ok(genlat_model_load(other, paths[0], &resumed));
        opts.last_path = NULL;
        opts.epochs = 4;
        ok(genlat_model_fit(resumed, data, NULL, &opts));
        ok(genlat_model_evaluate(resumed, data, 8, 1, terms));
        loss[i] = terms[0];
        genlat_model_destroy(&resumed);
        genlat_source_destroy(&data);
        genlat_ctx_destroy(&other);
    }
    ck_assert_double_eq(loss[0], loss[1]);
}
END_TEST

/* The stacks of many background threads do not fit into what the process may take. */
START_TEST(threads_that_cannot_be_started_are_reported)
{
    struct rlimit limit = {1 << 28, 1 << 28};
    enum { MANY = 300 };
    genlat_trainer *trainer = NULL;
    genlat_batches *batches[MANY] = {NULL};
    genlat_batches_opts order;
    int made = 0;
    genlat_batches_opts_init(&order);
    order.batch = BATCH;
    order.prefetch = opts.prefetch = 1;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (setrlimit(RLIMIT_AS, &limit) == 0) {
        while (made < MANY && genlat_batches_new(train, &order, &batches[made]) == GENLAT_OK)
            made++;
        ck_assert_int_lt(made, MANY);
        ck_assert_ptr_null(batches[made]);
        REFUSED_WITH("thread", GENLAT_E_THREAD, genlat_batches_new, train, &order, &batches[made]);
        REFUSED_WITH("thread", GENLAT_E_THREAD, genlat_trainer_new, model, train, NULL, &opts, &trainer);
    }
#endif
    ck_assert_ptr_null(trainer);
    while (made-- > 0)
        genlat_batches_destroy(&batches[made]);
}
END_TEST

int main(void)
{
    const TTest *const list[] = {events_tell_where_training_is,
                                 curves_have_a_number_an_epoch,
                                 runs_are_stopped_and_go_on,
                                 ends_are_where_they_are_asked_for,
                                 seeds_decide_the_order,
                                 options_are_checked,
                                 packing_needs_whole_groups,
                                 sources_that_fail_end_the_run,
                                 other_data_are_refused,
                                 a_plateau_follows_the_validation,
                                 a_restart_begins_a_new_training,
                                 the_seed_is_in_the_file,
                                 threads_that_cannot_be_started_are_reported,
                                 NULL};
    Suite *suite = suite_create("promises of trainers");
    TCase *tcase = tcase_create("promises");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (const TTest *const *test = list; *test; test++)
        tcase_add_test(tcase, *test);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
