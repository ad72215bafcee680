/* SPDX-License-Identifier: MIT */
/* Chains of masked layers are autoregressive. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/layer_rig.h"

static layer_rig rig;

static void open_rig(const char *spec, const char *shape, int64_t rows)
{
    gnl_shape in[GNL_MAX_INPUTS];
    int inputs = layer_rig_shapes(shape, 0, in);
    layer_rig_open(&rig, spec, inputs, in, rows, rows, 1);
    layer_rig_fill(&rig, 5, false);
}

enum { VARIABLES = 5, WIDTH = 9 };

/* Adds to reach [to,from] the number of paths that have a nonzero derivative. */
static void follow(const char *spec, const char *shape, int64_t from, const int *before, int *after)
{
    open_rig(spec, shape, 1);
    const int64_t n = rig.x_count[0], m = rig.y_count;
    for (int64_t i = 0; i < n; i++) {
        layer_rig_forward(&rig);
        layer_rig_set_all(n, 0, rig.tx[0]);
        rig.tx[0][i] = 1;
        layer_rig_jvp(&rig);
        for (int64_t j = 0; j < m; j++)
            for (int64_t v = 0; v < from; v++)
                after[j * from + v] += rig.ty[j] != 0 ? before[i * from + v] : 0;
    }
    layer_rig_close(&rig);
}

static void expect_autoregressive(const int *reach, bool reversed)
{
    for (int j = 0; j < 2 * VARIABLES; j++)
        for (int v = 0; v < VARIABLES; v++)
            ck_assert_int_eq(reach[j * VARIABLES + v] > 0, reversed ? v > j % VARIABLES : v < j % VARIABLES);
}

/* In a chain, the outputs of a variable depend on all variables before it, and on no others. */
START_TEST(chains_of_masked_layers_are_autoregressive)
{
    int own[VARIABLES * VARIABLES] = {0}, first[WIDTH * VARIABLES] = {0}, second[WIDTH * VARIABLES] = {0};
    int last[2 * VARIABLES * VARIABLES] = {0}, only[2 * VARIABLES * VARIABLES] = {0};
    const char *order = _i ? "reversed" : "natural";
    char spec[160], width[8];
    snprintf(width, sizeof width, "%d", WIDTH);
    for (int v = 0; v < VARIABLES; v++)
        own[v * VARIABLES + v] = 1;
    snprintf(spec, sizeof spec, "masked units=%d order=%s", WIDTH, order);
    follow(spec, "5", VARIABLES, own, first);
    snprintf(spec, sizeof spec, "masked place=hidden units=%d variables=5 order=%s", WIDTH, order);
    follow(spec, width, VARIABLES, first, second);
    snprintf(spec, sizeof spec, "masked place=last units=%d variables=5 order=%s", 2 * VARIABLES, order);
    follow(spec, width, VARIABLES, second, last);
    snprintf(spec, sizeof spec, "masked place=only units=%d order=%s", 2 * VARIABLES, order);
    follow(spec, "5", VARIABLES, own, only);
    expect_autoregressive(last, _i);
    expect_autoregressive(only, _i);
}
END_TEST

/* The fan-in of initial weights is the mean number of connections, rounded: 1 to 4 of 5 variables for hidden units, and
 * 0 to 4 for outputs. */
START_TEST(initial_weights_depend_on_connections)
{
    static const struct {
        const char *spec, *shape;
        int fan_in;
    } cases[] = {{"masked units=8", "5", 3}, {"masked place=only units=10", "5", 2}};
    open_rig(cases[_i].spec, cases[_i].shape, 1);
    ck_assert_int_eq(rig.plan.param[0].init.fan_in, cases[_i].fan_in);
    layer_rig_close(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("masked layers");
    TCase *tests = tcase_create("masks");
    tcase_add_loop_test(tests, chains_of_masked_layers_are_autoregressive, 0, 2);
    tcase_add_loop_test(tests, initial_weights_depend_on_connections, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
