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

/* ---- samples side by side ---------------------------------------------------------------------------- */

enum { GNL_LANES = 16 };

/* A piece of one channel of several samples. In lanes, position (y,x) is at y pitch + x GNL_LANES. */
struct gnl_lanes {
    int64_t samples;       /* at most GNL_LANES; the lanes of no sample are zero */
    int64_t next;          /* from one sample's plane to the next one's */
    int64_t height, width; /* of the piece, whose lines follow each other without a gap in the plane */
    int64_t pitch;
};

/* ---- transforms ---------------------------------------------------------------------------------------- */

/* A kernel of 4 x 4 with stride 2 is one of 2 x 2 for each remainder of y and x modulo 2. Winograd's way
 * computes a tile of its outputs, (points - 1) x (points - 1) of them, in points x points products. */
struct gnl_turn {
    int points;       /* 3 or 5 */
    int64_t plane;    /* from one point's matrix to the next one's */
    int64_t part;     /* from the rows of one remainder to those of the next */
    int64_t tiles[2]; /* image and map: y, x */
    int64_t pitch;    /* from line to line of the lanes */
    int64_t kernels;  /* weights: how many lie side by side in a point's matrix, */
    int64_t next;     /* and from one to the next where they come from */
};

/* The convolution by transforms; false where that does not pay, and nothing has then been done. */
bool gnl_winograd_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch);
bool gnl_winograd_spread(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                         const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch);
bool gnl_winograd_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *map, gnl_real *grad, gnl_real *scratch);
int64_t gnl_winograd_scratch(const gnl_conv *g, int64_t rows, int threads);

/* ---- few channels -------------------------------------------------------------------------------------- */

enum { GNL_DIRECT_ROWS = 8, GNL_DIRECT_TAPS = 64 };

/* One line of outputs of up to GNL_DIRECT_ROWS channels from lanes: sums over all input channels and taps. */
struct gnl_outputs {
    int64_t channels, taps;
    int64_t plane;               /* from one input channel to the next one */
    const int64_t *tap;          /* [taps] where they are from an output's input on */
    const gnl_real *weight;      /* [channels,taps,GNL_DIRECT_ROWS] */
    int64_t positions, step;     /* and from one position's input to the next one's */
    int64_t out_plane, out_step; /* from channel to channel, from position to position */
    int rows;
};

/* The gradient of one line of the kernel between one image channel and `rows` map channels, summed over lines. */
struct gnl_weights {
    int64_t rows, places, place; /* from one place of the kernel to the next one in the image */
    int64_t lines, positions;
    int64_t image_line, image_step, map_plane, map_line;
    int64_t grad_row;
};

/* The convolution without matrices; false where that does not pay, and nothing has then been done. */
bool gnl_direct_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                       const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch);
bool gnl_direct_spread(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                       const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch);
bool gnl_direct_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                       const gnl_real *map, gnl_real *grad, gnl_real *scratch);
int64_t gnl_direct_scratch(const gnl_conv *g, int64_t rows, int threads);

#endif
