/* SPDX-License-Identifier: MIT */
/* What metric.h says and tests/unit/test_metric.c does not look at: what is left alone, seeds, ranges at their ends. */
#include "promises/rig.h"

static genlat_tensor *a, *b;

static void make(void)
{
    genlat_rng *rng = NULL;
    a = counting(3, (int64_t[]){12, 2, 2});
    b = counting(2, (int64_t[]){9, 4});
    ok(genlat_rng_new(ctx, 1, 0, &rng));
    ok(genlat_rng_normal(rng, 48, genlat_tensor_data(a)));
    ok(genlat_rng_normal(rng, 36, genlat_tensor_data(b)));
    genlat_rng_destroy(&rng);
}

static void drop(void)
{
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
}

/* Dimensions after the first are flattened, and the working space is given back. */
START_TEST(samples_are_flattened)
{
    make();
    genlat_tensor *flat = NULL;
    double cubic = 0, plain = 0, sd = 0;
    genlat_neighbours near = {.size = sizeof near}, same = {.size = sizeof same};
    ok(genlat_tensor_reshape(a, 2, (int64_t[]){12, 4}, &flat));
    const long held = blocks;
    ok(genlat_metric_frechet_distance(a, b, &cubic));
    ok(genlat_metric_frechet_distance(flat, b, &plain));
    ck_assert_double_eq(cubic, plain);
    ck_assert_double_ge(plain, 0);
    ok(genlat_metric_kernel_distance(a, b, 0, 1, 3, &cubic, &sd));
    ok(genlat_metric_kernel_distance(flat, b, 0, 99, 4, &plain, NULL)); /* subsets and seed are ignored */
    ck_assert_double_eq(cubic, plain);
    ck_assert_double_eq(sd, 0);
    ok(genlat_metric_neighbours(a, b, 3, &near));
    ok(genlat_metric_neighbours(flat, b, 3, &same));
    ck_assert_mem_eq(&near, &same, sizeof near);
    ck_assert(near.precision >= 0 && near.precision <= 1 && near.recall >= 0 && near.recall <= 1);
    ck_assert(near.density >= 0 && near.coverage >= 0 && near.coverage <= 1);
    ck_assert_int_eq(blocks, held);
    genlat_tensor_destroy(&flat);
    drop();
}
END_TEST

START_TEST(subsets_follow_the_seed)
{
    make();
    double first = 0, again = 0, other = 0, sd = 7;
    ok(genlat_metric_kernel_distance(a, b, 5, 4, 11, &first, &sd));
    ok(genlat_metric_kernel_distance(a, b, 5, 4, 11, &again, NULL));
    ok(genlat_metric_kernel_distance(a, b, 5, 4, 12, &other, NULL));
    ck_assert_double_eq(first, again);
    ck_assert_double_ne(first, other);
    ck_assert_double_gt(sd, 0);
    ok(genlat_metric_kernel_distance(a, b, 9, 1, 0, &first, NULL)); /* min(n,m) */
    sd = first = 7;
    REFUSED(GENLAT_E_RANGE, genlat_metric_kernel_distance, a, b, 10, 1, 0, &first, &sd);
    REFUSED(GENLAT_E_RANGE, genlat_metric_kernel_distance, a, b, 2, (1 << 24) + 1, 0, &first, &sd);
    ck_assert_double_eq(first, 7);
    ck_assert_double_eq(sd, 7);
    drop();
}
END_TEST

START_TEST(failed_calls_leave_results_alone)
{
    make();
    genlat_tensor_data(b)[7] = NAN;
    genlat_neighbours near = {sizeof near, 7, 7, 7, 7}, kept = near;
    genlat_modes modes = {sizeof modes, 7, 7, 7, 7}, modes_kept = modes;
    genlat_moments moments = {sizeof moments, 7, 7, 7, 7, 7, 7, 7}, moments_kept = moments;
    double value = 7, sd = 7;
    REFUSED(GENLAT_E_NUMERIC, genlat_metric_frechet_distance, a, b, &value);
    REFUSED(GENLAT_E_NUMERIC, genlat_metric_kernel_distance, a, b, 0, 1, 0, &value, &sd);
    REFUSED(GENLAT_E_NUMERIC, genlat_metric_neighbours, a, b, 3, &near);
    REFUSED(GENLAT_E_RANGE, genlat_metric_neighbours, a, a, 12, &near); /* n > k */
    REFUSED(GENLAT_E_NUMERIC, genlat_metric_moments, b, &moments);
    REFUSED(GENLAT_E_NUMERIC, genlat_metric_modes, b, b, 1, &modes);
    REFUSED(GENLAT_E_RANGE, genlat_metric_modes, b, b, INFINITY, &modes);
    ok(genlat_tensor_fill(b, 0.25f));
    REFUSED(GENLAT_E_RANGE, genlat_metric_class_modes, b, 0, &modes);
    REFUSED(GENLAT_E_RANGE, genlat_metric_class_modes, b, (1 << 24) + 1, &modes);
    genlat_tensor *scalar = NULL;
    ok(genlat_tensor_new(ctx, 0, NULL, &scalar));
    REFUSED(GENLAT_E_SHAPE, genlat_metric_classifier_score, scalar, 1, &value, &sd);
    genlat_tensor_destroy(&scalar);
    genlat_tensor_data(b)[0] = 0.3f; /* a row of sum 1.05 */
    REFUSED(GENLAT_E_RANGE, genlat_metric_classifier_score, b, 1, &value, &sd);
    genlat_tensor_data(b)[0] = -0.25f;
    REFUSED(GENLAT_E_RANGE, genlat_metric_classifier_score, b, 1, &value, &sd);
    ck_assert_double_eq(value, 7);
    ck_assert_double_eq(sd, 7);
    ck_assert_mem_eq(&near, &kept, sizeof near);
    ck_assert_mem_eq(&modes, &modes_kept, sizeof modes);
    ck_assert_mem_eq(&moments, &moments_kept, sizeof moments);
    drop();
}
END_TEST

/* Rows may be off 1 by 1e-3; samples that are left over are not used. */
START_TEST(scores_are_of_equal_parts)
{
    static const float rows[] = {1, 0, 0, 1, 0.5f, 0.5009f, 1, 0, 1, 0};
    genlat_tensor *all = tensor_of(2, (int64_t[]){5, 2}, rows), *two = tensor_of(2, (int64_t[]){2, 2}, rows);
    double mean = 0, sd = 0, part = 0;
    ok(genlat_metric_classifier_score(all, 5, &mean, &sd));
    ck_assert_double_eq_tol(mean, 1, 1e-6); /* of single samples */
    ok(genlat_metric_classifier_score(two, 1, &part, NULL));
    ck_assert_double_eq_tol(part, 2, 1e-6); /* as many as classes */
    ok(genlat_metric_classifier_score(all, 2, &mean, &sd));
    ck_assert(mean >= 1 && mean <= 2);
    genlat_tensor_data(all)[8] = 0; /* the fifth is not used */
    genlat_tensor_data(all)[9] = 1;
    ok(genlat_metric_classifier_score(all, 2, &part, &sd));
    ck_assert_double_eq(mean, part);
    REFUSED(GENLAT_E_RANGE, genlat_metric_classifier_score, all, 6, &mean, &sd);
    genlat_tensor_destroy(&all);
    genlat_tensor_destroy(&two);
}
END_TEST

START_TEST(plain_statistics_take_their_extremes)
{
    static const double values[] = {-INFINITY, -INFINITY}, mixed[] = {0, NAN};
    const double at[] = {0, 1, 0.25};
    double out[3] = {7, 7, 7}, mean = 7;
    genlat_tensor *x = vector_of(3, (float[]){3, 1, 2}), *same = vector_of(2, (float[]){4, 4});
    genlat_moments moments = {.size = sizeof moments};
    const long before = allocations;
    ok(genlat_metric_log_mean_exp(values, 2, &mean));
    ck_assert_double_eq(mean, -INFINITY);
    ok(genlat_metric_log_mean_exp(mixed, 2, &mean));
    ck_assert_double_nan(mean);
    ok(genlat_metric_moments(same, &moments));
    ck_assert_int_eq(moments.count, 2);
    ck_assert_double_eq(moments.skewness, 0);
    ck_assert_double_eq(moments.kurtosis, 0);
    ck_assert_int_eq(allocations, before);
    ok(genlat_metric_quantiles(x, at, 3, out));
    ck_assert_double_eq(out[0], 1);
    ck_assert_double_eq(out[1], 3);
    ck_assert_double_eq(out[2], 1.5);
    REFUSED(GENLAT_E_RANGE, genlat_metric_quantiles, x, (double[]){-0.1}, 1, out);
    ck_assert_double_eq(out[0], 1);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&same);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {samples_are_flattened,
                                  subsets_follow_the_seed,
                                  failed_calls_leave_results_alone,
                                  scores_are_of_equal_parts,
                                  plain_statistics_take_their_extremes,
                                  NULL};
    return run_tests("promises of metrics", tests);
}
