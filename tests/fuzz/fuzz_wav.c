/* SPDX-License-Identifier: MIT */
/* Sound files whose chunks and sizes are changed: an error, or samples. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"
#include "fuzz/driver.h"
#include "fuzz/mutate.h"

enum { LENGTH = 8, RIFF = 12, CHUNK = 8, FORMAT = 16, FRAMES = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static genlat_ctx *ctx;
    gnl_spec spec = {.length = LENGTH};
    genlat_source *source = NULL;
    if (!ctx && genlat_ctx_new(NULL, &ctx) != GENLAT_OK)
        abort();
    strcpy(spec.path, fuzz_file(bytes, size));
    const genlat_status status = gnl_wav_open(ctx, &spec, &source);
    if ((status == GENLAT_OK) != (source != NULL))
        abort();
    if (source) {
        fuzz_accepted++;
        /* A frame of a compressed format takes at least a fraction of a bit; of others, a byte. */
        const int64_t frames = genlat_source_count(source) * LENGTH, channels = genlat_source_dim(source, 0);
        if (channels < 1 || genlat_source_dim(source, 1) != LENGTH || frames > (int64_t)size * 64 + LENGTH)
            abort();
    }
    genlat_source_destroy(&source);
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void put(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* Codes of formats: whole numbers, floats, and two that are compressed; channels and bits of a number. */
static const struct {
    uint16_t code, channels, bits;
} formats[] = {{1, 1, 16}, {1, 2, 8}, {1, 3, 24}, {3, 1, 32}, {6, 2, 8}, {7, 1, 8}};

size_t fuzz_seed(int index, uint8_t *bytes, size_t capacity)
{
    if (index >= (int)FUZZ_COUNT(formats) || capacity < 1024)
        return 0;
    const uint32_t channels = formats[index].channels, bits = formats[index].bits;
    const uint32_t block = bits * channels / 8, data = block * FRAMES;
    const size_t size = RIFF + CHUNK + FORMAT + CHUNK + data;
    memcpy(bytes, "RIFF....WAVEfmt ", 16);
    put(bytes + 4, size - 8, 4);
    put(bytes + RIFF + 4, FORMAT, 4);
    put(bytes + 20, formats[index].code, 2);
    put(bytes + 22, channels, 2);
    put(bytes + 24, 8000, 4);
    put(bytes + 28, 8000 * block, 4);
    put(bytes + 32, block, 2);
    put(bytes + 34, bits, 2);
    memcpy(bytes + 36, "data", 4);
    put(bytes + 40, data, 4);
    for (uint32_t i = 0; i < data; i++)
        bytes[44 + i] = (uint8_t)(37 * i);
    return size;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Returns the offset of a chunk, chosen by chance among those that the sizes lead to. */
static size_t any_chunk(fuzz_random *random, const uint8_t *bytes, size_t size)
{
    size_t at = RIFF;
    while (at + CHUNK <= size && !fuzz_chance(random, 3)) {
        const size_t length = get(bytes + at + 4), next = at + CHUNK + length + length % 2;
        if (next + CHUNK > size || length > size)
            break;
        at = next;
    }
    return at;
}

static size_t insert(fuzz_random *random, uint8_t *bytes, size_t size, size_t capacity, size_t at)
{
    static const char *const names[] = {"LIST", "fact", "PEAK", "cue ", "data", "fmt ", "ds64", "bext", "smpl", "JUNK"};
    uint8_t chunk[CHUNK + 16] = {0};
    const size_t length = fuzz_draw(random, 17);
    if (size + CHUNK + length > capacity)
        return size;
    memcpy(chunk, names[fuzz_draw(random, FUZZ_COUNT(names))], 4);
    put(chunk + 4, fuzz_chance(random, 4) ? (uint64_t)fuzz_integer(random) : length, 4);
    memmove(bytes + at + CHUNK + length, bytes + at, size - at);
    memcpy(bytes + at, chunk, CHUNK + length);
    return size + CHUNK + length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    static const char *const kinds[] = {"RIFX", "RF64", "FORM", "fLaC", "WAVE", "AIFF", "RIFF"};
    fuzz_random random = fuzz_random_make(seed);
    if (size < RIFF + 2 * CHUNK + FORMAT || fuzz_chance(&random, 64))
        return fuzz_any_seed(&random, bytes, capacity);
    const size_t at = any_chunk(&random, bytes, size);
    switch (fuzz_draw(&random, 6)) {
    case 0: /* a member of the format */
        put(bytes + 20 + 2 * fuzz_draw(&random, 8), (uint64_t)fuzz_integer(&random), fuzz_chance(&random, 2) ? 2 : 4);
        return size;
    case 1: /* the size of a chunk */
        put(bytes + (at + CHUNK <= size && !fuzz_chance(&random, 4) ? at + 4 : 4), (uint64_t)fuzz_integer(&random), 4);
        return size;
    case 2:
        memcpy(bytes + 8 * fuzz_draw(&random, 2), kinds[fuzz_draw(&random, FUZZ_COUNT(kinds))], 4);
        return size;
    case 3:
        return insert(&random, bytes, size, capacity, at <= size ? at : size);
    case 4:
        bytes[fuzz_draw(&random, (uint32_t)size)] = (uint8_t)fuzz_draw(&random, 256);
        return size;
    default:
        return fuzz_chance(&random, 4) ? fuzz_draw(&random, (uint32_t)size) : size;
    }
}
