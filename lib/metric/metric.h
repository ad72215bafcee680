/* SPDX-License-Identifier: MIT */
/*
 * metric: quality measures: statistics, distances between sets of samples, coverage, classifier scores, reconstruction,
 *         disentanglement, scores of rows.
 * Uses: base, kernel, tensor, density. Does not depend on models; the caller provides the features.
 * Adding: a metric is one file with a gnl_metric_type, and one line in table.c. Add values of the reference
 *         implementation to tests/golden/make_metric.py or make_metric_table.py.
 * Tests: tests/unit/test_metric.c, tests/unit/test_metric_table.c, tests/golden/test_metric.c,
 *        tests/golden/test_metric_table.c.
 */
#ifndef GNL_METRIC_H
#define GNL_METRIC_H

#include "genlat/metric.h"
#include "tensor/tensor.h"

/* Returns log(1/n sum exp(v)), n >= 1. */
double gnl_log_mean_exp(int64_t n, const double *values);

/* Frechet distance of two sets of features of the same width. */
genlat_status gnl_frechet_distance(const genlat_tensor *a, const genlat_tensor *b, double *distance);

/* ---- the table of metrics ------------------------------------------------------------------------- */

/* Positions of the inputs; input i is bit i of the needs. */
enum {
    GNL_SAMPLES,
    GNL_DATA,
    GNL_TRAINING,
    GNL_RECONSTRUCTIONS,
    GNL_ORIGINALS,
    GNL_CODES,
    GNL_FACTORS,
    GNL_SCORES,
    GNL_LABELS,
    GNL_PROBABILITIES,
    GNL_INPUTS
};

typedef struct gnl_metric_name {
    const char *name, *help;
} gnl_metric_name;

/* One number of a result. */
typedef struct gnl_metric_number {
    const gnl_metric_name *name; /* static */
    int64_t column, count;
    double value, error; /* error NaN: to be estimated from blocks, if the type permits it */
} gnl_metric_number;

typedef struct gnl_metric_numbers {
    genlat_ctx *ctx;
    gnl_metric_number *list;
    size_t count, capacity;
} gnl_metric_numbers;

typedef struct gnl_metric_call {
    const void *opts; /* NULL: the type has none */
    const genlat_tensor *const
        *input; /* [GNL_INPUTS]; those that the type needs are set, have `least` or more rows, and
                                        * finite numbers */
} gnl_metric_call;

typedef struct gnl_metric_type {
    const char *name, *help;
    const gnl_options_table *options; /* NULL: none */
    const gnl_metric_name *values;    /* ended by a NULL name */
    unsigned needs;                   /* bits of GENLAT_METRIC_* */
    int64_t least;                    /* fewest rows of each input */
    bool blocks;                      /* standard errors are estimated from blocks of the rows */
    /* Adds the values in their order, then those of columns. */
    genlat_status (*compute)(const gnl_metric_call *call, gnl_metric_numbers *out);
    const char *notes; /* for the reference: standard error, bias by sample size, conventions; sources */
} gnl_metric_type;

/* A name that users know, and what it means: a metric or one of its values, with options. */
typedef struct gnl_metric_alias {
    const char *name, *text;
} gnl_metric_alias;

extern const gnl_metric_type *const gnl_metric_types[]; /* ended by NULL */
extern const gnl_metric_alias gnl_metric_aliases[];     /* ended by a NULL name */

#endif
