/* SPDX-License-Identifier: MIT */
/* Augmented samples and their gradients against numbers of PyTorch stored by make_augment.py. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "gan/augment/augment.h"
#include "io/io.h"

enum { ROWS = 6, MOST = 1024, NUMBERS = 9 };

static const gnl_shape cases[] = {{3, {3, 6, 8}}, {3, {1, 5, 4}}, {3, {2, 1, 9}}};

/* The stored numbers of a draw, in their order. */
static const struct stored_kind {
    const char *name;
    int first, count;
} kinds[] = {{"translation", 0, 2}, {"cutout", 2, 4}, {"brightness", 6, 1}, {"saturation", 7, 1}, {"contrast", 8, 1}};

static void load(gnl_reader *golden, const gnl_shape *data, const char *name, gnl_real *out)
{
    char key[64];
    snprintf(key, sizeof key, "%lldx%lldx%lld/%s", (long long)data->dim[0], (long long)data->dim[1],
             (long long)data->dim[2], name);
    ck_assert_msg(gnl_reader_real(golden, key, NULL, out) == GENLAT_OK, "%s", genlat_last_error());
}

/* All that were stored. */
static gnl_augment parse(const gnl_shape *data)
{
    gnl_augment a;
    char text[128] = "";
    for (size_t i = 0; i < GNL_COUNT(kinds); i++)
        strcat(strcat(text, " "), kinds[i].name);
    ck_assert_msg(gnl_augment_parse(text, data, &a) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(a.count, GNL_COUNT(kinds));
    return a;
}

static void take_draw(const gnl_augment *a, const gnl_real *numbers, gnl_augment_draw *draws)
{
    for (int i = 0; i < a->count; i++) {
        const struct stored_kind *kind = kinds;
        while (strcmp(kind->name, a->type[i]->name) != 0)
            kind++;
        draws[i].applies = true;
        for (int k = 0; k < kind->count; k++)
            draws[i].number[k] = (double)numbers[kind->first + k];
    }
}

static void expect(int64_t n, const gnl_real *found, const gnl_real *expected)
{
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)(found[i] - expected[i])) < 1e-5, "number %lld is %g, expected %g", (long long)i,
                      (double)found[i], (double)expected[i]);
}

START_TEST(augmentations_agree_with_pytorch)
{
    const gnl_augment a = parse(&cases[_i]);
    gnl_real x[MOST], dy[MOST], numbers[ROWS * NUMBERS], expected[MOST], found[MOST];
    gnl_augment_draw draws[ROWS * GNL_COUNT(kinds)] = {{.applies = false}};
    genlat_ctx *ctx = NULL;
    gnl_reader *golden = NULL;
    int64_t n = ROWS * gnl_shape_count(&cases[_i]);
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(gnl_reader_open(ctx, gnl_input_file(GOLDEN_AUGMENT), &golden) == GENLAT_OK, "%s",
                  genlat_last_error());
    const gnl_compute compute = {ctx, gnl_kernels_of(ctx), NULL};
    load(golden, &cases[_i], "x", x);
    load(golden, &cases[_i], "dy", dy);
    load(golden, &cases[_i], "draws", numbers);
    for (int i = 0; i < ROWS; i++)
        take_draw(&a, numbers + i * NUMBERS, draws + i * a.count);
    gnl_augment_forward(&a, &compute, ROWS, draws, x, found);
    load(golden, &cases[_i], "y", expected);
    expect(n, found, expected);
    gnl_augment_backward(&a, &compute, ROWS, draws, dy, found);
    load(golden, &cases[_i], "dx", expected);
    expect(n, found, expected);
    gnl_reader_close(golden);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("changes of samples");
    TCase *tests = tcase_create("pytorch");
    tcase_add_loop_test(tests, augmentations_agree_with_pytorch, 0, (int)GNL_COUNT(cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
