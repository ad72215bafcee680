/* SPDX-License-Identifier: MIT */
/* Use of GANs: samples depend on their seed and options, and come from the average or from the trained weights. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/model_priv.h"
#include "support/gan_unit.h"
#include "net/exec_priv.h"

START_TEST(samples_depend_on_seed_and_options)
{
    genlat_model *model = gan_make("mlp", &gan_vector, NULL);
    genlat_tensor *few = NULL, *many = NULL, *still = NULL, *z = NULL, *decoded = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    ck_assert_int_eq(genlat_model_sample(model, 3, NULL, &opts, &few), GENLAT_OK);
    ck_assert_int_eq(genlat_model_sample(model, 1000, NULL, &opts, &many), GENLAT_OK);
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq_tol((double)few->data[i], (double)many->data[i], 1e-5);
    opts.temperature = 0;
    opts.truncation = 0.5;
    ck_assert_int_eq(genlat_model_sample(model, 2, NULL, &opts, &still), GENLAT_OK);
    const gnl_shape latent = {2, {1, 6}};
    ck_assert_int_eq(gnl_tensor_new(ctx, &latent, &z), GENLAT_OK);
    memset(z->data, 0, 6 * sizeof *z->data);
    ck_assert_int_eq(genlat_model_decode(model, z, NULL, &decoded), GENLAT_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq_tol((double)still->data[i], (double)decoded->data[i % 3], 1e-6);
    for (genlat_tensor **t = (genlat_tensor *[]){few, many, still, z, decoded, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_model_destroy(&model);
}
END_TEST

/* The average follows the trained weights slowly and is updated by each step. */
START_TEST(samples_come_from_average_or_raw_weights)
{
    static const pair set[] = {{"ema", "40"}, {"ema_ramp", "0"}, {"optimizer_g", "adam lr=0.05"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, GAN_ROWS, 1), *average = NULL, *raw = NULL, *later = NULL;
    genlat_net *net = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    (void)gan_step(model, x, NULL);
    ck_assert_int_eq(genlat_model_sample(model, 4, NULL, &opts, &average), GENLAT_OK);
    opts.raw = 1;
    ck_assert_int_eq(genlat_model_sample(model, 4, NULL, &opts, &raw), GENLAT_OK);
    ck_assert_mem_ne(average->data, raw->data, 12 * sizeof(gnl_real));
    (void)gan_step(model, x, NULL);
    ck_assert_int_eq(genlat_model_net(model, "average", &net), GENLAT_OK);
    ck_assert_mem_eq(net->value, gnl_ema_part(gnl_gan_of(model)->ema[GNL_GENERATOR], "average").value,
                     (size_t)net->values * sizeof(gnl_real));
    ck_assert_mem_ne(net->value, model->net[GNL_GENERATOR]->value, (size_t)net->values * sizeof(gnl_real));
    opts.raw = 0;
    ck_assert_int_eq(genlat_model_sample(model, 4, NULL, &opts, &later), GENLAT_OK);
    ck_assert_mem_ne(average->data, later->data, 12 * sizeof(gnl_real));
    genlat_tensor_destroy(&later);
    opts.draw = 1;
    ck_assert_int_eq(genlat_model_sample(model, 4, NULL, &opts, &later), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "draw is 1"));
    for (genlat_tensor **t = (genlat_tensor *[]){x, average, raw, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_net_destroy(&net);
    genlat_model_destroy(&model);
}
END_TEST

/* A probability without adaptation is the one in the options, also in a loaded model. */
START_TEST(augmentation_probability_is_restored)
{
    static const pair still[] = {{"augment", "color"}, {"augment_probability", "0.25"}, {NULL, NULL}};
    char path[64];
    genlat_model *model = gan_make("mlp", &gan_image, _i ? gan_changing : still), *loaded = NULL;
    genlat_tensor *x = gan_normal(&gan_image, GAN_ROWS, 1), *labels = gan_labels();
    double highest = 0;
    for (int i = 0; i < 20; i++)
        highest = GNL_MAX(highest, gan_step(model, x, labels).augment_probability);
    ck_assert(_i || highest == 0.25);
    gnl_gan_of(model)->probability = _i ? 0.5 : 0.25;
    snprintf(path, sizeof path, "/tmp/genlat-gan-use-%ld.safetensors", (long)getpid());
    for (int with_training_state = 0; with_training_state < 2; with_training_state++) {
        ck_assert_int_eq(with_training_state ? genlat_model_save(model, path) : genlat_model_export(model, path),
                         GENLAT_OK);
        ck_assert_int_eq(genlat_model_load(ctx, path, &loaded), GENLAT_OK);
        ck_assert_double_eq(gnl_gan_of(loaded)->probability, !_i ? 0.25 : with_training_state ? 0.5 : 0);
        genlat_model_destroy(&loaded);
    }
    unlink(path);
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    genlat_model_destroy(&model);
}
END_TEST

/* The ends of a path decode the given latents. Half-way between two latents of equal length, a great circle keeps
 * that length. */
START_TEST(paths_connect_both_ends)
{
    enum { STEPS = 5 };
    static const pair labelled[] = {{"condition", "classes=3"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, labelled);
    genlat_tensor *from = NULL, *to = NULL, *first = NULL, *points = NULL, *z = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 2;
    opts.truncation = 0.7;
    ck_assert_int_eq(genlat_model_latents(model, 3, &opts, &from), GENLAT_OK);
    for (int i = 0; i < 18; i++)
        ck_assert_double_le(fabs((double)from->data[i]), 0.7);
    ck_assert_int_eq(genlat_model_sample(model, 3, NULL, &opts, &first), GENLAT_OK);
    opts.seed = 3;
    ck_assert_int_eq(genlat_model_latents(model, 3, &opts, &to), GENLAT_OK);
    for (uint32_t path = GENLAT_PATH_SPHERE; path <= GENLAT_PATH_LINE; path++) {
        ck_assert_int_eq(genlat_model_interpolate(model, from, to, NULL, STEPS, path, &points), GENLAT_OK);
        ck_assert_int_eq(points->shape.dim[0], 3 * STEPS);
        for (int i = 0; i < 9; i++)
            ck_assert_double_eq_tol((double)points->data[i / 3 * STEPS * 3 + i % 3], (double)first->data[i], 1e-5);
        genlat_tensor_destroy(&points);
    }
    for (int i = 0; i < 6; i++) {
        from->data[i] = i < 3;
        to->data[i] = i >= 3;
    }
    for (int straight = 0; straight < 2; straight++) {
        double length2 = 0;
        ck_assert_int_eq(gnl_interpolate(ctx, from, to, STEPS, straight, &z), GENLAT_OK);
        for (int i = 0; i < 6; i++)
            length2 += (double)z->data[STEPS / 2 * 6 + i] * (double)z->data[STEPS / 2 * 6 + i];
        ck_assert_double_eq_tol(length2, straight ? 1.5 : 3, 1e-5);
        genlat_tensor_destroy(&z);
    }
    for (genlat_tensor **t = (genlat_tensor *[]){from, to, first, NULL}; *t; t++)
        gnl_tensor_release(*t);
    genlat_model_destroy(&model);
}
END_TEST

START_TEST(the_description_names_all_parts)
{
    static const pair set[] = {{"r1", "0.7"}, {NULL, NULL}};
    static char text[16384];
    genlat_model *model = gan_make("r3", &gan_image, set);
    ck_assert_int_eq(genlat_model_describe(model, text, sizeof text), GENLAT_OK);
    for (const char *const *word = (const char *[]){"r1=0.7", "adam", "generator", "discriminator", "conv2d", NULL};
         *word; word++)
        ck_assert_msg(strstr(text, *word) != NULL, "no %s in %s", *word, text);
    ck_assert_int_eq(genlat_model_describe(model, text, 20), GENLAT_E_RANGE);
    genlat_model_destroy(&model);
}
END_TEST

/* The score of a pack depends neither on the number of packs in a call nor on the labels of the others. */
START_TEST(scores_depend_on_their_own_pack)
{
    enum { PACKS = GNL_GAN_ROWS + 8 };
    static const pair set[] = {{"condition", "classes=3"}, {"packing", "2"}, {NULL, NULL}};
    genlat_model *model = gan_make("mlp", &gan_vector, set);
    genlat_tensor *x = gan_normal(&gan_vector, 2 * PACKS, 1), *labels = NULL, *all = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){2 * PACKS}, &labels), GENLAT_OK);
    for (int i = 0; i < 2 * PACKS; i++)
        labels->data[i] = (gnl_real)(i / 7 % 3);
    ck_assert_int_eq(genlat_gan_discriminate(model, x, labels, &all), GENLAT_OK);
    for (int pack = 0; pack < PACKS; pack += PACKS / 4) {
        genlat_tensor *own = NULL, *label = NULL, *score = NULL;
        ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){2, 3}, &own), GENLAT_OK);
        ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){2}, &label), GENLAT_OK);
        memcpy(own->data, x->data + (ptrdiff_t)pack * 6, 6 * sizeof *own->data);
        memcpy(label->data, labels->data + (ptrdiff_t)pack * 2, 2 * sizeof *label->data);
        ck_assert_int_eq(genlat_gan_discriminate(model, own, label, &score), GENLAT_OK);
        ck_assert_double_eq_tol((double)score->data[0], (double)all->data[pack], 1e-5);
        gnl_tensor_release(own);
        gnl_tensor_release(label);
        gnl_tensor_release(score);
    }
    gnl_tensor_release(x);
    gnl_tensor_release(labels);
    gnl_tensor_release(all);
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gan use");
    TCase *tests = tcase_create("gan");
    tcase_add_checked_fixture(tests, gan_begin, gan_end);
    tcase_add_test(tests, samples_depend_on_seed_and_options);
    tcase_add_test(tests, samples_come_from_average_or_raw_weights);
    tcase_add_loop_test(tests, augmentation_probability_is_restored, 0, 2);
    tcase_add_test(tests, paths_connect_both_ends);
    tcase_add_test(tests, the_description_names_all_parts);
    tcase_add_test(tests, scores_depend_on_their_own_pack);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
