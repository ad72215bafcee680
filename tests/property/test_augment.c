/* SPDX-License-Identifier: MIT */
/* Every augmentation: for a given draw it is affine in the sample, backward is the transpose of its linear part,
 * draws have the requested frequency, and samples without augmentation do not change. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "gan/augment/augment.h"

enum { ROWS = 400, MOST = 128 };

static const gnl_shape shapes[] = {{3, {3, 6, 7}}, {3, {1, 5, 4}}, {2, {2, 9}}};

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static gnl_augment parse(const char *text, const gnl_shape *data)
{
    gnl_augment a;
    ck_assert_msg(gnl_augment_parse(text, data, &a) == GENLAT_OK, "%s", genlat_last_error());
    return a;
}

/* A batch with its draws and the augmented samples. */
typedef struct batch {
    gnl_augment augment;
    gnl_compute compute;
    int64_t size, rows;
    gnl_augment_draw draws[ROWS * GNL_MAX_AUGMENTS];
    gnl_real x[ROWS * MOST], y[ROWS * MOST];
} batch;

static batch one, other;

static void fill(batch *b, const gnl_augment *a, const gnl_shape *data, uint64_t seed, double p)
{
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0), draws = gnl_rng_make(3, GNL_STREAM_AUGMENT, 0);
    *b = (batch){
        .augment = *a, .compute = {ctx, gnl_kernels_of(ctx), NULL}, .size = gnl_shape_count(data), .rows = ROWS};
    ck_assert_int_le(b->size, MOST);
    gnl_rng_fill_normal(&rng, b->x, ROWS * b->size);
    gnl_augment_draw_all(a, p, &draws, ROWS, b->draws);
    gnl_augment_forward(a, &b->compute, ROWS, b->draws, b->x, b->y);
}

static double product(int64_t n, const gnl_real *a, const gnl_real *b)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)(a[i] * b[i]);
    return total;
}

/* With the same draws: <A u, v> = <u, A^T v>, where A u = f(x + u) - f(x). */
static void check_transpose(const char *text, const gnl_shape *data)
{
    static gnl_real forth[ROWS * MOST], moved[ROWS * MOST], back[ROWS * MOST];
    const gnl_augment a = parse(text, data);
    fill(&one, &a, data, 1, 0.8);
    fill(&other, &a, data, 2, 0.8);
    const int64_t n = one.size;
    for (int64_t i = 0; i < ROWS * n; i++)
        moved[i] = one.x[i] + other.x[i];
    gnl_augment_forward(&a, &one.compute, ROWS, one.draws, moved, forth);
    for (int64_t i = 0; i < ROWS * n; i++)
        forth[i] -= one.y[i];
    gnl_augment_backward(&a, &one.compute, ROWS, one.draws, one.x, back); /* v is x */
    for (int64_t r = 0; r < ROWS; r++) {
        double expected = product(n, forth + r * n, one.x + r * n);
        ck_assert_double_eq_tol(product(n, other.x + r * n, back + r * n), expected, 1e-9 * fmax(1, fabs(expected)));
    }
}

START_TEST(backward_is_the_transpose)
{
    for (size_t s = 0; s < GNL_COUNT(shapes); s++)
        check_transpose(gnl_augment_types[_i]->name, &shapes[s]);
}
END_TEST

START_TEST(all_kinds_together_have_a_transpose)
{
    char text[256] = "";
    for (int i = 0; gnl_augment_types[i]; i++)
        strcat(strcat(text, " "), gnl_augment_types[i]->name);
    for (size_t s = 0; s < GNL_COUNT(shapes); s++)
        check_transpose(text, &shapes[s]);
}
END_TEST

/* f((x + u) / 2) is the mean of f(x) and f(u). */
START_TEST(forward_is_affine)
{
    static gnl_real middle[ROWS * MOST], found[ROWS * MOST];
    for (size_t s = 0; s < GNL_COUNT(shapes); s++) {
        const gnl_augment a = parse(gnl_augment_types[_i]->name, &shapes[s]);
        fill(&one, &a, &shapes[s], 1, 1);
        fill(&other, &a, &shapes[s], 2, 1);
        const int64_t n = ROWS * one.size;
        for (int64_t i = 0; i < n; i++)
            middle[i] = (one.x[i] + other.x[i]) / 2;
        gnl_augment_forward(&a, &one.compute, ROWS, one.draws, middle, found);
        for (int64_t i = 0; i < n; i++)
            ck_assert_double_eq_tol((double)found[i], (double)(one.y[i] + other.y[i]) / 2, 1e-9);
    }
}
END_TEST

static int64_t changed_rows(const batch *b)
{
    int64_t count = 0;
    for (int64_t r = 0; r < ROWS; r++)
        count += memcmp(b->x + r * b->size, b->y + r * b->size, (size_t)b->size * sizeof *b->x) != 0;
    return count;
}

/* At probability 1/2, half of the rows change. The draws of a row do not depend on the probability. */
START_TEST(rows_change_with_the_requested_probability)
{
    const gnl_shape *data = &shapes[0];
    const gnl_augment a = parse(gnl_augment_types[_i]->name, data);
    fill(&one, &a, data, 1, 0);
    ck_assert_int_eq(changed_rows(&one), 0);
    fill(&one, &a, data, 1, 1);
    const int64_t all = changed_rows(&one);
    ck_assert_int_gt(all, ROWS / 4);
    fill(&other, &a, data, 1, 0.5);
    ck_assert_int_lt(llabs(2 * changed_rows(&other) - all), ROWS / 5);
    for (int64_t r = 0; r < ROWS; r++) {
        const size_t bytes = (size_t)one.size * sizeof *one.y;
        const gnl_real *expected = other.draws[r].applies ? one.y : one.x;
        ck_assert_mem_eq(other.draws[r].number, one.draws[r].number, sizeof one.draws[r].number);
        ck_assert_mem_eq(other.y + r * one.size, expected + r * one.size, bytes);
    }
}
END_TEST

int main(void)
{
    int kinds = 0;
    while (gnl_augment_types[kinds])
        kinds++;
    Suite *suite = suite_create("augmentations");
    TCase *tests = tcase_create("every kind");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, backward_is_the_transpose, 0, kinds);
    tcase_add_test(tests, all_kinds_together_have_a_transpose);
    tcase_add_loop_test(tests, forward_is_affine, 0, kinds);
    tcase_add_loop_test(tests, rows_change_with_the_requested_probability, 0, kinds);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
