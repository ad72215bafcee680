/* SPDX-License-Identifier: MIT */
/* Exported models are as trained as before and much smaller; a training that goes on from one is a new one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "genlat/genlat.h"

enum { ROWS = 64, STEPS = 6 };

static genlat_ctx *ctx;
static genlat_source *digits;
static genlat_train_opts opts;
static genlat_progress progress;
static char whole[64], small[64];

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void make_path(char *path)
{
    strcpy(path, "/tmp/genlat-export-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void set_up(void)
{
    make_path(whole);
    make_path(small);
    expect_ok(genlat_ctx_new(NULL, &ctx));
    expect_ok(genlat_source_synthetic(ctx, "digits", ROWS, 1, &digits));
    genlat_train_opts_init(&opts);
    opts.steps = STEPS;
    opts.batch = 16;
    progress = (genlat_progress){.size = sizeof progress};
}

static void tear_down(void)
{
    unlink(whole);
    unlink(small);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
}

static double share_of_size(void)
{
    struct stat a, b;
    ck_assert_int_eq(stat(whole, &a), 0);
    ck_assert_int_eq(stat(small, &b), 0);
    return (double)b.st_size / (double)a.st_size;
}

/* Takes both. */
static void assert_same(genlat_tensor *a, genlat_tensor *b)
{
    ck_assert_int_eq(genlat_tensor_count(a), genlat_tensor_count(b));
    ck_assert_mem_eq(genlat_tensor_const_data(a), genlat_tensor_const_data(b),
                     (size_t)genlat_tensor_count(a) * sizeof(float));
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
}

START_TEST(a_vae_comes_back_without_its_moments)
{
    genlat_vae_builder *builder = NULL;
    genlat_vae *vae = NULL, *loaded = NULL;
    genlat_tensor *a = NULL, *b = NULL;
    genlat_sample_opts sampling;
    genlat_sample_opts_init(&sampling);
    sampling.seed = 7;
    expect_ok(genlat_vae_builder_new(ctx, &builder));
    genlat_vae_builder_preset(builder, "basic");
    expect_ok(genlat_vae_build(&builder, digits, &vae));
    expect_ok(genlat_vae_fit(vae, digits, &opts));
    expect_ok(genlat_vae_save(vae, whole));
    expect_ok(genlat_vae_export(vae, small));
    ck_assert_double_lt(share_of_size(), 0.34);
    expect_ok(genlat_vae_load(ctx, small, &loaded));
    expect_ok(genlat_vae_sample_with(vae, 4, NULL, &sampling, &a));
    expect_ok(genlat_vae_sample_with(loaded, 4, NULL, &sampling, &b));
    assert_same(a, b);
    expect_ok(genlat_vae_progress(loaded, &progress));
    ck_assert_int_eq(progress.step, 0);
    expect_ok(genlat_vae_fit(loaded, digits, &opts));
    expect_ok(genlat_vae_progress(loaded, &progress));
    ck_assert_int_eq(progress.step, STEPS);
    genlat_vae_destroy(&vae);
    genlat_vae_destroy(&loaded);
}
END_TEST

/* Replaces the first word after a key of the header by one of the same length. */
static void change_word(const char *path, const char *key, const char *old, const char *new)
{
    char header[4096] = "";
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 8, SEEK_SET), 0);
    ck_assert_uint_gt(fread(header, 1, sizeof header - 1, file), 0);
    char *at = strstr(header, key);
    ck_assert_ptr_nonnull(at);
    ck_assert_ptr_nonnull(at = strstr(at, old));
    ck_assert_int_eq(fseek(file, 8 + (long)(at - header), SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(new, 1, strlen(new), file), strlen(new));
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(an_unknown_state_is_refused)
{
    genlat_predictor *predictor = NULL;
    expect_ok(genlat_predictor_new(ctx, digits, NULL, &predictor));
    expect_ok(genlat_predictor_export(predictor, small));
    genlat_predictor_destroy(&predictor);
    change_word(small, "genlat.train.state", "none", "some");
    ck_assert_int_eq(genlat_predictor_load(ctx, small, &predictor), GENLAT_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "genlat.train.state"));
    ck_assert_ptr_null(predictor);
}
END_TEST

START_TEST(a_gan_comes_back_with_its_average)
{
    genlat_gan_builder *builder = NULL;
    genlat_gan *gan = NULL, *loaded = NULL;
    genlat_tensor *a = NULL, *b = NULL, *x = NULL;
    genlat_gan_terms terms = {.size = sizeof terms};
    expect_ok(genlat_gan_builder_new(ctx, &builder));
    genlat_gan_builder_preset(builder, "mlp");
    genlat_gan_builder_set(builder, "history", "0.1");
    genlat_gan_builder_set(builder, "ema", "100");
    genlat_gan_builder_set(builder, "augment", "color");
    genlat_gan_builder_set(builder, "augment_strength", "0.25");
    expect_ok(genlat_gan_build(&builder, digits, &gan));
    expect_ok(genlat_gan_fit(gan, digits, &opts));
    expect_ok(genlat_gan_save(gan, whole));
    expect_ok(genlat_gan_export(gan, small));
    ck_assert_double_lt(share_of_size(), 0.5);
    expect_ok(genlat_gan_load(ctx, small, &loaded));
    expect_ok(genlat_gan_generate(gan, 4, NULL, NULL, &a));
    expect_ok(genlat_gan_generate(loaded, 4, NULL, NULL, &b));
    assert_same(a, b);
    expect_ok(genlat_gan_progress(loaded, &progress));
    ck_assert_int_eq(progress.step, 0);
    expect_ok(genlat_gan_fit(loaded, digits, &opts));
    expect_ok(genlat_source_read(digits, 0, 16, &x, NULL));
    expect_ok(genlat_gan_step(loaded, x, NULL, &terms));
    ck_assert_double_eq(terms.strength, 0.25);
    genlat_tensor_destroy(&x);
    genlat_gan_destroy(&gan);
    genlat_gan_destroy(&loaded);
}
END_TEST

START_TEST(a_predictor_comes_back_without_its_moments)
{
    genlat_predictor *predictor = NULL, *loaded = NULL;
    genlat_tensor *x = NULL, *a = NULL, *b = NULL;
    expect_ok(genlat_predictor_new(ctx, digits, NULL, &predictor));
    expect_ok(genlat_predictor_fit(predictor, digits, &opts));
    expect_ok(genlat_predictor_save(predictor, whole));
    expect_ok(genlat_predictor_export(predictor, small));
    ck_assert_double_lt(share_of_size(), 0.36);
    expect_ok(genlat_predictor_load(ctx, small, &loaded));
    expect_ok(genlat_source_read(digits, 0, 16, &x, NULL));
    expect_ok(genlat_predictor_predict(predictor, x, &a));
    expect_ok(genlat_predictor_predict(loaded, x, &b));
    assert_same(a, b);
    expect_ok(genlat_predictor_progress(loaded, &progress));
    ck_assert_int_eq(progress.step, 0);
    expect_ok(genlat_predictor_fit(loaded, digits, &opts));
    genlat_tensor_destroy(&x);
    genlat_predictor_destroy(&predictor);
    genlat_predictor_destroy(&loaded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("export");
    TCase *tests = tcase_create("models");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_vae_comes_back_without_its_moments);
    tcase_add_test(tests, a_gan_comes_back_with_its_average);
    tcase_add_test(tests, a_predictor_comes_back_without_its_moments);
    tcase_add_test(tests, an_unknown_state_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
