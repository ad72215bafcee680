/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target without libFuzzer: every file of the corpus, then mutations of it, the same in each run. usage:
 * program ROUNDS FILE... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver.h"

enum { MOST_BYTES = 1 << 16, MOST_EDITS = 4 };

static uint32_t state = 12345;

static uint32_t draw(uint32_t bound)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % bound;
}

static size_t read_file(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t size = fread(bytes, 1, MOST_BYTES, file);
    fclose(file);
    return size;
}

/* One edit: a byte, a digit, a moved part, or a truncation. */
static size_t edit(uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    uint32_t at = draw((uint32_t)size), to = draw((uint32_t)size);
    uint32_t longest = (uint32_t)size - (at > to ? at : to);
    switch (draw(4)) {
    case 0:
        bytes[at] = (uint8_t)draw(256);
        return size;
    case 1:
        bytes[at] = "0123456789-[]{},:\"\\"[draw(19)];
        return size;
    case 2:
        memmove(bytes + to, bytes + at, draw(longest < 32 ? longest + 1 : 32));
        return size;
    default:
        return draw(8) ? size : at;
    }
}

/* A block of the exact size, so that sanitizers detect reads past its end. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        exit(EXIT_FAILURE);
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

int main(int argc, char **argv)
{
    static uint8_t seed[MOST_BYTES], bytes[MOST_BYTES];
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    for (int file = 2; file < argc; file++) {
        size_t size = read_file(argv[file], seed);
        run(seed, size);
        for (long round = 0; round < rounds; round++) {
            memcpy(bytes, seed, size);
            size_t now = size;
            for (uint32_t edits = 1 + draw(MOST_EDITS); edits > 0; edits--)
                now = edit(bytes, now);
            run(bytes, now);
        }
    }
    printf("%d files, %ld mutations of each\n", argc - 2, rounds);
    return argc > 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
