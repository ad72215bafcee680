/* SPDX-License-Identifier: MIT */
/* Writes NPZ with stored members. All members have the same date, so that equal tensors produce equal files. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "npy_priv.h"

enum { MAX_COUNT = 10000, MAX_NAME = 200, LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22 };
enum { VERSION = 20, DATE = 0x21 }; /* 1 January 1980 */

typedef struct entry {
    char name[MAX_NAME + 5];
    uint32_t crc, size, offset;
} entry;

static uint8_t *put(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

/* Writes the fields common to local headers and directory entries, from the version to the length of the name. */
static uint8_t *put_common(uint8_t *at, const entry *e)
{
    const uint32_t field[][2] = {{VERSION, 2}, {0, 2},       {0, 2},
                                 {0, 2},       {DATE, 2},    {e->crc, 4},
                                 {e->size, 4}, {e->size, 4}, {(uint32_t)strlen(e->name), 2},
                                 {0, 2}};
    for (size_t i = 0; i < GNL_FILES_COUNT(field); i++)
        at = put(at, field[i][0], (int)field[i][1]);
    return at;
}

static void write_member(FILE *stream, const genlat_tensor *tensor, entry *e)
{
    char header[GNL_NPY_HEADER];
    uint8_t local[LOCAL_SIZE];
    size_t length = gnl_npy_header(tensor, header), bytes = (size_t)genlat_tensor_count(tensor) * sizeof(float);
    const void *numbers = genlat_tensor_const_data(tensor);
    e->size = (uint32_t)(length + bytes);
    e->crc = (uint32_t)crc32_z(crc32_z(0, (const Bytef *)header, length), numbers, bytes);
    put_common(put(local, 0x04034b50, 4), e);
    fwrite(local, 1, sizeof local, stream);
    fwrite(e->name, 1, strlen(e->name), stream);
    fwrite(header, 1, length, stream);
    fwrite(numbers, 1, bytes, stream);
}

static void write_directory(FILE *stream, const entry *e, int64_t count, uint32_t begin)
{
    uint8_t central[CENTRAL_SIZE], end[END_SIZE] = {0};
    uint32_t size = 0;
    for (int64_t i = 0; i < count; i++) {
        memset(central, 0, sizeof central);
        put_common(put(put(central, 0x02014b50, 4), VERSION, 2), &e[i]);
        put(central + 42, e[i].offset, 4);
        fwrite(central, 1, sizeof central, stream);
        fwrite(e[i].name, 1, strlen(e[i].name), stream);
        size += (uint32_t)(sizeof central + strlen(e[i].name));
    }
    put(put(put(put(end, 0x06054b50, 4) + 4, (uint32_t)count, 2), (uint32_t)count, 2), size, 4);
    put(end + 16, begin, 4);
    fwrite(end, 1, sizeof end, stream);
}

static genlat_status check_name(int64_t count, const char *const *names, int64_t index)
{
    size_t length = names[index] ? strlen(names[index]) : 0;
    if (length < 1 || length > MAX_NAME || strchr(names[index], '/'))
        return genlat_error_set(GENLAT_E_RANGE, "genlat_npz_write: name %lld is '%s'; 1 to %d bytes without / expected",
                                (long long)index, names[index] ? names[index] : "", MAX_NAME);
    for (int64_t j = 0; j < index; j++)
        if (strcmp(names[index], names[j]) == 0)
            return genlat_error_set(GENLAT_E_RANGE, "genlat_npz_write: the name '%s' occurs twice", names[index]);
    return GENLAT_OK;
}

/* Computes names, offsets and the total size. It must fit into 32 bits, the limit of the ZIP format without
 * extensions. */
static genlat_status lay_out(int64_t count, const char *const *names, const genlat_tensor *const *tensors, entry *e,
                             uint64_t *begin)
{
    char header[GNL_NPY_HEADER];
    uint64_t at = 0;
    for (int64_t i = 0; i < count; i++) {
        GNL_FILES_TRY(check_name(count, names, i));
        GNL_FILES_REQUIRE(tensors[i], "genlat_npz_write", "a tensor is NULL");
        snprintf(e[i].name, sizeof e[i].name, "%s.npy", names[i]);
        e[i].offset = (uint32_t)at;
        at += LOCAL_SIZE + strlen(e[i].name) + gnl_npy_header(tensors[i], header) +
              (uint64_t)genlat_tensor_count(tensors[i]) * sizeof(float);
        if (at > UINT32_MAX - ((uint64_t)1 << 24))
            return genlat_error_set(GENLAT_E_RANGE,
                                    "genlat_npz_write: the file is larger than 4 GB; write several files");
    }
    *begin = at;
    return GENLAT_OK;
}

genlat_status genlat_npz_write(const char *path, int64_t count, const char *const *names,
                               const genlat_tensor *const *tensors)
{
    GNL_FILES_REQUIRE(path, "genlat_npz_write", "path is NULL");
    GNL_FILES_REQUIRE(count >= 1 && count <= MAX_COUNT, "genlat_npz_write", "count is not between 1 and 10000");
    GNL_FILES_REQUIRE(names, "genlat_npz_write", "names is NULL");
    GNL_FILES_REQUIRE(tensors, "genlat_npz_write", "tensors is NULL");
    gnl_output output;
    uint64_t begin = 0;
    entry *e = calloc((size_t)count, sizeof *e);
    if (!e)
        return gnl_files_no_memory(path);
    genlat_status status = lay_out(count, names, tensors, e, &begin);
    if (status == GENLAT_OK)
        status = gnl_output_open(path, &output);
    if (status == GENLAT_OK) {
        for (int64_t i = 0; i < count; i++)
            write_member(output.stream, tensors[i], &e[i]);
        write_directory(output.stream, e, count, (uint32_t)begin);
        status = gnl_output_close(&output, gnl_output_check(&output));
    }
    free(e);
    return status;
}
