/* SPDX-License-Identifier: MIT */
/* The stored numbers of other programs that a golden test compares with. Failures fail the running test. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "io/io.h"

/* One file is open at a time. golden_reader() returns it. */
void golden_open(genlat_ctx *ctx, const char *path);
void golden_close(void);
gnl_reader *golden_reader(void);

/* The numbers "group/name", or "name" if group is NULL. */
bool golden_has(const char *group, const char *name);
int64_t golden_count(const char *group, const char *name); /* 0: there are none */
void golden_load(const char *group, const char *name, int64_t count, gnl_real *out);
/* Compares at most 512 numbers with the stored ones. The largest error is 1e-5 of the largest stored number, or of
 * 0.01. */
void golden_expect(const char *group, const char *name, int64_t count, const gnl_real *found);

#endif
