/* SPDX-License-Identifier: MIT */
/* Gaussian mixtures and probabilistic PCA against numbers of scikit-learn. */
#include <check.h>
#include <stdlib.h>

#include "density/density.h"
#include "golden/data/density.h"

static const double TOLERANCE = sizeof(gnl_real) == sizeof(double) ? 1e-9 : 2e-4;

static genlat_ctx *ctx;
static gnl_real x[ROWS * DIMS];

static void begin(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
    for (int i = 0; i < ROWS * DIMS; i++)
        x[i] = (gnl_real)golden_x[i];
}

static void end(void)
{
    genlat_ctx_destroy(&ctx);
}

static void expect(const char *what, int64_t n, const double *found, const double *expected, double tolerance)
{
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(found[i] - expected[i]) <= tolerance * (1 + fabs(expected[i])),
                      "%s %d: %.10g, %.10g expected", what, (int)i, found[i], expected[i]);
}

/* ---- mixtures -------------------------------------------------------------------------------- */

static gnl_real weight[COMPONENTS], mean[COMPONENTS * DIMS], factor[COMPONENTS * DIMS * DIMS];

/* A mixture with the first samples as means and unit variances. */
static gnl_mixture start(gnl_covariance covariance)
{
    const gnl_mixture m = {COMPONENTS, DIMS, covariance, weight, mean, factor};
    memset(factor, 0, sizeof factor);
    for (int k = 0; k < COMPONENTS; k++)
        weight[k] = (gnl_real)1 / COMPONENTS;
    for (int i = 0; i < COMPONENTS * DIMS; i++) {
        mean[i] = x[i];
        factor[covariance == GNL_COVARIANCE_FULL ? i / DIMS * DIMS * DIMS + i % DIMS * (DIMS + 1) : i] = 1;
    }
    return m;
}

/* Computes the covariances L L' from the factors L^-1 by the products L^-1 C = L'. */
static void expect_covariance(const gnl_mixture *m, const double *covariance)
{
    for (int k = 0; k < COMPONENTS; k++) {
        const gnl_real *f = factor + k * gnl_mixture_factors(m);
        for (int i = 0; i < DIMS; i++)
            for (int j = 0; j < DIMS; j++) {
                double sum = 0;
                for (int a = 0; a < DIMS && m->covariance == GNL_COVARIANCE_FULL; a++)
                    for (int b = 0; b < DIMS; b++)
                        sum +=
                            (double)f[i * DIMS + a] * covariance[(k * DIMS + a) * DIMS + b] * (double)f[j * DIMS + b];
                if (m->covariance == GNL_COVARIANCE_DIAG)
                    sum = i == j ? (double)(f[i] * f[i]) * covariance[k * DIMS + i] : 0;
                ck_assert_double_eq_tol(sum, i == j, 10 * TOLERANCE);
            }
    }
}

static void steps_agree(gnl_covariance covariance, const double *weights, const double *means,
                        const double *covariances, const double *density, const double *share)
{
    const gnl_mixture m = start(covariance);
    static gnl_real sum[COMPONENTS * (1 + DIMS + DIMS * DIMS)], rest[GNL_COUNT(sum)];
    const gnl_mixture_sums sums = {sum, rest};
    gnl_mixture_work work;
    double log_density[ROWS], found[COMPONENTS * DIMS];
    memset(sum, 0, sizeof sum);
    memset(rest, 0, sizeof rest);
    ck_assert_int_eq(gnl_mixture_work_new(ctx, &m, ROWS, &work), GENLAT_OK);
    for (int i = 0; i < STEPS; i++) {
        gnl_mixture_density(&m, &work, ROWS, x, log_density);
        gnl_mixture_add(&m, &work, ROWS, x, &sums);
        ck_assert_int_eq(gnl_mixture_update(&m, &work, &sums, 1e-6), GENLAT_OK);
    }
    gnl_mixture_density(&m, &work, ROWS, x, log_density);
    expect("log-density", SHOWN, log_density, density, TOLERANCE);
    expect("responsibility", SHOWN * COMPONENTS, work.share, share, TOLERANCE);
    for (int k = 0; k < COMPONENTS; k++)
        found[k] = (double)weight[k];
    expect("weight", COMPONENTS, found, weights, TOLERANCE);
    for (int i = 0; i < COMPONENTS * DIMS; i++)
        found[i] = (double)mean[i];
    expect("mean", COMPONENTS * DIMS, found, means, TOLERANCE);
    expect_covariance(&m, covariances);
    gnl_mixture_work_free(ctx, &work);
}

START_TEST(iterations_of_em_agree)
{
    if (_i == 0)
        steps_agree(GNL_COVARIANCE_FULL, golden_full_weight, golden_full_mean, golden_full_covariance,
                    golden_full_density, golden_full_share);
    else
        steps_agree(GNL_COVARIANCE_DIAG, golden_diag_weight, golden_diag_mean, golden_diag_covariance,
                    golden_diag_density, golden_diag_share);
}
END_TEST

START_TEST(fits_are_as_likely)
{
    const gnl_mixture m = start(_i ? GNL_COVARIANCE_DIAG : GNL_COVARIANCE_FULL);
    const gnl_mixture_fit_opts opts = {.iterations = 100, .starts = 10, .floor = 1e-6, .tolerance = 1e-3};
    double score = 0;
    ck_assert_int_eq(gnl_mixture_fit(ctx, &m, &opts, ROWS, x, &score), GENLAT_OK);
    ck_assert_double_ge(score, (_i ? golden_diag_best : golden_full_best)[0] - 5e-3);
}
END_TEST

/* ---- probabilistic PCA ----------------------------------------------------------------------- */

START_TEST(probabilistic_pca_agrees)
{
    gnl_real centre[DIMS], axis[LATENT * DIMS], variance[LATENT], noise[1], z[ROWS * LATENT];
    const gnl_ppca p = {DIMS, LATENT, centre, axis, variance, noise};
    const gnl_compute c = {ctx, gnl_kernels_of(ctx), NULL};
    double average[DIMS] = {0}, covariance[DIMS * DIMS] = {0}, density[ROWS], found[SHOWN * LATENT];
    double vectors[DIMS * DIMS], values[2 * DIMS], total = 0;
    for (int i = 0; i < ROWS * DIMS; i++)
        average[i % DIMS] += golden_x[i] / ROWS;
    for (int i = 0; i < ROWS; i++)
        for (int a = 0; a < DIMS * DIMS; a++)
            covariance[a] += (golden_x[i * DIMS + a / DIMS] - average[a / DIMS]) *
                             (golden_x[i * DIMS + a % DIMS] - average[a % DIMS]) / ROWS;
    ck_assert_int_eq(gnl_ppca_fit(&p, average, covariance, 1e-9, vectors, values), GENLAT_OK);
    gnl_ppca_infer(&p, &c, ROWS, x, density, z);
    for (int i = 0; i < ROWS; i++)
        total += density[i] / ROWS;
    ck_assert_double_eq_tol(gnl_ppca_score(&p), total, 100 * TOLERANCE);
    expect("log-density", SHOWN, density, golden_ppca_density, TOLERANCE);
    for (int k = 0; k < LATENT; k++)
        found[k] = (double)variance[k];
    expect("variance", LATENT, found, golden_ppca_variance, TOLERANCE);
    found[0] = (double)noise[0];
    expect("noise", 1, found, golden_ppca_noise, TOLERANCE);
    for (int i = 0; i < SHOWN * LATENT; i++) { /* codes are coordinates times sd/variance; signs are free */
        const double v = golden_ppca_variance[i % LATENT];
        found[i] = fabs((double)z[i]) * v / sqrt(v - golden_ppca_noise[0]);
    }
    expect("coordinate", SHOWN * LATENT, found, golden_ppca_coordinates, TOLERANCE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden density");
    TCase *tests = tcase_create("scikit-learn");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, iterations_of_em_agree, 0, 2);
    tcase_add_loop_test(tests, fits_are_as_likely, 0, 2);
    tcase_add_test(tests, probabilistic_pca_agrees);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
