/* SPDX-License-Identifier: MIT */
/* Adversarial losses in double: derivatives against central differences, values for extreme outputs, and errors. */
#include <check.h>
#include <stdlib.h>
#include <tgmath.h>

#include "loss/loss.h"

enum { ROWS = 7, KINDS = GENLAT_ADVERSARIAL_FEATURES + 1 };

static gnl_real real[ROWS], fake[ROWS];

static gnl_adversarial drawn(uint32_t kind)
{
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, kind);
    gnl_rng_fill_normal(&rng, real, ROWS);
    gnl_rng_fill_normal(&rng, fake, ROWS);
    double smoothing = gnl_adversarial_smooths(kind) ? 0.2 : 0;
    return (gnl_adversarial){kind, smoothing, ROWS, real, fake, smoothing / 2};
}

static double discriminator_loss(const gnl_adversarial *a)
{
    return gnl_adversarial_discriminator(a, NULL, NULL);
}

static double generator_loss(const gnl_adversarial *a)
{
    return gnl_adversarial_generator(a, NULL);
}

static void expect_slopes(const gnl_adversarial *a, double (*loss)(const gnl_adversarial *), gnl_real *at,
                          const gnl_real *slope)
{
    const double step = 1e-6;
    for (int i = 0; i < ROWS; i++) {
        gnl_real kept = at[i];
        at[i] = kept + step;
        double above = loss(a);
        at[i] = kept - step;
        double expected = (above - loss(a)) / (2 * step);
        at[i] = kept;
        ck_assert_msg(fabs(slope[i] - expected) < 1e-8, "%s: slope %d is %.12g, expected %.12g",
                      gnl_adversarial_names[a->kind], i, slope[i], expected);
    }
}

START_TEST(derivatives_match_differences)
{
    gnl_real dreal[ROWS], dfake[ROWS];
    const gnl_adversarial a = drawn((uint32_t)_i);
    ck_assert_double_eq(gnl_adversarial_discriminator(&a, dreal, dfake), discriminator_loss(&a));
    expect_slopes(&a, discriminator_loss, real, dreal);
    expect_slopes(&a, discriminator_loss, fake, dfake);
    ck_assert_double_eq(gnl_adversarial_generator(&a, dfake), generator_loss(&a));
    expect_slopes(&a, generator_loss, fake, dfake);
}
END_TEST

/* Large outputs of a discriminator have finite losses. */
START_TEST(extreme_outputs_stay_finite)
{
    gnl_real dreal[ROWS], dfake[ROWS];
    gnl_adversarial a = drawn((uint32_t)_i);
    for (int i = 0; i < ROWS; i++) {
        real[i] = i % 2 ? 1e4 : -1e4;
        fake[i] = i % 3 ? -1e4 : 1e4;
    }
    ck_assert(isfinite(gnl_adversarial_discriminator(&a, dreal, dfake)));
    ck_assert(isfinite(gnl_adversarial_generator(&a, dfake)));
    for (int i = 0; i < ROWS; i++)
        ck_assert(isfinite(dreal[i]) && isfinite(dfake[i]));
}
END_TEST

START_TEST(public_functions_check_and_compute)
{
    genlat_ctx *ctx = NULL;
    genlat_tensor *r = NULL, *f = NULL, *d = NULL, *wide = NULL;
    double value = -1;
    const gnl_shape column = {2, {2, 1}}, row = {1, {2}}, wrong = {2, {2, 2}};
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(gnl_tensor_new(ctx, &column, &r), GENLAT_OK);
    ck_assert_int_eq(gnl_tensor_new(ctx, &row, &f), GENLAT_OK);
    ck_assert_int_eq(gnl_tensor_new(ctx, &row, &d), GENLAT_OK);
    ck_assert_int_eq(gnl_tensor_new(ctx, &wrong, &wide), GENLAT_OK);
    r->data[0] = 3, r->data[1] = 1, f->data[0] = 1, f->data[1] = 2;
    ck_assert_int_eq(genlat_adversarial_discriminator(GENLAT_ADVERSARIAL_WASSERSTEIN, 0, r, f, &value, NULL, d),
                     GENLAT_OK);
    ck_assert_double_eq(value, -0.5);
    ck_assert_double_eq(d->data[1], 0.5);
    ck_assert_int_eq(genlat_adversarial_generator(GENLAT_ADVERSARIAL_HINGE, NULL, f, &value, d), GENLAT_OK);
    ck_assert_double_eq(value, -1.5);
    ck_assert_int_eq(genlat_adversarial_discriminator(GENLAT_ADVERSARIAL_HINGE, 0.1, r, f, &value, NULL, NULL),
                     GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_adversarial_discriminator(GENLAT_ADVERSARIAL_HINGE, 0, wide, f, &value, NULL, NULL),
                     GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_adversarial_generator(GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR, NULL, f, &value, d),
                     GENLAT_E_INVALID);
    f->data[0] = NAN;
    ck_assert_int_eq(genlat_adversarial_generator(GENLAT_ADVERSARIAL_HINGE, NULL, f, &value, d), GENLAT_E_NUMERIC);
    ck_assert_double_eq(value, -1.5);
    for (genlat_tensor **t = (genlat_tensor *[]){r, f, d, wide, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* Predictions for real samples count as correct by the criterion of each kind. */
START_TEST(signs_count_correct_predictions)
{
    static const gnl_real above[] = {0.6, 0.7, 0.8, 0.9}, below[] = {0.2, 0.3, 0.1, 0.4};
    for (uint32_t kind = 0; gnl_adversarial_names[kind]; kind++) {
        const gnl_adversarial right = {kind, 0, 4, above, below, 0}, wrong = {kind, 0, 4, below, above, 0};
        bool logit = !gnl_adversarial_needs_real(kind) && kind != GENLAT_ADVERSARIAL_LEAST_SQUARES &&
                     kind != GENLAT_ADVERSARIAL_WASSERSTEIN;
        ck_assert_double_eq(gnl_adversarial_sign(&right), 1);
        ck_assert_double_eq(gnl_adversarial_sign(&wrong), logit ? 1 : -1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("adversarial losses");
    TCase *tests = tcase_create("double");
    tcase_add_loop_test(tests, derivatives_match_differences, 0, KINDS);
    tcase_add_test(tests, signs_count_correct_predictions);
    tcase_add_loop_test(tests, extreme_outputs_stay_finite, 0, KINDS);
    tcase_add_test(tests, public_functions_check_and_compute);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
