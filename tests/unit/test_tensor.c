/* SPDX-License-Identifier: MIT */
/* Tensors: shapes, views that keep their storage alive, wrapped memory, errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/genlat.h"

static genlat_ctx *ctx;
static genlat_tensor *x; /* [4,3], 0 to 11 */

static void set_up(void)
{
    float numbers[12];
    for (int i = 0; i < 12; i++)
        numbers[i] = (float)i;
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_from(ctx, 2, (int64_t[]){4, 3}, numbers, &x), GENLAT_OK);
}

static void tear_down(void)
{
    genlat_tensor_destroy(&x);
    genlat_ctx_destroy(&ctx);
}

START_TEST(new_tensors_are_zero)
{
    genlat_tensor *t = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 3, (int64_t[]){2, 3, 5}, &t), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_ndim(t), 3);
    ck_assert_int_eq(genlat_tensor_dim(t, 1), 3);
    ck_assert_int_eq(genlat_tensor_dim(t, -1), 5);
    ck_assert_int_eq(genlat_tensor_dim(t, 3), 0);
    ck_assert_int_eq(genlat_tensor_count(t), 30);
    for (int i = 0; i < 30; i++)
        ck_assert_float_eq(genlat_tensor_const_data(t)[i], 0);
    genlat_tensor_destroy(&t);
    ck_assert_int_eq(genlat_tensor_new(ctx, 0, NULL, &t), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_count(t), 1);
    genlat_tensor_destroy(&t);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){0, 7}, &t), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_count(t), 0);
    genlat_tensor_destroy(&t);
}
END_TEST

START_TEST(views_outlive_their_tensor)
{
    genlat_tensor *rows = NULL, *flat = NULL;
    ck_assert_int_eq(genlat_tensor_rows(x, 1, 3, &rows), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_reshape(rows, 1, (int64_t[]){-1}, &flat), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_dim(rows, 0), 2);
    ck_assert_int_eq(genlat_tensor_dim(flat, 0), 6);
    genlat_tensor_data(flat)[0] = 99;
    ck_assert_float_eq(genlat_tensor_const_data(x)[3], 99);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&rows);
    genlat_ctx_destroy(&ctx);
    ck_assert_float_eq(genlat_tensor_const_data(flat)[5], 8);
    genlat_tensor_destroy(&flat);
}
END_TEST

START_TEST(copies_have_their_own_storage)
{
    genlat_tensor *copy = NULL, *other = NULL;
    ck_assert_int_eq(genlat_tensor_clone(x, &copy), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_fill(copy, 5), GENLAT_OK);
    ck_assert_float_eq(genlat_tensor_const_data(x)[11], 11);
    ck_assert_int_eq(genlat_tensor_copy(copy, x), GENLAT_OK);
    ck_assert_mem_eq(genlat_tensor_const_data(copy), genlat_tensor_const_data(x), 12 * sizeof(float));
    ck_assert_int_eq(genlat_tensor_new(ctx, 1, (int64_t[]){11}, &other), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_copy(other, x), GENLAT_E_SHAPE);
    genlat_tensor_destroy(&copy);
    genlat_tensor_destroy(&other);
}
END_TEST

START_TEST(wrapped_memory_remains_owned_by_the_caller)
{
    float numbers[6] = {0};
    genlat_tensor *t = NULL;
    ck_assert_int_eq(genlat_tensor_wrap(ctx, 2, (int64_t[]){2, 3}, numbers, &t), GENLAT_OK);
    ck_assert_ptr_eq(genlat_tensor_data(t), numbers);
    ck_assert_int_eq(genlat_tensor_fill(t, 2), GENLAT_OK);
    genlat_tensor_destroy(&t);
    ck_assert_float_eq(numbers[5], 2);
}
END_TEST

START_TEST(bad_shapes_are_refused)
{
    static const struct {
        int32_t ndim;
        int64_t dims[2];
        genlat_status status;
    } shapes[] = {
        {2, {-1, 3}, GENLAT_E_SHAPE},
        {2, {INT64_C(1) << 40, INT64_C(1) << 40}, GENLAT_E_SHAPE},
        {GENLAT_MAX_DIMS + 1, {1, 1}, GENLAT_E_INVALID},
        {-1, {1, 1}, GENLAT_E_INVALID},
    };
    genlat_tensor *t = x;
    int64_t dims[GENLAT_MAX_DIMS + 1] = {shapes[_i].dims[0], shapes[_i].dims[1], 1, 1, 1, 1, 1};
    ck_assert_int_eq(genlat_tensor_new(ctx, shapes[_i].ndim, dims, &t), shapes[_i].status);
    ck_assert_ptr_null(t);
}
END_TEST

START_TEST(bad_views_are_refused)
{
    genlat_tensor *view = NULL, *scalar = NULL;
    ck_assert_int_eq(genlat_tensor_reshape(x, 2, (int64_t[]){5, 3}, &view), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_tensor_reshape(x, 2, (int64_t[]){-1, -1}, &view), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_tensor_reshape(x, 2, (int64_t[]){-1, 5}, &view), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_tensor_rows(x, 2, 5, &view), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_tensor_rows(x, 3, 2, &view), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_tensor_new(ctx, 0, NULL, &scalar), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_rows(scalar, 0, 0, &view), GENLAT_E_SHAPE);
    ck_assert_ptr_null(view);
    genlat_tensor_destroy(&scalar);
}
END_TEST

START_TEST(one_hot_vectors_mark_their_class)
{
    genlat_tensor *classes = NULL, *table = NULL, *out = NULL;
    const float expected[] = {0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
    ck_assert_int_eq(genlat_tensor_from(ctx, 1, (int64_t[]){4}, (float[]){2, 0, 1, 2}, &classes), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_one_hot(classes, 3, &out), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_ndim(out), 2);
    ck_assert_int_eq(genlat_tensor_dim(out, 0), 4);
    ck_assert_int_eq(genlat_tensor_dim(out, 1), 3);
    ck_assert_mem_eq(genlat_tensor_const_data(out), expected, sizeof expected);
    genlat_tensor_destroy(&out);
    ck_assert_int_eq(genlat_tensor_reshape(classes, 2, (int64_t[]){2, 2}, &table), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_one_hot(table, 3, &out), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_ndim(out), 3);
    ck_assert_mem_eq(genlat_tensor_const_data(out), expected, sizeof expected);
    genlat_tensor_destroy(&out);
    genlat_tensor_destroy(&table);
    genlat_tensor_destroy(&classes);
}
END_TEST

START_TEST(numbers_that_are_no_class_are_refused)
{
    static const float bad[] = {3, -1, 0.5f, NAN, 1e20f};
    genlat_tensor *classes = NULL, *deep = NULL, *out = NULL;
    ck_assert_int_eq(genlat_tensor_from(ctx, 1, (int64_t[]){3}, (float[]){2, bad[_i], 1}, &classes), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_one_hot(classes, 3, &out), GENLAT_E_RANGE);
    ck_assert_ptr_null(out);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "label 1 is"));
    ck_assert_int_eq(genlat_tensor_one_hot(classes, 0, &out), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_tensor_one_hot(classes, INT64_MAX, &out), GENLAT_E_SHAPE);
    ck_assert_int_eq(genlat_tensor_new(ctx, 6, (int64_t[]){1, 1, 1, 1, 1, 1}, &deep), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_one_hot(deep, 3, &out), GENLAT_E_SHAPE);
    ck_assert_ptr_null(out);
    genlat_tensor_destroy(&deep);
    genlat_tensor_destroy(&classes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensor");
    TCase *tcase = tcase_create("tensor");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, new_tensors_are_zero);
    tcase_add_test(tcase, views_outlive_their_tensor);
    tcase_add_test(tcase, copies_have_their_own_storage);
    tcase_add_test(tcase, wrapped_memory_remains_owned_by_the_caller);
    tcase_add_loop_test(tcase, bad_shapes_are_refused, 0, 4);
    tcase_add_test(tcase, bad_views_are_refused);
    tcase_add_test(tcase, one_hot_vectors_mark_their_class);
    tcase_add_loop_test(tcase, numbers_that_are_no_class_are_refused, 0, 5);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
