/* SPDX-License-Identifier: MIT */
/* IDX, the format of MNIST: two zero bytes, the element type, the number of dimensions, the dimensions, the values. All
 * numbers are big-endian. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

static bool find_element(uint8_t code, gnl_element *out)
{
    static const struct {
        uint8_t code;
        gnl_element element;
    } known[] = {{0x08, GNL_U8}, {0x09, GNL_I8}, {0x0B, GNL_I16}, {0x0C, GNL_I32}, {0x0D, GNL_F32}, {0x0E, GNL_F64}};
    for (size_t i = 0; i < GNL_FILES_COUNT(known); i++)
        if (known[i].code == code) {
            *out = known[i].element;
            return true;
        }
    return false;
}

genlat_status gnl_idx_parse(const char *path, const uint8_t *data, size_t size, gnl_array *out)
{
    *out = (gnl_array){.big_endian = true};
    if (size < 4 || data[0] != 0 || data[1] != 0 || !find_element(data[2], &out->element))
        return genlat_error_set(GENLAT_E_FORMAT,
                                "%s: not an IDX file: it does not start with the bytes 0, 0, a known type, and the "
                                "number of dimensions",
                                path);
    size_t header = 4 + 4 * (size_t)data[3];
    if (data[3] < 1 || data[3] > GENLAT_MAX_DIMS || size < header)
        return genlat_error_set(GENLAT_E_FORMAT,
                                "%s: the number of dimensions is %d, 1 to %d expected, or the header is truncated",
                                path, data[3], GENLAT_MAX_DIMS);
    out->ndim = data[3];
    for (int32_t i = 0; i < out->ndim; i++) {
        const uint8_t *at = data + 4 + 4 * i;
        out->dim[i] = (int64_t)at[0] << 24 | (int64_t)at[1] << 16 | (int64_t)at[2] << 8 | at[3];
    }
    out->data = data + header;
    GNL_FILES_TRY(gnl_array_check(out, path, size - header));
    size_t used = (size_t)out->count * gnl_element_size(out->element);
    if (used != size - header)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: %zu bytes follow the last value; the file is damaged", path,
                                size - header - used);
    return GENLAT_OK;
}

/* ---- finding the files ------------------------------------------------------------------------------- */

/* The usual names of files of images. Each may have the additional ending .gz. */
static const struct {
    const char *part, *images;
} names[] = {
    {"train", "train-images-idx3-ubyte"}, {"train", "train-images.idx3-ubyte"}, {"test", "t10k-images-idx3-ubyte"},
    {"test", "t10k-images.idx3-ubyte"},   {"test", "test-images-idx3-ubyte"},   {"test", "test-images.idx3-ubyte"},
    {"valid", "valid-images-idx3-ubyte"}, {"valid", "valid-images.idx3-ubyte"},
};

/* Writes the existing one of "folder/name" and "folder/name.gz" to out, or "" if neither exists. */
static genlat_status find_file(const char *folder, const char *name, char out[GNL_FILES_PATH])
{
    static const char *const endings[] = {"", ".gz"};
    char file[GNL_FILES_KEY];
    for (size_t i = 0; i < GNL_FILES_COUNT(endings); i++) {
        snprintf(file, sizeof file, "%s%s", name, endings[i]);
        GNL_FILES_TRY(gnl_files_join(folder, file, out));
        if (gnl_files_exist(out))
            return GENLAT_OK;
    }
    out[0] = '\0';
    return GENLAT_OK;
}

static genlat_status find_in_folder(const gnl_spec *spec, char images[GNL_FILES_PATH])
{
    const char *part = spec->part[0] ? spec->part : "train";
    for (size_t i = 0; i < GNL_FILES_COUNT(names); i++) {
        if (strcmp(names[i].part, part) != 0)
            continue;
        GNL_FILES_TRY(find_file(spec->path, names[i].images, images));
        if (images[0])
            return GENLAT_OK;
    }
    return genlat_error_set(GENLAT_E_IO, "%s: the folder has no images of part '%s', such as %s-images-idx3-ubyte.gz",
                            spec->path, part, part);
}

/* Returns the last "images-idx3" or "images.idx3", with any digit, of the name of a file; NULL: there is none. */
static const char *find_mark(const char *name)
{
    const char *found = NULL;
    for (const char *at = strstr(name, "images"); at; at = strstr(at + 1, "images"))
        if (at[6] && strchr("-.", at[6]) && strncmp(at + 7, "idx", 3) == 0 && at[10] >= '1' && at[10] <= '9')
            found = at;
    return found;
}

/* Finds the labels "..labels-idx1.." of a file of images "..images-idx3..", with a dash or a dot, and with or without
 * the ending .gz; the name that is most like that of the images comes first. Writes "" to labels if there is no such
 * file. */
static void find_labels(const char *images, char labels[GNL_FILES_PATH])
{
    const char *slash = strrchr(images, '/');
    const char *mark = find_mark(slash ? slash + 1 : images);
    labels[0] = '\0';
    if (!mark)
        return;
    const char *rest = mark + strlen("images-idx3");
    size_t length = strlen(rest);
    bool packed = length > 3 && strcmp(rest + length - 3, ".gz") == 0;
    for (int variant = 0; variant < 4; variant++) {
        bool gz = packed != (variant % 2 == 1), dot = (mark[6] == '.') != (variant / 2 == 1);
        int written = snprintf(labels, GNL_FILES_PATH, "%.*slabels%cidx1%.*s%s", (int)(mark - images), images,
                               dot ? '.' : '-', (int)(length - (packed ? 3 : 0)), rest, gz ? ".gz" : "");
        if (written < GNL_FILES_PATH && gnl_files_exist(labels))
            return;
    }
    labels[0] = '\0';
}

genlat_status gnl_idx_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    char images_path[GNL_FILES_PATH] = "", labels_path[GNL_FILES_PATH] = "";
    gnl_bytes images = {0}, labels = {0};
    gnl_array x = {0}, y = {0};
    const genlat_description image = {.size = sizeof image, .content = GENLAT_CONTENT_IMAGE};
    if (gnl_files_is_folder(spec->path)) {
        GNL_FILES_TRY(find_in_folder(spec, images_path));
    } else {
        if (spec->part[0])
            return genlat_error_set(GENLAT_E_NOT_FOUND,
                                    "%s: #%s is set, but the path is a file; only folders have parts", spec->path,
                                    spec->part);
        snprintf(images_path, sizeof images_path, "%s", spec->path);
    }
    find_labels(images_path, labels_path);
    genlat_status status = gnl_files_load(images_path, &images);
    if (status == GENLAT_OK)
        status = gnl_idx_parse(images_path, images.data, images.size, &x);
    if (status == GENLAT_OK && labels_path[0])
        status = gnl_files_load(labels_path, &labels);
    if (status == GENLAT_OK && labels_path[0])
        status = gnl_idx_parse(labels_path, labels.data, labels.size, &y);
    if (status == GENLAT_OK)
        status = gnl_array_source(ctx, &x, spec, true, labels_path[0] ? &y : NULL, out);
    if (status == GENLAT_OK && x.ndim >= 3 && spec->ndim == 0)
        status = gnl_files_describe(images_path, &image, out);
    free(images.data);
    free(labels.data);
    return status;
}
