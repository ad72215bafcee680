/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as a text file, in pieces and in lines: an error, or samples that consist of bytes of the file. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"
#include "fuzz/driver.h"
#include "fuzz/mutate.h"

static genlat_ctx *context(void)
{
    static genlat_ctx *ctx;
    if (!ctx && genlat_ctx_new(NULL, &ctx) != GENLAT_OK)
        abort();
    return ctx;
}

/* Counts the samples that the file must give: full pieces, or lines that are not empty. */
static int64_t expected_samples(const uint8_t *bytes, size_t size, int64_t length, bool lines)
{
    if (!lines)
        return (int64_t)size / length;
    int64_t count = 0;
    for (size_t at = 0, end = 0; at < size; at = end + 1) {
        end = at;
        while (end < size && bytes[end] != '\n')
            end++;
        /* A line longer than a sample is cut before its end is looked at. */
        const size_t used = GNL_FILES_MIN(end - at, (size_t)length);
        count += used > 1 || (used == 1 && bytes[at] != '\r');
    }
    return count;
}

static void check(const char *path, const uint8_t *bytes, size_t size, int64_t length, bool lines)
{
    gnl_spec spec = {.length = length, .lines = lines};
    genlat_source *source = NULL;
    strcpy(spec.path, path);
    const int64_t expected = expected_samples(bytes, size, length, lines);
    const genlat_status status = gnl_text_open(context(), &spec, &source);
    if ((status == GENLAT_OK) != (source != NULL) || (source && genlat_source_count(source) != expected))
        abort();
    if (status != GENLAT_OK && expected > 0 && status != GENLAT_E_IO) /* a damaged gzip file is E_IO */
        abort();
    if (source && genlat_source_dim(source, 0) != length)
        abort();
    fuzz_accepted += source != NULL;
    genlat_source_destroy(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (gnl_content_text("text", bytes, size) != GENLAT_OK) /* gzip, or no text, which tests of the readers cover */
        return 0;
    const char *path = fuzz_file(bytes, size);
    for (int64_t length = 1; length < 100; length = 3 * length + 1) {
        check(path, bytes, size, length, false);
        check(path, bytes, size, length, true);
    }
    return 0;
}

static const char *const seeds[] = {
    "one line\nanother line\r\n\n\r\nthe last one has no end",
    "\xEF\xBB\xBFwords of \xC3\xA4 text\n",
    "x",
};

size_t fuzz_seed(int index, uint8_t *bytes, size_t capacity)
{
    if (index >= (int)FUZZ_COUNT(seeds) || strlen(seeds[index]) > capacity)
        return 0;
    memcpy(bytes, seeds[index], strlen(seeds[index]));
    return strlen(seeds[index]);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    static const char *const pieces[] = {"\n", "\r\n", "\r", "\n\n", "abc", "\r\r\n"};
    static char buffer[1 << 13];
    fuzz_random random = fuzz_random_make(seed);
    if (size == 0 || size >= sizeof buffer || fuzz_chance(&random, 64))
        return fuzz_any_seed(&random, bytes, capacity);
    fuzz_text text = {buffer, size, sizeof buffer};
    memcpy(buffer, bytes, size);
    buffer[size] = '\0';
    if (fuzz_chance(&random, 3)) {
        const char *piece = pieces[fuzz_draw(&random, FUZZ_COUNT(pieces))];
        fuzz_replace(&text, fuzz_draw(&random, (uint32_t)size + 1), 0, piece, strlen(piece));
    } else if (fuzz_chance(&random, 2)) {
        fuzz_edit_lines(&random, &text);
    } else {
        fuzz_edit_text(&random, &text);
    }
    size = text.length < capacity ? text.length : capacity;
    memcpy(bytes, buffer, size);
    return size;
}
