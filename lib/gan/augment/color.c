/* SPDX-License-Identifier: MIT */
/* Augmentations of the values: brightness, saturation, contrast. */
#include "gan/augment/augment.h"

static int64_t plane_of(const gnl_image *image)
{
    return image->height * image->width;
}

static void identity(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *dx)
{
}

/* ---- brightness: y = x + b, b from [-0.5, 0.5) ----------------------------------------------- */

static void draw_brightness(const gnl_image *image, gnl_rng *rng, gnl_augment_draw *draw)
{
    draw->number[0] = gnl_rng_unit(rng) - 0.5;
}

static void brighten(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *x)
{
    const gnl_real b = (gnl_real)draw->number[0];
    for (int64_t i = 0; i < image->channels * plane_of(image); i++)
        x[i] += b;
}

const gnl_augment_type gnl_augment_brightness = {"brightness",    "color",  "adds a random number from [-0.5, 0.5)",
                                                 draw_brightness, brighten, identity};

/* ---- saturation: y = s x + (1 - s) mean over the channels, s from [0, 2) ---------------------- */

static void draw_saturation(const gnl_image *image, gnl_rng *rng, gnl_augment_draw *draw)
{
    draw->number[0] = 2 * gnl_rng_unit(rng);
}

/* The linear map is symmetric, so that it is also the backward function. */
static void saturate(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *x)
{
    const int64_t plane = plane_of(image), channels = image->channels;
    const gnl_real s = (gnl_real)draw->number[0], share = (1 - s) / (gnl_real)channels;
    for (int64_t j = 0; j < plane; j++) {
        gnl_real all = 0;
        for (int64_t c = 0; c < channels; c++)
            all += x[c * plane + j];
        for (int64_t c = 0; c < channels; c++)
            x[c * plane + j] = s * x[c * plane + j] + share * all;
    }
}

const gnl_augment_type gnl_augment_saturation = {
    "saturation",
    "color",
    "scales the distance of each channel from the mean of the channels by a factor from [0, 2)",
    draw_saturation,
    saturate,
    saturate};

/* ---- contrast: y = c x + (1 - c) mean over the sample, c from [0.5, 1.5) ----------------------- */

static void draw_contrast(const gnl_image *image, gnl_rng *rng, gnl_augment_draw *draw)
{
    draw->number[0] = 0.5 + gnl_rng_unit(rng);
}

/* The linear map is symmetric here too. */
static void change_contrast(const gnl_image *image, const gnl_kernels *k, const gnl_augment_draw *draw, gnl_real *x)
{
    const int64_t n = image->channels * plane_of(image);
    const gnl_real c = (gnl_real)draw->number[0];
    const gnl_real flat = (gnl_real)((1 - draw->number[0]) * k->sum(n, x) / (double)n);
    for (int64_t i = 0; i < n; i++)
        x[i] = c * x[i] + flat;
}

const gnl_augment_type gnl_augment_contrast = {
    "contrast",
    "color",
    "scales the distance of each value from the mean of the sample by a factor from [0.5, 1.5)",
    draw_contrast,
    change_contrast,
    change_contrast};
