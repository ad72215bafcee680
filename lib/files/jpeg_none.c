/* SPDX-License-Identifier: MIT */
/* Replaces jpeg.c if the library is built without libjpeg. */
#include "image_priv.h"

genlat_status gnl_jpeg_parse(const char *path, const uint8_t *data, size_t size, int64_t limit, gnl_image *out)
{
    *out = (gnl_image){0};
    return genlat_error_set(
        GENLAT_E_UNSUPPORTED,
        "%s: this build does not support JPEG images; install libjpeg and rebuild, or convert the images to PNG", path);
}
