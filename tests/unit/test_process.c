/* SPDX-License-Identifier: MIT */
/* Processes with settings of their own: a locale whose decimal point is not '.', traps of the floating-point unit, and
 * processes that are forked from one with worker threads. locale.sh runs this program in such locales. */
#include <check.h>
#include <fenv.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "support/families.h"

static void expect_ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s", genlat_last_error());
}

static genlat_ctx *context(int64_t threads)
{
    genlat_ctx_opts opts;
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    expect_ok(genlat_ctx_new(&opts, &ctx));
    return ctx;
}

static void make_path(char *path)
{
    strcpy(path, "/tmp/genlat-process-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void fit(genlat_model *model, genlat_source *source, genlat_source *valid, const char *log)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = 3;
    opts.batch = 12;
    opts.prefetch = 1;
    opts.patience = valid ? 2 : 0;
    opts.restore_best = valid != NULL;
    opts.log_path = log;
    expect_ok(genlat_model_fit(model, source, valid, &opts));
}

/* Makes, trains, saves, loads and uses a model of a family. Adds the log of the training to `log`. */
static void use_family(int32_t family, int64_t threads, const char *log)
{
    char path[64];
    family_numbers numbers;
    genlat_ctx *ctx = context(threads);
    genlat_source *source = family_source(ctx);
    genlat_model *model = family_make(ctx, family, source), *loaded = NULL;
    make_path(path);
    bool scored = strcmp(genlat_model_family_name(family, NULL), "gan") != 0; /* GANs have no validation */
    fit(model, source, scored ? source : NULL, log);
    expect_ok(genlat_model_save(model, path));
    expect_ok(genlat_model_load(ctx, path, &loaded));
    family_expect_same_state(model, loaded);
    family_use(loaded, source, &numbers);
    ck_assert_int_gt(numbers.count, 0);
    unlink(path);
    genlat_model_destroy(&model);
    genlat_model_destroy(&loaded);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}

/* ---- locale ---------------------------------------------------------------------------------- */

static void enter_locale(void)
{
    const char *wanted = getenv("GENLAT_TEST_LOCALE");
    if (wanted) {
        ck_assert_ptr_nonnull(setlocale(LC_ALL, wanted));
        ck_assert_str_ne(localeconv()->decimal_point, ".");
    }
}

START_TEST(numbers_never_see_the_locale)
{
    char text[GNL_NUMBER_TEXT], joined[64] = "";
    double value = 0;
    enter_locale();
    gnl_format_real(-0.15625, text, sizeof text);
    ck_assert_str_eq(text, "-0.15625");
    ck_assert(gnl_parse_real("2.5e-3", &value) && value == 2.5e-3);
    ck_assert(!gnl_parse_real("2,5", &value));
    gnl_text_append(joined, sizeof joined, "%g", 0.5);
    ck_assert_str_eq(joined, "0.5");
    (void)genlat_error_set(GENLAT_E_RANGE, "%g", 0.25);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "0.25"));
}
END_TEST

/* A net from text with arguments, which the library formats. */
START_TEST(texts_of_nets_never_see_the_locale)
{
    enter_locale();
    genlat_ctx *ctx = context(1);
    genlat_net_builder *builder = NULL;
    genlat_net *net = NULL;
    expect_ok(genlat_net_builder_new(ctx, &builder));
    genlat_net_builder_input(builder, "x", 1, (int64_t[]){3});
    genlat_net_builder_add(builder, "dropout p=%g", 0.25);
    expect_ok(genlat_net_build(&builder, &net));
    genlat_net_destroy(&net);
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* Every number of a log has a decimal point, and no byte is outside of ASCII. */
static void check_log(const char *path)
{
    FILE *file = fopen(path, "r");
    int points = 0, lines = 0;
    ck_assert_ptr_nonnull(file);
    for (int c; (c = getc(file)) != EOF;) {
        ck_assert_msg(c < 128, "byte %d in the log", c);
        points += c == '.';
        lines += c == '\n';
    }
    fclose(file);
    ck_assert_int_ge(lines, 1);
    ck_assert_int_ge(points, lines);
}

START_TEST(models_never_see_the_locale)
{
    char log[64];
    enter_locale();
    char *before = strdup(setlocale(LC_ALL, NULL));
    make_path(log);
    use_family(_i, 1, log);
    check_log(log);
    unlink(log);
    ck_assert_str_eq(setlocale(LC_ALL, NULL), before);
    ck_assert_ptr_eq(uselocale((locale_t)0), LC_GLOBAL_LOCALE);
    free(before);
}
END_TEST

/* ---- traps ----------------------------------------------------------------------------------- */

#ifdef FE_NOMASK_ENV
START_TEST(models_compute_with_traps)
{
    feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
    use_family(_i, 1 + _i % 2, NULL);
    ck_assert_int_eq(fegetexcept(), FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
}
END_TEST
#endif

/* ---- fork ------------------------------------------------------------------------------------ */

static void fill(void *arg, int64_t begin, int64_t end, int worker)
{
    for (int64_t i = begin; i < end; i++)
        ((int *)arg)[i] = (int)i;
}

/* The child of a process with workers has none of them: it computes alone, and destroys the context. */
START_TEST(forked_processes_compute_and_return)
{
    enum { N = 10000, SECONDS = 60 };
    static int found[N];
    genlat_ctx *ctx = context(4);
    gnl_parallel(ctx, N, 10, fill, found);
    memset(found, 0, sizeof found);
    usleep(_i ? 100 * 1000 : 0); /* workers sleep, or poll */
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(SECONDS);
        int wrong = 0;
        gnl_parallel(ctx, N, 10, fill, found);
        for (int i = 0; i < N; i++)
            wrong += found[i] != i;
        genlat_ctx_destroy(&ctx);
        _exit(wrong ? 1 : 0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %d", status);
    gnl_parallel(ctx, N, 10, fill, found);
    ck_assert_int_eq(found[N - 1], N - 1);
    genlat_ctx_destroy(&ctx);
}
END_TEST

enum { BATCH = 12, SERIES = FAMILY_SAMPLES / BATCH };

static float sum_of_batch(genlat_batches *batches)
{
    const genlat_tensor *x = NULL;
    float sum = 0;
    if (genlat_batches_next(batches, &x, NULL) != GENLAT_OK || !x)
        return -1;
    for (int64_t i = 0; i < genlat_tensor_count(x); i++)
        sum += genlat_tensor_const_data(x)[i] * (float)(i % 7);
    return sum;
}

/* The child reads the same batches as the parent does after the fork. */
START_TEST(forked_processes_read_batches)
{
    enum { SECONDS = 60 };
    int ends[2];
    float found[SERIES - 1], expected[SERIES - 1];
    genlat_ctx *ctx = context(1);
    genlat_source *source = family_source(ctx);
    genlat_batches *batches = NULL;
    genlat_batches_opts opts;
    genlat_batches_opts_init(&opts);
    opts.batch = BATCH;
    opts.prefetch = 1;
    expect_ok(genlat_batches_new(source, &opts, &batches));
    ck_assert(sum_of_batch(batches) > 0);
    ck_assert_int_eq(pipe(ends), 0);
    usleep(_i ? 100 * 1000 : 0); /* the next batch is ready, or not */
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        alarm(SECONDS);
    for (int i = 0; i < SERIES - 1; i++)
        expected[i] = sum_of_batch(batches);
    if (child == 0) {
        genlat_batches_destroy(&batches);
        _exit(write(ends[1], expected, sizeof expected) == (ssize_t)sizeof expected ? 0 : 1);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], found, sizeof found), (ssize_t)sizeof found);
    ck_assert_mem_eq(found, expected, sizeof found);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(ends[0]);
    genlat_batches_destroy(&batches);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tests = tcase_create("process");
    tcase_add_test(tests, numbers_never_see_the_locale);
    tcase_add_test(tests, texts_of_nets_never_see_the_locale);
    tcase_add_loop_test(tests, models_never_see_the_locale, 0, family_count());
#ifdef FE_NOMASK_ENV
    tcase_add_loop_test(tests, models_compute_with_traps, 0, family_count());
#endif
    tcase_add_loop_test(tests, forked_processes_compute_and_return, 0, 2);
    tcase_add_loop_test(tests, forked_processes_read_batches, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
