/* SPDX-License-Identifier: MIT */
/* Changes of samples that a discriminator sees, differentiable towards the generator (DiffAugment). Each sample has a draw
 * of its own; given the draw the change is affine in the sample. docs/derivations/augment.md. */
#ifndef GNL_AUGMENT_PRIV_H
#define GNL_AUGMENT_PRIV_H

#include "kernel/kernel.h"
#include "tensor/tensor.h"

enum {
    GNL_AUGMENT_TRANSLATION = 1,
    GNL_AUGMENT_CUTOUT = 2,
    GNL_AUGMENT_BRIGHTNESS = 4,
    GNL_AUGMENT_SATURATION = 8,
    GNL_AUGMENT_CONTRAST = 16
};

/* What may happen to a sample, [channels,height,width]; signals have height 1. */
typedef struct gnl_augment {
    unsigned changes;
    int64_t channels, height, width;
} gnl_augment;

/* What happens to one. */
typedef struct gnl_augment_draw {
    int64_t down, right;             /* moved by so many pixels, zeros come in */
    int64_t top, bottom, left, past; /* rows and columns of the hole, ends not included */
    double brightness, saturation, contrast;
} gnl_augment_draw;

/* Of "translation,cutout,color" and the like; "" gives no changes. E_SHAPE for data without places. */
genlat_status gnl_augment_parse(const char *text, const gnl_shape *data, gnl_augment *out);
/* Each change happens with probability p. A draw takes the same amount of random numbers whatever happens. */
void gnl_augment_draw_all(const gnl_augment *a, double p, gnl_rng *rng, int64_t rows,
                          gnl_augment_draw *draws);
void gnl_augment_forward(const gnl_augment *a, const gnl_compute *c, int64_t rows,
                         const gnl_augment_draw *draws, const gnl_real *x, gnl_real *y);
/* dx = A^T dy for y = A x + b. */
void gnl_augment_backward(const gnl_augment *a, const gnl_compute *c, int64_t rows,
                          const gnl_augment_draw *draws, const gnl_real *dy, gnl_real *dx);

#endif
