/* SPDX-License-Identifier: MIT */
/* Plain C vectors and reductions. Sums use eight lanes of double, so that the compiler can vectorize them. */
#include "kernel/entries_priv.h"

enum { LANES = 8 };

void gnl_plain_axpy(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

void gnl_plain_scale(int64_t n, gnl_real a, const gnl_real *x, gnl_real *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a * x[i];
}

void gnl_plain_lerp(int64_t n, gnl_real t, const gnl_real *x, gnl_real *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += t * (x[i] - y[i]);
}

void gnl_plain_add(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z)
{
    for (int64_t i = 0; i < n; i++)
        z[i] = x[i] + y[i];
}

void gnl_plain_mul(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z)
{
    for (int64_t i = 0; i < n; i++)
        z[i] = x[i] * y[i];
}

void gnl_plain_mul_add(int64_t n, const gnl_real *x, const gnl_real *y, gnl_real *z)
{
    for (int64_t i = 0; i < n; i++)
        z[i] += x[i] * y[i];
}

static double add_lanes(const double lane[LANES])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

double gnl_plain_sum(int64_t n, const gnl_real *x)
{
    double lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += (double)x[i];
    return add_lanes(lane);
}

double gnl_plain_dot(int64_t n, const gnl_real *x, const gnl_real *y)
{
    double lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)y[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += (double)x[i] * (double)y[i];
    return add_lanes(lane);
}

void gnl_plain_deviations(int64_t runs, int64_t stride, int64_t n, const gnl_real *p, gnl_real a, const gnl_real *q,
                          gnl_real b, double sums[2])
{
    double lane_p[LANES] = {0}, lane_pq[LANES] = {0};
    for (int64_t run = 0; run < runs; run++, p += stride, q += stride)
        for (int64_t i = 0; i < n; i += LANES)
            for (int j = 0; j < LANES && i + j < n; j++) {
                double d = (double)(p[i + j] - a);
                lane_p[j] += d;
                lane_pq[j] += d * (double)(q[i + j] - b);
            }
    sums[0] += add_lanes(lane_p);
    sums[1] += add_lanes(lane_pq);
}

void gnl_plain_mix(int64_t n, const gnl_real c[4], const gnl_real *p, const gnl_real *x, gnl_store store, gnl_real *out)
{
    if (store == GNL_ADD)
        for (int64_t i = 0; i < n; i++)
            out[i] += c[0] * p[i] + c[1] + c[2] * (x[i] - c[3]);
    else
        for (int64_t i = 0; i < n; i++)
            out[i] = c[0] * p[i] + c[1] + c[2] * (x[i] - c[3]);
}

void gnl_plain_add_bias(int64_t rows, int64_t channels, int64_t plane, const gnl_real *bias, gnl_real *y)
{
    for (int64_t r = 0; r < rows; r++) {
        if (plane == 1) {
            for (int64_t c = 0; c < channels; c++)
                y[r * channels + c] += bias[c];
            continue;
        }
        for (int64_t c = 0; c < channels; c++)
            for (int64_t p = 0; p < plane; p++)
                y[(r * channels + c) * plane + p] += bias[c];
    }
}

/* Sums the columns of a matrix, a few at a time, so that their sums stay in registers while iterating over rows. */
static void sum_columns(int64_t rows, int64_t channels, const gnl_real *dy, gnl_real *db)
{
    for (int64_t begin = 0; begin < channels; begin += LANES) {
        int64_t width = GNL_MIN(channels - begin, (int64_t)LANES);
        double lane[LANES] = {0};
        for (int64_t r = 0; r < rows; r++)
            for (int64_t j = 0; j < width; j++)
                lane[j] += (double)dy[r * channels + begin + j];
        for (int64_t j = 0; j < width; j++)
            db[begin + j] += (gnl_real)lane[j];
    }
}

void gnl_plain_sum_bias(int64_t rows, int64_t channels, int64_t plane, const gnl_real *dy, gnl_real *db)
{
    if (plane == 1) {
        sum_columns(rows, channels, dy, db);
        return;
    }
    for (int64_t c = 0; c < channels; c++) {
        double total = 0;
        for (int64_t r = 0; r < rows; r++)
            total += gnl_plain_sum(plane, dy + (r * channels + c) * plane);
        db[c] += (gnl_real)total;
    }
}
