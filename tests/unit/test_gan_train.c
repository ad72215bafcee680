/* SPDX-License-Identifier: MIT */
/* GANs in the trainer. The default preset finds the modes of a ring in a short training. Alarms report a
 * discriminator that wins. Interrupted trainings resume. Validation is refused. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "genlat/genlat.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static genlat_model *make(const char *preset, genlat_source *source, const char *const *pairs)
{
    genlat_model_builder *b = NULL;
    genlat_model *gan = NULL;
    expect_ok(genlat_model_builder_new(ctx, "gan", &b));
    genlat_model_builder_preset(b, preset);
    for (; pairs && *pairs; pairs += 2)
        genlat_model_builder_set(b, pairs[0], pairs[1]);
    expect_ok(genlat_model_build(&b, source, &gan));
    return gan;
}

START_TEST(the_default_preset_finds_the_ring)
{
    genlat_source *ring = NULL;
    genlat_tensor *samples = NULL, *centres = NULL;
    genlat_modes modes = {.size = sizeof modes};
    genlat_train_opts opts;
    double sd = 0;
    expect_ok(genlat_source_synthetic(ctx, "ring", 20000, 1, &ring));
    genlat_model *gan = make("r3", ring, NULL);
    genlat_train_opts_init(&opts);
    opts.steps = 600;
    opts.batch = 64;
    expect_ok(genlat_model_fit(gan, ring, NULL, &opts));
    expect_ok(genlat_source_mixture(ring, &centres, &sd));
    expect_ok(genlat_model_sample(gan, 2500, NULL, NULL, &samples));
    expect_ok(genlat_metric_modes(samples, centres, sd, &modes));
    ck_assert_msg(modes.found >= 6, "%lld of 8 modes found", (long long)modes.found);
    genlat_tensor_destroy(&samples);
    genlat_tensor_destroy(&centres);
    genlat_model_destroy(&gan);
    genlat_source_destroy(&ring);
}
END_TEST

/* ---- alarms ---------------------------------------------------------------------------------- */

static char alarms[2048];

static int32_t listen(void *user, const genlat_event *event)
{
    (void)user;
    if (event->kind == GENLAT_EVENT_ALARM)
        strncat(alarms, event->text, sizeof alarms - strlen(alarms) - 1);
    return 0;
}

/* A fixed generator far from the data loses against any discriminator; the minimax loss then has no gradient for it. */
START_TEST(alarms_report_a_discriminator_that_wins)
{
    static const char *const lost[] = {"optimizer_g", "sgd lr=0",      "optimizer_d", "adam lr=0.02", "loss", "minimax",
                                       "generator",   "dense units=2", NULL};
    const int64_t dims[] = {256, 2};
    genlat_source *far = NULL;
    genlat_tensor *points = NULL;
    genlat_train_opts opts;
    expect_ok(genlat_tensor_new(ctx, 2, dims, &points));
    for (int i = 0; i < 512; i++)
        genlat_tensor_data(points)[i] = 50;
    expect_ok(genlat_source_memory(ctx, points, NULL, &far));
    genlat_model *gan = make("mlp", far, lost);
    genlat_train_opts_init(&opts);
    opts.epochs = 30;
    opts.batch = 64;
    opts.event = listen;
    expect_ok(genlat_model_fit(gan, far, NULL, &opts));
    ck_assert_msg(strstr(alarms, "saturated") != NULL, "'%s'", alarms);
    ck_assert_msg(strstr(alarms, "vanished") != NULL, "'%s'", alarms);
    genlat_model_destroy(&gan);
    genlat_tensor_destroy(&points);
    genlat_source_destroy(&far);
}
END_TEST

static void fit(genlat_model *gan, genlat_source *source, int64_t epochs, genlat_status expected)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = epochs;
    opts.batch = 16;
    opts.event = listen;
    alarms[0] = '\0';
    ck_assert_int_eq(genlat_model_fit(gan, source, NULL, &opts), expected);
}

/* A generator of a single point, and one that learns the ring. */
START_TEST(an_alarm_reports_mode_collapse)
{
    static const char *const one_point[] = {
        "generator", "dense units=2 init=constant gain=0", "optimizer_g", "sgd lr=0", "optimizer_d", "sgd lr=0.01",
        NULL};
    genlat_source *ring = NULL;
    expect_ok(genlat_source_synthetic(ctx, "ring", 640, 1, &ring));
    genlat_model *gan = make("mlp", ring, one_point);
    fit(gan, ring, 1, GENLAT_OK);
    ck_assert_str_eq(alarms, "");
    fit(gan, ring, 3, GENLAT_OK);
    ck_assert_msg(strstr(alarms, "mode collapse") != NULL, "'%s'", alarms);
    genlat_model_destroy(&gan);
    gan = make("r3", ring, NULL);
    fit(gan, ring, 6, GENLAT_OK);
    ck_assert_msg(strstr(alarms, "mode collapse") == NULL, "'%s'", alarms);
    genlat_model_destroy(&gan);
    genlat_source_destroy(&ring);
}
END_TEST

/* One invalid sample among 64 makes one batch per epoch invalid. If all are invalid, training fails with advice. Data
 * that are invalid from the beginning are refused. */
START_TEST(invalid_batches_are_skipped)
{
    const int64_t dims[] = {64, 2};
    genlat_source *source = NULL;
    genlat_tensor *points = NULL;
    genlat_trainer *trainer = NULL;
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = 16;
    opts.event = listen;
    for (int all = 0; all < 2; all++) {
        expect_ok(genlat_tensor_new(ctx, 2, dims, &points));
        for (int i = 0; i < 128; i++)
            genlat_tensor_data(points)[i] = (float)(i % 5);
        expect_ok(genlat_source_memory(ctx, points, NULL, &source));
        genlat_model *gan = make("r3", source, NULL);
        alarms[0] = '\0';
        expect_ok(genlat_trainer_new(gan, source, NULL, &opts, &trainer));
        for (int i = 0; i < 128; i++)
            if (all || i == 7)
                genlat_tensor_data(points)[i] = (float)NAN;
        ck_assert_int_eq(genlat_trainer_run(trainer), all ? GENLAT_E_NUMERIC : GENLAT_OK);
        ck_assert_msg(strstr(alarms, "1 of at most 4") != NULL, "'%s'", alarms);
        ck_assert_int_eq(strstr(alarms, "2 of at most 4") != NULL, all);
        ck_assert(!all || strstr(genlat_last_error(), "lower the learning rate"));
        genlat_trainer_destroy(&trainer);
        ck_assert_int_eq(genlat_trainer_new(gan, source, NULL, &opts, &trainer), GENLAT_E_RANGE);
        ck_assert_ptr_nonnull(
            strstr(genlat_last_error(), all ? "sample 0 has nan in element 0" : "sample 3 has nan in element 1"));
        genlat_model_destroy(&gan);
        genlat_source_destroy(&source);
        genlat_tensor_destroy(&points);
    }
}
END_TEST

/* The length of a preset is that of its schedules; another length is reported. */
START_TEST(lengths_agree_with_schedules)
{
    const char *const schedule[] = {"lr_schedule",
                                    _i / 2 ? "linear from=1 to=0.1 steps=12 then 0.1" : "linear from=1 to=0 steps=12",
                                    "steps", "12", NULL};
    genlat_source *ring = NULL;
    genlat_train_opts opts;
    genlat_progress progress = {.size = sizeof progress};
    expect_ok(genlat_source_synthetic(ctx, "ring", 64, 1, &ring));
    genlat_model *gan = make("mlp", ring, schedule);
    genlat_train_opts_init(&opts);
    opts.batch = 16;
    opts.event = listen;
    alarms[0] = '\0';
    if (_i % 2)
        opts.epochs = 2;
    expect_ok(genlat_model_fit(gan, ring, NULL, &opts));
    expect_ok(genlat_model_progress(gan, &progress));
    ck_assert_int_eq(progress.step, _i % 2 ? 8 : 12);
    const char *found = strstr(alarms, "lr_schedule has 12 steps, but the training ends at step 8");
    ck_assert_msg((found != NULL) == (_i % 2 == 1), "'%s'", alarms);
    genlat_model_destroy(&gan);
    genlat_source_destroy(&ring);
}
END_TEST

/* Rows that are too few for a pack end no training: the last batch of an epoch is left out. */
START_TEST(a_last_batch_that_is_too_small_is_left_out)
{
    static const char *const packed[] = {"packing", "4", NULL};
    genlat_source *ring = NULL, *tiny = NULL;
    genlat_train_opts opts;
    genlat_progress progress = {.size = sizeof progress};
    expect_ok(genlat_source_synthetic(ctx, "ring", 65, 1, &ring));
    expect_ok(genlat_source_synthetic(ctx, "ring", 3, 1, &tiny));
    genlat_model *gan = make("mlp", ring, packed);
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = 16;
    expect_ok(genlat_model_fit(gan, ring, NULL, &opts));
    expect_ok(genlat_model_progress(gan, &progress));
    ck_assert_int_eq(progress.step, 8);
    expect_ok(genlat_model_restart(gan));
    ck_assert_int_eq(genlat_model_fit(gan, tiny, NULL, &opts), GENLAT_E_RANGE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "at least 4"));
    genlat_model_destroy(&gan);
    genlat_source_destroy(&ring);
    genlat_source_destroy(&tiny);
}
END_TEST

/* ---- training in parts ----------------------------------------------------------------------- */

static void train_to(genlat_model *gan, genlat_source *source, int64_t steps)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.steps = steps;
    opts.batch = 16;
    expect_ok(genlat_model_fit(gan, source, NULL, &opts));
}

START_TEST(training_in_parts_computes_the_same)
{
    char path[64];
    genlat_source *ring = NULL;
    genlat_model *loaded = NULL;
    genlat_tensor *a = NULL, *b = NULL;
    expect_ok(genlat_source_synthetic(ctx, "ring", 100, 1, &ring));
    genlat_model *once = make("r3", ring, NULL), *twice = make("r3", ring, NULL);
    train_to(once, ring, 20);
    train_to(twice, ring, 9);
    snprintf(path, sizeof path, "/tmp/genlat-gan-train-%ld.safetensors", (long)getpid());
    expect_ok(genlat_model_save(twice, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    unlink(path);
    train_to(loaded, ring, 20);
    expect_ok(genlat_model_sample(once, 8, NULL, NULL, &a));
    expect_ok(genlat_model_sample(loaded, 8, NULL, NULL, &b));
    ck_assert_mem_eq(genlat_tensor_const_data(a), genlat_tensor_const_data(b), 16 * sizeof(float));
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_model_destroy(&once);
    genlat_model_destroy(&twice);
    genlat_model_destroy(&loaded);
    genlat_source_destroy(&ring);
}
END_TEST

static int32_t stop_at_seven(void *user, const genlat_event *event)
{
    (void)user;
    return event->kind == GENLAT_EVENT_STEP && event->step == 7;
}

/* A stopped training writes a file. Training from it computes the same bits as without a stop. */
START_TEST(a_stopped_training_resumes)
{
    static const char *const set[] = {
        "augment", "translation,cutout", "augment_target", "0.5", "augment_speed", "60", "history", "0.01", NULL};
    char path[64];
    const int64_t dims[] = {40, 2, 8};
    genlat_source *waves = NULL;
    genlat_tensor *x = NULL, *a = NULL, *b = NULL;
    genlat_model *loaded = NULL;
    genlat_train_opts opts;
    expect_ok(genlat_tensor_new(ctx, 3, dims, &x));
    for (int i = 0; i < 40 * 16; i++)
        genlat_tensor_data(x)[i] = (float)(i * i % 17) / 8 - 1;
    expect_ok(genlat_source_memory(ctx, x, NULL, &waves));
    genlat_model *once = make("r3", waves, set), *stopped = make("r3", waves, set);
    train_to(once, waves, 20);
    snprintf(path, sizeof path, "/tmp/genlat-gan-stop-%ld.safetensors", (long)getpid());
    genlat_train_opts_init(&opts);
    opts.batch = 16;
    opts.steps = 20;
    opts.last_path = path;
    opts.event = stop_at_seven;
    ck_assert_int_eq(genlat_model_fit(stopped, waves, NULL, &opts), GENLAT_E_CANCELLED);
    expect_ok(genlat_model_load(ctx, path, &loaded));
    unlink(path);
    train_to(loaded, waves, 20);
    expect_ok(genlat_model_sample(once, 8, NULL, NULL, &a));
    expect_ok(genlat_model_sample(loaded, 8, NULL, NULL, &b));
    ck_assert_mem_eq(genlat_tensor_const_data(a), genlat_tensor_const_data(b), 8 * 16 * sizeof(float));
    for (genlat_tensor **t = (genlat_tensor *[]){x, a, b, NULL}; *t; t++)
        genlat_tensor_destroy(t);
    for (genlat_model **g = (genlat_model *[]){once, stopped, loaded, NULL}; *g; g++)
        genlat_model_destroy(g);
    genlat_source_destroy(&waves);
}
END_TEST

START_TEST(validation_is_refused)
{
    genlat_source *ring = NULL;
    double terms[GENLAT_MAX_TERMS];
    genlat_train_opts opts;
    expect_ok(genlat_source_synthetic(ctx, "ring", 100, 1, &ring));
    genlat_model *gan = make("mlp", ring, NULL);
    genlat_train_opts_init(&opts);
    opts.patience = 3;
    ck_assert_int_eq(genlat_model_fit(gan, ring, NULL, &opts), GENLAT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "patience"));
    ck_assert_int_eq(genlat_model_fit(gan, ring, ring, NULL), GENLAT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "a gan has no loss that can be evaluated on validation data"));
    ck_assert_int_eq(genlat_model_evaluate(gan, ring, 10, 0, terms), GENLAT_E_UNSUPPORTED);
    genlat_model_destroy(&gan);
    genlat_source_destroy(&ring);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gan in the trainer");
    TCase *tests = tcase_create("trainer");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_default_preset_finds_the_ring);
    tcase_add_test(tests, alarms_report_a_discriminator_that_wins);
    tcase_add_test(tests, an_alarm_reports_mode_collapse);
    tcase_add_test(tests, invalid_batches_are_skipped);
    tcase_add_test(tests, a_last_batch_that_is_too_small_is_left_out);
    tcase_add_loop_test(tests, lengths_agree_with_schedules, 0, 4);
    tcase_add_test(tests, training_in_parts_computes_the_same);
    tcase_add_test(tests, a_stopped_training_resumes);
    tcase_add_test(tests, validation_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
