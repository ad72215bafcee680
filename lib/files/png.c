/* SPDX-License-Identifier: MIT */
/* Decodes PNG images with libpng. */
#include <png.h>
#include <stdlib.h>

#include "image_priv.h"

static genlat_status cannot_decode(const char *path, png_image *png, const char *why)
{
    genlat_status status = genlat_error_set(GENLAT_E_FORMAT, "%s: not a valid PNG image: %s", path, why);
    png_image_free(png);
    return status;
}

genlat_status gnl_png_parse(const char *path, const uint8_t *data, size_t size, int64_t limit, gnl_image *out)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    *out = (gnl_image){0};
    if (!png_image_begin_read_from_memory(&png, data, size))
        return cannot_decode(path, &png, png.message);
    png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; /* 16 bits without a gamma are v / 65535, as 8 bits are v / 255 */
    bool colour = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
    png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    *out = (gnl_image){.height = png.height, .width = png.width, .channels = colour ? 3 : 1};
    /* A deflated byte expands to at most 1032 bytes, and a byte has at most 8 pixels. */
    uint64_t pixels = (uint64_t)png.height * png.width;
    if (pixels / 8 > (uint64_t)size * 1032)
        return cannot_decode(path, &png, "its size exceeds what the file can contain");
    genlat_status status = gnl_files_expand(path, size, (int64_t)pixels * out->channels);
    if (status == GENLAT_OK)
        status = gnl_image_alloc(path, limit, out);
    if (status != GENLAT_OK) {
        png_image_free(&png);
        *out = (gnl_image){0};
        return status;
    }
    const png_color black = {0, 0, 0};
    if (!png_image_finish_read(&png, &black, out->data, 0, NULL)) {
        free(out->data);
        *out = (gnl_image){0};
        return cannot_decode(path, &png, png.message);
    }
    return GENLAT_OK;
}
