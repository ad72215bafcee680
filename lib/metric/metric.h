/* SPDX-License-Identifier: MIT */
/*
 * metric: numbers that judge samples: statistics, distances between sets, coverage, classifier scores.
 * Uses: base, kernel, tensor. Knows nothing of models; features come from outside.
 * Adding: a metric is one file and one function in metric.h; numbers of the reference implementation go into
 *         tests/golden/make_metric.py.
 * Tests: tests/unit/test_metric.c, tests/golden/test_metric.c.
 */
#ifndef GNL_METRIC_H
#define GNL_METRIC_H

#include "genlat/metric.h"
#include "tensor/tensor.h"

/* log(1/n sum exp(v)), n >= 1. */
double gnl_log_mean_exp(int64_t n, const double *values);

/* Symmetric matrices [n,n], row-major, in double. */

/* Factor F [n,n] of a positive semi-definite A = F F', its columns from the rank on being 0; returns the
 * rank. left is scratch [n]. */
int64_t gnl_psd_factor(int64_t n, const double *a, double *factor, double *left);
/* Eigenvalues [n] in no particular order; only the lower half is read, and destroyed; beside is scratch [n].
 * False when they do not converge. */
bool gnl_symmetric_eigenvalues(int64_t n, double *a, double *values, double *beside);

/* The Frechet distance of two sets of features of the same width. */
genlat_status gnl_frechet_distance(const genlat_tensor *a, const genlat_tensor *b, double *distance);

#endif
