/* SPDX-License-Identifier: MIT */
/* The figures of the program: curves of a training, and scatter plots. Each is written to one file. */
#ifndef FIGURES_H
#define FIGURES_H

#include <stdint.h>

#include "genlat/tensor.h"

enum { FIGURE_MAX_CURVES = 12 };

/* The curve of one quantity in training, and in validation. valid may be NULL. */
typedef struct figure_curve {
    const char *name, *unit; /* unit: NULL for none */
    const double *train, *valid;
} figure_curve;

/* Draws a panel per curve, up to three in a row, with n values over x. */
const char *figure_curves(const char *path, int64_t count, const figure_curve *curves, int64_t n, const double *x,
                          const char *x_label);

/* The texts of a scatter plot. prefix is the name of an axis without its number, such as "z". */
typedef struct figure_text {
    const char *title, *prefix;
    const char *const *classes; /* names of the classes; NULL: their numbers */
} figure_text;

/* Draws points [n,d], coloured by class. If d > 2, draws their two principal components. labels is [n] or NULL. */
const char *figure_scatter(const char *path, const genlat_tensor *points, const genlat_tensor *labels, int64_t classes,
                           const figure_text *text);

/* Computes the first two principal components of rows [n,d]: the coordinates [n,2] and the fractions of the variance
 * [2]. Returns 0, or -1 if out of memory. */
int principal_components(const float *rows, int64_t n, int64_t d, double *coordinates, double *parts);

#endif
