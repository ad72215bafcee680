/* SPDX-License-Identifier: MIT */
/* The orientation of photographs: cameras store the pixels as the sensor has them, and how they are to be turned. */
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"

/* A block of TIFF, whose numbers have the byte order that it states. */
typedef struct tiff {
    const uint8_t *data;
    size_t size;
    bool big;
} tiff;

/* Returns a number of `width` bytes, or 0 beyond the end. */
static uint32_t number_at(const tiff *t, size_t at, size_t width)
{
    uint32_t value = 0;
    if (at > t->size || width > t->size - at)
        return 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint32_t)t->data[at + i] << 8 * (t->big ? width - 1 - i : i);
    return value;
}

int gnl_exif_orientation(const uint8_t *data, size_t size)
{
    enum { ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3 };
    static const uint8_t mark[] = {'E', 'x', 'i', 'f', 0, 0};
    if (size < sizeof mark + 8 || memcmp(data, mark, sizeof mark) != 0)
        return 1;
    const tiff t = {data + sizeof mark, size - sizeof mark, data[sizeof mark] == 'M'};
    const size_t folder = number_at(&t, 4, 4), count = number_at(&t, folder, 2);
    for (size_t i = 0; i < count; i++) {
        const size_t entry = folder + 2 + i * ENTRY;
        if (number_at(&t, entry, 2) != ORIENTATION || number_at(&t, entry + 2, 2) != SHORT)
            continue;
        const uint32_t value = number_at(&t, entry + 8, 2);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* The values say where row 0 and column 0 of the stored pixels belong: 2 is mirrored, 3 turned by half, 4 upside down,
 * 5 to 8 have rows and columns exchanged. */
genlat_status gnl_image_orient(const char *path, int64_t limit, int orientation, gnl_image *image)
{
    const bool exchanged = orientation >= 5;
    const bool rows_back = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool columns_back = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const int64_t channels = image->channels;
    gnl_image out = *image;
    if (orientation <= 1)
        return GENLAT_OK;
    out.height = exchanged ? image->width : image->height;
    out.width = exchanged ? image->height : image->width;
    GNL_FILES_TRY(gnl_image_alloc(path, limit, &out));
    for (int64_t y = 0; y < out.height; y++)
        for (int64_t x = 0; x < out.width; x++) {
            const int64_t row = exchanged ? x : y, column = exchanged ? y : x;
            const int64_t from = (rows_back ? image->height - 1 - row : row) * image->width +
                                 (columns_back ? image->width - 1 - column : column);
            memcpy(out.data + (y * out.width + x) * channels, image->data + from * channels, (size_t)channels);
        }
    gnl_image_free(image);
    *image = out;
    return GENLAT_OK;
}
