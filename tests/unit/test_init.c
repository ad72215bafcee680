/* SPDX-License-Identifier: MIT */
/* Initial weights: bounds, moments, orthogonality, and the same weights for the same seed. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "layer/layer.h"

enum { ROWS = 200, COLS = 300, MANY = ROWS * COLS, FAN_IN = 300, FAN_OUT = 200 };

static gnl_real weights[MANY];

static void fill(gnl_init_kind kind, double gain, int64_t rows, int64_t cols)
{
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_INIT, 0);
    gnl_init init = {kind, gain, FAN_IN, FAN_OUT};
    gnl_shape shape = {2, {rows, cols}};
    ck_assert_int_eq(gnl_init_fill(NULL, &init, &rng, &shape, weights), GENLAT_OK);
}

static double moment(int power)
{
    double sum = 0;
    for (int i = 0; i < MANY; i++)
        sum += pow((double)weights[i], power);
    return sum / MANY;
}

static double largest(void)
{
    double most = 0;
    for (int i = 0; i < MANY; i++)
        most = fmax(most, fabs((double)weights[i]));
    return most;
}

typedef struct spread {
    gnl_init_kind kind;
    double bound; /* of a uniform distribution; 0: normal */
    double sd;
} spread;

/* Bounds and standard deviations as documented by PyTorch 2 for kaiming_uniform_(a=sqrt(5)), xavier_*_ and
 * kaiming_*_. */
START_TEST(moments_match_the_distribution)
{
    const spread expected[] = {
        {GNL_INIT_TORCH, sqrt(1.0 / FAN_IN), sqrt(1.0 / (3.0 * FAN_IN))},
        {GNL_INIT_GLOROT_UNIFORM, sqrt(6.0 / (FAN_IN + FAN_OUT)), sqrt(2.0 / (FAN_IN + FAN_OUT))},
        {GNL_INIT_GLOROT_NORMAL, 0, sqrt(2.0 / (FAN_IN + FAN_OUT))},
        {GNL_INIT_HE_UNIFORM, sqrt(6.0 / FAN_IN), sqrt(2.0 / FAN_IN)},
        {GNL_INIT_HE_NORMAL, 0, sqrt(2.0 / FAN_IN)},
        {GNL_INIT_NORMAL, 0, 1},
    };
    const spread *w = &expected[_i];
    for (double gain = 1; gain < 2.1; gain++) {
        fill(w->kind, gain, ROWS, COLS);
        double sd = gain * w->sd, kurtosis = moment(4) / (sd * sd * sd * sd);
        ck_assert_double_le(fabs(moment(1)), 5 * sd / sqrt(MANY));
        ck_assert_double_eq_tol(moment(2) / (sd * sd), 1, 0.03);
        ck_assert_double_eq_tol(kurtosis, w->bound > 0 ? 1.8 : 3, 0.15);
        if (w->bound > 0) {
            ck_assert_double_le(largest(), gain * w->bound * (1 + 1e-6));
            ck_assert_double_ge(largest(), gain * w->bound * 0.999);
        }
    }
}
END_TEST

START_TEST(constant_equals_its_gain)
{
    fill(GNL_INIT_CONSTANT, -2.5, ROWS, COLS);
    for (int i = 0; i < MANY; i++)
        ck_assert_float_eq(weights[i], -2.5f);
}
END_TEST

/* Dot product of two vectors along the smaller dimension. */
static double product(int64_t rows, int64_t cols, int64_t a, int64_t b)
{
    double sum = 0;
    bool wide = rows <= cols;
    for (int64_t i = 0; i < (wide ? cols : rows); i++) {
        int64_t first = wide ? a * cols + i : i * cols + a, second = wide ? b * cols + i : i * cols + b;
        sum += (double)weights[first] * (double)weights[second];
    }
    return sum;
}

START_TEST(orthogonal_vectors_are_orthonormal)
{
    static const int64_t shapes[][2] = {{7, 7}, {200, 200}, {5, 300}, {300, 5}, {1, 9}, {9, 1}, {64, 65}};
    const int64_t rows = shapes[_i][0], cols = shapes[_i][1], k = GNL_MIN(rows, cols);
    for (double gain = 1; gain < 2.1; gain++) {
        fill(GNL_INIT_ORTHOGONAL, gain, rows, cols);
        for (int64_t a = 0; a < k; a++)
            for (int64_t b = 0; b <= a; b++)
                ck_assert_double_eq_tol(product(rows, cols, a, b), a == b ? gain * gain : 0, 1e-5);
    }
}
END_TEST

/* The vectors are uniform on the sphere: no preferred direction or sign. */
START_TEST(orthogonal_has_no_preferred_sign)
{
    fill(GNL_INIT_ORTHOGONAL, 1, ROWS, COLS);
    ck_assert_double_le(fabs(moment(1)), 5 / sqrt(COLS) / sqrt(MANY));
    ck_assert_double_eq_tol(moment(2), 1.0 / COLS, 1e-6);
}
END_TEST

START_TEST(orthogonal_flattens_convolutions_to_matrices)
{
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_INIT, 0);
    gnl_init init = {GNL_INIT_ORTHOGONAL, 1, FAN_IN, FAN_OUT};
    gnl_shape shape = {4, {8, 4, 3, 3}};
    ck_assert_int_eq(gnl_init_fill(NULL, &init, &rng, &shape, weights), GENLAT_OK);
    ck_assert_double_eq_tol(product(8, 36, 0, 0), 1, 1e-5);
    ck_assert_double_eq_tol(product(8, 36, 0, 7), 0, 1e-5);
}
END_TEST

static void *no_memory(void *user, size_t bytes, size_t align)
{
    int *left = user;
    return (*left)-- > 0 ? aligned_alloc(align, (bytes + align - 1) / align * align) : NULL;
}

static void free_memory(void *user, void *memory)
{
    free(memory);
}

START_TEST(orthogonal_reports_lack_of_memory)
{
    int left = 64;
    genlat_allocator allocator = {sizeof allocator, &left, no_memory, free_memory};
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.allocator = &allocator;
    genlat_ctx *ctx = NULL;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_INIT, 0);
    gnl_init init = {GNL_INIT_ORTHOGONAL, 1, 4, 4};
    gnl_shape shape = {2, {4, 4}};
    left = 0;
    ck_assert_int_eq(gnl_init_fill(ctx, &init, &rng, &shape, weights), GENLAT_E_MEMORY);
    left = 1;
    ck_assert_int_eq(gnl_init_fill(ctx, &init, &rng, &shape, weights), GENLAT_OK);
    genlat_ctx_destroy(&ctx);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_weights)
{
    for (int kind = GNL_INIT_TORCH; gnl_init_names[kind]; kind++) {
        fill((gnl_init_kind)kind, 1, 20, 30);
        gnl_real kept[600];
        memcpy(kept, weights, sizeof kept);
        memset(weights, 0, sizeof kept);
        fill((gnl_init_kind)kind, 1, 20, 30);
        ck_assert_mem_eq(kept, weights, sizeof kept);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("init");
    TCase *tests = tcase_create("initial weights");
    tcase_add_loop_test(tests, moments_match_the_distribution, 0, 6);
    tcase_add_test(tests, constant_equals_its_gain);
    tcase_add_loop_test(tests, orthogonal_vectors_are_orthonormal, 0, 7);
    tcase_add_test(tests, orthogonal_has_no_preferred_sign);
    tcase_add_test(tests, orthogonal_flattens_convolutions_to_matrices);
    tcase_add_test(tests, orthogonal_reports_lack_of_memory);
    tcase_add_test(tests, the_same_seed_gives_the_same_weights);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
