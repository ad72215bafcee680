/* SPDX-License-Identifier: MIT */
/*
 * metric: quality measures of samples: statistics, distances between sets, coverage, classifier scores.
 * Uses: base, kernel, tensor, density. Does not depend on models; the caller provides the features.
 * Adding: a metric is one file and one function in metric.h. Add values of the reference implementation to
 *         tests/golden/make_metric.py.
 * Tests: tests/unit/test_metric.c, tests/golden/test_metric.c.
 */
#ifndef GNL_METRIC_H
#define GNL_METRIC_H

#include "genlat/metric.h"
#include "tensor/tensor.h"

/* Returns log(1/n sum exp(v)), n >= 1. */
double gnl_log_mean_exp(int64_t n, const double *values);

/* Frechet distance of two sets of features of the same width. */
genlat_status gnl_frechet_distance(const genlat_tensor *a, const genlat_tensor *b, double *distance);

#endif
