/* SPDX-License-Identifier: MIT */
/* Computes two principal components by power iteration on the rows. Needs no covariance matrix, so that the number of
 * dimensions may be large. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"

enum { ROUNDS = 60 };

static double normalize(double *v, int64_t d)
{
    double length = 0;
    for (int64_t j = 0; j < d; j++)
        length += v[j] * v[j];
    length = sqrt(length);
    for (int64_t j = 0; j < d && length > 0; j++)
        v[j] /= length;
    return length;
}

/* t = (X - mean) v */
static void project(const float *rows, const double *mean, int64_t n, int64_t d, const double *v, double *t)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < d; j++)
            sum += (rows[i * d + j] - mean[j]) * v[j];
        t[i] = sum;
    }
}

/* v = (X - mean)^T t */
static void collect(const float *rows, const double *mean, int64_t n, int64_t d, const double *t, double *v)
{
    memset(v, 0, (size_t)d * sizeof *v);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            v[j] += (rows[i * d + j] - mean[j]) * t[i];
}

static void remove_direction(double *v, const double *other, int64_t d)
{
    double dot = 0;
    for (int64_t j = 0; j < d; j++)
        dot += v[j] * other[j];
    for (int64_t j = 0; j < d; j++)
        v[j] -= dot * other[j];
}

/* Computes the mean of each column. Returns the sum of squared differences from the means. */
static double centre(const float *rows, int64_t n, int64_t d, double *mean)
{
    double total = 0;
    memset(mean, 0, (size_t)d * sizeof *mean);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            mean[j] += rows[i * d + j] / (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            total += (rows[i * d + j] - mean[j]) * (rows[i * d + j] - mean[j]);
    return total;
}

int principal_components(const float *rows, int64_t n, int64_t d, double *coordinates, double *parts)
{
    double *work = malloc((size_t)(3 * d + n) * sizeof *work);
    if (!work)
        return -1;
    double *mean = work, *first = mean + d, *t = first + 2 * d;
    double total = centre(rows, n, d, mean);
    for (int c = 0; c < 2; c++) {
        double *v = first + c * d, variance = 0;
        for (int64_t j = 0; j < d; j++)
            v[j] = 1 + 0.37 * (double)((j * 7 + c * 3) % 11);
        for (int round = 0; round < ROUNDS; round++) {
            if (c == 1)
                remove_direction(v, first, d);
            if (normalize(v, d) == 0)
                break;
            project(rows, mean, n, d, v, t);
            collect(rows, mean, n, d, t, v);
        }
        if (c == 1)
            remove_direction(v, first, d);
        normalize(v, d);
        project(rows, mean, n, d, v, t);
        for (int64_t i = 0; i < n; i++) {
            coordinates[2 * i + c] = t[i];
            variance += t[i] * t[i];
        }
        parts[c] = total > 0 ? variance / total : 0;
    }
    free(work);
    return 0;
}
