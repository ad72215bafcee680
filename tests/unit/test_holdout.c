/* SPDX-License-Identifier: MIT */
/* Samples that a trainer holds out of the training data for validation, and resuming from the best weights. */
#include <check.h>
#include <stdlib.h>

#include "support/trainer_rig.h"

/* Checks that the trainer has these samples in its two parts, in any order of the training part, none twice. */
static void expect_split(int64_t held)
{
    genlat_source *rest = NULL, *out = NULL;
    genlat_tensor *part[2] = {NULL, NULL}, *all = NULL;
    ck_assert_int_eq(genlat_trainer_data(trainer, &rest, &out), GENLAT_OK);
    ck_assert_int_eq(genlat_source_count(rest), COUNT - held);
    ck_assert_int_eq(genlat_source_count(out), held);
    ck_assert_int_eq(genlat_source_read(rest, 0, COUNT - held, &part[0], NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_source_read(out, 0, held, &part[1], NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_source_read(train, 0, COUNT, &all, NULL), GENLAT_OK);
    for (int64_t i = 0; i < COUNT; i++) {
        int found = 0;
        for (int64_t k = 0; k < COUNT; k++) {
            const genlat_tensor *x = part[k >= COUNT - held];
            found += x->data[FAKE_WIDTH * (k >= COUNT - held ? k - COUNT + held : k)] == all->data[FAKE_WIDTH * i];
        }
        ck_assert_int_eq(found, 1);
    }
    genlat_tensor_destroy(&part[0]);
    genlat_tensor_destroy(&part[1]);
    genlat_tensor_destroy(&all);
    genlat_source_destroy(&rest);
    genlat_source_destroy(&out);
}

static double weights_of(const fake_model *model)
{
    return (double)model->weight[0] + 1000 * (double)model->weight[1];
}

/* ---- holding out ----------------------------------------------------------------------------- */

START_TEST(a_part_is_held_out)
{
    static const struct {
        double holdout, setting;
        int64_t held;
    } cases[] = {{0.3, 0, 3}, {4, 0, 4}, {-1, 2, 2}, {-1, -1, 2}, {0.25, -1, 3}};
    genlat_progress progress = {.size = sizeof progress};
    opts.holdout = cases[_i].holdout;
    fake->model.config->holdout = cases[_i].setting;
    opts.patience = 5;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    expect_split(cases[_i].held);
    ck_assert(isfinite(rig_curve("valid.loss", 2)[1]));
    ck_assert_int_eq(genlat_model_progress(&fake->model, &progress), GENLAT_OK);
    ck_assert_int_eq(progress.held_out, cases[_i].held);
}
END_TEST

START_TEST(nothing_is_held_out)
{
    genlat_source *rest = NULL, *out = NULL;
    fake->model.config->holdout = _i == 0 ? 0 : -1;
    opts.holdout = _i == 1 ? 0 : -1;
    ck_assert_int_eq(rig_run(_i == 2 ? valid : NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_trainer_data(trainer, &rest, &out), GENLAT_OK);
    ck_assert_int_eq(genlat_source_count(rest), COUNT);
    ck_assert_int_eq(genlat_source_count(out), _i == 2 ? COUNT : 0);
    ck_assert_int_eq(fake->model.progress.held_out, 0);
    genlat_source_destroy(&rest);
    genlat_source_destroy(&out);
}
END_TEST

/* Few samples keep most of them, many samples give up no more than validation needs. */
START_TEST(the_default_depends_on_the_number)
{
    static const int64_t cases[][2] = {{1, 0},    {9, 0},    {10, 2},   {50, 10},      {100, 20},    {101, 20},
                                       {200, 20}, {201, 20}, {300, 30}, {50000, 5000}, {60000, 5000}};
    for (size_t i = 0; i < GNL_COUNT(cases); i++)
        ck_assert_int_eq(gnl_config_held_out(-1, cases[i][0]), cases[i][1]);
    ck_assert_int_eq(gnl_config_held_out(0, 7), 0);
    ck_assert_int_eq(gnl_config_held_out(0.04, 10), -1);
}
END_TEST

/* The rows are those of genlat_source_split() with the seed of the order. */
START_TEST(the_split_is_that_of_the_seed)
{
    genlat_source *parts[2], *rest = NULL, *out = NULL;
    genlat_tensor *expected = NULL, *found = NULL;
    opts.holdout = 3;
    opts.seed = 9;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_source_split(train, 3, 9, &parts[0], &parts[1]), GENLAT_OK);
    ck_assert_int_eq(genlat_trainer_data(trainer, &rest, &out), GENLAT_OK);
    ck_assert_int_eq(genlat_source_read(parts[1], 0, 3, &expected, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_source_read(out, 0, 3, &found, NULL), GENLAT_OK);
    ck_assert_mem_eq(found->data, expected->data, 3 * FAKE_WIDTH * sizeof(gnl_real));
    genlat_tensor_destroy(&expected);
    genlat_tensor_destroy(&found);
    genlat_source *sources[] = {parts[0], parts[1], rest, out};
    for (size_t i = 0; i < GNL_COUNT(sources); i++)
        genlat_source_destroy(&sources[i]);
}
END_TEST

/* ---- resuming -------------------------------------------------------------------------------- */

/* A training in two parts, of which the second one is given no options of the split. */
START_TEST(a_resumed_training_holds_out_the_same)
{
    opts.holdout = 3;
    opts.seed = 5;
    opts.epochs = 6;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    const double expected = weights_of(fake), loss = rig_curve("valid.loss", 6)[5];
    fake_release(fake);
    fake = fake_new(ctx);
    opts.epochs = 2;
    opts.last_path = last;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    rig_reload();
    ck_assert_int_eq(fake->model.progress.held_out, 3);
    opts.epochs = 6;
    opts.holdout = -1;
    opts.seed = -1;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    expect_split(3);
    ck_assert_double_eq(weights_of(fake), expected);
    ck_assert_double_eq(rig_curve("valid.loss", 4)[3], loss);
}
END_TEST

START_TEST(another_split_is_refused)
{
    static const struct {
        double holdout;
        bool valid;
        const char *text;
    } others[] = {{0, false, "holdout is 0, but the model was trained with 3"},
                  {0.4, false, "holdout is 4, but the model was trained with 3"},
                  {-1, true, "trained with 3 samples of the training data held out"}};
    opts.holdout = 3;
    opts.last_path = last;
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    opts.epochs = 4;
    for (size_t i = 0; i < GNL_COUNT(others); i++) {
        opts.holdout = others[i].holdout;
        ck_assert_int_eq(rig_run(others[i].valid ? valid : NULL), GENLAT_E_STATE);
        ck_assert_msg(strstr(genlat_last_error(), others[i].text) != NULL, "%s", genlat_last_error());
    }
    opts.holdout = -1;
    genlat_source *whole = train;
    ck_assert_int_eq(genlat_source_subset(whole, (int64_t[]){0, 1, 2, 3, 4, 5, 6}, 7, &train), GENLAT_OK);
    ck_assert_int_eq(rig_run(NULL), GENLAT_E_STATE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "have 4 samples besides 3 that are held out, but the model was "
                                                      "trained with 7"));
    genlat_source_destroy(&train);
    train = whole;
    opts.holdout = 4;
    ck_assert_int_eq(genlat_model_restart(&fake->model), GENLAT_OK);
    ck_assert_int_eq(rig_run(NULL), GENLAT_OK);
    expect_split(4);
}
END_TEST

/* A training that has ended with its best weights goes on from the last ones. */
START_TEST(the_best_weights_do_not_change_the_course)
{
    static const double script[] = {5, 3, 4, 4.5, 4, 2, 6, 6};
    opts.restore_best = 1;
    fake->script = script;
    fake->scripted = GNL_COUNT(script);
    opts.epochs = 8;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_str_eq(seen.text, "training is complete; the weights are those of epoch 6, the best validation");
    const double expected = weights_of(fake);
    const gnl_real last_weight = fake->model.best[0];
    fake_release(fake);
    fake = fake_new(ctx);
    fake->script = script;
    fake->scripted = GNL_COUNT(script);
    opts.epochs = 4;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_double_eq(fake->model.progress.best, 3);
    ck_assert_int_eq(genlat_model_save(&fake->model, last), GENLAT_OK); /* with the best weights */
    rig_reload();
    fake->script = script + 4;
    fake->scripted = 4;
    opts.epochs = 8;
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_double_eq(weights_of(fake), expected);
    ck_assert_double_eq((double)fake->model.best[0], (double)last_weight);
}
END_TEST

/* Steps of the caller go on from the weights that the model has. */
START_TEST(own_steps_give_up_the_last_weights)
{
    static const double script[] = {1, 2};
    genlat_tensor *x = NULL;
    opts.restore_best = 1;
    fake->script = script;
    fake->scripted = GNL_COUNT(script);
    ck_assert_int_eq(rig_run(valid), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.swapped, 1);
    ck_assert_int_eq(genlat_source_read(train, 0, BATCH, &x, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_model_step(&fake->model, x, NULL, NULL), GENLAT_OK);
    ck_assert_int_eq(fake->model.progress.swapped, 0);
    ck_assert(!fake->model.has_best);
    genlat_tensor_destroy(&x);
}
END_TEST

/* Each allocation of the split fails once. The fixture detects leaks. */
START_TEST(every_allocation_may_fail)
{
    int failed = 0;
    opts.holdout = 3;
    for (genlat_status status = GENLAT_E_MEMORY; status != GENLAT_OK; failed++) {
        memory.fail_at = memory.calls + failed + 1;
        status = genlat_trainer_new(&fake->model, train, NULL, &opts, &trainer);
        memory.fail_at = 0;
        ck_assert(status == GENLAT_OK || status == GENLAT_E_MEMORY);
    }
    ck_assert_int_gt(failed, 4);
    expect_split(3);
}
END_TEST

/* ---- errors ---------------------------------------------------------------------------------- */

START_TEST(impossible_parts_are_refused)
{
    static const double wrong[] = {COUNT, 0.01, 0.99, 2.5, 1e12};
    genlat_source *some = train, *other = valid;
    for (size_t i = 0; i < GNL_COUNT(wrong); i++) {
        opts.holdout = wrong[i];
        ck_assert_int_eq(rig_run(NULL), GENLAT_E_RANGE);
        ck_assert_msg(strstr(genlat_last_error(), "of 10 samples; a fraction or a number") != NULL, "%s",
                      genlat_last_error());
    }
    opts.holdout = 2;
    ck_assert_int_eq(rig_run(valid), GENLAT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "holdout is 2, but valid is not NULL"));
    ck_assert_int_eq(genlat_trainer_data(NULL, &some, &other), GENLAT_E_INVALID);
    ck_assert_ptr_null(some);
    ck_assert_ptr_null(other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("samples held out");
    TCase *tests = tcase_create("samples held out");
    tcase_add_checked_fixture(tests, rig_begin, rig_end);
    tcase_add_loop_test(tests, a_part_is_held_out, 0, 5);
    tcase_add_loop_test(tests, nothing_is_held_out, 0, 3);
    tcase_add_test(tests, the_default_depends_on_the_number);
    tcase_add_test(tests, the_split_is_that_of_the_seed);
    tcase_add_test(tests, a_resumed_training_holds_out_the_same);
    tcase_add_test(tests, another_split_is_refused);
    tcase_add_test(tests, the_best_weights_do_not_change_the_course);
    tcase_add_test(tests, own_steps_give_up_the_last_weights);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_test(tests, impossible_parts_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
