/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as a JPEG image: an error, or an image with all pixels set. */
#include <stdlib.h>

#include "image_priv.h"
#include "fuzz/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    gnl_image image;
    volatile unsigned sum = 0;
    if (gnl_jpeg_parse("fuzz", bytes, size, 1 << 26, &image) != GENLAT_OK)
        return 0;
    if (image.channels != 1 && image.channels != 3)
        abort();
    for (int64_t i = 0; i < image.height * image.width * image.channels; i++)
        sum += image.data[i];
    (void)sum;
    free(image.data);
    return 0;
}
