/* SPDX-License-Identifier: MIT */
/* Steps of GANs. Failed steps change nothing. Steps of one net change only that net. Only the first step allocates.
 * Bits do not depend on threads. The augmentation probability adapts. Training resumes exactly from files. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/gan_unit.h"
#include "net/exec_priv.h"

START_TEST(failed_steps_change_nothing)
{
    genlat_model *model = gan_make("r3", &gan_vector, NULL);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    (void)gan_step(model, x, NULL);
    gnl_real kept = x->data[4];
    x->data[4] = (gnl_real)NAN;
    picture before = gan_picture(model);
    ck_assert_int_eq(genlat_gan_step(model, x, NULL, NULL), GENLAT_E_NUMERIC);
    gan_expect_same(model, before);
    ck_assert_int_eq(genlat_gan_step_d(model, x, NULL, NULL), GENLAT_E_NUMERIC);
    ck_assert_int_eq(genlat_gan_step_g(model, x, NULL, NULL), GENLAT_E_NUMERIC);
    x->data[4] = kept;
    (void)gan_step(model, x, NULL);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* The learning rate of the discriminator is so high that its first step makes the generator's loss overflow. */
START_TEST(a_failed_generator_step_restores_the_discriminator)
{
    static const pair wild[] = {
        {"optimizer_d", "sgd lr=1e6"}, {"loss", "wasserstein"}, {"r1", "0"}, {"r2", "0"}, {NULL, NULL}};
    genlat_model *model = gan_make("r3", &gan_vector, wild);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    for (int i = 0; i < 3 * GAN_ROWS; i++)
        x->data[i] *= (gnl_real)1e6;
    picture before = gan_picture(model);
    ck_assert_int_eq(genlat_gan_step(model, x, NULL, NULL), GENLAT_E_NUMERIC);
    gan_expect_same(model, before);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(steps_of_one_net_change_only_that_net)
{
    genlat_model *model = gan_make("r3", &gan_vector, NULL);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    const genlat_net *g = model->net[GNL_GENERATOR], *d = model->net[GNL_DISCRIMINATOR];
    picture before = gan_picture(model);
    const gnl_real *g0 = before.numbers, *d0 = before.numbers + g->values + g->states;
    ck_assert_int_eq(genlat_gan_step_d(model, x, NULL, NULL), GENLAT_OK);
    ck_assert_mem_eq(g->value, g0, (size_t)g->values * sizeof *g0);
    ck_assert_mem_ne(d->value, d0, (size_t)d->values * sizeof *d0);
    free(before.numbers);
    before = gan_picture(model);
    d0 = before.numbers + g->values + g->states;
    ck_assert_int_eq(genlat_gan_step_g(model, x, NULL, NULL), GENLAT_OK);
    ck_assert_mem_ne(g->value, before.numbers, (size_t)g->values * sizeof *d0);
    ck_assert_mem_eq(d->value, d0, (size_t)d->values * sizeof *d0);
    free(before.numbers);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(steps_allocate_nothing)
{
    static const pair all[] = {
        {"gp", "1"}, {"noise", "0.1"}, {"packing", "2"}, {"discriminator_steps", "3"}, {NULL, NULL}};
    static const gnl_shape *const shapes[] = {&gan_vector, &gan_image, &gan_image, &gan_signal};
    genlat_model *model = gan_make("r3", shapes[_i], _i < 2 ? all : gan_changing);
    genlat_tensor *x = gan_normal(shapes[_i], GAN_ROWS, 1), *labels = gan_labels();
    (void)gan_step(model, x, labels);
    long long before = atomic_load(&gan_memory.calls);
    for (int i = 0; i < 20; i++)
        (void)gan_step(model, x, labels);
    ck_assert_int_eq(atomic_load(&gan_memory.calls), before);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads)
{
    picture one = {0};
    for (int threads = 1; threads <= 3; threads++) {
        genlat_ctx *kept = ctx;
        genlat_ctx_opts opts;
        genlat_ctx_opts_init(&opts);
        opts.threads = threads;
        ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
        genlat_model *model = gan_make(_i ? "sngan" : "r3", &gan_image, gan_changing);
        genlat_tensor *x = gan_normal(&gan_image, GAN_ROWS, 1), *labels = gan_labels();
        for (int i = 0; i < 6; i++)
            (void)gan_step(model, x, labels);
        if (threads == 1)
            one = gan_picture(model);
        else
            gan_expect_numbers(model, &one);
        gnl_tensor_release(x);
        gnl_tensor_release(labels);
        genlat_model_destroy(&model);
        genlat_ctx_destroy(&ctx);
        ctx = kept;
    }
    free(one.numbers);
}
END_TEST

/* The probability rises while the discriminator overfits to real samples, and falls otherwise. */
START_TEST(augmentation_probability_follows_the_discriminator)
{
    genlat_model *model = gan_make("r3", &gan_image, gan_changing);
    genlat_tensor *x = gan_normal(&gan_image, GAN_ROWS, 1), *labels = gan_labels();
    double before = 0;
    for (int i = 0; i < 30; i++) {
        double now = gan_step(model, x, labels).augment_probability,
               moved = gnl_gan_work_of(model)->positive > 0.6 ? GAN_ROWS / 40.0 : -GAN_ROWS / 40.0;
        ck_assert_double_eq_tol(now, GNL_MAX(0, GNL_MIN(1, before + moved)), 1e-12);
        before = now;
    }
    ck_assert_double_gt(before, 0);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(training_resumes_exactly)
{
    static const pair set[] = {
        {"discriminator_steps", "2"}, {"lr_schedule", "cosine from=1 to=0 steps=12"}, {"packing", "2"}, {NULL, NULL}};
    static const pair conditional[] = {{"condition", "classes=3"}, {"augment", "cutout"}, {NULL, NULL}};
    static const pair spectral[] = {{"discriminator_steps", "2"}, {"history", "0.01"}, {NULL, NULL}};
    static const struct {
        const char *preset;
        const gnl_shape *data;
        const pair *set;
    } runs[] = {{"r3", &gan_vector, set},
                {"r3", &gan_image, gan_changing},
                {"r3", &gan_signal, gan_changing},
                {"sngan", &gan_vector, spectral},
                {"sngan", &gan_image, conditional}};
    char path[64];
    genlat_model *through = gan_make(runs[_i].preset, runs[_i].data, runs[_i].set), *resumed = NULL;
    genlat_tensor *x = gan_normal(runs[_i].data, GAN_ROWS, 1), *labels = gan_labels(), *a = NULL, *b = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 3;
    snprintf(path, sizeof path, "/tmp/genlat-gan-%ld.safetensors", (long)getpid());
    for (int i = 0; i < 5; i++)
        (void)gan_step(through, x, labels);
    ck_assert_msg(genlat_model_save(through, path) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(genlat_model_load(ctx, path, &resumed) == GENLAT_OK, "%s", genlat_last_error());
    for (int i = 0; i < 5; i++) {
        genlat_gan_terms t = gan_step(through, x, labels), u = gan_step(resumed, x, labels);
        ck_assert_double_eq(t.d_loss, u.d_loss);
        ck_assert_double_eq(t.augment_probability, u.augment_probability);
    }
    gan_expect_same(resumed, gan_picture(through));
    ck_assert_int_eq(genlat_model_sample(through, 4, NULL, &opts, &a), GENLAT_OK);
    ck_assert_int_eq(genlat_model_sample(resumed, 4, NULL, &opts, &b), GENLAT_OK);
    ck_assert_mem_eq(a->data, b->data, (size_t)(4 * through->size) * sizeof(gnl_real));
    unlink(path);
    for (genlat_tensor **t = (genlat_tensor *[]){x, labels, a, b, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_model_destroy(&through);
    genlat_model_destroy(&resumed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gan steps");
    TCase *tests = tcase_create("gan");
    tcase_add_checked_fixture(tests, gan_begin, gan_end);
    tcase_add_test(tests, failed_steps_change_nothing);
    tcase_add_test(tests, a_failed_generator_step_restores_the_discriminator);
    tcase_add_test(tests, steps_of_one_net_change_only_that_net);
    tcase_add_loop_test(tests, steps_allocate_nothing, 0, 4);
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, 2);
    tcase_add_test(tests, augmentation_probability_follows_the_discriminator);
    tcase_add_loop_test(tests, training_resumes_exactly, 0, 5);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
