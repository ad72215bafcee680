/* SPDX-License-Identifier: MIT */
/* Ten steps of each optimizer with each of its options against numbers of PyTorch stored by make_optim.py. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "golden/optim_cases.h"
#include "optim/optim_priv.h"
#include "support/golden.h"

enum { STEPS = 10, COUNT = 23 };

static const double LIMIT = 1e-5;

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    golden_open(ctx, GOLDEN_OPTIM);
}

static void tear_down(void)
{
    golden_close();
    genlat_ctx_destroy(&ctx);
}

static genlat_optim *optim_open(const char *spec, gnl_real *value, gnl_real *grad)
{
    static char name[] = "numbers";
    static gnl_weight weight = {.name = name, .param = {.shape = {1, {COUNT}}, .decay = true}, .count = COUNT};
    genlat_optim *optim = NULL;
    ck_assert_msg(gnl_optim_parse(ctx, spec, &optim) == GENLAT_OK, "%s", genlat_last_error());
    const gnl_part part = {.name = "p", .weight = &weight, .weights = 1, .value = value, .grad = grad, .values = COUNT};
    ck_assert_int_eq(gnl_optim_add(optim, &part, NULL, NULL), GENLAT_OK);
    return optim;
}

START_TEST(ten_steps_agree_with_pytorch)
{
    const char *spec = optim_cases[_i];
    gnl_real value[COUNT], grads[STEPS * COUNT], grad[COUNT], expected[COUNT];
    char key[256];
    golden_load(NULL, "start", COUNT, value);
    golden_load(NULL, "grads", STEPS * COUNT, grads);
    snprintf(key, sizeof key, "%s/end", spec);
    golden_load(NULL, key, COUNT, expected);
    genlat_optim *optim = optim_open(spec, value, grad);
    for (int step = 0; step < STEPS; step++) {
        memcpy(grad, grads + step * COUNT, sizeof grad);
        ck_assert_int_eq(gnl_optim_step(optim), GENLAT_OK);
    }
    for (int i = 0; i < COUNT; i++)
        ck_assert_msg(fabs((double)(value[i] - expected[i])) <= LIMIT * fmax(fabs((double)expected[i]), 0.1),
                      "%s: [%d] is %.9g, expected %.9g", spec, i, (double)value[i], (double)expected[i]);
    gnl_optim_release(optim);
}
END_TEST

START_TEST(every_rule_has_a_case)
{
    for (int r = 0; gnl_rules[r]; r++) {
        size_t length = strlen(gnl_rules[r]->name);
        bool found = false;
        for (size_t i = 0; i < GNL_COUNT(optim_cases); i++)
            found = found || (strncmp(optim_cases[i], gnl_rules[r]->name, length) == 0 &&
                              strchr(" ", optim_cases[i][length]) != NULL);
        ck_assert_msg(found, "%s has no case", gnl_rules[r]->name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden optim");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_rule_has_a_case);
    tcase_add_loop_test(tests, ten_steps_agree_with_pytorch, 0, (int)GNL_COUNT(optim_cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
