/* SPDX-License-Identifier: MIT */
/* Symmetric matrices in double: Cholesky factors, inverse of a triangle, eigenvalues and eigenvectors. */
#include <float.h>

#include "density/density.h"

static double dot(int64_t n, const double *x, const double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* ---- pivoted Cholesky ---------------------------------------------------------------------------------- */

/* Returns the row with the largest variance that the columns so far do not explain. */
static int64_t find_pivot(int64_t n, const double *remaining)
{
    int64_t pivot = 0;
    for (int64_t i = 1; i < n; i++)
        pivot = remaining[i] > remaining[pivot] ? i : pivot;
    return pivot;
}

int64_t gnl_psd_factor(int64_t n, const double *a, double *factor, double *remaining)
{
    memset(factor, 0, (size_t)(n * n) * sizeof *factor);
    for (int64_t i = 0; i < n; i++)
        remaining[i] = a[i * n + i];
    double least = (double)n * DBL_EPSILON * remaining[find_pivot(n, remaining)];
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = find_pivot(n, remaining);
        if (!(remaining[pivot] > least))
            return k;
        double root = sqrt(remaining[pivot]);
        const double *known = factor + pivot * n;
        /* Rows that have been pivots are marked by a negative remainder. Their entries in later columns are 0. */
        for (int64_t i = 0; i < n; i++) {
            if (remaining[i] < 0 || i == pivot)
                continue;
            double entry = (a[i * n + pivot] - dot(k, factor + i * n, known)) / root;
            factor[i * n + k] = entry;
            remaining[i] = fmax(remaining[i] - entry * entry, 0);
        }
        factor[pivot * n + k] = root;
        remaining[pivot] = -1;
    }
    return n;
}

/* ---- Cholesky of a definite matrix -------------------------------------------------------------------- */

/* Works on the upper triangle U with A = U'U, whose rows are contiguous. */
bool gnl_definite_inverse_factor(int64_t n, double *a, double *inverse)
{
    for (int64_t k = 0; k < n; k++) {
        double *row = a + k * n;
        if (!(row[k] > 0 && row[k] < INFINITY))
            return false;
        const double root = sqrt(row[k]);
        for (int64_t j = k; j < n; j++)
            row[j] /= root;
        for (int64_t i = k + 1; i < n; i++) {
            const double factor = row[i];
            double *below = a + i * n;
            for (int64_t j = i; j < n; j++)
                below[j] -= factor * row[j];
        }
    }
    for (int64_t i = 0; i < n; i++) {
        double *out = inverse + i * n;
        memset(out, 0, (size_t)n * sizeof *out);
        for (int64_t k = 0; k < i; k++) {
            const double factor = a[k * n + i], *known = inverse + k * n;
            for (int64_t j = 0; j <= k; j++)
                out[j] -= factor * known[j];
        }
        for (int64_t j = 0; j < i; j++)
            out[j] /= a[i * n + i];
        out[i] = 1 / a[i * n + i];
    }
    return true;
}

/* ---- tridiagonalization ---------------------------------------------------------------------------------- */

/* y = A x for the leading block of size m. Its lower triangle is stored; rows are n apart. */
static void multiply_lower(int64_t m, int64_t n, const double *a, const double *x, double *y)
{
    for (int64_t j = 0; j < m; j++) {
        const double *row = a + j * n;
        for (int64_t k = 0; k < j; k++)
            y[k] += row[k] * x[j];
        y[j] = dot(j + 1, row, x);
    }
}

/* Applies to the leading block the Householder reflection with vector v, v'v = 2 h: A -= v q' + q v'. */
static void reflect(int64_t m, int64_t n, double h, const double *v, double *a, double *q)
{
    multiply_lower(m, n, a, v, q);
    double half = dot(m, q, v) / (2 * h * h);
    for (int64_t j = 0; j < m; j++)
        q[j] = q[j] / h - half * v[j];
    for (int64_t j = 0; j < m; j++)
        for (int64_t k = 0; k <= j; k++)
            a[j * n + k] -= v[j] * q[k] + q[j] * v[k];
}

/* Computes diagonal and off-diagonal. Each row, starting with the last, is reflected onto the element next to the
 * diagonal. */
static void tridiagonalize(int64_t n, double *a, double *diagonal, double *off_diagonal)
{
    for (int64_t i = n - 1; i > 0; i--) {
        double *row = a + i * n, largest = 0;
        for (int64_t k = 0; k < i; k++)
            largest = fmax(largest, fabs(row[k]));
        off_diagonal[i - 1] = row[i - 1];
        if (i > 1 && largest > 0) {
            for (int64_t k = 0; k < i; k++)
                row[k] /= largest;
            double norm = -copysign(sqrt(dot(i, row, row)), row[i - 1]);
            double h = norm * norm - norm * row[i - 1];
            off_diagonal[i - 1] = norm * largest;
            row[i - 1] -= norm;
            reflect(i, n, h, row, a, diagonal);
        }
    }
    for (int64_t i = 0; i < n; i++)
        diagonal[i] = a[i * n + i];
}

/* Computes the product of the reflections, whose vectors tridiagonalize() has left in the rows of a. */
static void reflections(int64_t n, const double *a, double *out, double *scratch)
{
    memset(out, 0, (size_t)(n * n) * sizeof *out);
    for (int64_t i = 0; i < n; i++)
        out[i * n + i] = 1;
    for (int64_t i = n - 1; i > 1; i--) {
        const double *v = a + i * n;
        const double h = dot(i, v, v) / 2;
        if (!(h > 0))
            continue;
        memset(scratch, 0, (size_t)n * sizeof *scratch);
        for (int64_t k = 0; k < i; k++)
            for (int64_t j = 0; j < n; j++)
                scratch[j] += v[k] * out[k * n + j];
        for (int64_t k = 0; k < i; k++)
            for (int64_t j = 0; j < n; j++)
                out[k * n + j] -= v[k] / h * scratch[j];
    }
}

/* ---- eigenvalues of a tridiagonal matrix --------------------------------------------------------------- */

static void rotate(int64_t n, double c, double s, double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) {
        const double upper = x[i], lower = y[i];
        x[i] = c * upper + s * lower;
        y[i] = c * lower - s * upper;
    }
}

/* One implicit QR step with Wilkinson's shift on the block lo .. hi. Also rotates the rows of `vectors`, n numbers
 * each, unless it is NULL. */
static void qr_step(int64_t lo, int64_t hi, double *d, double *e, int64_t n, double *vectors)
{
    double half = (d[hi - 1] - d[hi]) / 2, last = e[hi - 1];
    double shift = d[hi] - last * (last / (half + copysign(hypot(half, last), half)));
    double x = d[lo] - shift, z = e[lo];
    for (int64_t k = lo; k < hi; k++) {
        double r = hypot(x, z), c = r > 0 ? x / r : 1, s = r > 0 ? z / r : 0;
        double upper = d[k], lower = d[k + 1], side = e[k];
        if (vectors)
            rotate(n, c, s, vectors + k * n, vectors + (k + 1) * n);
        if (k > lo)
            e[k - 1] = r;
        d[k] = c * c * upper + 2 * c * s * side + s * s * lower;
        d[k + 1] = s * s * upper - 2 * c * s * side + c * c * lower;
        e[k] = c * s * (lower - upper) + (c * c - s * s) * side;
        if (k + 1 < hi) {
            x = e[k];
            z = s * e[k + 1];
            e[k + 1] *= c;
        }
    }
}

static bool is_small(const double *d, const double *e, int64_t k)
{
    return fabs(e[k]) <= DBL_EPSILON * (fabs(d[k]) + fabs(d[k + 1])) || fabs(e[k]) < DBL_MIN;
}

/* Diagonalizes the tridiagonal matrix. Returns false if the values do not converge. */
static bool diagonalize(int64_t n, double *values, double *off_diagonal, double *vectors)
{
    enum { STEPS_PER_VALUE = 60 };
    int64_t hi = n - 1;
    for (int64_t step = 0; hi > 0 && step < STEPS_PER_VALUE * n; step++) {
        while (hi > 0 && is_small(values, off_diagonal, hi - 1))
            hi--;
        int64_t lo = GNL_MAX(hi - 1, 0);
        while (lo > 0 && !is_small(values, off_diagonal, lo - 1))
            lo--;
        if (hi > 0)
            qr_step(lo, hi, values, off_diagonal, n, vectors);
    }
    return hi <= 0;
}

bool gnl_symmetric_eigenvalues(int64_t n, double *a, double *values, double *off_diagonal)
{
    tridiagonalize(n, a, values, off_diagonal);
    return diagonalize(n, values, off_diagonal, NULL);
}

bool gnl_symmetric_eigen(int64_t n, double *a, double *values, double *vectors, double *off_diagonal)
{
    tridiagonalize(n, a, values, off_diagonal);
    double *const scratch = a; /* row 0, which no reflection reads */
    reflections(n, a, vectors, scratch);
    return diagonalize(n, values, off_diagonal, vectors);
}
