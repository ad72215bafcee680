/* SPDX-License-Identifier: MIT */
/* Convolution inside the room: tiles of positions of the map, and their lowering to columns and back. */
#ifndef GNL_CONV_PRIV_H
#define GNL_CONV_PRIV_H

#include "kernel/kernel.h"

/* A piece of work: whole maps of several samples, or lines of one map, or a part of one line. The positions
 * of a tile are therefore contiguous in the map of each of its samples. */
struct gnl_conv_tile {
    int64_t sample, samples;
    int64_t y, lines;
    int64_t x, columns;
};

static inline int64_t gnl_conv_tile_size(const gnl_conv_tile *t)
{
    return t->samples * t->lines * t->columns;
}

/* The window of one channel: what the kernel sees of the image from a tile of these sizes, a plane of
 * `lines` x `columns` for each remainder of y and of x modulo the stride. */
typedef struct gnl_conv_frame {
    int64_t lines, columns, pitch, plane;
} gnl_conv_frame;

/* Lines begin at multiples of the longest vector, and a vector may be read past the last one. */
enum { GNL_CONV_VECTOR = 16 };

static inline gnl_conv_frame gnl_conv_frame_of(const gnl_conv *g, int64_t lines, int64_t columns)
{
    gnl_conv_frame f = {.lines = lines + (g->kernel[0] - 1) * g->dilation[0] / g->stride[0],
                        .columns = columns + (g->kernel[1] - 1) * g->dilation[1] / g->stride[1]};
    f.pitch = (f.columns + GNL_CONV_VECTOR - 1) / GNL_CONV_VECTOR * GNL_CONV_VECTOR;
    f.plane = f.lines * f.pitch;
    return f;
}

/* Its numbers, for one sample. */
static inline int64_t gnl_conv_window(const gnl_conv *g, const gnl_conv_frame *f)
{
    return g->stride[0] * g->stride[1] * f->plane + GNL_CONV_VECTOR;
}

#endif
