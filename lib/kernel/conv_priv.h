/* SPDX-License-Identifier: MIT */
/* Convolution inside the room: tiles of positions of the map, and their lowering to columns and back. */
#ifndef GNL_CONV_PRIV_H
#define GNL_CONV_PRIV_H

#include "kernel/kernel.h"

/* A piece of work: whole maps of several samples, or lines of one map, or a part of one line. The positions
 * of a tile are therefore contiguous in the map of each of its samples. */
typedef struct gnl_conv_tile {
    int64_t sample, samples;
    int64_t y, lines;
    int64_t x, columns;
} gnl_conv_tile;

static inline int64_t gnl_conv_tile_size(const gnl_conv_tile *t)
{
    return t->samples * t->lines * t->columns;
}

/* Numbers of the window of one channel: what the kernel sees of the image from a tile of these sizes. */
int64_t gnl_conv_window(const gnl_conv *g, int64_t lines, int64_t columns);

/* Lowers `channels` channels of the image, from `channel` on, to cols [channels,kernel,tile size]. */
void gnl_im2col(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels,
                const gnl_real *image, gnl_real *window, gnl_real *cols);

/* The reverse: adds cols to the image. */
void gnl_col2im(const gnl_conv *g, const gnl_conv_tile *t, int64_t channel, int64_t channels,
                const gnl_real *cols, gnl_real *window, gnl_real *image);

#endif
