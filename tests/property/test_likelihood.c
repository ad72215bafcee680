/* SPDX-License-Identifier: MIT */
/*
 * The importance-sampled likelihood of a model with known likelihood: a linear decoder with Gaussian noise,
 * x = W z + b + sd e, so that x is distributed as N(b, W W^T + sd^2 I). With orthogonal columns in W the posterior has
 * a
 * diagonal covariance, which the encoder can represent exactly. Then every importance weight equals p(x). With another
 * encoder
 * the negative log-likelihood converges from above.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "vae/vae_priv.h"

enum { DATA = 3, LATENT = 2, ROWS = 5 };

static const double SD = 0.7;
static const double W[DATA][LATENT] = {{1.2, 0.4}, {0.8, -0.6}, {0.0, 0.9}}; /* orthogonal columns */
static const double B[DATA] = {0.3, -0.2, 0.1};

static genlat_ctx *ctx;

static double column_square(int j)
{
    double total = 0;
    for (int i = 0; i < DATA; i++)
        total += W[i][j] * W[i][j];
    return total;
}

/* log N(x; b, W W^T + sd^2 I), by the eigenvectors: the normalized columns and their orthogonal complement. */
static double log_density(const double *x)
{
    double rest = 0, total = -0.5 * DATA * log(2 * acos(-1.0));
    for (int i = 0; i < DATA; i++)
        rest += (x[i] - B[i]) * (x[i] - B[i]);
    for (int j = 0; j < LATENT; j++) {
        double along = 0, square = column_square(j), variance = square + SD * SD;
        for (int i = 0; i < DATA; i++)
            along += W[i][j] * (x[i] - B[i]) / sqrt(square);
        rest -= along * along;
        total -= 0.5 * (along * along / variance + log(variance));
    }
    return total - 0.5 * (rest / (SD * SD) + (DATA - LATENT) * log(SD * SD));
}

static gnl_real *weight(genlat_net *net, const char *name)
{
    int index = gnl_net_find_weight(net, name);
    ck_assert_msg(index >= 0, "no weight %s", name);
    return gnl_net_weight_data(net, index);
}

/* Posterior: covariance 1 / (1 + |w|^2 / sd^2), mean that times W^T (x - b) / sd^2; both can be scaled by a factor. */
static void set_nets(const genlat_model *model, double mean_factor, double variance_factor)
{
    genlat_net *encoder = model->net[GNL_VAE_ENCODER_NET], *decoder = model->net[GNL_VAE_DECODER_NET];
    gnl_real *mean = weight(encoder, "mean.weight"), *mean_bias = weight(encoder, "mean.bias");
    gnl_real *logvar = weight(encoder, "logvar_raw.weight"), *logvar_bias = weight(encoder, "logvar_raw.bias");
    gnl_real *out = weight(decoder, "0.weight"), *out_bias = weight(decoder, "0.bias");
    for (int j = 0; j < LATENT; j++) {
        double variance = 1 / (1 + column_square(j) / (SD * SD));
        mean_bias[j] = 0;
        logvar_bias[j] = (gnl_real)log(variance_factor * variance);
        for (int i = 0; i < DATA; i++) {
            double slope = mean_factor * variance * W[i][j] / (SD * SD);
            mean[j * DATA + i] = (gnl_real)slope;
            mean_bias[j] -= (gnl_real)(slope * B[i]);
            logvar[j * DATA + i] = 0;
            out[i * LATENT + j] = (gnl_real)W[i][j];
            out_bias[i] = (gnl_real)B[i];
        }
    }
}

static genlat_model *build(void)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    genlat_model_builder_data(b, 1, (int64_t[]){DATA});
    genlat_model_builder_set_int(b, "latent", LATENT);
    genlat_model_builder_set(b, "likelihood", "gaussian sd=fixed value=0.7");
    genlat_model_builder_set(b, "encoder", "flatten");
    genlat_model_builder_set(b, "decoder", "dense units={out}");
    ck_assert_msg(genlat_model_build(&b, NULL, &model) == GENLAT_OK, "%s", genlat_last_error());
    return model;
}

static genlat_tensor *data(double expected[ROWS])
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(9, GNL_STREAM_USER, 0);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, DATA}, &x), GENLAT_OK);
    gnl_rng_fill_normal(&rng, x->data, ROWS * DATA);
    for (int r = 0; r < ROWS; r++) {
        double row[DATA];
        for (int i = 0; i < DATA; i++)
            row[i] = (double)x->data[r * DATA + i];
        expected[r] = -log_density(row);
    }
    return x;
}

static void compare(double mean_factor, double variance_factor, int64_t samples, double tolerance)
{
    double expected[ROWS], found[ROWS];
    genlat_model *model = build();
    genlat_tensor *x = data(expected);
    set_nets(model, mean_factor, variance_factor);
    ck_assert_int_eq(genlat_vae_log_likelihood(model, x, NULL, samples, 3, found), GENLAT_OK);
    for (int r = 0; r < ROWS; r++)
        ck_assert_msg(fabs(found[r] - expected[r]) < tolerance, "row %d: %.9f found, expected %.9f", r, found[r],
                      expected[r]);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}

START_TEST(the_exact_posterior_has_the_exact_likelihood)
{
    compare(1, 1, 1, 1e-9);
    compare(1, 1, 700, 1e-9); /* more samples than the decoder computes at once */
}
END_TEST

START_TEST(other_proposals_converge)
{
    compare(0.8, 1.3, 200000, 0.01);
}
END_TEST

START_TEST(elbo_of_the_exact_posterior_is_the_likelihood)
{
    double expected[ROWS], mean = 0;
    genlat_model *model = build();
    genlat_tensor *x = data(expected);
    genlat_vae_terms terms = {.size = sizeof terms};
    set_nets(model, 1, 1);
    for (int r = 0; r < ROWS; r++)
        mean += expected[r] / ROWS;
    ck_assert_int_eq(genlat_vae_elbo(model, x, NULL, 20000, 3, &terms), GENLAT_OK);
    ck_assert_double_lt(fabs(terms.neg_elbo - mean), 0.01);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

static void open_ctx(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void close_ctx(void)
{
    genlat_ctx_destroy(&ctx);
}

int main(void)
{
    Suite *suite = suite_create("likelihood");
    TCase *tcase = tcase_create("likelihood");
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_test(tcase, the_exact_posterior_has_the_exact_likelihood);
    tcase_add_test(tcase, other_proposals_converge);
    tcase_add_test(tcase, elbo_of_the_exact_posterior_is_the_likelihood);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
