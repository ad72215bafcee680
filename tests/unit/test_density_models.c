/* SPDX-License-Identifier: MIT */
/* Mixtures, probabilistic PCA and Boltzmann machines as models: likelihoods after training, samples, settings. What all
 * families have in common is in test_model.c and test_model_files.c. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/experimental.h"
#include "genlat/genlat.h"
#include "support/families.h"

enum { ROWS = 240, DIMS = 3 };

static genlat_ctx *ctx;
static genlat_source *source;

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

/* Two clusters around 2 and -2. */
static void begin(void)
{
    genlat_tensor *x = NULL;
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 0);
    expect_ok(genlat_ctx_new(NULL, &ctx));
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, DIMS}, &x));
    for (int i = 0; i < ROWS * DIMS; i++)
        genlat_tensor_data(x)[i] = (float)((i / DIMS % 2 ? 2 : -2) + 0.5 * gnl_rng_gauss(&rng));
    expect_ok(genlat_source_memory(ctx, x, NULL, &source));
    genlat_tensor_destroy(&x);
}

static void end(void)
{
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}

/* Trains a family with pairs of settings, and returns its term "nll" on the data. */
static double train(const char *family, const char *const *pairs, genlat_source *on, genlat_model **model)
{
    genlat_model_builder *b = NULL;
    double terms[GENLAT_MAX_TERMS];
    expect_ok(genlat_model_builder_new(ctx, family, &b));
    for (; *pairs; pairs += 2)
        genlat_model_builder_set(b, pairs[0], pairs[1]);
    expect_ok(genlat_model_build(&b, on, model));
    expect_ok(genlat_model_fit(*model, on, NULL, NULL));
    expect_ok(genlat_model_evaluate(*model, on, 100, 0, terms));
    ck_assert_str_eq(genlat_model_term(*model, 0), "nll");
    return terms[0];
}

/* The entropy of a Gaussian with standard deviation 0.5, and log 2 for the choice of a cluster. */
START_TEST(a_mixture_finds_the_clusters)
{
    static const char *const pairs[] = {"components", "2", "batch", "64", "epochs", "10", NULL};
    genlat_model *model = NULL;
    genlat_tensor *z = NULL, *x = NULL, *y = NULL;
    const double nll = train("gmm", pairs, source, &model);
    ck_assert_double_eq_tol(nll, log(2) + DIMS * (0.5 * log(2 * M_PI) + 0.5 + log(0.5)), 0.15);
    expect_ok(genlat_source_read(source, 0, ROWS, &x, NULL));
    expect_ok(genlat_model_encode(model, x, NULL, &z));
    expect_ok(genlat_model_reconstruct(model, x, NULL, &y));
    for (int i = 0; i < ROWS; i++) {
        const float *share = genlat_tensor_data(z) + 2 * i;
        ck_assert_float_eq_tol(share[0] + share[1], 1, 1e-5F);
        ck_assert_float_eq_tol(share[0], roundf(genlat_tensor_data(z)[2 * (i % 2)]), 1e-3F);
        ck_assert_float_eq_tol(genlat_tensor_data(y)[DIMS * i], i % 2 ? 2 : -2, 0.2F);
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&z);
    genlat_model_destroy(&model);
}
END_TEST

/* Samples of a mixture are drawn from its components, not their means. */
START_TEST(samples_of_a_mixture_vary)
{
    static const char *const pairs[] = {"components", "2", "epochs", "5", NULL};
    genlat_model *model = NULL;
    genlat_tensor *x = NULL;
    genlat_sample_opts opts;
    double square = 0;
    (void)train("gmm", pairs, source, &model);
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    expect_ok(genlat_model_sample(model, 1000, NULL, &opts, &x));
    for (int i = 0; i < 1000; i++)
        square += pow(fabs((double)genlat_tensor_data(x)[DIMS * i]) - 2, 2) / 1000;
    ck_assert_double_eq_tol(sqrt(square), 0.5, 0.06);
    genlat_tensor_destroy(&x);
    opts.temperature = 0.5;
    ck_assert_int_eq(genlat_model_sample(model, 10, NULL, &opts, &x), GENLAT_E_UNSUPPORTED);
    genlat_model_destroy(&model);
}
END_TEST

/* One epoch in batches has the likelihood of the closed form, whose mean is known from the variances. */
START_TEST(ppca_is_fitted_in_one_epoch)
{
    static const char *const pairs[] = {"latent", "1", "batch", "50", NULL}, *const whole[] = {"latent", "1", "batch",
                                                                                               "240", NULL};
    genlat_model *model = NULL, *other = NULL;
    genlat_tensor *x = NULL, *y = NULL;
    double square = 0;
    const double nll = train("ppca", pairs, source, &model);
    ck_assert_double_eq_tol(nll, train("ppca", whole, source, &other), 1e-4);
    ck_assert_double_lt(nll, 4.6); /* a Gaussian with the variances of the axes, about 12.5, 0.25, 0.25 */
    expect_ok(genlat_source_read(source, 0, ROWS, &x, NULL));
    expect_ok(genlat_model_reconstruct(model, x, NULL, &y));
    for (int i = 0; i < ROWS * DIMS; i++)
        square += pow((double)(genlat_tensor_data(x)[i] - genlat_tensor_data(y)[i]), 2) / (ROWS * DIMS);
    ck_assert_double_eq_tol(square, 0.25 * 2 / 3, 0.05);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&model);
    genlat_model_destroy(&other);
}
END_TEST

static char alarms[1024];

static int32_t collect_alarms(void *user, const genlat_event *event)
{
    if (event->kind == GENLAT_EVENT_ALARM)
        snprintf(alarms, sizeof alarms, "%s", event->text);
    return 0;
}

/* The fourth batch completes the epoch. */
START_TEST(a_training_shorter_than_an_epoch_says_that_nothing_is_fitted)
{
    static const char *const families[] = {"gmm", "ppca"};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_train_opts opts;
    expect_ok(genlat_model_builder_new(ctx, families[_i], &b));
    expect_ok(genlat_model_build(&b, source, &model));
    genlat_train_opts_init(&opts);
    opts.batch = 60;
    opts.steps = 3;
    opts.event = collect_alarms;
    expect_ok(genlat_model_fit(model, source, NULL, &opts));
    ck_assert_msg(strstr(alarms, "is not fitted") && strstr(alarms, "step 3 of the 4"), "%s", alarms);
    alarms[0] = '\0';
    opts.steps = 4;
    expect_ok(genlat_model_fit(model, source, NULL, &opts));
    ck_assert_str_eq(alarms, "");
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(ppca_of_too_many_elements_is_refused)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_source *wide = NULL;
    genlat_tensor *x = NULL;
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){4, 4097}, &x));
    expect_ok(genlat_source_memory(ctx, x, NULL, &wide));
    expect_ok(genlat_model_builder_new(ctx, "ppca", &b));
    ck_assert_int_eq(genlat_model_build(&b, wide, &model), GENLAT_E_UNSUPPORTED);
    ck_assert(strstr(genlat_last_error(), "4097") && strstr(genlat_last_error(), "cube"));
    genlat_model_builder_destroy(&b);
    genlat_source_destroy(&wide);
    genlat_tensor_destroy(&x);
}
END_TEST

START_TEST(settings_that_do_not_fit_are_refused)
{
    static const struct {
        const char *family, *key, *value, *word;
    } cases[] = {{"ppca", "latent", "3", "less than the 3 elements"},
                 {"gmm", "condition", "classes=3", "takes none"},
                 {"ppca", "condition", "classes=3", "takes none"},
                 {"rbm", "condition", "classes=3", "takes none"}};
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_model_builder *b = NULL;
        genlat_model *model = NULL;
        expect_ok(genlat_model_builder_new(ctx, cases[i].family, &b));
        genlat_model_builder_set(b, cases[i].key, cases[i].value);
        ck_assert_int_ne(genlat_model_build(&b, source, &model), GENLAT_OK);
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), cases[i].word));
    }
}
END_TEST

/* Three bits, each twice: at best 3 log 2 nats; independent bits cost 6 log 2. */
START_TEST(a_boltzmann_machine_learns_patterns)
{
    static const char *const pcd[] = {"hidden",     "8",      "chains",    "20",        "batch",
                                      "10",         "epochs", "200",       "optimizer", "adam lr=0.05",
                                      "ais_chains", "50",     "ais_steps", "50",        NULL};
    static const char *const cd[] = {
        "hidden",       "8",  "chains", "0",          "batch", "10",        "epochs", "200", "optimizer",
        "adam lr=0.05", "cd", "3",      "ais_chains", "50",    "ais_steps", "50",     NULL};
    genlat_tensor *x = NULL;
    genlat_source *bits = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){40, 6}, &x));
    for (int i = 0; i < 240; i++)
        genlat_tensor_data(x)[i] = (float)(i / 6 >> i % 6 / 2 & 1);
    expect_ok(genlat_source_memory(ctx, x, NULL, &bits));
    const double nll = train("rbm", _i ? cd : pcd, bits, &model);
    ck_assert_msg(nll < 3.4, "nll is %g", nll);
    ck_assert_double_gt(nll, 3 * log(2) - 0.1);
    genlat_model_destroy(&model);
    genlat_source_destroy(&bits);
    genlat_tensor_destroy(&x);
}
END_TEST

/* ---- samplers -------------------------------------------------------------------------------- */

/* A trained plain autoencoder, whose codes are far from a standard normal. */
static genlat_model *autoencoder(void)
{
    static const char *const pairs[] = {"latent",     "2",
                                        "kind",       "plain",
                                        "encoder",    "dense units=8 | relu",
                                        "decoder",    "dense units=8 | relu | dense units={out}",
                                        "likelihood", "gaussian",
                                        "epochs",     "20",
                                        "optimizer",  "adam lr=0.01",
                                        NULL};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    for (const char *const *pair = pairs; *pair; pair += 2)
        genlat_model_builder_set(b, pair[0], pair[1]);
    expect_ok(genlat_model_build(&b, source, &model));
    expect_ok(genlat_model_fit(model, source, NULL, NULL));
    return model;
}

static void moments(const genlat_tensor *z, double mean[2], double sd[2])
{
    const int64_t n = genlat_tensor_dim(z, 0);
    for (int d = 0; d < 2; d++) {
        double square = 0;
        mean[d] = 0;
        for (int64_t i = 0; i < n; i++)
            mean[d] += (double)genlat_tensor_const_data(z)[2 * i + d] / (double)n;
        for (int64_t i = 0; i < n; i++)
            square += pow((double)genlat_tensor_const_data(z)[2 * i + d] - mean[d], 2) / (double)n;
        sd[d] = sqrt(square);
    }
}

START_TEST(samplers_have_the_moments_of_the_codes)
{
    static const char *const samplers[] = {"gaussian",       "mixture components=3",
                                           "nearest",        "mixture covariance=diag",
                                           "flow steps=300", "two_stage width=64 steps=1000 lr=0.005"};
    genlat_model *model = autoencoder();
    genlat_tensor *x = NULL, *codes = NULL, *z = NULL, *prior = NULL;
    double mean[2], sd[2], found_mean[2], found_sd[2];
    char text[512];
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    expect_ok(genlat_model_latents(model, 50, &opts, &prior));
    expect_ok(genlat_model_sampler(model, text, sizeof text));
    ck_assert_str_eq(text, "prior");
    expect_ok(genlat_source_read(source, 0, ROWS, &x, NULL));
    expect_ok(genlat_model_encode(model, x, NULL, &codes));
    moments(codes, mean, sd);
    expect_ok(genlat_model_fit_sampler(model, source, samplers[_i], 1));
    expect_ok(genlat_model_sampler(model, text, sizeof text));
    ck_assert_int_eq(strncmp(text, samplers[_i], strcspn(samplers[_i], " ")), 0);
    expect_ok(genlat_model_latents(model, 5000, &opts, &z));
    moments(z, found_mean, found_sd);
    for (int d = 0; d < 2; d++) {
        ck_assert_double_eq_tol(found_mean[d], mean[d], 0.08 * sd[d]);
        ck_assert_double_eq_tol(found_sd[d], sd[d], 0.08 * sd[d]);
    }
    genlat_tensor_destroy(&z);
    opts.prior = 1;
    expect_ok(genlat_model_latents(model, 50, &opts, &z));
    ck_assert_mem_eq(genlat_tensor_data(z), genlat_tensor_data(prior), 100 * sizeof(float));
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&prior);
    genlat_tensor_destroy(&codes);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

/* Files keep the sampler; a series begins with every shorter one; training and "prior" remove it. */
START_TEST(samplers_are_kept_in_files_until_training)
{
    static const char *const samplers[] = {"gaussian", "mixture", "nearest points=20", "flow steps=5",
                                           "two_stage steps=5"};
    genlat_model *model = autoencoder(), *loaded = NULL;
    genlat_tensor *a = NULL, *b = NULL, *x = NULL;
    void *bytes = NULL;
    size_t size = 0;
    char text[512];
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    expect_ok(genlat_model_fit_sampler(model, source, samplers[_i], 1));
    expect_ok(genlat_model_export_memory(model, &bytes, &size));
    expect_ok(genlat_model_load_memory(ctx, bytes, size, &loaded));
    genlat_ctx_free(ctx, bytes);
    expect_ok(genlat_model_sample(model, 20, NULL, &opts, &a));
    expect_ok(genlat_model_sample(loaded, 7, NULL, &opts, &b));
    ck_assert_mem_eq(genlat_tensor_data(a), genlat_tensor_data(b), 7 * DIMS * sizeof(float));
    ck_assert_int_eq(genlat_model_fit_sampler(model, source, "mixtures", 1), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "nearest"));
    ck_assert_int_eq(genlat_model_fit_sampler(model, source, "mixture components=0", 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_fit_sampler(model, source, "mixture components=500", 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_model_fit_sampler(model, NULL, "mixture", 1), GENLAT_E_INVALID);
    expect_ok(genlat_model_sampler(model, text, sizeof text)); /* failures keep the former one */
    ck_assert_int_eq(strncmp(text, samplers[_i], strcspn(samplers[_i], " ")), 0);
    ck_assert_int_eq(genlat_model_sampler(model, text, 3), GENLAT_E_RANGE);
    expect_ok(genlat_source_read(source, 0, 10, &x, NULL));
    expect_ok(genlat_model_step(model, x, NULL, NULL));
    expect_ok(genlat_model_sampler(model, text, sizeof text));
    ck_assert_str_eq(text, "prior");
    expect_ok(genlat_model_fit_sampler(loaded, NULL, "prior", 1));
    expect_ok(genlat_model_sampler(loaded, text, sizeof text));
    ck_assert_str_eq(text, "prior");
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
}
END_TEST

/* An untrained model whose codes are a linear map of the data. */
static genlat_model *linear_codes(genlat_source *on)
{
    static const char *const pairs[] = {"latent",     "2",        "kind",    "plain",
                                        "encoder",    "flatten",  "decoder", "dense units={out}",
                                        "likelihood", "gaussian", NULL};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    for (const char *const *pair = pairs; *pair; pair += 2)
        genlat_model_builder_set(b, pair[0], pair[1]);
    expect_ok(genlat_model_build(&b, on, &model));
    return model;
}

/* Returns the share of codes within 0.7 of the mean, in units in which the codes of the data have the covariance I. It
 * is 0 for a ring, and 1 - e^-0.245 for a Gaussian. */
static double share_inside(const genlat_tensor *codes, const genlat_tensor *z)
{
    double mean[2], sd[2], apart[2], product = 0, inside = 0;
    moments(codes, mean, sd);
    const int64_t rows = genlat_tensor_dim(codes, 0), n = genlat_tensor_dim(z, 0);
    for (int64_t i = 0; i < rows; i++) {
        const float *code = genlat_tensor_const_data(codes) + 2 * i;
        product += ((double)code[0] - mean[0]) / sd[0] * (((double)code[1] - mean[1]) / sd[1]) / (double)rows;
    }
    for (int64_t i = 0; i < n; i++) {
        for (int d = 0; d < 2; d++)
            apart[d] = ((double)genlat_tensor_const_data(z)[2 * i + d] - mean[d]) / sd[d];
        const double square = apart[0] * apart[0] - 2 * product * apart[0] * apart[1] + apart[1] * apart[1];
        inside += square / (1 - product * product) < 0.49;
    }
    return inside / (double)n;
}

START_TEST(a_trained_sampler_matches_a_ring)
{
    static const char *const samplers[] = {"flow steps=600", "two_stage width=64 steps=1500 lr=0.005"};
    genlat_source *ring = NULL;
    genlat_tensor *x = NULL, *codes = NULL, *z = NULL;
    double share[2];
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    expect_ok(genlat_source_synthetic(ctx, "ring", 1000, 1, &ring));
    genlat_model *model = linear_codes(ring);
    expect_ok(genlat_source_read(ring, 0, 1000, &x, NULL));
    expect_ok(genlat_model_encode(model, x, NULL, &codes));
    ck_assert_double_lt(share_inside(codes, codes), 0.01);
    for (int i = 0; i < 2; i++) {
        expect_ok(genlat_model_fit_sampler(model, ring, i ? samplers[_i] : "gaussian", 1));
        expect_ok(genlat_model_latents(model, 2000, &opts, &z));
        share[i] = share_inside(codes, z);
        genlat_tensor_destroy(&z);
    }
    ck_assert_double_gt(share[0], 0.18);
    ck_assert_msg(share[1] < 0.08, "%g of the codes lie inside of the ring", share[1]);
    opts.temperature = 0; /* all codes are that of the noise 0 */
    expect_ok(genlat_model_latents(model, 3, &opts, &z));
    ck_assert_mem_eq(genlat_tensor_data(z), genlat_tensor_data(z) + 2, 4 * sizeof(float));
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&codes);
    genlat_model_destroy(&model);
    genlat_source_destroy(&ring);
}
END_TEST

START_TEST(trained_samplers_depend_on_the_seed_only)
{
    static const char *const samplers[] = {"flow steps=20", "two_stage width=16 steps=20"};
    static const uint64_t seeds[] = {1, 1, 2};
    genlat_model *model = linear_codes(source);
    genlat_tensor *z[3] = {NULL};
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    for (int i = 0; i < 3; i++) {
        expect_ok(genlat_model_fit_sampler(model, source, samplers[_i], seeds[i]));
        expect_ok(genlat_model_latents(model, 300, &opts, &z[i]));
    }
    ck_assert_mem_eq(genlat_tensor_data(z[0]), genlat_tensor_data(z[1]), 600 * sizeof(float));
    ck_assert_mem_ne(genlat_tensor_data(z[0]), genlat_tensor_data(z[2]), 600 * sizeof(float));
    for (int i = 0; i < 3; i++)
        genlat_tensor_destroy(&z[i]);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(models_without_codes_to_fit_have_no_sampler)
{
    static const struct {
        const char *family, *key, *value, *expected;
    } cases[] = {{"gan", "latent", "2", "a gan has no encoder"},
                 {"vae", "posterior", "vq codes=4", "posterior vq has discrete codes"}};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, cases[_i].family, &b));
    genlat_model_builder_set(b, cases[_i].key, cases[_i].value);
    expect_ok(genlat_model_build(&b, source, &model));
    const char *name = NULL, *help = NULL;
    for (int32_t i = 0; genlat_kind_name("samplers", i, &name, &help) == GENLAT_OK; i++) {
        ck_assert_int_eq(genlat_model_fit_sampler(model, source, name, 1), GENLAT_E_UNSUPPORTED);
        ck_assert_msg(strstr(genlat_last_error(), cases[_i].expected) != NULL, "%s", genlat_last_error());
    }
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("models of densities");
    TCase *tests = tcase_create("models of densities");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_mixture_finds_the_clusters);
    tcase_add_test(tests, samples_of_a_mixture_vary);
    tcase_add_test(tests, ppca_is_fitted_in_one_epoch);
    tcase_add_loop_test(tests, a_training_shorter_than_an_epoch_says_that_nothing_is_fitted, 0, 2);
    tcase_add_test(tests, ppca_of_too_many_elements_is_refused);
    tcase_add_test(tests, settings_that_do_not_fit_are_refused);
    tcase_add_loop_test(tests, a_boltzmann_machine_learns_patterns, 0, 2);
    tcase_add_loop_test(tests, samplers_have_the_moments_of_the_codes, 0, 6);
    tcase_add_loop_test(tests, samplers_are_kept_in_files_until_training, 0, 5);
    tcase_add_loop_test(tests, a_trained_sampler_matches_a_ring, 0, 2);
    tcase_add_loop_test(tests, trained_samplers_depend_on_the_seed_only, 0, 2);
    tcase_add_loop_test(tests, models_without_codes_to_fit_have_no_sampler, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
