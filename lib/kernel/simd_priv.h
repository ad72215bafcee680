/* SPDX-License-Identifier: MIT */
/* Loops over vectors for the simd_*.c sources. */
#ifndef GNL_KERNEL_SIMD_PRIV_H
#define GNL_KERNEL_SIMD_PRIV_H

#include "kernel/entries_priv.h"
#include "kernel/vec.h"

/* Runs the statements for i = 0, VN, 2 VN ...: whole vectors first, then the remainder with a mask m. Within the
 * statements GET reads and PUT writes one vector. They never access memory beyond the n elements. */
#define FOR_VECTORS(n, ...)                                                                                            \
    do {                                                                                                               \
        int64_t i = 0;                                                                                                 \
        for (; i + VN <= (n); i += VN) {                                                                               \
            const bool whole = true;                                                                                   \
            const M m = vmask(VN);                                                                                     \
            (void)m;                                                                                                   \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const bool whole = false;                                                                                  \
            const M m = vmask((n)-i);                                                                                  \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)
#define GET(array) (whole ? vload((array) + i) : vload_m((array) + i, m))
#define PUT(array, value) (whole ? vstore((array) + i, value) : vstore_m((array) + i, m, value))
/* Replaces lanes past the end by zero, for sums. */
#define KEEP(value) (whole ? (value) : vkeep(m, value))

#endif
