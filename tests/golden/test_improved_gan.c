/* SPDX-License-Identifier: MIT */
/* A step of a GAN whose discriminator is a classifier against numbers of PyTorch: losses of labels, of samples without
 * labels and of generated samples, feature matching, and all gradients. make_improved_gan.py writes the numbers. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "gan/gan_priv.h"
#include "net/net_priv.h"
#include "golden/data/improved_gan.h"

enum { INPUTS = 4, FEATURES = 5, CLASSES = 3, ROWS = 7 };

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void set_weight(genlat_net *net, const char *name, const double *from, int64_t count)
{
    const int index = gnl_net_find_weight(net, name);
    ck_assert_int_ge(index, 0);
    for (int64_t i = 0; i < count; i++)
        gnl_net_weight_data(net, index)[i] = (gnl_real)from[i];
}

static void expect_grad(const genlat_net *net, const char *name, const double *expected, int64_t count)
{
    const int index = gnl_net_find_weight(net, name);
    for (int64_t i = 0; i < count; i++)
        ck_assert_double_eq_tol((double)net->grad[net->weight[index].offset + i], expected[i], 2e-6);
}

static genlat_model *make(void)
{
    static const char *const pairs[][2] = {
        {"generator", "dense units=4 init=constant gain=0 from=z name=g"},
        {"discriminator", "dense units=5 bias=no from=x name=first; tanh name=features; dense units=3 bias=no "
                          "name=classes; logsumexp name=verdict; output verdict,classes"},
        {"optimizer_g", "sgd lr=0"},
        {"auxiliary", "0.7"},
        {"feature_matching", "1"},
        {"condition", "classes=3"}};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "gan", &b), GENLAT_OK);
    genlat_model_builder_preset(b, "improved");
    genlat_model_builder_data(b, 1, (int64_t[]){INPUTS});
    for (size_t i = 0; i < GNL_COUNT(pairs); i++)
        genlat_model_builder_set(b, pairs[i][0], pairs[i][1]);
    genlat_model_builder_set(b, "optimizer_d", "sgd lr=0");
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s", genlat_last_error());
    return model;
}

START_TEST(a_step_agrees_with_pytorch)
{
    static const gnl_real label[ROWS] = {-1, 2, -1, 0, 1, -1, 2};
    genlat_model *model = make();
    genlat_net *g = model->net[GNL_GENERATOR], *d = model->net[GNL_DISCRIMINATOR];
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_gan_terms t = {.size = sizeof t};
    set_weight(d, "first.weight", first_weight, FEATURES * INPUTS);
    set_weight(d, "classes.weight", last_weight, CLASSES * FEATURES);
    set_weight(g, "g.bias", generated, INPUTS);
    ck_assert_int_eq(gnl_tensor_new(ctx, &(gnl_shape){2, {ROWS, INPUTS}}, &x), GENLAT_OK);
    ck_assert_int_eq(gnl_tensor_new(ctx, &(gnl_shape){1, {ROWS}}, &labels), GENLAT_OK);
    for (int i = 0; i < ROWS * INPUTS; i++)
        x->data[i] = (gnl_real)samples[i];
    memcpy(labels->data, label, sizeof label);
    ck_assert_msg(genlat_gan_step(model, x, labels, &t) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_double_eq_tol(t.d_loss, critic[0], 2e-6);
    ck_assert_double_eq_tol(t.label_loss, cross_entropy[0], 2e-6);
    ck_assert_double_eq_tol(t.g_loss, maker[0], 2e-6);
    expect_grad(g, "g.bias", maker_by_generated, INPUTS);
    ck_assert_int_eq(genlat_gan_step_d(model, x, labels, &t), GENLAT_OK);
    expect_grad(d, "first.weight", critic_by_first, FEATURES * INPUTS);
    expect_grad(d, "classes.weight", critic_by_last, CLASSES * FEATURES);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden improved gan");
    TCase *tests = tcase_create("pytorch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_step_agrees_with_pytorch);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
