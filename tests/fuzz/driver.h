/* SPDX-License-Identifier: MIT */
/* A fuzz target: called by libFuzzer, or by driver.c as an ordinary test. */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
