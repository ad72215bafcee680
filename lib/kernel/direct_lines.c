/* SPDX-License-Identifier: MIT */
/*
 * Inner loops of convolutions with few channels per group, compiled once per instruction set. Vectors run over samples.
 * Sums for several channels and positions, or kernel positions, stay in registers.
 */
#include "kernel/conv_priv.h"
#include "kernel/entries_priv.h"
#include "kernel/vec.h"

/* AVX2 has fewer registers and therefore smaller tiles. */
enum { FEW_REGISTERS = VN == 8, SIDE = FEW_REGISTERS ? 4 : 8, POSITIONS = 3, ROWS = FEW_REGISTERS ? 2 : 4, PLACES = 4 };

/* ---- outputs ------------------------------------------------------------------------------------------- */

VEC_INLINE void run_outputs(const int rows, const int positions, const gnl_outputs *o, int first, const gnl_real *in,
                            gnl_real *out)
{
    V sum[SIDE][POSITIONS];
    const gnl_real *weight = o->weight + first;
    const int64_t step = o->step;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int p = 0; p < positions; p++)
            sum[r][p] = vzero();
    for (int64_t c = 0; c < o->channels; c++, in += o->plane)
        for (int64_t t = 0; t < o->taps; t++, weight += GNL_DIRECT_ROWS) {
            const gnl_real *from = in + o->tap[t];
            V x[POSITIONS];
#pragma GCC unroll 3
            for (int p = 0; p < positions; p++)
                x[p] = vload(from + p * step);
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++) {
                V w = vset(weight[r]);
#pragma GCC unroll 3
                for (int p = 0; p < positions; p++)
                    sum[r][p] = vfma(w, x[p], sum[r][p]);
            }
        }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
        if (first + r < o->rows)
#pragma GCC unroll 3
            for (int p = 0; p < positions; p++)
                vstore(out + (first + r) * o->out_plane + p * o->out_step, sum[r][p]);
}

static void outputs_3(const gnl_outputs *o, int first, const gnl_real *in, gnl_real *out)
{
    run_outputs(SIDE, 3, o, first, in, out);
}

static void outputs_2(const gnl_outputs *o, int first, const gnl_real *in, gnl_real *out)
{
    run_outputs(SIDE, 2, o, first, in, out);
}

static void outputs_1(const gnl_outputs *o, int first, const gnl_real *in, gnl_real *out)
{
    run_outputs(SIDE, 1, o, first, in, out);
}

void GNL_K(direct_outputs)(const gnl_outputs *o, const gnl_real *in, gnl_real *out)
{
    for (int64_t x = 0; x < o->positions; x += POSITIONS)
        for (int64_t lane = 0; lane < GNL_LANES; lane += VN)
            for (int first = 0; first < o->rows; first += SIDE) {
                const gnl_real *from = in + x * o->step + lane;
                gnl_real *to = out + x * o->out_step + lane;
                int64_t left = o->positions - x;
                if (left >= POSITIONS)
                    outputs_3(o, first, from, to);
                else if (left == 2)
                    outputs_2(o, first, from, to);
                else
                    outputs_1(o, first, from, to);
            }
}

/* ---- weight gradients ---------------------------------------------------------------------------------- */

VEC_INLINE void run_weights(const int places, const gnl_weights *w, int64_t first, const gnl_real *image,
                            const gnl_real *map, gnl_real *grad)
{
    V sum[ROWS][PLACES];
    int64_t row[ROWS];
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) {
        row[r] = GNL_MIN(first + r, w->rows - 1) * w->map_plane;
#pragma GCC unroll 4
        for (int p = 0; p < places; p++)
            sum[r][p] = vzero();
    }
    for (int64_t y = 0; y < w->lines; y++, image += w->image_line, map += w->map_line)
        for (int64_t at = 0; at < w->positions * GNL_LANES; at += VN) {
            const gnl_real *from = image + at / GNL_LANES * w->image_step + at % GNL_LANES;
            V x[PLACES];
#pragma GCC unroll 4
            for (int p = 0; p < places; p++)
                x[p] = vload(from + p * w->place);
#pragma GCC unroll 4
            for (int r = 0; r < ROWS; r++) {
                V d = vload(map + row[r] + at);
#pragma GCC unroll 4
                for (int p = 0; p < places; p++)
                    sum[r][p] = vfma(d, x[p], sum[r][p]);
            }
        }
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++)
        if (first + r < w->rows)
#pragma GCC unroll 4
            for (int p = 0; p < places; p++)
                grad[(first + r) * w->grad_row + p] += vsum(sum[r][p]);
}

typedef void weights_fn(const gnl_weights *w, int64_t first, const gnl_real *image, const gnl_real *map,
                        gnl_real *grad);

#define WEIGHTS(places)                                                                                                \
    static void weights_##places(const gnl_weights *w, int64_t first, const gnl_real *image, const gnl_real *map,      \
                                 gnl_real *grad)                                                                       \
    {                                                                                                                  \
        run_weights(places, w, first, image, map, grad);                                                               \
    }

WEIGHTS(1)
WEIGHTS(2)
WEIGHTS(3)
WEIGHTS(4)

void GNL_K(direct_weights)(const gnl_weights *w, const gnl_real *image, const gnl_real *map, gnl_real *grad)
{
    static weights_fn *const by_count[] = {weights_1, weights_2, weights_3, weights_4};
    for (int64_t place = 0; place < w->places; place += PLACES)
        for (int64_t first = 0; first < w->rows; first += ROWS)
            by_count[GNL_MIN(w->places - place, (int64_t)PLACES) - 1](w, first, image + place * w->place, map,
                                                                      grad + place);
}
