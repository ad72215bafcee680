/* SPDX-License-Identifier: MIT */
/* Augmentations: kinds by text, ranges of the draws, and no effect at probability 0. tests/property/test_augment.c
 * tests what holds for every kind. */
#include <check.h>
#include <stdlib.h>
#include <tgmath.h>

#include "gan/augment/augment.h"

enum { ROWS = 4000 };

static const gnl_shape image = {3, {3, 16, 24}}, signal = {2, {2, 16}}, vector = {1, {5}};
static gnl_augment_draw draws[ROWS * GNL_MAX_AUGMENTS];

static gnl_augment parse(const char *text, const gnl_shape *data)
{
    gnl_augment a;
    ck_assert_msg(gnl_augment_parse(text, data, &a) == GENLAT_OK, "%s", genlat_last_error());
    return a;
}

static void draw(const gnl_augment *a, double p)
{
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_AUGMENT, 0);
    gnl_augment_draw_all(a, p, &rng, ROWS, draws);
}

/* The kinds are listed in the order of application, not in that of the text. */
static void expect_kinds(const char *text, const gnl_shape *data, const char *expected)
{
    const gnl_augment a = parse(text, data);
    char found[128] = "";
    for (int i = 0; i < a.count; i++)
        strcat(strcat(found, i ? " " : ""), a.type[i]->name);
    ck_assert_str_eq(found, expected);
}

START_TEST(a_text_selects_augmentations)
{
    gnl_augment a;
    expect_kinds("", &vector, "");
    expect_kinds("cutout, translation", &signal, "translation cutout");
    expect_kinds("color", &image, "brightness saturation contrast");
    expect_kinds("contrast brightness saturation", &image, "brightness saturation contrast");
    expect_kinds("color contrast", &image, "brightness saturation contrast");
    ck_assert_int_eq(parse("color", &signal).image.height, 1);
    ck_assert_int_eq(parse("color", &signal).image.width, 16);
    ck_assert_int_eq(gnl_augment_parse("cutouts", &image, &a), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "brightness, color, saturation, contrast, translation, cutout"));
    ck_assert_int_eq(gnl_augment_parse("color", &vector, &a), GENLAT_E_SHAPE);
}
END_TEST

/* A cutout has the numbers top, bottom, left and right; the last row and column are excluded. */
static void check_cutout(const double *d)
{
    ck_assert(d[0] >= 0 && d[0] < d[1] && d[1] <= 16 && d[1] - d[0] <= 8);
    ck_assert(d[2] >= 0 && d[2] < d[3] && d[3] <= 24 && d[3] - d[2] <= 12);
}

/* At probability 1/2 a cutout is applied to half of the samples. All translations by up to 2 rows and 3 columns
 * occur. */
START_TEST(draws_stay_in_their_ranges)
{
    enum { BRIGHTNESS, SATURATION, CONTRAST, TRANSLATION, CUTOUT, KINDS };
    const gnl_augment a = parse("translation,cutout,color", &image);
    int cut = 0, moves[7] = {0};
    ck_assert_int_eq(a.count, KINDS);
    draw(&a, 1);
    for (int i = 0; i < ROWS; i++) {
        const gnl_augment_draw *d = &draws[i * KINDS];
        const double down = d[TRANSLATION].number[0], right = d[TRANSLATION].number[1];
        ck_assert(down >= -2 && down <= 2 && right >= -3 && right <= 3);
        check_cutout(d[CUTOUT].number);
        ck_assert(fabs(d[BRIGHTNESS].number[0]) <= 0.5 && fabs(d[SATURATION].number[0] - 1) <= 1);
        ck_assert(fabs(d[CONTRAST].number[0] - 1) <= 0.5);
        moves[(int)right + 3]++;
    }
    for (int i = 0; i < 7; i++)
        ck_assert_int_gt(moves[i], ROWS / 10);
    draw(&a, 0.5);
    for (int i = 0; i < ROWS; i++)
        cut += draws[i * KINDS + CUTOUT].applies;
    ck_assert_int_lt(abs(cut - ROWS / 2), ROWS / 20);
}
END_TEST

START_TEST(probability_zero_changes_nothing)
{
    genlat_ctx *ctx = NULL;
    gnl_real x[2 * 3 * 16 * 24], y[GNL_COUNT(x)];
    const gnl_augment a = parse("translation,cutout,color", &image);
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    const gnl_compute compute = {ctx, gnl_kernels_of(ctx), NULL};
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 0);
    gnl_rng_fill_normal(&rng, x, (int64_t)GNL_COUNT(x));
    draw(&a, 0);
    gnl_augment_forward(&a, &compute, 2, draws, x, y);
    ck_assert_mem_eq(x, y, sizeof x);
    gnl_augment_backward(&a, &compute, 2, draws, x, y);
    ck_assert_mem_eq(x, y, sizeof x);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("augment");
    TCase *tests = tcase_create("augment");
    tcase_add_test(tests, a_text_selects_augmentations);
    tcase_add_test(tests, draws_stay_in_their_ranges);
    tcase_add_test(tests, probability_zero_changes_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
