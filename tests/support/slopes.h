/* SPDX-License-Identifier: MIT */
/* Derivatives against central differences, for the double build. */
#ifndef SLOPES_H
#define SLOPES_H

#include "base/base.h"

typedef double scalar_fn(void *arg);

/* Checks that the error of every number is small relative to the largest expected number. */
void expect_close(const char *what, int64_t n, const gnl_real *found, const gnl_real *expected);
/* Checks `claimed` [n], the derivatives of f by the numbers `at` [n], which f reads. */
void expect_slope(const char *what, scalar_fn *f, void *arg, int64_t n, gnl_real *at, const gnl_real *claimed);

#endif
