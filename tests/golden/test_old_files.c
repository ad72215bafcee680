/* SPDX-License-Identifier: MIT */
/*
 * Model files in the format used before all families shared one model type. For each family there is a file after three
 * training steps, and one after two more steps. They must be loaded, described, and trained further with the same
 * result.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/model.h"

enum { ROWS = 6, CHANNELS = 2, LENGTH = 6 };

static genlat_ctx *ctx;
static genlat_tensor *x, *labels;

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void set_up(void)
{
    expect_ok(genlat_ctx_new(NULL, &ctx));
    expect_ok(genlat_tensor_new(ctx, 3, (int64_t[]){ROWS, CHANNELS, LENGTH}, &x));
    expect_ok(genlat_tensor_new(ctx, 1, (int64_t[]){ROWS}, &labels));
    for (int i = 0; i < ROWS * CHANNELS * LENGTH; i++)
        x->data[i] = (gnl_real)(float)(0.5 + 0.5 * sin(0.7 * i));
    for (int i = 0; i < ROWS; i++)
        labels->data[i] = i % 3;
}

static void tear_down(void)
{
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_ctx_destroy(&ctx);
}

static const struct old_file {
    const char *name, *family;
    const char *words[8]; /* of its description */
    int64_t steps;        /* of its first optimizer */
    /* whether two more steps have the same result; augmentations now draw their random numbers in another order */
    bool same_steps;
} files[] = {
    {"vae",
     "vae",
     {"gaussian sd=learned", "free_bits=0.1", "samples=2", "linear from=1 to=0.5 steps=9", "spread", NULL},
     3,
     true},
    {"gan", "gan", {"history=0.1", "noise=0.1", "rmsprop lr=0.01", "discriminator_steps=2", NULL}, 1, true},
    {"augment", "gan", {"translation,cutout", "augment_target=0.5", "augment_probability=0.3", NULL}, 3, false},
    {"predictor", "predictor", {"cross_entropy", "adam lr=0.01", "answer", NULL}, 3, true},
};

/* Written by the functions of that time: tests/golden/data/old_NAME.safetensors. */
static genlat_model *load(const char *name, const char *rest)
{
    char path[512];
    genlat_model *model = NULL;
    snprintf(path, sizeof path, "%s/old_%s%s.safetensors", GOLDEN_DATA, name, rest);
    expect_ok(genlat_model_load(ctx, path, &model));
    return model;
}

START_TEST(old_files_are_read)
{
    const struct old_file *f = &files[_i];
    static char text[16384];
    genlat_model *model = load(f->name, "");
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS], classes = 0;
    ck_assert_str_eq(genlat_model_family(model), f->family);
    expect_ok(genlat_model_data_shape(model, &ndim, dims));
    ck_assert(ndim == 2 && dims[0] == CHANNELS && dims[1] == LENGTH);
    expect_ok(genlat_model_condition(model, &classes, NULL));
    ck_assert_int_eq(classes, 3);
    ck_assert_int_eq(model->progress.step, 3);
    ck_assert_int_eq(gnl_optim_steps(model->optimizer[0].optim), f->steps);
    expect_ok(genlat_model_describe(model, text, sizeof text));
    for (int i = 0; f->words[i]; i++)
        ck_assert_msg(strstr(text, f->words[i]) != NULL, "no %s in %s", f->words[i], text);
    genlat_model_destroy(&model);
}
END_TEST

/* Compares the numbers that a file without training state holds. */
static void compare(const genlat_model *found, const genlat_model *expected)
{
    for (int i = 0; i < expected->parts; i++) {
        const gnl_part *p = &found->part[i], *q = &expected->part[i];
        if (q->keep != GNL_KEEP_MODEL)
            continue;
        for (int k = 0; k < q->weights; k++) {
            const gnl_weight *w = &q->weight[k];
            const gnl_real *a = (w->param.state ? p->state : p->value), *b = (w->param.state ? q->state : q->value);
            for (int64_t j = w->offset; b && j < w->offset + w->count; j++)
                ck_assert_msg(fabs((double)(a[j] - b[j])) < 1e-5, "%s.%s is %.7g, expected %.7g", q->name, w->name,
                              (double)a[j], (double)b[j]);
        }
    }
}

START_TEST(old_trainings_resume)
{
    genlat_model *model = load(files[_i].name, "");
    for (int i = 0; i < 2; i++)
        expect_ok(genlat_model_step(model, x, labels, NULL));
    if (files[_i].same_steps) {
        genlat_model *later = load(files[_i].name, "_later");
        ck_assert_int_eq(later->progress.step, 0);
        compare(model, later);
        genlat_model_destroy(&later);
    }
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("old files");
    TCase *tests = tcase_create("models");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, old_files_are_read, 0, (int)GNL_COUNT(files));
    tcase_add_loop_test(tests, old_trainings_resume, 0, (int)GNL_COUNT(files));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
