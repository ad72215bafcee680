/* SPDX-License-Identifier: MIT */
/* Images: decoders, and conversion to one size and number of channels. */
#ifndef GNL_IMAGE_PRIV_H
#define GNL_IMAGE_PRIV_H

#include "files_priv.h"

typedef struct gnl_image {
    int64_t height, width, channels; /* 1 or 3 channels */
    uint8_t *data;                   /* [height,width,channels] allocated by malloc */
} gnl_image;

/* Decode an image of at most `limit` bytes. */
genlat_status gnl_png_parse(const char *path, const uint8_t *data, size_t size, int64_t limit, gnl_image *out);
genlat_status gnl_jpeg_parse(const char *path, const uint8_t *data, size_t size, int64_t limit, gnl_image *out);

/* Allocates data for the size that is set. Returns E_MEMORY above the limit. On failure, *image is empty. */
genlat_status gnl_image_alloc(const char *path, int64_t limit, gnl_image *image);
void gnl_image_free(gnl_image *image);

/* Returns the orientation, 1 to 8, that the block APP1 of a JPEG image states; 1, as stored, if it states none. */
int gnl_exif_orientation(const uint8_t *data, size_t size);
/* Turns and mirrors an image by its orientation, so that it is upright. */
genlat_status gnl_image_orient(const char *path, int64_t limit, int orientation, gnl_image *image);

/* Converts to 1 channel, 0.299 red + 0.587 green + 0.114 blue, or to 3 equal ones. */
genlat_status gnl_image_channels(const char *path, int64_t limit, int64_t channels, gnl_image *image);
/* Resizes by one of the methods GNL_FIT_*. */
genlat_status gnl_image_resize(const char *path, int64_t limit, int64_t height, int64_t width, int32_t fit,
                               gnl_image *image);

#endif
