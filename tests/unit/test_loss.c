/* SPDX-License-Identifier: MIT */
/* Losses: probabilities that sum to one, draws with the expected mean, orders of logits, threads. */
#include <check.h>
#include <stdlib.h>
#include <tgmath.h>

#include "support/loss_unit.h"

/* ---- probabilities --------------------------------------------------------------------------- */

/* All levels of one element, one per row of a batch. */
static double total_probability(const char *spec, int levels, int parts, double low, double high, const gnl_real *out)
{
    genlat_loss *loss = loss_of(ctx, spec);
    gnl_real outputs[256 * 8], target[256];
    double nll[256], total = 0;
    for (int i = 0; i < levels; i++) {
        memcpy(outputs + i * parts, out, (size_t)parts * sizeof *out);
        target[i] = (gnl_real)(low + (high - low) * i / (levels - 1));
    }
    gnl_loss_eval(loss, &(gnl_loss_call){.compute = compute(ctx),
                                         .rows = levels,
                                         .dims = 1,
                                         .parts = parts,
                                         .out = outputs,
                                         .target = target,
                                         .scale = 1,
                                         .nll = nll});
    for (int i = 0; i < levels; i++)
        total += exp(-nll[i]);
    genlat_loss_destroy(&loss);
    return total;
}

START_TEST(probabilities_of_all_levels_sum_to_one)
{
    static const gnl_real out[][5] = {{(gnl_real)0.4, (gnl_real)-2.5}, {(gnl_real)0.99, (gnl_real)-6}, {-3, 1}};
    for (size_t i = 0; i < GNL_COUNT(out); i++) {
        ck_assert_double_eq_tol(total_probability("discretized_logistic", 256, 2, 0, 1, out[i]), 1, 1e-6);
        ck_assert_double_eq_tol(total_probability("discretized_logistic range=symmetric", 256, 2, -1, 1, out[i]), 1,
                                1e-6);
        ck_assert_double_eq_tol(total_probability("logistic_mixture components=1", 256, 3, 0, 1, out[i]), 1, 1e-6);
        ck_assert_double_eq_tol(total_probability("beta_binomial", 256, 2, 0, 1, out[i]), 1, 1e-6);
        ck_assert_double_eq_tol(total_probability("categorical classes=5", 5, 5, 0, 4, out[i]), 1, 1e-6);
        ck_assert_double_eq_tol(total_probability("bernoulli", 2, 1, 0, 1, out[i]), 1, 1e-6);
    }
}
END_TEST

/* Outputs of a diverging net lead to finite losses. */
START_TEST(extreme_outputs_stay_finite)
{
    static const char *const specs[] = {"student_t",
                                        "bernoulli",
                                        "gaussian sd=output",
                                        "categorical classes=2",
                                        "beta_binomial",
                                        "discretized_logistic",
                                        "logistic_mixture components=2"};
    static const gnl_real extreme[] = {-500, -80, 0, 80, 500};
    for (size_t s = 0; s < GNL_COUNT(specs); s++) {
        genlat_loss *loss = loss_of(ctx, specs[s]);
        int64_t parts = gnl_loss_parts(loss);
        for (size_t i = 0; i < GNL_COUNT(extreme) * GNL_COUNT(extreme); i++) {
            gnl_real out[6], target = i & 1, dout[6] = {0};
            double nll = NAN;
            for (size_t p = 0; p < GNL_COUNT(out); p++)
                out[p] = extreme[p & 1 ? i / 5 : i % 5];
            gnl_loss_eval(loss, &(gnl_loss_call){.compute = compute(ctx),
                                                 .rows = 1,
                                                 .dims = 1,
                                                 .parts = parts,
                                                 .out = out,
                                                 .target = &target,
                                                 .scale = 1,
                                                 .nll = &nll,
                                                 .dout = dout});
            for (size_t p = 0; p < GNL_COUNT(dout); p++)
                ck_assert_msg(isfinite(nll) && isfinite(dout[p]), "%s at %g, %g: %g, %g", specs[s], (double)out[0],
                              (double)out[1], nll, (double)dout[p]);
        }
        genlat_loss_destroy(&loss);
    }
}
END_TEST

/* With logits in planes, of two elements, and contiguous. */
START_TEST(labels_out_of_range_give_nan_and_zero_gradient)
{
    static const gnl_real labels[] = {3, -1, -1e9f, (gnl_real)0.5, 1e9f, INFINITY, NAN};
    const int64_t dims = _i ? 1 : 2;
    genlat_loss *loss = loss_of(ctx, "categorical classes=3");
    for (size_t i = 0; i < GNL_COUNT(labels); i++) {
        gnl_real out[6] = {1, 2, 3, 4, 5, 6}, target[2] = {labels[i], labels[i]}, dout[6] = {9, 9, 9, 9, 9, 9};
        double nll = 0;
        gnl_loss_eval(loss, &(gnl_loss_call){.compute = compute(ctx),
                                             .rows = 1,
                                             .dims = dims,
                                             .parts = 3,
                                             .out = out,
                                             .target = target,
                                             .scale = 1,
                                             .nll = &nll,
                                             .dout = dout});
        ck_assert_msg(isnan(nll), "label %g has the loss %g", (double)labels[i], nll);
        for (int64_t k = 0; k < 3 * dims; k++)
            ck_assert_double_eq((double)dout[k], 0);
    }
    genlat_loss_destroy(&loss);
}
END_TEST

/* Beyond +-14 the logarithms of alpha and beta are clamped, so that the loss does not depend on them. */
START_TEST(clamped_outputs_have_no_gradient)
{
    genlat_loss *loss = loss_of(ctx, "beta_binomial levels=5");
    for (int i = 0; i < 4; i++) {
        gnl_real out[2] = {1, -1}, target = (gnl_real)0.25, dout[2] = {9, 9};
        double nll = 0;
        out[i % 2] = i < 2 ? 15 : -15;
        gnl_loss_eval(loss, &(gnl_loss_call){.compute = compute(ctx),
                                             .rows = 1,
                                             .dims = 1,
                                             .parts = 2,
                                             .out = out,
                                             .target = &target,
                                             .scale = 1,
                                             .nll = &nll,
                                             .dout = dout});
        ck_assert_double_eq((double)dout[i % 2], 0);
        ck_assert_double_ne((double)dout[1 - i % 2], 0);
    }
    genlat_loss_destroy(&loss);
}
END_TEST

/* ---- draws ----------------------------------------------------------------------------------- */

enum { DRAWS = 40000 };

/* Means and mean squares of many draws of one element. */
static void moments_of_draws(const char *spec, int parts, const gnl_real *out, double *mean, double *square)
{
    genlat_loss *loss = loss_of(ctx, spec);
    gnl_real *outputs = gnl_alloc(ctx, DRAWS * (size_t)parts, sizeof *outputs);
    gnl_real *data = gnl_alloc(ctx, DRAWS, sizeof *data);
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_SAMPLE, 0);
    ck_assert(outputs && data);
    for (int i = 0; i < DRAWS * parts; i++)
        outputs[i] = out[i % parts];
    gnl_loss_decode_sample(loss, &(gnl_loss_decode){compute(ctx), DRAWS, 1, parts, outputs, data, &rng});
    ck_assert_uint_eq(rng.counter, DRAWS);
    *mean = gnl_kernels_of(ctx)->sum(DRAWS, data) / DRAWS;
    *square = gnl_kernels_of(ctx)->dot(DRAWS, data, data) / DRAWS;
    gnl_free(ctx, outputs);
    gnl_free(ctx, data);
    genlat_loss_destroy(&loss);
}

static void expect_moments(const char *spec, int parts, double a, double b, double mean, double sd)
{
    gnl_real out[2] = {(gnl_real)a, (gnl_real)b};
    double found = 0, square = 0, error = 5 * sd / sqrt(DRAWS);
    moments_of_draws(spec, parts, out, &found, &square);
    ck_assert_msg(fabs(found - mean) <= error, "%s: mean %g, expected %g", spec, found, mean);
    ck_assert_msg(fabs(sqrt(square - found * found) - sd) <= 0.03 * sd, "%s: sd %g, expected %g", spec,
                  sqrt(square - found * found), sd);
}

/* The standard deviation of Student's t is s sqrt(n / (n - 2)); here n is about 10. */
static void draws_of_student(void)
{
    static const gnl_real out[] = {2, -1, 7};
    const double n = 3 + log1p(exp(7.0)), sd = (1e-3 + log1p(exp(-1.0))) * sqrt(n / (n - 2));
    double mean = 0, square = 0;
    moments_of_draws("student_t", 3, out, &mean, &square);
    ck_assert_msg(fabs(mean - 2) <= 5 * sd / sqrt(DRAWS), "mean %g", mean);
    ck_assert_msg(fabs(sqrt(square - mean * mean) / sd - 1) <= 0.03, "sd %g, not %g", sqrt(square - mean * mean), sd);
}

START_TEST(draws_have_the_expected_moments)
{
    double p = 1 / (1 + exp(-0.5)), alpha = exp(1.0), beta = exp(0.5), n = 255, sum = alpha + beta;
    expect_moments("bernoulli", 1, 0.5, 0, p, sqrt(p * (1 - p)));
    expect_moments("gaussian value=0.5", 1, 2, 0, 2, 0.5);
    expect_moments("gaussian sd=output", 2, 2, -1, 2, exp(-1.0));
    expect_moments("laplace value=0.5", 1, 2, 0, 2, 0.5 * sqrt(2.0));
    expect_moments("categorical classes=2", 2, 0, 0.5, p, sqrt(p * (1 - p)));
    draws_of_student();
    expect_moments("discretized_logistic", 2, 0.5, -4, 0.5, exp(-7 + log1p(exp(3.0))) * M_PI / sqrt(3.0));
    expect_moments("beta_binomial", 2, 1, 0.5, alpha / sum,
                   sqrt(alpha * beta * (sum + n) / (n * sum * sum * (sum + 1))));
}
END_TEST

/* A fair choice of 0.25 and 0.75 with scales that round to nothing: mean 0.5, standard deviation near 0.25. */
START_TEST(draws_of_a_mixture_have_the_expected_moments)
{
    static const gnl_real out[] = {1, 1, (gnl_real)0.25, (gnl_real)0.75, -50, -50};
    double mean = 0, square = 0;
    moments_of_draws("logistic_mixture components=2 min_log_scale=-10", 6, out, &mean, &square);
    ck_assert_msg(fabs(mean - 0.5) <= 5 * 0.25 / sqrt(DRAWS), "mean %g", mean);
    ck_assert_msg(fabs(sqrt(square - mean * mean) - 0.25) <= 0.003, "sd %g", sqrt(square - mean * mean));
}
END_TEST

/* The same two logistics at every element, once as one component and once as two equal ones. */
START_TEST(equal_components_are_one)
{
    static const gnl_real one[] = {(gnl_real)0.3, -3},
                          two[] = {(gnl_real)0.7, (gnl_real)0.7, (gnl_real)0.3, (gnl_real)0.3, -3, -3};
    for (int i = 0; i < 256; i++) {
        const gnl_real target = (gnl_real)(i / 255.0);
        double a = 0, b = 0;
        genlat_loss *plain = loss_of(ctx, "discretized_logistic"),
                    *mixed = loss_of(ctx, "logistic_mixture components=2");
        gnl_loss_call call = {compute(ctx), 1, 1, 2, one, &target, 1, NULL, &a, NULL, false, 0};
        gnl_loss_eval(plain, &call);
        call.parts = 6;
        call.out = two;
        call.nll = &b;
        gnl_loss_eval(mixed, &call);
        ck_assert_double_eq_tol(a, b, 1e-12 + 1e-12 * a);
        genlat_loss_destroy(&plain);
        genlat_loss_destroy(&mixed);
    }
}
END_TEST

START_TEST(means_match_the_distribution)
{
    static const struct {
        const char *spec;
        int parts;
        gnl_real out[6];
        double mean;
    } cases[] = {
        {"bernoulli", 1, {0}, 0.5},
        {"gaussian", 1, {3}, 3},
        {"laplace", 1, {3}, 3},
        {"mse", 1, {3}, 3},
        {"student_t", 3, {3, 1, 1}, 3},
        {"categorical classes=3", 3, {1, 4, 2}, 1},
        {"discretized_logistic", 2, {2, 0}, 1},
        {"beta_binomial", 2, {0, 0}, 0.5},
        {"cross_entropy", 3, {1, 2, 4}, 2},
        {"logistic_mixture components=2", 6, {0, 0, 3, (gnl_real)0.5, 0, 0}, 0.75},
    };
    for (size_t i = 0; i < GNL_COUNT(cases); i++) {
        genlat_loss *loss = loss_of(ctx, cases[i].spec);
        gnl_real data = -1;
        gnl_loss_decode_mean(loss, &(gnl_loss_decode){compute(ctx), 1, 1, cases[i].parts, cases[i].out, &data, NULL});
        ck_assert_msg(fabs((double)data - cases[i].mean) < 1e-6, "%s: %g", cases[i].spec, (double)data);
        genlat_loss_destroy(&loss);
    }
}
END_TEST

/* ---- orders of logits ------------------------------------------------------------------------ */

enum { WORDS = 2500, PLACES = 3, LOGITS = WORDS * PLACES };

/* Evaluates one sample; returns the negative log-likelihood. */
static double eval_words(const char *spec, const gnl_real *out, const gnl_real *target, gnl_real *dout, gnl_real *mean)
{
    genlat_loss *loss = loss_of(ctx, spec);
    double nll = 0;
    gnl_loss_eval(loss, &(gnl_loss_call){compute(ctx), 1, PLACES, WORDS, out, target, 1, NULL, &nll, dout, true, 1});
    gnl_loss_decode_mean(loss, &(gnl_loss_decode){compute(ctx), 1, PLACES, WORDS, out, mean, NULL});
    genlat_loss_destroy(&loss);
    return nll;
}

START_TEST(both_orders_of_logits_give_the_same_loss)
{
    static gnl_real planes[LOGITS], together[LOGITS], slope[LOGITS], other[LOGITS];
    const gnl_real target[PLACES] = {0, 1023, WORDS - 1};
    gnl_real mean[PLACES], same[PLACES];
    gnl_rng rng = gnl_rng_make(3, GNL_STREAM_USER, 0);
    gnl_rng_fill_normal(&rng, planes, LOGITS);
    for (int i = 0; i < LOGITS; i++)
        together[i % PLACES * WORDS + i / PLACES] = planes[i];
    double nll = eval_words("categorical classes=2500", planes, target, slope, mean);
    ck_assert_double_eq_tol(eval_words("categorical classes=2500 last=yes", together, target, other, same), nll, 1e-4);
    for (int i = 0; i < LOGITS; i++)
        ck_assert_double_eq_tol((double)other[i % PLACES * WORDS + i / PLACES], (double)slope[i], 1e-6);
    ck_assert_mem_eq(mean, same, sizeof mean);
    ck_assert(mean[0] != mean[1]);
    together[WORDS + 7] = (gnl_real)INFINITY;
    ck_assert_double_nan(eval_words("categorical classes=2500 last=yes", together, target, other, same));
    together[WORDS + 7] = (gnl_real)NAN;
    ck_assert_double_nan(eval_words("categorical classes=2500 last=yes", together, target, other, same));
}
END_TEST

START_TEST(planes_are_refused_for_interleaved_logits)
{
    genlat_loss *loss = loss_of(ctx, "categorical classes=4 last=yes");
    genlat_tensor *planes = NULL, *together = NULL, *target = NULL;
    double value = 0;
    ck_assert_int_eq(genlat_tensor_new(ctx, 3, (int64_t[]){2, 4, 3}, &planes), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 3, (int64_t[]){2, 3, 4}, &together), GENLAT_OK);
    ck_assert_int_eq(genlat_tensor_new(ctx, 2, (int64_t[]){2, 3}, &target), GENLAT_OK);
    ck_assert_int_eq(genlat_loss_eval(loss, planes, target, &value, NULL), GENLAT_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "[...,4]"));
    ck_assert_int_eq(genlat_loss_eval(loss, together, target, &value, NULL), GENLAT_OK);
    genlat_tensor_destroy(&planes);
    genlat_tensor_destroy(&together);
    genlat_tensor_destroy(&target);
    genlat_loss_destroy(&loss);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

enum { ROWS = 37, DIMS = 301, MOST_PARTS = 6 };

typedef struct result {
    double nll[ROWS];
    gnl_real dout[ROWS * DIMS * MOST_PARTS], data[ROWS * DIMS];
} result;

static void run_all(genlat_ctx *where, const char *spec, result *r)
{
    static gnl_real out[ROWS * DIMS * MOST_PARTS], target[ROWS * DIMS];
    genlat_loss *loss = loss_of(where, spec);
    int64_t parts = gnl_loss_parts(loss);
    gnl_rng rng = gnl_rng_make(5, GNL_STREAM_USER, 0);
    gnl_rng_fill_normal(&rng, out, ROWS * DIMS * parts);
    gnl_rng_fill_uniform(&rng, target, ROWS * DIMS, 0, 1);
    *r = (result){.nll = {0}};
    gnl_loss_eval(loss, &(gnl_loss_call){.compute = compute(where),
                                         .rows = ROWS,
                                         .dims = DIMS,
                                         .parts = parts,
                                         .out = out,
                                         .target = target,
                                         .scale = 0.1,
                                         .nll = r->nll,
                                         .dout = r->dout,
                                         .training = true});
    gnl_loss_decode_sample(loss, &(gnl_loss_decode){compute(where), ROWS, DIMS, parts, out, r->data, &rng});
    genlat_loss_destroy(&loss);
}

START_TEST(bits_do_not_depend_on_threads)
{
    static const char *const specs[] = {"bernoulli",
                                        "student_t",
                                        "gaussian sd=optimal",
                                        "gaussian sd=output",
                                        "laplace scale=learned",
                                        "discretized_logistic",
                                        "beta_binomial",
                                        "logistic_mixture components=2"};
    static result one, three;
    run_all(ctx, specs[_i], &one);
    run_all(threaded, specs[_i], &three);
    ck_assert_mem_eq(&one, &three, sizeof one);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss");
    TCase *tests = tcase_create("losses");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, loss_begin, loss_end);
    tcase_add_test(tests, probabilities_of_all_levels_sum_to_one);
    tcase_add_test(tests, extreme_outputs_stay_finite);
    tcase_add_loop_test(tests, labels_out_of_range_give_nan_and_zero_gradient, 0, 2);
    tcase_add_test(tests, clamped_outputs_have_no_gradient);
    tcase_add_test(tests, draws_have_the_expected_moments);
    tcase_add_test(tests, both_orders_of_logits_give_the_same_loss);
    tcase_add_test(tests, planes_are_refused_for_interleaved_logits);
    tcase_add_test(tests, draws_of_a_mixture_have_the_expected_moments);
    tcase_add_test(tests, equal_components_are_one);
    tcase_add_test(tests, means_match_the_distribution);
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, 7);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
