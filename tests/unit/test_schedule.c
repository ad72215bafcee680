/* SPDX-License-Identifier: MIT */
/* Learning rate schedules: values, combinations, reported metrics, text, errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "optim/optim.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static genlat_schedule *schedule_of(const char *spec)
{
    genlat_schedule *schedule = NULL;
    ck_assert_msg(genlat_schedule_new(ctx, spec, &schedule) == GENLAT_OK, "%s", genlat_last_error());
    return schedule;
}

START_TEST(values_match_the_definition)
{
    static const struct {
        const char *spec;
        int64_t step;
        double value;
    } cases[] = {
        {"1e-3", 99, 1e-3},
        {"constant value=2", 5, 2},
        {"constant value=2 warmup=4", 0, 0},
        {"constant value=2 warmup=4", 1, 0.5},
        {"constant value=2 warmup=4 warmup_from=1", 2, 1.5},
        {"steps from=1 factor=0.1 milestones=3x5", 2, 1},
        {"steps from=1 factor=0.1 milestones=3x5", 3, 0.1},
        {"steps from=1 factor=0.1 milestones=3x5", 7, 0.01},
        {"steps from=1 factor=0.5 every=10", 29, 0.25},
        {"exponential from=2 factor=0.5", 3, 0.25},
        {"exponential from=2 factor=0.25 every=2", 1, 1},
        {"exponential from=2 factor=0.5 least=0.4", 30, 0.4},
        {"linear from=1 to=3 steps=4", 0, 1},
        {"linear from=1 to=3 steps=4", 1, 1.5},
        {"linear from=1 to=3 steps=4", 400, 3},
        {"linear from=0 to=1 steps=4", -7, 0},
        {"cosine from=1 to=0 steps=10", 0, 1},
        {"cosine from=1 to=0 steps=10", 5, 0.5},
        {"cosine from=1 to=0 steps=10", 10, 0},
        {"cosine from=1 to=0 steps=12 warmup=2", 1, 0.5},
        {"cosine from=1 to=0 steps=12 warmup=2", 7, 0.5},
        {"cyclical steps=40 cycles=4 ratio=0.5", 0, 0},
        {"cyclical steps=40 cycles=4 ratio=0.5", 2, 0.4},
        {"cyclical steps=40 cycles=4 ratio=0.5", 7, 1},
        {"cyclical steps=40 cycles=4 ratio=0.5", 10, 0},
        {"cyclical steps=40 cycles=4 ratio=0.5", 31, 0.2},
        {"cyclical steps=40 cycles=4 ratio=0.5", 41, 1},
        {"cyclical steps=40 cycles=4 ratio=1 shape=cosine", 5, 0.5},
        {"linear from=0 to=1 steps=10 then cosine from=1 to=0 steps=10", 5, 0.5},
        {"linear from=0 to=1 steps=10 then cosine from=1 to=0 steps=10", 10, 1},
        {"linear from=0 to=1 steps=10 then cosine from=1 to=0 steps=10", 15, 0.5},
        {"constant value=3 steps=2 then constant value=2 steps=2 then 1", 1, 3},
        {"constant value=3 steps=2 then constant value=2 steps=2 then 1", 2, 2},
        {"constant value=3 steps=2 then constant value=2 steps=2 then 1", 4, 1},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_schedule *schedule = schedule_of(cases[i].spec);
        double found = genlat_schedule_value(schedule, cases[i].step);
        ck_assert_msg(fabs(found - cases[i].value) < 1e-12, "%s at %lld: %.15g", cases[i].spec,
                      (long long)cases[i].step, found);
        genlat_schedule_destroy(&schedule);
        ck_assert_ptr_null(schedule);
    }
}
END_TEST

/* A part without an end may follow the others; what has an end counts. */
START_TEST(lengths_are_those_of_all_parts)
{
    static const struct {
        const char *spec;
        int64_t length;
    } cases[] = {
        {"1e-3", 0},
        {"exponential from=2 factor=0.5", 0},
        {"constant value=2 steps=7", 7},
        {"linear steps=10 warmup=4", 10},
        {"linear steps=10 then 1", 10},
        {"linear steps=10 then cosine steps=5", 15},
        {"constant value=3 steps=2 then cosine steps=5 then exponential from=2 factor=0.5", 7},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_schedule *schedule = schedule_of(cases[i].spec);
        ck_assert_int_eq(gnl_schedule_length(schedule), cases[i].length);
        genlat_schedule_destroy(&schedule);
    }
}
END_TEST

/* Equals torch.optim.lr_scheduler.ReduceLROnPlateau(factor=0.5, patience=1) on the same metrics. */
START_TEST(plateau_matches_pytorch)
{
    static const double metric[] = {1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.4, NAN, 0.41, 0.3};
    static const double value[] = {1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125};
    genlat_schedule *schedule = schedule_of("plateau from=1 factor=0.5 patience=1");
    for (size_t i = 0; i < GNL_COUNT(metric); i++) {
        ck_assert_int_eq(genlat_schedule_report(schedule, metric[i]), GENLAT_OK);
        ck_assert_msg(genlat_schedule_value(schedule, 0) == value[i], "report %zu: %g", i,
                      genlat_schedule_value(schedule, 0));
    }
    genlat_schedule_destroy(&schedule);
}
END_TEST

START_TEST(plateau_state_can_be_restored)
{
    genlat_schedule *a = schedule_of("plateau from=1 factor=0.5 patience=2 mode=max");
    genlat_schedule *b = schedule_of("plateau from=1 factor=0.5 patience=2 mode=max");
    for (int i = 0; i < 6; i++)
        gnl_schedule_report(a, 1);
    gnl_schedule_state state = gnl_schedule_get_state(a);
    gnl_schedule_set_state(b, &state);
    for (int i = 0; i < 6; i++) {
        gnl_schedule_report(a, 0.5);
        gnl_schedule_report(b, 0.5);
        ck_assert_double_eq(gnl_schedule_value(a, 0), gnl_schedule_value(b, 0));
    }
    ck_assert_double_eq(gnl_schedule_value(b, 0), 0.125);
    genlat_schedule_destroy(&a);
    genlat_schedule_destroy(&b);
}
END_TEST

START_TEST(text_round_trips)
{
    static const char *const specs[] = {
        "cosine from=0.001 to=1e-05 steps=10000 warmup=500",
        "linear steps=5 then plateau factor=0.5 patience=3",
        "steps milestones=30x60x80",
        "cyclical steps=4000 cycles=2 shape=cosine",
    };
    for (size_t i = 0; i < GNL_COUNT(specs); i++) {
        char text[256];
        genlat_schedule *schedule = schedule_of(specs[i]), *again = NULL;
        ck_assert_int_eq(genlat_schedule_format(schedule, text, sizeof text), GENLAT_OK);
        again = schedule_of(text);
        for (int64_t step = 0; step < 5000; step += 37)
            ck_assert_double_eq(genlat_schedule_value(schedule, step), genlat_schedule_value(again, step));
        ck_assert_int_eq(genlat_schedule_format(schedule, text, 5), GENLAT_E_RANGE);
        genlat_schedule_destroy(&schedule);
        genlat_schedule_destroy(&again);
    }
}
END_TEST

START_TEST(bad_texts_are_refused)
{
    static const struct {
        const char *spec;
        genlat_status status;
        const char *word;
    } cases[] = {
        {"", GENLAT_E_INVALID, "empty"},
        {"wave", GENLAT_E_NOT_FOUND, "wave"},
        {"linear from=0 to=1", GENLAT_E_INVALID, "steps"},
        {"linear steps=10 warmup=20", GENLAT_E_INVALID, "warmup"},
        {"1 then 2", GENLAT_E_INVALID, "then"},
        {"cosine steps=-1", GENLAT_E_RANGE, "steps"},
        {"cosine speed=1", GENLAT_E_NOT_FOUND, "warmup"},
        {"linear steps=5 then ", GENLAT_E_INVALID, "empty"},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_schedule *schedule = (genlat_schedule *)(uintptr_t)1;
        ck_assert_msg(genlat_schedule_new(ctx, cases[i].spec, &schedule) == cases[i].status, "%s", cases[i].spec);
        ck_assert_ptr_null(schedule);
        ck_assert_msg(strstr(genlat_last_error(), cases[i].word) != NULL, "%s", genlat_last_error());
    }
}
END_TEST

START_TEST(every_kind_and_option_has_help)
{
    for (int32_t i = 0; genlat_schedule_kind(i); i++) {
        const char *name = NULL, *help = NULL;
        int32_t option = -1;
        for (; genlat_schedule_help(genlat_schedule_kind(i), option, &name, &help) == GENLAT_OK; option++)
            ck_assert(name && help && strlen(help) > 5);
        ck_assert_int_gt(option, 3);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tests = tcase_create("schedules");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, values_match_the_definition);
    tcase_add_test(tests, lengths_are_those_of_all_parts);
    tcase_add_test(tests, plateau_matches_pytorch);
    tcase_add_test(tests, plateau_state_can_be_restored);
    tcase_add_test(tests, text_round_trips);
    tcase_add_test(tests, bad_texts_are_refused);
    tcase_add_test(tests, every_kind_and_option_has_help);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
