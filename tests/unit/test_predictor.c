/* SPDX-License-Identifier: MIT */
/* Predictors: digits are learned, a step follows the gradient, training in parts gives the same, vectors are learned too,
 * what cannot be predicted is refused, steps allocate nothing, threads ask at once. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static genlat_predictor *make(genlat_source *source, const char *net, const char *optimizer)
{
    genlat_predictor *p = NULL;
    genlat_predictor_opts opts;
    genlat_predictor_opts_init(&opts);
    opts.net = net;
    opts.optimizer = optimizer;
    expect_ok(genlat_predictor_new(ctx, source, &opts, &p));
    return p;
}

static void train_to(genlat_predictor *p, genlat_source *source, int64_t steps, int64_t batch)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.steps = steps;
    opts.batch = batch;
    expect_ok(genlat_predictor_fit(p, source, &opts));
}

static genlat_predictor_terms evaluate(genlat_predictor *p, genlat_source *source)
{
    genlat_predictor_terms terms = {.size = sizeof terms};
    expect_ok(genlat_predictor_evaluate(p, source, 100, &terms));
    return terms;
}

START_TEST(digits_are_learned)
{
    genlat_source *digits = synthetic("digits", 1000, 1), *others = synthetic("digits", 300, 2);
    genlat_predictor *p = NULL;
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL, *features = NULL;
    expect_ok(genlat_predictor_new(ctx, digits, NULL, &p));
    train_to(p, digits, 100, 50);
    genlat_predictor_terms terms = evaluate(p, others);
    ck_assert_double_gt(terms.accuracy, 0.9);
    ck_assert_double_lt(terms.loss, 0.4);
    ck_assert(isnan(terms.mse));
    /* Probabilities, and the same accuracy from them; more rows than a chunk holds. */
    expect_ok(genlat_source_read(others, 0, 300, &x, &labels));
    expect_ok(genlat_predictor_predict(p, x, &y));
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
    ck_assert_double_eq_tol((double)right / 300, terms.accuracy, 1e-9);
    expect_ok(genlat_predictor_features(p, x, &features));
    ck_assert_int_eq(genlat_tensor_dim(features, 0), 300);
    ck_assert_int_eq(genlat_tensor_dim(features, 1), 128);
    genlat_tensor_destroy(&features);
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    genlat_predictor_destroy(&p);
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
    genlat_predictor_terms before = {.size = sizeof before};
    genlat_predictor *p = make(ring, "dense units=16 | tanh", "sgd lr=1e-3");
    expect_ok(genlat_source_read(ring, 0, 64, &x, &labels));
    expect_ok(genlat_predictor_step(p, x, labels, &before));
    double fell = before.loss - evaluate(p, ring).loss, expected = rate * before.grad_norm * before.grad_norm;
    ck_assert_double_gt(expected, 1e-5);
    ck_assert_double_eq_tol(fell / expected, 1, 0.05);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_predictor_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

START_TEST(training_in_parts_gives_the_same)
{
    char path[64];
    genlat_predictor *loaded = NULL;
    genlat_tensor *x = NULL, *a = NULL, *b = NULL;
    genlat_source *digits = synthetic("digits", 100, 1);
    genlat_predictor *once = make(digits, NULL, NULL), *twice = make(digits, NULL, NULL);
    train_to(once, digits, 13, 16);
    train_to(twice, digits, 6, 16);
    snprintf(path, sizeof path, "/tmp/genlat-predictor-%ld.safetensors", (long)getpid());
    expect_ok(genlat_predictor_save(twice, path));
    expect_ok(genlat_predictor_load(ctx, path, &loaded));
    genlat_vae *vae = NULL;
    ck_assert_int_eq(genlat_vae_load(ctx, path, &vae), GENLAT_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "'predictor'"));
    unlink(path);
    train_to(loaded, digits, 13, 16);
    expect_ok(genlat_source_read(digits, 0, 20, &x, NULL));
    expect_ok(genlat_predictor_predict(once, x, &a));
    expect_ok(genlat_predictor_predict(loaded, x, &b));
    ck_assert_mem_eq(genlat_tensor_const_data(a), genlat_tensor_const_data(b), 200 * sizeof(float));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_predictor_destroy(&once);
    genlat_predictor_destroy(&twice);
    genlat_predictor_destroy(&loaded);
    genlat_source_destroy(&digits);
}
END_TEST

/* y = (x0 + x1, x0 - x1), which a net without hidden layers learns exactly. */
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
    genlat_predictor *p = make(source, "", "adam lr=0.05");
    genlat_tensor *x = NULL, *y = NULL;
    int64_t classes = -1, vector = -1;
    train_to(p, source, 400, 50);
    genlat_predictor_terms terms = evaluate(p, source);
    ck_assert_double_lt(terms.mse, 1e-4);
    ck_assert(isnan(terms.accuracy));
    expect_ok(genlat_predictor_labels(p, &classes, &vector));
    ck_assert_int_eq(classes, 0);
    ck_assert_int_eq(vector, 2);
    expect_ok(genlat_source_read(source, 0, 1, &x, NULL));
    expect_ok(genlat_predictor_predict(p, x, &y));
    const float *in = genlat_tensor_const_data(x), *out = genlat_tensor_const_data(y);
    ck_assert_double_eq_tol((double)out[0], (double)(in[0] + in[1]), 0.05);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_predictor_destroy(&p);
    genlat_source_destroy(&source);
}
END_TEST

static void expect_refused(genlat_source *source, const char *preset, const char *net, const char *loss,
                           genlat_status wanted, const char *word)
{
    genlat_predictor *p = NULL;
    genlat_predictor_opts opts;
    genlat_predictor_opts_init(&opts);
    opts.preset = preset;
    opts.net = net;
    opts.loss = loss;
    ck_assert_int_eq(genlat_predictor_new(ctx, source, &opts, &p), wanted);
    ck_assert_msg(strstr(genlat_last_error(), word) != NULL, "%s", genlat_last_error());
    ck_assert_ptr_null(p);
}

START_TEST(what_cannot_be_predicted_is_refused)
{
    genlat_source *ring = synthetic("ring", 20, 1), *bare = NULL, *vectors = sums();
    genlat_tensor *x = NULL;
    expect_ok(genlat_source_read(ring, 0, 20, &x, NULL));
    expect_ok(genlat_source_memory(ctx, x, NULL, &bare));
    expect_refused(bare, NULL, NULL, NULL, GENLAT_E_INVALID, "no labels");
    expect_refused(ring, "none such", NULL, NULL, GENLAT_E_NOT_FOUND, "none such");
    expect_refused(ring, NULL, NULL, "mse", GENLAT_E_INVALID, "cross_entropy");
    expect_refused(vectors, NULL, NULL, "cross_entropy", GENLAT_E_INVALID, "mse");
    expect_refused(vectors, NULL, NULL, "gaussian sd=optimal", GENLAT_E_INVALID, "of its own");
    expect_refused(ring, NULL, "conv2d channels=4 kernel=3", NULL, GENLAT_E_SHAPE, "conv2d");
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&bare);
    genlat_source_destroy(&ring);
    genlat_source_destroy(&vectors);
}
END_TEST

START_TEST(a_bad_batch_changes_nothing)
{
    genlat_source *ring = synthetic("ring", 20, 1);
    genlat_predictor *p = make(ring, "batch_norm | dense units=8 | relu", NULL);
    genlat_tensor *x = NULL, *labels = NULL;
    expect_ok(genlat_source_read(ring, 0, 20, &x, &labels));
    double before = evaluate(p, ring).loss;
    genlat_tensor_data(x)[3] = INFINITY;
    ck_assert_int_eq(genlat_predictor_step(p, x, labels, NULL), GENLAT_E_NUMERIC);
    genlat_tensor_data(x)[3] = 0;
    genlat_tensor_data(labels)[7] = 8;
    ck_assert_int_eq(genlat_predictor_step(p, x, labels, NULL), GENLAT_E_RANGE);
    ck_assert_double_eq(evaluate(p, ring).loss, before);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_predictor_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

/* ---- memory and threads ---------------------------------------------------------------------- */

static atomic_long allocations;

static void *counted(void *user, size_t size, size_t align)
{
    (void)user;
    atomic_fetch_add(&allocations, 1);
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void give_back(void *user, void *memory)
{
    (void)user;
    free(memory);
}

START_TEST(steps_allocate_nothing)
{
    const genlat_allocator allocator = {sizeof allocator, NULL, counted, give_back};
    genlat_ctx_opts opts;
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    genlat_ctx_destroy(&ctx);
    expect_ok(genlat_ctx_new(&opts, &ctx));
    genlat_source *digits = synthetic("digits", 8, 1);
    genlat_predictor *p = make(digits, NULL, NULL);
    expect_ok(genlat_source_read(digits, 0, 8, &x, &labels));
    expect_ok(genlat_predictor_step(p, x, labels, NULL));
    long before = atomic_load(&allocations);
    for (int i = 0; i < 5; i++)
        expect_ok(genlat_predictor_step(p, x, labels, NULL));
    ck_assert_int_eq(atomic_load(&allocations), before);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_predictor_destroy(&p);
    genlat_source_destroy(&digits);
}
END_TEST

typedef struct asker {
    genlat_predictor *predictor;
    const genlat_tensor *x;
    const float *wanted; /* answers on all of x */
    bool same;
} asker;

static void *ask_often(void *arg)
{
    asker *a = arg;
    a->same = true;
    for (int i = 0; i < 20; i++) {
        genlat_tensor *y = NULL;
        a->same = a->same && genlat_predictor_predict(a->predictor, a->x, &y) == GENLAT_OK &&
                  memcmp(genlat_tensor_const_data(y), a->wanted, 8 * 150 * sizeof(float)) == 0;
        genlat_tensor_destroy(&y);
    }
    return NULL;
}

START_TEST(threads_ask_at_once)
{
    enum { THREADS = 3 };
    genlat_source *ring = synthetic("ring", 150, 1);
    genlat_predictor *p = make(ring, NULL, NULL);
    genlat_tensor *x = NULL, *y = NULL;
    pthread_t thread[THREADS];
    asker askers[THREADS];
    expect_ok(genlat_source_read(ring, 0, 150, &x, NULL));
    expect_ok(genlat_predictor_predict(p, x, &y));
    for (int i = 0; i < THREADS; i++) {
        askers[i] = (asker){p, x, genlat_tensor_const_data(y), false};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, ask_often, &askers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        ck_assert(askers[i].same);
    }
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
    genlat_predictor_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

START_TEST(progress_is_told)
{
    genlat_source *ring = synthetic("ring", 40, 1);
    genlat_predictor *p = make(ring, "", NULL);
    genlat_progress progress = {.size = sizeof progress};
    genlat_trainer *trainer = NULL;
    genlat_train_opts opts;
    expect_ok(genlat_predictor_progress(p, &progress));
    ck_assert_int_eq(progress.step, 0);
    ck_assert(isnan(progress.best));
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = 10;
    expect_ok(genlat_trainer_predictor(p, ring, ring, &opts, &trainer));
    expect_ok(genlat_trainer_run(trainer));
    expect_ok(genlat_predictor_progress(p, &progress));
    ck_assert_int_eq(progress.step, 8);
    ck_assert_int_eq(progress.epoch, 2);
    ck_assert_int_ge(progress.best_epoch, 1);
    ck_assert_double_gt(progress.best, 0);
    progress.size = 0;
    ck_assert_int_eq(genlat_predictor_progress(p, &progress), GENLAT_E_INVALID);
    genlat_trainer_destroy(&trainer);
    genlat_predictor_destroy(&p);
    genlat_source_destroy(&ring);
}
END_TEST

START_TEST(it_describes_itself)
{
    char text[2048], tight[40];
    const char *help = NULL;
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    genlat_source *digits = synthetic("digits", 10, 1);
    genlat_predictor *p = make(digits, NULL, NULL);
    expect_ok(genlat_predictor_describe(p, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "10 classes"));
    ck_assert_ptr_nonnull(strstr(text, "features"));
    ck_assert_int_eq(genlat_predictor_describe(p, tight, sizeof tight), GENLAT_E_RANGE);
    expect_ok(genlat_predictor_data_shape(p, &ndim, dims));
    ck_assert_int_eq(ndim, 3);
    ck_assert_int_gt(genlat_net_size(genlat_predictor_net(p)), 0);
    ck_assert_str_eq(genlat_predictor_preset(0, &help), "classifier");
    ck_assert_ptr_nonnull(help);
    ck_assert_ptr_null(genlat_predictor_preset(99, &help));
    genlat_predictor_destroy(&p);
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
    tcase_add_test(tests, training_in_parts_gives_the_same);
    tcase_add_test(tests, vectors_are_learned);
    tcase_add_test(tests, what_cannot_be_predicted_is_refused);
    tcase_add_test(tests, a_bad_batch_changes_nothing);
    tcase_add_test(tests, steps_allocate_nothing);
    tcase_add_test(tests, threads_ask_at_once);
    tcase_add_test(tests, progress_is_told);
    tcase_add_test(tests, it_describes_itself);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
