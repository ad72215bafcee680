/* SPDX-License-Identifier: MIT */
/* Reads folders of PNG images that have the same size. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

static genlat_status cannot_decode(const char *path, png_image *png, const char *why)
{
    genlat_status status = genlat_error_set(GENLAT_E_FORMAT, "%s: not a valid PNG image: %s", path, why);
    png_image_free(png);
    return status;
}

genlat_status gnl_png_parse(const char *path, const uint8_t *data, size_t size, gnl_image *out)
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
    out->data = malloc((size_t)pixels * (size_t)out->channels);
    if (!out->data) {
        png_image_free(&png);
        return gnl_files_no_memory(path);
    }
    const png_color black = {0, 0, 0};
    if (!png_image_finish_read(&png, &black, out->data, 0, NULL)) {
        free(out->data);
        *out = (gnl_image){0};
        return cannot_decode(path, &png, png.message);
    }
    return GENLAT_OK;
}

/* ---- a folder ---------------------------------------------------------------------------------------- */

/* All images, [n,channels,height,width]. */
typedef struct image_set {
    gnl_image first; /* size of the first image; its data are freed */
    uint8_t *data;
} image_set;

static genlat_status load_image(const char *path, gnl_image *out)
{
    gnl_bytes bytes;
    GNL_FILES_TRY(gnl_files_load_plain(path, &bytes));
    genlat_status status = gnl_png_parse(path, bytes.data, bytes.size, out);
    free(bytes.data);
    return status;
}

static genlat_status start_image_set(const char *path, const gnl_image *image, int64_t count, image_set *out)
{
    int64_t bytes = image->height * image->width * image->channels;
    out->first = *image;
    if (__builtin_mul_overflow(bytes, count, &bytes) || (uint64_t)bytes > SIZE_MAX / 2)
        return gnl_files_no_memory(path);
    out->data = malloc((size_t)bytes);
    return out->data ? GENLAT_OK : gnl_files_no_memory(path);
}

/* Adds an image, and converts interleaved channels to planes. */
static genlat_status add_image(const char *path, const gnl_image *image, int64_t index, image_set *all)
{
    const gnl_image *first = &all->first;
    if (image->height != first->height || image->width != first->width || image->channels != first->channels)
        return genlat_error_set(
            GENLAT_E_SHAPE,
            "%s: the image is %lldx%lld with %lld channels, %lldx%lld with %lld channels expected as for the first "
            "image; resize the images to one size",
            path, (long long)image->height, (long long)image->width, (long long)image->channels,
            (long long)first->height, (long long)first->width, (long long)first->channels);
    int64_t plane = image->height * image->width, channels = image->channels;
    uint8_t *to = all->data + index * plane * channels;
    for (int64_t i = 0; i < plane; i++)
        for (int64_t c = 0; c < channels; c++)
            to[c * plane + i] = image->data[i * channels + c];
    return GENLAT_OK;
}

static genlat_status fill_image_set(const gnl_tree *tree, image_set *out)
{
    for (int64_t i = 0; i < tree->count; i++) {
        gnl_image image;
        GNL_FILES_TRY(load_image(tree->path[i], &image));
        genlat_status status = i ? GENLAT_OK : start_image_set(tree->path[i], &image, tree->count, out);
        if (status == GENLAT_OK)
            status = add_image(tree->path[i], &image, i, out);
        free(image.data);
        GNL_FILES_TRY(status);
    }
    return GENLAT_OK;
}

static genlat_status image_set_source(genlat_ctx *ctx, const gnl_tree *tree, const image_set *all, genlat_source **out)
{
    const gnl_image *first = &all->first;
    const int64_t dims[] = {tree->count, first->channels, first->height, first->width};
    genlat_tensor *labels = NULL;
    if (tree->classes)
        GNL_FILES_TRY(genlat_tensor_new(ctx, 1, dims, &labels));
    for (int64_t i = 0; labels && i < tree->count; i++)
        genlat_tensor_data(labels)[i] = (float)tree->class[i];
    genlat_status status = genlat_source_bytes(ctx, 4, dims, all->data, 1.0 / 255, labels, out);
    genlat_tensor_destroy(&labels);
    return status;
}

genlat_status gnl_png_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    static const char *const endings[] = {".png", NULL};
    gnl_tree tree;
    image_set all = {.data = NULL};
    GNL_FILES_TRY(gnl_tree_read(spec->path, endings, &tree));
    genlat_status status = fill_image_set(&tree, &all);
    if (status == GENLAT_OK)
        status = image_set_source(ctx, &tree, &all, out);
    gnl_tree_free(&tree);
    free(all.data);
    return status;
}
