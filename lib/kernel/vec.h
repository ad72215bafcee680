/* SPDX-License-Identifier: MIT */
/*
 * A vector of VN numbers, with the same names for every instruction set. The SIMD sources use it and are compiled once
 * per set. vec_avx512.h, vec_avx2.h and vec_neon.h define V and its operations. vec_scalar.h defines what the matrix
 * product needs with one number per vector. vec_math.h defines elementary functions. vmax and vmin return their second
 * operand if one is NaN.
 */
#ifndef GNL_KERNEL_VEC_H
#define GNL_KERNEL_VEC_H

#include "base/base.h"

#define VEC_INLINE static inline __attribute__((always_inline, unused))

#if !defined(GNL_ISA)
#    include "kernel/vec_scalar.h"
#elif defined(__AVX512F__)
#    include "kernel/vec_avx512.h"
#elif defined(__AVX2__)
#    include "kernel/vec_avx2.h"
#elif defined(__aarch64__)
#    include "kernel/vec_neon.h"
#endif

#endif
