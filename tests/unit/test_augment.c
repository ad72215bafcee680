/* SPDX-License-Identifier: MIT */
/* Changes of samples: what texts name, how often each happens, how far it goes, and that none changes nothing. */
#include <check.h>
#include <stdlib.h>
#include <tgmath.h>

#include "model/augment_priv.h"

enum { ROWS = 4000 };

static const gnl_shape image = {3, {3, 16, 24}}, signal = {2, {2, 16}}, vector = {1, {5}};
static gnl_augment_draw draws[ROWS];

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

START_TEST(texts_name_changes)
{
    gnl_augment a;
    ck_assert_uint_eq(parse("", &vector).changes, 0);
    ck_assert_uint_eq(parse("cutout, translation", &signal).changes,
                      GNL_AUGMENT_CUTOUT | GNL_AUGMENT_TRANSLATION);
    ck_assert_uint_eq(parse("color", &image).changes,
                      parse("contrast brightness saturation", &image).changes);
    ck_assert_int_eq(parse("color", &signal).height, 1);
    ck_assert_int_eq(gnl_augment_parse("cutouts", &image, &a), GENLAT_E_NOT_FOUND);
    ck_assert_int_eq(gnl_augment_parse("color", &vector, &a), GENLAT_E_SHAPE);
}
END_TEST

/* Half of the samples are cut at strength 1/2; all moves from -2 to 2 and -3 to 3 come. */
START_TEST(draws_keep_their_bounds)
{
    const gnl_augment a = parse("translation,cutout,color", &image);
    int cut = 0, moves[7] = {0};
    draw(&a, 1);
    for (int i = 0; i < ROWS; i++) {
        const gnl_augment_draw *d = &draws[i];
        ck_assert(d->down >= -2 && d->down <= 2 && d->right >= -3 && d->right <= 3);
        ck_assert(d->top >= 0 && d->top < d->bottom && d->bottom <= 16 && d->bottom - d->top <= 8);
        ck_assert(d->left >= 0 && d->left < d->past && d->past <= 24 && d->past - d->left <= 12);
        ck_assert(fabs(d->brightness) <= 0.5 && fabs(d->saturation - 1) <= 1 && fabs(d->contrast - 1) <= 0.5);
        moves[d->right + 3]++;
    }
    for (int i = 0; i < 7; i++)
        ck_assert_int_gt(moves[i], ROWS / 10);
    draw(&a, 0.5);
    for (int i = 0; i < ROWS; i++)
        cut += draws[i].bottom > 0;
    ck_assert_int_lt(abs(cut - ROWS / 2), ROWS / 20);
}
END_TEST

START_TEST(strength_zero_changes_nothing)
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
    tcase_add_test(tests, texts_name_changes);
    tcase_add_test(tests, draws_keep_their_bounds);
    tcase_add_test(tests, strength_zero_changes_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
