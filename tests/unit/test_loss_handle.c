/* SPDX-License-Identifier: MIT */
/* Loss handles: text, errors, public evaluation, learned and optimal scales. */
#include <check.h>
#include <stdlib.h>
#include <tgmath.h>

#include "support/loss_unit.h"

/* ---- the handle ------------------------------------------------------------------------------ */

START_TEST(text_round_trips)
{
    static const char *const specs[] = {"bernoulli", "gaussian sd=optimal", "gaussian sd=learned value=0.5",
                                        "categorical classes=8", "discretized_logistic range=symmetric"};
    for (size_t i = 0; i < GNL_COUNT(specs); i++) {
        char text[128];
        genlat_loss *loss = loss_of(ctx, specs[i]);
        ck_assert_int_eq(genlat_loss_format(loss, text, sizeof text), GENLAT_OK);
        ck_assert_str_eq(text, specs[i]);
        ck_assert_int_eq(genlat_loss_format(loss, text, 4), GENLAT_E_RANGE);
        genlat_loss_destroy(&loss);
        ck_assert_ptr_null(loss);
    }
}
END_TEST

START_TEST(likelihood_numbers_are_indices_into_the_table)
{
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_BERNOULLI), "bernoulli");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_GAUSSIAN), "gaussian");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_LAPLACE), "laplace");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_CATEGORICAL), "categorical");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_DISCRETIZED_LOGISTIC), "discretized_logistic");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_BETA_BINOMIAL), "beta_binomial");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_MSE), "mse");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_CROSS_ENTROPY), "cross_entropy");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_LOGISTIC_MIXTURE), "logistic_mixture");
    ck_assert_str_eq(genlat_loss_kind(GENLAT_LIKELIHOOD_STUDENT_T), "student_t");
    ck_assert_ptr_null(genlat_loss_kind(GENLAT_LIKELIHOOD_STUDENT_T + 1));
    ck_assert_ptr_null(genlat_loss_kind(-1));
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
        {"poisson", GENLAT_E_NOT_FOUND, "poisson"},
        {"gaussian sd", GENLAT_E_INVALID, "sd"},
        {"gaussian sd=huge", GENLAT_E_INVALID, "optimal"},
        {"gaussian color=1", GENLAT_E_NOT_FOUND, "min_log_sd"},
        {"gaussian value=-1", GENLAT_E_RANGE, "value"},
        {"gaussian sd=learned value=0.002", GENLAT_E_RANGE,
         "gaussian: value is 0.002, the initial value of the learned sd"},
        {"laplace scale=learned value=1 min_log_scale=0", GENLAT_E_RANGE,
         "greater than its lower bound e^min_log_scale = 1"},
        {"mse x=1", GENLAT_E_NOT_FOUND, "none"},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_loss *loss = (genlat_loss *)(uintptr_t)1;
        ck_assert_int_eq(genlat_loss_new(ctx, cases[i].spec, &loss), cases[i].status);
        ck_assert_ptr_null(loss);
        ck_assert_msg(strstr(genlat_last_error(), cases[i].word) != NULL, "%s", genlat_last_error());
    }
}
END_TEST

static genlat_tensor *tensor(int32_t ndim, const int64_t *dims, const float *data)
{
    genlat_tensor *out = NULL;
    ck_assert_int_eq(genlat_tensor_from(ctx, ndim, dims, data, &out), GENLAT_OK);
    return out;
}

START_TEST(public_evaluation_checks_and_averages)
{
    static const float logits[] = {0, 0, 0, 0}, grey[] = {1, 0, 0.5f, 1}, wrong[] = {1, 0, 0.5f, 2};
    static const int64_t dims[] = {2, 2}, other[] = {4, 1};
    genlat_loss *loss = loss_of(ctx, "bernoulli");
    genlat_tensor *out = tensor(2, dims, logits), *good = tensor(2, dims, grey), *bad = tensor(2, dims, wrong);
    genlat_tensor *shape = tensor(2, other, grey), *dout = tensor(2, dims, grey);
    double value = -1;
    ck_assert_int_eq(genlat_loss_eval(loss, out, good, &value, dout), GENLAT_OK);
    ck_assert_double_eq_tol(value, 2 * M_LN2, 1e-6);
    ck_assert_double_eq_tol((double)genlat_tensor_const_data(dout)[0], -0.25, 1e-6);
    ck_assert_int_eq(genlat_loss_eval(loss, out, bad, &value, NULL), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_loss_eval(loss, out, shape, &value, NULL), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_loss_eval(loss, out, good, &value, shape), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_loss_eval(loss, out, NULL, &value, NULL), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_loss_mean(loss, out, dout), GENLAT_OK);
    ck_assert_double_eq_tol((double)genlat_tensor_const_data(dout)[3], 0.5, 1e-6);
    ck_assert_int_eq(genlat_loss_scale(loss, &value), GENLAT_E_UNSUPPORTED);
    genlat_tensor *all[] = {out, good, bad, shape, dout};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_loss_destroy(&loss);
}
END_TEST

/* The initial scale is the one in the text, although there is a lower limit. */
START_TEST(learned_scales_start_at_the_given_value)
{
    static const struct {
        const char *spec;
        double scale;
    } cases[] = {
        {"gaussian sd=learned", 1},
        {"gaussian sd=learned value=0.003", 0.003},
        {"gaussian sd=learned value=1e-3 min_log_sd=-7", 1e-3},
        {"gaussian sd=learned value=1e6 min_log_sd=10", 1e6},
        {"laplace scale=learned value=0.003", 0.003},
        {"laplace scale=learned value=2 min_log_scale=0.6", 2},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_loss *loss = loss_of(ctx, cases[i].spec);
        double scale = 0;
        ck_assert_int_eq(genlat_loss_scale(loss, &scale), GENLAT_OK);
        ck_assert_msg(fabs(scale / cases[i].scale - 1) < 1e-5, "%s starts at %g", cases[i].spec, scale);
        genlat_loss_destroy(&loss);
    }
}
END_TEST

/* Several draws per row equal as many calls. Values common to the rows of a call are common to all draws. */
START_TEST(draws_share_values_common_to_rows)
{
    enum { TIMES = 3, COUNT = 2, WIDTH = 4, ALL = TIMES * COUNT };
    static const char *const specs[] = {"bernoulli", "gaussian sd=learned value=0.5", "gaussian sd=optimal"};
    const bool common = _i == 2;
    gnl_real out[ALL * WIDTH], target[ALL * WIDTH], found[ALL * WIDTH], expected[ALL * WIDTH];
    double nll[ALL], other[ALL], weight[ALL];
    gnl_rng rng = gnl_rng_make(7, GNL_STREAM_USER, 0);
    gnl_rng_fill_normal(&rng, out, ALL * WIDTH);
    gnl_rng_fill_uniform(&rng, target, COUNT * WIDTH, 0, 1);
    for (int i = 0; i < ALL; i++)
        weight[i] = gnl_rng_unit(&rng);
    for (int i = COUNT * WIDTH; i < ALL * WIDTH; i++)
        target[i] = target[i - COUNT * WIDTH];
    genlat_loss *a = loss_of(ctx, specs[_i]), *b = loss_of(ctx, specs[_i]);
    gnl_loss_call call = {compute(ctx), COUNT, WIDTH, 1, out, target, 0.5, weight, nll, found, true, TIMES};
    gnl_loss_eval(a, &call);
    call.draws = 1;
    call.rows = common ? ALL : COUNT; /* rows of one call */
    for (int i = 0; i < ALL; i += (int)call.rows) {
        call.out = out + i * WIDTH;
        call.target = target + i * WIDTH;
        call.weight = weight + i;
        call.nll = other + i;
        call.dout = expected + i * WIDTH;
        gnl_loss_eval(b, &call);
    }
    ck_assert_mem_eq(nll, other, sizeof nll);
    ck_assert_mem_eq(found, expected, sizeof found);
    ck_assert_mem_eq(a->value, b->value, sizeof a->value);
    ck_assert_mem_eq(a->grad, b->grad, sizeof a->grad);
    genlat_loss_destroy(&a);
    genlat_loss_destroy(&b);
}
END_TEST

/* The optimal standard deviation of a batch whose errors are all 0.5 is 0.5. Non-finite values do not change it. */
START_TEST(optimal_scale_is_known_after_training)
{
    static const float zeros[] = {0, 0}, halves[] = {0.5f, -0.5f}, infinite[] = {INFINITY, 0};
    static const int64_t dims[] = {1, 2};
    genlat_loss *loss = loss_of(ctx, "gaussian sd=optimal");
    genlat_tensor *out = tensor(2, dims, zeros), *target = tensor(2, dims, halves), *dout = tensor(2, dims, zeros);
    genlat_tensor *bad = tensor(2, dims, infinite);
    double value = 0, sd = 0;
    ck_assert_int_eq(genlat_loss_scale(loss, &sd), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_loss_eval(loss, out, target, &value, dout), GENLAT_OK);
    ck_assert_int_eq(genlat_loss_eval(loss, bad, target, &value, dout), GENLAT_E_NUMERIC);
    ck_assert_int_eq(genlat_loss_scale(loss, &sd), GENLAT_OK);
    ck_assert_double_eq_tol(sd, 0.5, 5e-3);
    ck_assert_double_eq_tol(value, 2 * (0.5 + log(0.5) + 0.5 * log(2 * M_PI)), 1e-3);
    genlat_tensor_destroy(&out);
    genlat_tensor_destroy(&target);
    genlat_tensor_destroy(&dout);
    genlat_tensor_destroy(&bad);
    genlat_loss_destroy(&loss);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss handles");
    TCase *tests = tcase_create("losses");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, loss_begin, loss_end);
    tcase_add_test(tests, text_round_trips);
    tcase_add_test(tests, likelihood_numbers_are_indices_into_the_table);
    tcase_add_test(tests, bad_texts_are_refused);
    tcase_add_test(tests, public_evaluation_checks_and_averages);
    tcase_add_test(tests, learned_scales_start_at_the_given_value);
    tcase_add_loop_test(tests, draws_share_values_common_to_rows, 0, 3);
    tcase_add_test(tests, optimal_scale_is_known_after_training);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
