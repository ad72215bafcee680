/* SPDX-License-Identifier: MIT */
/* The gradient checker: right gradients of nets with kinks have small errors, wrong ones are reported beside kinks. */
#include <check.h>
#include <stdlib.h>

#include "genlat/experimental.h"
#include "genlat/genlat.h"

static genlat_ctx *ctx;

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void set_up(void)
{
    expect_ok(genlat_ctx_new(NULL, &ctx));
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* ---- a layer with a wrong gradient ------------------------------------------------------------ */

static float factor; /* of the gradient */

static genlat_status half_infer(void *user, genlat_layer_plan *plan)
{
    int32_t ndim;
    int64_t dims[GENLAT_MAX_DIMS];
    genlat_status status = genlat_layer_plan_input(plan, 0, &ndim, dims);
    return status ? status : genlat_layer_plan_output(plan, ndim, dims);
}

static void half_forward(void *user, const genlat_layer_call *c)
{
    for (int64_t i = 0; i < c->rows * c->out_size; i++)
        c->y[i] = c->x[0][i] / 2;
}

static void half_backward(void *user, const genlat_layer_call *c)
{
    for (int64_t i = 0; i < c->rows * c->out_size; i++)
        c->dx[0][i] = factor * c->dy[i] / 2;
}

static const genlat_layer_table half = {.size = sizeof half,
                                        .name = "half",
                                        .inputs = 1,
                                        .infer = half_infer,
                                        .forward = half_forward,
                                        .backward = half_backward};

/* ---- nets ------------------------------------------------------------------------------------- */

/* An input of `width` numbers, the text before, and the own layer. */
static genlat_net *net_of(int64_t width, const char *text)
{
    genlat_net_builder *b = NULL;
    genlat_layer *layer = NULL;
    genlat_net *net = NULL;
    expect_ok(genlat_net_builder_new(ctx, &b));
    expect_ok(genlat_layer_new_own(ctx, &half, &layer));
    genlat_net_builder_input(b, "x", 1, &width);
    genlat_net_builder_text(b, text);
    genlat_net_builder_layer(b, layer, "name=own");
    genlat_layer_destroy(&layer);
    expect_ok(genlat_net_build(&b, &net));
    return net;
}

static genlat_check_result check(genlat_net *net, int64_t rows, int64_t width, float scale, uint64_t seed)
{
    genlat_check_result result = {.size = sizeof result};
    genlat_tensor *x = NULL;
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){rows, width}, &x));
    for (int64_t i = 0; i < rows * width; i++)
        genlat_tensor_data(x)[i] = scale * (float)((i * 37 + (int64_t)seed * 11) % 101 - 50) / 50;
    expect_ok(genlat_net_check(net, 1, (const genlat_tensor *[]){x}, 200, seed, &result));
    genlat_tensor_destroy(&x);
    return result;
}

/* The step of the weight passes the kink, so that its difference is between the slopes 0 and 1. */
START_TEST(a_number_beside_a_kink_is_left_out)
{
    const float places[] = {0, 0.0001f, -0.0001f, 0.001f, -0.0017f, 0.0025f, -0.003f, 0.004f, 0.0049f};
    genlat_net *net = net_of(1, "dense units=1 bias=no name=d | relu");
    genlat_tensor *weight = NULL;
    factor = 1;
    expect_ok(genlat_net_weight(net, "d.weight", &weight));
    genlat_tensor_data(weight)[0] = places[_i];
    genlat_check_result result = check(net, 1, 1, 1, 1);
    ck_assert_msg(result.worst < 0.02, "worst %g, checked %d, kinks %d at %g", result.worst, (int)result.checked,
                  (int)result.kinks, (double)places[_i]);
    ck_assert_int_eq(result.kinks + result.checked, 2);
    ck_assert_int_ge(result.kinks, 1);
    genlat_tensor_destroy(&weight);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(right_gradients_of_rectifier_nets_have_small_errors)
{
    static const char *const texts[] = {
        "dense units=32 | relu | dense units=32 | relu | dense units=3",
        "dense units=32 | leaky_relu slope=0.2 | dense units=16 | hardtanh | dense units=3",
        "dense units=32 | relu | dropout p=0.3 | layer_norm | dense units=8 | relu | dense units=3",
        "dense units=16 | maxout pieces=2 | dense units=3",
        "dense units=24 | tanh | dense units=3",
    };
    factor = 1;
    genlat_net *net = net_of(6, texts[_i % 5]);
    genlat_check_result result = check(net, 16, 6, 1, (uint64_t)_i);
    ck_assert_msg(result.worst < 0.02, "worst %g in %s, checked %d, kinks %d", result.worst, result.where,
                  (int)result.checked, (int)result.kinks);
    ck_assert_int_gt(result.checked, result.kinks);
    if (_i % 5 == 4)
        ck_assert_int_eq(result.kinks, 0);
    genlat_net_destroy(&net);
}
END_TEST

START_TEST(wrong_gradients_are_reported_beside_kinks)
{
    const float factors[] = {0, -1, 2, 1.2f};
    factor = factors[_i % 4];
    genlat_net *net = net_of(6, "dense units=32 | relu | dense units=32 | relu | dense units=3");
    genlat_check_result result = check(net, 16, 6, 1, (uint64_t)_i);
    double expected = _i % 4 == 3 ? 0.1 : 0.4;
    ck_assert_msg(result.worst > expected, "worst %g, checked %d, kinks %d", result.worst, (int)result.checked,
                  (int)result.kinks);
    ck_assert_int_gt(result.checked, result.kinks);
    genlat_net_destroy(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gradient checker");
    TCase *tests = tcase_create("kinks");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_number_beside_a_kink_is_left_out, 0, 9);
    tcase_add_loop_test(tests, right_gradients_of_rectifier_nets_have_small_errors, 0, 40);
    tcase_add_loop_test(tests, wrong_gradients_are_reported_beside_kinks, 0, 20);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
