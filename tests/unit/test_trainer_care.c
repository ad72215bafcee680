/* SPDX-License-Identifier: MIT */
/* Supervision of a training, on a model of two weights: early stop, alarms, scaling of the data, log. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/trainer_rig.h"

/* ---- early stop ------------------------------------------------------------------------------ */

static const double script[] = {5, 4, 3, 3.5, (double)NAN, 3.2, 1, 1};

static void follow_script(void)
{
    fake->script = script;
    fake->scripted = GNL_COUNT(script);
    opts.epochs = 8;
}

START_TEST(early_stop_keeps_the_best_weights)
{
    follow_script();
    opts.patience = 3;
    opts.best_path = best;
    opts.last_path = last;
    opts.restore_best = 1;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.epoch, 6);
    ck_assert_int_eq(fake->model.progress.best_epoch, 3);
    ck_assert_double_eq(fake->model.progress.best, 3);
    ck_assert_str_eq(seen.kinds, "SSSEVCSSSEVCSSSEVCSSSEVSSSEVSSSEVCD");
    ck_assert_str_eq(seen.text,
                     "stopped early: no better validation since epoch 3; the weights are those of epoch 3, the best "
                     "validation");
    fake_model *kept = fake_load(ctx, best), *newest = fake_load(ctx, last);
    ck_assert_int_eq(kept->model.progress.epoch, 3);
    ck_assert_int_eq(newest->model.progress.epoch, 6);
    ck_assert_double_eq_tol(fake->weight[0], kept->weight[0], 1e-6);
    ck_assert_double_eq(fake->weight[0], newest->weight[0]);
    fake_release(kept);
    fake_release(newest);
}
END_TEST

START_TEST(gains_below_min_gain_do_not_count)
{
    follow_script();
    opts.patience = 2;
    opts.min_gain = 1.5;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.best_epoch, 3); /* 4 improves by 1, 3 improves by 2 */
    ck_assert_int_eq(fake->model.progress.epoch, 5);
}
END_TEST

START_TEST(a_gain_below_min_gain_is_not_the_best)
{
    follow_script();
    opts.epochs = 2;
    opts.min_gain = 1.5;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.best_epoch, 1);
    ck_assert_double_eq(fake->model.progress.best, 5);
    ck_assert_int_eq(fake->model.progress.waited, 1);
}
END_TEST

/* The fourth validation is worse, but belongs to an epoch that the end of the training cuts short. */
START_TEST(a_partial_epoch_does_not_count_as_waiting)
{
    follow_script();
    opts.epochs = -1;
    opts.steps = 3 * STEPS + 1;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_int_eq(fake->evaluated, 4);
    ck_assert_int_eq(fake->model.progress.best_epoch, 3);
    ck_assert_int_eq(fake->model.progress.waited, 0);
}
END_TEST

/* The file holds the best weights if the run that wrote it had restore_best set; otherwise an alarm reports that
 * they are missing. */
START_TEST(early_stop_continues_in_a_resumed_training)
{
    const bool kept = _i == 0;
    follow_script();
    opts.patience = 3;
    opts.restore_best = 1;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    const gnl_real expected = fake->weight[0];
    fake_release(fake);
    fake = fake_new(ctx);
    memset(&seen, 0, sizeof seen);
    follow_script();
    opts.restore_best = kept;
    opts.last_path = last;
    seen.stop_at = 4 * STEPS + 1; /* in the fifth epoch, one validation after the best */
    ck_assert_int_eq(rig_run(valid), GENLAT_E_CANCELLED);
    rig_reload();
    fake->script = script + 4;
    fake->scripted = 4;
    opts.restore_best = 1;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.epoch, 6);
    ck_assert_int_eq(fake->model.progress.best_epoch, 3);
    ck_assert_int_eq(fake->weight[0] == expected, kept);
    ck_assert_int_eq(strchr(seen.kinds, 'A') == NULL, kept);
}
END_TEST

/* ---- alarms ---------------------------------------------------------------------------------- */

START_TEST(non_finite_steps_are_skipped)
{
    fake->bad_from = 1;
    fake->bad_to = 5;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SAAEAASED");
    ck_assert_int_eq(fake->model.progress.step, 2);
}
END_TEST

START_TEST(too_many_non_finite_steps_fail_with_advice)
{
    fake->bad_from = 2;
    fake->bad_to = 100;
    opts.epochs = 3;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_NUMERIC);
    ck_assert_str_eq(seen.kinds, "SSAEAAAE");
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "learning rate"));
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "loss is nan"));
    ck_assert_int_eq(fake->model.progress.step, 2);
}
END_TEST

/* A run that fails saves the steps before, but no model that it has not changed. */
START_TEST(failed_runs_save_the_steps_before)
{
    genlat_progress progress = {.size = sizeof progress};
    opts.last_path = last;
    opts.epochs = 3;
    fake->bad_from = _i ? 0 : 2;
    fake->bad_to = 100;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_NUMERIC);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "learning rate"));
    ck_assert_int_eq(strstr(genlat_last_error(), "the steps before are saved to") != NULL, !_i);
    ck_assert_int_eq(access(last, F_OK) == 0, !_i);
    if (_i)
        return;
    rig_reload();
    ck_assert_int_eq(genlat_model_progress(&fake->model, &progress), GENLAT_OK);
    ck_assert_int_eq(progress.step, 2);
}
END_TEST

START_TEST(files_that_cannot_be_written_are_reported_at_once)
{
    const char **paths[] = {&opts.last_path, &opts.best_path, &opts.log_path};
    static const char *const wrong[] = {"/tmp", "/nowhere/at/all"};
    *paths[_i % 3] = wrong[_i / 3];
    ck_assert_int_eq(genlat_trainer_new(&fake->model, train, valid, &opts, &trainer), GENLAT_E_IO);
    ck_assert_ptr_null(trainer);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), wrong[_i / 3]));
}
END_TEST

/* /dev/full opens, but takes nothing. */
START_TEST(a_log_that_fails_does_not_end_the_training)
{
    if (access("/dev/full", W_OK) != 0)
        return;
    opts.log_path = "/dev/full";
    opts.epochs = 2;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SSSEASSSED"); /* one alarm */
}
END_TEST

START_TEST(posterior_collapse_is_reported_once)
{
    opts.epochs = 3;
    fake->kl = 1e-4;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SSSEASSSESSSED");
}
END_TEST

/* At the end, since so few steps are inspected once. Codes are in use if the reconstruction needs them, in nats or as
 * a part of its loss, or if many dimensions vary. */
START_TEST(a_decoder_that_ignores_its_codes_is_reported)
{
    static const gnl_code_use uses[] = {
        {.loss = 100, .gain = 0.5, .active = 5, .latent = 20}, {.loss = 100, .gain = 3, .active = 5, .latent = 20},
        {.loss = 5, .gain = 0.5, .active = 5, .latent = 20},   {.loss = 100, .gain = 0.5, .active = 6, .latent = 20},
        {.loss = -100, .gain = -1, .active = 0, .latent = 2},
    };
    opts.epochs = 3;
    fake->use = uses[_i];
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, _i % 4 == 0 ? "SSSESSSESSSEAD" : "SSSESSSESSSED");
}
END_TEST

/* Inspected from the first 50 steps on, and reported after a quarter of the training. */
START_TEST(ignored_codes_are_not_reported_too_early)
{
    opts.epochs = 120;
    fake->use = (gnl_code_use){.loss = 100, .gain = 0.5, .active = 1, .latent = 20};
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    const char *alarm = strchr(seen.kinds, 'A');
    ck_assert_ptr_nonnull(alarm);
    ck_assert_int_eq(alarm - seen.kinds, 30 * (STEPS + 1)); /* after the epoch of step 90 of 360 */
    ck_assert_ptr_null(strchr(alarm + 1, 'A'));
}
END_TEST

START_TEST(likelihoods_without_bound_are_reported)
{
    fake->recon = _i ? -11.9 : -12.1; /* of two elements */
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, _i ? "SSSESSSED" : "SSSEASSSED");
}
END_TEST

START_TEST(overfitting_is_reported)
{
    static const double rising[] = {1, 2, 3, 4, 5, 0, 1};
    fake->script = rising;
    fake->scripted = GNL_COUNT(rising);
    opts.epochs = 7;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SSSEVSSSEVSSSEVSSSEVASSSEVSSSEVSSSEVD");
}
END_TEST

/* Validations that rise twice in a row, twice. */
START_TEST(short_rises_are_not_reported)
{
    static const double rising[] = {1, 2, 3, 2, 3, 4, 3};
    fake->script = rising;
    fake->scripted = GNL_COUNT(rising);
    opts.epochs = 7;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_ptr_null(strchr(seen.kinds, 'A'));
}
END_TEST

/* ---- checkpoints ----------------------------------------------------------------------------- */

START_TEST(checkpoints_are_saved_every_few_epochs)
{
    opts.epochs = 5;
    opts.save_every = 2;
    opts.last_path = last;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SSSESSSECSSSESSSECSSSECD");
}
END_TEST

/* Training fails after five bad batches in a row. Here each fourth one is followed by a good one. */
START_TEST(a_good_batch_ends_a_row_of_bad_ones)
{
    fake->bad_from = 0;
    fake->bad_to = 1000;
    fake->good_every = 5;
    opts.epochs = -1;
    opts.steps = 4;
    ck_assert_msg(rig_run(NULL) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(fake->model.progress.step, 4);
    ck_assert_int_ge(fake->calls, 16);
}
END_TEST

/* ---- scaling --------------------------------------------------------------------------------- */

static double first_number(const genlat_source *source)
{
    gnl_real x[FAKE_WIDTH];
    const int64_t zero = 0;
    ck_assert_int_eq(gnl_source_fetch(source, &zero, 1, 0, x, NULL), GENLAT_OK);
    return (double)x[0];
}

START_TEST(scaling_is_stored_and_applied_to_validation_data)
{
    genlat_source *raw = train, *plain = valid;
    double expected = (first_number(valid) - 2) / 4;
    train = rig_scaled(raw, 2, 4);
    ck_assert_int_eq(rig_run(plain), GENLAT_OK); /* validation data without scaling */
    ck_assert_double_eq_tol(fake->seen, expected, 1e-6);
    ck_assert_double_eq((double)fake->model.scaling.offset->data[0], 2);
    ck_assert_double_eq((double)fake->model.scaling.scale->data[0], 4);
    ck_assert_ptr_null(strchr(seen.kinds, 'A'));
    genlat_source *other = rig_scaled(plain, -1, 3), *same = rig_scaled(plain, 2, 4);
    opts.epochs = 3;
    ck_assert_int_eq(rig_run(other), GENLAT_OK); /* scaled by another method */
    ck_assert_double_eq_tol(fake->seen, expected, 1e-6);
    opts.epochs = 4;
    ck_assert_int_eq(rig_run(same), GENLAT_OK);
    ck_assert_double_eq_tol(fake->seen, expected, 1e-6);
    ck_assert_ptr_null(strchr(seen.kinds, 'A'));
    genlat_source_destroy(&train);
    genlat_source_destroy(&other);
    genlat_source_destroy(&same);
    train = raw;
    opts.epochs = 5;
    ck_assert_int_eq(rig_run(plain), GENLAT_OK); /* raw data are scaled as the model expects */
    ck_assert_double_eq_tol(fake->seen, expected, 1e-6);
    ck_assert_ptr_null(strchr(seen.kinds, 'A'));
    ck_assert_double_eq((double)fake->model.scaling.offset->data[0], 2);
}
END_TEST

START_TEST(scaled_data_of_a_model_without_scaling_are_refused)
{
    genlat_source *raw = train;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    train = rig_scaled(raw, 2, 4);
    opts.epochs++;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_STATE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "without scaling"));
    ck_assert_ptr_null(fake->model.scaling.offset);
    genlat_source_destroy(&train);
    train = raw;
}
END_TEST

/* ---- the log --------------------------------------------------------------------------------- */

START_TEST(the_log_has_one_line_per_epoch)
{
    char text[4096];
    follow_script();
    opts.epochs = 5;
    opts.log_path = lines;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    FILE *file = fopen(lines, "r");
    ck_assert_ptr_nonnull(file);
    for (int64_t epoch = 1; epoch <= 5; epoch++) {
        ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
        json_t *line = json_loads(text, 0, NULL);
        ck_assert_int_eq(json_integer_value(json_object_get(line, "epoch")), epoch);
        ck_assert_int_eq(json_integer_value(json_object_get(line, "step")), epoch * STEPS);
        json_t *loss = json_object_get(json_object_get(line, "train"), "loss");
        json_t *other = json_object_get(json_object_get(line, "valid"), "loss");
        ck_assert_double_eq_tol(json_real_value(loss), rig_curve("loss", 5)[epoch - 1], 1e-6);
        ck_assert_int_eq(json_is_null(other), epoch == 5); /* NaN in the script */
        json_decref(line);
    }
    ck_assert_ptr_null(fgets(text, sizeof text, file));
    fclose(file);
    opts.epochs = 6;
    opts.log_path = "/nowhere/at/all";
    ck_assert_int_eq(rig_run(valid), GENLAT_E_IO);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "/nowhere/at/all"));
}
END_TEST

/* The model, its files and the log count the time of all runs. */
START_TEST(seconds_of_earlier_runs_are_counted)
{
    const double before = 1000;
    double logged = 0;
    FILE *file = NULL;
    opts.last_path = last;
    opts.log_path = lines;
    fake->model.progress.seconds = before;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_double_gt(fake->model.progress.seconds, before);
    ck_assert_double_lt(fake->model.progress.seconds, before + 100);
    ck_assert_double_ge(seen.event.seconds, 0);
    ck_assert_double_lt(seen.event.seconds, 100); /* of this run */
    rig_reload();
    ck_assert_double_gt(fake->model.progress.seconds, before);
    ck_assert_ptr_nonnull(file = fopen(lines, "r"));
    json_t *line = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_int_eq(json_unpack(line, "{s:F}", "seconds", &logged), 0);
    ck_assert_double_gt(logged, before);
    json_decref(line);
    fclose(file);
}
END_TEST

/* Validations of all epochs see the same numbers, also of data that are drawn anew in every epoch, and use the same
 * random numbers. */
START_TEST(validations_are_comparable)
{
    genlat_source *binary = NULL;
    genlat_transform_opts transform;
    double first = 0;
    genlat_transform_opts_init(&transform);
    transform.scale = GENLAT_SCALE_UNIT;
    transform.binarize = GENLAT_BINARIZE_DYNAMIC;
    ck_assert_int_eq(genlat_source_transform(valid, &transform, &binary), GENLAT_OK);
    opts.seed = 5;
    for (int epoch = 1; epoch <= 12; epoch++) {
        opts.epochs = epoch;
        ck_assert_msg(rig_run(binary) == GENLAT_OK, "%s", genlat_last_error());
        first = epoch == 1 ? fake->seen : first;
        ck_assert_double_eq(fake->seen, first);
        ck_assert_uint_eq(fake->seen_seed, 5);
    }
    genlat_source_destroy(&binary);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer care");
    TCase *tests = tcase_create("trainer care");
    tcase_add_checked_fixture(tests, rig_begin, rig_end);
    tcase_add_test(tests, early_stop_keeps_the_best_weights);
    tcase_add_test(tests, gains_below_min_gain_do_not_count);
    tcase_add_test(tests, a_gain_below_min_gain_is_not_the_best);
    tcase_add_test(tests, a_partial_epoch_does_not_count_as_waiting);
    tcase_add_loop_test(tests, early_stop_continues_in_a_resumed_training, 0, 2);
    tcase_add_test(tests, non_finite_steps_are_skipped);
    tcase_add_test(tests, too_many_non_finite_steps_fail_with_advice);
    tcase_add_loop_test(tests, failed_runs_save_the_steps_before, 0, 2);
    tcase_add_loop_test(tests, files_that_cannot_be_written_are_reported_at_once, 0, 6);
    tcase_add_test(tests, a_log_that_fails_does_not_end_the_training);
    tcase_add_test(tests, posterior_collapse_is_reported_once);
    tcase_add_loop_test(tests, a_decoder_that_ignores_its_codes_is_reported, 0, 5);
    tcase_add_test(tests, ignored_codes_are_not_reported_too_early);
    tcase_add_loop_test(tests, likelihoods_without_bound_are_reported, 0, 2);
    tcase_add_test(tests, overfitting_is_reported);
    tcase_add_test(tests, short_rises_are_not_reported);
    tcase_add_test(tests, checkpoints_are_saved_every_few_epochs);
    tcase_add_test(tests, a_good_batch_ends_a_row_of_bad_ones);
    tcase_add_test(tests, scaling_is_stored_and_applied_to_validation_data);
    tcase_add_test(tests, scaled_data_of_a_model_without_scaling_are_refused);
    tcase_add_test(tests, the_log_has_one_line_per_epoch);
    tcase_add_test(tests, seconds_of_earlier_runs_are_counted);
    tcase_add_test(tests, validations_are_comparable);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
