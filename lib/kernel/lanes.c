/* SPDX-License-Identifier: MIT */
/*
 * Transposes planes of several samples so that the samples are adjacent: for each position, one number of every
 * sample. Vectors over samples are then full and aligned for any image size, stride and padding. Compiled once per
 * instruction set.
 */
#include "kernel/conv_priv.h"
#include "kernel/entries_priv.h"
#include "kernel/vec.h"

void GNL_K(to_lanes)(const gnl_lanes *l, const gnl_real *plane, gnl_real *lanes)
{
    int64_t all = l->height * l->width;
    for (int64_t lane = 0; lane < GNL_LANES; lane += VN) {
        gnl_real *line = lanes + lane;
        for (int64_t at = 0, x = 0; at < all; at += VN) {
            V square[VN];
            M m = vmask(all - at);
#pragma GCC unroll 16
            for (int i = 0; i < VN; i++) {
                const gnl_real *from = plane + (lane + i) * l->next + at;
                __builtin_prefetch(from + all);
                square[i] = lane + i < l->samples ? vload_m(from, m) : vzero();
            }
            vtranspose(square);
            int64_t filled = GNL_MIN(all - at, (int64_t)VN);
            for (int64_t i = 0; i < filled; i++) {
                vstore(line + x * GNL_LANES, square[i]);
                if (++x == l->width) {
                    x = 0;
                    line += l->pitch;
                }
            }
        }
    }
}

void GNL_K(from_lanes)(const gnl_lanes *l, const gnl_real *lanes, gnl_real start, gnl_store store, gnl_real *plane)
{
    int64_t all = l->height * l->width;
    V first = vset(start);
    for (int64_t lane = 0; lane < l->samples; lane += VN) {
        const gnl_real *line = lanes + lane;
        int64_t samples = GNL_MIN(l->samples - lane, (int64_t)VN);
        for (int64_t at = 0, x = 0; at < all; at += VN) {
            V square[VN];
            M m = vmask(all - at);
            int64_t filled = GNL_MIN(all - at, (int64_t)VN);
            for (int64_t i = 0; i < VN; i++) {
                square[i] = i < filled ? vadd(first, vload(line + x * GNL_LANES)) : vzero();
                if (i < filled && ++x == l->width) {
                    x = 0;
                    line += l->pitch;
                }
            }
            vtranspose(square);
            gnl_real *out = plane + lane * l->next + at;
            for (int64_t i = 0; i < samples; i++, out += l->next)
                vstore_m(out, m, store == GNL_ADD ? vadd(square[i], vload_m(out, m)) : square[i]);
        }
    }
}
