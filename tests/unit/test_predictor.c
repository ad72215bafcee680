/* SPDX-License-Identifier: MIT */
/* Predictors: learn digits and vectors, follow the gradient, refuse invalid data, and predict from several threads
 * at once. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"

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

static genlat_source *synthetic(const char *name, int64_t count, uint64_t seed)
{
    genlat_source *source = NULL;
    expect_ok(genlat_source_synthetic(ctx, name, count, seed, &source));
    return source;
}

/* Settings that are NULL keep the value of the preset. */
static genlat_status try_make(genlat_source *source, const char *preset, const char *net, const char *loss,
                              const char *optimizer, genlat_model **out)
{
    genlat_model_builder *b = NULL;
    const char *const pairs[][2] = {{"net", net}, {"loss", loss}, {"optimizer", optimizer}};
    expect_ok(genlat_model_builder_new(ctx, "predictor", &b));
    if (preset)
        genlat_model_builder_preset(b, preset);
    for (int i = 0; i < 3; i++)
        if (pairs[i][1])
            genlat_model_builder_set(b, pairs[i][0], pairs[i][1]);
    return genlat_model_build(&b, source, out);
}

static genlat_model *make(genlat_source *source, const char *net, const char *optimizer)
{
    genlat_model *p = NULL;
    expect_ok(try_make(source, NULL, net, NULL, optimizer, &p));
    return p;
}

static void train_to(genlat_model *p, genlat_source *source, int64_t steps, int64_t batch)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.steps = steps;
    opts.batch = batch;
    expect_ok(genlat_model_fit(p, source, NULL, &opts));
}

/* In the order of the terms. */
typedef struct terms {
    double loss, right, grad_norm; /* right: accuracy, or mean squared error */
} terms;

static terms evaluate(genlat_model *p, genlat_source *source)
{
    double all[GENLAT_MAX_TERMS];
    expect_ok(genlat_model_evaluate(p, source, 100, 0, all));
    ck_assert_double_eq(all[2], 0);
    return (terms){all[0], all[1], all[2]};
}

static terms step(genlat_model *p, const genlat_tensor *x, const genlat_tensor *labels)
{
    double all[GENLAT_MAX_TERMS];
    expect_ok(genlat_model_step(p, x, labels, all));
    return (terms){all[0], all[1], all[2]};
}

START_TEST(digits_are_learned)
{
    genlat_source *digits = synthetic("digits", 1000, 1), *others = synthetic("digits", 300, 2);
    genlat_model *p = make(digits, NULL, NULL);
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL, *features = NULL;
    train_to(p, digits, 100, 50);
    const terms found = evaluate(p, others);
    ck_assert_double_gt(found.right, 0.9);
    ck_assert_double_lt(found.loss, 0.4);
    ck_assert_str_eq(genlat_model_term(p, 0), "loss");
    ck_assert_str_eq(genlat_model_term(p, 1), "accuracy");
    ck_assert_str_eq(genlat_model_term(p, 2), "grad_norm");
    ck_assert_ptr_null(genlat_model_term(p, 3));
    /* Probabilities, and the accuracy computed from them, for more rows than a chunk. */
    expect_ok(genlat_source_read(others, 0, 300, &x, &labels));
    expect_ok(genlat_model_predict(p, x, &y));
    ck_assert_int_eq(genlat_tensor_dim(y, 1), 10);
    int64_t right = 0;
    for (int i = 0; i < 300; i++) {
        const float *row = genlat_tensor_const_data(y) + 10 * i;
        double sum = 0;
        int best = 0;
        for (int c = 0; c < 10; c++) {
            sum += (double)row[c];
            best = row[c] > row[best] ? c : best;
        }
        ck_assert_double_eq_tol(sum, 1, 1e-5);
        right += best == (int)genlat_tensor_const_data(labels)[i];
    }
    ck_assert_double_eq_tol((double)right / 300, found.right, 1e-9);
    expect_ok(genlat_model_encode(p, x, NULL, &features));
    ck_assert_int_eq(genlat_tensor_dim(features, 0), 300);
    ck_assert_int_eq(genlat_tensor_dim(features, 1), 128);
    genlat_tensor_destroy(&features);
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    genlat_model_destroy(&p);
    genlat_source_destroy(&digits);
    genlat_source_destroy(&others);
}
END_TEST

/* A small step of plain gradient descent lowers the loss by rate times the squared norm of the gradient. */
START_TEST(a_step_follows_the_gradient)
{
    const double rate = 1e-3;
    genlat_source *ring = synthetic("ring", 64, 1);
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_model *p = make(ring, "dense units=16 | tanh", "sgd lr=1e-3");
    expect_ok(genlat_source_read(ring, 0, 64, &x, &labels));
    const terms before = step(p, x, labels);
    double fell = before.loss - evaluate(p, ring).loss, expected = rate * before.grad_norm * before.grad_norm;
    ck_assert_double_gt(expected, 1e-5);
    ck_assert_double_eq_tol(fell / expected, 1, 0.05);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

/* Functions for a family are refused for models of others, and parts that a family does not have are not found. */
START_TEST(functions_of_other_families_are_refused)
{
    genlat_source *ring = synthetic("ring", 20, 1);
    genlat_model *p = make(ring, "", NULL), *vae = NULL;
    genlat_model_builder *b = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL;
    genlat_vae_terms t = {.size = sizeof t};
    expect_ok(genlat_source_read(ring, 0, 20, &x, &labels));
    ck_assert_int_eq(genlat_vae_elbo(p, x, labels, 1, 0, &t), GENLAT_E_STATE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "genlat_vae_elbo: the model is a predictor"));
    ck_assert_int_eq(genlat_vae_step(p, NULL, x, labels, &t), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_gan_step(p, x, labels, NULL), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_gan_discriminate(p, x, labels, &y), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_model_sample(p, 3, NULL, NULL, &y), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_model_latents(p, 3, NULL, &y), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_model_reconstruct(p, x, labels, &y), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_model_decode(p, x, NULL, &y), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_model_interpolate(p, x, x, NULL, 2, GENLAT_PATH_LINE, &y), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_model_traverse(p, NULL, NULL, -1, 1, 2, &y), GENLAT_E_UNSUPPORTED);
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_preset(b, "vector");
    expect_ok(genlat_model_build(&b, ring, &vae));
    ck_assert_int_eq(genlat_model_predict(vae, x, &y), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_null(y);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

/* y = (x0 + x1, x0 - x1), which a net without hidden layers can represent exactly. */
static genlat_source *sums(void)
{
    genlat_tensor *x = NULL, *y = NULL;
    genlat_source *source = NULL, *ring = synthetic("ring", 200, 1);
    expect_ok(genlat_source_read(ring, 0, 200, &x, NULL));
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){200, 2}, &y));
    const float *in = genlat_tensor_const_data(x);
    float *out = genlat_tensor_data(y);
    for (int i = 0; i < 400; i += 2) {
        out[i] = in[i] + in[i + 1];
        out[i + 1] = in[i] - in[i + 1];
    }
    expect_ok(genlat_source_memory(ctx, x, y, &source));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_source_destroy(&ring);
    return source;
}

START_TEST(vectors_are_learned)
{
    genlat_source *source = sums();
    genlat_model *p = make(source, "", "adam lr=0.05");
    genlat_tensor *x = NULL, *y = NULL;
    int64_t classes = -1, vector = -1;
    train_to(p, source, 400, 50);
    ck_assert_double_lt(evaluate(p, source).right, 1e-4);
    ck_assert_str_eq(genlat_model_term(p, 1), "mse");
    expect_ok(genlat_model_condition(p, &classes, &vector));
    ck_assert_int_eq(classes, 0);
    ck_assert_int_eq(vector, 2);
    expect_ok(genlat_source_read(source, 0, 1, &x, NULL));
    expect_ok(genlat_model_predict(p, x, &y));
    const float *in = genlat_tensor_const_data(x), *out = genlat_tensor_const_data(y);
    ck_assert_double_eq_tol((double)out[0], (double)(in[0] + in[1]), 0.05);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&p);
    genlat_source_destroy(&source);
}
END_TEST

/* Terms of a vector: the sum of its squared errors is the loss of a row, their mean is mse. The source has more rows
 * than a workspace. */
START_TEST(terms_of_vectors_are_those_of_their_predictions)
{
    enum { ROWS = 2500, WIDTH = 3 };
    genlat_source *ring = synthetic("ring", ROWS, 1), *source = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL;
    double found[GENLAT_MAX_TERMS], sum = 0;
    expect_ok(genlat_source_read(ring, 0, ROWS, &x, NULL));
    expect_ok(genlat_tensor_new(ctx, 2, (int64_t[]){ROWS, WIDTH}, &labels));
    for (int i = 0; i < WIDTH * ROWS; i++)
        genlat_tensor_data(labels)[i] = (float)(i % 11) - genlat_tensor_data(x)[i % ROWS];
    expect_ok(genlat_source_memory(ctx, x, labels, &source));
    genlat_model *p = make(source, "", "adam lr=0.05");
    expect_ok(genlat_model_predict(p, x, &y));
    for (int i = 0; i < WIDTH * ROWS; i++) {
        const double apart = (double)(genlat_tensor_data(y)[i] - genlat_tensor_data(labels)[i]);
        sum += apart * apart / ROWS;
    }
    expect_ok(genlat_model_evaluate(p, source, ROWS, 0, found));
    ck_assert_double_eq_tol(found[0], sum, 1e-4 * sum);
    ck_assert_double_eq_tol(found[1], sum / WIDTH, 1e-4 * sum);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&p);
    genlat_source_destroy(&source);
    genlat_source_destroy(&ring);
}
END_TEST

static void expect_refused(genlat_source *source, const char *preset, const char *net, const char *loss,
                           genlat_status expected, const char *word)
{
    genlat_model *p = NULL;
    ck_assert_int_eq(try_make(source, preset, net, loss, NULL, &p), expected);
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "%s", genlat_last_error());
    ck_assert_ptr_null(p);
}

START_TEST(invalid_data_are_refused)
{
    genlat_source *ring = synthetic("ring", 20, 1), *bare = NULL, *vectors = sums();
    genlat_tensor *x = NULL;
    expect_ok(genlat_source_read(ring, 0, 20, &x, NULL));
    expect_ok(genlat_source_memory(ctx, x, NULL, &bare));
    expect_refused(bare, NULL, NULL, NULL, GENLAT_E_INVALID, "no labels");
    expect_refused(ring, "none such", NULL, NULL, GENLAT_E_NOT_FOUND, "none such");
    expect_refused(ring, NULL, NULL, "mse", GENLAT_E_INVALID, "cross_entropy");
    expect_refused(vectors, NULL, NULL, "cross_entropy", GENLAT_E_INVALID, "mse");
    expect_refused(vectors, NULL, NULL, "gaussian sd=optimal", GENLAT_E_INVALID, "a likelihood without parameters");
    expect_refused(ring, NULL, "conv2d channels=4 kernel=3", NULL, GENLAT_E_SHAPE, "conv2d");
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&bare);
    genlat_source_destroy(&ring);
    genlat_source_destroy(&vectors);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

typedef struct asker {
    genlat_model *predictor;
    const genlat_tensor *x;
    const float *expected; /* predictions for all of x */
    bool same;
} asker;

static void *predict_often(void *arg)
{
    asker *a = arg;
    a->same = true;
    for (int i = 0; i < 20; i++) {
        genlat_tensor *y = NULL;
        a->same = a->same && genlat_model_predict(a->predictor, a->x, &y) == GENLAT_OK &&
                  memcmp(genlat_tensor_const_data(y), a->expected, 8 * 150 * sizeof(float)) == 0;
        genlat_tensor_destroy(&y);
    }
    return NULL;
}

START_TEST(several_threads_predict_at_once)
{
    enum { THREADS = 3 };
    genlat_source *ring = synthetic("ring", 150, 1);
    genlat_model *p = make(ring, NULL, NULL);
    genlat_tensor *x = NULL, *y = NULL;
    pthread_t thread[THREADS];
    asker askers[THREADS];
    expect_ok(genlat_source_read(ring, 0, 150, &x, NULL));
    expect_ok(genlat_model_predict(p, x, &y));
    for (int i = 0; i < THREADS; i++) {
        askers[i] = (asker){p, x, genlat_tensor_const_data(y), false};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, predict_often, &askers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        ck_assert(askers[i].same);
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_model_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

START_TEST(progress_is_reported)
{
    genlat_source *ring = synthetic("ring", 40, 1);
    genlat_model *p = make(ring, "", NULL);
    genlat_progress progress = {.size = sizeof progress};
    genlat_trainer *trainer = NULL;
    genlat_train_opts opts;
    expect_ok(genlat_model_progress(p, &progress));
    ck_assert_int_eq(progress.step, 0);
    ck_assert(isnan(progress.best));
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = 10;
    expect_ok(genlat_trainer_new(p, ring, ring, &opts, &trainer));
    expect_ok(genlat_trainer_run(trainer));
    expect_ok(genlat_model_progress(p, &progress));
    ck_assert_int_eq(progress.step, 8);
    ck_assert_int_eq(progress.epoch, 2);
    ck_assert_int_ge(progress.best_epoch, 1);
    ck_assert_double_gt(progress.best, 0);
    progress.size = 0;
    ck_assert_int_eq(genlat_model_progress(p, &progress), GENLAT_E_INVALID);
    genlat_trainer_destroy(&trainer);
    genlat_model_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

START_TEST(the_description_is_complete)
{
    char text[2048], tight[40];
    const char *help = NULL;
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    genlat_source *digits = synthetic("digits", 10, 1);
    genlat_model *p = make(digits, NULL, NULL);
    expect_ok(genlat_model_describe(p, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "10 classes"));
    ck_assert_ptr_nonnull(strstr(text, "features"));
    ck_assert_int_eq(genlat_model_describe(p, tight, sizeof tight), GENLAT_E_RANGE);
    expect_ok(genlat_model_data_shape(p, &ndim, dims));
    ck_assert_int_eq(ndim, 3);
    ck_assert_int_gt(genlat_model_size(p), 0);
    ck_assert_str_eq(genlat_model_preset("predictor", 0, &help), "classifier");
    ck_assert_ptr_nonnull(help);
    ck_assert_ptr_null(genlat_model_preset("predictor", 99, &help));
    genlat_model_destroy(&p);
    genlat_source_destroy(&digits);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("predictor");
    TCase *tests = tcase_create("predictor");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, digits_are_learned);
    tcase_add_test(tests, a_step_follows_the_gradient);
    tcase_add_test(tests, functions_of_other_families_are_refused);
    tcase_add_test(tests, vectors_are_learned);
    tcase_add_test(tests, terms_of_vectors_are_those_of_their_predictions);
    tcase_add_test(tests, invalid_data_are_refused);
    tcase_add_test(tests, several_threads_predict_at_once);
    tcase_add_test(tests, progress_is_reported);
    tcase_add_test(tests, the_description_is_complete);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
