/* SPDX-License-Identifier: MIT */
/* Metrics against closed forms, and their errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "density/density.h"
#include "metric/metric.h"

static genlat_ctx *ctx;

static void begin(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void end(void)
{
    genlat_ctx_destroy(&ctx);
}

static genlat_tensor *matrix(int64_t rows, int64_t width)
{
    genlat_tensor *out = NULL;
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){rows, width}, &out), GENLAT_OK);
    return out;
}

static genlat_tensor *normal(int64_t rows, int64_t width, uint64_t seed, double mean, double sd)
{
    genlat_tensor *out = matrix(rows, width);
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    for (int64_t i = 0; i < rows * width; i++)
        out->data[i] = (gnl_real)(mean + sd * gnl_rng_gauss(&rng));
    return out;
}

/* ---- matrices ------------------------------------------------------------------------------------------ */

/* G G' of a random n x r matrix has rank r. */
static void random_psd(int64_t n, int64_t r, double *a)
{
    double g[32 * 32];
    gnl_rng rng = gnl_rng_make(5, GNL_STREAM_USER, (uint64_t)(n * 100 + r));
    for (int64_t i = 0; i < n * r; i++)
        g[i] = gnl_rng_gauss(&rng);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            a[i * n + j] = 0;
            for (int64_t k = 0; k < r; k++)
                a[i * n + j] += g[i * r + k] * g[j * r + k];
        }
}

START_TEST(factor_has_the_rank_and_reproduces_the_matrix)
{
    const int64_t cases[][2] = {{1, 1}, {2, 1}, {7, 7}, {12, 3}, {32, 32}, {32, 20}, {4, 0}};
    int64_t n = cases[_i][0], r = cases[_i][1];
    double a[32 * 32], f[32 * 32], left[32];
    random_psd(n, r, a);
    ck_assert_int_eq(gnl_psd_factor(n, a, f, left), r);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < n; k++)
                sum += f[i * n + k] * f[j * n + k];
            ck_assert_double_eq_tol(sum, a[i * n + j], 1e-11 * (double)n);
        }
}
END_TEST

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The second difference matrix has the eigenvalues 2 - 2 cos(k pi / (n+1)). A rotation makes it dense. */
START_TEST(eigenvalues_of_the_second_difference_matrix)
{
    int64_t n = _i + 1;
    double a[32 * 32] = {0}, values[32], scratch[32];
    for (int64_t i = 0; i < n; i++) {
        a[i * n + i] = 2;
        if (i > 0)
            a[i * n + i - 1] = a[(i - 1) * n + i] = -1;
    }
    for (int64_t p = 0; p < n; p++)
        for (int64_t q = p + 1; q < n; q++) {
            double c = cos(0.3 + (double)p), s = sin(0.3 + (double)p);
            for (int64_t j = 0; j < n; j++) {
                double x = a[p * n + j], y = a[q * n + j];
                a[p * n + j] = c * x + s * y;
                a[q * n + j] = c * y - s * x;
            }
            for (int64_t j = 0; j < n; j++) {
                double x = a[j * n + p], y = a[j * n + q];
                a[j * n + p] = c * x + s * y;
                a[j * n + q] = c * y - s * x;
            }
        }
    ck_assert(gnl_symmetric_eigenvalues(n, a, values, scratch));
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    for (int64_t k = 0; k < n; k++)
        ck_assert_double_eq_tol(values[k], 2 - 2 * cos((double)(k + 1) * M_PI / (double)(n + 1)), 1e-12);
}
END_TEST

START_TEST(eigenvalues_of_diagonal_and_of_zero_matrices)
{
    double a[36] = {0}, values[6], scratch[6];
    ck_assert(gnl_symmetric_eigenvalues(6, a, values, scratch));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(values[i], 0);
    for (int i = 0; i < 6; i++)
        a[7 * i] = 6 - i;
    ck_assert(gnl_symmetric_eigenvalues(6, a, values, scratch));
    qsort(values, 6, sizeof *values, compare_doubles);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(values[i], i + 1);
}
END_TEST

/* ---- distances ------------------------------------------------------------------------------- */

/* Two numbers a and b have mean (a+b)/2 and variance (a-b)^2/2. The distance in one dimension is (difference of
 * means)^2 + (difference of standard deviations)^2. */
START_TEST(frechet_distance_in_one_dimension)
{
    genlat_tensor *a = matrix(2, 1), *b = matrix(2, 1);
    double found = -1;
    a->data[1] = 2;
    b->data[0] = 3;
    b->data[1] = 9;
    ck_assert_int_eq(genlat_metric_frechet_distance(a, b, &found), GENLAT_OK);
    ck_assert_double_eq_tol(found, 25 + (6 - 2) * (6 - 2) / 2.0, 1e-12);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
}
END_TEST

/* A shift adds its square, a factor f adds (f-1)^2 tr C, and equal sets have distance 0. */
START_TEST(frechet_distance_of_shifted_and_scaled_sets)
{
    enum { N = 50, D = 9 };
    genlat_tensor *a = normal(N, D, 1, 0, 1), *b = matrix(N, D);
    double found = -1, variance = 0;
    ck_assert_int_eq(genlat_metric_frechet_distance(a, a, &found), GENLAT_OK);
    ck_assert_double_le(found, 1e-9);
    for (int64_t j = 0; j < D; j++) {
        double mean = 0;
        for (int64_t i = 0; i < N; i++)
            mean += (double)a->data[i * D + j] / N;
        for (int64_t i = 0; i < N; i++)
            variance += pow((double)a->data[i * D + j] - mean, 2) / (N - 1);
    }
    for (int64_t i = 0; i < N * D; i++)
        b->data[i] = a->data[i] + 1;
    ck_assert_int_eq(genlat_metric_frechet_distance(a, b, &found), GENLAT_OK);
    ck_assert_double_eq_tol(found, D, 1e-4);
    double shift = 0;
    for (int64_t j = 0; j < D; j++) {
        double mean = 0;
        for (int64_t i = 0; i < N; i++) {
            b->data[i * D + j] = 3 * a->data[i * D + j];
            mean += (double)a->data[i * D + j] / N;
        }
        shift += 4 * mean * mean;
    }
    ck_assert_int_eq(genlat_metric_frechet_distance(a, b, &found), GENLAT_OK);
    ck_assert_double_eq_tol(found, 4 * variance + shift, 1e-4);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
}
END_TEST

/* x in {0,0}, y in {1,1}, d = 1: k(0,0) = 1, k(1,1) = 8, k(0,1) = 1; the estimate is 1 + 8 - 2. */
START_TEST(kernel_distance_of_points)
{
    genlat_tensor *a = matrix(2, 1), *b = matrix(2, 1);
    double mean = 0, sd = -1;
    b->data[0] = b->data[1] = 1;
    ck_assert_int_eq(genlat_metric_kernel_distance(a, b, 0, 1, 0, &mean, &sd), GENLAT_OK);
    ck_assert_double_eq_tol(mean, 7, 1e-6);
    ck_assert_double_eq(sd, 0);
    ck_assert_int_eq(genlat_metric_kernel_distance(b, b, 2, 3, 0, &mean, &sd), GENLAT_OK);
    ck_assert_double_eq_tol(mean, 0, 1e-6);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
}
END_TEST

START_TEST(kernel_distance_is_unbiased_and_detects_a_shift)
{
    genlat_tensor *a = normal(400, 4, 1, 0, 1), *b = normal(300, 4, 2, 0, 1), *c = normal(300, 4, 3, 0.5, 1);
    double same = 0, other = 0, again = 0, sd = 0;
    ck_assert_int_eq(genlat_metric_kernel_distance(a, b, 100, 50, 9, &same, &sd), GENLAT_OK);
    ck_assert_double_le(fabs(same), 4 * sd / sqrt(50) + 0.02);
    ck_assert_int_eq(genlat_metric_kernel_distance(a, c, 100, 50, 9, &other, &sd), GENLAT_OK);
    ck_assert_double_ge(other, 10 * fabs(same));
    ck_assert_int_eq(genlat_metric_kernel_distance(a, c, 100, 50, 9, &again, NULL), GENLAT_OK);
    ck_assert_double_eq(again, other);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&c);
}
END_TEST

/* ---- coverage -------------------------------------------------------------------------------- */

/* With k = 1, the real samples 0 1 2 3 have balls of radius 1 and the generated samples 2.5 2.75 balls of radius
 * 0.25. Only the real sample 3 lies on the border of a ball. */
START_TEST(neighbours_of_points_on_a_line)
{
    genlat_tensor *real = matrix(4, 1), *generated = matrix(2, 1);
    for (int i = 0; i < 4; i++)
        real->data[i] = (gnl_real)i;
    generated->data[0] = (gnl_real)2.5;
    generated->data[1] = (gnl_real)2.75;
    genlat_neighbours found = {.size = sizeof found};
    ck_assert_int_eq(genlat_metric_neighbours(real, generated, 1, &found), GENLAT_OK);
    ck_assert_double_eq(found.precision, 1);
    ck_assert_double_eq(found.recall, 0.25);
    ck_assert_double_eq(found.density, 2);
    ck_assert_double_eq(found.coverage, 0.5);
    ck_assert_uint_eq(found.size, sizeof found);
    genlat_tensor_destroy(&real);
    genlat_tensor_destroy(&generated);
}
END_TEST

START_TEST(modes_are_counted_within_three_deviations)
{
    static const float centre[] = {0, 0, 10, 0, 0, 10};
    /* Two samples at the first centre, one at the second just inside, one just outside, none at the third. */
    static const float sample[] = {0, 0, 0.5F, 0, 10, 2.99F, 10, 3.01F};
    genlat_tensor *centres = matrix(3, 2), *samples = matrix(4, 2);
    for (int i = 0; i < 6; i++)
        centres->data[i] = (gnl_real)centre[i];
    for (int i = 0; i < 8; i++)
        samples->data[i] = (gnl_real)sample[i];
    genlat_modes found = {.size = sizeof found};
    ck_assert_int_eq(genlat_metric_modes(samples, centres, 1, &found), GENLAT_OK);
    ck_assert_int_eq(found.modes, 3);
    ck_assert_int_eq(found.found, 2);
    ck_assert_double_eq(found.high_quality, 0.75);
    ck_assert_double_eq_tol(found.kl, 2 / 3.0 * log(2) + 1 / 3.0 * log(1), 1e-12);
    ck_assert_int_eq(genlat_metric_modes(samples, samples, 1e-6, &found), GENLAT_OK);
    ck_assert_double_eq_tol(found.kl, 0, 1e-12);
    samples->data[0] = 5;
    samples->shape.dim[0] = 1;
    ck_assert_int_eq(genlat_metric_modes(samples, centres, 1, &found), GENLAT_OK);
    ck_assert_int_eq(found.found, 0);
    ck_assert(isnan(found.kl));
    genlat_tensor_destroy(&centres);
    genlat_tensor_destroy(&samples);
}
END_TEST

START_TEST(classes_are_counted_as_modes)
{
    static const int label[] = {0, 2, 2, 2};
    genlat_tensor *labels = matrix(4, 1);
    genlat_modes found = {.size = sizeof found};
    for (int i = 0; i < 4; i++)
        labels->data[i] = (gnl_real)label[i];
    ck_assert_int_eq(genlat_metric_class_modes(labels, 5, &found), GENLAT_OK);
    ck_assert_int_eq(found.modes, 5);
    ck_assert_int_eq(found.found, 2);
    ck_assert_double_eq(found.high_quality, 1);
    ck_assert_double_eq_tol(found.kl, 0.25 * log(0.25 * 5) + 0.75 * log(0.75 * 5), 1e-12);
    ck_assert_int_eq(genlat_metric_class_modes(labels, 2, &found), GENLAT_E_RANGE);
    labels->data[1] = (gnl_real)0.5;
    ck_assert_int_eq(genlat_metric_class_modes(labels, 5, &found), GENLAT_E_RANGE);
    ck_assert_int_eq(genlat_metric_class_modes(labels, 0, &found), GENLAT_E_RANGE);
    genlat_tensor_destroy(&labels);
}
END_TEST

/* Certain predictions with all classes equally frequent: the score is the number of classes. Uniform predictions: 1. */
START_TEST(classifier_score_has_its_bounds)
{
    enum { CLASSES = 4, N = 8 };
    genlat_tensor *p = matrix(N, CLASSES);
    double mean = 0, sd = -1;
    for (int i = 0; i < N; i++)
        p->data[i * CLASSES + i % CLASSES] = 1;
    ck_assert_int_eq(genlat_metric_classifier_score(p, 2, &mean, &sd), GENLAT_OK);
    ck_assert_double_eq_tol(mean, CLASSES, 1e-9);
    ck_assert_double_eq_tol(sd, 0, 1e-9);
    for (int i = 0; i < N * CLASSES; i++)
        p->data[i] = (gnl_real)0.25;
    ck_assert_int_eq(genlat_metric_classifier_score(p, 1, &mean, NULL), GENLAT_OK);
    ck_assert_double_eq_tol(mean, 1, 1e-9);
    genlat_tensor_destroy(&p);
}
END_TEST

/* ---- statistics ------------------------------------------------------------------------------ */

START_TEST(log_mean_exp_does_not_overflow)
{
    const double far[] = {-2000, -2000 + log(3)}, none[] = {-INFINITY, -INFINITY}, half[] = {-INFINITY, 0};
    const double wrong[] = {0, NAN}, most[] = {INFINITY, 0};
    double out = 0;
    ck_assert_int_eq(genlat_metric_log_mean_exp(far, 2, &out), GENLAT_OK);
    ck_assert_double_eq_tol(out, -2000 + log(2), 1e-12);
    ck_assert_int_eq(genlat_metric_log_mean_exp(none, 2, &out), GENLAT_OK);
    ck_assert(isinf(out) && out < 0);
    ck_assert_int_eq(genlat_metric_log_mean_exp(half, 2, &out), GENLAT_OK);
    ck_assert_double_eq_tol(out, log(0.5), 1e-15);
    ck_assert_int_eq(genlat_metric_log_mean_exp(wrong, 2, &out), GENLAT_OK);
    ck_assert(isnan(out));
    ck_assert_int_eq(genlat_metric_log_mean_exp(most, 2, &out), GENLAT_OK);
    ck_assert(isinf(out) && out > 0);
}
END_TEST

START_TEST(moments_of_few_numbers)
{
    genlat_tensor *x = matrix(2, 2);
    genlat_moments found = {.size = sizeof found};
    for (int i = 0; i < 4; i++)
        x->data[i] = (gnl_real)(i < 3 ? 0 : 4);
    ck_assert_int_eq(genlat_metric_moments(x, &found), GENLAT_OK);
    ck_assert_double_eq_tol(found.mean, 1, 1e-15);
    ck_assert_double_eq_tol(found.sd, sqrt(3), 1e-15);
    ck_assert_double_eq_tol(found.skewness, 6 / pow(3, 1.5), 1e-14);
    ck_assert_double_eq_tol(found.kurtosis, 21.0 / 9 - 3, 1e-14);
    genlat_tensor *same = matrix(3, 1);
    ck_assert_int_eq(genlat_metric_moments(same, &found), GENLAT_OK);
    ck_assert_double_eq(found.sd, 0);
    ck_assert_double_eq(found.kurtosis, 0);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&same);
}
END_TEST

/* A program of an earlier version has a shorter struct, one of a later version a longer one. */
START_TEST(results_have_the_size_of_the_callers_struct)
{
    struct {
        genlat_modes modes;
        int64_t later;
    } longer = {.modes = {.size = sizeof longer}, .later = 7};
    genlat_modes shorter = {.size = offsetof(genlat_modes, high_quality), .high_quality = 5};
    genlat_tensor *x = matrix(2, 2);
    ck_assert_int_eq(genlat_metric_modes(x, x, 1, &longer.modes), GENLAT_OK);
    ck_assert_double_eq(longer.modes.high_quality, 1);
    ck_assert_int_eq(longer.later, 0);
    ck_assert_uint_eq(longer.modes.size, sizeof longer);
    ck_assert_int_eq(genlat_metric_modes(x, x, 1, &shorter), GENLAT_OK);
    ck_assert_int_eq(shorter.modes, 2);
    ck_assert_double_eq(shorter.high_quality, 5);
    genlat_tensor_destroy(&x);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------- */

#define REFUSED(call, code)                                                                                            \
    do {                                                                                                               \
        ck_assert_int_eq(call, code);                                                                                  \
        ck_assert_ptr_nonnull(strstr(genlat_last_error(), "genlat_metric_"));                                          \
    } while (0)

START_TEST(distances_refuse_invalid_arguments)
{
    genlat_tensor *a = matrix(3, 2), *b = matrix(3, 4), *one = matrix(1, 2), *bad = matrix(3, 2);
    double out = 5;
    bad->data[4] = (gnl_real)NAN;
    REFUSED(genlat_metric_frechet_distance(NULL, a, &out), GENLAT_E_INVALID);
    REFUSED(genlat_metric_frechet_distance(a, NULL, &out), GENLAT_E_INVALID);
    REFUSED(genlat_metric_frechet_distance(a, a, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_frechet_distance(a, b, &out), GENLAT_E_SHAPE);
    REFUSED(genlat_metric_frechet_distance(a, one, &out), GENLAT_E_SHAPE);
    REFUSED(genlat_metric_frechet_distance(a, bad, &out), GENLAT_E_NUMERIC);
    REFUSED(genlat_metric_kernel_distance(NULL, a, 0, 1, 0, &out, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_kernel_distance(a, NULL, 0, 1, 0, &out, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_kernel_distance(a, a, 0, 1, 0, NULL, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_kernel_distance(a, b, 0, 1, 0, &out, NULL), GENLAT_E_SHAPE);
    REFUSED(genlat_metric_kernel_distance(a, a, 1, 1, 0, &out, NULL), GENLAT_E_RANGE);
    REFUSED(genlat_metric_kernel_distance(a, a, 4, 1, 0, &out, NULL), GENLAT_E_RANGE);
    REFUSED(genlat_metric_kernel_distance(a, a, -1, 1, 0, &out, NULL), GENLAT_E_RANGE);
    REFUSED(genlat_metric_kernel_distance(a, a, 2, 0, 0, &out, NULL), GENLAT_E_RANGE);
    REFUSED(genlat_metric_kernel_distance(a, bad, 0, 1, 0, &out, NULL), GENLAT_E_NUMERIC);
    ck_assert_double_eq(out, 5);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&one);
    genlat_tensor_destroy(&bad);
}
END_TEST

START_TEST(scores_refuse_invalid_arguments)
{
    genlat_tensor *a = matrix(3, 2), *b = matrix(3, 4), *bad = matrix(3, 2);
    genlat_neighbours n = {.size = sizeof n};
    genlat_modes m = {.size = sizeof m};
    double out = 5;
    bad->data[4] = (gnl_real)INFINITY;
    REFUSED(genlat_metric_neighbours(NULL, a, 1, &n), GENLAT_E_INVALID);
    REFUSED(genlat_metric_neighbours(a, NULL, 1, &n), GENLAT_E_INVALID);
    REFUSED(genlat_metric_neighbours(a, a, 1, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_neighbours(a, a, 1, &(genlat_neighbours){.size = 0}), GENLAT_E_INVALID);
    REFUSED(genlat_metric_neighbours(a, b, 1, &n), GENLAT_E_SHAPE);
    REFUSED(genlat_metric_neighbours(a, a, 0, &n), GENLAT_E_RANGE);
    REFUSED(genlat_metric_neighbours(a, a, 3, &n), GENLAT_E_RANGE);
    REFUSED(genlat_metric_neighbours(bad, a, 1, &n), GENLAT_E_NUMERIC);
    REFUSED(genlat_metric_modes(NULL, a, 1, &m), GENLAT_E_INVALID);
    REFUSED(genlat_metric_modes(a, NULL, 1, &m), GENLAT_E_INVALID);
    REFUSED(genlat_metric_modes(a, a, 1, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_modes(a, a, 1, &(genlat_modes){.size = sizeof(size_t) - 1}), GENLAT_E_INVALID);
    REFUSED(genlat_metric_modes(a, b, 1, &m), GENLAT_E_SHAPE);
    REFUSED(genlat_metric_modes(a, a, 0, &m), GENLAT_E_RANGE);
    REFUSED(genlat_metric_modes(a, a, NAN, &m), GENLAT_E_RANGE);
    REFUSED(genlat_metric_modes(bad, a, 1, &m), GENLAT_E_NUMERIC);
    REFUSED(genlat_metric_classifier_score(NULL, 1, &out, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_classifier_score(a, 1, NULL, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_classifier_score(a, 1, &out, NULL), GENLAT_E_RANGE); /* rows of sum 0 */
    REFUSED(genlat_metric_classifier_score(a, 0, &out, NULL), GENLAT_E_RANGE);
    REFUSED(genlat_metric_classifier_score(a, 4, &out, NULL), GENLAT_E_RANGE);
    REFUSED(genlat_metric_classifier_score(bad, 1, &out, NULL), GENLAT_E_NUMERIC);
    ck_assert_double_eq(out, 5);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&bad);
}
END_TEST

START_TEST(statistics_refuse_invalid_arguments)
{
    genlat_tensor *a = matrix(3, 2), *empty = matrix(0, 2);
    genlat_moments m = {.size = sizeof m};
    const double at[] = {0.5}, outside[] = {1.5}, nan[] = {NAN};
    double out = 5;
    REFUSED(genlat_metric_moments(NULL, &m), GENLAT_E_INVALID);
    REFUSED(genlat_metric_moments(a, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_moments(a, &(genlat_moments){.size = 1}), GENLAT_E_INVALID);
    REFUSED(genlat_metric_moments(empty, &m), GENLAT_E_SHAPE);
    REFUSED(genlat_metric_quantiles(NULL, at, 1, &out), GENLAT_E_INVALID);
    REFUSED(genlat_metric_quantiles(a, NULL, 1, &out), GENLAT_E_INVALID);
    REFUSED(genlat_metric_quantiles(a, at, 1, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_quantiles(a, at, 0, &out), GENLAT_E_RANGE);
    REFUSED(genlat_metric_quantiles(a, outside, 1, &out), GENLAT_E_RANGE);
    REFUSED(genlat_metric_quantiles(a, nan, 1, &out), GENLAT_E_RANGE);
    REFUSED(genlat_metric_quantiles(empty, at, 1, &out), GENLAT_E_SHAPE);
    REFUSED(genlat_metric_log_mean_exp(NULL, 1, &out), GENLAT_E_INVALID);
    REFUSED(genlat_metric_log_mean_exp(at, 1, NULL), GENLAT_E_INVALID);
    REFUSED(genlat_metric_log_mean_exp(at, 0, &out), GENLAT_E_RANGE);
    a->data[0] = (gnl_real)NAN;
    REFUSED(genlat_metric_moments(a, &m), GENLAT_E_NUMERIC);
    REFUSED(genlat_metric_quantiles(a, at, 1, &out), GENLAT_E_NUMERIC);
    ck_assert_double_eq(out, 5);
    genlat_tensor_destroy(&a);
    genlat_tensor_destroy(&empty);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metric");
    TCase *tests = tcase_create("closed forms");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, factor_has_the_rank_and_reproduces_the_matrix, 0, 7);
    tcase_add_loop_test(tests, eigenvalues_of_the_second_difference_matrix, 0, 32);
    tcase_add_test(tests, eigenvalues_of_diagonal_and_of_zero_matrices);
    tcase_add_test(tests, frechet_distance_in_one_dimension);
    tcase_add_test(tests, frechet_distance_of_shifted_and_scaled_sets);
    tcase_add_test(tests, kernel_distance_of_points);
    tcase_add_test(tests, kernel_distance_is_unbiased_and_detects_a_shift);
    tcase_add_test(tests, neighbours_of_points_on_a_line);
    tcase_add_test(tests, modes_are_counted_within_three_deviations);
    tcase_add_test(tests, classes_are_counted_as_modes);
    tcase_add_test(tests, classifier_score_has_its_bounds);
    tcase_add_test(tests, log_mean_exp_does_not_overflow);
    tcase_add_test(tests, moments_of_few_numbers);
    tcase_add_test(tests, results_have_the_size_of_the_callers_struct);
    tcase_add_test(tests, distances_refuse_invalid_arguments);
    tcase_add_test(tests, scores_refuse_invalid_arguments);
    tcase_add_test(tests, statistics_refuse_invalid_arguments);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
