/* SPDX-License-Identifier: MIT */
/*
 * A vector of VN numbers, the same names for every instruction set: the SIMD sources are written against it
 * and compiled once for each set. vec_avx512.h, vec_avx2.h, vec_neon.h give V and its operations;
 * vec_scalar.h gives what the matrix product needs with one number a vector. vec_math.h builds functions on
 * top. Maximum and minimum return their second operand when one is NaN.
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
