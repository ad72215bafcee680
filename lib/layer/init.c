/* SPDX-License-Identifier: MIT */
/* Initial weights. Glorot, Bengio 2010; He, Zhang, Ren, Sun 2015; Saxe, McClelland, Ganguli 2014 (orthogonal). */
#include <tgmath.h>

#include "layer/layer_priv.h"

const char *const gnl_init_names[] = {"torch",      "glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
                                      "orthogonal", "normal",         "constant",      NULL};

/* Returns the standard deviation of the weights. */
static double scale_of(const gnl_init *init)
{
    double in = (double)GNL_MAX(init->fan_in, 1), out = (double)GNL_MAX(init->fan_out, 1);
    switch (init->kind) {
    case GNL_INIT_TORCH:
        return init->gain * sqrt(1 / (3 * in));
    case GNL_INIT_GLOROT_UNIFORM:
    case GNL_INIT_GLOROT_NORMAL:
        return init->gain * sqrt(2 / (in + out));
    case GNL_INIT_HE_UNIFORM:
    case GNL_INIT_HE_NORMAL:
        return init->gain * sqrt(2 / in);
    default:
        return init->gain;
    }
}

static void fill_normal(const gnl_init *init, gnl_rng *rng, int64_t count, gnl_real *out)
{
    gnl_real scale = (gnl_real)scale_of(init);
    gnl_rng_fill_normal(rng, out, count);
    for (int64_t i = 0; i < count; i++)
        out[i] *= scale;
}

/* ---- orthogonal ------------------------------------------------------------------------------------ */

static double dot(int64_t n, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void subtract(int64_t n, double factor, const double *from, double *v)
{
    for (int64_t i = 0; i < n; i++)
        v[i] -= factor * from[i];
}

/* Gram-Schmidt on k vectors of length n >= k. If a vector loses most of its length, it is orthogonalised again, which
 * makes the rest orthogonal up to rounding. */
static void orthonormalise(int64_t k, int64_t n, double *q)
{
    for (int64_t i = 0; i < k; i++) {
        double *v = q + i * n, before, after = dot(n, v, v);
        do {
            before = after;
            for (int64_t j = 0; j < i; j++)
                subtract(n, dot(n, q + j * n, v), q + j * n, v);
            after = dot(n, v, v);
        } while (after > 0 && after < 0.25 * before);
        double scale = after > 0 ? 1 / sqrt(after) : 0;
        for (int64_t j = 0; j < n; j++)
            v[j] *= scale;
    }
}

/* Fills with orthonormal rows if the matrix is wide, otherwise with orthonormal columns. */
static genlat_status fill_orthogonal(genlat_ctx *ctx, const gnl_init *init, gnl_rng *rng, const gnl_shape *shape,
                                     gnl_real *out)
{
    int64_t count = gnl_shape_count(shape), rows = shape->ndim > 0 ? shape->dim[0] : 1;
    int64_t cols = count / GNL_MAX(rows, 1);
    int64_t k = GNL_MIN(rows, cols), n = GNL_MAX(rows, cols);
    double *q = gnl_alloc(ctx, (size_t)count, sizeof *q);
    if (!q)
        return GENLAT_E_MEMORY;
    gnl_rng_fill_normal(rng, out, count);
    for (int64_t i = 0; i < count; i++)
        q[i] = (double)out[i];
    orthonormalise(k, n, q);
    for (int64_t i = 0; i < count; i++)
        out[i] = (gnl_real)(init->gain * (rows <= cols ? q[i] : q[i % cols * n + i / cols]));
    gnl_free(ctx, q);
    return GENLAT_OK;
}

genlat_status gnl_init_fill(genlat_ctx *ctx, const gnl_init *init, gnl_rng *rng, const gnl_shape *shape, gnl_real *out)
{
    int64_t count = gnl_shape_count(shape);
    gnl_real bound = (gnl_real)(scale_of(init) * sqrt(3.0));
    switch (init->kind) {
    case GNL_INIT_TORCH:
    case GNL_INIT_GLOROT_UNIFORM:
    case GNL_INIT_HE_UNIFORM:
        gnl_rng_fill_uniform(rng, out, count, -bound, bound);
        break;
    case GNL_INIT_CONSTANT:
        for (int64_t i = 0; i < count; i++)
            out[i] = (gnl_real)init->gain;
        break;
    case GNL_INIT_ORTHOGONAL:
        return fill_orthogonal(ctx, init, rng, shape, out);
    default:
        fill_normal(init, rng, count, out);
    }
    return GENLAT_OK;
}
