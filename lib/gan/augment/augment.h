/* SPDX-License-Identifier: MIT */
/*
 * Differentiable augmentations of the discriminator's input (Zhao and others, Differentiable augmentation for
 * data-efficient GAN training, 2020). The random parameters differ for each sample. For fixed parameters an
 * augmentation is affine in the sample, and backward is the adjoint of its linear part. See
 * docs/derivations/augment.md.
 */
#ifndef GNL_AUGMENT_H
#define GNL_AUGMENT_H

#include "kernel/kernel.h"
#include "tensor/tensor.h"

enum { GNL_MAX_AUGMENTS = 8, GNL_AUGMENT_NUMBERS = 4 };

/* The shape of a sample, [channels,height,width]. Signals have height 1. */
typedef struct gnl_image {
    int64_t channels, height, width;
} gnl_image;

/* The random parameters of an augmentation for one sample. The meaning of `number` depends on the augmentation. */
typedef struct gnl_augment_draw {
    bool applies;
    double number[GNL_AUGMENT_NUMBERS];
} gnl_augment_draw;

typedef struct gnl_augment_type {
    const char *name, *group; /* group: a name that selects several augmentations, such as "color"; NULL: none */
    const char *help;
    /* Samples the parameters. The number of random numbers that it uses must be constant. */
    void (*draw)(const gnl_image *image, gnl_rng *rng, gnl_augment_draw *draw);
    /* Both modify one sample in place. */
    void (*forward)(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *x);
    void (*backward)(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *dx);
} gnl_augment_type;

/* The augmentations in the order of application, terminated by NULL. */
extern const gnl_augment_type *const gnl_augment_types[];

/* The augmentations of a model. */
typedef struct gnl_augment {
    const gnl_augment_type *type[GNL_MAX_AUGMENTS];
    int count; /* 0: none */
    gnl_image image;
} gnl_augment;

/* Parses names such as "translation,cutout,color"; "" means none. Returns E_SHAPE if the data are not signals or
 * images. */
genlat_status gnl_augment_parse(const char *text, const gnl_shape *data, gnl_augment *out);
/* Samples the parameters of all rows, draws [rows,count]. Each augmentation applies to a sample with probability p. */
void gnl_augment_draw_all(const gnl_augment *a, double p, gnl_rng *rng, int64_t rows, gnl_augment_draw *draws);
/* x, y, dy and dx are [rows,size]. y must not be x, and dx must not be dy. */
void gnl_augment_forward(const gnl_augment *a, const gnl_compute *c, int64_t rows, const gnl_augment_draw *draws,
                         const gnl_real *x, gnl_real *y);
void gnl_augment_backward(const gnl_augment *a, const gnl_compute *c, int64_t rows, const gnl_augment_draw *draws,
                          const gnl_real *dy, gnl_real *dx);

#endif
