/* SPDX-License-Identifier: MIT */
/* Classical densities against properties that hold exactly: eigenvectors, moments of samples, enumeration of all states
 * of a small Boltzmann machine, differences of its free energy. */
#include <check.h>
#include <stdlib.h>

#include "density/density.h"

static genlat_ctx *ctx;

static void begin(void)
{
    ck_assert_int_eq(genlat_ctx_new(NULL, &ctx), GENLAT_OK);
}

static void end(void)
{
    genlat_ctx_destroy(&ctx);
}

static void fill_normal(int64_t n, uint64_t seed, gnl_real *out)
{
    gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_USER, 0);
    gnl_rng_fill_normal(&rng, out, n);
}

/* ---- matrices -------------------------------------------------------------------------------- */

enum { MOST = 30 };

/* A v = value v for every row v, and the rows are orthonormal. The rank is n, or half of it. */
START_TEST(eigenvectors_diagonalize)
{
    const int64_t n = _i / 2 + 1, rank = _i % 2 ? n : (n + 1) / 2;
    double g[MOST * MOST], a[MOST * MOST], kept[MOST * MOST], values[MOST], vectors[MOST * MOST], scratch[MOST];
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, (uint64_t)_i);
    for (int64_t i = 0; i < n * rank; i++)
        g[i] = gnl_rng_gauss(&rng);
    for (int64_t i = 0; i < n * n; i++) {
        a[i] = 0;
        for (int64_t k = 0; k < rank; k++)
            a[i] += g[i / n * rank + k] * g[i % n * rank + k];
        kept[i] = a[i];
    }
    ck_assert(gnl_symmetric_eigen(n, a, values, vectors, scratch));
    for (int64_t i = 0; i < n * n; i++) {
        const double *u = vectors + i / n * n, *v = vectors + i % n * n;
        double product = 0, image = 0;
        for (int64_t k = 0; k < n; k++) {
            product += u[k] * v[k];
            image += kept[i % n * n + k] * u[k];
        }
        ck_assert_double_eq_tol(product, i / n == i % n, 1e-12);
        ck_assert_double_eq_tol(image, values[i / n] * u[i % n], 1e-11 * (double)(n + 1));
    }
}
END_TEST

START_TEST(inverse_factors_turn_a_matrix_into_the_identity)
{
    double a[9] = {4, 2, 1, 2, 5, 3, 1, 3, 6}, kept[9], f[9], wrong[4] = {1, 2, 2, 1};
    memcpy(kept, a, sizeof a);
    ck_assert(gnl_definite_inverse_factor(3, a, f));
    for (int i = 0; i < 9; i++) {
        double sum = 0;
        for (int k = 0; k < 9; k++)
            sum += f[i / 3 * 3 + k / 3] * kept[k] * f[i % 3 * 3 + k % 3];
        ck_assert_double_eq_tol(sum, i / 3 == i % 3, 1e-14);
    }
    ck_assert(f[1] == 0 && f[2] == 0 && f[5] == 0);
    ck_assert(!gnl_definite_inverse_factor(2, wrong, f));
}
END_TEST

/* ---- mixtures -------------------------------------------------------------------------------- */

enum { ROWS = 1500, DIMS = 3, COMPONENTS = 2, FACTORS = COMPONENTS * DIMS * DIMS };

static gnl_real x[ROWS * DIMS], weight[COMPONENTS], mean[COMPONENTS * DIMS], factor[FACTORS];

/* Two clusters: a third of the samples around 4, the others around -1. */
static gnl_mixture two_clusters(gnl_covariance covariance)
{
    fill_normal(ROWS * DIMS, 5, x);
    for (int i = 0; i < ROWS; i++)
        for (int d = 0; d < DIMS; d++)
            x[i * DIMS + d] =
                (i % 3 == 0 ? 4 : -1) + x[i * DIMS + d] * (gnl_real)(0.3 * (1 + d)) + (d > 0 ? x[i * DIMS] / 2 : 0);
    return (gnl_mixture){COMPONENTS, DIMS, covariance, weight, mean, factor};
}

static double fit(const gnl_mixture *m, int64_t threads, uint64_t seed)
{
    const gnl_mixture_fit_opts opts = {.iterations = 50, .starts = 2, .floor = 1e-6, .tolerance = 0, .seed = seed};
    genlat_ctx_opts o;
    genlat_ctx *own = NULL;
    double score = 0;
    genlat_ctx_opts_init(&o);
    o.threads = threads;
    ck_assert_int_eq(genlat_ctx_new(&o, &own), GENLAT_OK);
    ck_assert_int_eq(gnl_mixture_fit(own, m, &opts, ROWS, x, &score), GENLAT_OK);
    genlat_ctx_destroy(&own);
    return score;
}

START_TEST(fits_do_not_depend_on_threads)
{
    const gnl_mixture m = two_clusters(_i ? GNL_COVARIANCE_DIAG : GNL_COVARIANCE_FULL);
    const double one = fit(&m, 1, 7);
    gnl_real kept[FACTORS];
    memcpy(kept, factor, sizeof kept);
    ck_assert_double_eq(fit(&m, 3, 7), one);
    ck_assert_mem_eq(kept, factor, (size_t)(COMPONENTS * gnl_mixture_factors(&m)) * sizeof *kept);
    ck_assert_double_eq_tol(fmin((double)weight[0], (double)weight[1]), 1.0 / 3, 0.01);
}
END_TEST

/* The moments of samples of a component are its mean and covariance: L^-1 maps the samples to unit covariance. */
START_TEST(samples_have_the_moments_of_the_mixture)
{
    enum { N = 20000 };
    const gnl_mixture m = two_clusters(GNL_COVARIANCE_FULL);
    double sum[DIMS] = {0}, square[DIMS * DIMS] = {0};
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, 1);
    (void)fit(&m, 1, 7);
    for (int i = 0; i < N; i++) {
        gnl_real z[DIMS];
        gnl_rng_fill_normal(&rng, z, DIMS);
        gnl_mixture_place(&m, 1, z);
        for (int d = 0; d < DIMS; d++) {
            double map = 0;
            for (int e = 0; e < DIMS; e++)
                map += (double)factor[DIMS * DIMS + d * DIMS + e] * ((double)z[e] - (double)mean[DIMS + e]);
            sum[d] += map / N;
            square[d * DIMS + d] += map * map / N;
        }
    }
    for (int d = 0; d < DIMS; d++) {
        ck_assert_double_eq_tol(sum[d], 0, 0.03);
        ck_assert_double_eq_tol(square[d * DIMS + d], 1, 0.05);
    }
    ck_assert_int_eq(gnl_mixture_choose(&m, 0), 0);
    ck_assert_int_eq(gnl_mixture_choose(&m, (double)weight[0] + 1e-4), 1);
    ck_assert_int_eq(gnl_mixture_choose(&m, 0.9999999), 1);
}
END_TEST

/* The mean log-density of the parameters is that of the best start; a start has random numbers of its own. */
START_TEST(the_best_start_is_kept)
{
    enum { N = 120, CLUSTERS = 12, SEEDS = 8 };
    gnl_real at[N], part[CLUSTERS], centres[CLUSTERS], inverse[CLUSTERS];
    const gnl_mixture m = {CLUSTERS, 1, GNL_COVARIANCE_DIAG, part, centres, inverse};
    gnl_mixture_work work;
    int better = 0;
    fill_normal(N, 3, at);
    for (int i = 0; i < N; i++)
        at[i] = (gnl_real)(i % CLUSTERS + 0.2 * (double)at[i]);
    ck_assert_int_eq(gnl_mixture_work_new(ctx, &m, N, &work), GENLAT_OK);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        double score[2], density[N];
        for (int i = 0; i < 2; i++) {
            const gnl_mixture_fit_opts opts = {.iterations = 20, .starts = i ? 6 : 1, .floor = 1e-6, .seed = seed};
            ck_assert_int_eq(gnl_mixture_fit(ctx, &m, &opts, N, at, &score[i]), GENLAT_OK);
            gnl_mixture_density(&m, &work, N, at, density);
            ck_assert_double_eq_tol(-gnl_mean_nll(N, density), score[i], 1e-4);
        }
        ck_assert_double_ge(score[1], score[0]);
        better += score[1] > score[0] + 0.01;
    }
    ck_assert_int_gt(better, 0);
    gnl_mixture_work_free(ctx, &work);
}
END_TEST

/* Thousands of small squares are not lost beside a large one. */
START_TEST(sums_keep_small_numbers)
{
    enum { N = 4000 };
    gnl_real one = 1, zero = 0, unit = 1, sum[3] = {0}, rest[3] = {0}, value = 4096;
    const gnl_mixture m = {1, 1, GNL_COVARIANCE_DIAG, &one, &zero, &unit};
    const gnl_mixture_sums sums = {sum, rest};
    gnl_mixture_work work;
    double found = 0, variance = 0;
    ck_assert_int_eq(gnl_mixture_work_new(ctx, &m, 1, &work), GENLAT_OK);
    work.share[0] = 1;
    for (int i = 0; i <= N; i++, value = (gnl_real)0.5)
        gnl_mixture_add(&m, &work, 1, &value, &sums);
    gnl_mixture_moments(&m, &sums, 0, 0, &found, &variance);
    const double expected = (4096 + 0.5 * N) / (N + 1), square = (4096 * 4096 + 0.25 * N) / (N + 1);
    ck_assert_double_eq_tol(found, expected, 1e-6 * expected);
    ck_assert_double_eq_tol(variance, square - expected * expected, 1e-6 * square);
    gnl_mixture_work_free(ctx, &work);
}
END_TEST

/* Equal samples have no variance but the floor, and more components than samples are an error. */
START_TEST(degenerate_samples_keep_the_floor)
{
    const gnl_mixture m = two_clusters(GNL_COVARIANCE_FULL);
    const gnl_mixture_fit_opts opts = {.iterations = 5, .starts = 1, .floor = 0.25};
    for (int i = 0; i < ROWS * DIMS; i++)
        x[i] = 3;
    ck_assert_int_eq(gnl_mixture_fit(ctx, &m, &opts, ROWS, x, NULL), GENLAT_OK);
    for (int k = 0; k < COMPONENTS; k++)
        if (weight[k] > (gnl_real)0.01)
            for (int d = 0; d < DIMS; d++)
                ck_assert_double_eq_tol((double)factor[k * DIMS * DIMS + d * (DIMS + 1)], 2, 1e-4);
    ck_assert_int_eq(gnl_mixture_fit(ctx, &m, &opts, 1, x, NULL), GENLAT_E_RANGE);
    x[7] = (gnl_real)NAN;
    ck_assert_int_eq(gnl_mixture_fit(ctx, &m, &opts, ROWS, x, NULL), GENLAT_E_NUMERIC);
}
END_TEST

/* ---- Boltzmann machines ---------------------------------------------------------------------- */

enum { VISIBLE = 8, HIDDEN = 6, UNITS = VISIBLE * HIDDEN };

static gnl_real w[UNITS], b[VISIBLE], c[HIDDEN];

static gnl_rbm machine(double scale)
{
    fill_normal(UNITS, 1, w);
    fill_normal(VISIBLE, 2, b);
    fill_normal(HIDDEN, 3, c);
    for (int i = 0; i < UNITS; i++)
        w[i] *= (gnl_real)scale;
    return (gnl_rbm){VISIBLE, HIDDEN, w, b, c};
}

/* The sum over all states of the visible units. */
static double exact_log_partition(const gnl_rbm *r, gnl_rbm_work *work)
{
    double sum = 0;
    for (int state = 0; state < 1 << VISIBLE; state++) {
        gnl_real v[VISIBLE];
        for (int i = 0; i < VISIBLE; i++)
            v[i] = (gnl_real)(state >> i & 1);
        gnl_rbm_energy(r, work, 1, v);
        sum += exp(-work->energy[0]);
    }
    return log(sum);
}

/* The free energy is the sum over all states of the hidden units. */
START_TEST(the_free_energy_sums_over_hidden_states)
{
    const gnl_rbm r = machine(1);
    gnl_rbm_work work;
    const gnl_real v[VISIBLE] = {1, 0, 1, 1, 0, 0, 1, 0};
    double sum = 0;
    ck_assert_int_eq(gnl_rbm_work_new(ctx, &r, 1, &work), GENLAT_OK);
    for (int state = 0; state < 1 << HIDDEN; state++) {
        double score = 0;
        for (int i = 0; i < VISIBLE; i++)
            score += (double)(b[i] * v[i]);
        for (int j = 0; j < HIDDEN; j++)
            for (int i = 0; i <= VISIBLE && state >> j & 1; i++)
                score += i == VISIBLE ? (double)c[j] : (double)(w[j * VISIBLE + i] * v[i]);
        sum += exp(score);
    }
    gnl_rbm_energy(&r, &work, 1, v);
    ck_assert_double_eq_tol(work.energy[0], -log(sum), 1e-5);
    gnl_rbm_work_free(ctx, &work);
}
END_TEST

/* Annealed importance sampling, from the uniform distribution and from other biases, with small and larger weights. */
START_TEST(annealing_estimates_the_partition_function)
{
    enum { CHAINS = 500 };
    const gnl_rbm r = machine(_i % 2 ? 1.5 : 0.3);
    const gnl_real zero[VISIBLE] = {0};
    gnl_rbm_work work;
    double log_z = 0, error = 0;
    ck_assert_int_eq(gnl_rbm_work_new(ctx, &r, CHAINS, &work), GENLAT_OK);
    gnl_rbm_log_partition(&r, &work, CHAINS, _i / 2 ? b : zero, 200, 3, &log_z, &error);
    ck_assert(error > 0 && error < 0.1);
    ck_assert_double_eq_tol(log_z, exact_log_partition(&r, &work), 4 * error);
    gnl_rbm_work_free(ctx, &work);
}
END_TEST

/* Long chains visit states with their probabilities: the mean of each unit agrees with the enumeration. */
START_TEST(chains_have_the_distribution_of_the_machine)
{
    enum { CHAINS = 4000 };
    const gnl_rbm r = machine(0.8);
    gnl_rbm_work work;
    double expected[VISIBLE] = {0}, found[VISIBLE] = {0};
    ck_assert_int_eq(gnl_rbm_work_new(ctx, &r, CHAINS, &work), GENLAT_OK);
    const double log_z = exact_log_partition(&r, &work);
    for (int state = 0; state < 1 << VISIBLE; state++) {
        gnl_real v[VISIBLE];
        for (int i = 0; i < VISIBLE; i++)
            v[i] = (gnl_real)(state >> i & 1);
        gnl_rbm_energy(&r, &work, 1, v);
        for (int i = 0; i < VISIBLE; i++)
            expected[i] += (double)v[i] * exp(-work.energy[0] - log_z);
    }
    for (int i = 0; i < CHAINS; i++)
        work.rng[i] = gnl_rng_make(4, GNL_STREAM_USER, (uint64_t)i);
    gnl_rbm_walk(&r, &work, CHAINS, 50);
    for (int i = 0; i < CHAINS * VISIBLE; i++)
        found[i % VISIBLE] += (double)work.v[i] / CHAINS;
    for (int i = 0; i < VISIBLE; i++)
        ck_assert_double_eq_tol(found[i], expected[i], 4 * 0.5 / sqrt(CHAINS));
    gnl_rbm_work_free(ctx, &work);
}
END_TEST

static double total_energy(const gnl_rbm *r, gnl_rbm_work *work, int64_t rows, const gnl_real *v)
{
    double sum = 0;
    gnl_rbm_energy(r, work, rows, v);
    for (int64_t i = 0; i < rows; i++)
        sum += work->energy[i];
    return sum;
}

/* The difference of free energies of data and chains, which contrastive divergence descends, against central
 * differences. */
START_TEST(the_gradient_is_that_of_the_free_energies)
{
    enum { N = 5 };
    const double step = sizeof(gnl_real) == sizeof(double) ? 1e-5 : 1e-2;
    const double tolerance = sizeof(gnl_real) == sizeof(double) ? 1e-8 : 1e-3;
    const gnl_rbm r = machine(0.7);
    gnl_real data[N * VISIBLE], chain[N * VISIBLE], dw[UNITS] = {0}, db[VISIBLE] = {0}, dc[HIDDEN] = {0};
    const gnl_rbm grad = {VISIBLE, HIDDEN, dw, db, dc};
    gnl_rbm_work work;
    gnl_rng rng = gnl_rng_make(8, GNL_STREAM_USER, 0);
    gnl_rng_fill_uniform(&rng, data, N * VISIBLE, 0, 1);
    gnl_rng_fill_uniform(&rng, chain, N * VISIBLE, 0, 1);
    ck_assert_int_eq(gnl_rbm_work_new(ctx, &r, N, &work), GENLAT_OK);
    gnl_rbm_gradient(&r, &work, N, data, 1.0 / N, &grad);
    gnl_rbm_gradient(&r, &work, N, chain, -1.0 / N, &grad);
    struct {
        gnl_real *value, *slope;
        int count;
    } parts[] = {{w, dw, UNITS}, {b, db, VISIBLE}, {c, dc, HIDDEN}};
    for (size_t p = 0; p < GNL_COUNT(parts); p++)
        for (int i = 0; i < parts[p].count; i++) {
            const gnl_real kept = parts[p].value[i];
            double difference = 0;
            for (int side = -1; side <= 1; side += 2) {
                parts[p].value[i] = kept + (gnl_real)(side * step);
                difference +=
                    side * (total_energy(&r, &work, N, data) - total_energy(&r, &work, N, chain)) / N / (2 * step);
            }
            parts[p].value[i] = kept;
            ck_assert_double_eq_tol((double)parts[p].slope[i], difference, tolerance);
        }
    gnl_rbm_work_free(ctx, &work);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("density");
    TCase *tests = tcase_create("density");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, eigenvectors_diagonalize, 0, 2 * MOST);
    tcase_add_test(tests, inverse_factors_turn_a_matrix_into_the_identity);
    tcase_add_loop_test(tests, fits_do_not_depend_on_threads, 0, 2);
    tcase_add_test(tests, samples_have_the_moments_of_the_mixture);
    tcase_add_test(tests, the_best_start_is_kept);
    tcase_add_test(tests, sums_keep_small_numbers);
    tcase_add_test(tests, degenerate_samples_keep_the_floor);
    tcase_add_test(tests, the_free_energy_sums_over_hidden_states);
    tcase_add_loop_test(tests, annealing_estimates_the_partition_function, 0, 4);
    tcase_add_test(tests, chains_have_the_distribution_of_the_machine);
    tcase_add_test(tests, the_gradient_is_that_of_the_free_energies);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
