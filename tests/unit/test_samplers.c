/* SPDX-License-Identifier: MIT */
/* Samplers: what they draw after a fit to the codes of data, their options, files. */
#include <check.h>
#include <math.h>
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

/* Fits a sampler, and draws n codes with a seed. */
static genlat_tensor *draw_codes(genlat_model *model, genlat_source *on, const char *sampler, int64_t n,
                                 double temperature)
{
    genlat_tensor *z = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    opts.temperature = temperature;
    expect_ok(genlat_model_fit_sampler(model, on, sampler, 1));
    expect_ok(genlat_model_latents(model, n, &opts, &z));
    return z;
}

/* Temperature 0 gives the mean. Without a seed, each call goes on in the stream. */
START_TEST(samplers_follow_the_options_of_samples)
{
    genlat_model *model = autoencoder();
    genlat_tensor *a = draw_codes(model, source, "gaussian", 9, 0), *b = NULL;
    for (int i = 2; i < 18; i++)
        ck_assert_float_eq_tol(genlat_tensor_data(a)[i], genlat_tensor_data(a)[i % 2], 1e-6F);
    genlat_tensor_destroy(&a);
    expect_ok(genlat_model_latents(model, 9, NULL, &a));
    expect_ok(genlat_model_latents(model, 9, NULL, &b));
    ck_assert_mem_ne(genlat_tensor_data(a), genlat_tensor_data(b), 18 * sizeof(float));
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_model_destroy(&model);
}
END_TEST

/* A floor is the least variance; a large tolerance ends the iterations early. */
START_TEST(options_of_samplers_are_used)
{
    double mean[2], sd[2];
    genlat_model *model = autoencoder();
    genlat_tensor *z = draw_codes(model, source, "gaussian floor=1e6", 1000, 1);
    moments(z, mean, sd);
    ck_assert_double_gt(fmin(sd[0], sd[1]), 900);
    genlat_tensor_destroy(&z);
    z = draw_codes(model, source, "mixture components=5 tolerance=0", 9, 1);
    genlat_tensor *other = draw_codes(model, source, "mixture components=5 tolerance=1e6", 9, 1);
    ck_assert_mem_ne(genlat_tensor_data(z), genlat_tensor_data(other), 18 * sizeof(float));
    genlat_tensor_destroy(&other);
    other = draw_codes(model, source, "mixture components=5", 9, 1);
    ck_assert_mem_ne(genlat_tensor_data(z), genlat_tensor_data(other), 18 * sizeof(float));
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&other);
    genlat_model_destroy(&model);
}
END_TEST

/* Returns the index of the code that is nearest to z. */
static int64_t nearest_to(const genlat_tensor *codes, const float *z, double *distance)
{
    int64_t best = 0;
    *distance = INFINITY;
    for (int64_t i = 0; i < genlat_tensor_dim(codes, 0); i++) {
        const float *code = genlat_tensor_const_data(codes) + 2 * i;
        const double d = hypot((double)(z[0] - code[0]), (double)(z[1] - code[1]));
        best = d < *distance ? i : best;
        *distance = fmin(*distance, d);
    }
    return best;
}

/* Without noise, draws are codes of the data, from all over it, which has more samples than a batch. */
START_TEST(draws_are_codes_of_the_data)
{
    enum { MANY = 600, DRAWS = 300 };
    static const char *const samplers[] = {"nearest smooth=0", "nearest smooth=0 points=20"};
    static const int least[] = {150, 10}, most[] = {DRAWS, 20};
    genlat_model *model = autoencoder();
    genlat_source *many = NULL;
    genlat_tensor *x = NULL, *codes = NULL;
    gnl_rng rng = gnl_rng_make(7, GNL_STREAM_USER, 0);
    bool seen[MANY] = {false};
    int different = 0;
    int64_t last = 0;
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){MANY, DIMS}, &x));
    gnl_rng_fill_uniform(&rng, genlat_tensor_data(x), MANY * DIMS, -3, 3);
    expect_ok(genlat_source_memory(ctx, x, NULL, &many));
    expect_ok(genlat_model_encode(model, x, NULL, &codes));
    genlat_tensor *z = draw_codes(model, many, samplers[_i], DRAWS, 1);
    for (int i = 0; i < DRAWS; i++) {
        double distance = 0;
        const int64_t at = nearest_to(codes, genlat_tensor_data(z) + (ptrdiff_t)2 * i, &distance);
        ck_assert_double_lt(distance, 1e-4);
        last = GNL_MAX(last, at);
        different += !seen[at];
        seen[at] = true;
    }
    ck_assert_int_ge(different, least[_i]);
    ck_assert_int_le(different, most[_i]);
    ck_assert_int_gt(last, MANY / 2);
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&codes);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&many);
    genlat_model_destroy(&model);
}
END_TEST

/* The noise has the length of the distance between two codes, times `smooth`. */
START_TEST(noise_has_the_length_of_the_distance)
{
    enum { DRAWS = 2000 };
    genlat_model *model = autoencoder();
    genlat_tensor *codes = draw_codes(model, source, "nearest points=2 smooth=0", 40, 1);
    genlat_tensor *z = draw_codes(model, source, "nearest points=2 smooth=0.01", DRAWS, 1);
    double distance = 0, square = 0;
    for (int i = 0; i < 40; i++)
        distance = fmax(distance, hypot((double)(genlat_tensor_data(codes)[2 * i] - genlat_tensor_data(codes)[0]),
                                        (double)(genlat_tensor_data(codes)[2 * i + 1] - genlat_tensor_data(codes)[1])));
    for (int i = 0; i < DRAWS; i++) {
        double apart = 0;
        (void)nearest_to(codes, genlat_tensor_data(z) + (ptrdiff_t)2 * i, &apart);
        square += apart * apart / DRAWS;
    }
    ck_assert_double_gt(distance, 0);
    ck_assert_double_eq_tol(sqrt(square) / (0.01 * distance), 1, 0.1);
    genlat_tensor_destroy(&codes);
    genlat_tensor_destroy(&z);
    genlat_model_destroy(&model);
}
END_TEST

/* The weights of a training are not those that the sampler was fitted to. */
static int32_t expect_prior(void *model, const genlat_event *event)
{
    char text[64];
    expect_ok(genlat_model_sampler(model, text, sizeof text));
    ck_assert_str_eq(text, "prior");
    return 0;
}

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
    genlat_train_opts train;
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
    expect_ok(genlat_model_fit_sampler(model, source, samplers[_i], 1));
    genlat_train_opts_init(&train);
    train.epochs = 21;
    train.event = expect_prior;
    train.event_user = model;
    expect_ok(genlat_model_fit(model, source, NULL, &train));
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
    Suite *suite = suite_create("samplers");
    TCase *tests = tcase_create("samplers");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, samplers_have_the_moments_of_the_codes, 0, 6);
    tcase_add_test(tests, samplers_follow_the_options_of_samples);
    tcase_add_test(tests, options_of_samplers_are_used);
    tcase_add_loop_test(tests, draws_are_codes_of_the_data, 0, 2);
    tcase_add_test(tests, noise_has_the_length_of_the_distance);
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
