/* SPDX-License-Identifier: MIT */
/* Changes of samples and their gradients against the numbers of PyTorch that make_augment.py stored. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "io/io.h"
#include "model/augment_priv.h"

enum { ROWS = 6, MOST = 1024, PARTS = 9 };

static const gnl_augment cases[] = {{0, 3, 6, 8}, {0, 1, 5, 4}, {0, 2, 1, 9}};

static void load(gnl_reader *golden, const gnl_augment *a, const char *name, gnl_real *out)
{
    char key[64];
    snprintf(key, sizeof key, "%lldx%lldx%lld/%s", (long long)a->channels, (long long)a->height,
             (long long)a->width, name);
    ck_assert_msg(gnl_reader_real(golden, key, NULL, out) == GENLAT_OK, "%s", genlat_last_error());
}

static void expect(int64_t n, const gnl_real *found, const gnl_real *wanted)
{
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)(found[i] - wanted[i])) < 1e-5, "number %lld is %g, %g wanted",
                      (long long)i, (double)found[i], (double)wanted[i]);
}

START_TEST(changes_agree_with_pytorch)
{
    const gnl_augment *a = &cases[_i];
    gnl_real x[MOST], dy[MOST], parts[ROWS * PARTS], wanted[MOST], found[MOST];
    gnl_augment_draw draws[ROWS];
    genlat_ctx *ctx = NULL;
    gnl_reader *golden = NULL;
    int64_t n = ROWS * a->channels * a->height * a->width;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(gnl_reader_open(ctx, GOLDEN_AUGMENT, &golden) == GENLAT_OK, "%s", genlat_last_error());
    const gnl_compute compute = {ctx, gnl_kernels_of(ctx), NULL};
    load(golden, a, "x", x);
    load(golden, a, "dy", dy);
    load(golden, a, "draws", parts);
    for (int i = 0; i < ROWS; i++) {
        const gnl_real *d = parts + i * PARTS;
        draws[i] =
            (gnl_augment_draw){(int64_t)d[0], (int64_t)d[1], (int64_t)d[2], (int64_t)d[3], (int64_t)d[4],
                               (int64_t)d[5], (double)d[6],  (double)d[7],  (double)d[8]};
    }
    gnl_augment_forward(a, &compute, ROWS, draws, x, found);
    load(golden, a, "y", wanted);
    expect(n, found, wanted);
    gnl_augment_backward(a, &compute, ROWS, draws, dy, found);
    load(golden, a, "dx", wanted);
    expect(n, found, wanted);
    gnl_reader_close(golden);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("changes of samples");
    TCase *tests = tcase_create("pytorch");
    tcase_add_loop_test(tests, changes_agree_with_pytorch, 0, (int)GNL_COUNT(cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
