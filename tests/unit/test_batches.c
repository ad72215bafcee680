/* SPDX-License-Identifier: MIT */
/* Batches: every sample once per epoch, orders that depend only on seed and epoch, exact resume, prefetch. */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "data/data.h"
#include "support/counted.h"

enum { N = 23 };

static counter memory;
static genlat_ctx *ctx;
static genlat_source *source;

static void ok(genlat_status status)
{
    ck_assert_msg(status == GENLAT_OK, "%s: %s", genlat_status_name(status), genlat_last_error());
}

/* Data: the numbers 0 to N-1 with class i % 3; the fraction encodes the draw. While `fail_at` is set, reading that
 * sample fails. */
static atomic_int fail_at = -1;

static int32_t numbers(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    for (int64_t i = 0; i < n; i++) {
        if (indices[i] == atomic_load(&fail_at))
            return 1;
        x[2 * i] = (float)indices[i];
        x[2 * i + 1] = (float)draw;
        if (labels)
            labels[i] = (float)(indices[i] % 3);
    }
    return 0;
}

static void open_source(void)
{
    ok(counted_ctx(&memory, 1, &ctx));
    genlat_source_table table = {
        .size = sizeof table, .count = N, .ndim = 1, .dims = {2}, .classes = 3, .fetch = numbers};
    ok(genlat_source_callback(ctx, &table, &source));
}

static void close_source(void)
{
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
}

static genlat_batches *batches_of(int64_t batch, int64_t seed, uint32_t prefetch, uint32_t drop_last)
{
    genlat_batches_opts opts;
    genlat_batches *out = NULL;
    genlat_batches_opts_init(&opts);
    opts.batch = batch;
    opts.seed = seed;
    opts.prefetch = prefetch;
    opts.drop_last = drop_last;
    ok(genlat_batches_new(source, &opts, &out));
    return out;
}

/* Iterates over `epochs` epochs and stores the samples; returns their number. */
static int gather(genlat_batches *batches, int epochs, float *seen)
{
    int count = 0;
    for (int ended = 0; ended < epochs;) {
        const genlat_tensor *x = NULL, *labels = NULL;
        int64_t epoch = genlat_batches_epoch(batches);
        ok(genlat_batches_next(batches, &x, &labels));
        ended += x == NULL;
        for (int64_t i = 0; i < genlat_tensor_dim(x, 0); i++) {
            seen[count] = genlat_tensor_const_data(x)[2 * i];
            ck_assert_float_eq(genlat_tensor_const_data(x)[2 * i + 1], (float)epoch);
            ck_assert_float_eq(genlat_tensor_const_data(labels)[i], (float)((int)seen[count] % 3));
            count++;
        }
    }
    return count;
}

START_TEST(every_epoch_has_every_sample_once)
{
    float seen[3 * N];
    genlat_batches *batches = batches_of(5, 1, _i & 1, 0);
    ck_assert_int_eq(genlat_batches_count(batches), 5);
    ck_assert_int_eq(gather(batches, 3, seen), 3 * N);
    ck_assert_int_eq(genlat_batches_epoch(batches), 3);
    ck_assert_int_eq(genlat_batches_position(batches), 0);
    for (int epoch = 0; epoch < 3; epoch++) {
        int times[N] = {0};
        for (int i = 0; i < N; i++)
            times[(int)seen[epoch * N + i]]++;
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(times[i], 1);
    }
    ck_assert_int_ne(memcmp(seen, seen + N, N * sizeof *seen), 0);
    genlat_batches_destroy(&batches);
}
END_TEST

START_TEST(order_depends_on_the_seed_and_prefetch_changes_nothing)
{
    float a[2 * N], b[2 * N], c[2 * N], d[2 * N];
    const int64_t seeds[] = {7, 7, 8, 7}, sizes[] = {4, 4, 4, 9};
    float *seen[] = {a, b, c, d};
    for (int i = 0; i < 4; i++) {
        genlat_batches *batches = batches_of(sizes[i], seeds[i], i == 1, 0);
        ck_assert_int_eq(gather(batches, 2, seen[i]), 2 * N);
        genlat_batches_destroy(&batches);
    }
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_int_ne(memcmp(a, c, sizeof a), 0);
    ck_assert_mem_eq(a, d, sizeof a); /* the order does not depend on the batch size */
}
END_TEST

/* Stops after k batches and resumes at the saved position with other batches: the same samples follow. */
START_TEST(resume_is_exact)
{
    for (int stop = 0; stop < 12; stop++) {
        float whole[4 * N], rest[4 * N];
        genlat_batches *first = batches_of(5, 3, (uint32_t)_i, 0), *second = batches_of(5, 3, (uint32_t)_i, 0);
        int done = 0;
        for (int i = 0; i < stop; i++) {
            const genlat_tensor *x = NULL;
            ok(genlat_batches_next(first, &x, NULL));
            done += (int)genlat_tensor_dim(x, 0);
        }
        ok(genlat_batches_seek(second, genlat_batches_epoch(first), genlat_batches_position(first)));
        genlat_batches *all = batches_of(5, 3, 0, 0);
        int total = gather(all, 4, whole);
        int left = gather(second, 4 - (int)genlat_batches_epoch(first), rest);
        ck_assert_int_eq(total - done, left);
        ck_assert_mem_eq(whole + done, rest, (size_t)left * sizeof *rest);
        genlat_batches_destroy(&first);
        genlat_batches_destroy(&second);
        genlat_batches_destroy(&all);
    }
}
END_TEST

START_TEST(seek_takes_any_position_and_refuses_others)
{
    genlat_batches *batches = batches_of(5, 3, (uint32_t)_i, 0);
    const genlat_tensor *x = NULL;
    ok(genlat_batches_seek(batches, 2, N - 2));
    ok(genlat_batches_next(batches, &x, NULL));
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 2);
    ok(genlat_batches_next(batches, &x, NULL));
    ck_assert_ptr_null(x);
    ck_assert_int_eq(genlat_batches_epoch(batches), 3);
    ok(genlat_batches_next(batches, &x, NULL));
    ck_assert_int_eq(genlat_tensor_dim(x, 0), 5);
    ck_assert_int_eq(genlat_batches_seek(batches, 0, N + 1), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_batches_seek(batches, -1, 0), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_batches_position(batches), 5);
    genlat_batches_destroy(&batches);
}
END_TEST

START_TEST(a_failed_fetch_can_be_repeated)
{
    genlat_batches_opts opts;
    genlat_batches *batches = NULL;
    genlat_batches_opts_init(&opts);
    opts.batch = 6;
    opts.shuffle = 0;
    opts.prefetch = (uint32_t)_i;
    ok(genlat_batches_new(source, &opts, &batches));
    const genlat_tensor *x = NULL;
    atomic_store(&fail_at, 8);
    ok(genlat_batches_next(batches, &x, NULL));
    ck_assert_int_eq(genlat_batches_next(batches, &x, NULL), GENLAT_E_CALLBACK);
    ck_assert_ptr_null(x);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "returned 1"));
    ck_assert_int_eq(genlat_batches_position(batches), 6);
    atomic_store(&fail_at, -1);
    ok(genlat_batches_next(batches, &x, NULL));
    ck_assert_float_eq(genlat_tensor_const_data(x)[4], 8);
    genlat_batches_destroy(&batches);
}
END_TEST

START_TEST(the_last_batch_may_be_smaller)
{
    float seen[N];
    genlat_batches *batches = batches_of(5, 1, 0, 1);
    ck_assert_int_eq(genlat_batches_count(batches), 4);
    ck_assert_int_eq(gather(batches, 1, seen), 20);
    genlat_batches_destroy(&batches);
    batches = batches_of(1000, 1, 0, 0);
    ck_assert_int_eq(genlat_batches_count(batches), 1);
    ck_assert_int_eq(gather(batches, 1, seen), N);
    genlat_batches_destroy(&batches);
    genlat_batches_opts opts;
    genlat_batches_opts_init(&opts);
    opts.drop_last = 1;
    ck_assert_int_eq(genlat_batches_new(source, &opts, &batches), GENLAT_E_RANGE);
    opts.batch = 0;
    ck_assert_int_eq(genlat_batches_new(source, &opts, &batches), GENLAT_E_RANGE);
    ck_assert_ptr_null(batches);
}
END_TEST

START_TEST(iteration_allocates_nothing)
{
    float seen[10 * N];
    genlat_batches *batches = batches_of(5, 1, (uint32_t)_i, 0);
    long before = atomic_load(&memory.calls);
    ck_assert_int_eq(gather(batches, 10, seen), 10 * N);
    ck_assert_int_eq(atomic_load(&memory.calls), before);
    genlat_batches_destroy(&batches);
}
END_TEST

/* ---- more samples than are shuffled in memory ------------------------------------------------ */

static int32_t indices_themselves(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    for (int64_t i = 0; i < n; i++) {
        x[2 * i] = (float)(indices[i] >> 20);
        x[2 * i + 1] = (float)(indices[i] & 0xfffff);
    }
    return 0;
}

static genlat_source *large(int64_t count)
{
    const genlat_source_table table = {
        .size = sizeof table, .count = count, .ndim = 1, .dims = {2}, .fetch = indices_themselves};
    genlat_source *out = NULL;
    ok(genlat_source_callback(ctx, &table, &out));
    return out;
}

static int64_t index_of(const genlat_tensor *x, int64_t row)
{
    const float *numbers_of = genlat_tensor_const_data(x) + 2 * row;
    return ((int64_t)numbers_of[0] << 20) + (int64_t)numbers_of[1];
}

/* A source of 2^40 samples takes as much memory as a small one; orders differ by epoch and seed, and can be sought. */
START_TEST(large_sources_are_shuffled_without_memory)
{
    enum { BATCH = 64 };
    const int64_t count = INT64_C(1) << 40, places[] = {0, 12345, count - BATCH};
    genlat_source *samples = large(count);
    genlat_batches_opts opts;
    int64_t first[2][BATCH] = {{0}};
    genlat_batches_opts_init(&opts);
    opts.batch = BATCH;
    opts.prefetch = (uint32_t)_i;
    for (size_t place = 0; place < GNL_COUNT(places); place++)
        for (int round = 0; round < 4; round++) { /* epochs 0 and 1, the second again, another seed */
            genlat_batches *batches = NULL;
            const genlat_tensor *x = NULL;
            opts.seed = round == 3;
            ok(genlat_batches_new(samples, &opts, &batches));
            ok(genlat_batches_seek(batches, round > 0, places[place]));
            ok(genlat_batches_next(batches, &x, NULL));
            ck_assert_int_eq(genlat_tensor_dim(x, 0), BATCH);
            int64_t same = 0, other = 0;
            for (int64_t i = 0; i < BATCH; i++) {
                const int64_t index = index_of(x, i);
                ck_assert(index >= 0 && index < count);
                same += index == first[1][i];
                other += index == first[0][i];
                if (round < 2)
                    first[round][i] = index;
            }
            ck_assert_int_eq(same, round == 2 ? BATCH : 0);
            ck_assert_int_eq(other, 0);
            genlat_batches_destroy(&batches);
        }
    genlat_source_destroy(&samples);
}
END_TEST

/* The parts of a split have no sample in common, are the same for the same seed, and take no memory. */
START_TEST(large_sources_are_split_without_memory)
{
    enum { SOME = 1000 };
    genlat_source *samples = large(INT64_C(1) << 40), *train = NULL, *valid = NULL;
    genlat_tensor *x = NULL, *again = NULL;
    ok(genlat_source_split(samples, SOME, 3, &train, &valid));
    ck_assert_int_eq(genlat_source_count(train), (INT64_C(1) << 40) - SOME);
    ok(genlat_source_read(valid, 0, SOME, &x, NULL));
    for (int64_t i = 0; i < SOME; i++)
        for (int64_t k = 0; k < i; k++)
            ck_assert_int_ne(index_of(x, i), index_of(x, k));
    ok(genlat_source_read(train, 0, SOME, &again, NULL));
    for (int64_t i = 0; i < SOME; i++)
        for (int64_t k = 0; k < SOME; k++)
            ck_assert_int_ne(index_of(x, i), index_of(again, k));
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_tensor_destroy(&again);
    ok(genlat_source_split(samples, SOME, 3, &train, &valid));
    ok(genlat_source_read(valid, 0, SOME, &again, NULL));
    ck_assert_mem_eq(genlat_tensor_const_data(x), genlat_tensor_const_data(again), 2 * SOME * sizeof(float));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&again);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    genlat_source_destroy(&samples);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batches");
    TCase *tcase = tcase_create("batches");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, open_source, close_source);
    tcase_add_loop_test(tcase, every_epoch_has_every_sample_once, 0, 2);
    tcase_add_test(tcase, order_depends_on_the_seed_and_prefetch_changes_nothing);
    tcase_add_loop_test(tcase, resume_is_exact, 0, 2);
    tcase_add_loop_test(tcase, seek_takes_any_position_and_refuses_others, 0, 2);
    tcase_add_loop_test(tcase, a_failed_fetch_can_be_repeated, 0, 2);
    tcase_add_test(tcase, the_last_batch_may_be_smaller);
    tcase_add_loop_test(tcase, iteration_allocates_nothing, 0, 2);
    tcase_add_loop_test(tcase, large_sources_are_shuffled_without_memory, 0, 2);
    tcase_add_test(tcase, large_sources_are_split_without_memory);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
