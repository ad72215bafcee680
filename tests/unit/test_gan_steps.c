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

/* The probability rises up to its limit while the discriminator overfits to real samples, and falls otherwise. */
START_TEST(augmentation_probability_follows_the_discriminator)
{
    static const pair limited[] = {{"augment", "color"},
                                   {"augment_target", "0.1"},
                                   {"augment_speed", "40"},
                                   {"augment_probability", "0.25"},
                                   {NULL, NULL}};
    const double target = _i ? 0.1 : 0.6, limit = _i ? 0.25 : 1;
    genlat_model *model = gan_make("r3", &gan_image, _i ? limited : gan_changing);
    genlat_tensor *x = gan_normal(&gan_image, GAN_ROWS, 1), *labels = gan_labels();
    double before = 0, highest = 0;
    for (int i = 0; i < 30; i++) {
        double now = gan_step(model, x, labels).augment_probability,
               moved = gnl_gan_work_of(model)->positive > target ? GAN_ROWS / 40.0 : -GAN_ROWS / 40.0;
        ck_assert_double_eq_tol(now, GNL_MAX(0, GNL_MIN(limit, before + moved)), 1e-12);
        before = now;
        highest = GNL_MAX(highest, now);
    }
    ck_assert_double_gt(highest, 0);
    ck_assert(!_i || highest == limit);
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

/* The penalty `history` compares weights with their mean over all steps. */
START_TEST(history_is_the_mean_of_the_weights)
{
    static const pair set[] = {{"history", "0.1"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    const genlat_net *net = model->net[_i ? GNL_DISCRIMINATOR : GNL_GENERATOR];
    const gnl_part *mean = NULL;
    double *expected = calloc((size_t)net->values, sizeof *expected);
    for (int i = 0; i < model->parts; i++)
        if (strcmp(model->part[i].name, _i ? "history.discriminator" : "history.generator") == 0)
            mean = &model->part[i];
    ck_assert_ptr_nonnull(mean);
    for (int step = 1; step <= 4; step++) {
        (void)gan_step(model, x, NULL);
        for (int64_t i = 0; i < net->values; i++) {
            expected[i] += ((double)net->value[i] - expected[i]) / step;
            ck_assert_double_eq_tol((double)mean->value[i], expected[i], 1e-6);
        }
    }
    free(expected);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* In the first step there is no mean yet, and after it the mean is the weights themselves. */
START_TEST(history_begins_with_the_third_step)
{
    static const pair set[] = {{"history", "0.1"}, {"r1", "0"}, {"r2", "0"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    const genlat_net *d = model->net[GNL_DISCRIMINATOR];
    gnl_penalty_call call = {.model = model, .net = GNL_DISCRIMINATOR};
    gnl_real *mean = NULL;
    for (int i = 0; i < model->parts; i++)
        mean = strcmp(model->part[i].name, "history.discriminator") == 0 ? model->part[i].value : mean;
    ck_assert_ptr_nonnull(mean);
    for (int step = 0; step < 4; step++) {
        double apart = 0;
        for (int64_t i = 0; step > 0 && i < d->values; i++)
            apart += 0.1 * pow((double)d->value[i] - (double)mean[i], 2);
        gnl_penalty_sum sum = {0};
        gnl_penalties_weights(&gnl_gan_of(model)->penalties, &call, 1, 1, &sum);
        ck_assert_double_eq_tol(sum.loss, apart, 1e-9 + 1e-4 * apart);
        ck_assert_int_eq(apart > 0, step > 1);
        (void)gan_step(model, x, NULL);
    }
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* The average of the generator's weights counts the samples of the discriminator's steps. */
START_TEST(averages_count_all_samples)
{
    static const pair set[] = {{"ema", "100"}, {"discriminator_steps", "3"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    for (int step = 1; step <= 7; step++) {
        (void)gan_step(model, x, NULL);
        ck_assert_double_eq(gnl_ema_samples(gnl_gan_of(model)->ema[GNL_GENERATOR]), step / 3 * 3 * GAN_ROWS);
    }
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* DRAGAN adds uniform noise of half a standard deviation of the batch to real samples. Other points lie between real
 * and generated samples, one factor for each. */
START_TEST(gradient_penalties_are_at_their_points)
{
    static const pair dragan[] = {{"gp", "1"}, {"gp_place", "dragan"}, {NULL, NULL}},
                      between[] = {{"gp", "1"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, _i ? dragan : between);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    const int64_t n = GAN_ROWS * 3;
    double mean = 0, square = 0, least = INFINITY, most = -INFINITY;
    ck_assert_int_eq(genlat_gan_step_d(model, x, NULL, NULL), GENLAT_OK);
    const gnl_gan_work *work = gnl_gan_work_of(model);
    for (int64_t i = 0; i < n; i++) {
        mean += (double)x->data[i] / (double)n;
        square += (double)(x->data[i] * x->data[i]) / (double)n;
    }
    const double half = 0.5 * sqrt(square - mean * mean);
    for (int64_t i = 0; i < n; i++) {
        const double real = (double)x->data[i], fake = (double)work->input[GNL_FAKE][i];
        const double part = ((double)work->point[i] - real) / (_i ? half : fake - real);
        least = GNL_MIN(least, part);
        most = GNL_MAX(most, part);
        ck_assert_double_ge(part, -1e-4);
        ck_assert_double_le(part, 1 + 1e-4);
        if (!_i && i % 3)
            ck_assert_double_eq_tol(part,
                                    ((double)work->point[i - 1] - (double)x->data[i - 1]) /
                                        (double)(work->input[GNL_FAKE][i - 1] - x->data[i - 1]),
                                    1e-3);
    }
    ck_assert_double_lt(least, 0.2);
    ck_assert_double_gt(most, 0.8);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* The schedules rise from 0 to 1 in four steps, so that noise and penalties begin with the second step. */
START_TEST(schedules_scale_noise_and_penalties)
{
    static const pair set[] = {{"noise", "0.5"},
                               {"noise_schedule", "linear from=0 to=1 steps=4"},
                               {"r1", "1"},
                               {"r2", "0"},
                               {"penalty_schedule", "linear from=0 to=1 steps=4"},
                               {"optimizer_g", "sgd lr=0"},
                               {"optimizer_d", "sgd lr=0"},
                               {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    double last = 0;
    for (int step = 0; step < 7; step++) {
        genlat_gan_terms t = {.size = sizeof t};
        double square = 0;
        ck_assert_int_eq(genlat_gan_step_d(model, x, NULL, &t), GENLAT_OK);
        for (int i = 0; i < GAN_ROWS * 3; i++) {
            const double noise = (double)(gnl_gan_work_of(model)->input[GNL_REAL][i] - x->data[i]);
            square += noise * noise / (GAN_ROWS * 3);
        }
        const double factor = GNL_MIN(step / 4.0, 1);
        ck_assert_double_eq_tol(sqrt(square), 0.5 * factor, 0.2 * factor + 1e-9);
        ck_assert_int_eq(t.penalty > 0, step > 0);
        if (step > 1 && step <= 4)
            ck_assert_double_gt(t.penalty, last);
        last = t.penalty;
    }
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* LeCam's running means begin with those of the first step; its penalty with step `start`. */
START_TEST(lecam_starts_at_its_step)
{
    static const pair set[] = {
        {"penalties", "lecam start=2 form=square decay=0.5"}, {"r1", "0"}, {"r2", "0"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1);
    const gnl_part *lecam = NULL;
    double mean[2] = {0};
    for (int i = 0; i < model->parts; i++)
        lecam = strcmp(model->part[i].name, "lecam") == 0 ? &model->part[i] : lecam;
    ck_assert_ptr_nonnull(lecam);
    for (int step = 0; step < 5; step++) {
        const genlat_gan_terms t = gan_step(model, x, NULL);
        ck_assert_int_eq(t.penalty > 0, step >= 2);
        mean[GNL_REAL] = step ? 0.5 * (mean[GNL_REAL] + t.d_real) : t.d_real;
        mean[GNL_FAKE] = step ? 0.5 * (mean[GNL_FAKE] + t.d_fake) : t.d_fake;
        for (int side = GNL_REAL; side <= GNL_FAKE; side++)
            ck_assert_double_eq_tol((double)lecam->state[lecam->weight[0].offset + side], mean[side], 1e-5);
    }
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
}
END_TEST

/* ---- losses in addition to the adversarial one ----------------------------------------------- */

/* Cross-entropy of the discriminator's classes, and its derivative by the logits. */
static double class_loss(const gnl_real *logits, const genlat_tensor *labels, double weight, double *gradient)
{
    double sum = 0;
    for (int i = 0; i < GAN_ROWS; i++) {
        double total = 0;
        for (int k = 0; k < 3; k++)
            total += exp((double)logits[i * 3 + k]);
        for (int k = 0; k < 3; k++) {
            const double p = exp((double)logits[i * 3 + k]) / total, is = k == (int)labels->data[i];
            sum -= is * weight * log(p) / GAN_ROWS;
            gradient[i * 3 + k] = weight * (p - is) / GAN_ROWS;
        }
    }
    return sum;
}

/* Squared distance of the means of the features of real and generated packs, and its derivative by the latter. */
static double feature_loss(const gnl_real *real, const gnl_real *fake, int64_t packs, int64_t n, double weight,
                           double *gradient)
{
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        double apart = 0;
        for (int64_t i = 0; i < packs; i++)
            apart += ((double)fake[i * n + j] - (double)real[i * n + j]) / (double)packs;
        for (int64_t i = 0; i < packs; i++)
            gradient[i * n + j] = 2 * weight * apart / (double)packs;
        sum += weight * apart * apart;
    }
    return sum;
}

static void expect_gradient(genlat_exec *exec, int output, const double *expected, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_double_eq_tol((double)gnl_exec_output_grad(exec, output)[i], expected[i],
                                1e-6 + 1e-4 * fabs(expected[i]));
}

START_TEST(classes_and_features_follow_their_definition)
{
    const bool packed = _i % 2; /* an auxiliary classifier takes no packs */
    const double weight = _i / 2 ? 0.25 : 40;
    char text[16];
    snprintf(text, sizeof text, "%g", weight);
    const pair set[] = {{"condition", packed ? "none" : "classes=3"},
                        {"conditioning", packed ? "concat" : "auxiliary"},
                        {"auxiliary", text},
                        {"feature_matching", text},
                        {"packing", packed ? "3" : "1"},
                        {"discriminator_steps", "1"},
                        {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *labels = gan_labels();
    (void)gan_step(model, x, packed ? NULL : labels);
    const gnl_gan *gan = gnl_gan_of(model);
    genlat_exec *const *side = gnl_gan_work_of(model)->side;
    const int64_t packs = packed ? GAN_ROWS / 3 : GAN_ROWS;
    const gnl_gan_batch batch = {x->data, GAN_ROWS, packs, GAN_ROWS, GAN_ROWS};
    const int features = gan->features_output, classes = gan->classes_output;
    const int64_t n = gnl_shape_count(gnl_net_output_shape(model->net[GNL_DISCRIMINATOR], features));
    double *expected = calloc((size_t)(GAN_ROWS * (n + 3)), sizeof *expected);
    double loss = feature_loss(gnl_exec_output(side[GNL_REAL], features), gnl_exec_output(side[GNL_FAKE], features),
                               packs, n, weight, expected);
    ck_assert_double_eq_tol(gnl_gan_feature_loss(model, &batch), loss, 1e-4 * loss);
    ck_assert_double_gt(loss, 0);
    expect_gradient(side[GNL_FAKE], features, expected, packs * n);
    ck_assert_int_eq(classes < 0, packed);
    for (int s = GNL_REAL; !packed && s <= GNL_FAKE; s++) {
        loss = class_loss(gnl_exec_output(side[s], classes), labels, weight, expected);
        ck_assert_double_eq_tol(gnl_gan_class_loss(model, &batch, s), loss, 1e-4 * loss);
        expect_gradient(side[s], classes, expected, GAN_ROWS * 3);
    }
    free(expected);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
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
    tcase_add_loop_test(tests, augmentation_probability_follows_the_discriminator, 0, 2);
    tcase_add_loop_test(tests, training_resumes_exactly, 0, 5);
    tcase_add_test(tests, schedules_scale_noise_and_penalties);
    tcase_add_test(tests, lecam_starts_at_its_step);
    tcase_add_loop_test(tests, history_is_the_mean_of_the_weights, 0, 2);
    tcase_add_test(tests, history_begins_with_the_third_step);
    tcase_add_test(tests, averages_count_all_samples);
    tcase_add_loop_test(tests, classes_and_features_follow_their_definition, 0, 4);
    tcase_add_loop_test(tests, gradient_penalties_are_at_their_points, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
