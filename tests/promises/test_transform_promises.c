/* SPDX-License-Identifier: MIT */
/* What data.h says of reading, transforms, parts and batches. */
#include "promises/rig.h"

#include <stdint.h>

/* Samples [2] with numbers 2i and 2i+1, class i % 3. */
static genlat_source *numbered(int64_t n)
{
    genlat_tensor *x = counting(2, (int64_t[]){n, 2}), *labels = NULL;
    genlat_source *out = NULL;
    ok(genlat_tensor_new(ctx, 1, &n, &labels));
    for (int64_t i = 0; i < n; i++)
        genlat_tensor_data(labels)[i] = (float)(i % 3);
    ok(genlat_source_memory(ctx, x, labels, &out));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    return out;
}

/* Number of a sample, which its first element tells. */
static int64_t number_at(const genlat_source *source, int64_t index)
{
    genlat_tensor *x = NULL;
    ok(genlat_source_read(source, index, index + 1, &x, NULL));
    const int64_t number = (int64_t)genlat_tensor_data(x)[0] / 2;
    genlat_tensor_destroy(&x);
    return number;
}

static void drop(genlat_source *a, genlat_source *b)
{
    genlat_source_destroy(&a);
    genlat_source_destroy(&b);
}

START_TEST(samples_are_read_without_memory)
{
    genlat_source *source = numbered(6), *plain = NULL;
    genlat_transform_opts opts;
    genlat_tensor *x = NULL, *labels = NULL, *again = NULL;
    genlat_transform_opts_init(&opts);
    opts.labels = GENLAT_LABELS_DROP;
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){2, 2}, &x));
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){2}, &labels));
    ok(genlat_source_transform(source, &opts, &plain));
    const long before = allocations;
    ok(genlat_source_fetch(source, (int64_t[]){5, 0}, 2, 3, x, labels)); /* no distortion: draw is ignored */
    ck_assert_int_eq(allocations, before);
    ck_assert_float_eq(genlat_tensor_data(x)[0], 10);
    ck_assert_float_eq(genlat_tensor_data(labels)[0], 2);
    REFUSED(GENLAT_E_STATE, genlat_source_fetch, plain, (int64_t[]){0, 1}, 2, 0, x, labels);
    REFUSED(GENLAT_E_SHAPE, genlat_source_fetch, source, (int64_t[]){0}, 1, 0, x, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_source_fetch, source, ((int64_t[]){0, 1}), 2, 0, x, x);
    REFUSED(GENLAT_E_RANGE, genlat_source_fetch, source, ((int64_t[]){0, -1}), 2, 0, x, NULL);
    REFUSED(GENLAT_E_RANGE, genlat_source_read, source, 2, 7, &again, NULL);
    REFUSED(GENLAT_E_RANGE, genlat_source_read, source, 2, 1, &again, NULL);
    REFUSED(GENLAT_E_RANGE, genlat_source_read, source, -1, 1, &again, NULL);
    ok(genlat_source_read(source, 6, 6, &again, NULL)); /* no sample is legal */
    ck_assert_int_eq(genlat_tensor_dim(again, 0), 0);
    ok(genlat_source_fetch(source, NULL, 0, 0, again, NULL));
    genlat_tensor_destroy(&again);
    genlat_tensor_destroy(&labels);
    labels = x;
    ok(genlat_source_read(plain, 0, 1, &again, &labels));
    ck_assert_ptr_null(labels);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&again);
    drop(source, plain);
}
END_TEST

START_TEST(moments_have_the_divisor_n)
{
    genlat_source *source = numbered(3);
    genlat_tensor *mean = vector_of(2, (float[]){9, 9}), *sd = vector_of(2, (float[]){9, 9}),
                  *wrong = counting(1, (int64_t[]){3});
    REFUSED(GENLAT_E_SHAPE, genlat_source_moments, source, wrong, NULL);
    REFUSED(GENLAT_E_SHAPE, genlat_source_moments, source, mean, wrong);
    ck_assert_float_eq(genlat_tensor_data(mean)[0], 9); /* as before */
    ok(genlat_source_moments(source, NULL, sd));
    ok(genlat_source_moments(source, mean, NULL));
    ck_assert_float_eq_tol(genlat_tensor_data(mean)[0], 2, 1e-6);
    ck_assert_float_eq_tol(genlat_tensor_data(sd)[1], (float)sqrt(8.0 / 3), 1e-5);
    genlat_tensor_destroy(&mean);
    genlat_tensor_destroy(&sd);
    genlat_tensor_destroy(&wrong);
    drop(source, NULL);
}
END_TEST

/* First the range of samples, then the scale that is fitted on it, then binarization, labels, and stacking. */
START_TEST(options_are_applied_from_top_to_bottom)
{
    genlat_source *source = numbered(10), *out = NULL;
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    ok(genlat_source_transform(source, NULL, &out)); /* defaults change nothing */
    ck_assert_int_eq(genlat_source_count(out), 10);
    ck_assert_int_eq(number_at(out, 7), 7);
    genlat_source_destroy(&out);
    opts.skip = 2;
    opts.limit = 3;
    opts.scale = GENLAT_SCALE_UNIT;
    opts.binarize = GENLAT_BINARIZE_THRESHOLD;
    opts.threshold = 0.8;
    ok(genlat_source_transform(source, &opts, &out));
    ok(genlat_source_read(out, 0, 3, &x, &labels));
    static const float want[] = {0, 0, 0, 0, 1, 1}; /* 4 to 9 become 0, 0.2, .., 1 */
    ck_assert_mem_eq(genlat_tensor_data(x), want, sizeof want);
    ck_assert_float_eq(genlat_tensor_data(labels)[0], 2);
    genlat_source_destroy(&out);
    opts = (genlat_transform_opts){.size = sizeof opts, .skip = 9, .limit = INT64_MAX, .seed = INT64_MAX, .stack = 1};
    ok(genlat_source_transform(source, &opts, &out));
    ck_assert_int_eq(genlat_source_count(out), 1);
    genlat_source_destroy(&out);
    opts.skip = INT64_MAX;
    REFUSED(GENLAT_E_RANGE, genlat_source_transform, source, &opts, &out);
    opts.skip = 10;
    REFUSED(GENLAT_E_RANGE, genlat_source_transform, source, &opts, &out);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    drop(source, NULL);
}
END_TEST

static int32_t refuse(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    return 1;
}

/* Only the fit of a scale reads samples. */
START_TEST(samples_are_transformed_when_they_are_read)
{
    const genlat_source_table table = {.size = sizeof table, .count = 4, .fetch = refuse};
    genlat_source *source = NULL, *out = NULL;
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    opts.binarize = GENLAT_BINARIZE_STATIC;
    ok(genlat_source_callback(ctx, &table, &source));
    ok(genlat_source_transform(source, &opts, &out));
    genlat_source_destroy(&out);
    opts.scale = GENLAT_SCALE_STANDARD;
    REFUSED(GENLAT_E_CALLBACK, genlat_source_transform, source, &opts, &out);
    drop(source, NULL);
}
END_TEST

START_TEST(options_are_set_by_text)
{
    static const char *const enumerators[][2] = {{"scale", "ranges"},
                                                 {"scale", "symmetric"},
                                                 {"binarize", "dynamic"},
                                                 {"labels", "factors"},
                                                 {"labels", "drop"}};
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    for (size_t i = 0; i < COUNT(enumerators); i++)
        ok(genlat_transform_opts_set(&opts, enumerators[i][0], enumerators[i][1]));
    ck_assert_uint_eq(opts.scale, GENLAT_SCALE_SYMMETRIC);
    ck_assert_uint_eq(opts.binarize, GENLAT_BINARIZE_DYNAMIC);
    ck_assert_uint_eq(opts.labels, GENLAT_LABELS_DROP);
    ok(genlat_transform_opts_set(&opts, "seed", "9223372036854775807"));
    ck_assert_int_eq(opts.seed, INT64_MAX);
    ok(genlat_transform_opts_set(&opts, "threshold", "-2.5"));
    ck_assert_double_eq(opts.threshold, -2.5);
    REFUSED(GENLAT_E_NOT_FOUND, genlat_transform_opts_set, &opts, "size", "3");
    REFUSED(GENLAT_E_NOT_FOUND, genlat_transform_opts_set, &opts, "reserved", "0");
    REFUSED_WITH("stack", GENLAT_E_NOT_FOUND, genlat_transform_opts_set, &opts, "pile", "0");
    const genlat_transform_opts before = opts;
    REFUSED(GENLAT_E_RANGE, genlat_transform_opts_set, &opts, "stack", "65");
    REFUSED(GENLAT_E_INVALID, genlat_transform_opts_set, &opts, "stack", "two");
    ck_assert_mem_eq(&opts, &before, sizeof opts);
}
END_TEST

START_TEST(scalings_are_copied_and_put_together)
{
    genlat_source *source = numbered(4), *once = NULL, *twice = NULL, *out = NULL;
    genlat_tensor *one = NULL, *two = NULL, *each = vector_of(2, (float[]){1, 2}),
                  *zero = vector_of(2, (float[]){1, 0});
    genlat_tensor *lost = vector_of(2, (float[]){1, NAN}), *offset = each, *scale = each;
    ok(genlat_source_normalization(source, &offset, &scale));
    ck_assert_ptr_null(offset);
    ck_assert_ptr_null(scale);
    ok(genlat_tensor_new(ctx, 0, NULL, &one));
    ok(genlat_tensor_new(ctx, 0, NULL, &two));
    ok(genlat_tensor_fill(one, 1));
    ok(genlat_tensor_fill(two, 2));
    ok(genlat_source_normalize(source, one, two, &once));
    genlat_tensor_data(two)[0] = 5; /* they are copied */
    ok(genlat_source_normalize(once, each, each, &twice));
    ok(genlat_source_normalization(twice, &offset, &scale));
    ck_assert_int_eq(genlat_tensor_ndim(offset), 1);
    ck_assert_float_eq(genlat_tensor_data(offset)[1], 5); /* ((x - 1) / 2 - 2) / 2 = (x - 5) / 4 */
    ck_assert_float_eq(genlat_tensor_data(scale)[1], 4);
    REFUSED(GENLAT_E_RANGE, genlat_source_normalize, source, each, zero, &out);
    REFUSED(GENLAT_E_RANGE, genlat_source_normalize, source, lost, each, &out);
    REFUSED(GENLAT_E_RANGE, genlat_source_normalize, source, each, lost, &out);
    REFUSED(GENLAT_E_SHAPE, genlat_source_normalize, source, one, each, &out);
    genlat_tensor *wrong = counting(1, (int64_t[]){3});
    REFUSED(GENLAT_E_SHAPE, genlat_source_normalize, source, wrong, wrong, &out);
    genlat_tensor *all[] = {one, two, each, zero, lost, offset, scale, wrong};
    for (size_t i = 0; i < COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    drop(source, once);
    drop(twice, NULL);
}
END_TEST

START_TEST(parts_are_those_that_were_chosen)
{
    genlat_source *source = numbered(10), *train = NULL, *valid = NULL, *part = NULL;
    int64_t chosen[] = {9, 0, 9};
    ok(genlat_source_subset(source, chosen, 3, &part));
    chosen[0] = 1; /* they are copied */
    ck_assert_int_eq(number_at(part, 0), 9);
    ck_assert_int_eq(number_at(part, 2), 9);
    genlat_source_destroy(&part);
    REFUSED(GENLAT_E_INVALID, genlat_source_subset, source, chosen, 0, &part);
    REFUSED(GENLAT_E_RANGE, genlat_source_subset, source, (int64_t[]){10}, 1, &part);
    ok(genlat_source_split(source, 3, -1, &train, &valid)); /* the last ones */
    ck_assert_int_eq(genlat_source_count(train), 7);
    ck_assert_int_eq(number_at(valid, 0), 7);
    ck_assert_int_eq(number_at(valid, 2), 9);
    drop(train, valid);
    ok(genlat_source_split(source, 0.2, INT64_MAX, &train, &valid));
    ck_assert_int_eq(genlat_source_count(valid), 2);
    drop(train, valid);
    static const double wrong[] = {0, -1, 0.01, 0.999, 10, 1.5, NAN, INFINITY};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        train = valid = source;
        REFUSED(GENLAT_E_RANGE, genlat_source_split, source, wrong[i], 0, &train, &valid);
        ck_assert_ptr_null(train);
        ck_assert_ptr_null(valid);
    }
    REFUSED(GENLAT_E_RANGE, genlat_source_split, source, 0.5, -2, &train, &valid);
    drop(source, NULL);
}
END_TEST

/* ---- batches ---------------------------------------------------------------------------------- */

static genlat_batches *batches_of(genlat_source *source, int64_t batch, uint32_t drop_last, uint32_t prefetch)
{
    genlat_batches *out = NULL;
    genlat_batches_opts opts;
    genlat_batches_opts_init(&opts);
    opts.batch = batch;
    opts.drop_last = drop_last;
    opts.prefetch = prefetch;
    ok(genlat_batches_new(source, &opts, &out));
    return out;
}

START_TEST(batches_count_what_they_give)
{
    for (uint32_t way = 0; way < 4; way++) {
        genlat_source *source = numbered(10);
        genlat_batches *batches = batches_of(source, 4, way / 2, way % 2);
        genlat_source_destroy(&source); /* kept alive */
        const genlat_tensor *x = NULL, *labels = NULL;
        const int64_t count = way / 2 ? 2 : 3;
        ck_assert_int_eq(genlat_batches_count(batches), count);
        for (int64_t epoch = 0; epoch < 2; epoch++) {
            ck_assert_int_eq(genlat_batches_epoch(batches), epoch);
            ck_assert_int_eq(genlat_batches_position(batches), 0);
            for (int64_t i = 0; i < count; i++) {
                ok(genlat_batches_next(batches, &x, i == 0 ? NULL : &labels));
                ck_assert_int_eq(genlat_batches_position(batches), way / 2 || i < 2 ? 4 * (i + 1) : 10);
                ck_assert_int_eq(genlat_tensor_dim(x, 0), i < 2 ? 4 : 2);
            }
            ck_assert_float_eq(genlat_tensor_const_data(labels)[0],
                               (float)((int)genlat_tensor_const_data(x)[0] / 2 % 3));
            ck_assert_int_eq(genlat_batches_epoch(batches), epoch);
            ok(genlat_batches_next(batches, &x, &labels)); /* the end */
            ck_assert_ptr_null(x);
            ck_assert_ptr_null(labels);
        }
        REFUSED(GENLAT_E_RANGE, genlat_batches_seek, batches, (INT64_C(1) << 40) + 1, 0);
        REFUSED(GENLAT_E_RANGE, genlat_batches_seek, batches, 0, way / 2 ? 9 : 11);
        REFUSED(GENLAT_E_RANGE, genlat_batches_seek, batches, -1, 0);
        REFUSED(GENLAT_E_RANGE, genlat_batches_seek, batches, 0, -1);
        ck_assert_int_eq(genlat_batches_epoch(batches), 2);
        ok(genlat_batches_seek(batches, INT64_C(1) << 40, way / 2 ? 8 : 10));
        ok(genlat_batches_next(batches, &x, NULL));
        ck_assert_ptr_null(x);
        genlat_batches_destroy(&batches);
        ck_assert_ptr_null(batches);
    }
    ck_assert_int_eq(genlat_batches_epoch(NULL), 0);
    ck_assert_int_eq(genlat_batches_position(NULL), 0);
    ck_assert_int_eq(genlat_batches_count(NULL), 0);
    genlat_batches_destroy(NULL);
}
END_TEST

START_TEST(batches_are_refused_when_there_would_be_none)
{
    genlat_source *source = numbered(10);
    genlat_batches *batches = NULL;
    genlat_batches_opts opts;
    genlat_batches_opts_init(&opts);
    opts.batch = 11;
    opts.drop_last = 1;
    REFUSED(GENLAT_E_RANGE, genlat_batches_new, source, &opts, &batches);
    opts.drop_last = 0;
    opts.batch = 1000000000;
    opts.seed = INT64_MAX;
    ok(genlat_batches_new(source, &opts, &batches)); /* takes no more memory than the samples do */
    ck_assert_int_eq(genlat_batches_count(batches), 1);
    genlat_batches_destroy(&batches);
    ok(genlat_batches_new(source, NULL, &batches));
    ck_assert_int_eq(genlat_batches_count(batches), 1);
    genlat_batches_destroy(&batches);
    drop(source, NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {samples_are_read_without_memory,
                                  moments_have_the_divisor_n,
                                  options_are_applied_from_top_to_bottom,
                                  samples_are_transformed_when_they_are_read,
                                  options_are_set_by_text,
                                  scalings_are_copied_and_put_together,
                                  parts_are_those_that_were_chosen,
                                  batches_count_what_they_give,
                                  batches_are_refused_when_there_would_be_none,
                                  NULL};
    return run_tests("promises of transforms and batches", tests);
}
