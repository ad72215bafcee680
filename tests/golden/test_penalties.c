/* SPDX-License-Identifier: MIT */
/* Penalties on the outputs of a discriminator over several steps, against numbers of PyTorch stored by
 * make_penalties.py. The file lists the cases. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gan/gan_priv.h"
#include "support/golden.h"

enum { STEPS = 5, ROWS = 4, TEXT = 256 };

static const double LIMIT = 1e-5;

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    golden_open(ctx, GOLDEN_PENALTIES);
}

static void tear_down(void)
{
    golden_close();
    genlat_ctx_destroy(&ctx);
}

static genlat_model *model_with(const char *penalty)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "gan", &b), GENLAT_OK);
    genlat_model_builder_preset(b, "mlp");
    genlat_model_builder_data(b, 1, (int64_t[]){2});
    genlat_model_builder_set(b, "penalties", penalty);
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s", genlat_last_error());
    return model;
}

static void expect(const char *group, const char *what, int step, int64_t count, const gnl_real *found,
                   const gnl_real *expected)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(fabs((double)(found[i] - expected[i])) <= LIMIT * fmax(1, fabs((double)expected[i])),
                      "%s, step %d: %s[%lld] is %.9g, expected %.9g", group, step, what, (long long)i, (double)found[i],
                      (double)expected[i]);
}

/* The derivatives are added to nonzero numbers. */
static void check_case(const char *group)
{
    gnl_real output[2][STEPS * ROWS], expected[2][STEPS * ROWS], values[STEPS];
    genlat_model *model = model_with(group);
    gnl_gan_penalties *all = &gnl_gan_of(model)->penalties;
    const gnl_gan_batch batch = {NULL, ROWS, ROWS, ROWS, ROWS};
    golden_load(group, "real", STEPS * ROWS, output[GNL_REAL]);
    golden_load(group, "fake", STEPS * ROWS, output[GNL_FAKE]);
    golden_load(group, "dreal", STEPS * ROWS, expected[GNL_REAL]);
    golden_load(group, "dfake", STEPS * ROWS, expected[GNL_FAKE]);
    golden_load(group, "value", STEPS * 1, values);
    for (int step = 0; step < STEPS; step++) {
        gnl_real slope[2][ROWS];
        gnl_penalty_sum sum = {0};
        gnl_penalty_call call = {.model = model, .batch = &batch, .net = GNL_DISCRIMINATOR};
        for (int side = GNL_REAL; side <= GNL_FAKE; side++) {
            call.output[side] = output[side] + step * ROWS;
            call.doutput[side] = slope[side];
            for (int i = 0; i < ROWS; i++)
                slope[side][i] = 1;
        }
        model->progress.step = step;
        gnl_penalties_outputs(all, &call, 1, 1, &sum);
        const gnl_real value = (gnl_real)(sum.lazy + sum.steady);
        for (int side = GNL_REAL; side <= GNL_FAKE; side++) {
            for (int i = 0; i < ROWS; i++)
                slope[side][i] -= 1;
            expect(group, side == GNL_REAL ? "dreal" : "dfake", step, ROWS, slope[side], expected[side] + step * ROWS);
        }
        expect(group, "value", step, 1, &value, values + step);
        gnl_penalties_after_step(all, &call);
    }
    genlat_model_destroy(&model);
}

START_TEST(penalties_agree_with_pytorch)
{
    char group[TEXT];
    int cases = 0;
    const char *text = gnl_reader_meta(golden_reader(), "cases");
    ck_assert_ptr_nonnull(text);
    for (; *text; text += strcspn(text, "|"), text += *text == '|') {
        snprintf(group, sizeof group, "%.*s", (int)strcspn(text, "|"), text);
        check_case(group);
        cases++;
    }
    ck_assert_int_ge(cases, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden penalties");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, penalties_agree_with_pytorch);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
