/* SPDX-License-Identifier: MIT */
/* Every likelihood and adversarial loss against numbers of PyTorch stored by make_loss.py. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "grad/loss_cases.h"
#include "loss/loss.h"
#include "support/golden.h"

enum { ROWS = 4, MOST = 512 };

static const double SCALE = 0.25;

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    golden_open(ctx, GOLDEN_LOSS);
}

static void tear_down(void)
{
    golden_close();
    genlat_ctx_destroy(&ctx);
}

START_TEST(likelihoods_agree_with_pytorch)
{
    const loss_case *c = &loss_cases[_i];
    gnl_real out[MOST], target[MOST], dout[MOST], weight[ROWS], nll_real[ROWS];
    double factor[ROWS], nll[ROWS];
    char group[256];
    genlat_loss *loss = NULL;
    int64_t outputs = ROWS * c->parts * c->dims;
    snprintf(group, sizeof group, "%s %dx%d", c->spec, c->parts, c->dims);
    golden_load(group, "out", outputs, out);
    golden_load(group, "target", ROWS * c->dims, target);
    golden_load(group, "weight", ROWS, weight);
    for (int i = 0; i < ROWS; i++)
        factor[i] = (double)weight[i];
    ck_assert_msg(gnl_loss_parse(ctx, c->spec, &loss) == GENLAT_OK, "%s", genlat_last_error());
    gnl_loss_eval(loss, &(gnl_loss_call){.compute = {ctx, gnl_kernels_of(ctx), NULL},
                                         .rows = ROWS,
                                         .dims = c->dims,
                                         .parts = c->parts,
                                         .out = out,
                                         .target = target,
                                         .scale = SCALE,
                                         .weight = factor,
                                         .nll = nll,
                                         .dout = dout,
                                         .training = true});
    for (int i = 0; i < ROWS; i++)
        nll_real[i] = (gnl_real)nll[i];
    golden_expect(group, "nll", ROWS, nll_real);
    golden_expect(group, "dout", outputs, dout);
    if (gnl_loss_trains(loss))
        golden_expect(group, "down", 1, loss->grad);
    gnl_loss_release(loss);
}
END_TEST

START_TEST(adversarial_losses_agree_with_pytorch)
{
    const char *name = gnl_adversarial_names[_i];
    gnl_real real[ROWS], fake[ROWS], dreal[ROWS], dfake[ROWS], dmade[ROWS];
    char group[64];
    snprintf(group, sizeof group, "adversarial %s", name);
    golden_load(group, "real", ROWS, real);
    golden_load(group, "fake", ROWS, fake);
    const gnl_adversarial a = {(uint32_t)_i, gnl_adversarial_smooths((uint32_t)_i) ? 0.1 : 0, ROWS, real, fake, 0};
    gnl_real critic = (gnl_real)gnl_adversarial_discriminator(&a, dreal, dfake);
    gnl_real maker = (gnl_real)gnl_adversarial_generator(&a, dmade);
    golden_expect(group, "critic", 1, &critic);
    golden_expect(group, "dreal", ROWS, dreal);
    golden_expect(group, "dfake", ROWS, dfake);
    golden_expect(group, "maker", 1, &maker);
    golden_expect(group, "dmade", ROWS, dmade);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden loss");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, likelihoods_agree_with_pytorch, 0, (int)GNL_COUNT(loss_cases));
    tcase_add_loop_test(tests, adversarial_losses_agree_with_pytorch, 0, GENLAT_ADVERSARIAL_FEATURES + 1);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
