/* SPDX-License-Identifier: MIT */
/* Whole steps of GANs in double: gradients of discriminator (loss and penalties) and generator against central
 * differences. */
#include <check.h>
#include <stdlib.h>

#include "support/gan_rig.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

#define SMOOTH "dense units=7; tanh; dense units=5; softplus; dense units=1"
#define FEATURES "flatten from=x; dense units=7; tanh name=features; dense units=1 name=verdict; "
#define CLASSIFIER(classes)                                                                                            \
    "flatten from=x; dense units=7; tanh name=features; dense units=" classes                                          \
    " name=classes; logsumexp name=verdict; output verdict,classes"

static const struct {
    const char *preset, *critic;
    const char *pairs[12];
    gnl_shape data; /* without dimensions: [3] */
} cases[] = {
    {"r3", SMOOTH, {"r1", "0.5", "r2", "0.2"}, {0}},
    {"r3", SMOOTH, {"loss", "hinge", "packing", "2", "noise", "0.2"}, {0}},
    {"r3", SMOOTH, {"loss", "relativistic_average", "gp", "2", "gp_kind", "zero"}, {0}},
    {"r3",
     "dense units=9; leaky_relu slope=0.2; dense units=1",
     {"loss", "minimax", "gp", "1", "gp_place", "dragan"},
     {0}},
    {"mlp", SMOOTH, {"loss", "least_squares", "label_smoothing", "0.1", "label_smoothing_fake", "0.2"}, {0}},
    {"wgan_gp", SMOOTH, {"gp", "3"}, {0}},
    {"mlp", SMOOTH, {"approx_r1", "50", "approx_r2", "20", "approx_sd", "0.3", "noise", "0.1"}, {0}},
    {"r3", FEATURES, {"feature_matching", "3", "history", "0.4", "orthogonal", "0.2"}, {0}},
    {"r3",
     FEATURES "dense units=2 from=features name=classes; output verdict,classes",
     {"condition", "classes=2", "conditioning", "auxiliary", "auxiliary", "0.6", "packing", "1"},
     {0}},
    {"mlp",
     CLASSIFIER("2"),
     {"condition", "classes=2", "conditioning", "classifier", "auxiliary", "0.7", "r1", "0.4", "noise", "0.1"},
     {0}},
    {"mlp",
     CLASSIFIER("3"),
     {"condition", "classes=3", "conditioning", "classifier", "loss", "features", "feature_matching", "2"},
     {0}},
    {"r3",
     FEATURES "dense units=2 from=features bias=no name=match; multiply from=match,c; reshape shape=1x2; "
              "global_avg_pool name=matches; add from=verdict,matches",
     {"condition", "classes=2", "conditioning", "projection", "r1", "0.7"},
     {0}},
    {"r3",
     "conv2d channels=3 kernel=3 padding=1; tanh; flatten; dense units=1",
     {"augment", "color,translation,cutout", "r2", "0.3", "noise", "0.1"},
     {3, {2, 6, 5}}},
    {"wgan_gp", "conv1d channels=3; tanh; flatten; dense units=1", {"augment", "contrast cutout"}, {2, {2, 9}}},
};

START_TEST(gradients_match_differences)
{
    gan_rig r;
    gan_rig_open(&r, ctx, cases[_i].preset, cases[_i].critic, &cases[_i].data, cases[_i].pairs);
    double critic = gan_rig_error(&r, GNL_DISCRIMINATOR), maker = gan_rig_error(&r, GNL_GENERATOR);
    ck_assert_msg(critic < 1e-6 && maker < 1e-6, "case %d: errors %g and %g", _i, critic, maker);
    gan_rig_close(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gan gradients");
    TCase *tests = tcase_create("double");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, gradients_match_differences, 0, (int)GNL_COUNT(cases));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
