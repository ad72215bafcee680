/* SPDX-License-Identifier: MIT */
/* Moving averages of weights: half-life in samples, ramp, swap, copies, states, errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "optim/optim.h"
#include "net/exec_priv.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static genlat_net *net_of(const char *text)
{
    static const char *const names[] = {"x"};
    genlat_net *net = NULL;
    gnl_shape shape = {1, {5}};
    ck_assert_msg(gnl_net_from_text(ctx, 1, names, &shape, text, &net) == GENLAT_OK, "%s", genlat_last_error());
    return net;
}

static const char TEXT[] = "dense units=4\nbatch_norm";

static void set_all(genlat_net *net, gnl_real value, gnl_real state)
{
    for (int64_t i = 0; i < net->values; i++)
        net->value[i] = value;
    for (int64_t i = 0; i < net->states; i++)
        net->state[i] = state;
}

static genlat_ema *ema_of(genlat_net *net, double half_life, double ramp_up, uint32_t copy_states)
{
    genlat_ema *ema = NULL;
    genlat_ema_opts opts;
    genlat_ema_opts_init(&opts);
    opts.half_life = half_life;
    opts.ramp_up = ramp_up;
    opts.copy_states = copy_states;
    ck_assert_msg(genlat_ema_new(net, &opts, &ema) == GENLAT_OK, "%s", genlat_last_error());
    return ema;
}

/* The same samples in batches of another size lead to the same average. */
START_TEST(half_life_is_in_samples)
{
    genlat_net *net = net_of(TEXT);
    ck_assert_int_gt(net->states, 0);
    for (int batches = 1; batches <= 8; batches *= 2) {
        set_all(net, 0, 0);
        genlat_ema *ema = ema_of(net, 100, 0, 0);
        set_all(net, 1, 2);
        for (int i = 0; i < batches; i++)
            ck_assert_int_eq(genlat_ema_update(ema, 200 / batches), GENLAT_OK);
        ck_assert_double_eq_tol((double)gnl_ema_part(ema, "average").value[0], 0.75, 1e-6);
        ck_assert_double_eq_tol((double)gnl_ema_part(ema, "average").state[0], 1.5, 1e-6);
        genlat_ema_destroy(&ema);
    }
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(ramp_shortens_the_half_life_at_first)
{
    genlat_net *net = net_of(TEXT);
    set_all(net, 0, 0);
    genlat_ema *ema = ema_of(net, 1000, 0.5, 1);
    set_all(net, 1, 2);
    ck_assert_int_eq(genlat_ema_update(ema, 100), GENLAT_OK); /* half-life 50: two halvings */
    ck_assert_double_eq_tol((double)gnl_ema_part(ema, "average").value[0], 0.75, 1e-6);
    ck_assert_double_eq((double)gnl_ema_part(ema, "average").state[0], 2);
    ck_assert_int_eq(genlat_ema_update(ema, 0), GENLAT_OK);
    ck_assert_double_eq_tol((double)gnl_ema_part(ema, "average").value[0], 0.75, 1e-6);
    genlat_ema_destroy(&ema);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(swapping_twice_restores_the_weights)
{
    genlat_net *net = net_of(TEXT);
    set_all(net, 1, 3);
    genlat_ema *ema = ema_of(net, 100, 0, 0);
    set_all(net, 2, 4);
    const gnl_real *arena = net->value;
    ck_assert_int_eq(genlat_ema_swap(ema), GENLAT_OK);
    ck_assert(net->value == arena && net->value[0] == 1 && net->state[0] == 3);
    ck_assert_int_eq(genlat_ema_update(ema, 1), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_ema_swap(ema), GENLAT_OK);
    ck_assert(net->value[0] == 2 && net->state[0] == 4);
    ck_assert_int_eq(genlat_ema_swap(ema), GENLAT_OK);
    genlat_ema_destroy(&ema); /* swaps the weights back */
    ck_assert_ptr_null(ema);
    ck_assert(net->value[0] == 2 && net->state[0] == 4);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(averages_are_copied_into_nets_of_the_same_graph)
{
    genlat_net *net = net_of(TEXT), *same = net_of(TEXT), *other = net_of("dense units=5\nbatch_norm");
    set_all(net, 1, 3);
    genlat_ema *ema = ema_of(net, 100, 0, 0);
    set_all(net, 2, 4);
    ck_assert_int_eq(genlat_ema_copy(ema, same), GENLAT_OK);
    ck_assert(same->value[0] == 1 && same->state[0] == 3);
    set_all(same, 0, 0);
    ck_assert_int_eq(genlat_ema_swap(ema), GENLAT_OK);
    ck_assert_int_eq(genlat_ema_copy(ema, same), GENLAT_OK);
    ck_assert(same->value[0] == 1 && same->state[0] == 3);
    ck_assert_int_eq(genlat_ema_copy(ema, other), GENLAT_E_SHAPE);
    genlat_ema_destroy(&ema);
    genlat_net_destroy(&net);
    genlat_net_destroy(&same);
    genlat_net_destroy(&other);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    genlat_net *net = net_of(TEXT);
    genlat_ema *ema = (genlat_ema *)(uintptr_t)1;
    genlat_ema_opts opts;
    genlat_ema_opts_init(&opts);
    opts.half_life = 0;
    ck_assert_int_eq(genlat_ema_new(net, &opts, &ema), GENLAT_E_RANGE);
    ck_assert_ptr_null(ema);
    ck_assert_int_eq(genlat_ema_new(NULL, NULL, &ema), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_ema_new(net, NULL, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_ema_new(net, NULL, &ema), GENLAT_OK);
    ck_assert_int_eq(genlat_ema_update(ema, -1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_ema_update(NULL, 1), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_ema_swap(NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_ema_copy(ema, NULL), GENLAT_E_INVALID);
    genlat_ema_destroy(&ema);
    genlat_ema_destroy(NULL);
    genlat_net_destroy(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ema");
    TCase *tests = tcase_create("averages");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, half_life_is_in_samples);
    tcase_add_test(tests, ramp_shortens_the_half_life_at_first);
    tcase_add_test(tests, swapping_twice_restores_the_weights);
    tcase_add_test(tests, averages_are_copied_into_nets_of_the_same_graph);
    tcase_add_test(tests, bad_arguments_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
