/* SPDX-License-Identifier: MIT */
/* Mixtures, probabilistic PCA and Boltzmann machines as models: likelihoods after training, samples, settings. What all
 * families have in common is in test_model.c and test_model_files.c. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Of twenty starts by k-means one finds all of twelve clusters; the entropy is that of a Gaussian and of the choice. */
START_TEST(a_mixture_begins_with_its_best_start)
{
    enum { N = 240, CLUSTERS = 12 };
    static const char *const pairs[] = {"components", "12", "starts", "20", "epochs", "3", NULL};
    const double sd = 0.2;
    genlat_ctx *kept = ctx;
    genlat_ctx_opts opts;
    genlat_model *model = NULL;
    genlat_tensor *x = NULL;
    genlat_source *line = NULL;
    gnl_rng rng = gnl_rng_make(2, GNL_STREAM_USER, 0);
    genlat_ctx_opts_init(&opts);
    opts.seed = _i;
    expect_ok(genlat_ctx_new(&opts, &ctx));
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){N, 1}, &x));
    for (int i = 0; i < N; i++)
        genlat_tensor_data(x)[i] = (float)(i % CLUSTERS + sd * gnl_rng_gauss(&rng));
    expect_ok(genlat_source_memory(ctx, x, NULL, &line));
    ck_assert_double_lt(train("gmm", pairs, line, &model), log(CLUSTERS) + 0.5 * log(2 * M_PI) + 0.5 + log(sd));
    genlat_model_destroy(&model);
    genlat_source_destroy(&line);
    genlat_tensor_destroy(&x);
    genlat_ctx_destroy(&ctx);
    ctx = kept;
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
    int positive = 0;
    (void)train("gmm", pairs, source, &model);
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    expect_ok(genlat_model_sample(model, 1000, NULL, &opts, &x));
    for (int i = 0; i < 1000; i++) {
        square += pow(fabs((double)genlat_tensor_data(x)[DIMS * i]) - 2, 2) / 1000;
        positive += genlat_tensor_data(x)[DIMS * i] > 0;
    }
    ck_assert_double_eq_tol(sqrt(square), 0.5, 0.06);
    ck_assert_int_ge(positive, 420);
    ck_assert_int_le(positive, 580);
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

/* Forty samples of six bits. */
static genlat_source *bits_source(genlat_tensor **x)
{
    genlat_source *bits = NULL;
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){40, 6}, x));
    for (int i = 0; i < 240; i++)
        genlat_tensor_data(*x)[i] = (float)(i / 6 >> i % 6 / 2 & 1);
    expect_ok(genlat_source_memory(ctx, *x, NULL, &bits));
    return bits;
}

/* Nothing is fitted to the first part of an epoch, so that a training in two parts ends like a whole one. */
START_TEST(parts_of_an_epoch_fit_nothing)
{
    static const char *const families[] = {"gmm", "ppca"};
    double nll[2], terms[GENLAT_MAX_TERMS];
    for (int parts = 0; parts < 2; parts++) {
        genlat_model_builder *b = NULL;
        genlat_model *model = NULL;
        genlat_train_opts opts;
        expect_ok(genlat_model_builder_new(ctx, families[_i], &b));
        expect_ok(genlat_model_build(&b, source, &model));
        genlat_train_opts_init(&opts);
        opts.batch = 60;
        opts.epochs = 1;
        opts.steps = parts ? 3 : 0;
        for (int i = 0; i <= parts; i++, opts.steps = 0)
            expect_ok(genlat_model_fit(model, source, NULL, &opts));
        expect_ok(genlat_model_evaluate(model, source, ROWS, 0, terms));
        nll[parts] = terms[0];
        genlat_model_destroy(&model);
    }
    ck_assert_double_eq(nll[1], nll[0]);
}
END_TEST

/* The end of a training that goes on in the middle of an epoch counts the steps that are left. */
START_TEST(the_end_of_a_resumed_training_is_known)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_train_opts opts;
    genlat_tensor *x = NULL;
    genlat_source *bits = bits_source(&x);
    expect_ok(genlat_model_builder_new(ctx, "rbm", &b));
    genlat_model_builder_set(b, "hidden", "2");
    genlat_model_builder_set(b, "lr_schedule", "linear from=1 to=0.1 steps=100");
    expect_ok(genlat_model_build(&b, bits, &model));
    genlat_train_opts_init(&opts);
    opts.batch = 10;
    opts.epochs = 1;
    opts.holdout = 0;
    opts.event = collect_alarms;
    for (opts.steps = 3; opts.steps >= 0; opts.steps -= 3) {
        expect_ok(genlat_model_fit(model, bits, NULL, &opts));
        ck_assert_msg(strstr(alarms, opts.steps ? "ends at step 3;" : "ends at step 4;"), "%s", alarms);
    }
    genlat_model_destroy(&model);
    genlat_source_destroy(&bits);
    genlat_tensor_destroy(&x);
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
    genlat_source *bits = bits_source(&x);
    genlat_model *model = NULL;
    const double nll = train("rbm", _i ? cd : pcd, bits, &model);
    ck_assert_msg(nll < 3.4, "nll is %g", nll);
    ck_assert_double_gt(nll, 3 * log(2) - 0.1);
    genlat_model_destroy(&model);
    genlat_source_destroy(&bits);
    genlat_tensor_destroy(&x);
}
END_TEST

/* Chains differ, and go on from step to step. */
START_TEST(chains_are_kept_between_steps)
{
    enum { CHAINS = 20, BITS = 6 };
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_tensor *x = NULL;
    genlat_source *bits = bits_source(&x);
    gnl_real first[CHAINS * BITS];
    bool differ = false;
    expect_ok(genlat_model_builder_new(ctx, "rbm", &b));
    genlat_model_builder_set(b, "hidden", "4");
    genlat_model_builder_set(b, "chains", "20");
    expect_ok(genlat_model_build(&b, bits, &model));
    const gnl_part *part = &model->part[model->parts - 1];
    ck_assert_int_ge(part->states, CHAINS * BITS);
    expect_ok(genlat_model_step(model, x, NULL, NULL));
    for (int i = BITS; i < CHAINS * BITS; i++)
        differ = differ || part->state[i] != part->state[i % BITS];
    ck_assert(differ);
    memcpy(first, part->state, sizeof first);
    expect_ok(genlat_model_step(model, x, NULL, NULL));
    ck_assert_mem_ne(first, part->state, sizeof first);
    genlat_model_destroy(&model);
    genlat_source_destroy(&bits);
    genlat_tensor_destroy(&x);
}
END_TEST

static double epoch_nll;

static int32_t keep_nll(void *user, const genlat_event *event)
{
    if (event->kind == GENLAT_EVENT_EPOCH)
        epoch_nll = event->values[0];
    return 0;
}

/* An epoch reports the likelihood of the parameters at its end: those of the fit of a ppca, and the new partition
 * function of an rbm, whose weights stay here. */
START_TEST(epochs_report_the_likelihood_at_their_end)
{
    static const char *const families[] = {"ppca", "rbm"};
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_train_opts opts;
    genlat_tensor *x = NULL;
    double terms[GENLAT_MAX_TERMS];
    genlat_source *bits = bits_source(&x);
    expect_ok(genlat_model_builder_new(ctx, families[_i], &b));
    genlat_model_builder_set(b, _i ? "hidden" : "latent", "2");
    if (_i)
        genlat_model_builder_set(b, "optimizer", "sgd lr=1e-30");
    expect_ok(genlat_model_build(&b, bits, &model));
    genlat_train_opts_init(&opts);
    opts.event = keep_nll;
    opts.batch = 10;
    opts.epochs = 1;
    opts.holdout = 0;
    expect_ok(genlat_model_fit(model, bits, NULL, &opts));
    expect_ok(genlat_model_evaluate(model, bits, 40, 1, terms));
    ck_assert_double_eq_tol(epoch_nll, terms[0], 1e-4);
    genlat_model_destroy(&model);
    genlat_source_destroy(&bits);
    genlat_tensor_destroy(&x);
}
END_TEST

/* The partition function of the end of an epoch is used until the weights change; then it is estimated anew. */
START_TEST(estimates_are_those_of_the_weights)
{
    static const char *const pairs[] = {"hidden",     "4",  "chains",    "5",  "epochs", "1",
                                        "ais_chains", "10", "ais_steps", "10", NULL};
    genlat_model *model = NULL;
    genlat_tensor *x = NULL;
    genlat_source *bits = bits_source(&x);
    double a[GENLAT_MAX_TERMS], c[GENLAT_MAX_TERMS];
    (void)train("rbm", pairs, bits, &model);
    expect_ok(genlat_model_evaluate(model, bits, 40, 1, a));
    expect_ok(genlat_model_evaluate(model, bits, 40, 2, c));
    ck_assert_double_eq(a[0], c[0]);
    expect_ok(genlat_model_step(model, x, NULL, NULL));
    expect_ok(genlat_model_evaluate(model, bits, 40, 1, a));
    expect_ok(genlat_model_evaluate(model, bits, 40, 2, c));
    ck_assert_double_ne(a[0], c[0]);
    genlat_model_destroy(&model);
    genlat_source_destroy(&bits);
    genlat_tensor_destroy(&x);
}
END_TEST

/* Families without training worth mentioning, on 600 samples of 16 bits, which are more than a chunk. */
static const struct chunked {
    const char *family, *pairs[12];
} chunked[] = {
    {"gmm", {"components", "2", "epochs", "1", "floor", "0.01"}},
    {"ppca", {"latent", "2"}},
    {"rbm", {"hidden", "3", "epochs", "1", "optimizer", "sgd lr=1e-30", "ais_steps", "5", "sample_steps", "5"}}};

/* Results do not depend on chunks: the mean over a batch is that over parts of it, and samples of different chunks have
 * different random numbers. */
START_TEST(chunks_do_not_matter)
{
    enum { MANY = 600, CHUNK = 512, SIZE = 16, FEW = MANY - CHUNK };
    genlat_model *model = NULL;
    genlat_tensor *x = NULL, *z = NULL;
    genlat_source *many = NULL;
    genlat_sample_opts opts;
    int differ = 0;
    double whole[GENLAT_MAX_TERMS], parts[GENLAT_MAX_TERMS];
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 0);
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){MANY, SIZE}, &x));
    for (int i = 0; i < MANY * SIZE; i++)
        genlat_tensor_data(x)[i] = gnl_rng_unit(&rng) < (i < CHUNK * SIZE ? 0.3 : 0.6);
    expect_ok(genlat_source_memory(ctx, x, NULL, &many));
    (void)train(chunked[_i].family, chunked[_i].pairs, many, &model);
    expect_ok(genlat_model_evaluate(model, many, MANY, 1, whole));
    expect_ok(genlat_model_evaluate(model, many, 100, 1, parts));
    ck_assert_double_eq_tol(whole[0], parts[0], 1e-5 * fabs(whole[0]));
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    opts.draw = 1;
    genlat_tensor_destroy(&x);
    expect_ok(genlat_model_sample(model, MANY, NULL, &opts, &x));
    for (int i = 0; i < FEW * SIZE; i++)
        differ += genlat_tensor_data(x)[i] != genlat_tensor_data(x)[i + CHUNK * SIZE];
    ck_assert_int_gt(differ, FEW * SIZE / 5);
    expect_ok(genlat_model_latents(model, MANY, &opts, &z));
    const int64_t latent = genlat_tensor_dim(z, 1);
    ck_assert_mem_ne(genlat_tensor_data(z), genlat_tensor_data(z) + CHUNK * latent,
                     (size_t)(FEW * latent) * sizeof(float));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&z);
    genlat_source_destroy(&many);
    genlat_model_destroy(&model);
}
END_TEST

/* Draws of a ppca have the variance of the data, which is that of the axes and of the noise. */
START_TEST(draws_have_the_variance_of_the_data)
{
    static const char *const pairs[] = {"latent", "1", NULL};
    enum { N = 4000 };
    genlat_model *model = NULL;
    genlat_tensor *x = NULL;
    genlat_sample_opts opts;
    double difference = 0;
    (void)train("ppca", pairs, source, &model);
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    opts.draw = 1;
    expect_ok(genlat_model_sample(model, N, NULL, &opts, &x));
    for (int i = 0; i < N; i++) {
        const float *row = genlat_tensor_data(x) + (ptrdiff_t)DIMS * i;
        difference += pow((double)(row[0] - row[1]), 2) / N;
    }
    ck_assert_double_eq_tol(difference, 2 * 0.25, 0.08); /* the clusters move both alike */
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("models of densities");
    TCase *tests = tcase_create("models of densities");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_mixture_finds_the_clusters);
    tcase_add_loop_test(tests, a_mixture_begins_with_its_best_start, 0, 6);
    tcase_add_test(tests, samples_of_a_mixture_vary);
    tcase_add_test(tests, ppca_is_fitted_in_one_epoch);
    tcase_add_loop_test(tests, a_training_shorter_than_an_epoch_says_that_nothing_is_fitted, 0, 2);
    tcase_add_loop_test(tests, parts_of_an_epoch_fit_nothing, 0, 2);
    tcase_add_test(tests, the_end_of_a_resumed_training_is_known);
    tcase_add_test(tests, ppca_of_too_many_elements_is_refused);
    tcase_add_test(tests, settings_that_do_not_fit_are_refused);
    tcase_add_loop_test(tests, a_boltzmann_machine_learns_patterns, 0, 2);
    tcase_add_test(tests, chains_are_kept_between_steps);
    tcase_add_loop_test(tests, epochs_report_the_likelihood_at_their_end, 0, 2);
    tcase_add_test(tests, estimates_are_those_of_the_weights);
    tcase_add_loop_test(tests, chunks_do_not_matter, 0, (int)GNL_COUNT(chunked));
    tcase_add_test(tests, draws_have_the_variance_of_the_data);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
