/* SPDX-License-Identifier: MIT */
/* A GAN whose discriminator is a classifier: labels that are missing, samples that a trainer repeats, initialization by
 * data, averaged weights, predictions, resuming, and settings that do not fit together. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/gan_unit.h"
#include "net/exec_priv.h"
#include "genlat/predictor.h"

static const pair few[] = {{"condition", "classes=3"}, {"architecture", "noisy width=8 depth=1"}, {NULL, NULL}};

/* Of each three samples, the first has no label. */
static genlat_tensor *some_labels(void)
{
    genlat_tensor *labels = gan_labels();
    for (int i = 0; i < GAN_ROWS; i += 3)
        labels->data[i] = GNL_UNLABELLED;
    return labels;
}

START_TEST(batches_are_split_by_their_labels)
{
    genlat_model *model = gan_make("improved", &gan_vector, few);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *some = some_labels(), *all = gan_labels();
    gnl_gan_batch b;
    (void)gan_step(model, x, some);
    ck_assert_int_eq(gnl_gan_split(model, x, some, &b), GENLAT_OK);
    ck_assert_int_eq(b.rows, GAN_ROWS / 3);
    ck_assert_int_eq(b.labelled, GAN_ROWS / 3);
    ck_assert_int_eq(b.all, GAN_ROWS);
    for (int i = 0; i < GAN_ROWS; i++) {
        const int64_t from = i < b.rows ? 3 * i : (i - b.rows) / 2 * 3 + 1 + (i - b.rows) % 2;
        ck_assert_mem_eq(b.x + i * model->size, x->data + from * model->size, (size_t)model->size * sizeof *b.x);
        for (int c = 0; i >= b.rows && c < 3; c++)
            ck_assert(gnl_gan_work_of(model)->condition[i * 3 + c] == (some->data[from] == (gnl_real)c));
    }
    ck_assert_int_eq(gnl_gan_split(model, x, all, &b), GENLAT_OK);
    ck_assert(b.rows == GAN_ROWS && b.labelled == 0 && b.x == x->data);
    ck_assert_int_eq(gnl_gan_split(model, x, NULL, &b), GENLAT_OK);
    ck_assert(b.rows == GAN_ROWS && b.labelled == GAN_ROWS && b.x == x->data);
    some->data[1] = 3;
    ck_assert_int_eq(genlat_gan_step(model, x, some, NULL), GENLAT_E_RANGE);
    gnl_tensor_release(x);
    gnl_tensor_release(some);
    gnl_tensor_release(all);
    genlat_model_destroy(&model);
}
END_TEST

/* A batch without labels repeats the terms of the last one with labels. */
START_TEST(terms_are_those_of_the_labels)
{
    genlat_model *model = gan_make("improved", &gan_vector, few);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *labels = some_labels();
    genlat_gan_terms t = gan_step(model, x, labels);
    ck_assert_double_gt(t.label_loss, 0);
    ck_assert(t.accuracy >= 0 && t.accuracy <= 1 && t.accuracy * 8 == floor(t.accuracy * 8));
    genlat_gan_terms u = gan_step(model, x, NULL);
    ck_assert_double_eq(t.label_loss, u.label_loss);
    ck_assert_double_eq(t.accuracy, u.accuracy);
    ck_assert_str_eq(genlat_model_term(model, 9), "label_loss");
    ck_assert_str_eq(genlat_model_term(model, 10), "accuracy");
    ck_assert_ptr_null(genlat_model_term(model, 11));
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(steps_allocate_nothing)
{
    genlat_model *model = gan_make("improved", &gan_vector, few);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *labels = some_labels();
    (void)gan_step(model, x, labels);
    long long before = atomic_load(&gan_memory.calls);
    for (int i = 0; i < 20; i++)
        (void)gan_step(model, x, i % 5 ? labels : NULL);
    ck_assert_int_eq(atomic_load(&gan_memory.calls), before);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
}
END_TEST

/* The model learns which of three well separated places a sample is from, and resumes exactly from a file. */
START_TEST(a_resumed_model_predicts_the_same)
{
    static const pair wide[] = {{"condition", "classes=3"}, {"architecture", "noisy width=64 depth=1"}, {NULL, NULL}};
    char path[64];
    genlat_model *through = gan_make("improved", &gan_vector, wide), *resumed = NULL;
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *labels = some_labels(), *a = NULL, *b = NULL;
    for (int i = 0; i < GAN_ROWS; i++)
        x->data[i * through->size + i % 3] += 10;
    snprintf(path, sizeof path, "/tmp/genlat-gan-labels-%ld.safetensors", (long)getpid());
    for (int i = 0; i < 5; i++)
        (void)gan_step(through, x, labels);
    ck_assert_msg(genlat_model_save(through, path) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_msg(genlat_model_load(ctx, path, &resumed) == GENLAT_OK, "%s", genlat_last_error());
    for (int i = 0; i < 100; i++)
        ck_assert_double_eq(gan_step(through, x, labels).d_loss, gan_step(resumed, x, labels).d_loss);
    gan_expect_same(resumed, gan_picture(through));
    ck_assert_int_eq(genlat_model_predict(through, x, &a), GENLAT_OK);
    ck_assert_int_eq(genlat_model_predict(resumed, x, &b), GENLAT_OK);
    ck_assert_mem_eq(a->data, b->data, GAN_ROWS * 3 * sizeof *a->data);
    for (int i = 0; i < GAN_ROWS; i++) {
        const gnl_real *p = a->data + 3 * i;
        ck_assert_double_eq_tol((double)(p[0] + p[1] + p[2]), 1, 1e-5);
        ck_assert(i % 3 == 0 || gnl_model_most_probable(p, 3) == i % 3); /* class 0 has no labels */
    }
    unlink(path);
    for (genlat_tensor **t = (genlat_tensor *[]){x, labels, a, b, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_model_destroy(&through);
    genlat_model_destroy(&resumed);
}
END_TEST

/* After each step the average has the weights of the step, because the ramp allows no memory. */
START_TEST(predictions_use_the_averaged_weights)
{
    static const pair set[] = {{"condition", "classes=3"},
                               {"architecture", "noisy width=8 depth=1"},
                               {"ema_discriminator", "1000"},
                               {"ema_ramp", "0"},
                               {NULL, NULL}};
    genlat_model *model = gan_make("improved", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *labels = some_labels();
    const genlat_net *d = model->net[GNL_DISCRIMINATOR];
    gnl_gan *gan = gnl_gan_of(model);
    const gnl_real first = d->value[0];
    (void)gan_step(model, x, labels);
    gnl_gan_refresh(model, GNL_DISCRIMINATOR);
    const double part = 1 - pow(2, -GAN_ROWS / 1000.0);
    ck_assert_double_ne((double)first, (double)d->value[0]);
    ck_assert_double_eq_tol((double)gan->average[GNL_DISCRIMINATOR]->value[0],
                            (double)first + part * ((double)d->value[0] - (double)first), 1e-6);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
}
END_TEST

static genlat_status try_source(genlat_source *source, const char *key, const char *value, genlat_model **out)
{
    genlat_model_builder *b = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, "gan", &b), GENLAT_OK);
    genlat_model_builder_preset(b, "improved");
    genlat_model_builder_set(b, "architecture", "noisy width=8 depth=1");
    genlat_model_builder_set(b, key, value);
    return genlat_model_build(&b, source, out);
}

/* The first layer has outputs of mean 0 and standard deviation 1 on the data, with the noise that training adds. */
START_TEST(the_discriminator_is_initialized_by_data)
{
    genlat_source *digits = NULL;
    genlat_model *model = NULL;
    genlat_exec *exec = NULL;
    genlat_tensor *x = NULL;
    enum { SAMPLES = 400 };
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .keep = 1);
    ck_assert_int_eq(genlat_source_synthetic(ctx, "digits", SAMPLES, 3, &digits), GENLAT_OK);
    ck_assert_msg(try_source(digits, "init_samples", "400", &model) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(genlat_model_label_use(model), GENLAT_LABEL_PREDICTED | GENLAT_LABEL_MAY_MISS);
    genlat_net *net = model->net[GNL_DISCRIMINATOR];
    ck_assert_int_eq(gnl_net_compile(net, SAMPLES, &opts, &exec), GENLAT_OK);
    ck_assert_int_eq(genlat_source_read(digits, 0, SAMPLES, &x, NULL), GENLAT_OK);
    gnl_exec_forward(exec, GNL_TRAIN, SAMPLES, (const gnl_real *[]){x->data});
    for (int node = net->inputs, layers = 0; layers < 6; node++) {
        const int64_t n = gnl_shape_count(&net->node[node].shape);
        const gnl_real *y = gnl_exec_node(exec, node);
        if (strcmp(net->node[node].layer->type->name, "dense") != 0)
            continue;
        layers++;
        for (int64_t j = 0; j < n; j++) {
            double mean = 0, square = 0;
            for (int i = 0; i < SAMPLES; i++) {
                mean += (double)y[i * n + j] / SAMPLES;
                square += (double)y[i * n + j] * (double)y[i * n + j] / SAMPLES;
            }
            ck_assert_double_eq_tol(mean, 0, 0.4);
            ck_assert_double_eq_tol(square - mean * mean, 1, 0.4);
        }
    }
    gnl_exec_release(exec);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
    genlat_source_destroy(&digits);
}
END_TEST

/* The lengths of the hidden rows are not trained, those of the last layer are. */
START_TEST(fixed_lengths_do_not_change)
{
    genlat_net *net = NULL;
    const char *name = "x";
    ck_assert_int_eq(gnl_net_from_text(ctx, 1, &name, &gan_vector,
                                       "dense units=2 weight=fixed_norm name=a | dense units=2 weight=norm name=b",
                                       &net),
                     GENLAT_OK);
    ck_assert(net->weight[gnl_net_find_weight(net, "a.weight_g")].param.state);
    ck_assert(!net->weight[gnl_net_find_weight(net, "b.weight_g")].param.state);
    gnl_net_release(net);
}
END_TEST

START_TEST(a_trainer_repeats_the_samples_with_labels)
{
    genlat_source *digits = NULL, *unlabelled = NULL, *chosen = NULL;
    genlat_model *model = NULL;
    genlat_transform_opts o;
    genlat_transform_opts_init(&o);
    o.labelled = 10;
    ck_assert_int_eq(genlat_source_synthetic(ctx, "digits", 210, 3, &digits), GENLAT_OK);
    ck_assert_int_eq(genlat_source_transform(digits, &o, &unlabelled), GENLAT_OK);
    ck_assert_msg(try_source(unlabelled, "init_samples", "0", &model) == GENLAT_OK, "%s", genlat_last_error());
    ck_assert_int_eq(model->type->training_source(model, unlabelled, &chosen), GENLAT_OK);
    ck_assert_int_eq(genlat_source_count(chosen), 400);
    genlat_source_destroy(&chosen);
    genlat_source_destroy(&unlabelled);
    genlat_source_destroy(&digits);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(settings_must_fit_together)
{
    static const struct {
        pair set[4];
        genlat_status status;
        const char *part;
    } cases[] = {{{{NULL, NULL}}, GENLAT_E_INVALID, "no classes to learn"},
                 {{{"condition", "classes=3"}, {"packing", "2"}, {NULL, NULL}}, GENLAT_E_RANGE, "packing is 2"},
                 {{{"condition", "classes=3"}, {"feature_matching", "0"}, {NULL, NULL}},
                  GENLAT_E_RANGE,
                  "the generator has no loss"},
                 {{{"condition", "classes=3"}, {"conditioning", "concat"}, {NULL, NULL}},
                  GENLAT_E_UNSUPPORTED,
                  "init_samples is 500"}};
    genlat_model *model = NULL;
    ck_assert_int_eq(gan_try("improved", &gan_vector, cases[_i].set, &model), cases[_i].status);
    ck_assert_msg(strstr(genlat_last_error(), cases[_i].part) != NULL, "%s", genlat_last_error());
    ck_assert_ptr_null(model);
}
END_TEST

/* Samples need no labels, and a GAN without a classifier predicts none. */
START_TEST(labels_are_not_a_condition)
{
    static const pair conditional[] = {{"condition", "classes=3"}, {NULL, NULL}};
    genlat_model *model = gan_make("improved", &gan_vector, few), *other = gan_make("r3", &gan_vector, conditional);
    genlat_tensor *x = NULL, *y = NULL;
    ck_assert_int_eq(genlat_model_sample(model, 4, NULL, NULL, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_model_label_use(other), GENLAT_LABEL_INPUT);
    ck_assert_int_eq(genlat_model_predict(other, x, &y), GENLAT_E_UNSUPPORTED);
    ck_assert_int_eq(genlat_model_label_use(NULL), 0);
    gnl_tensor_release(x);
    genlat_model_destroy(&model);
    genlat_model_destroy(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gan labels");
    TCase *tests = tcase_create("labels");
    tcase_add_checked_fixture(tests, gan_begin, gan_end);
    tcase_add_test(tests, batches_are_split_by_their_labels);
    tcase_add_test(tests, terms_are_those_of_the_labels);
    tcase_add_test(tests, steps_allocate_nothing);
    tcase_add_test(tests, a_resumed_model_predicts_the_same);
    tcase_add_test(tests, predictions_use_the_averaged_weights);
    tcase_add_test(tests, the_discriminator_is_initialized_by_data);
    tcase_add_test(tests, fixed_lengths_do_not_change);
    tcase_add_test(tests, a_trainer_repeats_the_samples_with_labels);
    tcase_add_loop_test(tests, settings_must_fit_together, 0, 4);
    tcase_add_test(tests, labels_are_not_a_condition);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
