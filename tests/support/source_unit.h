/* SPDX-License-Identifier: MIT */
/* Shared by the unit tests of sources and of transforms. Failures fail the running test. */
#ifndef SOURCE_UNIT_H
#define SOURCE_UNIT_H

#include "data/data.h"

extern genlat_ctx *ctx;

void open_ctx(void);
void close_ctx(void);
void ok(genlat_status status);
genlat_tensor *tensor(int32_t ndim, const int64_t *dims, const float *data);
genlat_source *synthetic(const char *name, int64_t n, int64_t seed);
/* A source transformed with one key and value; the original source is released. */
genlat_source *transformed(genlat_source *source, const char *key, const char *value);
genlat_source *memory_source(void); /* 4 samples of 2 elements, with 3 classes */

#endif
