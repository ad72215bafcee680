/* SPDX-License-Identifier: MIT */
/*
 * Matrix products against a sum in double: each instruction set and CBLAS, all transposes, odd sizes, leading
 * dimensions larger than the rows; the same bits on any number of threads.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "kernel/kernel.h"

typedef struct shape {
    int64_t m, n, k;
} shape;

/* Edges of tiles, strips, panels, blocks and vectors of every instruction set, and the sizes that layers use. */
static const shape shapes[] = {
    {1, 1, 1},     {2, 3, 5},     {1, 17, 33},   {3, 1, 64},    {5, 4, 100},   {4, 5, 7},      {7, 31, 16},
    {6, 16, 8},    {12, 32, 12},  {13, 33, 40},  {14, 48, 31},  {15, 47, 32},  {16, 15, 511},  {17, 64, 513},
    {29, 65, 70},  {43, 97, 3},   {44, 288, 20}, {57, 289, 65}, {64, 130, 1},  {90, 20, 400},  {128, 1, 130},
    {1, 300, 200}, {8, 200, 300}, {20, 600, 64}, {100, 3, 50},  {150, 40, 40}, {33, 34, 1030},
};

enum { MOST = 400 * 1100, PAD = 3 };

static gnl_real a[MOST], b[MOST], start[MOST], out[MOST], second[MOST];

static void fill_random(gnl_real *x)
{
    static uint64_t substream;
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, substream++);
    gnl_rng_fill_uniform(&rng, x, MOST, -1, 1);
}

/* Rounds to the nearest bfloat16, ties to even; independent of the implementation in the library. */
static float nearest_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

static void setup(void)
{
    fill_random(a);
    fill_random(b);
    fill_random(start);
}

/* The factors that a product uses, rounded. */
static void round_factors(void)
{
    for (int i = 0; i < MOST; i++) {
        a[i] = nearest_bf16(a[i]);
        b[i] = nearest_bf16(b[i]);
    }
}

static genlat_ctx *context(int64_t threads, uint32_t cpu, uint32_t gemm)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    opts.cpu = cpu;
    opts.gemm = gemm;
    genlat_ctx *ctx = NULL;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    return ctx;
}

static gnl_compute compute_new(genlat_ctx *ctx)
{
    gnl_compute c = {.ctx = ctx, .k = gnl_kernels_of(ctx)};
    c.space = gnl_alloc(ctx, gnl_gemm_space(ctx), sizeof *c.space);
    ck_assert_ptr_nonnull(c.space);
    return c;
}

typedef struct problem {
    shape z;
    bool trans_a, trans_b;
    gnl_real alpha, beta;
    int64_t lda, ldb, ldc;
} problem;

static problem problem_of(shape z, int transposes, gnl_real alpha, gnl_real beta, int64_t pad)
{
    problem p = {.z = z, .trans_a = transposes & 1, .trans_b = transposes & 2, .alpha = alpha, .beta = beta};
    p.lda = (p.trans_a ? z.m : z.k) + pad;
    p.ldb = (p.trans_b ? z.k : z.n) + pad;
    p.ldc = z.n + pad;
    return p;
}

static void run(const gnl_compute *c, const problem *p, gnl_real *to)
{
    memcpy(to, start, sizeof start);
    gnl_gemm(c, p->trans_a, p->trans_b, p->z.m, p->z.n, p->z.k, p->alpha, a, p->lda, b, p->ldb, p->beta, to, p->ldc);
}

/* Returns an element of the product, and in *size the sum of the absolute values of its terms. */
static double expected(const problem *p, int64_t i, int64_t j, double *size)
{
    double sum = 0, absolute = 0;
    for (int64_t q = 0; q < p->z.k; q++) {
        double term = (double)a[p->trans_a ? q * p->lda + i : i * p->lda + q] *
                      (double)b[p->trans_b ? j * p->ldb + q : q * p->ldb + j];
        sum += term;
        absolute += fabs(term);
    }
    double old = p->beta == 0 ? 0 : (double)p->beta * (double)start[i * p->ldc + j];
    *size = fabs((double)p->alpha) * absolute + fabs(old);
    return (double)p->alpha * sum + old;
}

/* Returns the error that is allowed. A CBLAS may sum in any order: k + 2 roundings of at most half a unit in the last
 * place each, of sums that are at most `size`. The built-in kernels sum in many lanes, so that theirs stays near the
 * square root. */
static double tolerance(const problem *p, bool any_order, double size)
{
    double k = (double)p->z.k;
    return any_order ? (k + 2) * 0.5 * FLT_EPSILON * size + FLT_MIN : 1e-6 * (2 + sqrt(k));
}

/* Checks the result, and that memory between the rows is unchanged. Calls Check only for failures, since it stores a
 * record for each assertion. */
static void check_result(const problem *p, const gnl_real *found, const char *who, bool any_order)
{
    for (int64_t i = 0; i < p->z.m; i++)
        for (int64_t j = 0; j < p->ldc; j++) {
            int64_t at = i * p->ldc + j;
            if (j >= p->z.n && found[at] != start[at])
                ck_abort_msg("%s wrote between the rows", who);
            double size = 0, want = j < p->z.n ? expected(p, i, j, &size) : (double)found[at];
            if (!(fabs((double)found[at] - want) <= tolerance(p, any_order, size)))
                ck_abort_msg("%s: %d%d %lldx%lldx%lld at %lld,%lld: %g, expected %g", who, p->trans_a, p->trans_b,
                             (long long)p->z.m, (long long)p->z.n, (long long)p->z.k, (long long)i, (long long)j,
                             (double)found[at], want);
        }
    for (int64_t at = p->z.m * p->ldc; at < GNL_MIN(p->z.m * p->ldc + 100, (int64_t)MOST); at++)
        if (found[at] != start[at])
            ck_abort_msg("%s wrote past the end", who);
}

typedef struct backend {
    const char *name;
    uint32_t cpu, gemm;
} backend;

static const backend backends[] = {
    {"plain C", GENLAT_CPU_BASELINE, GENLAT_GEMM_BUILTIN}, {"AVX2", GENLAT_CPU_AVX2, GENLAT_GEMM_BUILTIN},
    {"AVX-512", GENLAT_CPU_AVX512, GENLAT_GEMM_BUILTIN},   {"NEON", GENLAT_CPU_NEON, GENLAT_GEMM_BUILTIN},
    {"CBLAS", GENLAT_CPU_AUTO, GENLAT_GEMM_CBLAS},         {"the default", GENLAT_CPU_AUTO, GENLAT_GEMM_AUTO},
    {"bfloat16", GENLAT_CPU_AVX512, GENLAT_GEMM_BFLOAT16},
};

static bool machine_has(const backend *be)
{
    uint32_t widest = gnl_cpu_detect(), cpu = be->cpu;
#ifndef GNL_HAVE_CBLAS
    if (be->gemm == GENLAT_GEMM_CBLAS)
        return false;
#endif
    if (be->gemm == GENLAT_GEMM_BFLOAT16 && !gnl_cpu_has_bfloat16())
        return false;
    return cpu <= GENLAT_CPU_BASELINE || (cpu <= widest && (cpu == GENLAT_CPU_NEON) == (widest == GENLAT_CPU_NEON));
}

START_TEST(products_match_the_definition)
{
    const backend *be = &backends[_i];
    if (!machine_has(be))
        return;
    if (be->gemm == GENLAT_GEMM_BFLOAT16)
        round_factors();
    genlat_ctx *ctx = context(1, be->cpu, be->gemm);
    gnl_compute c = compute_new(ctx);
    bool any_order = be->gemm == GENLAT_GEMM_CBLAS || (be->gemm == GENLAT_GEMM_AUTO && c.k->cpu == GENLAT_CPU_BASELINE);
    for (size_t s = 0; s < GNL_COUNT(shapes); s++)
        for (int transposes = 0; transposes < 4; transposes++) {
            problem p = problem_of(shapes[s], transposes, 1, 0, 0);
            run(&c, &p, out);
            check_result(&p, out, be->name, any_order);
            p = problem_of(shapes[s], transposes, (gnl_real)-0.7, (gnl_real)0.6, PAD);
            run(&c, &p, out);
            check_result(&p, out, be->name, any_order);
        }
    gnl_free(ctx, c.space);
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* With beta 0 the old values are not read. With depth 0 the result is beta times the old values. */
START_TEST(beta_zero_and_empty_depth)
{
    const backend *be = &backends[_i];
    if (!machine_has(be))
        return;
    genlat_ctx *ctx = context(1, be->cpu, be->gemm);
    gnl_compute c = compute_new(ctx);
    gnl_real x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {NAN, NAN, NAN, NAN, 7, 7};
    gnl_gemm(&c, false, false, 2, 2, 1, 1, x, 1, x + 2, 2, 0, y, 2);
    ck_assert(y[0] == 3 && y[1] == 4 && y[2] == 6 && y[3] == 8 && y[4] == 7);
    gnl_gemm(&c, false, false, 2, 2, 0, 1, x, 0, x, 2, 2, y, 2);
    ck_assert(y[0] == 6 && y[1] == 8 && y[2] == 12 && y[3] == 16 && y[4] == 7);
    gnl_gemm(&c, false, true, 0, 2, 3, 1, x, 3, x, 3, 0, y, 2);
    gnl_gemm(&c, true, true, 2, 0, 3, 1, x, 2, x, 3, 0, y, 0);
    ck_assert(y[0] == 6 && y[1] == 8);
    y[0] = (gnl_real)NAN;
    gnl_gemm(&c, false, true, 2, 2, 0, 1, x, 0, x, 0, 0, y, 2);
    ck_assert(y[0] == 0 && y[3] == 0);
    gnl_free(ctx, c.space);
    genlat_ctx_destroy(&ctx);
}
END_TEST

static void same_bits(const backend *be, const problem *p)
{
    for (int64_t threads = 1; threads <= 3; threads++) {
        genlat_ctx *ctx = context(threads, be->cpu, be->gemm);
        gnl_compute c = compute_new(ctx);
        run(&c, p, threads == 1 ? out : second);
        if (threads > 1)
            ck_assert_mem_eq(out, second, sizeof out);
        memcpy(second, start, sizeof start);
        gnl_gemm_one(&c, (int)threads - 1, p->trans_a, p->trans_b, p->z.m, p->z.n, p->z.k, p->alpha, a, p->lda, b,
                     p->ldb, p->beta, second, p->ldc);
        ck_assert_mem_eq(out, second, sizeof out);
        gnl_free(ctx, c.space);
        genlat_ctx_destroy(&ctx);
    }
}

/* The division among threads and calls within a task change no bit of the built-in product. */
START_TEST(bits_do_not_depend_on_threads)
{
    const shape large[] = {{128, 400, 784}, {300, 200, 70}, {3, 1000, 400},
                           {400, 1, 1000},  {9, 700, 600},  {1000, 20, 300}};
    const backend *be = &backends[_i];
    if (!machine_has(be) || (be->gemm != GENLAT_GEMM_BUILTIN && be->gemm != GENLAT_GEMM_BFLOAT16))
        return;
    for (size_t s = 0; s < GNL_COUNT(large); s++)
        for (int transposes = 0; transposes < 4; transposes++) {
            problem p = problem_of(large[s], transposes, 1, 1, 0);
            same_bits(be, &p);
        }
}
END_TEST

/* A product with bfloat16 factors has the same bits as one of factors that were rounded beforehand. */
START_TEST(bfloat16_factors_are_rounded_to_nearest)
{
    const backend *be = &backends[GNL_COUNT(backends) - 1];
    if (!machine_has(be))
        return;
    genlat_ctx *ctx = context(1, be->cpu, be->gemm);
    gnl_compute c = compute_new(ctx);
    for (int transposes = 0; transposes < 4; transposes++) {
        setup();
        problem p = problem_of((shape){90, 100, 333}, transposes, 1, 0, 0);
        run(&c, &p, out);
        round_factors();
        run(&c, &p, second);
        ck_assert_mem_eq(out, second, sizeof out);
    }
    gnl_free(ctx, c.space);
    genlat_ctx_destroy(&ctx);
}
END_TEST

#ifndef GNL_HAVE_CBLAS
START_TEST(cblas_is_refused_where_it_is_not_built)
{
    genlat_ctx_opts opts;
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts_init(&opts);
    opts.gemm = GENLAT_GEMM_CBLAS;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "this build has no CBLAS"));
}
END_TEST
#endif

START_TEST(bfloat16_is_refused_where_unsupported)
{
    genlat_ctx_opts opts;
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts_init(&opts);
    opts.gemm = GENLAT_GEMM_BFLOAT16;
    opts.cpu = GENLAT_CPU_BASELINE;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(genlat_last_error(), "AVX512_BF16"));
    opts.cpu = GENLAT_CPU_AUTO;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), gnl_cpu_has_bfloat16() ? GENLAT_OK : GENLAT_E_UNSUPPORTED);
    genlat_ctx_destroy(&ctx);
}
END_TEST

/* In deterministic mode, and in builds without CBLAS, products never use CBLAS, whose order of summation is unknown. */
START_TEST(deterministic_mode_uses_built_in_products)
{
    const shape z = {50, 60, 300};
    problem p = problem_of(z, 2, 1, 0, 0);
    genlat_ctx *built_in = context(1, GENLAT_CPU_BASELINE, GENLAT_GEMM_BUILTIN);
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.cpu = GENLAT_CPU_BASELINE;
    opts.deterministic = 1;
    genlat_ctx *deterministic = NULL;
#ifdef GNL_HAVE_CBLAS
    opts.gemm = GENLAT_GEMM_CBLAS;
#else
    opts.deterministic = 0;
#endif
    ck_assert_int_eq(genlat_ctx_new(&opts, &deterministic), GENLAT_OK);
    gnl_compute c = compute_new(built_in), d = compute_new(deterministic);
    run(&c, &p, out);
    run(&d, &p, second);
    ck_assert_mem_eq(out, second, sizeof out);
    gnl_free(built_in, c.space);
    gnl_free(deterministic, d.space);
    genlat_ctx_destroy(&built_in);
    genlat_ctx_destroy(&deterministic);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gemm");
    TCase *tests = tcase_create("gemm");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, products_match_the_definition, 0, (int)GNL_COUNT(backends));
    tcase_add_loop_test(tests, beta_zero_and_empty_depth, 0, (int)GNL_COUNT(backends));
    tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, (int)GNL_COUNT(backends));
    tcase_add_test(tests, bfloat16_factors_are_rounded_to_nearest);
#ifndef GNL_HAVE_CBLAS
    tcase_add_test(tests, cblas_is_refused_where_it_is_not_built);
#endif
    tcase_add_test(tests, bfloat16_is_refused_where_unsupported);
    tcase_add_test(tests, deterministic_mode_uses_built_in_products);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
