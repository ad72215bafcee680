/* SPDX-License-Identifier: MIT */
/* Objectives and gradients of whole VAEs against numbers of PyTorch stored by make_vae.py. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vae/vae_priv.h"
#include "net/exec_priv.h"

enum { ROWS = 4, KEY = 96 };

static const struct vae_case {
    const char *name, *likelihood, *settings, *encoder, *decoder;
} cases[] = {
    {"mlp", "bernoulli", "", "flatten | dense units=7 | tanh", "dense units=6 | tanh | dense units={out}"},
    {"beta", "bernoulli", "beta=4;samples=3", "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"free_bits", "bernoulli", "free_bits=0.05", "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"capacity", "bernoulli", "gamma=10;capacity=3", "flatten | dense units=7 | tanh",
     "dense units=6 | tanh | dense units={out}"},
    {"conditional", "bernoulli", "condition=classes=3",
     "flatten from=x name=f | concat from=f,c | dense units=7 | silu",
     "concat from=z,c | dense units=6 | silu | dense units={out}"},
    {"conv", "gaussian sd=learned", "", "conv2d channels=3 kernel=4 stride=2 padding=1 | relu | flatten",
     "dense units=12 | relu | reshape shape=3x2x2 | conv_transpose2d channels={channels} kernel=4 stride=2 padding=1"},
};

#ifdef GNL_FLOAT64
static const double TOLERANCE = 1e-6; /* the stored numbers are float32 */
#else
static const double TOLERANCE = 1e-5;
#endif

static genlat_ctx *ctx;
static gnl_reader *stored;

static genlat_model *build(const struct vae_case *now)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    char copy[128], *rest = NULL;
    strcpy(copy, now->settings);
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    genlat_model_builder_data(b, 3, (int64_t[]){1, 4, 4});
    genlat_model_builder_set_int(b, "latent", 3);
    genlat_model_builder_set(b, "likelihood", now->likelihood);
    for (char *word = strtok_r(copy, ";", &rest); word; word = strtok_r(NULL, ";", &rest)) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        genlat_model_builder_set(b, word, equals + 1);
    }
    genlat_model_builder_set(b, "encoder", now->encoder);
    genlat_model_builder_set(b, "decoder", now->decoder);
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s", genlat_last_error());
    return model;
}

static void read(const char *name, const char *part, const char *key, const gnl_shape *shape, gnl_real *out)
{
    char full[KEY];
    snprintf(full, sizeof full, "%s.%s%s", name, part, key);
    ck_assert_msg(gnl_reader_real(stored, full, shape, out) == GENLAT_OK, "%s", genlat_last_error());
}

static void load_weights(const char *name, const char *part, genlat_net *net)
{
    for (int i = 0; i < net->weights; i++)
        read(name, part, net->weight[i].name, &net->weight[i].param.shape, gnl_net_weight_data(net, i));
}

/* Relative error of an array of numbers, as a vector. */
static double error_of(const gnl_real *found, const gnl_real *expected, int64_t count)
{
    double apart = 0, size = 0;
    for (int64_t i = 0; i < count; i++) {
        apart += pow((double)found[i] - (double)expected[i], 2);
        size += pow((double)expected[i], 2);
    }
    return sqrt(apart / size);
}

static void compare_gradients(const char *name, const char *part, const genlat_net *net)
{
    gnl_real expected[512];
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        ck_assert_int_le(w->count, 512);
        read(name, part, w->name, &w->param.shape, expected);
        double error = error_of(net->grad + w->offset, expected, w->count);
        ck_assert_msg(error < TOLERANCE, "%s: %s%s is off by %g", name, part, w->name, error);
    }
}

START_TEST(objective_and_gradients_agree_with_pytorch)
{
    const struct vae_case *now = &cases[_i];
    genlat_model *model = build(now);
    genlat_net *const *net = model->net;
    const genlat_loss *loss = gnl_vae_of(model)->loss;
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_vae_terms terms = {.size = sizeof terms};
    gnl_real expected[3];
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){ROWS, 1, 4, 4}, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_from(ctx, 1, (int64_t[]){ROWS}, (float[]){0, 1, 2, 0}, &labels), GENLAT_OK);
    read(now->name, "", "x", &x->shape, x->data);
    read(now->name, "", "terms", NULL, expected);
    load_weights(now->name, "encoder.", net[GNL_VAE_ENCODER_NET]);
    load_weights(now->name, "decoder.", net[GNL_VAE_DECODER_NET]);
    ck_assert_msg(genlat_vae_backward(model, x, labels, &terms) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_double_lt(fabs(terms.recon / (double)expected[0] - 1), TOLERANCE);
    ck_assert_double_lt(fabs(terms.kl / (double)expected[1] - 1), TOLERANCE);
    ck_assert_double_lt(fabs(terms.objective / (double)expected[2] - 1), TOLERANCE);
    compare_gradients(now->name, "grad.encoder.", net[GNL_VAE_ENCODER_NET]);
    compare_gradients(now->name, "grad.decoder.", net[GNL_VAE_DECODER_NET]);
    if (gnl_loss_trains(loss)) {
        read(now->name, "grad.", "log_sd", NULL, expected);
        ck_assert_double_lt(error_of(loss->grad, expected, 1), TOLERANCE);
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
}
END_TEST

static void open_all(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_msg(gnl_reader_open(ctx, gnl_input_file(GOLDEN_VAE), &stored) == GENLAT_OK, "%s", genlat_last_error());
}

static void close_all(void)
{
    gnl_reader_close(stored);
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("vae against PyTorch");
    TCase *tcase = tcase_create("vae");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_loop_test(tcase, objective_and_gradients_agree_with_pytorch, 0, (int)GNL_COUNT(cases));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
