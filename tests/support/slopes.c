/* SPDX-License-Identifier: MIT */
/* Derivatives against central differences. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "support/slopes.h"

static const double STEP = 1e-5, LIMIT = 1e-6, SMALL = 1e-2;

void expect_close(const char *what, int64_t n, const gnl_real *found, const gnl_real *expected)
{
    double size = SMALL;
    for (int64_t i = 0; i < n; i++)
        size = fmax(size, fabs((double)expected[i]));
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)(found[i] - expected[i])) <= LIMIT * size, "%s: [%lld] is %.12g, expected %.12g",
                      what, (long long)i, (double)found[i], (double)expected[i]);
}

void expect_slope(const char *what, scalar_fn *f, void *arg, int64_t n, gnl_real *at, const gnl_real *claimed)
{
    gnl_real *slope = malloc((size_t)(n + 1) * sizeof *slope);
    for (int64_t i = 0; i < n; i++) {
        gnl_real kept = at[i];
        at[i] = (gnl_real)((double)kept + STEP);
        double above = f(arg);
        at[i] = (gnl_real)((double)kept - STEP);
        slope[i] = (gnl_real)((above - f(arg)) / (2 * STEP));
        at[i] = kept;
    }
    expect_close(what, n, claimed, slope);
    free(slope);
}
