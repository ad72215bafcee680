/* SPDX-License-Identifier: MIT */
/* Metrics chosen by text against numbers of scipy, scikit-learn, torchmetrics and numpy. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/metric.h"
#include "golden/data/metric_table.h"

enum { CASES = sizeof golden_cases / sizeof golden_cases[0], IMAGES = 2, CHANNELS = 2 };

static genlat_ctx *ctx;
static genlat_tensor *a, *b, *train, *probabilities, *codes, *factors, *scores, *labels, *x, *y;
static genlat_metric_input input;

static genlat_tensor *matrix(const float *numbers, int64_t rows, int64_t width)
{
    genlat_tensor *out = NULL;
    ck_assert_int_eq(genlat_tensor_from(ctx, 2, (int64_t[]){rows, width}, numbers, &out), GENLAT_OK);
    return out;
}

/* The images of make_metric_table.py. */
static void make_images(void)
{
    const int64_t dims[] = {IMAGES, CHANNELS, SIDE, SIDE};
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, dims, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, dims, &y), GENLAT_OK);
    for (int i = 0, at = 0; i < IMAGES; i++)
        for (int k = 0; k < CHANNELS; k++)
            for (int r = 0; r < SIDE; r++)
                for (int c = 0; c < SIDE; c++, at++) {
                    const int level = (r * r + 3 * (i + 1) * r * c / 16 + 2 * c * (k + 1)) / 8 % 257;
                    genlat_tensor_data(x)[at] = (float)level / 256;
                    genlat_tensor_data(y)[at] =
                        (float)level / 256 * 0.75f + (float)((r * 5 + c * 3 + i + k) % 17) / 128;
                }
}

static void begin(void)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = 2;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    a = matrix(golden_a, ROWS_A, WIDTH);
    b = matrix(golden_b, ROWS_B, WIDTH);
    train = matrix(golden_train, ROWS_TRAIN, WIDTH);
    probabilities = matrix(golden_probabilities, ROWS_P, CLASSES);
    codes = matrix(golden_codes, ROWS_Z, CODES);
    factors = matrix(golden_factors, ROWS_Z, FACTORS);
    scores = matrix(golden_scores, ROWS_S, 1);
    labels = matrix(golden_labels, ROWS_S, 1);
    make_images();
    input = (genlat_metric_input){sizeof input, a, b, train, y, x, codes, factors, scores, labels, probabilities};
}

static void end(void)
{
    genlat_tensor **const all[] = {&a, &b, &train, &probabilities, &codes, &factors, &scores, &labels, &x, &y};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        genlat_tensor_destroy(all[i]);
    genlat_ctx_destroy(&ctx);
}

/* Finds the result of a case by name and column. An alias is another name of the only number. Of several numbers of one
 * name and column, which are histograms, it is the first. */
static genlat_metric_value find(const genlat_metric *m, const struct golden_case *c)
{
    genlat_metric_value value = {.size = sizeof value};
    for (int64_t i = 0; i < genlat_metric_count(m); i++) {
        ck_assert_int_eq(genlat_metric_result(m, i, &value), GENLAT_OK);
        if (strcmp(value.name, c->name) == 0 && value.column == c->column)
            return value;
    }
    ck_abort_msg("%s has no number %s", c->text, c->name);
}

START_TEST(metrics_agree_with_other_programs)
{
    const struct golden_case *c = &golden_cases[_i];
    genlat_metric *m = NULL;
    ck_assert_int_eq(genlat_metric_new(ctx, c->text, &m), GENLAT_OK);
    ck_assert_msg(genlat_metric_compute(m, &input) == GENLAT_OK, "%s", genlat_last_error());
    const genlat_metric_value found = find(m, c);
    const double apart = fabs(found.value - c->value);
    const double bound = c->tolerance > 0 ? c->tolerance * fabs(c->value) + 1e-12 : 5 * found.error;
    ck_assert_msg(apart <= bound, "%s: %s is %.12g +- %g, expected %.12g", c->text, c->name, found.value, found.error,
                  c->value);
    ck_assert_msg(isnan(c->error) || fabs(found.error - c->error) <= 1e-6 * c->error,
                  "%s: standard error %.12g, expected %.12g", c->text, found.error, c->error);
    ck_assert_int_gt(found.count, 0);
    genlat_metric_destroy(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metric_table");
    TCase *tests = tcase_create("golden");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, metrics_agree_with_other_programs, 0, CASES);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
