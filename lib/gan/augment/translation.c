/* SPDX-License-Identifier: MIT */
/* Translation: shifts the sample by up to 1/8 of its size in each direction, and fills the border with zeros. */
#include "gan/augment/augment.h"

static double draw_shift(gnl_rng *rng, int64_t size)
{
    int64_t most = (size + 4) / 8;
    return (double)((int64_t)(gnl_rng_unit(rng) * (double)(2 * most + 1)) - most);
}

static void draw(const gnl_image *image, gnl_rng *rng, gnl_augment_draw *d)
{
    d->number[0] = draw_shift(rng, image->height);
    d->number[1] = draw_shift(rng, image->width);
}

/* Copies row `from` of a plane to row `to`, shifted to the right by `right`. */
static void move_row(gnl_real *plane, int64_t width, int64_t from, int64_t to, int64_t right)
{
    const int64_t kept = width - (right < 0 ? -right : right);
    gnl_real *in = plane + from * width, *out = plane + to * width;
    memmove(out + GNL_MAX(right, 0), in + GNL_MAX(-right, 0), (size_t)kept * sizeof *out);
    memset(right > 0 ? out : out + kept, 0, (size_t)(width - kept) * sizeof *out);
}

/* Shifts in place. The order of the rows ensures that a row is read before it is overwritten. */
static void shift_plane(const gnl_image *image, int64_t down, int64_t right, gnl_real *plane)
{
    const int64_t height = image->height, width = image->width;
    for (int64_t i = 0; i < height; i++) {
        const int64_t to = down > 0 ? height - 1 - i : i, from = to - down;
        if (from >= 0 && from < height)
            move_row(plane, width, from, to, right);
        else
            memset(plane + to * width, 0, (size_t)width * sizeof *plane);
    }
}

static void shift(const gnl_image *image, int64_t down, int64_t right, gnl_real *x)
{
    for (int64_t c = 0; c < image->channels; c++)
        shift_plane(image, down, right, x + c * image->height * image->width);
}

static void forward(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *d, gnl_real *x)
{
    shift(image, (int64_t)d->number[0], (int64_t)d->number[1], x);
}

/* The adjoint is the opposite shift: elements that were shifted out get a zero gradient. */
static void backward(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *d, gnl_real *dx)
{
    shift(image, -(int64_t)d->number[0], -(int64_t)d->number[1], dx);
}

const gnl_augment_type gnl_augment_translation = {
    "translation", NULL, "shifts the sample by up to 1/8 of its size, and fills with zeros", draw, forward, backward};
