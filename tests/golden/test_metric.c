/* SPDX-License-Identifier: MIT */
/* Metrics against numbers of numpy and scipy. */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "genlat/metric.h"
#include "golden/data/metric.h"

static genlat_ctx *ctx;

static void begin(void)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = 2;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
}

static void end(void)
{
    genlat_ctx_destroy(&ctx);
}

static genlat_tensor *matrix(const float *numbers, int64_t rows, int64_t width)
{
    genlat_tensor *out = NULL;
    ck_assert_int_eq(genlat_tensor_from(ctx, 2, (int64_t[]){rows, width}, numbers, &out), GENLAT_OK);
    return out;
}

static void assert_close(double found, double expected, double tolerance)
{
    ck_assert_double_le(fabs(found - expected), tolerance * (1 + fabs(expected)));
}

START_TEST(distances_agree_with_scipy)
{
    bool wide = _i == 1; /* fewer samples than features: the covariances are singular */
    genlat_tensor *a = wide ? matrix(golden_wide_a, WIDE_A, WIDE) : matrix(golden_a, ROWS_A, WIDTH);
    genlat_tensor *b = wide ? matrix(golden_wide_b, WIDE_B, WIDE) : matrix(golden_b, ROWS_B, WIDTH);
    double found = 0, sd = 1;
    ck_assert_int_eq(genlat_metric_frechet_distance(a, b, &found), GENLAT_OK);
    assert_close(found, golden_frechet[_i], 1e-6);
    ck_assert_int_eq(genlat_metric_frechet_distance(b, a, &found), GENLAT_OK);
    assert_close(found, golden_frechet[_i], 1e-6);
    ck_assert_int_eq(genlat_metric_kernel_distance(a, b, 0, 1, 0, &found, &sd), GENLAT_OK);
    assert_close(found, golden_kernel[_i], 1e-6);
    ck_assert_double_eq(sd, 0);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
}
END_TEST

START_TEST(neighbours_agree_with_scipy)
{
    const int64_t k = _i ? 5 : 3;
    const double *expected = _i ? golden_neighbours_5 : golden_neighbours_3;
    genlat_tensor *a = matrix(golden_a, ROWS_A, WIDTH), *b = matrix(golden_b, ROWS_B, WIDTH);
    genlat_neighbours found = {.size = sizeof found};
    ck_assert_int_eq(genlat_metric_neighbours(a, b, k, &found), GENLAT_OK);
    assert_close(found.precision, expected[0], 1e-12);
    assert_close(found.recall, expected[1], 1e-12);
    assert_close(found.density, expected[2], 1e-12);
    assert_close(found.coverage, expected[3], 1e-12);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
}
END_TEST

START_TEST(classifier_score_agrees_with_scipy)
{
    genlat_tensor *p = matrix(golden_probabilities, 40, 5);
    double mean = 0, sd = 0;
    ck_assert_int_eq(genlat_metric_classifier_score(p, SPLITS, &mean, &sd), GENLAT_OK);
    assert_close(mean, golden_classifier[0], 1e-9);
    assert_close(sd, golden_classifier[1], 1e-9);
    genlat_tensor_destroy(&p);
}
END_TEST

START_TEST(statistics_agree_with_numpy)
{
    enum { QUANTILES = sizeof golden_at / sizeof golden_at[0], LOGS = sizeof golden_logs / sizeof golden_logs[0] };
    genlat_tensor *x = matrix(golden_a, ROWS_A, WIDTH);
    genlat_moments m = {.size = sizeof m};
    ck_assert_int_eq(genlat_metric_moments(x, &m), GENLAT_OK);
    const double found[] = {m.mean, m.sd, m.skewness, m.kurtosis, m.min, m.max};
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++)
        assert_close(found[i], golden_moments[i], 1e-12);
    ck_assert_int_eq(m.count, ROWS_A * WIDTH);
    double quantiles[QUANTILES], log_mean = 0;
    ck_assert_int_eq(genlat_metric_quantiles(x, golden_at, QUANTILES, quantiles), GENLAT_OK);
    for (int i = 0; i < QUANTILES; i++)
        assert_close(quantiles[i], golden_quantiles[i], 1e-12);
    ck_assert_int_eq(genlat_metric_log_mean_exp(golden_logs, LOGS, &log_mean), GENLAT_OK);
    assert_close(log_mean, golden_log_mean_exp[0], 1e-14);
    genlat_tensor_destroy(&x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metric");
    TCase *tests = tcase_create("golden");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, distances_agree_with_scipy, 0, 2);
    tcase_add_loop_test(tests, neighbours_agree_with_scipy, 0, 2);
    tcase_add_test(tests, classifier_score_agrees_with_scipy);
    tcase_add_test(tests, statistics_agree_with_numpy);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
