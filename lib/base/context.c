/* SPDX-License-Identifier: MIT */
/* The context: options, allocator and thread pool, shared by all objects that are created with it. */
#include <stdio.h>
#include <unistd.h>

#include "base/base_priv.h"

static const char *const cpu_names[] = {"auto", "baseline", "avx2", "avx512", "neon", NULL};
static const char *const gemm_names[] = {"auto", "cblas", "builtin", "bfloat16", NULL};

static const gnl_option ctx_options[] = {
    GNL_OPT_INT(genlat_ctx_opts, threads, 1, 1, 256, "number of threads, including the calling thread"),
    GNL_OPT_INT(genlat_ctx_opts, seed, 0, 0, 0x1p63, "seed of all random streams"),
    GNL_OPT_BOOL(genlat_ctx_opts, deterministic, 0, "identical results for any number of threads"),
    GNL_OPT_ENUM(genlat_ctx_opts, cpu, GENLAT_CPU_AUTO, GENLAT_CPU_NEON, cpu_names, "widest instruction set to use"),
    GNL_OPT_ENUM(genlat_ctx_opts, gemm, GENLAT_GEMM_AUTO, GENLAT_GEMM_BFLOAT16, gemm_names,
                 "implementation of matrix multiplication"),
    GNL_OPT_INT(genlat_ctx_opts, memory_limit, 0, 0, 0x1p63, "largest block of memory, bytes; 0: physical memory"),
};

static const gnl_options_table ctx_table = {
    "ctx", sizeof(genlat_ctx_opts), ctx_options, GNL_COUNT(ctx_options), {offsetof(genlat_ctx_opts, reserved)}};

void genlat_ctx_opts_init_sized(genlat_ctx_opts *opts, size_t size)
{
    gnl_options_init(&ctx_table, opts, size);
}

static genlat_status copy_allocator(genlat_ctx *ctx, const genlat_allocator *given)
{
    if (!given)
        return GENLAT_OK;
    GNL_TRY(gnl_struct_take(given, sizeof ctx->allocator, &ctx->allocator, "allocator"));
    if (!ctx->allocator.alloc || !ctx->allocator.free)
        return gnl_fail(GENLAT_E_INVALID, "allocator has no alloc or no free function");
    return GENLAT_OK;
}

static genlat_status resolve_cpu(genlat_ctx_opts *opts)
{
    uint32_t widest = gnl_cpu_detect();
    if (opts->cpu == GENLAT_CPU_AUTO)
        opts->cpu = widest;
    bool same_family = opts->cpu == GENLAT_CPU_NEON ? widest == GENLAT_CPU_NEON
                                                    : opts->cpu == GENLAT_CPU_BASELINE || widest != GENLAT_CPU_NEON;
    if (!same_family || opts->cpu > widest)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "cpu is %s, but this machine supports at most %s", cpu_names[opts->cpu],
                        cpu_names[widest]);
    return GENLAT_OK;
}

static genlat_status check_gemm(const genlat_ctx_opts *opts)
{
#ifndef GNL_HAVE_CBLAS
    if (opts->gemm == GENLAT_GEMM_CBLAS)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "gemm is cblas, but this build has no CBLAS; set gemm to auto");
#endif
    if (opts->gemm == GENLAT_GEMM_BFLOAT16 && !(opts->cpu == GENLAT_CPU_AVX512 && gnl_cpu_has_bfloat16()))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "gemm is bfloat16, but this machine or this build has no "
                                              "AVX512_BF16; set gemm to auto");
    return GENLAT_OK;
}

static size_t physical_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    const size_t most = SIZE_MAX / 2;
    return pages > 0 && size > 0 && (size_t)pages <= most / (size_t)size ? (size_t)pages * (size_t)size : most;
}

/* Allocates the context with the allocator that it will use for everything else. */
static genlat_status ctx_alloc(const genlat_ctx_opts *opts, genlat_ctx **out)
{
    genlat_ctx bootstrap = {.opts = *opts};
    GNL_TRY(copy_allocator(&bootstrap, opts->allocator));
    genlat_ctx *ctx = gnl_calloc(&bootstrap, 1, sizeof *ctx);
    if (!ctx)
        return GENLAT_E_MEMORY;
    atomic_init(&ctx->references, 1);
    ctx->opts = *opts;
    ctx->largest_block =
        opts->memory_limit ? (size_t)GNL_MIN((uint64_t)opts->memory_limit, SIZE_MAX / 2) : physical_memory();
    ctx->allocator = bootstrap.allocator;
    ctx->opts.allocator = &ctx->allocator;
    *out = ctx;
    return GENLAT_OK;
}

genlat_status genlat_ctx_new(const genlat_ctx_opts *given, genlat_ctx **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    genlat_ctx_opts opts;
    GNL_TRY(gnl_options_take(&ctx_table, given, &opts));
    GNL_TRY(resolve_cpu(&opts));
    GNL_TRY(check_gemm(&opts));
    genlat_ctx *ctx = NULL;
    GNL_TRY(ctx_alloc(&opts, &ctx));
    if (opts.threads > 1) {
        genlat_status status = gnl_pool_new(ctx, (int)opts.threads, &ctx->pool);
        if (status != GENLAT_OK) {
            gnl_ctx_release(ctx);
            return status;
        }
    }
    *out = ctx;
    return GENLAT_OK;
}

void genlat_ctx_destroy(genlat_ctx **ctx)
{
    if (!ctx)
        return;
    gnl_ctx_release(*ctx);
    *ctx = NULL;
}

genlat_ctx *gnl_ctx_retain(genlat_ctx *ctx)
{
    if (ctx)
        atomic_fetch_add_explicit(&ctx->references, 1, memory_order_relaxed);
    return ctx;
}

void gnl_ctx_release(genlat_ctx *ctx)
{
    if (!ctx || atomic_fetch_sub_explicit(&ctx->references, 1, memory_order_acq_rel) != 1)
        return;
    gnl_ctx_free_kinds(ctx);
    gnl_pool_destroy(ctx, ctx->pool);
    genlat_ctx last = {.allocator = ctx->allocator};
    gnl_free(&last, ctx);
}

const genlat_ctx_opts *gnl_ctx_opts(const genlat_ctx *ctx)
{
    return &ctx->opts;
}

void genlat_ctx_free(genlat_ctx *ctx, void *memory)
{
    gnl_free(ctx, memory);
}

int64_t genlat_ctx_threads(const genlat_ctx *ctx)
{
    return ctx ? ctx->opts.threads : 0;
}

uint32_t genlat_ctx_cpu(const genlat_ctx *ctx)
{
    return ctx ? ctx->opts.cpu : GENLAT_CPU_AUTO;
}

int64_t genlat_ctx_memory_limit(const genlat_ctx *ctx)
{
    return ctx ? (int64_t)ctx->largest_block : 0;
}

int gnl_threads(const genlat_ctx *ctx)
{
    return (int)ctx->opts.threads;
}

void gnl_parallel(genlat_ctx *ctx, int64_t n, int64_t grain, gnl_task *task, void *arg)
{
    if (n <= 0)
        return;
    grain = GNL_MAX(grain, 1);
    if (ctx->pool && n > grain) {
        gnl_pool_run(ctx->pool, n, grain, task, arg);
        return;
    }
    for (int64_t begin = 0; begin < n; begin += grain)
        task(arg, begin, GNL_MIN(begin + grain, n), 0);
}

void gnl_log(genlat_ctx *ctx, int32_t level, const char *format, ...)
{
    if (!ctx || !ctx->opts.log)
        return;
    char line[512];
    va_list args;
    va_start(args, format);
    gnl_format(line, sizeof line, format, args);
    va_end(args);
    for (char *end = line; (end = strchr(end, '\n')) != NULL;) /* of a file's name */
        *end = ' ';
    ctx->opts.log(ctx->opts.log_user, level, line);
}

void genlat_ctx_log(genlat_ctx *ctx, int32_t level, const char *message)
{
    if (message)
        gnl_log(ctx, level, "%s", message);
}
