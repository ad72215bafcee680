/* SPDX-License-Identifier: MIT */
/* Metrics chosen by text: names, sharing, order of results, errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/metric.h"
#include "genlat/rng.h"

static genlat_ctx *ctx;
static genlat_tensor *a, *b;

static void begin(void)
{
    genlat_rng *rng = NULL;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_rng_new(ctx, 3, 0, &rng), GENLAT_OK);
    for (int i = 0; i < 2; i++) {
        genlat_tensor **set = i ? &b : &a;
        ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){40, 3}, set), GENLAT_OK);
        ck_assert_int_eq(genlat_rng_normal(rng, 120, genlat_tensor_data(*set)), GENLAT_OK);
    }
    genlat_rng_destroy(&rng);
}

static void end(void)
{
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_ctx_destroy(&ctx);
}

static genlat_metric *metric_of(const char *text)
{
    genlat_metric *m = NULL;
    ck_assert_msg(genlat_metric_new(ctx, text, &m) == GENLAT_OK, "%s", genlat_last_error());
    return m;
}

static genlat_metric_value result(const genlat_metric *m, int64_t index)
{
    genlat_metric_value value = {.size = sizeof value};
    ck_assert_int_eq(genlat_metric_result(m, index, &value), GENLAT_OK);
    return value;
}

/* Every name that is listed is accepted, and its help is a line. */
START_TEST(names_are_accepted)
{
    const char *name, *help = NULL;
    int32_t count = 0;
    for (; (name = genlat_metric_name(count, &help)) != NULL; count++) {
        genlat_metric *m = metric_of(name);
        ck_assert_int_ne(genlat_metric_needs(m), 0);
        ck_assert(help && *help);
        genlat_metric_destroy(&m);
    }
    ck_assert_int_gt(count, 40);
    ck_assert_ptr_null(genlat_metric_name(-1, &help));
    ck_assert_ptr_null(help);
}
END_TEST

START_TEST(results_follow_the_text)
{
    static const char *const names[] = {"recall", "fid", "precision", "recall", "density", "coverage"};
    const genlat_metric_input input = {.size = sizeof input, .samples = a, .data = b};
    genlat_metric *m = metric_of("recall k=3; fid, neighbours k=3");
    ck_assert_int_eq(genlat_metric_needs(m), GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA);
    ck_assert_int_eq(genlat_metric_count(m), 0);
    ck_assert_int_eq(genlat_metric_compute(m, &input), GENLAT_OK);
    ck_assert_int_eq(genlat_metric_count(m), 6);
    for (int i = 0; i < 6; i++) {
        const genlat_metric_value v = result(m, i);
        ck_assert_str_eq(v.name, names[i]);
        ck_assert_int_eq(v.count, 40);
        ck_assert_int_eq(v.column, -1);
        ck_assert(isfinite(v.error));
    }
    ck_assert_str_eq(result(m, 1).kind, "frechet");
    ck_assert_double_eq(result(m, 0).value, result(m, 3).value);
    genlat_metric_value past = {.size = sizeof past};
    ck_assert_int_eq(genlat_metric_result(m, 6, &past), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_metric_result(m, -1, &past), GENLAT_E_RANGE);
    genlat_metric_destroy(&m);
    ck_assert_ptr_null(m);
}
END_TEST

/* A failed computation leaves no results; an error names the metric and the input. */
START_TEST(errors_name_the_cause)
{
    static const struct {
        const char *text, *expected;
        genlat_status status;
    } cases[] = {{"frechett", "did you mean 'frechet'", GENLAT_E_NOT_FOUND},
                 {"mmd width=2", "width", GENLAT_E_NOT_FOUND},
                 {"neighbours k=0", "k", GENLAT_E_RANGE},
                 {"frechet,", "empty", GENLAT_E_INVALID}};
    genlat_metric *m = (void *)ctx;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(genlat_metric_new(ctx, cases[i].text, &m), cases[i].status);
        ck_assert_ptr_null(m);
        ck_assert_msg(strstr(genlat_last_error(), cases[i].expected), "%s", genlat_last_error());
    }
    genlat_metric_input input = {.size = sizeof input, .samples = a, .data = b};
    m = metric_of("frechet,mse");
    ck_assert_int_eq(genlat_metric_compute(m, &input), GENLAT_E_INVALID);
    ck_assert(strstr(genlat_last_error(), "mse") && strstr(genlat_last_error(), "reconstructions"));
    ck_assert_int_eq(genlat_metric_count(m), 0);
    input.reconstructions = input.originals = a;
    ck_assert_int_eq(genlat_metric_compute(m, &input), GENLAT_OK);
    genlat_tensor_data(a)[7] = NAN;
    ck_assert_int_eq(genlat_metric_compute(m, &input), GENLAT_E_NUMERIC);
    ck_assert_int_eq(genlat_metric_count(m), 0);
    genlat_metric_destroy(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metric_table");
    TCase *tests = tcase_create("unit");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, names_are_accepted);
    tcase_add_test(tests, results_follow_the_text);
    tcase_add_test(tests, errors_name_the_cause);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
