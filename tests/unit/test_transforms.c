/* SPDX-License-Identifier: MIT */
/* Transforms of sources: their results, reproducibility, and errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "support/source_unit.h"

/* ---- transforms -------------------------------------------------------------------------------------- */

START_TEST(scaling_is_fitted_and_inverted)
{
    static const struct {
        const char *scale;
        bool scalar;
        float first[2], offset, factor;
    } cases[] = {
        {"unit", true, {0, 0.25f}, 0, 40},
        {"symmetric", true, {-1, -0.5f}, 20, 20},
        {"standard", true, {-0.934147f, -0.229130f}, 13.25f, 14.18406f},
        {"features", false, {-1.341641f, -1.341641f}, 1.5f, 1.118034f},
        {"ranges", false, {0, 0}, 0, 3},
    };
    genlat_source *source = transformed(memory_source(), "scale", cases[_i].scale);
    genlat_tensor *x = NULL, *offset = NULL, *scale = NULL;
    ok(genlat_source_read(source, 0, 1, &x, NULL));
    ok(genlat_source_normalization(source, &offset, &scale));
    ck_assert_int_eq(genlat_tensor_count(offset), cases[_i].scalar ? 1 : 2);
    ck_assert_float_eq_tol(genlat_tensor_const_data(x)[0], cases[_i].first[0], 1e-4);
    ck_assert_float_eq_tol(genlat_tensor_const_data(x)[1], cases[_i].first[1], 1e-4);
    ck_assert_float_eq_tol(genlat_tensor_const_data(offset)[0], cases[_i].offset, 1e-4);
    ck_assert_float_eq_tol(genlat_tensor_const_data(scale)[0], cases[_i].factor, 1e-3);
    genlat_tensor *all[] = {x, offset, scale};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&source);
}
END_TEST

/* Elements that are the same in all samples, such as the corners of images, have no spread to divide by. */
START_TEST(constant_elements_are_moved_but_not_scaled)
{
    static const char *const scales[] = {"unit", "symmetric", "standard", "features", "ranges"};
    static const float data[] = {7, -2, 7, 3, 7, 1}, same[] = {7, 7, 7, 7, 7, 7};
    for (size_t i = 0; i < GNL_COUNT(scales) * 2; i++) {
        const bool all = i % 2;
        genlat_tensor *given = tensor(2, (int64_t[]){3, 2}, all ? same : data), *x = NULL, *offset = NULL,
                      *scale = NULL;
        genlat_source *source = NULL;
        ok(genlat_source_memory(ctx, given, NULL, &source));
        source = transformed(source, "scale", scales[i / 2]);
        ok(genlat_source_read(source, 0, 3, &x, NULL));
        ok(genlat_source_normalization(source, &offset, &scale));
        const bool alone = genlat_tensor_count(scale) == 2;
        if (all || alone)
            ck_assert_float_eq(genlat_tensor_const_data(scale)[0], 1);
        for (int j = 0; j < 6; j++) {
            const float y = genlat_tensor_const_data(x)[j], o = genlat_tensor_const_data(offset)[alone ? j % 2 : 0];
            const float s = genlat_tensor_const_data(scale)[alone ? j % 2 : 0];
            ck_assert_msg(fabsf(o + s * y - (all ? same : data)[j]) < 1e-5F, "%s: %g", scales[i / 2], (double)y);
        }
        genlat_tensor *const tensors[] = {given, x, offset, scale};
        for (size_t k = 0; k < GNL_COUNT(tensors); k++)
            genlat_tensor_destroy(&(genlat_tensor *){tensors[k]});
        genlat_source_destroy(&source);
    }
}
END_TEST

/* The model keeps the scaling as floats; data that are scaled by them later are the same to the bit. Nothing leaves the
 * range of the scaling, even where its floats are rounded. */
START_TEST(scalings_have_the_precision_of_models)
{
    static const char *const kinds[] = {"unit", "symmetric", "standard", "features", "ranges"};
    enum { ROWS = 300 };
    float data[2 * ROWS];
    for (int i = 0; i < 2 * ROWS; i++)
        data[i] = 1e4F + 0.37F * sinf((float)(i * (_i + 3))) * (float)(1 + i % 7);
    genlat_tensor *x = tensor(2, (int64_t[]){ROWS, 2}, data), *offset = NULL, *scale = NULL, *a = NULL, *b = NULL;
    genlat_source *plain = NULL, *same = NULL;
    ok(genlat_source_memory(ctx, x, NULL, &plain));
    genlat_source *raw = NULL;
    ok(genlat_source_memory(ctx, x, NULL, &raw));
    genlat_source *fitted = transformed(raw, "scale", kinds[_i % 5]);
    ok(genlat_source_normalization(fitted, &offset, &scale));
    ok(genlat_source_normalize(plain, offset, scale, &same));
    ok(genlat_source_read(fitted, 0, ROWS, &a, NULL));
    ok(genlat_source_read(same, 0, ROWS, &b, NULL));
    ck_assert_mem_eq(a->data, b->data, sizeof data);
    const float low = _i % 5 == 1 ? -1 : 0;
    for (int i = 0; i < 2 * ROWS && _i % 5 != 2 && _i % 5 != 3; i++)
        ck_assert_msg(a->data[i] >= low && a->data[i] <= 1, "%.9g", (double)a->data[i]);
    genlat_tensor *all[] = {x, offset, scale, a, b};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&plain);
    genlat_source_destroy(&same);
    genlat_source_destroy(&fitted);
}
END_TEST

START_TEST(normalizations_are_composed)
{
    genlat_source *raw = memory_source(), *plain = memory_source(), *same = NULL;
    genlat_tensor *offset = NULL, *scale = NULL, *a = NULL, *b = NULL;
    ok(genlat_source_normalization(raw, &offset, &scale));
    ck_assert_ptr_null(offset);
    genlat_source *twice =
        transformed(transformed(transformed(raw, "scale", "features"), "limit", "3"), "scale", "unit");
    ok(genlat_source_normalization(twice, &offset, &scale));
    ck_assert_int_eq(genlat_tensor_count(offset), 2);
    ok(genlat_source_normalize(plain, offset, scale, &same));
    ok(genlat_source_read(twice, 0, 3, &a, NULL));
    ok(genlat_source_read(same, 0, 3, &b, NULL));
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(genlat_tensor_const_data(a)[i], genlat_tensor_const_data(b)[i], 1e-6);
    ok(genlat_tensor_fill(scale, 0));
    genlat_source *none = NULL;
    ck_assert_int_eq(genlat_source_normalize(plain, offset, scale, &none), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_source_normalize(plain, offset, a, &none), GENLAT_E_SHAPE);
    genlat_tensor *all[] = {offset, scale, a, b};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&plain);
    genlat_source_destroy(&same);
    genlat_source_destroy(&twice);
}
END_TEST

static float *draw_of(genlat_source *source, uint64_t draw, int64_t n)
{
    static const int64_t index[] = {0, 1, 2, 3, 4, 5, 6, 7};
    genlat_tensor *x = NULL;
    ok(genlat_tensor_new(ctx, 4, (int64_t[]){n, 1, 28, 28}, &x));
    ok(genlat_source_fetch(source, index, n, draw, x, NULL));
    size_t bytes = (size_t)n * 784 * sizeof(float);
    float *copy = malloc(bytes);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, genlat_tensor_const_data(x), bytes);
    genlat_tensor_destroy(&x);
    return copy;
}

START_TEST(static_binarization_is_fixed_and_dynamic_is_redrawn)
{
    static const char *const kinds[] = {"static", "dynamic", "threshold"};
    genlat_source *grey = synthetic("digits", 8, 1);
    float *raw = draw_of(grey, 0, 8);
    genlat_source *source = transformed(grey, "binarize", kinds[_i]);
    float *a = draw_of(source, 0, 8), *b = draw_of(source, 0, 8), *c = draw_of(source, 1, 8);
    size_t bytes = 8 * 784 * sizeof(float);
    ck_assert_mem_eq(a, b, bytes);
    ck_assert_int_eq(memcmp(a, c, bytes) == 0, _i != 1);
    double expected = 0, found = 0;
    int wrong = 0;
    for (int i = 0; i < 8 * 784; i++) {
        wrong += (a[i] != 0 && a[i] != 1) || (raw[i] == 0 && a[i] != 0) || (raw[i] == 1 && a[i] != 1);
        expected += (double)raw[i];
        found += (double)a[i];
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert_double_eq_tol(found / expected, 1, 0.05);
    free(raw);
    free(a);
    free(b);
    free(c);
    genlat_source_destroy(&source);
}
END_TEST

/* The mean over many draws equals the grey level. */
START_TEST(dynamic_binarization_has_the_expected_mean)
{
    static const uint8_t grey[] = {64, 128, 200, 255, 0};
    genlat_source *source = NULL;
    ok(genlat_source_bytes(ctx, 2, (int64_t[]){1, 5}, grey, 1.0 / 256, NULL, &source));
    source = transformed(source, "binarize", "dynamic");
    double sum[5] = {0};
    genlat_tensor *x = NULL;
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){1, 5}, &x));
    for (uint64_t draw = 0; draw < 20000; draw++) {
        ok(genlat_source_fetch(source, (int64_t[]){0}, 1, draw, x, NULL));
        for (int j = 0; j < 5; j++)
            sum[j] += (double)genlat_tensor_const_data(x)[j];
    }
    for (int j = 0; j < 5; j++)
        ck_assert_double_eq_tol(sum[j] / 20000, grey[j] / 256.0, 0.015);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(split_parts_are_disjoint_and_complete)
{
    genlat_source *source = NULL, *train = NULL, *valid = NULL;
    enum { N = 50 };
    float numbers[N];
    for (int i = 0; i < N; i++)
        numbers[i] = (float)i;
    genlat_tensor *x = tensor(1, (int64_t[]){N}, numbers);
    ok(genlat_source_memory(ctx, x, NULL, &source));
    ok(genlat_source_split(source, _i == 0 ? 0.2 : 10, _i == 2 ? -1 : 3, &train, &valid));
    ck_assert_int_eq(genlat_source_count(train), 40);
    ck_assert_int_eq(genlat_source_count(valid), 10);
    genlat_tensor *a = NULL, *b = NULL;
    ok(genlat_source_read(train, 0, 40, &a, NULL));
    ok(genlat_source_read(valid, 0, 10, &b, NULL));
    int seen[N] = {0}, moved = 0;
    for (int i = 0; i < N; i++) {
        int value = (int)(i < 40 ? genlat_tensor_const_data(a)[i] : genlat_tensor_const_data(b)[i - 40]);
        seen[value]++;
        moved += value != i;
    }
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(seen[i], 1);
    ck_assert_int_eq(moved == 0, _i == 2);
    genlat_source_destroy(&train);
    genlat_source_destroy(&valid);
    static const double wrong[] = {0, -1, 50, 2.5, NAN, INFINITY, 1e-9};
    for (size_t i = 0; i < GNL_COUNT(wrong); i++)
        ck_assert_int_eq(genlat_source_split(source, wrong[i], 0, &train, &valid), GENLAT_E_RANGE);
    genlat_tensor *all[] = {x, a, b};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(moments_match_their_definition)
{
    genlat_source *source = memory_source();
    genlat_tensor *mean = NULL, *sd = NULL;
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){2}, &mean));
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){2}, &sd));
    ok(genlat_source_moments(source, mean, sd));
    ck_assert_float_eq_tol(genlat_tensor_const_data(mean)[1], 25, 1e-5);
    ck_assert_float_eq_tol(genlat_tensor_const_data(sd)[1], 11.18034f, 1e-5);
    genlat_tensor_destroy(&sd);
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){3}, &sd));
    ck_assert_int_eq(genlat_source_moments(source, mean, sd), GENLAT_E_SHAPE);
    genlat_tensor_destroy(&mean);
    genlat_tensor_destroy(&sd);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(invalid_options_are_reported)
{
    genlat_source *source = memory_source(), *out = NULL;
    genlat_transform_opts opts;
    genlat_transform_opts_init(&opts);
    ck_assert_int_eq(genlat_transform_opts_set(&opts, "binarise", "static"), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "binarize"));
    ck_assert_int_eq(genlat_transform_opts_set(&opts, "binarize", "often"), GENLAT_E_INVALID);
    ck_assert_int_eq(genlat_transform_opts_set(&opts, "limit", "-1"), GENLAT_E_RANGE);
    opts.skip = 4;
    ck_assert_int_eq(genlat_source_transform(source, &opts, &out), GENLAT_E_RANGE);
    opts.skip = 0;
    opts.labels = GENLAT_LABELS_FACTORS;
    ck_assert_int_eq(genlat_source_transform(source, &opts, &out), GENLAT_E_STATE);
    ck_assert_ptr_null(out);
    genlat_source *dropped = transformed(source, "labels", "drop");
    genlat_tensor *x = NULL, *labels = NULL;
    ok(genlat_source_read(dropped, 0, 4, &x, &labels));
    ck_assert_ptr_null(labels);
    ck_assert_int_eq(genlat_source_fetch(dropped, (int64_t[]){0, 1, 2, 3}, 4, 0, x, x), GENLAT_E_STATE);
    ck_assert_int_eq(genlat_source_synthetic(ctx, "letters", 10, 0, &out), GENLAT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "digits, shapes, ring"));
    ck_assert_int_eq(genlat_source_synthetic(ctx, "digits", 0, 0, &out), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_source_subset(dropped, (int64_t[]){4}, 1, &out), GENLAT_E_RANGE);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&dropped);
}
END_TEST

/* Each channel is a sample of the source, and the class combines theirs. The same draw repeats the samples, another
 * draw has others. */
START_TEST(stacked_samples_combine_their_classes)
{
    enum { N = 40 };
    genlat_source *digits = synthetic("digits", 50, 1), *stacked = NULL;
    genlat_tensor *all = NULL, *classes = NULL, *x = NULL, *labels = NULL, *again = NULL, *other = NULL;
    int64_t indices[N];
    ok(genlat_source_read(digits, 0, 50, &all, &classes));
    stacked = transformed(digits, "stack", "3");
    ck_assert_int_eq(genlat_source_dim(stacked, 0), 3);
    ck_assert_int_eq(genlat_source_classes(stacked), 1000);
    ck_assert_int_eq(genlat_source_count(stacked), 50);
    for (int i = 0; i < N; i++)
        indices[i] = i;
    ok(genlat_tensor_new(ctx, 4, (int64_t[]){N, 3, 28, 28}, &x));
    ok(genlat_tensor_new(ctx, 4, (int64_t[]){N, 3, 28, 28}, &other));
    ok(genlat_tensor_new(ctx, 4, (int64_t[]){N - 7, 3, 28, 28}, &again));
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){N}, &labels));
    ok(genlat_source_fetch(stacked, indices, N, 0, x, labels));
    ok(genlat_source_fetch(stacked, indices + 7, N - 7, 0, again, NULL));
    ok(genlat_source_fetch(stacked, indices, N, 1, other, NULL));
    const size_t plane = 784 * sizeof(gnl_real);
    for (int i = 0; i < N; i++) {
        int found[3] = {-1, -1, -1};
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 50; k++)
                if (memcmp(x->data + (3 * i + c) * 784, all->data + k * 784, plane) == 0)
                    found[c] = (int)classes->data[k];
        ck_assert_int_eq(found[0] + 10 * found[1] + 100 * found[2], (int)labels->data[i]);
    }
    ck_assert_mem_eq(again->data, x->data + 7 * 3 * 784, (N - 7) * 3 * plane);
    ck_assert_mem_ne(other->data, x->data, N * 3 * plane);
    genlat_tensor *tensors[] = {all, classes, x, labels, again, other};
    for (size_t i = 0; i < GNL_COUNT(tensors); i++)
        genlat_tensor_destroy(&tensors[i]);
    genlat_source_destroy(&stacked);
}
END_TEST

/* ---- joins ------------------------------------------------------------------------------------------ */

static genlat_source *numbered(int first, int count, float classes)
{
    genlat_source *out = NULL;
    float number[64], label[64];
    for (int i = 0; i < count; i++) {
        number[i] = (float)(first + i);
        label[i] = i ? (float)((first + i) % GNL_MAX((int)classes, 1)) : classes - 1;
    }
    genlat_tensor *x = tensor(2, (int64_t[]){count, 1}, number), *labels = tensor(1, (int64_t[]){count}, label);
    ok(genlat_source_memory(ctx, x, classes > 0 ? labels : NULL, &out));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    return out;
}

/* Also in an order that jumps between the sources, and in one that is longer than a chunk. */
START_TEST(joined_sources_follow_one_another)
{
    enum { N = 1000 };
    genlat_source *parts[] = {numbered(0, 5, 3), numbered(5, 1, 3), numbered(6, 30, 3)}, *joined = NULL;
    genlat_tensor *x = NULL, *labels = NULL;
    int64_t indices[N];
    ok(genlat_source_join(parts, 3, &joined));
    for (int i = 0; i < 3; i++)
        genlat_source_destroy(&parts[i]); /* the join keeps them */
    ck_assert_int_eq(genlat_source_count(joined), 36);
    ck_assert_int_eq(genlat_source_classes(joined), 3);
    ck_assert_int_eq(genlat_source_factor_count(joined), 0);
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){N, 1}, &x));
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){N}, &labels));
    for (int step = 1; step < 36; step += 10) {
        for (int i = 0; i < N; i++)
            indices[i] = i * step / 3 % 36;
        ok(genlat_source_fetch(joined, indices, N, 0, x, labels));
        for (int i = 0; i < N; i++) {
            bool first = indices[i] == 0 || indices[i] == 5 || indices[i] == 6;
            ck_assert_float_eq(x->data[i], (float)indices[i]);
            ck_assert_float_eq(labels->data[i], first ? 2 : (float)(indices[i] % 3));
        }
    }
    ok(genlat_source_fetch(joined, indices, N, 0, x, NULL));
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&joined);
}
END_TEST

START_TEST(joins_may_be_nested_and_repeat_sources)
{
    genlat_source *a = numbered(0, 3, 2), *b = numbered(10, 2, 2), *inner = NULL, *outer = NULL;
    genlat_tensor *x = NULL;
    ok(genlat_source_join((genlat_source *[]){a, b}, 2, &inner));
    ok(genlat_source_join((genlat_source *[]){b, inner, inner}, 3, &outer));
    static const float expected[] = {10, 11, 0, 1, 2, 10, 11, 0, 1, 2, 10, 11};
    ok(genlat_source_read(outer, 0, 12, &x, NULL));
    ck_assert_mem_eq(x->data, expected, sizeof expected);
    genlat_source *all[] = {a, b, inner, outer};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_source_destroy(&all[i]);
    genlat_tensor_destroy(&x);
}
END_TEST

START_TEST(joins_keep_a_common_scaling)
{
    genlat_source *ring = synthetic("ring", 50, 1), *other = synthetic("ring", 20, 2), *scaled[3] = {NULL};
    genlat_source *joined = NULL;
    genlat_tensor *offset = tensor(0, NULL, (float[]){1}), *scale = tensor(0, NULL, (float[]){2}), *got[2] = {NULL};
    ok(genlat_source_normalize(ring, offset, scale, &scaled[0]));
    ok(genlat_source_normalize(other, offset, scale, &scaled[1]));
    ok(genlat_source_normalize(other, scale, scale, &scaled[2]));
    ok(genlat_source_join(scaled, 2, &joined));
    ok(genlat_source_normalization(joined, &got[0], &got[1]));
    ck_assert_float_eq(got[0]->data[0], 1);
    ck_assert_float_eq(got[1]->data[0], 2);
    genlat_source_destroy(&joined);
    ck_assert_int_eq(genlat_source_join(scaled, 3, &joined), GENLAT_E_STATE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "source 2 has another scaling"));
    ck_assert_ptr_null(joined);
    ck_assert_int_eq(genlat_source_join((genlat_source *[]){ring, scaled[0]}, 2, &joined), GENLAT_E_STATE);
    genlat_tensor_destroy(&got[0]);
    ok(genlat_source_join((genlat_source *[]){ring, other}, 2, &joined));
    double sd = 0;
    ck_assert_int_eq(genlat_source_mixture(joined, &got[0], &sd), GENLAT_E_STATE);
    genlat_source *all[] = {ring, other, scaled[0], scaled[1], scaled[2], joined};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_source_destroy(&all[i]);
    genlat_tensor *tensors[] = {offset, scale, got[0], got[1]};
    for (size_t i = 0; i < GNL_COUNT(tensors); i++)
        genlat_tensor_destroy(&tensors[i]);
}
END_TEST

START_TEST(sources_that_do_not_fit_are_not_joined)
{
    genlat_ctx *foreign = NULL;
    ok(genlat_ctx_new(NULL, &foreign));
    genlat_source *a = numbered(0, 4, 3), *more = numbered(0, 4, 4), *none = numbered(0, 4, 0), *far = NULL;
    genlat_source *ring = synthetic("ring", 10, 1), *moons = synthetic("moons", 10, 1), *huge[9] = {NULL}, *out = NULL;
    genlat_source *vectors = synthetic("swissroll", 10, 1);
    ok(genlat_source_synthetic(foreign, "ring", 10, 1, &far));
    const struct {
        genlat_source *first, *second;
        genlat_status status;
        const char *words;
    } cases[] = {
        {a, ring, GENLAT_E_SHAPE, "source 1 has samples of [2], expected [1]"},
        {a, more, GENLAT_E_SHAPE, "4 classes, expected 3 classes"},
        {a, none, GENLAT_E_SHAPE, "no labels, expected 3 classes"},
        {ring, moons, GENLAT_E_SHAPE, "2 classes, expected 8 classes"},
        {ring, vectors, GENLAT_E_SHAPE, "vectors of 1 numbers"},
        {ring, far, GENLAT_E_INVALID, "context"},
        {ring, NULL, GENLAT_E_INVALID, "sources[1] is NULL"},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        out = a;
        genlat_source *both[] = {cases[i].first, cases[i].second};
        ck_assert_int_eq(genlat_source_join(both, 2, &out), cases[i].status);
        ck_assert_msg(strstr(genlat_last_error(), cases[i].words) != NULL, "%s", genlat_last_error());
        ck_assert_ptr_null(out);
    }
    ck_assert_int_eq(genlat_source_join(&a, 0, &out), GENLAT_E_INVALID);
    /* 2^40 samples, joined eight by eight until 2^63 are too many. */
    ok(genlat_source_synthetic(ctx, "ring", INT64_C(1) << 40, 1, &huge[0]));
    for (int i = 1; i < 9; i++) {
        genlat_source *before = huge[i - 1];
        genlat_source *eight[] = {before, before, before, before, before, before, before, before};
        genlat_status expected = i < 8 ? GENLAT_OK : GENLAT_E_RANGE;
        ck_assert_int_eq(genlat_source_join(eight, 8, &huge[i]), expected);
    }
    ck_assert_int_eq(genlat_source_count(huge[7]), INT64_C(1) << 61);
    for (int i = 0; i < 9; i++)
        genlat_source_destroy(&huge[i]);
    genlat_source *all[] = {a, more, none, far, ring, moons, vectors};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_source_destroy(&all[i]);
    genlat_ctx_destroy(&foreign);
}
END_TEST

static genlat_source *described(genlat_source *source, int64_t classes, const char *const *names, const char *column,
                                int64_t rate, uint32_t content)
{
    genlat_source *out = NULL;
    const genlat_description d = {.size = sizeof d,
                                  .classes = classes,
                                  .class_names = names,
                                  .columns = column ? 1 : 0,
                                  .column_names = &column,
                                  .rate = rate,
                                  .content = content};
    ok(genlat_source_describe(source, &d, &out));
    genlat_source_destroy(&source);
    return out;
}

/* 0 cat, 1 dog, 2 eel in the first; 0 ant, 1 eel, 2 cat in the second. */
START_TEST(joins_find_classes_by_name)
{
    static const char *const first[] = {"cat", "dog", "eel"}, *const second[] = {"ant", "eel", "cat"};
    genlat_source *parts[] = {described(numbered(0, 4, 3), 3, first, "x", 0, GENLAT_CONTENT_TABLE),
                              described(numbered(3, 3, 3), 3, second, NULL, 0, GENLAT_CONTENT_TABLE)};
    genlat_source *joined = NULL;
    genlat_tensor *x = NULL, *labels = NULL;
    genlat_description d = {.size = sizeof d};
    ok(genlat_source_join(parts, 2, &joined));
    ok(genlat_source_description(joined, &d));
    ck_assert_int_eq(d.classes, 4);
    ck_assert_int_eq(genlat_source_classes(joined), 4);
    ck_assert_str_eq(d.class_names[0], "cat");
    ck_assert_str_eq(d.class_names[2], "eel");
    ck_assert_str_eq(d.class_names[3], "ant");
    ck_assert_str_eq(d.column_names[0], "x");
    ck_assert_int_eq(d.content, GENLAT_CONTENT_TABLE);
    ok(genlat_source_read(joined, 0, 7, &x, &labels));
    /* numbered() gives classes 2 1 2 0 and 2 1 2; those of the second are cat eel cat. */
    static const float expected[] = {2, 1, 2, 0, 0, 2, 0};
    ck_assert_mem_eq(labels->data, expected, sizeof expected);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&joined);
    for (int i = 0; i < 2; i++)
        genlat_source_destroy(&parts[i]);
}
END_TEST

START_TEST(joins_refuse_other_descriptions)
{
    static const char *const names[] = {"cat", "dog", "eel"};
    genlat_source *plain = numbered(0, 4, 3), *joined = NULL;
    genlat_source *named = described(numbered(0, 4, 3), 3, names, NULL, 0, 0);
    genlat_source *x = described(numbered(0, 4, 0), 0, NULL, "x", 8000, GENLAT_CONTENT_SOUND);
    genlat_source *y = described(numbered(0, 4, 0), 0, NULL, "y", 0, 0);
    genlat_source *fast = described(numbered(0, 4, 0), 0, NULL, NULL, 16000, 0);
    const struct {
        genlat_source *first, *second;
        const char *words;
    } cases[] = {
        {named, plain, "source 1 has no names of classes"},
        {plain, named, "source 1 has names of classes"},
        {x, y, "column 0 of source 1 is 'y', expected 'x'"},
        {x, fast, "16000 frames a second, expected 8000"},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_source *both[] = {cases[i].first, cases[i].second};
        ck_assert_int_eq(genlat_source_join(both, 2, &joined), GENLAT_E_SHAPE);
        ck_assert_msg(strstr(genlat_last_error(), cases[i].words) != NULL, "%s", genlat_last_error());
        ck_assert_ptr_null(joined);
    }
    genlat_description d = {.size = sizeof d};
    ok(genlat_source_join((genlat_source *[]){y, fast}, 2, &joined)); /* each says what the other does not */
    ok(genlat_source_description(joined, &d));
    ck_assert_int_eq(d.rate, 16000);
    ck_assert_str_eq(d.column_names[0], "y");
    ck_assert_int_eq(d.content, GENLAT_CONTENT_ANY);
    genlat_source *all[] = {plain, named, x, y, fast, joined};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_source_destroy(&all[i]);
}
END_TEST

/* The keys that are listed are those that can be set. */
START_TEST(keys_of_transforms_are_listed)
{
    genlat_transform_opts opts;
    const char *help = NULL, *key = NULL;
    int32_t count = 0;
    genlat_transform_opts_init(&opts);
    for (; (key = genlat_transform_opts_key(count, &help)) != NULL; count++) {
        ck_assert_int_ne(genlat_transform_opts_set(&opts, key, "?"), GENLAT_E_NOT_FOUND);
        ck_assert_int_gt((int)strlen(help), 5);
    }
    ck_assert_int_eq(count, 9);
    ck_assert_str_eq(genlat_transform_opts_key(0, NULL), "skip");
    ck_assert_ptr_null(genlat_transform_opts_key(-1, &help));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transforms");
    TCase *tcase = tcase_create("data");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_loop_test(tcase, scaling_is_fitted_and_inverted, 0, 5);
    tcase_add_test(tcase, constant_elements_are_moved_but_not_scaled);
    tcase_add_loop_test(tcase, scalings_have_the_precision_of_models, 0, 50);
    tcase_add_test(tcase, normalizations_are_composed);
    tcase_add_loop_test(tcase, static_binarization_is_fixed_and_dynamic_is_redrawn, 0, 3);
    tcase_add_test(tcase, dynamic_binarization_has_the_expected_mean);
    tcase_add_loop_test(tcase, split_parts_are_disjoint_and_complete, 0, 3);
    tcase_add_test(tcase, moments_match_their_definition);
    tcase_add_test(tcase, invalid_options_are_reported);
    tcase_add_test(tcase, stacked_samples_combine_their_classes);
    tcase_add_test(tcase, joined_sources_follow_one_another);
    tcase_add_test(tcase, joins_may_be_nested_and_repeat_sources);
    tcase_add_test(tcase, joins_keep_a_common_scaling);
    tcase_add_test(tcase, sources_that_do_not_fit_are_not_joined);
    tcase_add_test(tcase, joins_find_classes_by_name);
    tcase_add_test(tcase, joins_refuse_other_descriptions);
    tcase_add_test(tcase, keys_of_transforms_are_listed);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
