/* SPDX-License-Identifier: MIT */
/* Missing values: training on data with NaN, what models refuse, exact resume, and completion. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "genlat/genlat.h"

enum { ROWS = 400, SIZE = 2 };

static genlat_ctx *ctx;
static genlat_tensor *truth, *x; /* correlated pairs; one number of most rows is missing */
static genlat_source *source;

static void ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void refused(genlat_status status, genlat_status expected, const char *words)
{
    ck_assert_msg(status == expected, "%s: %s", genlat_status_name(status), genlat_last_error());
    ck_assert_msg(strstr(genlat_last_error(), words) != NULL, "'%s' lacks '%s'", genlat_last_error(), words);
}

static void set_up(void)
{
    genlat_rng *rng = NULL;
    float noise[2 * ROWS];
    ok(genlat_ctx_new(NULL, &ctx));
    ok(genlat_rng_new(ctx, 3, 0, &rng));
    ok(genlat_rng_normal(rng, 2 * ROWS, noise));
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, SIZE}, &truth));
    for (int i = 0; i < ROWS; i++) {
        genlat_tensor_data(truth)[2 * i] = noise[2 * i];
        genlat_tensor_data(truth)[2 * i + 1] = 0.3f * noise[2 * i + 1] - noise[2 * i];
    }
    ok(genlat_tensor_clone(truth, &x));
    for (int i = 0; i < ROWS; i++)
        if (i % 3)
            genlat_tensor_data(x)[2 * i + i % 2] = NAN;
    ok(genlat_source_memory(ctx, x, NULL, &source));
    genlat_rng_destroy(&rng);
}

static void tear_down(void)
{
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&truth);
    genlat_ctx_destroy(&ctx);
}

static genlat_status make(const char *missing, const char *key, const char *value, genlat_model **out)
{
    genlat_model_builder *b = NULL;
    ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_set(b, "architecture", "mlp widths=16");
    genlat_model_builder_set(b, "latent", "1");
    genlat_model_builder_set(b, "samples", "5");
    genlat_model_builder_set(b, "bound", "importance");
    genlat_model_builder_set(b, "likelihood", "gaussian sd=learned");
    genlat_model_builder_set(b, "optimizer", "adam lr=1e-2");
    if (missing)
        genlat_model_builder_set(b, "missing", missing);
    if (key)
        genlat_model_builder_set(b, key, value);
    return genlat_model_build(&b, source, out);
}

static void fit(genlat_model *model, int64_t epochs)
{
    genlat_train_opts o;
    genlat_train_opts_init(&o);
    o.epochs = epochs;
    o.batch = 50;
    ok(genlat_model_fit(model, source, NULL, &o));
}

static const char *const treatments[] = {"fill", "fill value=learned hide=0.3", "condition value=learned hide=0.3"};

/* The other number of a pair predicts a missing one with a variance of 0.09; its mean would have an error of 1. */
START_TEST(completion_uses_the_observed_values)
{
    genlat_model *model = NULL;
    genlat_tensor *y = NULL, *draws = NULL;
    genlat_complete_opts o;
    double error = 0, spread = 0;
    int missing = 0;
    ok(make(treatments[_i], NULL, NULL, &model));
    fit(model, 100);
    genlat_complete_opts_init(&o);
    o.samples = 200;
    ok(genlat_model_complete(model, x, NULL, &o, &y));
    o.draws = 3;
    ok(genlat_model_complete(model, x, NULL, &o, &draws));
    ck_assert_int_eq(genlat_tensor_dim(draws, 0), 3 * ROWS);
    const float *known = genlat_tensor_const_data(x), *right = genlat_tensor_const_data(truth);
    const float *found = genlat_tensor_const_data(y), *drawn = genlat_tensor_const_data(draws);
    for (int i = 0; i < ROWS * SIZE; i++) {
        for (int d = 0; d < 3; d++)
            ck_assert(isnan(known[i]) ? isfinite(drawn[d * ROWS * SIZE + i]) : drawn[d * ROWS * SIZE + i] == known[i]);
        ck_assert(isnan(known[i]) ? isfinite(found[i]) : found[i] == known[i]);
        if (!isnan(known[i]))
            continue;
        missing++;
        error += pow((double)found[i] - (double)right[i], 2);
        spread += pow((double)drawn[i] - (double)drawn[ROWS * SIZE + i], 2) / 2;
    }
    error /= missing;
    spread /= missing;
    ck_assert_msg(error < 0.25, "error %g", error);
    ck_assert_msg(spread > 0.02 && spread < 0.4, "variance of draws %g", spread); /* 0.09 by the density of the data */
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&draws);
    genlat_model_destroy(&model);
}
END_TEST

/* Rows do not depend on their neighbours, and a row without any value is completed from the prior. */
START_TEST(results_depend_on_seed_and_row)
{
    genlat_model *model = NULL;
    genlat_tensor *a = NULL, *b = NULL, *few = NULL, *c = NULL;
    genlat_complete_opts o;
    static const float none[] = {NAN, NAN, 0.5f, NAN};
    ok(make("fill", NULL, NULL, &model));
    fit(model, 2);
    genlat_complete_opts_init(&o);
    ok(genlat_model_complete(model, x, NULL, NULL, &a));
    ok(genlat_model_complete(model, x, NULL, &o, &b));
    ck_assert_mem_eq(genlat_tensor_data(a), genlat_tensor_data(b), ROWS * SIZE * sizeof(float));
    ok(genlat_tensor_from(ctx, 2, (int64_t[]){5, SIZE}, genlat_tensor_data(x), &few));
    ok(genlat_model_complete(model, few, NULL, &o, &c));
    ck_assert_mem_eq(genlat_tensor_data(a), genlat_tensor_data(c), 5 * SIZE * sizeof(float));
    genlat_tensor_destroy(&b);
    o.seed = 1;
    ok(genlat_model_complete(model, x, NULL, &o, &b));
    ck_assert(memcmp(genlat_tensor_data(a), genlat_tensor_data(b), ROWS * SIZE * sizeof(float)) != 0);
    genlat_tensor_destroy(&few);
    genlat_tensor_destroy(&c);
    ok(genlat_tensor_from(ctx, 2, (int64_t[]){2, SIZE}, none, &few));
    ok(genlat_model_complete(model, few, NULL, &o, &c));
    for (int i = 0; i < 4; i++)
        ck_assert(isfinite(genlat_tensor_data(c)[i]));
    genlat_tensor *all[] = {a, b, few, c};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        genlat_tensor_destroy(&all[i]);
    genlat_model_destroy(&model);
}
END_TEST

/* A saved model goes on with the same steps, and completes as before. */
START_TEST(training_resumes_exactly)
{
    char path[64];
    genlat_model *whole = NULL, *half = NULL, *loaded = NULL;
    genlat_tensor *a = NULL, *b = NULL;
    snprintf(path, sizeof path, "/tmp/genlat-missing-%ld.safetensors", (long)getpid());
    ok(make(treatments[_i], NULL, NULL, &whole));
    ok(make(treatments[_i], NULL, NULL, &half));
    fit(whole, 4);
    fit(half, 2);
    ok(genlat_model_save(half, path));
    ok(genlat_model_load(ctx, path, &loaded));
    unlink(path);
    fit(loaded, 4);
    ok(genlat_model_complete(whole, x, NULL, NULL, &a));
    ok(genlat_model_complete(loaded, x, NULL, NULL, &b));
    ck_assert_mem_eq(genlat_tensor_data(a), genlat_tensor_data(b), ROWS * SIZE * sizeof(float));
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_model_destroy(&whole);
    genlat_model_destroy(&half);
    genlat_model_destroy(&loaded);
}
END_TEST

/* Other uses take data with missing values too. */
START_TEST(partial_data_can_be_used)
{
    genlat_model *model = NULL;
    genlat_tensor *z = NULL, *y = NULL;
    genlat_vae_terms terms = {.size = sizeof terms};
    double nll[ROWS], values[GENLAT_MAX_TERMS];
    ok(make(treatments[_i], NULL, NULL, &model));
    fit(model, 1);
    ok(genlat_model_encode(model, x, NULL, &z));
    ok(genlat_model_reconstruct(model, x, NULL, &y));
    ok(genlat_vae_elbo(model, x, NULL, 1, 0, &terms));
    ok(genlat_vae_log_likelihood(model, x, NULL, 10, 0, nll));
    ok(genlat_model_evaluate(model, source, 50, 0, values));
    ck_assert(isfinite(terms.neg_elbo) && isfinite(values[0]));
    for (int i = 0; i < ROWS; i++)
        ck_assert(isfinite(nll[i]) && isfinite(genlat_tensor_data(z)[i]));
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&model);
}
END_TEST

/* The choice by the data fits the scale to the observed values. */
START_TEST(scales_are_those_of_observed_values)
{
    genlat_model_builder *b = NULL;
    genlat_source *prepared = NULL;
    genlat_tensor *offset = NULL, *scale = NULL;
    char text[1024];
    ok(genlat_model_builder_new(ctx, "vae", &b));
    refused(genlat_model_builder_auto(b, source, &prepared, text, sizeof text), GENLAT_E_RANGE,
            "sample 1 has nan in element 1");
    ck_assert_ptr_null(prepared);
    genlat_model_builder_set(b, "missing", "fill");
    ok(genlat_model_builder_auto(b, source, &prepared, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "266 missing"));
    ok(genlat_source_normalization(prepared, &offset, &scale));
    for (int j = 0; j < SIZE; j++) {
        double sum = 0, square = 0;
        int count = 0;
        for (int i = 0; i < ROWS; i++) {
            const double value = (double)genlat_tensor_data(x)[SIZE * i + j];
            sum += isnan(value) ? 0 : value;
            square += isnan(value) ? 0 : value * value;
            count += !isnan(value);
        }
        const double mean = sum / count;
        ck_assert_double_eq_tol((double)genlat_tensor_data(offset)[j], mean, 1e-5);
        ck_assert_double_eq_tol((double)genlat_tensor_data(scale)[j], sqrt(square / count - mean * mean), 1e-5);
    }
    genlat_tensor_destroy(&offset);
    genlat_tensor_destroy(&scale);
    genlat_source_destroy(&prepared);
    genlat_model_builder_destroy(&b);
}
END_TEST

START_TEST(models_refuse_what_they_cannot_do)
{
    genlat_model *model = NULL;
    genlat_model_builder *b = NULL;
    genlat_tensor *y = NULL;
    genlat_complete_opts o;
    genlat_train_opts train;
    genlat_complete_opts_init(&o);
    genlat_train_opts_init(&train);
    refused(make("filled", NULL, NULL, &model), GENLAT_E_NOT_FOUND, "did you mean");
    refused(make("fill hide=2", NULL, NULL, &model), GENLAT_E_RANGE, "hide");
    refused(make("fill", "mask", "0.2", &model), GENLAT_E_INVALID, "hide in the place of mask");
    refused(make("refuse hide=0.2", NULL, NULL, &model), GENLAT_E_NOT_FOUND, "hide");
    refused(make("condition", "prior", "vamp", &model), GENLAT_E_UNSUPPORTED, "vamp");
    ok(make("refuse", NULL, NULL, &model));
    refused(genlat_model_fit(model, source, NULL, &train), GENLAT_E_RANGE, "missing=fill");
    refused(genlat_model_complete(model, x, NULL, NULL, &y), GENLAT_E_STATE, "missing=condition");
    genlat_model_destroy(&model);
    ok(make("fill", "terms", "", &model));
    genlat_tensor_data(x)[4] = INFINITY;
    refused(genlat_model_complete(model, x, NULL, NULL, &y), GENLAT_E_RANGE, "inf");
    o.draws = 10000;
    o.samples = 0;
    refused(genlat_model_complete(model, x, NULL, &o, &y), GENLAT_E_RANGE, "samples");
    refused(genlat_model_complete(model, NULL, NULL, NULL, &y), GENLAT_E_INVALID, "x is NULL");
    ck_assert_ptr_null(y);
    genlat_model_destroy(&model);
    ok(genlat_model_builder_new(ctx, "gan", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    ok(genlat_model_build(&b, NULL, &model));
    refused(genlat_model_complete(model, truth, NULL, NULL, &y), GENLAT_E_UNSUPPORTED, "gan cannot complete");
    genlat_model_destroy(&model);
}
END_TEST

/* A point posterior has no weights. */
START_TEST(completion_needs_a_density)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    genlat_tensor *y = NULL;
    ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_set(b, "architecture", "mlp widths=4");
    genlat_model_builder_set(b, "posterior", "point");
    genlat_model_builder_set(b, "likelihood", "mse");
    genlat_model_builder_set(b, "missing", "fill");
    ok(genlat_model_build(&b, source, &model));
    refused(genlat_model_complete(model, x, NULL, NULL, &y), GENLAT_E_UNSUPPORTED, "density");
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("missing values");
    TCase *tests = tcase_create("models");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, completion_uses_the_observed_values, 0, 3);
    tcase_add_test(tests, results_depend_on_seed_and_row);
    tcase_add_loop_test(tests, training_resumes_exactly, 0, 3);
    tcase_add_loop_test(tests, partial_data_can_be_used, 0, 3);
    tcase_add_test(tests, scales_are_those_of_observed_values);
    tcase_add_test(tests, models_refuse_what_they_cannot_do);
    tcase_add_test(tests, completion_needs_a_density);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
