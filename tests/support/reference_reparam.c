/* SPDX-License-Identifier: MIT */
/* Spectral norm and weight norm of weights, element by element: the weights that layers use, and gradients through
 * the normalization. */
#include <stdlib.h>
#include <tgmath.h>

#include "support/reference_priv.h"

enum { MOST = 4096 /* rows and columns of a matrix */ };

static const double TINY = 1e-12;

/* A weight as a matrix with a row per output: element e is in row row_of() and column column_of(). */
typedef struct matrix {
    int64_t count, rows, columns, inner;
} matrix;

static matrix matrix_of(const gnl_weight *w)
{
    matrix m = {w->count, w->param.shape.dim[w->param.axis], 0, 1};
    for (int32_t i = w->param.axis + 1; i < w->param.shape.ndim; i++)
        m.inner *= w->param.shape.dim[i];
    m.columns = m.count / m.rows;
    return m;
}

static int64_t row_of(const matrix *m, int64_t e)
{
    return e / m->inner % m->rows;
}

static int64_t column_of(const matrix *m, int64_t e)
{
    return e / (m->inner * m->rows) * m->inner + e % m->inner;
}

static double length_of(int64_t n, const gnl_real *x)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static void to_unit(int64_t n, gnl_real *x)
{
    const double length = length_of(n, x);
    for (int64_t i = 0; i < n; i++)
        x[i] = (gnl_real)(length < TINY ? 1 / sqrt((double)n) : (double)x[i] / length);
}

/* Computes to [rows] = W from, or to [columns] = W^T from, scaled to unit length. */
static void iterate(const matrix *m, const gnl_real *w, bool transposed, const gnl_real *from, gnl_real *to)
{
    double sum[MOST] = {0};
    const int64_t n = transposed ? m->columns : m->rows;
    if (n > MOST)
        abort();
    for (int64_t e = 0; e < m->count; e++) {
        const int64_t row = row_of(m, e), column = column_of(m, e);
        sum[transposed ? column : row] += (double)w[e] * (double)from[transposed ? row : column];
    }
    for (int64_t i = 0; i < n; i++)
        to[i] = (gnl_real)sum[i];
    to_unit(n, to);
}

static double sigma_of(const matrix *m, const gnl_real *w, const gnl_real *u, const gnl_real *v)
{
    double sigma = 0;
    for (int64_t e = 0; e < m->count; e++)
        sigma += (double)u[row_of(m, e)] * (double)w[e] * (double)v[column_of(m, e)];
    return fabs(sigma) < TINY ? 0 : sigma;
}

/* The state holds the vectors as stored; they are used with unit length. */
static void unit_vectors(const reference_exec *r, const gnl_weight *w, const matrix *m, gnl_real *u, gnl_real *v)
{
    const gnl_weight *auxiliary = &r->net->weight[w->auxiliary];
    memcpy(u, r->state + auxiliary[0].offset, (size_t)m->rows * sizeof *u);
    memcpy(v, r->state + auxiliary[1].offset, (size_t)m->columns * sizeof *v);
    to_unit(m->rows, u);
    to_unit(m->columns, v);
}

static void compute_spectral(reference_exec *r, const gnl_weight *w, bool training)
{
    const matrix m = matrix_of(w);
    const gnl_real *value = r->value + w->offset;
    gnl_real u[MOST], v[MOST];
    const gnl_weight *auxiliary = &r->net->weight[w->auxiliary];
    gnl_real *first = r->state + auxiliary[0].offset, *second = r->state + auxiliary[1].offset;
    if (training && !r->held) {
        iterate(&m, value, false, second, first);
        iterate(&m, value, true, first, second);
    }
    unit_vectors(r, w, &m, u, v);
    const double sigma = sigma_of(&m, value, u, v);
    for (int64_t e = 0; e < m.count; e++)
        r->computed[w->offset + e] = (gnl_real)(sigma == 0 ? 0 : (double)value[e] / sigma);
}

static double row_length(const matrix *m, const gnl_real *w, int64_t row)
{
    double sum = 0;
    for (int64_t e = 0; e < m->count; e++)
        sum += row_of(m, e) == row ? (double)w[e] * (double)w[e] : 0;
    return sqrt(sum);
}

/* Returns the lengths, which are trained or fixed. */
static const gnl_real *lengths_of(const reference_exec *r, const gnl_weight *w)
{
    const gnl_weight *lengths = &r->net->weight[w->auxiliary];
    return (lengths->param.state ? r->state : r->value) + lengths->offset;
}

static void compute_norm(reference_exec *r, const gnl_weight *w)
{
    const matrix m = matrix_of(w);
    const gnl_real *value = r->value + w->offset, *g = lengths_of(r, w);
    for (int64_t row = 0; row < m.rows; row++) {
        const double length = row_length(&m, value, row);
        for (int64_t e = 0; e < m.count; e++)
            if (row_of(&m, e) == row)
                r->computed[w->offset + e] = (gnl_real)(length < TINY ? 0 : (double)g[row] * (double)value[e] / length);
    }
}

void reference_make_weights(reference_exec *r, bool training)
{
    memcpy(r->computed, r->value, (size_t)r->net->values * sizeof *r->computed);
    for (int i = 0; i < r->net->weights; i++) {
        const gnl_weight *w = &r->net->weight[i];
        if (w->auxiliary && w->param.reparam == GNL_REPARAM_SPECTRAL)
            compute_spectral(r, w, training);
        else if (w->auxiliary)
            compute_norm(r, w);
    }
    reference_disturb(r, r->net->values, r->computed);
}

/* The two terms of a gradient may cancel, so that each has its own rounding error. */
static double error_of(reference_exec *r)
{
    gnl_real one = 1;
    reference_disturb(r, 1, &one);
    return (double)one;
}

/* From gradients of the normalized weights to gradients of the stored weights. */
static void end_spectral(reference_exec *r, const gnl_weight *w)
{
    const matrix m = matrix_of(w);
    const gnl_real *value = r->value + w->offset, *d = r->dcomputed + w->offset;
    gnl_real u[MOST], v[MOST];
    double along = 0;
    unit_vectors(r, w, &m, u, v);
    const double sigma = sigma_of(&m, value, u, v);
    for (int64_t e = 0; e < m.count; e++)
        along += (double)d[e] * (double)value[e];
    along *= error_of(r);
    for (int64_t e = 0; e < m.count && sigma != 0 && !w->frozen; e++)
        r->grad[w->offset + e] += (gnl_real)((double)d[e] / sigma - along / (sigma * sigma) * (double)u[row_of(&m, e)] *
                                                                        (double)v[column_of(&m, e)]);
}

static void end_norm(reference_exec *r, const gnl_weight *w)
{
    const matrix m = matrix_of(w);
    const gnl_weight *auxiliary = &r->net->weight[w->auxiliary];
    const gnl_real *value = r->value + w->offset, *d = r->dcomputed + w->offset, *g = lengths_of(r, w);
    for (int64_t row = 0; row < m.rows; row++) {
        const double length = row_length(&m, value, row);
        double along = 0;
        for (int64_t e = 0; e < m.count; e++)
            along += row_of(&m, e) == row ? (double)d[e] * (double)value[e] : 0;
        along *= error_of(r);
        if (length < TINY)
            continue;
        if (!auxiliary->frozen && !auxiliary->param.state)
            r->grad[auxiliary->offset + row] += (gnl_real)(along / length);
        for (int64_t e = 0; e < m.count && !w->frozen; e++)
            if (row_of(&m, e) == row)
                r->grad[w->offset + e] +=
                    (gnl_real)((double)g[row] / length * ((double)d[e] - along / (length * length) * (double)value[e]));
    }
}

void reference_begin_gradients(reference_exec *r)
{
    memset(r->dcomputed, 0, (size_t)r->net->values * sizeof *r->dcomputed);
}

void reference_end_gradients(reference_exec *r)
{
    reference_disturb(r, r->net->values, r->dcomputed);
    for (int i = 0; i < r->net->weights; i++) {
        const gnl_weight *w = &r->net->weight[i];
        if (w->param.state)
            continue;
        if (w->auxiliary && w->param.reparam == GNL_REPARAM_SPECTRAL)
            end_spectral(r, w);
        else if (w->auxiliary)
            end_norm(r, w);
        else if (!w->frozen)
            for (int64_t e = w->offset; e < w->offset + w->count; e++)
                r->grad[e] += r->dcomputed[e];
    }
}
