/* SPDX-License-Identifier: MIT */
/* A fuzz target: called by libFuzzer, or by driver.c as an ordinary test. */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Optional functions of a target that knows the structure of its input. */

/* Counts the inputs that are accepted. A target with fuzz_seed() must accept all of those. */
extern long fuzz_accepted;
/* Writes valid input number `index`, and returns its size; 0: there is none of this number. */
size_t fuzz_seed(int index, uint8_t *bytes, size_t capacity);
/* Changes the input in place, and returns its new size, at most capacity. The same seed makes the same change. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed);

#endif
