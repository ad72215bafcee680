/* SPDX-License-Identifier: MIT */
/* What common.h, context.h, rng.h and version.h say. */
#include "promises/rig.h"

#include <float.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(GENLAT_EXPERIMENTAL_H) || defined(GENLAT_FILES_H)
#    error "genlat.h must leave out what is experimental, and files.h"
#endif

/* ---- common.h --------------------------------------------------------------------------------- */

START_TEST(statuses_have_frozen_numbers_names_and_sentences)
{
    static const struct {
        genlat_status status;
        const char *name;
    } frozen[] = {{0, "GENLAT_OK"},           {-1, "GENLAT_E_INVALID"},     {-2, "GENLAT_E_SHAPE"},
                  {-3, "GENLAT_E_RANGE"},     {-4, "GENLAT_E_MEMORY"},      {-5, "GENLAT_E_IO"},
                  {-6, "GENLAT_E_FORMAT"},    {-7, "GENLAT_E_UNSUPPORTED"}, {-8, "GENLAT_E_STATE"},
                  {-9, "GENLAT_E_NOT_FOUND"}, {-10, "GENLAT_E_NUMERIC"},    {-11, "GENLAT_E_CANCELLED"},
                  {-12, "GENLAT_E_CALLBACK"}, {-13, "GENLAT_E_THREAD"},     {-14, "GENLAT_E_INTERNAL"}};
    static const genlat_status unknown[] = {1, GENLAT_STATUS_LAST - 1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < COUNT(frozen); i++) {
        ck_assert_str_eq(genlat_status_name(frozen[i].status), frozen[i].name);
        ck_assert_ptr_eq(genlat_status_name(frozen[i].status), genlat_status_name(frozen[i].status));
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(genlat_status_text(frozen[i].status), genlat_status_text(frozen[k].status));
    }
    ck_assert_int_eq(GENLAT_STATUS_LAST, -(int)COUNT(frozen) + 1);
#define ITS_SENTENCE(name, number, sentence) ck_assert_str_eq(genlat_status_text(GENLAT_##name), sentence);
    GENLAT_STATUS_MAP(ITS_SENTENCE)
    for (size_t i = 0; i < COUNT(unknown); i++) {
        ck_assert_str_eq(genlat_status_name(unknown[i]), "GENLAT_E_UNKNOWN");
        ck_assert_ptr_nonnull(genlat_status_text(unknown[i]));
    }
}
END_TEST

static void *fail_elsewhere(void *text)
{
    ck_assert_str_eq(genlat_last_error(), ""); /* nothing has failed in this thread */
    (void)genlat_error_set(GENLAT_E_IO, "of the other thread");
    strcpy(text, genlat_last_error());
    return NULL;
}

START_TEST(each_thread_has_its_error_until_it_fails_again)
{
    char other[64];
    pthread_t thread;
    genlat_tensor *t = NULL;
    REFUSED_WITH("ndim", GENLAT_E_INVALID, genlat_tensor_new, ctx, 9, NULL, &t);
    const char *text = genlat_last_error();
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, other), 0);
    pthread_join(thread, NULL);
    ck_assert_str_eq(other, "of the other thread");
    ok(genlat_tensor_new(ctx, 0, NULL, &t)); /* a call that does not fail leaves the text */
    ck_assert_ptr_eq(genlat_last_error(), text);
    ck_assert_ptr_nonnull(strstr(text, "ndim"));
    genlat_tensor_destroy(&t);
}
END_TEST

START_TEST(texts_can_be_set)
{
    ck_assert_int_eq(genlat_error_set(GENLAT_E_FORMAT, "mine: line %d", 3), GENLAT_E_FORMAT);
    ck_assert_str_eq(genlat_last_error(), "mine: line 3");
    ck_assert_int_eq(genlat_error_set(GENLAT_E_IO, NULL), GENLAT_E_IO);
    ck_assert_str_eq(genlat_last_error(), "mine: line 3");
    ck_assert_int_eq(genlat_error_set(-99, "yours (%s)", genlat_last_error()), -99);
    ck_assert_str_eq(genlat_last_error(), "yours (mine: line 3)");
}
END_TEST

START_TEST(the_version_is_that_of_the_headers)
{
    char parts[64];
    snprintf(parts, sizeof parts, "%d.%d.%d", GENLAT_VERSION_MAJOR, GENLAT_VERSION_MINOR, GENLAT_VERSION_PATCH);
    ck_assert_str_eq(GENLAT_VERSION, parts);
    ck_assert_str_eq(genlat_version(), GENLAT_VERSION);
}
END_TEST

/* ---- context.h -------------------------------------------------------------------------------- */

static genlat_ctx *context(const genlat_ctx_opts *opts)
{
    genlat_ctx *out = NULL;
    ok(genlat_ctx_new(opts, &out));
    return out;
}

START_TEST(contexts_have_the_limits_that_are_stated)
{
    genlat_ctx *made = ctx;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    made = context(NULL);
    ck_assert_int_eq(genlat_ctx_threads(made), 1);
    ck_assert_uint_ne(genlat_ctx_cpu(made), GENLAT_CPU_AUTO);
    genlat_ctx_destroy(&made);
    ck_assert_ptr_null(made);
    genlat_ctx_destroy(&made);
    genlat_ctx_destroy(NULL);
    ck_assert_int_eq(genlat_ctx_threads(NULL), 0);
    ck_assert_uint_eq(genlat_ctx_cpu(NULL), GENLAT_CPU_AUTO);
    ck_assert_int_eq(genlat_ctx_memory_limit(NULL), 0);
    ck_assert_int_gt(genlat_ctx_memory_limit(ctx), 0); /* that of the machine */
    opts.memory_limit = 12345;
    made = context(&opts);
    ck_assert_int_eq(genlat_ctx_memory_limit(made), 12345);
    genlat_ctx_destroy(&made);
    genlat_ctx_opts_init(&opts);
    opts.threads = 256;
    opts.seed = INT64_MAX;
    opts.cpu = GENLAT_CPU_BASELINE;
    made = context(&opts);
    ck_assert_int_eq(genlat_ctx_threads(made), 256);
    ck_assert_uint_eq(genlat_ctx_cpu(made), GENLAT_CPU_BASELINE);
    genlat_ctx_destroy(&made);
    opts.threads = 257;
    REFUSED_WITH("threads", GENLAT_E_RANGE, genlat_ctx_new, &opts, &made);
    genlat_ctx_opts_init(&opts);
    opts.seed = -1;
    REFUSED_WITH("seed", GENLAT_E_RANGE, genlat_ctx_new, &opts, &made);
    genlat_ctx_opts_init(&opts);
    opts.gemm = GENLAT_GEMM_BFLOAT16 + 1;
    REFUSED_WITH("gemm", GENLAT_E_RANGE, genlat_ctx_new, &opts, &made);
    genlat_ctx_opts_init(&opts);
    opts.cpu = genlat_ctx_cpu(ctx) == GENLAT_CPU_NEON ? GENLAT_CPU_AVX2 : GENLAT_CPU_NEON;
    REFUSED_WITH("cpu", GENLAT_E_UNSUPPORTED, genlat_ctx_new, &opts, &made);
}
END_TEST

static char logged[1024];

static void keep_message(void *user, int32_t level, const char *message)
{
    snprintf(logged, sizeof logged, "%s %d %s", (const char *)user, (int)level, message);
}

START_TEST(messages_reach_the_log_function)
{
    genlat_ctx_opts opts;
    char long_text[600];
    genlat_ctx_opts_init(&opts);
    opts.log = keep_message;
    opts.log_user = (void *)(uintptr_t) "user";
    genlat_ctx *made = context(&opts);
    genlat_ctx_log(made, GENLAT_LOG_WARNING, "100 % of\nthe rows");
    ck_assert_str_eq(logged, "user 1 100 % of the rows");
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    genlat_ctx_log(made, GENLAT_LOG_DEBUG, long_text);
    ck_assert_uint_eq(strlen(logged), strlen("user 3 ") + 511);
    logged[0] = '\0';
    genlat_ctx_log(made, GENLAT_LOG_INFO, NULL);
    genlat_ctx_log(NULL, GENLAT_LOG_INFO, "text");
    genlat_ctx_log(ctx, GENLAT_LOG_INFO, "text"); /* without a log function */
    ck_assert_str_eq(logged, "");
    genlat_ctx_destroy(&made);
}
END_TEST

START_TEST(a_context_lives_as_long_as_its_objects)
{
    genlat_ctx *made = NULL;
    genlat_ctx_opts opts;
    genlat_tensor *t = NULL, *copy = NULL;
    genlat_ctx_opts_init(&opts);
    opts.threads = 2;
    made = context(&opts);
    ok(genlat_tensor_new(made, 1, (int64_t[]){5}, &t));
    genlat_ctx_destroy(&made);
    ok(genlat_tensor_clone(t, &copy)); /* takes memory of the context */
    genlat_tensor_destroy(&t);
    genlat_tensor_destroy(&copy);
}
END_TEST

static long asked, wrong_alignments;

static void *plain_alloc(void *user, size_t bytes, size_t align)
{
    asked++;
    wrong_alignments += user != &asked || align < 1 || align > 64 || (align & (align - 1)) != 0;
    return aligned_alloc(align, (bytes + align - 1) / align * align);
}

static void plain_free(void *user, void *memory)
{
    wrong_alignments += user != &asked;
    free(memory);
}

/* The allocator is copied, is asked for all memory, and its failure is reported. */
START_TEST(allocators_are_copied_and_asked)
{
    genlat_allocator mine = {sizeof mine, &asked, plain_alloc, plain_free};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &mine;
    genlat_ctx *made = context(&opts);
    memset(&mine, 0xff, sizeof mine);
    genlat_tensor *t = NULL;
    const long before = asked;
    ok(genlat_tensor_new(made, 1, (int64_t[]){3}, &t));
    ck_assert_int_gt(asked, before);
    genlat_tensor_destroy(&t);
    genlat_ctx_destroy(&made);
    ck_assert_int_eq(wrong_alignments, 0);
    refuse_memory = 1;
    REFUSED_WITH("memory", GENLAT_E_MEMORY, genlat_tensor_new, ctx, 1, (int64_t[]){3}, &t);
    ck_assert_ptr_null(t);
}
END_TEST

/* Stacks of 255 threads do not fit into what the process may take. */
START_TEST(threads_that_cannot_be_started_are_reported)
{
    struct rlimit limit = {1 << 28, 1 << 28};
    genlat_ctx_opts opts;
    genlat_ctx *made = ctx;
    genlat_ctx_opts_init(&opts);
    opts.threads = 256;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (setrlimit(RLIMIT_AS, &limit) == 0) {
        REFUSED_WITH("thread", GENLAT_E_THREAD, genlat_ctx_new, &opts, &made);
        ck_assert_ptr_null(made);
    }
#endif
}
END_TEST

static int lines;
static pthread_t logged_by;

static void listen(void *user, int32_t level, const char *message)
{
    lines++;
    logged_by = pthread_self();
    ck_assert_ptr_eq(user, &lines);
    ck_assert_int_ge(level, GENLAT_LOG_ERROR);
    ck_assert_int_le(level, GENLAT_LOG_DEBUG);
    ck_assert_ptr_null(strchr(message, '\n'));
    ck_assert_int_gt((int)strlen(message), 0);
}

/* The files that a trainer writes are information; alarms are in tests/promises/test_train_promises.c. */
START_TEST(messages_come_in_the_calling_thread)
{
    static const setting settings[] = {
        {"latent", "2"}, {"encoder", "dense units=2"}, {"decoder", "dense units=2"}, {NULL, NULL}};
    char path[] = "/tmp/genlat-promise-XXXXXX";
    genlat_ctx_opts opts;
    genlat_train_opts train;
    genlat_ctx_opts_init(&opts);
    genlat_train_opts_init(&train);
    opts.log = listen;
    opts.log_user = &lines;
    opts.threads = 3;
    genlat_ctx *made = context(&opts), *kept = ctx;
    close(mkstemp(path));
    train.epochs = 1;
    train.last_path = path;
    ctx = made;
    genlat_source *source = synthetic("ring", 32, 0);
    genlat_model *model = model_of("vae", settings, source);
    ctx = kept;
    ok(genlat_model_fit(model, source, NULL, &train));
    ck_assert_int_eq(lines, 1);
    ck_assert(pthread_equal(logged_by, pthread_self()));
    unlink(path);
    genlat_model_destroy(&model);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&made);
}
END_TEST

/* ---- rng.h ------------------------------------------------------------------------------------ */

enum { DRAWS = 1000 };

static genlat_rng *stream(uint64_t seed, uint64_t substream)
{
    genlat_rng *out = NULL;
    ok(genlat_rng_new(ctx, seed, substream, &out));
    return out;
}

START_TEST(streams_depend_on_seed_and_substream_alone)
{
    static const uint64_t pairs[][2] = {{0, 0}, {0, 1}, {1, 0}, {UINT64_MAX, 0}, {0, (UINT64_C(1) << 48) - 1}};
    float numbers[COUNT(pairs)][8], again[8];
    for (size_t i = 0; i < COUNT(pairs); i++) {
        genlat_rng *a = stream(pairs[i][0], pairs[i][1]), *b = stream(pairs[i][0], pairs[i][1]);
        ok(genlat_rng_uniform(a, 8, 0, 1, numbers[i]));
        ok(genlat_rng_uniform(b, 8, 0, 1, again));
        ck_assert_mem_eq(numbers[i], again, sizeof again);
        for (size_t k = 0; k < i; k++)
            ck_assert_mem_ne(numbers[i], numbers[k], sizeof again);
        genlat_rng_destroy(&a);
        genlat_rng_destroy(&b);
        ck_assert_ptr_null(b);
    }
    genlat_rng *out = NULL;
    REFUSED_WITH("substream", GENLAT_E_RANGE, genlat_rng_new, ctx, 0, UINT64_C(1) << 48, &out);
    genlat_rng_destroy(&out);
    genlat_rng_destroy(NULL);
}
END_TEST

START_TEST(draws_advance_by_blocks_of_four)
{
    float a[9], b[9];
    genlat_rng *rng = stream(3, 0);
    ck_assert_uint_eq(genlat_rng_position(rng), 0);
    for (int64_t n = 0; n <= 9; n++) {
        const uint64_t before = genlat_rng_position(rng);
        ok(genlat_rng_uniform(rng, n, 0, 1, a));
        ck_assert_uint_eq(genlat_rng_position(rng) - before, (uint64_t)(n + 3) / 4);
        ok(genlat_rng_normal(rng, n, a));
        ck_assert_uint_eq(genlat_rng_position(rng) - before, (uint64_t)(n + 3) / 4 * 2);
    }
    genlat_rng_seek(rng, 7);
    ck_assert_uint_eq(genlat_rng_position(rng), 7);
    ok(genlat_rng_normal(rng, 9, a));
    genlat_rng_seek(rng, 7);
    ok(genlat_rng_normal(rng, 9, b));
    ck_assert_mem_eq(a, b, sizeof a);
    ok(genlat_rng_uniform(rng, 0, 0, 1, NULL));
    REFUSED(GENLAT_E_INVALID, genlat_rng_uniform, rng, -1, 0, 1, a);
    REFUSED(GENLAT_E_INVALID, genlat_rng_normal, rng, -1, a);
    ck_assert_uint_eq(genlat_rng_position(NULL), 0);
    genlat_rng_seek(NULL, 3);
    genlat_rng_destroy(&rng);
}
END_TEST

START_TEST(uniform_numbers_are_below_the_upper_end)
{
    static float numbers[DRAWS];
    const float above = nextafterf(1, 2);
    const struct {
        float lo, hi;
    } ranges[] = {{0, 1}, {-3, 5}, {1, above}, {1e8f, 1e8f + 16}, {-FLT_MAX, FLT_MAX}, {2, 2}, {-1e-40f, 1e-40f}};
    genlat_rng *rng = stream(4, 0);
    for (size_t i = 0; i < COUNT(ranges); i++) {
        ok(genlat_rng_uniform(rng, DRAWS, ranges[i].lo, ranges[i].hi, numbers));
        for (int k = 0; k < DRAWS; k++)
            ck_assert_msg(numbers[k] >= ranges[i].lo && (numbers[k] < ranges[i].hi || ranges[i].lo == ranges[i].hi),
                          "%g is not in [%g,%g)", (double)numbers[k], (double)ranges[i].lo, (double)ranges[i].hi);
    }
    REFUSED(GENLAT_E_RANGE, genlat_rng_uniform, rng, 1, 1, 0, numbers);
    REFUSED(GENLAT_E_RANGE, genlat_rng_uniform, rng, 1, NAN, 0, numbers);
    REFUSED(GENLAT_E_RANGE, genlat_rng_uniform, rng, 1, 0, INFINITY, numbers);
    ck_assert_uint_eq(genlat_rng_position(rng), COUNT(ranges) * DRAWS / 4); /* a refused call draws nothing */
    genlat_rng_destroy(&rng);
}
END_TEST

START_TEST(normal_numbers_are_finite_with_mean_0_and_variance_1)
{
    enum { MANY = 40000 };
    static float numbers[MANY];
    double sum = 0, squares = 0;
    genlat_rng *rng = stream(5, 2);
    ok(genlat_rng_normal(rng, MANY, numbers));
    for (int i = 0; i < MANY; i++) {
        ck_assert(isfinite(numbers[i]));
        sum += (double)numbers[i];
        squares += (double)numbers[i] * (double)numbers[i];
    }
    ck_assert_double_eq_tol(sum / MANY, 0, 0.02);
    ck_assert_double_eq_tol(squares / MANY, 1, 0.03);
    genlat_rng_destroy(&rng);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {statuses_have_frozen_numbers_names_and_sentences,
                                  each_thread_has_its_error_until_it_fails_again,
                                  texts_can_be_set,
                                  the_version_is_that_of_the_headers,
                                  contexts_have_the_limits_that_are_stated,
                                  messages_reach_the_log_function,
                                  a_context_lives_as_long_as_its_objects,
                                  allocators_are_copied_and_asked,
                                  threads_that_cannot_be_started_are_reported,
                                  messages_come_in_the_calling_thread,
                                  streams_depend_on_seed_and_substream_alone,
                                  draws_advance_by_blocks_of_four,
                                  uniform_numbers_are_below_the_upper_end,
                                  normal_numbers_are_finite_with_mean_0_and_variance_1,
                                  NULL};
    return run_tests("promises of the base", tests);
}
