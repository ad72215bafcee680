/* SPDX-License-Identifier: MIT */
/* Internals of convolution: tiles of map positions, their lowering to columns, and the other two algorithms. */
#ifndef GNL_CONV_PRIV_H
#define GNL_CONV_PRIV_H

#include "kernel/kernel.h"

/* A unit of work: whole maps of several samples, or several lines of one map, or part of one line. The positions of a
 * tile are therefore contiguous in the map of each of its samples. */
struct gnl_conv_tile {
    int64_t sample, samples;
    int64_t y, lines;
    int64_t x, columns;
};

static inline int64_t gnl_conv_tile_size(const gnl_conv_tile *t)
{
    return t->samples * t->lines * t->columns;
}

/* Size of the window of one channel: the part of the image that a tile of these sizes reads. It is stored as one plane
 * of `lines` x `columns` for each remainder of y and x modulo the stride. */
typedef struct gnl_conv_frame {
    int64_t lines, columns, pitch, plane;
} gnl_conv_frame;

/* Lines begin at multiples of the longest vector. One vector past the last line may be read. */
enum { GNL_CONV_VECTOR = 16 };

static inline gnl_conv_frame gnl_conv_frame_of(const gnl_conv *g, int64_t lines, int64_t columns)
{
    gnl_conv_frame f = {.lines = lines + (g->kernel[0] - 1) * g->dilation[0] / g->stride[0],
                        .columns = columns + (g->kernel[1] - 1) * g->dilation[1] / g->stride[1]};
    f.pitch = (f.columns + GNL_CONV_VECTOR - 1) / GNL_CONV_VECTOR * GNL_CONV_VECTOR;
    f.plane = f.lines * f.pitch;
    return f;
}

/* Returns the size of the window of one sample, in numbers. */
static inline int64_t gnl_conv_window(const gnl_conv *g, const gnl_conv_frame *f)
{
    return g->stride[0] * g->stride[1] * f->plane + GNL_CONV_VECTOR;
}

/* ---- samples in lanes ---------------------------------------------------------------------------------- */

enum { GNL_LANES = 16 };

/* Part of one channel of several samples. In lanes, position (y,x) is at y pitch + x GNL_LANES. */
struct gnl_lanes {
    int64_t samples;       /* at most GNL_LANES; unused lanes are zero */
    int64_t next;          /* distance between the planes of consecutive samples */
    int64_t height, width; /* of the part; its lines are contiguous in the plane */
    int64_t pitch;
};

/* ---- transforms ---------------------------------------------------------------------------------------- */

/* A 4 x 4 kernel with stride 2 is equivalent to one 2 x 2 kernel for each remainder of y and x modulo 2. Winograd's
 * algorithm computes a tile of (points - 1) x (points - 1) outputs with points x points products. */
struct gnl_transform {
    int points;       /* 3 or 5 */
    int64_t plane;    /* distance between the matrices of consecutive points */
    int64_t part;     /* distance between the rows of consecutive remainders */
    int64_t tiles[2]; /* number of tiles of image and map: y, x */
    int64_t pitch;    /* distance between lines of the lanes */
    int64_t kernels;  /* weights: number of kernels that are adjacent in a point's matrix */
    int64_t next;     /* distance between consecutive kernels in the weights */
};

/* Convolution with Winograd's transforms. Return false without doing anything if it would not be faster. */
bool gnl_winograd_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch);
bool gnl_winograd_scatter(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                          const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch);
bool gnl_winograd_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *map, gnl_real *grad, gnl_real *scratch);
int64_t gnl_winograd_scratch(const gnl_conv *g, int64_t rows, int threads);

/* ---- few channels -------------------------------------------------------------------------------------- */

enum { GNL_DIRECT_ROWS = 8, GNL_DIRECT_TAPS = 64 };

/* Computes one line of outputs of up to GNL_DIRECT_ROWS channels in lanes, summed over all input channels and taps. */
struct gnl_outputs {
    int64_t channels, taps;
    int64_t plane;               /* distance between input channels */
    const int64_t *tap;          /* [taps] offsets relative to the input of an output position */
    const gnl_real *weight;      /* [channels,taps,GNL_DIRECT_ROWS] */
    int64_t positions, step;     /* distance between the inputs of consecutive positions */
    int64_t out_plane, out_step; /* distance between output channels, and between positions */
    int rows;
};

/* Gradient of one line of the kernel between one image channel and `rows` map channels, summed over lines. */
struct gnl_weights {
    int64_t rows, places, place; /* distance in the image between adjacent kernel positions */
    int64_t lines, positions;
    int64_t image_line, image_step, map_plane, map_line;
    int64_t grad_row;
};

/* Convolution without matrices. Return false without doing anything if it would not be faster. */
bool gnl_direct_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                       const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch);
bool gnl_direct_scatter(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                        const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch);
bool gnl_direct_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                       const gnl_real *map, gnl_real *grad, gnl_real *scratch);
int64_t gnl_direct_scratch(const gnl_conv *g, int64_t rows, int threads);

#endif
