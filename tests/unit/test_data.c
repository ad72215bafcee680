/* SPDX-License-Identifier: MIT */
/* Sources: their samples, reproducibility, and errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "support/source_unit.h"

/* ---- sources ----------------------------------------------------------------------------------------- */

START_TEST(memory_sources_return_rows_in_the_requested_order)
{
    genlat_source *source = memory_source();
    ck_assert_int_eq(genlat_source_count(source), 4);
    ck_assert_int_eq(genlat_source_ndim(source), 1);
    ck_assert_int_eq(genlat_source_dim(source, -1), 2);
    ck_assert_int_eq(genlat_source_classes(source), 3);
    ck_assert_int_eq(genlat_source_condition(source), 0);
    genlat_tensor *x = NULL, *labels = NULL;
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){3, 2}, &x));
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){3}, &labels));
    ok(genlat_source_fetch(source, (int64_t[]){3, 0, 3}, 3, 0, x, labels));
    const float *v = genlat_tensor_const_data(x), *l = genlat_tensor_const_data(labels);
    static const float want[] = {3, 40, 0, 10, 3, 40};
    ck_assert_mem_eq(v, want, sizeof want);
    ck_assert_float_eq(l[1], 2);
    ck_assert_int_eq(genlat_source_fetch(source, (int64_t[]){0, 4, 1}, 3, 0, x, NULL), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_source_fetch(source, (int64_t[]){0, 1}, 2, 0, x, NULL), GENLAT_E_SHAPE);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(labels_are_checked)
{
    static const float zeros[6] = {0}, broken[] = {0, 1.5f, 2};
    genlat_tensor *x = tensor(2, (int64_t[]){3, 2}, zeros), *bad = tensor(1, (int64_t[]){3}, broken);
    genlat_tensor *few = tensor(1, (int64_t[]){2}, zeros), *vectors = tensor(2, (int64_t[]){3, 1}, broken);
    genlat_source *source = NULL;
    ck_assert_int_eq(genlat_source_memory(ctx, x, bad, &source), GENLAT_E_RANGE);
    ck_assert_ptr_null(source);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "label 1 is 1.5"));
    ck_assert_int_eq(genlat_source_memory(ctx, x, few, &source), GENLAT_E_SHAPE);
    ok(genlat_source_memory(ctx, x, vectors, &source));
    ck_assert_int_eq(genlat_source_condition(source), 1);
    ck_assert_int_eq(genlat_source_classes(source), 0);
    genlat_tensor *labels = NULL, *read = NULL;
    ok(genlat_source_read(source, 1, 2, &read, &labels));
    ck_assert_float_eq(genlat_tensor_const_data(labels)[0], 1.5f);
    genlat_tensor *all[] = {x, bad, few, vectors, labels, read};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(bytes_are_scaled_to_unit_range)
{
    static const uint8_t bytes[] = {0, 255, 51, 102};
    genlat_source *source = NULL;
    genlat_tensor *x = NULL;
    ok(genlat_source_bytes(ctx, 3, (int64_t[]){2, 1, 2}, bytes, 1.0 / 255, NULL, &source));
    ok(genlat_source_read(source, 0, 2, &x, NULL));
    ck_assert_float_eq_tol(genlat_tensor_const_data(x)[1], 1, 1e-6);
    ck_assert_float_eq_tol(genlat_tensor_const_data(x)[2], 0.2f, 1e-6);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&source);
    ck_assert_int_eq(genlat_source_bytes(ctx, 2, (int64_t[]){0, 2}, bytes, 1, NULL, &source), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_source_bytes(ctx, 2, (int64_t[]){2, 2}, bytes, 0, NULL, &source), GENLAT_E_RANGE);
}
END_TEST

static int32_t squares(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = (float)(indices[i] * indices[i]) + (float)draw;
        if (labels)
            labels[i] = (float)(indices[i] % 2);
        if (indices[i] == 7)
            return 42;
    }
    return 0;
}

static void count_free(void *user)
{
    ++*(int *)user;
}

START_TEST(callback_sources_call_and_free_once)
{
    int freed = 0;
    genlat_source_table table = {
        .size = sizeof table, .user = &freed, .count = 8, .classes = 2, .fetch = squares, .free = count_free};
    genlat_source *source = NULL, *part = NULL;
    ok(genlat_source_callback(ctx, &table, &source));
    ok(genlat_source_subset(source, (int64_t[]){5, 2}, 2, &part));
    genlat_tensor *x = NULL, *labels = NULL;
    ok(genlat_source_read(part, 0, 2, &x, &labels));
    ck_assert_float_eq(genlat_tensor_const_data(x)[0], 25);
    ck_assert_float_eq(genlat_tensor_const_data(labels)[0], 1);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    ck_assert_int_eq(genlat_source_read(source, 0, 8, &x, &labels), GENLAT_E_CALLBACK);
    ck_assert_ptr_null(x);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "42"));
    genlat_source_destroy(&source);
    ck_assert_int_eq(freed, 0);
    genlat_source_destroy(&part);
    ck_assert_int_eq(freed, 1);
    table.condition = 3;
    ck_assert_int_eq(genlat_source_callback(ctx, &table, &source), GENLAT_E_INVALID);
    ck_assert_int_eq(freed, 1);
}
END_TEST

/* ---- drawn sources ----------------------------------------------------------------------------------- */

START_TEST(synthetic_samples_depend_only_on_seed_and_index)
{
    const char *name = genlat_source_synthetic_name(_i);
    ck_assert_ptr_nonnull(name);
    genlat_source *few = synthetic(name, 20, 5), *many = synthetic(name, 1000000, 5), *other = synthetic(name, 20, 6);
    genlat_tensor *a = NULL, *b = NULL, *c = NULL;
    ok(genlat_source_read(few, 10, 20, &a, NULL));
    ok(genlat_source_read(many, 10, 20, &b, NULL));
    ok(genlat_source_read(other, 10, 20, &c, NULL));
    size_t bytes = (size_t)genlat_tensor_count(a) * sizeof(float);
    ck_assert_mem_eq(genlat_tensor_const_data(a), genlat_tensor_const_data(b), bytes);
    ck_assert_int_ne(memcmp(genlat_tensor_const_data(a), genlat_tensor_const_data(c), bytes), 0);
    genlat_tensor *all[] = {a, b, c};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&few);
    genlat_source_destroy(&many);
    genlat_source_destroy(&other);
}
END_TEST

START_TEST(mixtures_have_the_documented_means_and_deviations)
{
    static const char *const names[] = {"ring", "grid"};
    static const double sds[] = {0.01, 0.05};
    static const int64_t modes[] = {8, 25};
    enum { N = 20000 };
    genlat_source *source = synthetic(names[_i], N, 1);
    genlat_tensor *centres = NULL, *x = NULL, *labels = NULL;
    double sd = 0, squares_sum = 0, found[25] = {0};
    ok(genlat_source_mixture(source, &centres, &sd));
    ck_assert_double_eq(sd, sds[_i]);
    ck_assert_int_eq(genlat_tensor_dim(centres, 0), modes[_i]);
    ok(genlat_source_read(source, 0, N, &x, &labels));
    const float *p = genlat_tensor_const_data(x), *l = genlat_tensor_const_data(labels);
    for (int i = 0; i < N; i++) {
        const float *centre = genlat_tensor_const_data(centres) + 2 * (int)l[i];
        squares_sum += pow((double)(p[2 * i] - centre[0]), 2) + pow((double)(p[2 * i + 1] - centre[1]), 2);
        found[(int)l[i]]++;
    }
    ck_assert_double_eq_tol(sqrt(squares_sum / (2 * N)) / sd, 1, 0.02);
    for (int64_t mode = 0; mode < modes[_i]; mode++)
        ck_assert_double_eq_tol(found[mode] * (double)modes[_i] / N, 1, 0.2);
    genlat_tensor_destroy(&centres);
    source = transformed(source, "scale", "standard");
    ck_assert_int_eq(genlat_source_mixture(source, &centres, &sd), GENLAT_E_STATE);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&source);
}
END_TEST

START_TEST(shapes_match_their_factors)
{
    enum { N = 400 };
    genlat_source *source = synthetic("shapes", N, 3);
    ck_assert_int_eq(genlat_source_factor_count(source), 5);
    ck_assert_str_eq(genlat_source_factor_name(source, 2), "angle");
    ck_assert_ptr_null(genlat_source_factor_name(source, 5));
    genlat_source *part = transformed(source, "skip", "100");
    genlat_tensor *x = NULL, *labels = NULL, *factors = NULL;
    int64_t index[N - 100];
    for (int i = 0; i < N - 100; i++)
        index[i] = i;
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){N - 100, 5}, &factors));
    ok(genlat_source_factors(part, index, N - 100, factors));
    ok(genlat_source_read(part, 0, N - 100, &x, &labels));
    for (int i = 0; i < N - 100; i++) {
        const float *pixel = genlat_tensor_const_data(x) + (ptrdiff_t)i * 64 * 64;
        const float *factor = genlat_tensor_const_data(factors) + (ptrdiff_t)i * 5;
        double mass = 0, column = 0, row = 0;
        int grey = 0;
        for (int j = 0; j < 64 * 64; j++) {
            grey += pixel[j] != 0 && pixel[j] != 1;
            mass += (double)pixel[j];
            column += (double)pixel[j] * (j % 64 + 0.5);
            row += (double)pixel[j] * (j / 64 + 0.5);
        }
        ck_assert_int_eq(grey, 0);
        ck_assert_float_eq(factor[0], genlat_tensor_const_data(labels)[i]);
        ck_assert_double_gt(mass, 60 * (double)(factor[1] * factor[1]));
        ck_assert_double_eq_tol(column / mass, 16 + 32 * (double)factor[3], 3);
        ck_assert_double_eq_tol(row / mass, 16 + 32 * (double)factor[4], 3);
    }
    part = transformed(part, "labels", "factors");
    ck_assert_int_eq(genlat_source_condition(part), 5);
    ck_assert_int_eq(genlat_source_classes(part), 0);
    genlat_tensor *conditions = NULL, *repeated = NULL;
    ok(genlat_source_read(part, 0, N - 100, &repeated, &conditions));
    ck_assert_mem_eq(genlat_tensor_const_data(conditions), genlat_tensor_const_data(factors),
                     (N - 100) * 5 * sizeof(float));
    genlat_tensor *all[] = {x, labels, factors, conditions, repeated};
    for (size_t i = 0; i < GNL_COUNT(all); i++)
        genlat_tensor_destroy(&all[i]);
    genlat_source_destroy(&part);
}
END_TEST

/* Digits of a class lie closer to the mean of their own class than to other means. */
START_TEST(digits_are_separable_by_class)
{
    enum { N = 4000, SIZE = 28 * 28 };
    genlat_source *source = synthetic("digits", N, 1);
    genlat_tensor *x = NULL, *labels = NULL;
    static double mean[10][SIZE];
    double count[10] = {0};
    int outside = 0;
    ok(genlat_source_read(source, 0, N, &x, &labels));
    const float *pixel = genlat_tensor_const_data(x), *label = genlat_tensor_const_data(labels);
    memset(mean, 0, sizeof mean);
    for (int i = 0; i < N; i++) {
        count[(int)label[i]]++;
        for (int j = 0; j < SIZE; j++) {
            outside += !(pixel[i * SIZE + j] >= 0 && pixel[i * SIZE + j] <= 1);
            mean[(int)label[i]][j] += (double)pixel[i * SIZE + j];
        }
    }
    ck_assert_int_eq(outside, 0);
    int right = 0;
    for (int i = 0; i < N; i++) {
        int best = 0;
        double least = INFINITY;
        for (int c = 0; c < 10; c++) {
            double apart = 0;
            for (int j = 0; j < SIZE; j++) {
                double difference = (double)pixel[i * SIZE + j] - mean[c][j] / count[c];
                apart += difference * difference;
            }
            best = apart < least ? c : best;
            least = GNL_MIN(least, apart);
        }
        right += best == (int)label[i];
    }
    ck_assert_int_gt(right, N * 3 / 4);
    ck_assert_int_lt(right, N); /* not all: the digits must not be trivially separable */
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_source_destroy(&source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data");
    TCase *tcase = tcase_create("data");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, open_ctx, close_ctx);
    tcase_add_test(tcase, memory_sources_return_rows_in_the_requested_order);
    tcase_add_test(tcase, labels_are_checked);
    tcase_add_test(tcase, bytes_are_scaled_to_unit_range);
    tcase_add_test(tcase, callback_sources_call_and_free_once);
    tcase_add_loop_test(tcase, synthetic_samples_depend_only_on_seed_and_index, 0, 6);
    tcase_add_loop_test(tcase, mixtures_have_the_documented_means_and_deviations, 0, 2);
    tcase_add_test(tcase, shapes_match_their_factors);
    tcase_add_test(tcase, digits_are_separable_by_class);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
