/* SPDX-License-Identifier: MIT */
/* Importance weights of posterior samples (Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2016). */
#include <math.h>

#include "loss/loss_priv.h"

/* One row; its samples lie `rows` apart. The largest is taken out, so that exp cannot overflow. */
static double normalize_row(int64_t samples, int64_t rows, double *w)
{
    double largest = -INFINITY, total = 0;
    for (int64_t s = 0; s < samples; s++)
        largest = fmax(largest, w[s * rows]);
    for (int64_t s = 0; s < samples; s++)
        total += w[s * rows] = exp(w[s * rows] - largest);
    for (int64_t s = 0; s < samples; s++)
        w[s * rows] /= total;
    return largest + log(total / (double)samples);
}

double gnl_importance_normalize(int64_t samples, int64_t rows, double *log_weight)
{
    double bound = 0;
    for (int64_t r = 0; r < rows; r++)
        bound += normalize_row(samples, rows, log_weight + r);
    return -bound / (double)rows;
}
