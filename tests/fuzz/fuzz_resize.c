/* SPDX-License-Identifier: MIT */
/* Conversion of images to another size and number of channels: the bytes choose the sizes, the method and the pixels.
 * The result has the requested size, and lies between the least and the greatest pixel. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver.h"
#include "image_priv.h"

enum { HEADER = 7 };

/* Sizes at which rounding goes wrong: one pixel, neighbours of powers of two, and long thin images. */
static int64_t size_of(uint8_t byte)
{
    static const int64_t sizes[] = {1, 2, 3, 7, 8, 9, 31, 64, 255, 4096, 65535, 65536};
    return byte < 64 ? byte + 1 : sizes[byte % GNL_FILES_COUNT(sizes)];
}

/* Most bytes of an image: for speed, only one input in eight may be large. */
static int64_t limit_of(uint8_t byte)
{
    return byte & 0xE ? 1 << 12 : 1 << 18;
}

/* Fills the image with the bytes in turn, and finds the least and the greatest one. */
static void fill(gnl_image *image, const uint8_t *bytes, size_t size, int range[2])
{
    const int64_t count = image->height * image->width * image->channels;
    range[0] = 255;
    range[1] = 0;
    for (int64_t i = 0; i < count; i++) {
        image->data[i] = size ? bytes[(size_t)i % size] : 255;
        range[0] = GNL_FILES_MIN(range[0], image->data[i]);
        range[1] = GNL_FILES_MAX(range[1], image->data[i]);
    }
}

static void check(const gnl_image *image, int32_t fit, const int range[2])
{
    const int64_t count = image->height * image->width * image->channels;
    const int least = fit == GNL_FIT_PAD ? 0 : range[0];
    for (int64_t i = 0; i < count; i++)
        if (image->data[i] < least || image->data[i] > range[1])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < HEADER)
        return 0;
    const int32_t fits[] = {GNL_FIT_CROP, GNL_FIT_PAD, GNL_FIT_STRETCH}, fit = fits[bytes[4] % 3];
    const int64_t height = size_of(bytes[2]), width = size_of(bytes[3]), channels = bytes[5] & 1 ? 3 : 1;
    const int64_t limit = limit_of(bytes[6]);
    gnl_image image = {.height = size_of(bytes[0]), .width = size_of(bytes[1]), .channels = bytes[6] & 1 ? 3 : 1};
    int range[2];
    if (gnl_image_alloc("fuzz", limit, &image) != GENLAT_OK)
        return 0;
    fill(&image, bytes + HEADER, size - HEADER, range);
    genlat_status status = gnl_image_channels("fuzz", limit, channels, &image);
    if (status == GENLAT_OK)
        status = gnl_image_resize("fuzz", limit, height, width, fit, &image);
    if (status == GENLAT_OK) {
        if (image.height != height || image.width != width || image.channels != channels)
            abort();
        check(&image, fit, range);
    } else if (status != GENLAT_E_MEMORY || !image.data) {
        abort(); /* the image is kept for the caller, who frees it */
    }
    gnl_image_free(&image);
    return 0;
}
