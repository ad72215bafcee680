/* SPDX-License-Identifier: MIT */
/* Reads NPZ, a ZIP archive of NPY files. Members are stored or deflated, and found by the central directory. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "npy_priv.h"

enum { END_SIZE = 22, CENTRAL_SIZE = 46, LOCAL_SIZE = 30, MAX_COMMENT = 65535, STORED = 0, DEFLATED = 8 };
enum { END_MARK = 0x06054b50, CENTRAL_MARK = 0x02014b50, LOCAL_MARK = 0x04034b50 };
/* Zip64: numbers that do not fit into 16 or 32 bits are in records of their own. */
enum { LOCATOR_SIZE = 20, END64_SIZE = 56, LOCATOR_MARK = 0x07064b50, END64_MARK = 0x06064b50, EXTRA64 = 1 };
#define ABSENT16 UINT16_MAX
#define ABSENT32 UINT32_MAX

/* An entry of the central directory. It lies inside the file, but its values are not checked. */
typedef struct member {
    const uint8_t *name;
    size_t name_length;
    uint32_t method, crc;
    uint64_t packed, size, offset;
    bool encrypted;
} member;

typedef struct archive {
    const char *path;
    const uint8_t *data;
    size_t size;
    uint64_t next; /* offset of the next entry */
    uint64_t left; /* number of entries that follow */
} archive;

static uint32_t le16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t le32(const uint8_t *at)
{
    return le16(at) | le16(at + 2) << 16;
}

static uint64_t le64(const uint8_t *at)
{
    return le32(at) | (uint64_t)le32(at + 4) << 32;
}

static genlat_status damaged(const archive *zip, const char *what, uint64_t at)
{
    return genlat_error_set(GENLAT_E_FORMAT, "%s: %s at byte %llu; the archive is damaged", zip->path, what,
                            (unsigned long long)at);
}

/* Returns whether `count` bytes from `at` on lie inside the file. */
static bool inside(const archive *zip, uint64_t at, uint64_t count)
{
    return at <= zip->size && count <= zip->size - at;
}

/* Reads number and place of the entries from the end record at `at`, or from its zip64 record. Returns false if this is
 * no end record: the comment, which comes last, may contain its mark. */
static bool read_end(archive *zip, size_t at)
{
    const uint8_t *end = zip->data + at;
    if (le32(end) != END_MARK || zip->size - at - END_SIZE != le16(end + 20))
        return false;
    zip->left = le16(end + 10);
    zip->next = le32(end + 16);
    if (at >= LOCATOR_SIZE && le32(end - LOCATOR_SIZE) == LOCATOR_MARK) {
        uint64_t record = le64(end - LOCATOR_SIZE + 8);
        if (!inside(zip, record, END64_SIZE) || le32(zip->data + record) != END64_MARK)
            return false;
        zip->left = zip->left == ABSENT16 ? le64(zip->data + record + 32) : zip->left;
        zip->next = zip->next == ABSENT32 ? le64(zip->data + record + 48) : zip->next;
    }
    if (zip->left == 0)
        return zip->next == at;
    return inside(zip, zip->next, CENTRAL_SIZE) && le32(zip->data + zip->next) == CENTRAL_MARK;
}

/* Finds the end record. It is at the end of the file, followed only by an optional comment. */
static genlat_status open_archive(const char *path, const uint8_t *data, size_t size, archive *out)
{
    *out = (archive){.path = path, .data = data, .size = size};
    size_t lowest = size > END_SIZE + MAX_COMMENT ? size - END_SIZE - MAX_COMMENT : 0;
    for (size_t at = size; size >= END_SIZE && at >= lowest + END_SIZE; at--)
        if (read_end(out, at - END_SIZE))
            return GENLAT_OK;
    return damaged(out, "not a ZIP archive: end record missing", size);
}

/* Replaces the numbers of an entry that do not fit into 32 bits by those of its extra field. */
static bool read_extra(const uint8_t *extra, size_t length, member *out)
{
    uint64_t *const number[] = {&out->size, &out->packed, &out->offset};
    size_t used = 4, missing = 0;
    for (size_t i = 0; i < GNL_FILES_COUNT(number); i++)
        missing += *number[i] == ABSENT32;
    while (missing && length >= 4 && le16(extra) != EXTRA64 && length - 4 >= le16(extra + 2)) {
        length -= 4 + le16(extra + 2);
        extra += 4 + le16(extra + 2);
    }
    if (missing && (length < 4 + 8 * missing || le16(extra) != EXTRA64 || le16(extra + 2) < 8 * missing))
        return false;
    for (size_t i = 0; i < GNL_FILES_COUNT(number); i++)
        if (*number[i] == ABSENT32) {
            *number[i] = le64(extra + used);
            used += 8;
        }
    return true;
}

static genlat_status next_member(archive *zip, member *out)
{
    if (!inside(zip, zip->next, CENTRAL_SIZE) || le32(zip->data + zip->next) != CENTRAL_MARK)
        return damaged(zip, "directory entry missing", zip->next);
    const uint8_t *entry = zip->data + zip->next;
    size_t length = le16(entry + 28), extra = le16(entry + 30), rest = extra + le16(entry + 32);
    if (!inside(zip, zip->next + CENTRAL_SIZE, length + rest))
        return damaged(zip, "a name extends past the end of the file", zip->next);
    *out = (member){.name = entry + CENTRAL_SIZE,
                    .name_length = length,
                    .method = le16(entry + 10),
                    .crc = le32(entry + 16),
                    .packed = le32(entry + 20),
                    .size = le32(entry + 24),
                    .offset = le32(entry + 42),
                    .encrypted = (le16(entry + 8) & 1) != 0};
    if (!read_extra(out->name + length, extra, out))
        return damaged(zip, "a size of 64 bits is missing", zip->next);
    zip->next += CENTRAL_SIZE + length + rest;
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
    if (!inside(zip, file->offset, LOCAL_SIZE) || le32(zip->data + file->offset) != LOCAL_MARK)
        return damaged(zip, "member missing", file->offset);
    const uint8_t *local = zip->data + file->offset;
    size_t header = LOCAL_SIZE + (size_t)le16(local + 26) + le16(local + 28);
    if (!inside(zip, file->offset, header) || !inside(zip, file->offset + header, file->packed))
        return damaged(zip, "a member extends past the end of the file", file->offset);
    *out = local + header;
    return GENLAT_OK;
}

/* zlib counts in unsigned int, so that large members are decompressed in pieces. */
static bool inflate_all(const uint8_t *packed, size_t packed_size, uint8_t *out, size_t size)
{
    const size_t most = (size_t)1 << 30;
    size_t read = 0, written = 0;
    int code = Z_OK;
    z_stream z = {0};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return false;
    while (code == Z_OK) {
        z.avail_in = (uInt)GNL_FILES_MIN(packed_size - read, most);
        z.avail_out = (uInt)GNL_FILES_MIN(size - written, most);
        /* zlib does not modify the input, although next_in is not const. */
        z.next_in = (Bytef *)(uintptr_t)(packed + read);
        z.next_out = out + written;
        code = inflate(&z, Z_NO_FLUSH); /* Z_BUF_ERROR if it cannot go on */
        read = (size_t)(z.next_in - packed);
        written = (size_t)(z.next_out - out);
    }
    inflateEnd(&z);
    return code == Z_STREAM_END && written == size;
}

static genlat_status unpack(const archive *zip, const member *file, gnl_bytes *out)
{
    const uint8_t *packed = NULL;
    if (file->encrypted || (file->method != STORED && file->method != DEFLATED))
        return genlat_error_set(
            GENLAT_E_UNSUPPORTED,
            "%s: '%.*s' is encrypted or uses compression method %u, which is not supported; save it with numpy.savez",
            zip->path, (int)file->name_length, (const char *)file->name, (unsigned)file->method);
    GNL_FILES_TRY(find_data(zip, file, &packed));
    /* A deflated byte expands to at most 1032 bytes. */
    uint64_t most = file->method == STORED ? file->packed : file->packed * 1032 + 64;
    if (file->size > most || file->size >= SIZE_MAX || (file->method == STORED && file->size != file->packed))
        return damaged(zip, "invalid size of a member", file->offset);
    if (file->method == DEFLATED)
        GNL_FILES_TRY(gnl_files_expand(zip->path, zip->size, (int64_t)file->size));
    uint8_t *data = malloc((size_t)file->size + 1);
    if (!data)
        return gnl_files_no_memory(zip->path);
    bool good = true;
    if (file->method == STORED)
        memcpy(data, packed, (size_t)file->size);
    else
        good = inflate_all(packed, (size_t)file->packed, data, (size_t)file->size);
    if (!good || crc32_z(0, data, (size_t)file->size) != file->crc) {
        free(data);
        return damaged(zip, "wrong checksum of a member", file->offset);
    }
    *out = (gnl_bytes){.data = data, .size = (size_t)file->size};
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
    gnl_array array = {0};
    GNL_FILES_TRY(gnl_files_load_plain(path, &zip));
    genlat_status status = parse_member(path, &zip, name, &bytes, &array);
    if (status == GENLAT_OK)
        status = gnl_array_tensor(ctx, &array, out);
    gnl_array_free(&array);
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
    if (spec->label[0] && spec->labels_key[0])
        return genlat_error_set(GENLAT_E_INVALID,
                                "%s: label= and labels_key= are both set; set label= for a field of the records, or "
                                "labels_key= for an array",
                                spec->path);
    GNL_FILES_TRY(gnl_files_load_plain(spec->path, &zip));
    const char *x_name = spec->key[0] ? spec->key : usual_name(spec->path, &zip, samples);
    const char *y_name = spec->labels_key[0] ? spec->labels_key
                         : spec->label[0]    ? NULL
                                             : usual_name(spec->path, &zip, labels);
    genlat_status status = parse_member(spec->path, &zip, x_name, &x_bytes, &x);
    if (status == GENLAT_OK)
        status = gnl_npy_take_labels(spec, &x, &y);
    if (status == GENLAT_OK && y_name)
        status = parse_member(spec->path, &zip, y_name, &y_bytes, &y);
    if (status == GENLAT_OK)
        status = gnl_npy_source(ctx, spec, &x, y.data ? &y : NULL, out);
    gnl_array_free(&x);
    gnl_array_free(&y);
    free(zip.data);
    free(x_bytes.data);
    free(y_bytes.data);
    return status;
}
