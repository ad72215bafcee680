/* SPDX-License-Identifier: MIT */
/* Priors in whole models: every prior resumes its training exactly and generates the same samples from a file; priors
 * that start from the data. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "genlat/io.h"
#include "genlat/train.h"
#include "support/latent_kinds.h"
#include "vae/vae_priv.h"

enum { COUNT = 96, BATCH = 32, SIDE = 28, DATA = SIDE * SIDE, LATENT = 3, DRAWN = 20 };

static genlat_ctx *ctx;
static genlat_source *digits;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_source_synthetic(ctx, "digits", COUNT, 1, &digits), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
}

static genlat_status build(const char *prior, genlat_source *source, genlat_model **out)
{
    genlat_model_builder *b = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    genlat_model_builder_set(b, "encoder", "flatten | dense units=8 | relu");
    genlat_model_builder_set(b, "decoder", "dense units=8 | relu | dense units={out}");
    genlat_model_builder_set_int(b, "latent", LATENT);
    genlat_model_builder_set(b, "prior", prior);
    if (prior_type_of(prior)->mass)
        genlat_model_builder_set(b, "posterior", "vq codes=16");
    if (prior_type_of(prior)->condition)
        genlat_model_builder_set(b, "posterior", "ladder");
    genlat_model_builder_set(b, "optimizer", "adam lr=0.02");
    if (!source)
        genlat_model_builder_data(b, 3, (int64_t[]){1, SIDE, SIDE});
    return genlat_model_build(&b, source, out);
}

static genlat_model *model_of(const char *prior, genlat_source *source)
{
    genlat_model *model = NULL;
    ck_assert_msg(build(prior, source, &model) == GENLAT_OK, "%s: %s", prior, genlat_last_error());
    return model;
}

static void train(genlat_model *model, int64_t steps)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.batch = BATCH;
    opts.epochs = -1;
    opts.steps = steps;
    ck_assert_msg(genlat_model_fit(model, digits, NULL, &opts) == GENLAT_OK, "%s", genlat_last_error());
}

static genlat_model *reloaded(genlat_model *model)
{
    void *bytes = NULL;
    size_t size = 0;
    genlat_model *out = NULL;
    ck_assert_msg(genlat_model_save_memory(model, &bytes, &size) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(genlat_model_load_memory(ctx, bytes, size, &out) == GENLAT_OK, "%s", genlat_last_error());
    genlat_ctx_free(ctx, bytes);
    return out;
}

static gnl_kind *prior_of(const genlat_model *model)
{
    return &gnl_vae_of(model)->latents->prior->kind;
}

static void expect_same(const char *what, int64_t n, const gnl_real *a, const gnl_real *b)
{
    ck_assert_msg(n == 0 || memcmp(a, b, (size_t)n * sizeof *a) == 0, "%s differ", what);
}

static void expect_same_parts(const char *what, const genlat_model *a, const genlat_model *b)
{
    ck_assert_int_eq(a->parts, b->parts);
    for (int i = 0; i < a->parts; i++) {
        expect_same(what, a->part[i].values, a->part[i].value, b->part[i].value);
        expect_same(what, a->part[i].states, a->part[i].state, b->part[i].state);
    }
}

static void expect_same_samples(const char *what, genlat_model *a, genlat_model *b)
{
    genlat_tensor *x = NULL, *y = NULL;
    ck_assert_int_eq(genlat_model_sample(a, DRAWN, NULL, NULL, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_model_sample(b, DRAWN, NULL, NULL, &y), GENLAT_OK);
    expect_same(what, DRAWN * DATA, x->data, y->data);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
}

/* The importance-sampled likelihood of some samples. */
static void likelihood_of(genlat_model *model, double nll[DRAWN])
{
    genlat_tensor *x = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){DRAWN, 1, SIDE, SIDE}, &x), GENLAT_OK);
    for (int64_t i = 0; i < DRAWN; i++)
        ck_assert_int_eq(gnl_source_fetch(digits, &i, 1, 0, x->data + i * DATA, NULL), GENLAT_OK);
    ck_assert_int_eq(genlat_vae_log_likelihood(model, x, NULL, 10, 1, nll), GENLAT_OK);
    genlat_tensor_destroy(&x);
}

/* Workspaces that are used again follow the parameters, which the steps between have changed. */
START_TEST(likelihoods_follow_the_parameters)
{
    const char *name = gnl_prior_types[_i]->kind.name;
    if (gnl_prior_types[_i]->mass) /* codes have no density, and data no likelihood by importance sampling */
        return;
    genlat_model *model = model_of(name, digits);
    double before[DRAWN], after[DRAWN], fresh[DRAWN];
    likelihood_of(model, before);
    train(model, 2);
    likelihood_of(model, after);
    genlat_model *loaded = reloaded(model);
    likelihood_of(loaded, fresh);
    for (int i = 0; i < DRAWN; i++) {
        ck_assert(isfinite(before[i]) && before[i] != after[i]);
        ck_assert_double_eq(after[i], fresh[i]);
    }
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
}
END_TEST

/* Training in two parts, with a file between them, computes the bits of an unbroken training. */
START_TEST(priors_resume_exactly)
{
    const char *name = gnl_prior_types[_i]->kind.name;
    genlat_model *unbroken = model_of(name, digits), *part = model_of(name, digits), *fresh = model_of(name, digits);
    train(unbroken, 8);
    train(part, 4);
    genlat_model *loaded = reloaded(part);
    expect_same_parts(name, part, loaded);
    expect_same_samples(name, part, loaded);
    train(loaded, 8);
    expect_same_parts(name, unbroken, loaded);
    const gnl_numbers *before = &prior_of(fresh)->numbers, *after = &prior_of(loaded)->numbers;
    for (int i = 0; i < before->weights; i++) /* every tensor is trained or updated */
        ck_assert_msg(memcmp(gnl_numbers_data(before, i), gnl_numbers_data(after, i),
                             (size_t)before->weight[i].count * sizeof(gnl_real)) != 0,
                      "%s: %s is as at the start", name, before->weight[i].name);
    genlat_model_destroy(&unbroken);
    genlat_model_destroy(&part);
    genlat_model_destroy(&fresh);
    genlat_model_destroy(&loaded);
}
END_TEST

/* ---- vamp ------------------------------------------------------------------------------------ */

/* Returns the index of the sample that equals x, or -1. */
static int64_t find(const gnl_real *x)
{
    gnl_real sample[DATA];
    for (int64_t i = 0; i < COUNT; i++) {
        ck_assert_int_eq(gnl_source_fetch(digits, &i, 1, 0, sample, NULL), GENLAT_OK);
        if (memcmp(sample, x, sizeof sample) == 0)
            return i;
    }
    return -1;
}

static const gnl_real *pseudo_inputs(const genlat_model *model, int64_t components)
{
    ck_assert_int_eq(prior_of(model)->numbers.weight[0].count, components * DATA);
    return gnl_numbers_data(&prior_of(model)->numbers, 0);
}

/* Without noise the pseudo-inputs are samples, in their order, from different parts of the source. */
START_TEST(pseudo_inputs_start_from_samples)
{
    enum { COMPONENTS = 8 };
    genlat_model *model = model_of("vamp components=8 sd=0", digits), *bare = model_of("vamp components=8 sd=0", NULL),
                 *random = model_of("vamp components=8 sd=0 from=random", digits);
    const gnl_real *x = pseudo_inputs(model, COMPONENTS);
    for (int64_t i = 0; i < COMPONENTS; i++) {
        int64_t at = find(x + i * DATA);
        ck_assert_int_ge(at, i * COUNT / COMPONENTS);
        ck_assert_int_lt(at, (i + 1) * COUNT / COMPONENTS);
    }
    for (int64_t i = 0; i < COMPONENTS * DATA; i++) {
        ck_assert_double_eq((double)pseudo_inputs(bare, COMPONENTS)[i], 0);
        ck_assert_double_eq((double)pseudo_inputs(random, COMPONENTS)[i], 0);
    }
    genlat_model_destroy(&model);
    genlat_model_destroy(&bare);
    genlat_model_destroy(&random);
}
END_TEST

/* More pseudo-inputs than samples repeat samples. */
START_TEST(pseudo_inputs_may_outnumber_samples)
{
    genlat_model *model = model_of("vamp components=100 sd=0", digits);
    for (int64_t i = 0; i < 100; i++)
        ck_assert_int_ge(find(pseudo_inputs(model, 100) + i * DATA), 0);
    genlat_model_destroy(&model);
}
END_TEST

/* Steps move pseudo-inputs, but not out of their range, at which many of them lie. */
START_TEST(pseudo_inputs_stay_in_their_range)
{
    genlat_model *model = model_of("vamp components=5 sd=0.5 low=0 high=1", digits);
    const gnl_real *x = pseudo_inputs(model, 5);
    int moved = 0;
    for (int step = 0; step < 3; step++) {
        gnl_real before[5 * DATA];
        memcpy(before, x, sizeof before);
        train(model, step + 1);
        for (int i = 0; i < 5 * DATA; i++) {
            ck_assert(x[i] >= 0 && x[i] <= 1);
            moved += x[i] != before[i];
        }
    }
    ck_assert_int_gt(moved, 5 * DATA / 2);
    genlat_model_destroy(&model);
}
END_TEST

/* The likelihood of one pseudo-input that is the sample itself: the prior is its posterior, so that the KL is 0 up to
 * the noise of its estimate. */
START_TEST(the_posterior_of_a_pseudo_input_has_no_divergence)
{
    genlat_model *model = model_of("vamp components=1 sd=0", digits);
    genlat_vae_terms terms = {.size = sizeof terms};
    genlat_tensor *x = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, (int64_t[]){1, 1, SIDE, SIDE}, &x), GENLAT_OK);
    memcpy(x->data, pseudo_inputs(model, 1), DATA * sizeof(gnl_real));
    ck_assert_int_eq(genlat_vae_elbo(model, x, NULL, 4, 1, &terms), GENLAT_OK);
    ck_assert_double_eq_tol(terms.kl, 0, 1e-4);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(vamp_refuses_what_it_cannot_encode)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "vae", &b), GENLAT_OK);
    genlat_model_builder_set(b, "prior", "vamp");
    genlat_model_builder_condition(b, 10, 0);
    ck_assert_int_eq(genlat_model_build(&b, digits, &model), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "encoders with a condition"));
    ck_assert_ptr_null(model);
}
END_TEST

int main(void)
{
    int priors = 0;
    while (gnl_prior_types[priors])
        priors++;
    Suite *suite = suite_create("priors");
    TCase *tests = tcase_create("models");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, priors_resume_exactly, 0, priors);
    tcase_add_loop_test(tests, likelihoods_follow_the_parameters, 0, priors);
    tcase_add_test(tests, pseudo_inputs_start_from_samples);
    tcase_add_test(tests, pseudo_inputs_may_outnumber_samples);
    tcase_add_test(tests, pseudo_inputs_stay_in_their_range);
    tcase_add_test(tests, the_posterior_of_a_pseudo_input_has_no_divergence);
    tcase_add_test(tests, vamp_refuses_what_it_cannot_encode);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
