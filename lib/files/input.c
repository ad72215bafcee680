/* SPDX-License-Identifier: MIT */
/* Reads whole files. */
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "files_priv.h"

genlat_status gnl_files_no_memory(const char *path)
{
    return genlat_error_set(GENLAT_E_MEMORY, "%s: out of memory", path);
}

genlat_status gnl_files_fit(int64_t limit, const char *path, int64_t a, int64_t b)
{
    int64_t bytes = 0;
    if (__builtin_mul_overflow(a, b, &bytes))
        bytes = INT64_MAX;
    if (bytes <= limit)
        return GENLAT_OK;
    return genlat_error_set(GENLAT_E_MEMORY,
                            "%s: the data take %lld bytes of memory, more than memory_limit, %lld bytes", path,
                            (long long)bytes, (long long)limit);
}

genlat_status gnl_files_expand(const char *path, size_t size, int64_t bytes)
{
    enum { MOST = 1 << 26, TIMES = 64 };
    if (bytes <= MOST || (uint64_t)bytes / TIMES <= size)
        return GENLAT_OK;
    return genlat_error_set(GENLAT_E_FORMAT,
                            "%s: the data become %lld bytes or more, but the file has %zu; more than %d MiB and more "
                            "than %d times the file are refused, so store the data with less compression",
                            path, (long long)bytes, size, MOST >> 20, TIMES);
}

static genlat_status cannot_read(const char *path, const char *why)
{
    return genlat_error_set(GENLAT_E_IO, "%s: cannot read the file: %s", path, why);
}

bool gnl_files_exist(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

genlat_status gnl_files_regular(const char *path, size_t *size)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return cannot_read(path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return cannot_read(path, "the path is a folder");
    if (!S_ISREG(info.st_mode))
        return cannot_read(path, "the path is not a regular file");
    *size = (size_t)info.st_size;
    return GENLAT_OK;
}

bool gnl_files_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

genlat_status gnl_files_join(const char *folder, const char *name, char out[GNL_FILES_PATH])
{
    int length = snprintf(out, GNL_FILES_PATH, "%s/%s", folder, name);
    if (length < 0 || length >= GNL_FILES_PATH)
        return genlat_error_set(GENLAT_E_RANGE, "%s: the path is longer than %d bytes", folder, GNL_FILES_PATH - 1);
    return GENLAT_OK;
}

/* Reads to the end of the file of `size` bytes. Grows the memory with the data read, so that a wrong length in the file
 * does no harm. Compressed data are counted piece by piece, so that what is refused takes no more than is allowed. */
static genlat_status read_all(gzFile file, const char *path, size_t size, gnl_bytes *out)
{
    enum { PIECE = 1 << 16 };
    size_t capacity = size + 1;
    for (;;) {
        uint8_t *grown = realloc(out->data, capacity);
        if (!grown)
            return gnl_files_no_memory(path);
        out->data = grown;
        while (out->size < capacity) {
            unsigned space = (unsigned)GNL_FILES_MIN(capacity - out->size, (size_t)PIECE);
            int got = gzread(file, out->data + out->size, space);
            int code = Z_OK;
            if (got <= 0) {
                const char *why = gzerror(file, &code);
                return code == Z_OK || code == Z_STREAM_END ? GENLAT_OK : cannot_read(path, why);
            }
            out->size += (size_t)got;
            if (!gzdirect(file))
                GNL_FILES_TRY(gnl_files_expand(path, size, (int64_t)out->size));
        }
        capacity += capacity / 2 + 4096;
    }
}

genlat_status gnl_files_load(const char *path, gnl_bytes *out)
{
    size_t size = 0;
    *out = (gnl_bytes){0};
    GNL_FILES_TRY(gnl_files_regular(path, &size));
    gzFile file = gzopen(path, "rb");
    if (!file)
        return cannot_read(path, errno ? strerror(errno) : "out of memory");
    gzbuffer(file, (unsigned)GNL_FILES_MIN(GNL_FILES_MAX(size, 1 << 13), 1 << 17));
    genlat_status status = read_all(file, path, size, out);
    out->decompressed = !gzdirect(file);
    if (gzclose(file) != Z_OK && status == GENLAT_OK)
        status = cannot_read(path, "the compressed data are truncated; copy the file again");
    if (status != GENLAT_OK) {
        free(out->data);
        *out = (gnl_bytes){0};
    }
    return status;
}

genlat_status gnl_files_load_plain(const char *path, gnl_bytes *out)
{
    GNL_FILES_TRY(gnl_files_load(path, out));
    if (!out->decompressed)
        return GENLAT_OK;
    free(out->data);
    *out = (gnl_bytes){0};
    return genlat_error_set(GENLAT_E_FORMAT, "%s: the file is compressed by gzip; decompress it with gunzip", path);
}

/* Reads digits with at most one point. With at most 15 digits, the number without the point and the power of ten are
 * exact, so that their quotient is the nearest double, as that of strtod(), in a fraction of the time. */
static bool read_decimal(const char *text, size_t length, double *out)
{
    enum { MOST_DIGITS = 15 };
    static const double power[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const bool negative = text[0] == '-';
    int64_t value = 0;
    int digits = 0, places = 0;
    bool point = false;
    for (size_t i = negative || text[0] == '+'; i < length; i++) {
        if (text[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || digits++ == MOST_DIGITS)
            return false;
        value = 10 * value + (text[i] - '0');
        places += point;
    }
    *out = (negative ? -1 : 1) * ((double)value / power[places]);
    return digits > 0 && FLT_EVAL_METHOD == 0;
}

bool gnl_files_number(const char *text, size_t length, double *out)
{
    char copy[64];
    if (length > 0 && read_decimal(text, length, out))
        return true;
    if (length == 0 || length >= sizeof copy || strspn(text, "+-0123456789.eEinfatyINFATY") < length)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return false;
    char *end = NULL;
    *out = strtod_l(copy, &end, c);
    freelocale(c);
    return end == copy + length;
}
