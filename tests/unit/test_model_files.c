/* SPDX-License-Identifier: MIT */
/* Files of models of every family: a loaded model continues exactly, from any point of a training. An exported file
 * is much smaller and holds the same weights; training from it starts anew. Files that hold no model are refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/model.h"
#include "support/families.h"

enum { STEPS = 20, BATCH = 10 };

static genlat_ctx *ctx;
static genlat_source *source;
static char whole[64], small[64];

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static void make_path(char *path)
{
    strcpy(path, "/tmp/genlat-model-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void set_up(void)
{
    make_path(whole);
    make_path(small);
    expect_ok(genlat_ctx_new(NULL, &ctx));
    source = family_source(ctx);
}

static void tear_down(void)
{
    unlink(whole);
    unlink(small);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}

static genlat_model *load(const char *path)
{
    genlat_model *model = NULL;
    expect_ok(genlat_model_load(ctx, path, &model));
    return model;
}

static genlat_progress progress_of(const genlat_model *model)
{
    genlat_progress p = {.size = sizeof p};
    expect_ok(genlat_model_progress(model, &p));
    return p;
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* Without a seed, both models continue the same series of samples. */
static void expect_same_series(genlat_model *a, genlat_model *b)
{
    genlat_tensor *x = NULL, *y = NULL;
    if (!genlat_model_latent(a))
        return;
    expect_ok(genlat_model_sample(a, 3, NULL, NULL, &x));
    expect_ok(genlat_model_sample(b, 3, NULL, NULL, &y));
    ck_assert_mem_eq(x->data, y->data, (size_t)genlat_tensor_count(x) * sizeof *x->data);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&y);
}

START_TEST(loaded_models_continue_exactly)
{
    static char text[2][16384];
    genlat_model *model = family_make(ctx, _i, source);
    genlat_tensor *drawn = NULL;
    family_steps(model, source, 5);
    if (genlat_model_latent(model))
        expect_ok(genlat_model_sample(model, 5, NULL, NULL, &drawn));
    expect_ok(genlat_model_save(model, whole));
    genlat_model *again = load(whole);
    family_expect_same_state(model, again);
    family_expect_same(model, again, source);
    expect_same_series(model, again);
    expect_ok(genlat_model_describe(model, text[0], sizeof text[0]));
    expect_ok(genlat_model_describe(again, text[1], sizeof text[1]));
    ck_assert_str_eq(text[0], text[1]);
    family_steps(model, source, 5);
    family_steps(again, source, 5);
    family_expect_same_state(model, again);
    family_expect_same(model, again, source);
    genlat_tensor_destroy(&drawn);
    genlat_model_destroy(&model);
    genlat_model_destroy(&again);
}
END_TEST

/* ---- training in parts ------------------------------------------------------------------------ */

static int64_t stop_at;

static int32_t stop(void *user, const genlat_event *event)
{
    return stop_at && event->kind == GENLAT_EVENT_STEP && event->step == stop_at;
}

static genlat_status train_to(genlat_model *model, int64_t steps, const char *last)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.steps = steps;
    opts.batch = BATCH;
    opts.last_path = last;
    opts.event = stop;
    return genlat_model_fit(model, source, NULL, &opts);
}

/* Stops within an epoch and at its end. The first part ends by itself or is stopped, and writes a file. */
START_TEST(training_in_parts_computes_the_same)
{
    static const int64_t places[] = {1, 5, 7, 10};
    const int32_t family = _i / 8;
    const int64_t place = places[_i % 4];
    const bool stopped = _i / 4 % 2;
    genlat_model *once = family_make(ctx, family, source), *part = family_make(ctx, family, source);
    stop_at = 0;
    expect_ok(train_to(once, STEPS, NULL));
    stop_at = stopped ? place : 0;
    ck_assert_int_eq(train_to(part, stopped ? STEPS : place, whole), stopped ? GENLAT_E_CANCELLED : GENLAT_OK);
    genlat_model *loaded = load(whole);
    ck_assert_int_eq(progress_of(loaded).step, place);
    stop_at = 0;
    expect_ok(train_to(loaded, STEPS, NULL));
    family_expect_same_state(once, loaded);
    family_expect_same(once, loaded, source);
    genlat_model_destroy(&once);
    genlat_model_destroy(&part);
    genlat_model_destroy(&loaded);
}
END_TEST

/* ---- exporting ------------------------------------------------------------------------------- */

static int64_t bytes_of(const char *path)
{
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    return s.st_size;
}

static void expect_same_bytes(const char *path, const char *other)
{
    FILE *a = fopen(path, "rb"), *b = fopen(other, "rb");
    int c = 0;
    while (c != EOF) {
        c = fgetc(a);
        ck_assert_int_eq(c, fgetc(b));
    }
    fclose(a);
    fclose(b);
}

START_TEST(exported_models_start_a_new_training)
{
    genlat_model *model = family_make(ctx, _i, source);
    genlat_tensor *drawn = NULL;
    family_steps(model, source, 6);
    if (genlat_model_latent(model))
        expect_ok(genlat_model_sample(model, 2, NULL, NULL, &drawn)); /* the series goes on after it */
    genlat_tensor_destroy(&drawn);
    expect_ok(genlat_model_save(model, whole));
    expect_ok(genlat_model_export(model, small));
    ck_assert_int_lt(bytes_of(small), bytes_of(whole));
    genlat_model *loaded = load(small);
    family_expect_same(model, loaded, source);
    expect_same_series(model, loaded);
    genlat_progress p = progress_of(loaded);
    ck_assert_int_eq(p.step + p.epoch + p.best_epoch, 0);
    ck_assert_int_eq(loaded->progress.passes, 0);
    for (int i = 0; i < GNL_MAX_OPTIMIZERS && loaded->optimizer[i].optim; i++)
        ck_assert_int_eq(gnl_optim_steps(loaded->optimizer[i].optim), 0);
    expect_ok(train_to(loaded, 3, NULL));
    ck_assert_int_eq(progress_of(loaded).step, 3);
    genlat_model_destroy(&loaded);
    loaded = load(small);
    expect_ok(genlat_model_export(loaded, whole)); /* the export of a loaded model equals that of the original */
    expect_same_bytes(small, whole);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
}
END_TEST

/* For nets of usual size, Adam's moments are two thirds of a file. */
static const struct large {
    const char *family, *pairs[12];
    double share;
} larges[] = {
    {"vae", {"architecture", "mlp widths=400", NULL}, 0.34},
    {"gan", {"architecture", "mlp width=256 depth=2", "ema", "100", "history", "0.1", NULL}, 0.5},
    {"predictor", {NULL}, 0.36},
};

START_TEST(exported_models_are_small)
{
    genlat_source *digits = NULL;
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_source_synthetic(ctx, "digits", 8, 1, &digits));
    expect_ok(genlat_model_builder_new(ctx, larges[_i].family, &b));
    for (const char *const *pair = larges[_i].pairs; *pair; pair += 2)
        genlat_model_builder_set(b, pair[0], pair[1]);
    expect_ok(genlat_model_build(&b, digits, &model));
    expect_ok(genlat_model_save(model, whole));
    expect_ok(genlat_model_export(model, small));
    ck_assert_double_lt((double)bytes_of(small) / (double)bytes_of(whole), larges[_i].share);
    genlat_model_destroy(&model);
    genlat_source_destroy(&digits);
}
END_TEST

/* ---- files that hold no model ------------------------------------------------------------------ */

/* Replaces the first word after a key of the header by one of the same length. */
static void change_word(const char *path, const char *key, const char *old, const char *new)
{
    char header[8192] = "";
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

static void expect_refused(const char *path, genlat_status expected, const char *word)
{
    genlat_model *model = (genlat_model *)ctx;
    ck_assert_int_eq(genlat_model_load(ctx, path, &model), expected);
    ck_assert_ptr_null(model);
    expect_error("genlat_model_load", word);
}

START_TEST(an_unknown_state_is_refused)
{
    genlat_model *model = family_make(ctx, _i, source);
    expect_ok(genlat_model_export(model, small));
    genlat_model_destroy(&model);
    change_word(small, "genlat.train.state", "none", "some");
    expect_refused(small, GENLAT_E_FORMAT, "genlat.train.state");
}
END_TEST

START_TEST(damaged_files_are_refused)
{
    genlat_model *model = family_make(ctx, _i, source);
    char key[64], word[64], other[64];
    const char *family = genlat_model_family(model);
    expect_ok(genlat_model_save(model, whole));
    snprintf(word, sizeof word, "\"%s\"", family);
    snprintf(other, sizeof other, "\"%s\"", family);
    other[1] = 'X';
    change_word(whole, "genlat.kind", word, other);
    expect_refused(whole, GENLAT_E_FORMAT, "not a known family of models");
    expect_ok(genlat_model_save(model, whole));
    snprintf(key, sizeof key, "genlat.%s.classes", family);
    snprintf(other, sizeof other, "genlat.%s.clasess", family);
    change_word(whole, key, key, other);
    expect_refused(whole, GENLAT_E_FORMAT, key);
    expect_ok(genlat_model_save(model, whole));
    ck_assert_int_eq(truncate(whole, bytes_of(whole) - 4), 0);
    expect_refused(whole, GENLAT_E_FORMAT, whole);
    if (model->net[0]) {
        expect_ok(genlat_net_save(model->net[0], whole));
        expect_refused(whole, GENLAT_E_FORMAT, "'net'");
    }
    expect_refused("/nonexistent/model.safetensors", GENLAT_E_IO, "No such file");
    ck_assert_int_eq(genlat_model_save(model, "/nonexistent/model.safetensors"), GENLAT_E_IO);
    ck_assert_int_eq(genlat_model_export(model, "/nonexistent/model.safetensors"), GENLAT_E_IO);
    genlat_model_destroy(&model);
}
END_TEST

/* Only a file can have data without dimensions: builders refuse them. A decoder that sees the data shifted along their
 * last dimension divided by zero. */
START_TEST(data_without_dimensions_are_refused)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){1});
    genlat_model_builder_set(b, "architecture", "mlp widths=2");
    genlat_model_builder_set(b, "decoder", "flatten name=p | concat from=z,p | dense units=1");
    genlat_model_builder_set(b, "decoder_inputs", "previous");
    expect_ok(genlat_model_build(&b, NULL, &model));
    expect_ok(genlat_model_export(model, small));
    genlat_model_destroy(&model);
    change_word(small, "genlat.encoder.net", "input x 1", "input xxx");
    change_word(small, "genlat.decoder.net", "input previous 1", "input previousxx");
    expect_refused(small, GENLAT_E_FORMAT, "no dimension");
}
END_TEST

/* A setting of the model that builders refuse is refused in a file too. */
START_TEST(unknown_inputs_of_the_decoder_are_refused)
{
    genlat_model_builder *b = NULL;
    genlat_model *model = NULL;
    expect_ok(genlat_model_builder_new(ctx, "vae", &b));
    genlat_model_builder_data(b, 1, (int64_t[]){4});
    genlat_model_builder_set(b, "architecture", "mlp widths=2");
    genlat_model_builder_set(b, "decoder_inputs", "previous");
    genlat_model_builder_set(b, "decoder",
                             "reshape shape=1x4 from=previous | masked_conv1d mask=through | flatten name=p | "
                             "dense units=4 from=z name=d | add from=p,d");
    expect_ok(genlat_model_build(&b, NULL, &model));
    expect_ok(genlat_model_export(model, small));
    genlat_model_destroy(&model);
    change_word(small, "genlat.vae.decoder_inputs", "previous", "precious");
    expect_refused(small, GENLAT_E_INVALID, "'precious'");
}
END_TEST

/* The settings of training that a preset may have. */
START_TEST(lengths_are_kept_in_files)
{
    genlat_model_builder *b = family_builder(ctx, _i);
    genlat_model *model = NULL;
    genlat_model_builder_set(b, "epochs", "5");
    genlat_model_builder_set(b, "steps", "40");
    genlat_model_builder_set(b, "batch", "9");
    genlat_model_builder_set(b, "restore_best", "yes");
    expect_ok(genlat_model_build(&b, source, &model));
    for (int exported = 0; exported < 2; exported++) {
        expect_ok(exported ? genlat_model_export(model, small) : genlat_model_save(model, small));
        genlat_model *loaded = load(small);
        const gnl_config *c = loaded->config;
        ck_assert_int_eq(c->epochs, 5);
        ck_assert_int_eq(c->steps, 40);
        ck_assert_int_eq(c->batch, 9);
        ck_assert(c->restore_best);
        ck_assert_int_eq(c->classes, model->config->classes);
        ck_assert_int_eq(c->vector, model->config->vector);
        genlat_model_destroy(&loaded);
    }
    genlat_model_destroy(&model);
}
END_TEST

/* Counters at the end of their range would overflow in the next step. */
START_TEST(counters_that_would_overflow_are_refused)
{
    genlat_model *model = family_make(ctx, _i, source);
    family_steps(model, source, 1);
    int64_t *const counters[] = {&model->progress.step,     &model->progress.passes,     &model->progress.epoch,
                                 &model->progress.position, &model->progress.best_epoch, &model->progress.waited};
    for (size_t i = 0; i < GNL_COUNT(counters); i++) {
        const int64_t before = *counters[i];
        *counters[i] = INT64_MAX;
        expect_ok(genlat_model_save(model, whole));
        expect_refused(whole, GENLAT_E_FORMAT, "9223372036854775807");
        *counters[i] = before;
    }
    for (int i = 0; i < GNL_MAX_OPTIMIZERS && model->optimizer[i].optim; i++) {
        gnl_optim_set_steps(model->optimizer[i].optim, INT64_MAX);
        expect_ok(genlat_model_save(model, whole));
        expect_refused(whole, GENLAT_E_FORMAT, "steps");
        gnl_optim_set_steps(model->optimizer[i].optim, 1);
    }
    genlat_model_destroy(&model);
}
END_TEST

int main(void)
{
    const int families = family_count();
    Suite *suite = suite_create("model files");
    TCase *tests = tcase_create("every family");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, loaded_models_continue_exactly, 0, families);
    tcase_add_loop_test(tests, training_in_parts_computes_the_same, 0, 8 * families);
    tcase_add_loop_test(tests, exported_models_start_a_new_training, 0, families);
    tcase_add_loop_test(tests, exported_models_are_small, 0, (int)GNL_COUNT(larges));
    tcase_add_loop_test(tests, an_unknown_state_is_refused, 0, families);
    tcase_add_loop_test(tests, damaged_files_are_refused, 0, families);
    tcase_add_loop_test(tests, lengths_are_kept_in_files, 0, families);
    tcase_add_loop_test(tests, counters_that_would_overflow_are_refused, 0, families);
    tcase_add_test(tests, data_without_dimensions_are_refused);
    tcase_add_test(tests, unknown_inputs_of_the_decoder_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
