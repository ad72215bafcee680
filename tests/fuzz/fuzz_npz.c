/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes, and archives with changed headers and arrays, as an NPZ archive: an error, or a member whose size is
 * possible for its compressed bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "files_priv.h"
#include "fuzz/driver.h"
#include "fuzz/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = {"x", "labels", NULL};
    for (size_t i = 0; i < GNL_FILES_COUNT(names); i++) {
        gnl_bytes member;
        gnl_array array = {0};
        bool there = names[i] && gnl_npz_has("fuzz", bytes, size, names[i]);
        genlat_status status = gnl_npz_member("fuzz", bytes, size, names[i], &member);
        if (status == GENLAT_OK && (member.size > 1032 * size + 64 || (names[i] && !there)))
            abort();
        if (status != GENLAT_OK && member.data)
            abort();
        if (status == GENLAT_OK && gnl_npy_parse("fuzz", member.data, member.size, &array) == GENLAT_OK)
            fuzz_accepted++;
        gnl_array_free(&array);
        free(member.data);
    }
    return 0;
}

/* ---- archives -------------------------------------------------------------------------------- */

enum { LOCAL = 30, CENTRAL = 46, END = 22, MOST_ARRAY = 512, MOST_MEMBERS = 3 };

static void put(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

/* Writes an array with a header by the grammar of NumPy, at times with wrong values. Returns its size. */
static size_t write_array(fuzz_random *random, uint8_t *to)
{
    static const char *const types[] = {"<f4", "<f8", "|u1", "<i8", ">f4", "|b1", "<i2", ">i4"};
    static const char *const others[] = {"<c8", "|O", "<f40", "", "<f", "=u9"};
    char dims[80] = "", dictionary[256];
    int64_t count = 1;
    for (uint32_t i = 0, ndim = fuzz_draw(random, 4); i < ndim; i++) {
        const size_t used = strlen(dims);
        const int64_t dim = fuzz_chance(random, 6) ? fuzz_integer(random) : 1 + (int64_t)fuzz_draw(random, 4);
        snprintf(dims + used, sizeof dims - used, i + 1 < ndim || ndim == 1 ? "%lld, " : "%lld", (long long)dim);
        count = dim > 0 && dim < 64 ? count * dim : 1;
    }
    snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n",
             fuzz_chance(random, 8) ? others[fuzz_draw(random, FUZZ_COUNT(others))]
                                    : types[fuzz_draw(random, FUZZ_COUNT(types))],
             fuzz_chance(random, 8) ? "True" : "False", dims);
    fuzz_text text = {dictionary, strlen(dictionary), sizeof dictionary};
    if (fuzz_chance(random, 6))
        fuzz_edit_text(random, &text);
    const size_t header = fuzz_chance(random, 16) ? (size_t)fuzz_integer(random) : text.length;
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    put(to + 8, header, 2);
    memcpy(to + 10, dictionary, text.length);
    const size_t begin = 10 + text.length, data = (size_t)count * 8;
    const size_t size = GNL_FILES_MIN(begin + data, (size_t)MOST_ARRAY);
    for (size_t i = begin; i < size; i++)
        to[i] = (uint8_t)(29 * i);
    return size;
}

static size_t deflate_all(const uint8_t *from, size_t size, uint8_t *to, size_t capacity)
{
    z_stream z = {
        .next_in = (Bytef *)(uintptr_t)from, .avail_in = (uInt)size, .next_out = to, .avail_out = (uInt)capacity};
    if (deflateInit2(&z, 1, Z_DEFLATED, -MAX_WBITS, 1, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    deflateEnd(&z);
    return z.total_out;
}

/* A member as both of its headers describe it. */
typedef struct entry {
    const char *name;
    size_t method, crc, packed, size, offset;
} entry;

/* Writes the values that both headers have, from method to the length of the name, at times one that is wrong. */
static void put_values(fuzz_random *random, uint8_t *to, const entry *e)
{
    size_t value[] = {0, e->method, 0, e->crc, e->packed, e->size, strlen(e->name)};
    static const int width[] = {2, 2, 4, 4, 4, 4, 2};
    if (fuzz_chance(random, 12))
        value[fuzz_draw(random, FUZZ_COUNT(value))] = (size_t)fuzz_integer(random);
    for (size_t i = 0; i < FUZZ_COUNT(value); to += width[i++])
        put(to, value[i], width[i]);
}

static size_t write_member(fuzz_random *random, uint8_t *to, size_t offset, entry *e)
{
    static const char *const names[] = {"x.npy", "labels.npy"}, *const others[] = {"y.npy", "x", ".npy", "a/x.npy"};
    uint8_t array[MOST_ARRAY];
    const size_t size = write_array(random, array);
    *e = (entry){.name = fuzz_chance(random, 4) ? others[fuzz_draw(random, FUZZ_COUNT(others))]
                                                : names[fuzz_draw(random, FUZZ_COUNT(names))],
                 .method = fuzz_draw(random, 2) ? 8 : 0,
                 .crc = crc32(0, array, (uInt)size),
                 .packed = size,
                 .size = size,
                 .offset = offset};
    const size_t name = strlen(e->name);
    memset(to, 0, LOCAL);
    put(to, 0x04034b50, 4);
    memcpy(to + LOCAL, e->name, name);
    if (e->method)
        e->packed = deflate_all(array, size, to + LOCAL + name, 2 * MOST_ARRAY);
    else
        memcpy(to + LOCAL + name, array, size);
    put_values(random, to + 6, e);
    return LOCAL + name + e->packed;
}

static size_t write_entry(fuzz_random *random, uint8_t *to, const entry *e)
{
    memset(to, 0, CENTRAL);
    put(to, 0x02014b50, 4);
    put_values(random, to + 8, e);
    put(to + 42, fuzz_chance(random, 16) ? (uint64_t)fuzz_integer(random) : e->offset, 4);
    memcpy(to + CENTRAL, e->name, strlen(e->name));
    return CENTRAL + strlen(e->name);
}

static size_t write_archive(fuzz_random *random, uint8_t *to)
{
    entry entries[MOST_MEMBERS];
    const uint32_t members = 1 + fuzz_draw(random, MOST_MEMBERS);
    size_t size = 0;
    for (uint32_t i = 0; i < members; i++)
        size += write_member(random, to + size, size, &entries[i]);
    const size_t directory = size;
    for (uint32_t i = 0; i < members; i++)
        size += write_entry(random, to + size, &entries[i]);
    memset(to + size, 0, END);
    put(to + size, 0x06054b50, 4);
    put(to + size + 10, members + (fuzz_chance(random, 16) ? fuzz_draw(random, 3) : 0), 2);
    put(to + size + 16, fuzz_chance(random, 16) ? (uint64_t)fuzz_integer(random) : directory, 4);
    return size + END;
}

enum { MOST_ARCHIVE = MOST_MEMBERS * (LOCAL + 3 * MOST_ARRAY + CENTRAL) + END };

size_t fuzz_seed(int index, uint8_t *bytes, size_t capacity)
{
    fuzz_random random = fuzz_random_make((unsigned)index);
    random.calm = true;
    return index < 4 && capacity >= MOST_ARCHIVE ? write_archive(&random, bytes) : 0;
}

/* Writes a new archive, or changes a byte or a number of four bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    fuzz_random random = fuzz_random_make(seed);
    if (capacity >= MOST_ARCHIVE && (size < END || fuzz_chance(&random, 2)))
        return write_archive(&random, bytes);
    if (size < 4)
        return size;
    const size_t at = fuzz_draw(&random, (uint32_t)size - 3);
    put(bytes + at, (uint64_t)fuzz_integer(&random), fuzz_chance(&random, 2) ? 1 : 4);
    return size - (fuzz_chance(&random, 8) ? fuzz_draw(&random, (uint32_t)size) : 0);
}
