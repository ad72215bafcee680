/* SPDX-License-Identifier: MIT */
/*
 * Augmentations of what a discriminator sees, differentiable towards the generator (Zhao and others, Differentiable
 * augmentation for data-efficient GAN training, 2020). Each sample has a draw of its own; given the draw an augmentation is
 * affine in the sample, and backward is the adjoint of its linear part. docs/derivations/augment.md.
 */
#ifndef GNL_AUGMENT_H
#define GNL_AUGMENT_H

#include "kernel/kernel.h"
#include "tensor/tensor.h"

enum { GNL_MAX_AUGMENTS = 8, GNL_AUGMENT_NUMBERS = 4 };

/* A sample as planes, [channels,height,width]; signals have height 1. */
typedef struct gnl_image {
    int64_t channels, height, width;
} gnl_image;

/* What was drawn for one sample; what the numbers mean is the kind's own. */
typedef struct gnl_augment_draw {
    bool applies;
    double number[GNL_AUGMENT_NUMBERS];
} gnl_augment_draw;

typedef struct gnl_augment_type {
    const char *name, *group; /* group: another name under which it is meant too, such as "color"; NULL: none */
    const char *help;
    void (*draw)(const gnl_image *image, gnl_rng *rng, gnl_augment_draw *draw); /* always takes as many random numbers */
    /* Both work in place on one sample. */
    void (*forward)(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *x);
    void (*backward)(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *dx);
} gnl_augment_type;

/* In the order in which they are applied; NULL-terminated. */
extern const gnl_augment_type *const gnl_augment_types[];

/* Those of a model. */
typedef struct gnl_augment {
    const gnl_augment_type *type[GNL_MAX_AUGMENTS];
    int count; /* 0: none */
    gnl_image image;
} gnl_augment;

/* Of "translation,cutout,color" and the like; "" gives none. E_SHAPE for data without height and width. */
genlat_status gnl_augment_parse(const char *text, const gnl_shape *data, gnl_augment *out);
/* Each augmentation applies to a sample with probability p. draws: [rows,count]. */
void gnl_augment_draw_all(const gnl_augment *a, double p, gnl_rng *rng, int64_t rows, gnl_augment_draw *draws);
/* [rows,size]; y and dx may not be x and dy. */
void gnl_augment_forward(const gnl_augment *a, const gnl_compute *c, int64_t rows, const gnl_augment_draw *draws,
                         const gnl_real *x, gnl_real *y);
void gnl_augment_backward(const gnl_augment *a, const gnl_compute *c, int64_t rows, const gnl_augment_draw *draws,
                          const gnl_real *dy, gnl_real *dx);

#endif
