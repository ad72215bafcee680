/* SPDX-License-Identifier: MIT */
/* Columns of rows: copies, moments, quantiles, distinct values; and standard errors of means and shares. */
#include <stdlib.h>

#include "metric/metric_priv.h"

int gnl_compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void gnl_column(const gnl_rows *rows, int64_t j, bool sorted, double *out)
{
    for (int64_t i = 0; i < rows->n; i++)
        out[i] = (double)gnl_row(rows, i)[j];
    if (sorted)
        qsort(out, (size_t)rows->n, sizeof *out, gnl_compare_doubles);
}

double gnl_quantile(int64_t n, const double *sorted, double q)
{
    const double place = q * (double)(n - 1);
    const int64_t below = (int64_t)place;
    const double low = sorted[below], high = sorted[GNL_MIN(below + 1, n - 1)];
    return low + (place - (double)below) * (high - low);
}

void gnl_column_moments(const gnl_rows *rows, double *mean, double *variance)
{
    memset(mean, 0, (size_t)rows->d * sizeof *mean);
    memset(variance, 0, (size_t)rows->d * sizeof *variance);
    for (int64_t i = 0; i < rows->n; i++)
        for (int64_t j = 0; j < rows->d; j++)
            mean[j] += (double)gnl_row(rows, i)[j] / (double)rows->n;
    for (int64_t i = 0; i < rows->n; i++)
        for (int64_t j = 0; j < rows->d; j++) {
            const double difference = (double)gnl_row(rows, i)[j] - mean[j];
            variance[j] += difference * difference / (double)(rows->n - 1);
        }
}

int64_t gnl_distinct_values(const gnl_rows *rows, int64_t j, double *scratch, int64_t *classes)
{
    int64_t count = 1;
    gnl_column(rows, j, true, scratch);
    for (int64_t i = 1; i < rows->n; i++)
        if (scratch[i] > scratch[count - 1])
            scratch[count++] = scratch[i];
    for (int64_t i = 0; i < rows->n; i++) {
        const double value = (double)gnl_row(rows, i)[j];
        const double *found = bsearch(&value, scratch, (size_t)count, sizeof value, gnl_compare_doubles);
        classes[i] = found ? found - scratch : 0;
    }
    return count;
}

double gnl_standard_error(int64_t n, const double *values)
{
    double mean = 0, sd = 0;
    if (n < 2)
        return NAN;
    gnl_mean_sd(n, values, &mean, &sd);
    return sd / sqrt((double)(n - 1));
}

double gnl_share_error(double share, int64_t n)
{
    return n < 2 ? NAN : sqrt(fmax(share * (1 - share), 0) / (double)(n - 1));
}
