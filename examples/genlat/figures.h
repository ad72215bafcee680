/* SPDX-License-Identifier: MIT */
/* The figures that the program draws: curves of a training, points in a plane. Numbers in, one file out. */
#ifndef FIGURES_H
#define FIGURES_H

#include <stdint.h>

#include "genlat/tensor.h"

enum { FIGURE_MAX_CURVES = 12 };

/* One quantity over the training, in training and, where there is one, in validation (else NULL). */
typedef struct figure_curve {
    const char *name, *unit; /* unit: NULL for none */
    const double *train, *valid;
} figure_curve;

/* A panel a quantity, up to three side by side, n numbers each over x. */
const char *figure_curves(const char *path, int64_t count, const figure_curve *curves, int64_t n,
                          const double *x, const char *x_label);

/* What stands beside points. prefix: name of an axis without its number, such as "z". */
typedef struct figure_words {
    const char *title, *prefix;
    const char *const *classes; /* names; NULL: their numbers */
} figure_words;

/* Points [n,d] in a plane, coloured by class; d above 2: their two principal components. labels: [n] or NULL. */
const char *figure_scatter(const char *path, const genlat_tensor *points, const genlat_tensor *labels,
                           int64_t classes, const figure_words *words);

/* The directions of largest variance of rows [n,d]: writes coordinates [n,2] and the parts of the variance
 * [2]. Returns 0, or -1 without memory. */
int principal_components(const float *rows, int64_t n, int64_t d, double *coordinates, double *parts);

#endif
