/* SPDX-License-Identifier: MIT */
/* Random changes for mutators that know the structure of their input. */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A sequence of random numbers that a seed determines. */
typedef struct fuzz_random {
    uint64_t state;
    bool calm; /* fuzz_chance() is false */
} fuzz_random;

fuzz_random fuzz_random_make(unsigned seed);
uint32_t fuzz_draw(fuzz_random *random, uint32_t bound); /* 0 to bound - 1 */
bool fuzz_chance(fuzz_random *random, uint32_t in);      /* true once in `in` draws */

/* A whole number at which sizes go wrong: small, around powers of two, the limits of types. */
int64_t fuzz_integer(fuzz_random *random);
/* A number as text: whole, real, or none. */
void fuzz_number(fuzz_random *random, char *text, size_t capacity);

/* Text of limited size that changes in place. It is always terminated. */
typedef struct fuzz_text {
    char *bytes;
    size_t length, capacity;
} fuzz_text;

/* Replaces `removed` bytes at `at` by other text. Does nothing if the result does not fit. */
void fuzz_replace(fuzz_text *text, size_t at, size_t removed, const char *by, size_t length);

/* A part of a text. */
typedef struct fuzz_span {
    size_t at, length;
} fuzz_span;

/* Chooses one of the pieces between separators, which may be several bytes. */
fuzz_span fuzz_piece(fuzz_random *random, const fuzz_text *text, fuzz_span within, const char *separators);
/* Replaces, removes, repeats or moves a line. A line may be repeated a thousand times. */
void fuzz_edit_lines(fuzz_random *random, fuzz_text *text);
/* Changes a byte, a digit, or a number. */
void fuzz_edit_text(fuzz_random *random, fuzz_text *text);

/* Copies a valid input over the bytes, chosen by chance among those of fuzz_seed(). Returns its size. */
size_t fuzz_any_seed(fuzz_random *random, uint8_t *bytes, size_t capacity);

/* Stores bytes in a file in memory, and returns its path, for readers that take no memory. The file is the same in
 * each call. */
const char *fuzz_file(const uint8_t *bytes, size_t size);

#endif
