/* SPDX-License-Identifier: MIT */
/* What tensor.h says. */
#include "promises/rig.h"

#include <stdint.h>

START_TEST(new_tensors_have_their_shape_and_zeros)
{
    int64_t dims[GENLAT_MAX_DIMS] = {2, 1, 3, 1, 1, 2};
    genlat_tensor *t = NULL;
    ok(genlat_tensor_new(ctx, GENLAT_MAX_DIMS, dims, &t));
    dims[0] = 9; /* they are copied */
    ck_assert_int_eq(genlat_tensor_ndim(t), GENLAT_MAX_DIMS);
    ck_assert_int_eq(genlat_tensor_count(t), 12);
    ck_assert_int_eq(genlat_tensor_dim(t, 0), 2);
    ck_assert_int_eq(genlat_tensor_dim(t, 2), 3);
    ck_assert_int_eq(genlat_tensor_dim(t, -1), 2);
    ck_assert_int_eq(genlat_tensor_dim(t, -6), 2);
    ck_assert_int_eq(genlat_tensor_dim(t, -7), 0);
    ck_assert_int_eq(genlat_tensor_dim(t, 6), 0);
    ck_assert_int_eq(genlat_tensor_dim(t, INT32_MIN), 0);
    ck_assert_uint_eq((uintptr_t)genlat_tensor_data(t) % 64, 0);
    for (int i = 0; i < 12; i++)
        ck_assert_float_eq(genlat_tensor_data(t)[i], 0);
    genlat_tensor_destroy(&t);
    ck_assert_ptr_null(t);
    ok(genlat_tensor_new(ctx, 0, NULL, &t)); /* a scalar */
    ck_assert_int_eq(genlat_tensor_ndim(t), 0);
    ck_assert_int_eq(genlat_tensor_count(t), 1);
    genlat_tensor_destroy(&t);
    ok(genlat_tensor_new(ctx, 2, (int64_t[]){0, 5}, &t)); /* sizes of 0 are legal */
    ck_assert_int_eq(genlat_tensor_count(t), 0);
    genlat_tensor_destroy(&t);
}
END_TEST

START_TEST(shapes_that_cannot_be_are_refused)
{
    static const int64_t negative[] = {2, -1}, wide[] = {INT64_MAX / 2, 8}, fine[] = {2, 2};
    float numbers[4] = {0};
    genlat_tensor *t = NULL;
    REFUSED(GENLAT_E_INVALID, genlat_tensor_new, ctx, 7, fine, &t);
    REFUSED(GENLAT_E_INVALID, genlat_tensor_new, ctx, -1, fine, &t);
    REFUSED(GENLAT_E_INVALID, genlat_tensor_new, ctx, 1, NULL, &t);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_new, ctx, 2, negative, &t);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_new, ctx, 2, wide, &t);
    REFUSED(GENLAT_E_MEMORY, genlat_tensor_new, ctx, 1, (int64_t[]){INT64_C(1) << 53}, &t);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_new, ctx, 1, (int64_t[]){(INT64_C(1) << 53) + 1}, &t);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_from, ctx, 2, negative, numbers, &t);
    REFUSED(GENLAT_E_INVALID, genlat_tensor_from, ctx, 7, fine, numbers, &t);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_wrap, ctx, 2, wide, numbers, &t);
    REFUSED(GENLAT_E_INVALID, genlat_tensor_wrap, ctx, -1, fine, numbers, &t);
    ck_assert_ptr_null(t);
}
END_TEST

START_TEST(numbers_are_copied_or_wrapped)
{
    float numbers[5] = {1, 2, 3, 4, 5};
    genlat_tensor *copied = NULL, *wrapped = NULL, *view = NULL, *clone = NULL;
    ok(genlat_tensor_from(ctx, 2, (int64_t[]){2, 2}, numbers, &copied));
    ok(genlat_tensor_wrap(ctx, 2, (int64_t[]){2, 2}, numbers + 1, &wrapped));
    ck_assert_ptr_eq(genlat_tensor_data(wrapped), numbers + 1);
    ck_assert_ptr_eq(genlat_tensor_const_data(wrapped), numbers + 1);
    ok(genlat_tensor_rows(wrapped, 1, 2, &view));
    ok(genlat_tensor_clone(wrapped, &clone));
    numbers[3] = 9;
    ck_assert_float_eq(genlat_tensor_data(copied)[3], 4);
    ck_assert_float_eq(genlat_tensor_data(view)[0], 9);
    ck_assert_float_eq(genlat_tensor_data(clone)[2], 4);
    ck_assert_uint_eq((uintptr_t)genlat_tensor_data(clone) % 64, 0);
    genlat_tensor_destroy(&wrapped);
    ck_assert_float_eq(genlat_tensor_data(view)[1], 5); /* the caller's memory lives on */
    genlat_tensor_destroy(&copied);
    genlat_tensor_destroy(&view);
    genlat_tensor_destroy(&clone);
}
END_TEST

START_TEST(views_share_the_storage_and_keep_it)
{
    genlat_tensor *t = counting(2, (int64_t[]){4, 3}), *flat = NULL, *rows = NULL, *none = NULL, *again = NULL;
    ok(genlat_tensor_reshape(t, 3, (int64_t[]){2, -1, 3}, &flat));
    ck_assert_int_eq(genlat_tensor_dim(flat, 1), 2);
    ok(genlat_tensor_rows(t, 1, 3, &rows));
    ck_assert_int_eq(genlat_tensor_dim(rows, 0), 2);
    ck_assert_int_eq(genlat_tensor_dim(rows, 1), 3);
    ok(genlat_tensor_rows(rows, 1, 2, &again)); /* a view of a view */
    ok(genlat_tensor_rows(t, 4, 4, &none));
    ck_assert_int_eq(genlat_tensor_count(none), 0);
    genlat_tensor_data(flat)[6] = 60;
    genlat_tensor_destroy(&t);
    genlat_tensor_destroy(&flat);
    ck_assert_float_eq(genlat_tensor_data(rows)[3], 60);
    genlat_tensor_destroy(&rows);
    ck_assert_float_eq(genlat_tensor_data(again)[0], 60);
    genlat_tensor_destroy(&again);
    genlat_tensor_destroy(&none);
}
END_TEST

START_TEST(views_that_do_not_fit_are_refused)
{
    genlat_tensor *t = counting(2, (int64_t[]){4, 3}), *scalar = NULL, *out = NULL;
    ok(genlat_tensor_new(ctx, 0, NULL, &scalar));
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_reshape, t, 1, (int64_t[]){11}, &out);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_reshape, t, 2, ((int64_t[]){-1, -1}), &out);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_reshape, t, 2, ((int64_t[]){-1, 5}), &out);
    REFUSED(GENLAT_E_INVALID, genlat_tensor_reshape, t, 7, (int64_t[]){12}, &out);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_rows, scalar, 0, 0, &out);
    REFUSED(GENLAT_E_RANGE, genlat_tensor_rows, t, 2, 1, &out);
    REFUSED(GENLAT_E_RANGE, genlat_tensor_rows, t, -1, 1, &out);
    REFUSED(GENLAT_E_RANGE, genlat_tensor_rows, t, 0, 5, &out);
    ck_assert_ptr_null(out);
    genlat_tensor_destroy(&t);
    genlat_tensor_destroy(&scalar);
}
END_TEST

START_TEST(numbers_are_filled_and_copied_without_memory)
{
    genlat_tensor *a = counting(2, (int64_t[]){2, 3}), *b = NULL, *c = counting(1, (int64_t[]){5});
    ok(genlat_tensor_new(ctx, 1, (int64_t[]){6}, &b));
    const long before = allocations;
    ok(genlat_tensor_copy(b, a)); /* of another shape, with as many elements */
    ck_assert_int_eq(genlat_tensor_ndim(b), 1);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(genlat_tensor_data(b)[i], (float)i);
    ok(genlat_tensor_copy(a, a));
    ck_assert_float_eq(genlat_tensor_data(a)[5], 5);
    REFUSED(GENLAT_E_SHAPE, genlat_tensor_copy, a, c);
    ck_assert_float_eq(genlat_tensor_data(a)[0], 0);
    ok(genlat_tensor_fill(a, NAN));
    ck_assert_float_nan(genlat_tensor_data(a)[5]);
    ok(genlat_tensor_fill(a, -INFINITY));
    ck_assert_int_eq(allocations, before);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&c);
}
END_TEST

START_TEST(no_tensor_gives_nothing)
{
    ck_assert_int_eq(genlat_tensor_ndim(NULL), 0);
    ck_assert_int_eq(genlat_tensor_dim(NULL, 0), 0);
    ck_assert_int_eq(genlat_tensor_count(NULL), 0);
    ck_assert_ptr_null(genlat_tensor_data(NULL));
    ck_assert_ptr_null(genlat_tensor_const_data(NULL));
    genlat_tensor_destroy(NULL);
    genlat_tensor *none = NULL;
    genlat_tensor_destroy(&none);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {new_tensors_have_their_shape_and_zeros,
                                  shapes_that_cannot_be_are_refused,
                                  numbers_are_copied_or_wrapped,
                                  views_share_the_storage_and_keep_it,
                                  views_that_do_not_fit_are_refused,
                                  numbers_are_filled_and_copied_without_memory,
                                  no_tensor_gives_nothing,
                                  NULL};
    return run_tests("promises of tensors", tests);
}
