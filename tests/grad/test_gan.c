/* SPDX-License-Identifier: MIT */
/* Whole steps of GANs in double: the gradients of critic (loss and penalties) and generator against central differences. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gan/gan_priv.h"

enum { ROWS = 6, PROBES = 60 };

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

static const struct {
    const char *preset, *critic;
    const char *pairs[12];
    gnl_shape data; /* of no dimensions: [3] */
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
    {"r3",
     FEATURES "dense units=2 from=features bias=no name=match; multiply from=match,c; reshape shape=1x2; "
              "global_avg_pool name=matches; add from=verdict,matches",
     {"condition", "classes=2", "conditioning", "projection", "r1", "0.7"},
     {0}},
    {"r3",
     "conv2d channels=3 kernel=3 padding=1; tanh; flatten; dense units=1",
     {"augment", "color,translation,cutout", "r2", "0.3", "noise", "0.1"},
     {3, {2, 6, 5}}},
    {"wgan_gp",
     "conv1d channels=3; tanh; flatten; dense units=1",
     {"augment", "contrast cutout"},
     {2, {2, 9}}},
};

static genlat_model *make(int index)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    const gnl_shape *data = &cases[index].data;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "gan", &b), GENLAT_OK);
    genlat_model_builder_preset(b, cases[index].preset);
    if (data->ndim)
        genlat_model_builder_data(b, data->ndim, data->dim);
    else
        genlat_model_builder_data(b, 1, (int64_t[]){3});
    genlat_model_builder_set(b, "generator", "dense units=6 from=z; silu; dense units={out}");
    genlat_model_builder_set(b, "discriminator", cases[index].critic);
    genlat_model_builder_set(b, "optimizer_g", "sgd lr=0");
    for (const char *const *pair = cases[index].pairs; *pair; pair += 2)
        genlat_model_builder_set(b, pair[0], pair[1]);
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s", genlat_last_error());
    return model;
}

typedef genlat_status step_fn(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                              genlat_gan_terms *terms);

/* A step at rate 0: moves nothing, draws the same numbers each time, and leaves its gradients. */
static double objective(genlat_model *model, const genlat_tensor *x, step_fn *step)
{
    static gnl_real classes[] = {0, 1, 1, 0, 1, 0};
    static const gnl_shape row = {1, {ROWS}};
    genlat_gan_terms t = {.size = sizeof t};
    genlat_tensor *labels = NULL;
    ck_assert_int_eq(gnl_tensor_borrow(ctx, &row, classes, &labels), GENLAT_OK);
    /* So late, the means of the weights stand still: at 0, where they are in a new model. */
    gnl_optim_set_steps(model->optimizer[GNL_GENERATOR].optim, INT64_C(1) << 60);
    gnl_optim_set_steps(model->optimizer[GNL_DISCRIMINATOR].optim, INT64_C(1) << 60);
    model->progress.passes = 5;
    model->progress.step = 0;
    ck_assert_msg(step(model, x, labels, &t) == GENLAT_OK, "%s", genlat_last_error());
    gnl_tensor_release(labels);
    return step == genlat_gan_step_d ? t.d_loss + t.penalty : t.g_loss;
}

static double error_of(genlat_model *model, const genlat_tensor *x, genlat_net *net, step_fn *step)
{
    const double h = 1e-6;
    double apart = 0, size = 0;
    (void)objective(model, x, step);
    gnl_real *found = malloc((size_t)net->values * sizeof *found);
    memcpy(found, net->grad, (size_t)net->values * sizeof *found);
    for (int64_t i = 0; i < net->values; i += GNL_MAX(1, net->values / PROBES)) {
        gnl_real kept = net->value[i];
        net->value[i] = kept + h;
        double above = objective(model, x, step);
        net->value[i] = kept - h;
        double wanted = (above - objective(model, x, step)) / (2 * h);
        net->value[i] = kept;
        apart += (wanted - (double)found[i]) * (wanted - (double)found[i]);
        size += wanted * wanted;
    }
    free(found);
    ck_assert_double_gt(size, 0);
    return sqrt(apart / size);
}

START_TEST(gradients_match_differences)
{
    genlat_model *model = make(_i);
    genlat_tensor *x = NULL;
    const gnl_shape shape = gnl_shape_batched(&model->config->data, ROWS);
    gnl_rng rng = gnl_rng_make(9, GNL_STREAM_USER, 0);
    ck_assert_int_eq(gnl_tensor_new(ctx, &shape, &x), GENLAT_OK);
    gnl_rng_fill_normal(&rng, x->data, gnl_shape_count(&shape));
    double critic = error_of(model, x, model->net[GNL_DISCRIMINATOR], genlat_gan_step_d);
    double maker = error_of(model, x, model->net[GNL_GENERATOR], genlat_gan_step_g);
    ck_assert_msg(critic < 1e-6 && maker < 1e-6, "case %d: errors %g and %g", _i, critic, maker);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
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
