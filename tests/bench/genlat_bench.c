/* SPDX-License-Identifier: MIT */
/*
 * Times training steps and single samples; prints one line of JSON per workload, with the median over steps.
 * Usage: genlat-bench [--threads N] [--seconds S] [--roofline] [--profile] [--scaling] [--bfloat16] [--cblas]
 *                     [--recompute] [NAME...]
 * --scaling: steps with one thread and with N in turn, and the speed-up. --bfloat16: mixed precision. --cblas: products
 * by
 * CBLAS. --recompute: recomputes activations.
 * With several workloads, each runs in its own process, so that peaks of memory are separate.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

enum { WARM_UP = 3, LEAST_STEPS = 5, MOST_STEPS = 1 << 20 };

static const bench_work *const works[] = {&bench_vae_mlp,     &bench_vae_conv,     &bench_dcgan32,
                                          &bench_dcgan64,     &bench_wgan_gp,      &bench_text_vae,
                                          &bench_decode1_mlp, &bench_decode1_conv, &bench_decode1_bf16};

typedef struct settings {
    long threads;
    double seconds;
    bool roofline, profile, scaling, bfloat16, cblas, recompute;
} settings;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_sort(double *values, int64_t n)
{
    qsort(values, (size_t)n, sizeof *values, ascending);
}

/* ---- shared by workloads ------------------------------------------------------------------------------- */

genlat_status bench_net(genlat_ctx *ctx, int32_t ndim, const int64_t *dims, const char *layers, genlat_net **out)
{
    genlat_net_builder *builder = NULL;
    GNL_TRY(genlat_net_builder_new(ctx, &builder));
    genlat_net_builder_input(builder, "x", ndim, dims);
    genlat_net_builder_text(builder, layers);
    return genlat_net_build(&builder, out);
}

genlat_status bench_uniform(bench *b, int32_t ndim, const int64_t *dims, float lo, float hi, genlat_tensor **out)
{
    GNL_TRY(genlat_tensor_new(b->ctx, ndim, dims, out));
    return genlat_rng_uniform(b->rng, genlat_tensor_count(*out), lo, hi, genlat_tensor_data(*out));
}

void bench_close(bench *b)
{
    for (int i = 0; i < BENCH_TENSORS; i++)
        genlat_tensor_destroy(&b->tensor[i]);
    for (int i = 0; i < BENCH_EXECS; i++)
        genlat_exec_destroy(&b->exec[i]);
    for (int i = 0; i < BENCH_NETS; i++) {
        genlat_optim_destroy(&b->optim[i]);
        genlat_net_destroy(&b->net[i]);
    }
    genlat_loss_destroy(&b->loss);
    genlat_model_destroy(&b->vae);
    genlat_rng_destroy(&b->rng);
    genlat_ctx_destroy(&b->ctx);
}

genlat_status bench_open(const bench_work *work, bench_mode mode, bench *b)
{
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    b->mode = mode;
    opts.threads = mode.threads;
    opts.gemm = mode.gemm;
    GNL_TRY(genlat_ctx_new(&opts, &b->ctx));
    GNL_TRY(genlat_rng_new(b->ctx, 1, 0, &b->rng));
    return work->open(b);
}

/* ---- timing -------------------------------------------------------------------------------------------- */

typedef struct timing {
    double *ms; /* of each step */
    int64_t steps;
    double seconds, cpu_seconds; /* of all timed steps; cpu_seconds: processor time of all threads */
} timing;

static genlat_status time_steps(const bench_work *work, bench *b, double seconds, timing *t)
{
    for (int i = 0; i < WARM_UP; i++)
        GNL_TRY(work->step(b));
    bench_profile_reset();
    double begin = bench_now(), start = begin, cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    while (t->steps < MOST_STEPS && (t->steps < LEAST_STEPS || start < begin + seconds)) {
        GNL_TRY(work->step(b));
        double stop = bench_now();
        t->ms[t->steps++] = 1e3 * (stop - start);
        start = stop;
    }
    t->seconds = start - begin;
    t->cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    return GENLAT_OK;
}

static long peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

/* Measured last, so that its memory is not part of the workload's peak. */
static genlat_status print_roofline(const bench *b, double ms)
{
    bench_roof roof;
    double flops = 0, bytes = 0;
    GNL_TRY(bench_roof_measure(b->ctx, &roof));
    bench_roof_work(b, &flops, &bytes);
    double floor_ms = 1e3 * (flops / roof.flops + bytes / roof.bytes);
    printf(", \"sgemm_gflops\": %.1f, \"memory_gb_s\": %.1f, \"step_gflop\": %.4f, \"step_mib\": %.3f, "
           "\"floor_ms\": %.4f, \"roofline_fraction\": %.3f",
           1e-9 * roof.flops, 1e-9 * roof.bytes, 1e-9 * flops, bytes / (1 << 20), floor_ms, floor_ms / ms);
    return GENLAT_OK;
}

static genlat_status report(const bench_work *work, const settings *s, const bench *b, timing *t)
{
    long peak = peak_mib();
    double mean = 1e3 * t->seconds / (double)t->steps, cpu = 1e3 * t->cpu_seconds / (double)t->steps;
    bench_sort(t->ms, t->steps);
    double ms = t->ms[t->steps / 2];
    printf("{\"name\": \"%s\", \"batch\": %lld, \"threads\": %ld, \"ms_per_step\": %.4f, \"fastest_ms\": "
           "%.4f, \"cpu_ms_per_step\": %.4f, "
           "\"samples_per_s\": %.1f, \"peak_rss_mib\": %ld",
           work->name, (long long)work->batch, s->threads, ms, t->ms[0], cpu, 1e3 * (double)work->batch / ms, peak);
    genlat_status status = s->roofline ? print_roofline(b, ms) : GENLAT_OK;
    printf("}\n");
    fflush(stdout);
    if (s->profile)
        bench_profile_print(stderr, mean, t->steps);
    return status;
}

static void watch(bench *b)
{
    static const char *const names[BENCH_NETS] = {"first", "second", "third"};
    for (int i = 0; i < BENCH_NETS && b->passes[i].net; i++)
        bench_profile_watch(b->net[i], names[i]);
}

static bench_mode mode_of(const settings *s)
{
    uint32_t gemm = s->bfloat16 ? GENLAT_GEMM_BFLOAT16 : s->cblas ? GENLAT_GEMM_CBLAS : GENLAT_GEMM_AUTO;
    return (bench_mode){s->threads, gemm, s->recompute};
}

static genlat_status time_work(const bench_work *work, const settings *s)
{
    bench b = {0};
    timing t = {.ms = malloc(MOST_STEPS * sizeof *t.ms)};
    genlat_status status = t.ms ? bench_open(work, mode_of(s), &b) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK && s->profile)
        watch(&b);
    if (status == GENLAT_OK)
        status = time_steps(work, &b, s->seconds, &t);
    if (status == GENLAT_OK)
        status = report(work, s, &b, &t);
    bench_close(&b);
    free(t.ms);
    return status;
}

static int run(const bench_work *work, const settings *s)
{
    genlat_status status = s->scaling ? bench_scaling(work, mode_of(s), s->seconds) : time_work(work, s);
    if (status != GENLAT_OK)
        fprintf(stderr, "genlat-bench: %s: %s\n", work->name, genlat_last_error());
    return status == GENLAT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command line ---------------------------------------------------------------------------------- */

static const bench_work *find_work(const char *name)
{
    for (size_t i = 0; i < GNL_COUNT(works); i++)
        if (strcmp(works[i]->name, name) == 0)
            return works[i];
    return NULL;
}

static int usage(void)
{
    fprintf(stderr, "usage: genlat-bench [--threads N] [--seconds S] [--roofline] [--profile] [--scaling]\n"
                    "                    [--bfloat16] [--cblas] [--recompute] [NAME...]\nnames:");
    for (size_t i = 0; i < GNL_COUNT(works); i++)
        fprintf(stderr, " %s", works[i]->name);
    fprintf(stderr, "\n");
    return 2;
}

/* Runs a workload in its own process. */
static int run_in_process(const bench_work *work, const settings *s)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(run(work, s));
    int status = EXIT_FAILURE;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static bool take_switch(settings *s, const char *name)
{
    const struct {
        const char *name;
        bool *on;
    } switches[] = {{"--roofline", &s->roofline}, {"--profile", &s->profile}, {"--scaling", &s->scaling},
                    {"--bfloat16", &s->bfloat16}, {"--cblas", &s->cblas},     {"--recompute", &s->recompute}};
    for (size_t i = 0; i < GNL_COUNT(switches); i++)
        if (strcmp(name, switches[i].name) == 0)
            return *switches[i].on = true;
    return false;
}

static bool take_option(settings *s, int argc, char **argv, int *at)
{
    const char *name = argv[*at];
    if (take_switch(s, name))
        return true;
    if (strcmp(name, "--threads") != 0 && strcmp(name, "--seconds") != 0)
        return false;
    if (++*at >= argc)
        return false;
    char *end = NULL;
    double value = strtod(argv[*at], &end);
    if (strcmp(name, "--threads") == 0)
        s->threads = (long)value;
    else
        s->seconds = value;
    return *argv[*at] && !*end && value >= 0;
}

int main(int argc, char **argv)
{
    settings s = {.threads = 2, .seconds = 5};
    const bench_work *chosen[64];
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        const bench_work *work = find_work(argv[i]);
        if (work && count < GNL_COUNT(chosen))
            chosen[count++] = work;
        else if (work || !take_option(&s, argc, argv, &i))
            return usage();
    }
    if (count == 1)
        return run(chosen[0], &s);
    for (size_t i = 0; count == 0 && i < GNL_COUNT(works); i++)
        chosen[i] = works[i];
    int worst = EXIT_SUCCESS;
    for (size_t i = 0; i < (count ? count : GNL_COUNT(works)); i++)
        if (run_in_process(chosen[i], &s) != EXIT_SUCCESS)
            worst = EXIT_FAILURE;
    return worst;
}
