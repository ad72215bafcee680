/* SPDX-License-Identifier: MIT */
/* Selects the table of kernels for an instruction set. */
#include "kernel/entries_priv.h"

#ifdef GNL_HAVE_AVX2
extern const gnl_kernels gnl_avx2_kernels;
#endif
#ifdef GNL_HAVE_AVX512
extern const gnl_kernels gnl_avx512_kernels;
#endif
#ifdef GNL_HAVE_AVX512BF16
extern gnl_gemm_fn gnl_avx512bf16_gemm;
#endif
#ifdef GNL_HAVE_NEON
extern const gnl_kernels gnl_neon_kernels;
#endif

static const gnl_kernels *const tables[] = {
    [GENLAT_CPU_BASELINE] = &gnl_plain_kernels,
#ifdef GNL_HAVE_AVX2
    [GENLAT_CPU_AVX2] = &gnl_avx2_kernels,
#endif
#ifdef GNL_HAVE_AVX512
    [GENLAT_CPU_AVX512] = &gnl_avx512_kernels,
#endif
#ifdef GNL_HAVE_NEON
    [GENLAT_CPU_NEON] = &gnl_neon_kernels,
#endif
};

const gnl_kernels *gnl_kernels_for(uint32_t cpu)
{
    return cpu < GNL_COUNT(tables) ? tables[cpu] : NULL;
}

/* If the widest set was not built, because the compiler lacks the flags for it, returns the next narrower one. */
const gnl_kernels *gnl_kernels_of(const genlat_ctx *ctx)
{
    for (uint32_t cpu = genlat_ctx_cpu(ctx); cpu > GENLAT_CPU_BASELINE; cpu--)
        if (gnl_kernels_for(cpu))
            return gnl_kernels_for(cpu);
    return &gnl_plain_kernels;
}

gnl_gemm_fn *gnl_gemm_kernel(const genlat_ctx *ctx)
{
#ifdef GNL_HAVE_AVX512BF16
    if (gnl_ctx_opts(ctx)->gemm == GENLAT_GEMM_BFLOAT16)
        return gnl_avx512bf16_gemm;
#endif
    return gnl_kernels_of(ctx)->gemm;
}
