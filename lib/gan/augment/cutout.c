/* SPDX-License-Identifier: MIT */
/* Cutout: a rectangle of half the sample's size in each direction, around any place, becomes zero. */
#include "gan/augment/augment.h"

/* [first,past) of one direction; what lies outside is left off. */
static void draw_range(gnl_rng *rng, int64_t size, double *first, double *past)
{
    int64_t length = (size + 1) / 2, middle = (int64_t)(gnl_rng_unit(rng) * (double)(size + 1 - length % 2));
    *first = (double)GNL_MAX(0, middle - length / 2);
    *past = (double)GNL_MIN(size, middle - length / 2 + length);
}

static void draw(const gnl_image *image, gnl_rng *rng, gnl_augment_draw *d)
{
    draw_range(rng, image->height, &d->number[0], &d->number[1]);
    draw_range(rng, image->width, &d->number[2], &d->number[3]);
}

/* Its own adjoint. */
static void cut(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *d, gnl_real *x)
{
    const int64_t left = (int64_t)d->number[2], past = (int64_t)d->number[3];
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t row = (int64_t)d->number[0]; row < (int64_t)d->number[1]; row++)
            memset(x + (c * image->height + row) * image->width + left, 0, (size_t)(past - left) * sizeof *x);
}

const gnl_augment_type gnl_augment_cutout = {
    "cutout", NULL, "a rectangle of half the size becomes zero", draw, cut, cut};
