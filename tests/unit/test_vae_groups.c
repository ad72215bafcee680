/* SPDX-License-Identifier: MIT */
/* VAEs with two groups of one latent each, whose generative model is linear: likelihood, samples and reported values
 * against the exact ones. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vae/vae_priv.h"

enum { ROWS = 3 };

/* p(z1|z2) = N(SLOPE z2 + SHIFT, e^LOGVAR), p(x|z1) = N(GAIN z1 + OFFSET, SD^2). */
static const double SLOPE = 0.8, SHIFT = 0.3, LOGVAR = -0.7, GAIN = 1.2, OFFSET = -0.4, SD = 0.5;

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static const gnl_part *part_of(const genlat_model *model, const char *name)
{
    for (int i = 0; i < model->parts; i++)
        if (strcmp(model->part[i].name, name) == 0)
            return &model->part[i];
    ck_abort_msg("no part %s", name);
}

static genlat_model *make(const char *posterior)
{
    static const char *const pairs[] = {"encoder",    "dense units=4 | tanh",
                                        "decoder",    "slice length=1 | dense units=1",
                                        "latent",     "2",
                                        "prior",      "chain layers=0",
                                        "samples",    "2",
                                        "likelihood", "gaussian value=0.5"};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){1});
    for (size_t k = 0; k < GNL_COUNT(pairs); k += 2)
        genlat_model_builder_set(b, pairs[k], pairs[k + 1]);
    genlat_model_builder_set(b, "posterior", posterior);
    expect_ok(genlat_model_build(&b, NULL, &model));
    const gnl_part *prior = part_of(model, "prior_1"), *decoder = part_of(model, "decoder");
    ck_assert_int_eq(prior->weights, 4);
    const double of_prior[] = {SLOPE, SHIFT, 0, LOGVAR}, of_decoder[] = {GAIN, OFFSET};
    for (int i = 0; i < 4; i++)
        prior->value[prior->weight[i].offset] = (gnl_real)of_prior[i];
    for (int i = 0; i < 2; i++)
        decoder->value[decoder->weight[i].offset] = (gnl_real)of_decoder[i];
    return model;
}

static genlat_tensor *data(void)
{
    genlat_tensor *x = NULL;
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, 1}, &x));
    memcpy(x->data, (gnl_real[]){-0.6f, 0.2f, 1.1f}, ROWS * sizeof *x->data);
    return x;
}

static const char *const posteriors[] = {"markov layers=1 width=3", "ladder", "residual"};

START_TEST(likelihoods_are_exact)
{
    genlat_model *model = make(posteriors[_i]);
    genlat_tensor *x = data();
    double nll[ROWS];
    const double mean = GAIN * SHIFT + OFFSET, variance = GAIN * GAIN * (SLOPE * SLOPE + exp(LOGVAR)) + SD * SD;
    expect_ok(genlat_vae_log_likelihood(model, x, NULL, 20000, 3, nll));
    for (int r = 0; r < ROWS; r++) {
        const double d = (double)x->data[r] - mean;
        ck_assert_double_eq_tol(nll[r], 0.5 * (d * d / variance + log(2 * M_PI * variance)), 0.05);
    }
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

/* The prior is that of the model, at any temperature. */
START_TEST(samples_have_the_moments_of_the_prior)
{
    enum { COUNT = 20000 };
    static gnl_real z[2 * COUNT];
    const double temperature = _i ? 0.5 : 1;
    genlat_model *model = make("ladder");
    genlat_sample_opts opts = {.size = sizeof opts};
    double mean = 0, square = 0, product = 0;
    genlat_sample_opts_init(&opts);
    opts.temperature = temperature;
    const gnl_prior_call call = {.rows = COUNT, .seed = 5, .opts = &opts};
    expect_ok(gnl_vae_prior(model, &call, z));
    for (int i = 0; i < COUNT; i++) {
        mean += (double)z[2 * i] / COUNT;
        square += pow((double)z[2 * i] - SHIFT, 2) / COUNT;
        product += (double)z[2 * i] * (double)z[2 * i + 1] / COUNT;
    }
    const double scale = temperature * temperature;
    ck_assert_double_eq_tol(mean, SHIFT, 0.03);
    ck_assert_double_eq_tol(square, scale * (SLOPE * SLOPE + exp(LOGVAR)), 0.04);
    ck_assert_double_eq_tol(product, scale * SLOPE, 0.03);
    genlat_model_destroy(&model);
}
END_TEST

/* The values of a step and of an evaluation name the KL of each group, and their sum is the KL. */
START_TEST(the_kl_of_each_group_is_reported)
{
    static const char *const names[] = {"neg_elbo", "recon", "kl", "objective", "grad_norm", "beta", "kl_1", "kl_2"};
    genlat_model *model = make(posteriors[_i]);
    genlat_tensor *x = data();
    genlat_source *source = NULL;
    double step[GENLAT_MAX_TERMS], evaluated[GENLAT_MAX_TERMS];
    for (size_t i = 0; i < GNL_COUNT(names); i++)
        ck_assert_str_eq(genlat_model_term(model, (int32_t)i), names[i]);
    ck_assert_ptr_null(genlat_model_term(model, (int32_t)GNL_COUNT(names)));
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    expect_ok(genlat_model_evaluate(model, source, 2, 1, evaluated));
    expect_ok(genlat_model_step(model, x, NULL, step));
    ck_assert_double_eq_tol(step[6] + step[7], step[2], 1e-5);
    ck_assert_double_eq_tol(evaluated[6] + evaluated[7], evaluated[2], 1e-5);
    ck_assert(evaluated[6] > 0 && evaluated[7] > 0);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

/* Without noise, q(z2|z1) of a chain upwards is at the mean of z1; the log-variances are those of the posterior. */
START_TEST(codes_without_noise_are_reported)
{
    genlat_model *model = make("residual");
    genlat_tensor *x = data(), *mean = NULL, *logvar = NULL;
    const gnl_part *encoder = part_of(model, "encoder");
    for (int64_t i = 0; i < encoder->values; i++)
        encoder->value[i] = 0; /* the posterior is the prior */
    expect_ok(genlat_vae_encode(model, x, NULL, &mean, &logvar));
    for (int r = 0; r < ROWS; r++) {
        ck_assert_double_eq_tol((double)mean->data[2 * r], SHIFT, 1e-6);
        ck_assert_double_eq_tol((double)mean->data[2 * r + 1], 0, 1e-6);
        ck_assert_double_eq_tol((double)logvar->data[2 * r], LOGVAR, 1e-6);
        ck_assert_double_eq_tol((double)logvar->data[2 * r + 1], 0, 1e-6);
    }
    genlat_tensor_destroy(&mean);
    genlat_tensor_destroy(&logvar);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- settings ---------------------------------------------------------------------------------- */

static const struct {
    const char *posterior, *architecture, *terms;
    genlat_status status;
    const char *error; /* or a line of the encoder */
} settings[] = {
    {"ladder groups=3x2", "ladder widths=6x4", "", GENLAT_OK, "from=level1"},
    {"residual groups=3x2", "tanh widths=6", "", GENLAT_OK, "tanh"},
    {"ladder groups=3x2", "ladder widths=6x4x2", "", GENLAT_E_INVALID, "as many groups, found posterior ladder with 2"},
    {"markov groups=3x2", "ladder widths=6x4", "", GENLAT_E_INVALID, "found posterior markov"},
    {"gaussian", "ladder widths=6x4", "", GENLAT_E_INVALID, "needs posterior=ladder or posterior=residual"},
    {"ladder groups=3x3", "tanh widths=6", "", GENLAT_E_INVALID, "use latent=6"},
    {"ladder groups=1x1x1x1x1", "tanh widths=6", "mmd;mmd;mmd;mmd;mmd;mmd;mmd", GENLAT_E_RANGE, "use fewer terms"},
};

START_TEST(groups_and_architectures_are_checked)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    char text[4096];
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){4});
    genlat_model_builder_set(b, "latent", "5");
    genlat_model_builder_set(b, "posterior", settings[_i].posterior);
    genlat_model_builder_set(b, "architecture", settings[_i].architecture);
    genlat_model_builder_set(b, "terms", settings[_i].terms);
    const genlat_status status = genlat_model_build(&b, NULL, &model);
    ck_assert_msg(status == settings[_i].status, "%d: %s", status, genlat_last_error());
    if (status != GENLAT_OK) {
        ck_assert_msg(strstr(genlat_last_error(), settings[_i].error) != NULL, "%s", genlat_last_error());
        return;
    }
    (void)gnl_net_describe(model->net[GNL_VAE_ENCODER_NET], text, sizeof text, 0);
    ck_assert_msg(strstr(text, settings[_i].error) != NULL, "%s", text);
    genlat_model_destroy(&model);
}
END_TEST

/* The default terms of a posterior whose density is known at its draws contain the KL. */
START_TEST(flows_pay_their_kl)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){4});
    genlat_model_builder_set(b, "posterior", _i ? "planar" : "iaf steps=1 width=4");
    expect_ok(genlat_model_build(&b, NULL, &model));
    ck_assert_int_eq(gnl_vae_of(model)->latents->terms, 1);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("groups of latents");
    TCase *tests = tcase_create("vae");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, likelihoods_are_exact, 0, 3);
    tcase_add_loop_test(tests, samples_have_the_moments_of_the_prior, 0, 2);
    tcase_add_loop_test(tests, the_kl_of_each_group_is_reported, 0, 3);
    tcase_add_test(tests, codes_without_noise_are_reported);
    tcase_add_loop_test(tests, groups_and_architectures_are_checked, 0, (int)GNL_COUNT(settings));
    tcase_add_loop_test(tests, flows_pay_their_kl, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
