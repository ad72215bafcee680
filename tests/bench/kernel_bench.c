/* SPDX-License-Identifier: MIT */
/*
 * Rates of kernels on this machine: matrix products in GFLOP/s, built-in and CBLAS, and vector kernels in GB/s of
 * accessed memory,
 * each instruction set and plain C. Usage: kernel_bench [threads]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel/kernel.h"

static const double SECONDS = 0.15; /* time per entry; the fastest run counts */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef void work_fn(void *arg);

static double fastest(work_fn *work, void *arg)
{
    double best = 1e30, begin = now();
    for (int runs = 0; runs < 5 || now() - begin < SECONDS; runs++) {
        double start = now();
        work(arg);
        best = GNL_MIN(best, now() - start);
    }
    return best;
}

static genlat_ctx *context(int64_t threads, uint32_t cpu, uint32_t gemm)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    opts.cpu = cpu;
    opts.gemm = gemm;
    genlat_ctx *ctx = NULL;
    if (genlat_ctx_new(&opts, &ctx) != GENLAT_OK) {
        fprintf(stderr, "%s\n", genlat_last_error());
        exit(EXIT_FAILURE);
    }
    return ctx;
}

static gnl_real *numbers(genlat_ctx *ctx, size_t n)
{
    gnl_real *x = gnl_alloc(ctx, n, sizeof *x);
    gnl_rng rng = gnl_rng_make(1, GNL_STREAM_USER, n);
    if (!x)
        exit(EXIT_FAILURE);
    gnl_rng_fill_uniform(&rng, x, (int64_t)n, (gnl_real)0.1, 1);
    return x;
}

/* ---- products ------------------------------------------------------------------------------------------ */

typedef struct product {
    gnl_compute c;
    bool trans_a, trans_b;
    int64_t m, n, k;
    gnl_real *a, *b, *out;
} product;

static void multiply(void *arg)
{
    product *p = arg;
    gnl_gemm(&p->c, p->trans_a, p->trans_b, p->m, p->n, p->k, 1, p->a, p->trans_a ? p->m : p->k, p->b,
             p->trans_b ? p->k : p->n, 0, p->out, p->n);
}

static double product_rate(product p, int64_t threads, uint32_t cpu, uint32_t gemm)
{
#ifndef GNL_HAVE_CBLAS
    if (gemm == GENLAT_GEMM_CBLAS)
        return 0;
#endif
    genlat_ctx *ctx = context(threads, cpu, gemm);
    p.c = (gnl_compute){ctx, gnl_kernels_of(ctx), numbers(ctx, gnl_gemm_space(ctx))};
    p.a = numbers(ctx, (size_t)(p.m * p.k));
    p.b = numbers(ctx, (size_t)(p.k * p.n));
    p.out = numbers(ctx, (size_t)(p.m * p.n));
    double rate = 2e-9 * (double)p.m * (double)p.n * (double)p.k / fastest(multiply, &p);
    gnl_free(ctx, p.a);
    gnl_free(ctx, p.b);
    gnl_free(ctx, p.out);
    gnl_free(ctx, p.c.space);
    genlat_ctx_destroy(&ctx);
    return rate;
}

/* Dense layers: forward, input gradient and weight gradient; convolutions; single samples; thin matrices. */
static const product products[] = {
    {.trans_b = true, .m = 128, .n = 400, .k = 784},
    {.m = 128, .n = 784, .k = 400},
    {.trans_a = true, .m = 400, .n = 784, .k = 128},
    {.trans_b = true, .m = 128, .n = 784, .k = 400},
    {.trans_b = true, .m = 128, .n = 256, .k = 512},
    {.trans_a = true, .m = 512, .n = 784, .k = 128},
    {.trans_b = true, .m = 128, .n = 40, .k = 400},
    {.trans_b = true, .m = 128, .n = 400, .k = 20},
    {.trans_a = true, .m = 20, .n = 400, .k = 128},
    {.m = 128, .n = 20, .k = 400},
    {.m = 64, .n = 256, .k = 512},
    {.m = 128, .n = 64, .k = 1024},
    {.trans_a = true, .m = 512, .n = 256, .k = 64},
    {.trans_b = true, .m = 64, .n = 512, .k = 256},
    {.m = 64, .n = 1568, .k = 512},
    {.trans_b = true, .m = 25088, .n = 64, .k = 512},
    {.trans_b = true, .m = 1, .n = 784, .k = 400},
    {.m = 1, .n = 784, .k = 400},
    {.trans_b = true, .m = 4, .n = 784, .k = 400},
    {.trans_b = true, .m = 8, .n = 784, .k = 400},
    {.trans_b = true, .m = 16, .n = 784, .k = 400},
    {.trans_b = true, .m = 24, .n = 784, .k = 400},
    {.trans_b = true, .m = 32, .n = 784, .k = 400},
    {.m = 8, .n = 784, .k = 400},
    {.trans_b = true, .m = 128, .n = 1, .k = 512},
    {.m = 1024, .n = 1024, .k = 1024},
    {.trans_b = true, .m = 1024, .n = 1024, .k = 1024},
};

static void bench_products(int64_t threads)
{
    printf("GFLOP/s, %lld threads      m     n     k   plain    avx2  widest   cblas    bf16\n", (long long)threads);
    for (size_t i = 0; i < GNL_COUNT(products); i++) {
        const product *p = &products[i];
        printf("%c%c                   %6lld %5lld %5lld", p->trans_a ? 'T' : 'N', p->trans_b ? 'T' : 'N',
               (long long)p->m, (long long)p->n, (long long)p->k);
        printf(" %7.1f", product_rate(*p, threads, GENLAT_CPU_BASELINE, GENLAT_GEMM_BUILTIN));
        bool avx2 = gnl_cpu_detect() == GENLAT_CPU_AVX512 && gnl_kernels_for(GENLAT_CPU_AVX2);
        printf(" %7.1f", avx2 ? product_rate(*p, threads, GENLAT_CPU_AVX2, GENLAT_GEMM_BUILTIN) : 0);
        printf(" %7.1f", product_rate(*p, threads, GENLAT_CPU_AUTO, GENLAT_GEMM_BUILTIN));
        printf(" %7.1f", product_rate(*p, threads, GENLAT_CPU_AUTO, GENLAT_GEMM_CBLAS));
        printf(" %7.1f\n",
               gnl_cpu_has_bfloat16() ? product_rate(*p, threads, GENLAT_CPU_AUTO, GENLAT_GEMM_BFLOAT16) : 0);
    }
}

/* ---- vectors ------------------------------------------------------------------------------------------- */

typedef struct vectors {
    const gnl_kernels *k;
    gnl_compute c;
    int64_t n;
    gnl_real *x[6];
    double sum;
} vectors;

static const gnl_update update = {
    .lr = (gnl_real)1e-3,
    .beta1 = (gnl_real)0.9,
    .beta2 = (gnl_real)0.999,
    .epsilon = (gnl_real)1e-8,
    .correction1 = (gnl_real)0.5,
    .correction2 = (gnl_real)0.5,
    .gradient_scale = 1,
    .gradient_bound = INFINITY,
};

#define WORK(name, ...)                                                                                                \
    static void work_##name(void *arg)                                                                                 \
    {                                                                                                                  \
        vectors *v = arg;                                                                                              \
        gnl_real **x = v->x;                                                                                           \
        __VA_ARGS__;                                                                                                   \
    }

WORK(axpy, v->k->axpy(v->n, (gnl_real)0.5, x[0], x[1]))
WORK(sum, (void)x; v->sum += v->k->sum(v->n, x[0]))
WORK(dot, v->sum += v->k->dot(v->n, x[0], x[1]))
WORK(bias, v->k->add_bias(v->n / 512, 512, 1, x[0], x[1]))
WORK(sum_bias, v->k->sum_bias(v->n / 512, 512, 1, x[0], x[1]))
WORK(exp, v->k->exp(v->n, x[0], x[1]))
WORK(relu, v->k->act[GNL_ACT_RELU](v->n, 0, x[0], x[1]))
WORK(tanh, v->k->act[GNL_ACT_TANH](v->n, 0, x[0], x[1]))
WORK(sigmoid, v->k->act[GNL_ACT_SIGMOID](v->n, 0, x[0], x[1]))
WORK(softplus, v->k->act[GNL_ACT_SOFTPLUS](v->n, 0, x[0], x[1]))
WORK(gelu, v->k->act[GNL_ACT_GELU](v->n, 0, x[0], x[1]))
WORK(softmax, v->k->softmax(v->n / 64, 64, x[0], x[1]))
WORK(bernoulli, v->sum += v->k->bernoulli(v->n, x[0], x[1], 1, x[2]))
WORK(gauss, v->sum += v->k->gauss_sample_kl(v->n, x[0], x[1], x[2], x[3]))
WORK(adam, v->k->adam(v->n, &update, x[0], x[1], x[2], x[3], NULL))
WORK(uniform, gnl_rng at = {1, 2, 3}; v->k->fill_uniform(v->n, &at, 0, 1, x[0]))
WORK(normal, gnl_rng at = {1, 2, 3}; v->k->fill_normal(v->n, &at, x[0]))

typedef struct line {
    const char *name;
    int arrays; /* arrays read, counted twice if also written */
    work_fn *work;
} line;

static const line lines[] = {
    {"axpy", 3, work_axpy},           {"sum", 1, work_sum},           {"dot", 2, work_dot},
    {"add_bias", 2, work_bias},       {"sum_bias", 1, work_sum_bias}, {"exp", 2, work_exp},
    {"relu", 2, work_relu},           {"tanh", 2, work_tanh},         {"sigmoid", 2, work_sigmoid},
    {"softplus", 2, work_softplus},   {"gelu", 2, work_gelu},         {"softmax", 2, work_softmax},
    {"bernoulli", 3, work_bernoulli}, {"gauss", 4, work_gauss},       {"adam", 7, work_adam},
    {"uniform", 1, work_uniform},     {"normal", 1, work_normal},
};

static void bench_vectors(int64_t n)
{
    genlat_ctx *ctx = context(1, GENLAT_CPU_AUTO, GENLAT_GEMM_AUTO);
    vectors v = {.n = n};
    for (size_t i = 0; i < GNL_COUNT(v.x); i++)
        v.x[i] = numbers(ctx, (size_t)n);
    printf("GB/s, %lld numbers    plain    avx2  avx512    neon\n", (long long)n);
    for (size_t i = 0; i < GNL_COUNT(lines); i++) {
        printf("%-18s", lines[i].name);
        for (uint32_t cpu = GENLAT_CPU_BASELINE; cpu <= GENLAT_CPU_NEON; cpu++) {
            v.k = cpu <= gnl_cpu_detect() ? gnl_kernels_for(cpu) : NULL;
            double bytes = (double)n * lines[i].arrays * (double)sizeof(gnl_real);
            printf(" %7.1f", v.k ? 1e-9 * bytes / fastest(lines[i].work, &v) : 0);
        }
        printf("\n");
    }
    for (size_t i = 0; i < GNL_COUNT(v.x); i++)
        gnl_free(ctx, v.x[i]);
    genlat_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
    if (threads < 1) {
        fprintf(stderr, "usage: kernel_bench [threads]\n");
        return 2;
    }
    bench_products(threads);
    bench_vectors(8192);
    bench_vectors(8 << 20);
    return EXIT_SUCCESS;
}
