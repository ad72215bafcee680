/* SPDX-License-Identifier: MIT */
/* Chains of masked layers are autoregressive, and the weights that masked convolutions do not use stay 0. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/exec.h"
#include "net/net_priv.h"
#include "optim/optim.h"
#include "support/layer_rig.h"
#include "genlat/io.h"

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

/* ---- convolutions ---------------------------------------------------------------------------- */

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

enum { OUT = 3, IN = 2, TAPS = 15 };

/* The used elements of a kernel of 3 x 5. */
static const struct {
    const char *spec;
    int used;
} kernels[] = {
    {"masked_conv2d channels=3 kernel=3x5", 7},
    {"masked_conv2d channels=3 kernel=3x5 mask=through init=orthogonal", 8},
    {"masked_conv2d channels=3 kernel=3x5 order=rows", 5},
    {"masked_conv2d channels=3 kernel=3x5 order=rows mask=through", 10},
};

static void expect_masked(const genlat_net *net, int used)
{
    const gnl_real *weight = gnl_net_weight_data(net, 0);
    for (int i = 0; i < OUT * IN * TAPS; i++)
        ck_assert_msg((weight[i] != 0) == (i % TAPS < used), "weight %d is %g", i, (double)weight[i]);
}

static genlat_net *make_net(const char *spec)
{
    genlat_net *net = NULL;
    const gnl_shape in = {3, {IN, 4, 6}};
    ck_assert_msg(gnl_net_from_text(ctx, 1, (const char *[]){"x"}, &in, spec, &net) == GENLAT_OK, "%s",
                  genlat_last_error());
    return net;
}

static void train(genlat_net *net)
{
    genlat_exec *exec = NULL;
    genlat_optim *optim = NULL;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING);
    gnl_real x[2 * IN * 4 * 6];
    for (size_t i = 0; i < GNL_COUNT(x); i++)
        x[i] = (gnl_real)(1 + i % 7);
    ck_assert_int_eq(genlat_optim_from_text(ctx, "adamw lr=0.1 weight_decay=0.1", &optim), GENLAT_OK);
    ck_assert_int_eq(genlat_optim_add(optim, net, "", NULL), GENLAT_OK);
    ck_assert_int_eq(gnl_net_compile(net, 2, &opts, &exec), GENLAT_OK);
    for (int i = 0; i < 3; i++) {
        gnl_exec_forward(exec, GNL_TRAIN, 2, (const gnl_real *[]){x});
        for (int k = 0; k < 2 * OUT * 4 * 6; k++)
            gnl_exec_output_grad(exec, 0)[k] = (gnl_real)(k % 5);
        gnl_exec_backward(exec, 1, GNL_GRAD_WEIGHTS);
        ck_assert_int_eq(genlat_optim_step(optim), GENLAT_OK);
    }
    genlat_optim_destroy(&optim);
    gnl_exec_release(exec);
}

/* Initial weights, trained ones, and those of a file that has others. */
START_TEST(weights_that_are_not_used_stay_zero)
{
    static const char path[] = "test_masked.net";
    genlat_net *net = make_net(kernels[_i].spec), *loaded = NULL;
    expect_masked(net, kernels[_i].used);
    train(net);
    expect_masked(net, kernels[_i].used);
    gnl_real *weight = gnl_net_weight_data(net, 0);
    for (int i = 0; i < OUT * IN * TAPS; i++)
        weight[i] = 1;
    ck_assert_int_eq(genlat_net_save(net, path), GENLAT_OK);
    ck_assert_int_eq(genlat_net_load(ctx, path, &loaded), GENLAT_OK);
    ck_assert_int_eq(remove(path), 0);
    expect_masked(loaded, kernels[_i].used);
    gnl_net_release(net);
    gnl_net_release(loaded);
}
END_TEST

/* Kernels without a middle, or with nothing before it. */
START_TEST(kernels_that_leave_nothing_are_refused)
{
    static const char *const specs[][2] = {{"masked_conv2d kernel=2x3", "2x3, odd sizes"},
                                           {"masked_conv2d kernel=1", "1x1, which has nothing before"},
                                           {"masked_conv2d kernel=1x3 order=rows", "1x3, which has nothing before"},
                                           {"flatten | masked_conv2d", "[channels,height,width]"}};
    genlat_net *net = NULL;
    const gnl_shape in = {3, {IN, 4, 6}};
    ck_assert_int_ne(gnl_net_from_text(ctx, 1, (const char *[]){"x"}, &in, specs[_i][0], &net), GENLAT_OK);
    ck_assert_msg(strstr(genlat_last_error(), specs[_i][1]) != NULL, "%s", genlat_last_error());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("masked layers");
    TCase *tests = tcase_create("masks");
    tcase_add_loop_test(tests, chains_of_masked_layers_are_autoregressive, 0, 2);
    tcase_add_loop_test(tests, initial_weights_depend_on_connections, 0, 2);
    suite_add_tcase(suite, tests);
    TCase *convolutions = tcase_create("convolutions");
    tcase_add_checked_fixture(convolutions, set_up, tear_down);
    tcase_add_loop_test(convolutions, weights_that_are_not_used_stay_zero, 0, (int)GNL_COUNT(kernels));
    tcase_add_loop_test(convolutions, kernels_that_leave_nothing_are_refused, 0, 4);
    suite_add_tcase(suite, convolutions);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
