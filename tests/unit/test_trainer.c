/* SPDX-License-Identifier: MIT */
/* The trainer on a model of two weights: events, resuming, cancellation, failures, errors. */
#include <check.h>
#include <stdlib.h>

#include "support/trainer_rig.h"

/* ---- the course of a training ---------------------------------------------------------------- */

START_TEST(events_arrive_in_order)
{
    opts.last_path = last;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SSSEVSSSEVCD");
    ck_assert_int_eq(seen.event.epoch, 2);
    ck_assert_int_eq(seen.event.epochs, 2);
    ck_assert_int_eq(seen.event.step, 2 * STEPS);
    ck_assert_int_eq(seen.event.epoch_steps, STEPS);
    ck_assert_double_gt(seen.event.seconds, 0);
    ck_assert_double_gt(seen.event.samples_per_s, 0);
    ck_assert_str_eq(seen.text, "training is complete");
    ck_assert_int_eq(fake->model.progress.epoch, 2);
    ck_assert_int_eq(fake->model.progress.position, 0);
    ck_assert_double_gt(fake->model.progress.seconds, 0);
}
END_TEST

START_TEST(loss_falls_and_is_in_the_history)
{
    opts.epochs = 20;
    opts.valid_every = 3;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    const double *loss = rig_curve("loss", 20), *other = rig_curve("valid.loss", 20);
    ck_assert_double_lt(loss[19], 0.2 * loss[0]);
    ck_assert(isnan(other[0]) && isnan(other[1]) && isfinite(other[2]));
    ck_assert(isfinite(other[19])); /* the last epoch is always evaluated */
    ck_assert_double_lt(other[19], other[2]);
    ck_assert_double_eq(seen.value, loss[19]);
    ck_assert_int_eq(genlat_trainer_epochs(trainer), 20);
    ck_assert_str_eq(genlat_trainer_curve(trainer, 0), "loss");
    ck_assert_str_eq(genlat_trainer_curve(trainer, 7), "valid.recon");
    ck_assert_ptr_null(genlat_trainer_curve(trainer, 8));
    ck_assert_ptr_null(genlat_trainer_curve(trainer, -1));
}
END_TEST

/* The mean of an epoch weights batches by their rows. With learning rate 0 it equals the loss on all data. */
START_TEST(means_are_over_samples)
{
    double all = 0;
    opts.epochs = -1;
    opts.steps = 1;
    opts.batch = COUNT;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    all = rig_curve("loss", 1)[0];
    fake_release(fake);
    fake = fake_new(ctx);
    opts.batch = 3; /* batches of 3 3 3 1 rows; all but the first are invalid */
    opts.steps = 0;
    opts.epochs = 1;
    fake->bad_from = 1;
    fake->bad_to = 4;
    ck_assert_int_eq(rig_run(train), GENLAT_OK);
    double first = rig_curve("loss", 1)[0];
    ck_assert_double_ne(first, all);
    double terms[GENLAT_MAX_TERMS], other[GENLAT_MAX_TERMS];
    ck_assert_int_eq(genlat_model_evaluate(&fake->model, train, 3, 0, terms), GENLAT_OK);
    ck_assert_int_eq(genlat_model_evaluate(&fake->model, train, COUNT, 0, other), GENLAT_OK);
    ck_assert_double_eq_tol(terms[0], other[0], 1e-12);
    ck_assert_double_eq_tol(rig_curve("valid.loss", 1)[0], other[0], 1e-12);
}
END_TEST

/* Training that would do nothing is refused, with what there is and what was requested. */
START_TEST(a_finished_training_is_refused)
{
    static const struct {
        int64_t epochs, steps;
        const char *text;
    } requests[] = {{2, 0, "for 2 epochs, and epochs is 2 "},
                    {1, 0, "for 2 epochs, and epochs is 1 "},
                    {0, 0, "for 2 epochs, and epochs is 0 "},
                    {-1, 5, "for 6 steps, and steps is 5 "}};
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    double weight = fake->weight[0];
    ck_assert_int_eq(genlat_trainer_run(trainer), GENLAT_E_STATE);
    for (size_t i = 0; i < GNL_COUNT(requests); i++) {
        opts.epochs = requests[i].epochs;
        opts.steps = requests[i].steps;
        memset(&seen, 0, sizeof seen);
        ck_assert_int_eq(rig_run(NULL), GENLAT_E_STATE);
        ck_assert_msg(strstr(genlat_last_error(), requests[i].text) != NULL, "%s", genlat_last_error());
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "genlat_model_restart()"));
        ck_assert_str_eq(seen.kinds, "");
        ck_assert_double_eq(fake->weight[0], weight);
    }
}
END_TEST

START_TEST(zero_epochs_write_the_model)
{
    double weight = fake->weight[0];
    opts.epochs = 0;
    opts.last_path = last;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "CD");
    ck_assert_int_eq(seen.event.epochs, 0);
    rig_reload();
    ck_assert_double_eq(fake->weight[0], weight);
    ck_assert_int_eq(fake->model.progress.step, 0);
}
END_TEST

/* A later run repeats seed, batch and order, and refuses others; it refuses data of another size. */
START_TEST(a_resumed_training_keeps_its_order)
{
    static const struct {
        const char *key, *value, *text;
    } others[] = {{"batch", "5", "batch is 5, but the model was trained with 4"},
                  {"seed", "8", "seed is 8, but the model was trained with 7"},
                  {"drop_last", "yes", "drop_last is 1, but the model was trained with 0"}};
    genlat_train_opts first;
    opts.seed = 7;
    opts.shuffle = 0;
    opts.last_path = last;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    rig_reload();
    first = opts;
    for (size_t i = 0; i < GNL_COUNT(others); i++) {
        opts = first;
        opts.epochs = 3;
        ck_assert_int_eq(genlat_train_opts_set(&opts, others[i].key, others[i].value), GENLAT_OK);
        ck_assert_int_eq(rig_run(NULL), GENLAT_E_STATE);
        ck_assert_msg(strstr(genlat_last_error(), others[i].text) != NULL, "%s", genlat_last_error());
    }
    opts = first;
    opts.epochs = 3;
    opts.batch = 0;
    opts.seed = -1;
    opts.shuffle = 1; /* the default */
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.batch, BATCH);
    ck_assert_int_eq(fake->model.progress.order_seed, 7);
    ck_assert_int_eq(fake->model.progress.shuffle, 0);
    ck_assert_int_eq(fake->model.progress.samples, COUNT);
    opts.epochs = 4;
    opts.shuffle = 0;
    genlat_source *whole = train;
    ck_assert_int_eq(genlat_source_subset(whole, (int64_t[]){0, 1, 2, 3, 4, 5, 6}, 7, &train), GENLAT_OK);
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_STATE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "have 7 samples, but the model was trained with 10"));
    genlat_source_destroy(&train);
    train = whole;
}
END_TEST

START_TEST(training_that_ends_within_an_epoch_is_reported)
{
    opts.epochs = -1;
    opts.steps = 4;
    opts.drop_last = 1; /* two steps of four samples per epoch */
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SSEVSSEVD");
    opts.steps = 5;
    memset(&seen, 0, sizeof seen);
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SEVD");
    ck_assert_int_eq(fake->model.progress.position, BATCH);
    ck_assert_int_eq(fake->model.progress.epoch, 2);
    rig_curve("loss", 1);
}
END_TEST

START_TEST(missing_options_come_from_the_preset)
{
    opts.epochs = -1;
    opts.batch = 0;
    fake->model.config->epochs = 3;
    fake->model.config->batch = 5;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_str_eq(seen.kinds, "SSESSESSED");
    ck_assert_int_eq(seen.event.epochs, 3);
}
END_TEST

/* ---- resuming -------------------------------------------------------------------------------- */

static void assert_same(const fake_model *a, const fake_model *b)
{
    ck_assert_mem_eq(a->weight, b->weight, sizeof a->weight);
    ck_assert_mem_eq(a->momentum, b->momentum, sizeof a->momentum);
    ck_assert_int_eq(a->model.progress.step, b->model.progress.step);
    ck_assert_int_eq(a->model.progress.epoch, b->model.progress.epoch);
    ck_assert_int_eq(a->model.progress.position, b->model.progress.position);
}

static fake_model *train_at_once(int64_t steps)
{
    fake_model *whole = fake_new(ctx);
    genlat_trainer *one = NULL;
    opts.steps = steps;
    opts.epochs = -1;
    opts.last_path = NULL;
    ck_assert_int_eq(genlat_trainer_new(&whole->model, train, NULL, &opts, &one), GENLAT_OK);
    ck_assert_int_eq(genlat_trainer_run(one), GENLAT_OK);
    genlat_trainer_destroy(&one);
    return whole;
}

/* Every position in an epoch, with and without prefetch thread, shuffling and incomplete batches. */
START_TEST(training_in_two_parts_computes_the_same_bits)
{
    int64_t steps = 1 + _i % 7;
    opts.prefetch = _i / 7 % 2;
    opts.drop_last = _i / 14 % 2;
    opts.shuffle = _i / 28 % 2;
    fake_model *whole = train_at_once(2 * steps);
    opts.last_path = last;
    opts.steps = steps;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    rig_reload();
    ck_assert_int_eq(fake->model.progress.step, steps);
    opts.steps = 2 * steps;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    assert_same(fake, whole);
    fake_release(whole);
}
END_TEST

START_TEST(the_order_depends_on_the_seed)
{
    fake_model *first = train_at_once(5), *same = train_at_once(5);
    opts.seed = 99;
    fake_model *other = train_at_once(5);
    assert_same(first, same);
    ck_assert_double_ne(first->weight[0], other->weight[0]);
    fake_release(first);
    fake_release(same);
    fake_release(other);
}
END_TEST

START_TEST(a_position_beyond_the_data_is_refused)
{
    fake->model.progress.position = COUNT + 1;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_RANGE);
    ck_assert_str_eq(seen.kinds, "");
}
END_TEST

/* ---- cancellation ---------------------------------------------------------------------------- */

START_TEST(a_callback_can_stop_and_training_resumes)
{
    fake_model *whole = train_at_once(9);
    opts.last_path = last;
    opts.steps = 9;
    seen.stop_at = _i + 1;
    ck_assert_int_eq(rig_run(valid), GENLAT_E_CANCELLED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), last));
    ck_assert_int_eq(fake->model.progress.step, seen.stop_at);
    ck_assert_int_eq(seen.kinds[seen.count - 1], 'C');
    seen.stop_at = 0;
    rig_reload();
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    assert_same(fake, whole);
    fake_release(whole);
}
END_TEST

static int32_t cancel_at_two(void *user, const genlat_event *event)
{
    if (event->step == 2)
        genlat_trainer_cancel(trainer);
    return 0;
}

START_TEST(a_request_stops_the_current_or_the_next_run)
{
    opts.event = cancel_at_two;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_CANCELLED);
    ck_assert_int_eq(fake->model.progress.step, 2);
    genlat_trainer_cancel(NULL);
    genlat_trainer_cancel(trainer);
    ck_assert_int_eq(genlat_trainer_run(trainer), GENLAT_E_CANCELLED);
    ck_assert_int_eq(fake->model.progress.step, 2);
    ck_assert_int_eq(genlat_trainer_run(trainer), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.step, 2 * STEPS);
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------- */

START_TEST(unwritable_files_are_reported)
{
    opts.last_path = "/nowhere/at/all";
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_IO);
    opts.last_path = NULL;
    opts.best_path = "/nowhere/at/all";
    opts.epochs = 3;
    ck_assert_int_eq(rig_run(valid), GENLAT_E_IO);
}
END_TEST

static int64_t calls_of_steps[2];

static int32_t note_calls(void *user, const genlat_event *event)
{
    if (event->kind == GENLAT_EVENT_STEP && (event->step == 1 || event->step == STEPS))
        calls_of_steps[event->step == STEPS] = memory.calls;
    return 0;
}

START_TEST(steps_allocate_nothing)
{
    opts.event = note_calls;
    opts.epochs = 1;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_int_gt(calls_of_steps[0], 0);
    ck_assert_int_eq(calls_of_steps[0], calls_of_steps[1]);
}
END_TEST

/* Each allocation fails once. The trainer must report it, and the fixture detects leaks. */
START_TEST(every_allocation_may_fail)
{
    genlat_source *raw = train;
    train = rig_scaled(raw, 1, 2);
    opts.restore_best = 1;
    opts.last_path = last;
    opts.best_path = best;
    opts.log_path = lines;
    opts.prefetch = 1;
    int64_t failed = 0;
    for (genlat_status status = GENLAT_E_MEMORY; status != GENLAT_OK; failed++) {
        ck_assert_int_lt(failed, 1000);
        memset(&seen, 0, sizeof seen);
        gnl_model_restart(&fake->model);
        memory.fail_at = memory.calls + failed + 1;
        status = rig_run(valid);
        memory.fail_at = 0;
        ck_assert(status == GENLAT_OK || status == GENLAT_E_MEMORY);
    }
    ck_assert_int_gt(failed, 10);
    genlat_trainer_destroy(&trainer);
    genlat_source_destroy(&raw);
}
END_TEST

START_TEST(options_are_read_from_text)
{
    ck_assert_int_eq(genlat_train_opts_set(&opts, "epochs", "7"), GENLAT_OK);
    ck_assert_int_eq(opts.epochs, 7);
    ck_assert_int_eq(genlat_train_opts_set(&opts, "min_gain", "0.5"), GENLAT_OK);
    ck_assert_double_eq(opts.min_gain, 0.5);
    ck_assert_int_eq(genlat_train_opts_set(&opts, "restore_best", "yes"), GENLAT_OK);
    ck_assert_uint_eq(opts.restore_best, 1);
    ck_assert_int_eq(genlat_train_opts_set(&opts, "epochs", "-2"), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_train_opts_set(&opts, "epochs", "many"), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_train_opts_set(&opts, "last_path", "x"), GENLAT_E_NOT_FOUND);
    ck_assert_int_eq(genlat_train_opts_set(NULL, "epochs", "7"), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_train_opts_set(&opts, NULL, "7"), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_train_opts_set(&opts, "epochs", NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(opts.epochs, 7);
}
END_TEST

START_TEST(invalid_arguments_are_refused)
{
    const double *values = &seen.value;
    int64_t count = 1;
    opts.patience = 1;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "patience"));
    opts.patience = 0;
    opts.restore_best = 1;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_INVALID);
    opts.restore_best = 2;
    ck_assert_int_eq(rig_run(valid), GENLAT_E_RANGE);
    opts.restore_best = 0;
    fake->model.config->data.dim[0] = 3;
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_SHAPE);
    fake->model.config->data.dim[0] = FAKE_WIDTH;
    ck_assert_ptr_null(trainer);
    ck_assert_int_eq(genlat_trainer_run(NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_trainer_epochs(NULL), 0);
    ck_assert_ptr_null(genlat_trainer_curve(NULL, 0));
    ck_assert_int_eq(genlat_trainer_history(NULL, "loss", &values, &count), GENLAT_E_INVALID);
    ck_assert_ptr_null(values);
    ck_assert_int_eq(count, 0);
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_trainer_history(trainer, "nothing", &values, &count), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "loss, kl, beta"));
    ck_assert_int_eq(genlat_trainer_history(trainer, NULL, &values, &count), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_trainer_history(trainer, "loss", NULL, &count), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_trainer_history(trainer, "loss", &values, NULL), GENLAT_E_INVALID);
    genlat_trainer_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer");
    TCase *tests = tcase_create("trainer");
    tcase_set_timeout(tests, 60); /* they wait for files */
    tcase_add_checked_fixture(tests, rig_begin, rig_end);
    tcase_add_test(tests, events_arrive_in_order);
    tcase_add_test(tests, loss_falls_and_is_in_the_history);
    tcase_add_test(tests, means_are_over_samples);
    tcase_add_test(tests, a_finished_training_is_refused);
    tcase_add_test(tests, zero_epochs_write_the_model);
    tcase_add_test(tests, a_resumed_training_keeps_its_order);
    tcase_add_test(tests, training_that_ends_within_an_epoch_is_reported);
    tcase_add_test(tests, missing_options_come_from_the_preset);
    tcase_add_loop_test(tests, training_in_two_parts_computes_the_same_bits, 0, 56);
    tcase_add_test(tests, the_order_depends_on_the_seed);
    tcase_add_test(tests, a_position_beyond_the_data_is_refused);
    tcase_add_loop_test(tests, a_callback_can_stop_and_training_resumes, 0, 8);
    tcase_add_test(tests, a_request_stops_the_current_or_the_next_run);
    tcase_add_test(tests, unwritable_files_are_reported);
    tcase_add_test(tests, steps_allocate_nothing);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_test(tests, options_are_read_from_text);
    tcase_add_test(tests, invalid_arguments_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
