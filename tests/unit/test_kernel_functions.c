/* SPDX-License-Identifier: MIT */
/* Elementwise kernels against the C library in double, and results that do not depend on threads. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "kernel/kernel.h"

enum { MOST = 4099 };

/* ---- against the C library in double ------------------------------------------------------------------- */

static double d_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double d_silu(double x)
{
    return x * d_sigmoid(x);
}

static double d_gelu(double x)
{
    return 0.5 * x * erfc(-x * sqrt(0.5));
}

static double d_softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double d_elu(double x)
{
    return x < 0 ? expm1(x) : x;
}

static double d_selu(double x)
{
    return 1.0507009873554804934 * (x < 0 ? 1.6732632423543772848 * expm1(x) : x);
}

typedef struct function {
    const char *name;
    int act; /* -1: exp */
    double (*expected)(double);
    double low, high, relative;
} function;

static const function functions[] = {
    {"exp", -1, exp, -87, 88.7, 2e-7},
    {"tanh", GNL_ACT_TANH, tanh, -20, 20, 4e-7},
    {"sigmoid", GNL_ACT_SIGMOID, d_sigmoid, -80, 80, 4e-7},
    {"silu", GNL_ACT_SILU, d_silu, -80, 80, 4e-7},
    {"softplus", GNL_ACT_SOFTPLUS, d_softplus, -80, 80, 4e-7},
    {"gelu", GNL_ACT_GELU, d_gelu, -5, 12, 2e-6},
    {"elu", GNL_ACT_ELU, d_elu, -30, 30, 4e-7},
    {"selu", GNL_ACT_SELU, d_selu, -30, 30, 4e-7},
};

/* Evenly spaced arguments, then ever smaller ones, for which the relative error is largest. */
static gnl_real argument(const function *f, int i)
{
    if (i % 2)
        return (gnl_real)(f->low + (f->high - f->low) * i / MOST);
    return (gnl_real)((i % 4 ? -1 : 1) * ldexp(1 + (double)i / MOST, -i % 61));
}

START_TEST(functions_are_accurate)
{
    static gnl_real x[MOST], y[MOST];
    const function *f = &functions[_i];
    for (int i = 0; i < MOST; i++)
        x[i] = argument(f, i);
    for (uint32_t cpu = GENLAT_CPU_BASELINE; cpu <= GENLAT_CPU_NEON; cpu++) {
        const gnl_kernels *k = cpu <= gnl_cpu_detect() ? gnl_kernels_for(cpu) : NULL;
        if (!k)
            continue;
        if (f->act < 0)
            k->exp(MOST, x, y);
        else
            k->act[f->act](MOST, 1, x, y);
        for (int i = 0; i < MOST; i++) {
            double expected = f->expected((double)x[i]);
            if (!(fabs((double)y[i] - expected) <= f->relative * fabs(expected) + 1e-44))
                ck_abort_msg("%s(%.9g) of set %u is %.9g, expected %.9g", f->name, (double)x[i], cpu, (double)y[i],
                             expected);
        }
    }
}
END_TEST

/* kernel.h promises that in-place calls do not read the other array. */
START_TEST(backward_reads_only_x_or_y)
{
    const bool reads_x[GNL_ACT_COUNT] = {[GNL_ACT_SILU] = true, [GNL_ACT_GELU] = true, [GNL_ACT_SOFTPLUS] = true};
    gnl_real good[70], bad[70], dx[70];
    for (int i = 0; i < 70; i++) {
        good[i] = (gnl_real)(i - 35) / 40;
        bad[i] = (gnl_real)NAN;
    }
    for (uint32_t cpu = GENLAT_CPU_BASELINE; cpu <= GENLAT_CPU_NEON; cpu++) {
        const gnl_kernels *k = cpu <= gnl_cpu_detect() ? gnl_kernels_for(cpu) : NULL;
        if (!k)
            continue;
        k->act_backward[_i](70, (gnl_real)0.3, reads_x[_i] ? good : bad, reads_x[_i] ? bad : good, good, dx);
        for (int i = 0; i < 70; i++)
            ck_assert_msg(!isnan((double)dx[i]), "activation %d of set %u reads the other array", _i, cpu);
    }
}
END_TEST

/* Fills equal those of the generator, for any instruction set and number of threads. */
START_TEST(fills_match_the_generator)
{
    enum { N = 3 * GNL_CHUNK + 7 };
    static gnl_real expected[N], found[N];
    for (int64_t threads = 1; threads <= 3; threads++) {
        genlat_ctx_opts opts;
        genlat_ctx_opts_init(&opts);
        opts.threads = threads;
        genlat_ctx *ctx = NULL;
        ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
        gnl_compute c = {.ctx = ctx, .k = gnl_kernels_of(ctx)};
        gnl_rng a = gnl_rng_make(5, GNL_STREAM_NOISE, 1), b = a;
        gnl_rng_fill_uniform(&a, expected, N, -1, 2);
        gnl_fill_uniform(&c, &b, N, -1, 2, found);
        ck_assert_mem_eq(expected, found, sizeof expected);
        gnl_rng_fill_normal(&a, expected, N);
        gnl_fill_normal(&c, &b, N, found);
        ck_assert_uint_eq(a.counter, b.counter);
        double worst = 0;
        for (int i = 0; i < N; i++)
            worst = isnan((double)found[i]) ? INFINITY : fmax(worst, fabs((double)expected[i] - (double)found[i]));
        ck_assert_double_le(worst, 4e-6);
        genlat_ctx_destroy(&ctx);
    }
}
END_TEST

/* Adding the bias, its gradient and clearing, with threads and without. */
static void check_bias(int threads, int64_t rows, int64_t channels, int64_t plane)
{
    enum { NUMBERS = 3 * GNL_CHUNK };
    static gnl_real x[NUMBERS], y[NUMBERS], bias[64], expected[64], found[64];
    int64_t n = rows * channels * plane;
    ck_assert_int_le(n, NUMBERS);
    gnl_rng rng = gnl_rng_make(7, GNL_STREAM_USER, 0);
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    genlat_ctx *ctx = NULL;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    gnl_compute c = {.ctx = ctx, .k = gnl_kernels_of(ctx)};
    gnl_rng_fill_normal(&rng, x, n);
    gnl_rng_fill_normal(&rng, bias, channels);
    memcpy(y, x, (size_t)n * sizeof *y);
    memcpy(expected, bias, sizeof expected);
    memcpy(found, bias, sizeof found);
    c.k->sum_bias(rows, channels, plane, x, expected);
    gnl_sum_bias(&c, rows, channels, plane, x, found);
    ck_assert_mem_eq(found, expected, (size_t)channels * sizeof *found);
    c.k->add_bias(rows, channels, plane, bias, x);
    gnl_add_bias(&c, rows, channels, plane, bias, y);
    ck_assert_mem_eq(y, x, (size_t)n * sizeof *y);
    ck_assert(y[0] != 0);
    gnl_zero(ctx, n, y);
    ck_assert(y[0] == 0 && c.k->dot(n, y, y) == 0);
    genlat_ctx_destroy(&ctx);
}

START_TEST(bias_and_clearing_do_not_depend_on_threads)
{
    for (int threads = 1; threads <= 3; threads++) {
        check_bias(threads, 40, 33, 1);
        check_bias(threads, 37, 13, 98);
        check_bias(threads, 1, 3, GNL_CHUNK);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel functions");
    TCase *tests = tcase_create("kernels");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, functions_are_accurate, 0, (int)GNL_COUNT(functions));
    tcase_add_loop_test(tests, backward_reads_only_x_or_y, GNL_ACT_SMOOTH, GNL_ACT_COUNT);
    tcase_add_test(tests, fills_match_the_generator);
    tcase_add_test(tests, bias_and_clearing_do_not_depend_on_threads);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
