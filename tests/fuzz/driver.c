/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target without libFuzzer: every file of the corpus and every valid input of the target, then mutations of
 * each, the same in each run. usage: program ROUNDS [FILE...] */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver.h"
#include "genlat/common.h"

enum { MOST_BYTES = 1 << 17, MOST_EDITS = 4 };

/* A target without these functions leaves them NULL. */
#pragma weak fuzz_seed
#pragma weak LLVMFuzzerCustomMutator
#pragma weak fuzz_accepted

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

/* Changes the bytes by the target's own mutator, in three of four cases, or by edits that know nothing of them. */
static size_t mutate(uint8_t *bytes, size_t size)
{
    const bool knows = LLVMFuzzerCustomMutator != NULL && draw(4) > 0;
    for (uint32_t edits = 1 + draw(MOST_EDITS); edits > 0; edits--)
        size = knows ? LLVMFuzzerCustomMutator(bytes, size, MOST_BYTES, draw(UINT32_MAX)) : edit(bytes, size);
    return size;
}

static void run_all(const uint8_t *seed, size_t size, long rounds)
{
    static uint8_t bytes[MOST_BYTES];
    run(seed, size);
    for (long round = 0; round < rounds; round++) {
        memcpy(bytes, seed, size);
        run(bytes, mutate(bytes, size));
    }
}

int main(int argc, char **argv)
{
    static uint8_t seed[MOST_BYTES];
    const long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    int count = 0;
    for (int file = 2; file < argc; file++, count++)
        run_all(seed, read_file(argv[file], seed), rounds);
    size_t size = 0;
    for (int index = 0; fuzz_seed && (size = fuzz_seed(index, seed, sizeof seed)) > 0; index++, count++) {
        const long before = fuzz_accepted;
        run(seed, size);
        if (fuzz_accepted == before) {
            fprintf(stderr, "valid input %d is refused: %s\n", index, genlat_last_error());
            return EXIT_FAILURE;
        }
        run_all(seed, size, rounds);
    }
    printf("%d inputs, %ld mutations of each", count, rounds);
    if (&fuzz_accepted)
        printf(", %ld accepted", fuzz_accepted);
    printf("\n");
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
