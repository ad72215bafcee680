/* SPDX-License-Identifier: MIT */
/* Reads folders of images. */
#include <stdlib.h>
#include <string.h>

#include "image_priv.h"

static const struct format {
    const char *magic;
    size_t size;
    genlat_status (*parse)(const char *path, const uint8_t *data, size_t size, int64_t limit, gnl_image *out);
} formats[] = {
    {"\x89PNG\r\n\x1a\n", 8, gnl_png_parse},
    {"\xFF\xD8\xFF", 3, gnl_jpeg_parse},
};

/* All images, [n,channels,height,width]. */
typedef struct image_set {
    const gnl_spec *spec;
    int64_t limit;   /* bytes of memory */
    gnl_image first; /* size of the first image; its data are freed */
    uint8_t *data;
} image_set;

/* Decodes an image in the format that its first bytes tell. */
static genlat_status decode(const char *path, const gnl_bytes *bytes, int64_t limit, gnl_image *out)
{
    *out = (gnl_image){0};
    for (size_t i = 0; i < GNL_FILES_COUNT(formats); i++)
        if (bytes->size >= formats[i].size && memcmp(bytes->data, formats[i].magic, formats[i].size) == 0)
            return formats[i].parse(path, bytes->data, bytes->size, limit, out);
    return genlat_error_set(GENLAT_E_FORMAT, "%s: the file is no PNG or JPEG image; remove or convert it", path);
}

/* Decodes a file, and converts the image as the spec requests. The caller frees out, also after an error. */
static genlat_status load_image(const char *path, const image_set *all, gnl_image *out)
{
    static const int64_t channels[] = {[GNL_CHANNELS_KEEP] = 0, [GNL_CHANNELS_GREY] = 1, [GNL_CHANNELS_COLOUR] = 3};
    const gnl_spec *spec = all->spec;
    gnl_bytes bytes;
    *out = (gnl_image){0};
    GNL_FILES_TRY(gnl_files_load_plain(path, &bytes));
    genlat_status status = decode(path, &bytes, all->limit, out);
    free(bytes.data);
    if (status == GENLAT_OK && spec->channels)
        status = gnl_image_channels(path, all->limit, channels[spec->channels], out);
    if (status == GENLAT_OK && spec->size[0])
        status = gnl_image_resize(path, all->limit, spec->size[0], spec->size[1], spec->fit, out);
    return status;
}

static genlat_status start_image_set(const char *path, const gnl_image *image, int64_t count, image_set *out)
{
    int64_t bytes = image->height * image->width * image->channels;
    out->first = *image;
    GNL_FILES_TRY(gnl_files_fit(out->limit, path, bytes, count));
    out->data = malloc((size_t)(bytes * count));
    return out->data ? GENLAT_OK : gnl_files_no_memory(path);
}

static genlat_status check_size(const char *path, const gnl_image *image, const image_set *all, const char *first_path)
{
    const gnl_image *first = &all->first;
    if (image->height != first->height || image->width != first->width)
        return genlat_error_set(GENLAT_E_SHAPE,
                                "%s: the image is %lldx%lld (height x width), but %s is %lldx%lld; set size=, such as "
                                "size=64, to convert all images to one size",
                                path, (long long)image->height, (long long)image->width, first_path,
                                (long long)first->height, (long long)first->width);
    if (image->channels != first->channels)
        return genlat_error_set(GENLAT_E_SHAPE,
                                "%s: the image has %lld channels, but %s has %lld; set channels=1 or channels=3", path,
                                (long long)image->channels, first_path, (long long)first->channels);
    return GENLAT_OK;
}

/* Adds an image, and converts interleaved channels to planes. */
static void add_image(const gnl_image *image, int64_t index, image_set *all)
{
    int64_t plane = image->height * image->width, channels = image->channels;
    uint8_t *to = all->data + index * plane * channels;
    for (int64_t i = 0; i < plane; i++)
        for (int64_t c = 0; c < channels; c++)
            to[c * plane + i] = image->data[i * channels + c];
}

static genlat_status fill_image_set(const gnl_tree *tree, image_set *out)
{
    for (int64_t i = 0; i < tree->count; i++) {
        gnl_image image;
        genlat_status status = load_image(tree->path[i], out, &image);
        if (status == GENLAT_OK && i == 0)
            status = start_image_set(tree->path[i], &image, tree->count, out);
        if (status == GENLAT_OK)
            status = check_size(tree->path[i], &image, out, tree->path[0]);
        if (status == GENLAT_OK)
            add_image(&image, i, out);
        gnl_image_free(&image);
        GNL_FILES_TRY(status);
    }
    return GENLAT_OK;
}

static genlat_status image_set_source(genlat_ctx *ctx, const gnl_tree *tree, const image_set *all, genlat_source **out)
{
    const gnl_image *first = &all->first;
    const int64_t dims[] = {tree->count, first->channels, first->height, first->width};
    const genlat_description description = {
        .size = sizeof description,
        .classes = tree->classes,
        .class_names = (const char *const *)tree->name,
        .content = GENLAT_CONTENT_IMAGE,
    };
    genlat_tensor *labels = NULL;
    if (tree->classes)
        GNL_FILES_TRY(genlat_tensor_new(ctx, 1, dims, &labels));
    for (int64_t i = 0; labels && i < tree->count; i++)
        genlat_tensor_data(labels)[i] = (float)tree->class[i];
    genlat_status status = genlat_source_bytes(ctx, 4, dims, all->data, 1.0 / 255, labels, out);
    genlat_tensor_destroy(&labels);
    return status == GENLAT_OK ? gnl_files_describe(all->spec->path, &description, out) : status;
}

genlat_status gnl_image_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", NULL};
    gnl_tree tree;
    image_set all = {.spec = spec, .limit = genlat_ctx_memory_limit(ctx)};
    GNL_FILES_TRY(gnl_tree_read(spec->path, endings, &tree));
    genlat_status status = fill_image_set(&tree, &all);
    if (status == GENLAT_OK)
        status = image_set_source(ctx, &tree, &all, out);
    gnl_tree_free(&tree);
    free(all.data);
    return status;
}
