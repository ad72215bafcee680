/* SPDX-License-Identifier: MIT */
/* The choice by the data: what it holds out for validation, and what it says of a guess. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"
#include "model/choice.h"

static genlat_ctx *ctx;

static void set_up(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_ctx_destroy(&ctx);
}

/* Samples of numbers from -2 to 2, of two classes. */
static genlat_source *make_source(int32_t ndim, const int64_t *dims, uint32_t content)
{
    const genlat_description about = {.size = sizeof about, .content = content};
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_source *plain = NULL, *source = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, ndim, dims, &x), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, dims, &labels), GENLAT_OK);
    for (int64_t i = 0; i < genlat_tensor_count(x); i++)
        genlat_tensor_data(x)[i] = (float)(i * 7919 % 4001) / 1000.0F - 2;
    for (int64_t i = 0; i < dims[0]; i++)
        genlat_tensor_data(labels)[i] = (float)(i % 2);
    ck_assert_int_eq(genlat_source_memory(ctx, x, labels, &plain), GENLAT_OK);
    ck_assert_int_eq(genlat_source_describe(plain, &about, &source), GENLAT_OK);
    genlat_source_destroy(&plain);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    return source;
}

/* Chooses for the source, which is released. holdout receives the setting; given is set before, or NULL. */
static genlat_status choose(const char *family, genlat_source *source, const char *given, char holdout[32],
                            char text[512])
{
    genlat_source *prepared = NULL;
    genlat_model_builder *builder = NULL;
    ck_assert_int_eq(genlat_model_builder_new(ctx, family, &builder), GENLAT_OK);
    if (given)
        genlat_model_builder_set(builder, "holdout", given);
    const genlat_status status = genlat_model_builder_auto(builder, source, &prepared, text, 512);
    ck_assert_int_eq(prepared == NULL, status != GENLAT_OK);
    ck_assert_int_eq(genlat_model_builder_get(builder, "holdout", holdout, 32), GENLAT_OK);
    genlat_model_builder_destroy(&builder);
    genlat_source_destroy(&prepared);
    genlat_source_destroy(&source);
    return status;
}

/* Samples are held out where a loss can be validated, unless the caller decides. */
START_TEST(samples_are_held_out)
{
    static const struct {
        const char *family, *given, *holdout, *words;
        int64_t count;
    } cases[] = {{"vae", NULL, "-1", "; 8 samples held out for validation", 40},
                 {"predictor", "0.25", "0.25", "; 10 samples held out for validation", 40},
                 {"vae", NULL, "-1", "; too few samples to hold some out for validation", 9},
                 {"vae", "0", "0", "40 vectors", 40},
                 {"gan", NULL, "0", "40 vectors", 40}};
    char holdout[32], text[512];
    genlat_source *source = make_source(2, (int64_t[]){cases[_i].count, 7}, GENLAT_CONTENT_ANY);
    ck_assert_int_eq(choose(cases[_i].family, source, cases[_i].given, holdout, text), GENLAT_OK);
    ck_assert_str_eq(holdout, cases[_i].holdout);
    ck_assert_msg(strstr(text, cases[_i].words) != NULL, "%s", text);
    if (_i > 2)
        ck_assert_ptr_null(strstr(text, "held out"));
}
END_TEST

/* Others can be generated. */
START_TEST(synthetic_samples_are_not_held_out)
{
    char holdout[32], text[512];
    genlat_source *source = NULL;
    ck_assert_int_eq(genlat_source_synthetic(ctx, "moons", 50, 0, &source), GENLAT_OK);
    ck_assert_int_eq(choose("vae", source, NULL, holdout, text), GENLAT_OK);
    ck_assert_str_eq(holdout, "0");
}
END_TEST

START_TEST(an_impossible_part_is_refused)
{
    char holdout[32], text[512];
    genlat_source *source = make_source(2, (int64_t[]){40, 7}, GENLAT_CONTENT_ANY);
    ck_assert_int_eq(choose("vae", source, "40", holdout, text), GENLAT_E_RANGE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "holdout is 40 of 40 samples"));
}
END_TEST

/* Proportions decide only where the content is not stated, and the report says so. */
START_TEST(a_guess_is_reported)
{
    static const struct {
        int64_t h, w;
        uint32_t content;
        const char *words;
    } cases[] = {{8, 40, GENLAT_CONTENT_ANY, "40 signals [8,40]"},
                 {20, 24, GENLAT_CONTENT_ANY, "40 grey images [20,24]"},
                 {8, 40, GENLAT_CONTENT_IMAGE, "40 grey images [8,40]"}};
    char holdout[32], text[512];
    genlat_source *source = make_source(3, (int64_t[]){40, cases[_i].h, cases[_i].w}, cases[_i].content);
    ck_assert_int_eq(choose("vae", source, NULL, holdout, text), GENLAT_OK);
    ck_assert_msg(strstr(text, cases[_i].words) != NULL, "%s", text);
    ck_assert_int_eq(strstr(text, "by their proportions") != NULL, cases[_i].content == GENLAT_CONTENT_ANY);
}
END_TEST

/* Values are saturated if at least a quarter of them are 0 or 1. */
START_TEST(a_quarter_of_ends_is_saturated)
{
    const int64_t dims[] = {2, 1, 4, 4};
    genlat_tensor *x = NULL;
    genlat_source *source = NULL;
    gnl_profile profile;
    ck_assert_int_eq(genlat_tensor_new(ctx, 4, dims, &x), GENLAT_OK);
    for (int i = 0; i < 32; i++)
        genlat_tensor_data(x)[i] = i < 7 + _i ? (float)(i % 2) : 100 / 255.0F;
    ck_assert_int_eq(genlat_source_memory(ctx, x, NULL, &source), GENLAT_OK);
    ck_assert_int_eq(gnl_profile_new(source, &profile), GENLAT_OK);
    ck_assert_int_eq((profile.values & GNL_VALUES_SATURATED) != 0, _i);
    ck_assert_int_eq((profile.values & GNL_VALUES_LEVELS) != 0, 1);
    gnl_profile_free(source, &profile);
    genlat_source_destroy(&source);
    genlat_tensor_destroy(&x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report of the choice");
    TCase *tests = tcase_create("report of the choice");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, samples_are_held_out, 0, 5);
    tcase_add_test(tests, synthetic_samples_are_not_held_out);
    tcase_add_test(tests, an_impossible_part_is_refused);
    tcase_add_loop_test(tests, a_guess_is_reported, 0, 3);
    tcase_add_loop_test(tests, a_quarter_of_ends_is_saturated, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
