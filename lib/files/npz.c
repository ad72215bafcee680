/* SPDX-License-Identifier: MIT */
/* Reads NPZ, a ZIP archive of NPY files. Members are stored or deflated, and found by the central directory. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "files_priv.h"

enum { END_SIZE = 22, CENTRAL_SIZE = 46, LOCAL_SIZE = 30, MAX_COMMENT = 65535, STORED = 0, DEFLATED = 8 };
enum { END_MARK = 0x06054b50, CENTRAL_MARK = 0x02014b50, LOCAL_MARK = 0x04034b50 };

/* An entry of the central directory. It lies inside the file, but its values are not checked. */
typedef struct member {
    const uint8_t *name;
    size_t name_length;
    uint32_t method, crc, packed, size, offset;
    bool encrypted;
} member;

typedef struct archive {
    const char *path;
    const uint8_t *data;
    size_t size;
    size_t next; /* offset of the next entry */
    size_t left; /* number of entries that follow */
} archive;

static uint32_t le16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t le32(const uint8_t *at)
{
    return le16(at) | le16(at + 2) << 16;
}

static genlat_status damaged(const archive *zip, const char *what, size_t at)
{
    return genlat_error_set(GENLAT_E_FORMAT, "%s: %s at byte %zu; the archive is damaged", zip->path, what, at);
}

/* Finds the end record. It is at the end of the file, followed only by an optional comment. */
static genlat_status open_archive(const char *path, const uint8_t *data, size_t size, archive *out)
{
    *out = (archive){.path = path, .data = data, .size = size};
    if (size < END_SIZE)
        return damaged(out, "not a ZIP archive: end record missing", size);
    size_t lowest = size > END_SIZE + MAX_COMMENT ? size - END_SIZE - MAX_COMMENT : 0;
    for (size_t at = size - END_SIZE;; at--) {
        if (le32(data + at) == END_MARK) {
            out->left = le16(data + at + 10);
            out->next = le32(data + at + 16);
            return GENLAT_OK;
        }
        if (at == lowest)
            return damaged(out, "not a ZIP archive: end record missing", size);
    }
}

static genlat_status next_member(archive *zip, member *out)
{
    size_t at = zip->next;
    if (at > zip->size || zip->size - at < CENTRAL_SIZE || le32(zip->data + at) != CENTRAL_MARK)
        return damaged(zip, "directory entry missing", at);
    const uint8_t *entry = zip->data + at;
    size_t length = le16(entry + 28), rest = (size_t)le16(entry + 30) + le16(entry + 32);
    if (zip->size - at - CENTRAL_SIZE < length + rest)
        return damaged(zip, "a name extends past the end of the file", at);
    *out = (member){.name = entry + CENTRAL_SIZE,
                    .name_length = length,
                    .method = le16(entry + 10),
                    .crc = le32(entry + 16),
                    .packed = le32(entry + 20),
                    .size = le32(entry + 24),
                    .offset = le32(entry + 42),
                    .encrypted = (le16(entry + 8) & 1) != 0};
    zip->next = at + CENTRAL_SIZE + length + rest;
    zip->left--;
    return GENLAT_OK;
}

/* Returns the length of the name without .npy, or 0 if it does not end in .npy. */
static size_t bare_length(const member *file)
{
    bool npy = file->name_length > 4 && memcmp(file->name + file->name_length - 4, ".npy", 4) == 0;
    return npy ? file->name_length - 4 : 0;
}

/* ---- decompression ----------------------------------------------------------------------------------- */

static genlat_status find_data(const archive *zip, const member *file, const uint8_t **out)
{
    size_t at = file->offset;
    if (at > zip->size || zip->size - at < LOCAL_SIZE || le32(zip->data + at) != LOCAL_MARK)
        return damaged(zip, "member missing", at);
    size_t header = LOCAL_SIZE + (size_t)le16(zip->data + at + 26) + le16(zip->data + at + 28);
    if (zip->size - at < header || zip->size - at - header < file->packed)
        return damaged(zip, "a member extends past the end of the file", at);
    *out = zip->data + at + header;
    return GENLAT_OK;
}

static bool inflate_all(const uint8_t *packed, size_t packed_size, uint8_t *out, size_t size)
{
    z_stream z = {0};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return false;
    /* zlib does not modify the input, although next_in is not const. */
    z.next_in = (Bytef *)(uintptr_t)packed;
    z.avail_in = (uInt)packed_size;
    z.next_out = out;
    z.avail_out = (uInt)size;
    int code = inflate(&z, Z_FINISH);
    bool complete = code == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return complete;
}

static genlat_status unpack(const archive *zip, const member *file, gnl_bytes *out)
{
    const uint8_t *packed = NULL;
    /* A deflated byte expands to at most 1032 bytes. */
    uint64_t most = file->method == STORED ? file->packed : (uint64_t)file->packed * 1032 + 64;
    if (file->encrypted || (file->method != STORED && file->method != DEFLATED))
        return genlat_error_set(
            GENLAT_E_UNSUPPORTED,
            "%s: '%.*s' is encrypted or uses compression method %u, which is not supported; save it with numpy.savez",
            zip->path, (int)file->name_length, (const char *)file->name, (unsigned)file->method);
    if (file->size > most || (file->method == STORED && file->size != file->packed))
        return damaged(zip, "invalid size of a member", file->offset);
    GNL_FILES_TRY(find_data(zip, file, &packed));
    uint8_t *data = malloc((size_t)file->size + 1);
    if (!data)
        return gnl_files_no_memory(zip->path);
    bool good = true;
    if (file->method == STORED)
        memcpy(data, packed, file->size);
    else
        good = inflate_all(packed, file->packed, data, file->size);
    if (!good || crc32_z(0, data, file->size) != file->crc) {
        free(data);
        return damaged(zip, "wrong checksum of a member", file->offset);
    }
    *out = (gnl_bytes){.data = data, .size = file->size};
    return GENLAT_OK;
}

/* ---- members by name --------------------------------------------------------------------------------- */

static genlat_status not_found(const archive *zip, const char *name, const char *known)
{
    return genlat_error_set(GENLAT_E_NOT_FOUND, "%s: %s%s%s; the file has: %s", zip->path,
                            name ? "there is no array '" : "select an array with key=", name ? name : "",
                            name ? "'" : "", *known ? known : "no arrays");
}

static void add_name(char *known, size_t capacity, const member *file)
{
    size_t used = strlen(known);
    snprintf(known + used, capacity - used, "%s%.*s", used ? ", " : "", (int)bare_length(file),
             (const char *)file->name);
}

static genlat_status find_member(archive *zip, const char *name, member *out)
{
    char known[256] = "";
    size_t found = 0, arrays = 0;
    while (zip->left) {
        member file = {0};
        GNL_FILES_TRY(next_member(zip, &file));
        size_t length = bare_length(&file);
        if (length == 0)
            continue;
        arrays++;
        add_name(known, sizeof known, &file);
        if (!name || (strlen(name) == length && memcmp(name, file.name, length) == 0)) {
            *out = file;
            found++;
        }
    }
    if (found == 0 || (!name && arrays != 1))
        return not_found(zip, name, known);
    return GENLAT_OK;
}

genlat_status gnl_npz_member(const char *path, const uint8_t *data, size_t size, const char *name, gnl_bytes *out)
{
    archive zip;
    member file = {0};
    *out = (gnl_bytes){0};
    GNL_FILES_TRY(open_archive(path, data, size, &zip));
    GNL_FILES_TRY(find_member(&zip, name, &file));
    return unpack(&zip, &file, out);
}

bool gnl_npz_has(const char *path, const uint8_t *data, size_t size, const char *name)
{
    archive zip;
    if (open_archive(path, data, size, &zip) != GENLAT_OK)
        return false;
    while (zip.left) {
        member file = {0};
        if (next_member(&zip, &file) != GENLAT_OK)
            return false;
        if (bare_length(&file) == strlen(name) && memcmp(file.name, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

/* ---- public ------------------------------------------------------------------------------------------ */

static genlat_status parse_member(const char *path, const gnl_bytes *zip, const char *name, gnl_bytes *bytes,
                                  gnl_array *out)
{
    GNL_FILES_TRY(gnl_npz_member(path, zip->data, zip->size, name, bytes));
    return gnl_npy_parse(path, bytes->data, bytes->size, out);
}

genlat_status genlat_npz_read(genlat_ctx *ctx, const char *path, const char *name, genlat_tensor **out)
{
    GNL_FILES_REQUIRE(out, "genlat_npz_read", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_npz_read", "ctx is NULL");
    GNL_FILES_REQUIRE(path, "genlat_npz_read", "path is NULL");
    gnl_bytes zip, bytes = {0};
    gnl_array array;
    GNL_FILES_TRY(gnl_files_load_plain(path, &zip));
    genlat_status status = parse_member(path, &zip, name, &bytes, &array);
    if (status == GENLAT_OK)
        status = gnl_array_tensor(ctx, &array, out);
    free(zip.data);
    free(bytes.data);
    return status;
}

/* Returns the first of the usual names that the archive has, or NULL. */
static const char *usual_name(const char *path, const gnl_bytes *zip, const char *const *names)
{
    for (; *names; names++)
        if (gnl_npz_has(path, zip->data, zip->size, *names))
            return *names;
    return NULL;
}

genlat_status gnl_npz_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    static const char *const samples[] = {"x", NULL}, *const labels[] = {"labels", "y", NULL};
    gnl_bytes zip, x_bytes = {0}, y_bytes = {0};
    gnl_array x = {0}, y = {0};
    GNL_FILES_TRY(gnl_files_load_plain(spec->path, &zip));
    const char *x_name = spec->key[0] ? spec->key : usual_name(spec->path, &zip, samples);
    const char *y_name = spec->labels_key[0] ? spec->labels_key : usual_name(spec->path, &zip, labels);
    genlat_status status = parse_member(spec->path, &zip, x_name, &x_bytes, &x);
    if (status == GENLAT_OK && y_name)
        status = parse_member(spec->path, &zip, y_name, &y_bytes, &y);
    if (status == GENLAT_OK)
        status = gnl_array_source(ctx, &x, spec, false, y_name ? &y : NULL, out);
    free(zip.data);
    free(x_bytes.data);
    free(y_bytes.data);
    return status;
}
