/* SPDX-License-Identifier: MIT */
/* Values that no model can learn from: numbers that are not finite or outside of the support of the likelihood are
 * refused, with their place, before training, in evaluations and in steps. Weights of files must be finite. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/io.h"
#include "support/families.h"

enum { ROWS = 40, SIZE = 6, BAD_ROW = 23, BAD_ELEMENT = 4 };

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

static void expect_refused(genlat_status status, const char *value)
{
    char place[64];
    ck_assert_msg(status == GENLAT_E_RANGE, "%s: %s", genlat_status_name(status), genlat_last_error());
    snprintf(place, sizeof place, "sample %d has %s in element %d", BAD_ROW, value, BAD_ELEMENT);
    ck_assert_msg(strstr(genlat_last_error(), place) != NULL, "'%s' does not contain '%s'", genlat_last_error(), place);
}

/* A source of `good`, with one other value. */
static genlat_source *source_of(float good, float bad, genlat_tensor **x)
{
    genlat_source *source = NULL;
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, SIZE}, x));
    expect_ok(genlat_tensor_fill(*x, good));
    genlat_tensor_data(*x)[BAD_ROW * SIZE + BAD_ELEMENT] = bad;
    expect_ok(genlat_source_memory(ctx, *x, NULL, &source));
    return source;
}

static genlat_model *vae_of(const char *likelihood)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){SIZE});
    genlat_model_builder_set(b, "architecture", "mlp widths=4");
    genlat_model_builder_set(b, "latent", "2");
    genlat_model_builder_set(b, "likelihood", likelihood);
    expect_ok(genlat_model_build(&b, NULL, &model));
    return model;
}

static genlat_status fit(genlat_model *model, genlat_source *train, genlat_source *valid)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = 1;
    return genlat_model_fit(model, train, valid, &opts);
}

/* ---- the support of likelihoods -------------------------------------------------------------- */

static const struct {
    const char *likelihood, *text;
    float good, bad;
} outside[] = {
    {"bernoulli", "254", 0.5f, 254},
    {"bernoulli", "-0.25", 1, -0.25f},
    {"categorical classes=4", "1.5", 3, 1.5f},
    {"categorical classes=4", "4", 0, 4},
    {"beta_binomial", "-1", 0, -1},
    {"beta_binomial", "1.5", 1, 1.5f},
    {"discretized_logistic", "1.5", 0, 1.5f},
    {"discretized_logistic", "-0.5", 1, -0.5f},
    {"discretized_logistic range=symmetric", "1.5", -1, 1.5f},
    {"discretized_logistic range=symmetric", "-1.5", 1, -1.5f},
    {"logistic_mixture", "1.5", 0, 1.5f},
    {"logistic_mixture", "-0.5", 1, -0.5f},
    {"logistic_mixture range=symmetric", "1.5", -1, 1.5f},
    {"logistic_mixture range=symmetric", "-1.5", 1, -1.5f},
    {"gaussian", "nan", 1e6f, NAN},
    {"laplace", "inf", -1e6f, INFINITY},
    {"mse", "-inf", 5, -INFINITY},
    {"bernoulli", "nan", 0, NAN},
};

START_TEST(data_outside_of_the_support_are_refused)
{
    genlat_tensor *x = NULL, *y = NULL;
    genlat_source *bad = source_of(outside[_i].good, outside[_i].bad, &x);
    genlat_source *good = source_of(outside[_i].good, outside[_i].good, &y);
    genlat_model *model = vae_of(outside[_i].likelihood);
    double terms[GENLAT_MAX_TERMS], nll[ROWS];
    genlat_vae_terms vae_terms = {.size = sizeof vae_terms};
    genlat_progress progress = {.size = sizeof progress};
    expect_refused(fit(model, bad, NULL), outside[_i].text);
    expect_refused(fit(model, good, bad), outside[_i].text);
    expect_refused(genlat_model_evaluate(model, bad, 7, 1, terms), outside[_i].text);
    if (isfinite(outside[_i].bad))
        expect_refused(genlat_model_step(model, x, NULL, terms), outside[_i].text);
    else
        ck_assert_int_eq(genlat_model_step(model, x, NULL, terms), GENLAT_E_NUMERIC);
    if (isfinite(outside[_i].bad))
        expect_refused(genlat_vae_backward(model, x, NULL, NULL), outside[_i].text);
    expect_refused(genlat_vae_elbo(model, x, NULL, 1, 1, &vae_terms), outside[_i].text);
    expect_refused(genlat_vae_log_likelihood(model, x, NULL, 2, 1, nll), outside[_i].text);
    expect_ok(genlat_model_progress(model, &progress));
    ck_assert_int_eq(progress.step, 0);
    expect_ok(genlat_model_step(model, y, NULL, terms));
    expect_ok(genlat_model_evaluate(model, good, 7, 1, terms));
    expect_ok(fit(model, good, good));
    genlat_model_destroy(&model);
    genlat_source_destroy(&bad);
    genlat_source_destroy(&good);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
}
END_TEST

/* ---- every family ---------------------------------------------------------------------------- */

START_TEST(data_that_are_not_finite_are_refused)
{
    genlat_source *images = family_source(ctx), *source = NULL;
    genlat_model *model = family_make(ctx, _i, images);
    genlat_tensor *x = NULL, *labels = NULL, *out = NULL;
    expect_ok(genlat_source_read(images, 0, FAMILY_SAMPLES, &x, &labels));
    genlat_tensor_data(x)[BAD_ROW * FAMILY_SIZE + BAD_ELEMENT] = NAN;
    expect_ok(genlat_source_memory(ctx, x, labels, &source));
    expect_refused(fit(model, source, NULL), "nan");
    const genlat_status statuses[] = {
        genlat_model_encode(model, x, labels, &out),     genlat_model_reconstruct(model, x, labels, &out),
        genlat_vae_encode(model, x, labels, &out, NULL), genlat_vae_encode_sample(model, x, labels, 1, &out),
        genlat_gan_discriminate(model, x, labels, &out), genlat_model_predict(model, x, &out),
    };
    int refused = 0;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        ck_assert_int_ne(statuses[i], GENLAT_OK);
        refused += statuses[i] == GENLAT_E_RANGE;
    }
    ck_assert_int_gt(refused, 0);
    ck_assert_ptr_null(out);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_source_destroy(&images);
}
END_TEST

START_TEST(weights_of_files_must_be_finite)
{
    char path[64];
    genlat_source *images = family_source(ctx);
    genlat_model *model = family_make(ctx, _i, images), *loaded = NULL;
    snprintf(path, sizeof path, "/tmp/genlat-values-%ld.safetensors", (long)getpid());
    (model->part[0].values ? model->part[0].value : model->part[0].state)[0] = (gnl_real)NAN;
    expect_ok(genlat_model_save(model, path));
    ck_assert_int_eq(genlat_model_load(ctx, path, &loaded), GENLAT_E_FORMAT);
    ck_assert_ptr_null(loaded);
    ck_assert_msg(strstr(genlat_last_error(), "has nan in element") != NULL, "%s", genlat_last_error());
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), model->part[0].name));
    unlink(path);
    genlat_model_destroy(&model);
    genlat_source_destroy(&images);
}
END_TEST

/* Missing values, NaN, are left out of the fit; see test_missing.c. */
START_TEST(scalings_are_not_fitted_on_other_values)
{
    static const uint32_t kinds[] = {GENLAT_SCALE_UNIT, GENLAT_SCALE_STANDARD, GENLAT_SCALE_FEATURES};
    genlat_tensor *x = NULL;
    genlat_source *source = source_of(1, _i % 2 ? -INFINITY : INFINITY, &x), *out = NULL;
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    opts.scale = kinds[_i / 2];
    expect_refused(genlat_source_transform(source, &opts, &out), _i % 2 ? "-inf" : "inf");
    ck_assert_ptr_null(out);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("values");
    TCase *tests = tcase_create("refused");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, data_outside_of_the_support_are_refused, 0, (int)(sizeof outside / sizeof *outside));
    tcase_add_loop_test(tests, data_that_are_not_finite_are_refused, 0, family_count());
    tcase_add_loop_test(tests, weights_of_files_must_be_finite, 0, family_count());
    tcase_add_loop_test(tests, scalings_are_not_fitted_on_other_values, 0, 6);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
