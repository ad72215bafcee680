/* SPDX-License-Identifier: MIT */
/* Declarations shared by the metrics: sets of samples, and statistics of estimates. */
#ifndef GNL_METRIC_PRIV_H
#define GNL_METRIC_PRIV_H

#include "kernel/kernel.h"
#include "metric/metric.h"

/* Samples as rows of numbers. */
typedef struct gnl_rows {
    genlat_ctx *ctx;
    int64_t n, d;
    const gnl_real *data;
} gnl_rows;

/* Describes a tensor as rows. Checks that it has at least `least` rows of finite numbers. */
genlat_status gnl_rows_take(const genlat_tensor *tensor, int64_t least, const char *name, gnl_rows *out);
/* Same for two tensors. Checks that their rows have the same width. */
genlat_status gnl_rows_take_pair(const genlat_tensor *a, const char *name_a, const genlat_tensor *b, const char *name_b,
                                 int64_t least, gnl_rows out[2]);
genlat_status gnl_check_finite(const genlat_tensor *tensor, const char *name);

static inline const gnl_real *gnl_row(const gnl_rows *rows, int64_t i)
{
    return rows->data + i * rows->d;
}

/* Computes mean and standard deviation (divisor n) of a few estimates. sd may be NULL. */
void gnl_mean_sd(int64_t n, const double *values, double *mean, double *sd);

#endif
