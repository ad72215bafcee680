/* SPDX-License-Identifier: MIT */
/* Detects the instruction sets of this machine. */
#include "base/base.h"

uint32_t gnl_cpu_detect(void)
{
#if defined(GNL_FLOAT64)
    return GENLAT_CPU_BASELINE; /* the double build has only plain C kernels */
#elif defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return GENLAT_CPU_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return GENLAT_CPU_AVX2;
    return GENLAT_CPU_BASELINE;
#elif defined(__aarch64__)
    return GENLAT_CPU_NEON;
#else
    return GENLAT_CPU_BASELINE;
#endif
}

bool gnl_cpu_has_bfloat16(void)
{
#if defined(GNL_HAVE_AVX512BF16) && !defined(GNL_FLOAT64)
    return gnl_cpu_detect() == GENLAT_CPU_AVX512 && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}
