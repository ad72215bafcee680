/* SPDX-License-Identifier: MIT */
/* Cutout: sets a rectangle to zero. Its sides are 1/2 of the sample's, its center is random. */
#include "gan/augment/augment.h"

/* Samples the range [first,past) along one side, clipped to the sample. */
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

/* This linear map is symmetric, so that it is also the backward function. */
static void cut(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *d, gnl_real *x)
{
    const int64_t left = (int64_t)d->number[2], past = (int64_t)d->number[3];
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t row = (int64_t)d->number[0]; row < (int64_t)d->number[1]; row++)
            memset(x + (c * image->height + row) * image->width + left, 0, (size_t)(past - left) * sizeof *x);
}

const gnl_augment_type gnl_augment_cutout = {
    "cutout", NULL, "sets a rectangle with sides of 1/2 of the sample's to zero", draw, cut, cut};
