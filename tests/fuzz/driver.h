/* SPDX-License-Identifier: MIT */
/* What a fuzz target offers: libFuzzer calls it, or driver.c, which makes an ordinary test of it. */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
