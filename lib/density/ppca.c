/* SPDX-License-Identifier: MIT */
/* Probabilistic principal component analysis (Tipping and Bishop, 1999): the parameters of the largest likelihood in
 * closed form, log-density, codes. See docs/derivations/ppca.md. */
#include "density/density.h"

static const double LOG_TWO_PI = 1.83787706640934548356;

/* ---- fit ------------------------------------------------------------------------------------- */

/* Returns the largest eigenvalue that has not been taken yet, and marks it as taken. */
static int64_t take_largest(int64_t n, double *values, double *value)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        best = values[i] > values[best] ? i : best;
    *value = values[best];
    values[best] = -INFINITY;
    return best;
}

static void set_parameters(const gnl_ppca *p, const double *mean, double floor, double *values, const double *vectors)
{
    double rest = 0;
    for (int64_t k = 0; k < p->latent; k++) {
        double value = 0;
        const double *vector = vectors + take_largest(p->dims, values, &value) * p->dims;
        p->variance[k] = (gnl_real)fmax(value, floor);
        for (int64_t d = 0; d < p->dims; d++)
            p->axis[k * p->dims + d] = (gnl_real)vector[d];
    }
    for (int64_t i = 0; i < p->dims; i++)
        rest += values[i] > 0 ? values[i] : 0; /* those taken are -INFINITY */
    p->noise[0] = (gnl_real)fmax(rest / (double)(p->dims - p->latent), floor);
    for (int64_t d = 0; d < p->dims; d++)
        p->mean[d] = (gnl_real)mean[d];
}

genlat_status gnl_ppca_fit(const gnl_ppca *p, const double *mean, double *covariance, double floor, double *vectors,
                           double *values)
{
    for (int64_t i = 0; i < p->dims * p->dims; i++)
        if (!isfinite(covariance[i]))
            return gnl_fail(GENLAT_E_NUMERIC, "the covariance is not finite; check the data for invalid values");
    if (!gnl_symmetric_eigen(p->dims, covariance, values, vectors, values + p->dims))
        return gnl_fail(GENLAT_E_NUMERIC, "the eigenvalues of the covariance did not converge");
    set_parameters(p, mean, floor, values, vectors);
    return GENLAT_OK;
}

/* Returns the log of the normalization of the density. */
static double log_constant(const gnl_ppca *p)
{
    double sum = (double)p->dims * LOG_TWO_PI + (double)(p->dims - p->latent) * log((double)p->noise[0]);
    for (int64_t k = 0; k < p->latent; k++)
        sum += log((double)p->variance[k]);
    return -sum / 2;
}

double gnl_ppca_score(const gnl_ppca *p)
{
    return log_constant(p) - (double)p->dims / 2;
}

/* ---- use ------------------------------------------------------------------------------------- */

typedef struct inference {
    const gnl_ppca *p;
    const gnl_compute *c;
    const gnl_real *x;
    double *log_density, constant;
    gnl_real *z;
} inference;

/* Returns x' (x - mean) without storing the difference. */
static double project(const inference *t, const gnl_real *x, const gnl_real *axis)
{
    double sum = 0;
    for (int64_t d = 0; d < t->p->dims; d++)
        sum += (double)axis[d] * ((double)x[d] - (double)t->p->mean[d]);
    return sum;
}

static double square_distance(const gnl_ppca *p, const gnl_real *x)
{
    double sum = 0;
    for (int64_t d = 0; d < p->dims; d++)
        sum += ((double)x[d] - (double)p->mean[d]) * ((double)x[d] - (double)p->mean[d]);
    return sum;
}

static void infer_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const inference *t = arg;
    const gnl_ppca *p = t->p;
    const double noise = (double)p->noise[0];
    for (int64_t i = begin; i < end; i++) {
        const gnl_real *x = t->x + i * p->dims;
        double rest = square_distance(p, x), distance = 0;
        for (int64_t k = 0; k < p->latent; k++) {
            const double along = project(t, x, p->axis + k * p->dims), variance = (double)p->variance[k];
            rest -= along * along;
            distance += along * along / variance;
            if (t->z)
                t->z[i * p->latent + k] = (gnl_real)(sqrt(fmax(variance - noise, 0)) / variance * along);
        }
        if (t->log_density)
            t->log_density[i] = t->constant - (distance + fmax(rest, 0) / noise) / 2;
    }
}

void gnl_ppca_infer(const gnl_ppca *p, const gnl_compute *c, int64_t rows, const gnl_real *x, double *log_density,
                    gnl_real *z)
{
    inference t = {p, c, x, log_density, log_constant(p), z};
    gnl_parallel(c->ctx, rows, 32768 / (p->dims * p->latent) + 1, infer_task, &t);
}

typedef struct decoding {
    const gnl_ppca *p;
    const gnl_kernels *k;
    const gnl_real *z;
    gnl_real *x;
} decoding;

static void decode_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const decoding *t = arg;
    const gnl_ppca *p = t->p;
    for (int64_t i = begin; i < end; i++) {
        gnl_real *x = t->x + i * p->dims;
        memcpy(x, p->mean, (size_t)p->dims * sizeof *x);
        for (int64_t k = 0; k < p->latent; k++) {
            const double length = sqrt(fmax((double)p->variance[k] - (double)p->noise[0], 0));
            t->k->axpy(p->dims, (gnl_real)length * t->z[i * p->latent + k], p->axis + k * p->dims, x);
        }
    }
}

void gnl_ppca_decode(const gnl_ppca *p, const gnl_compute *c, int64_t rows, const gnl_real *z, gnl_real *x)
{
    decoding t = {p, c->k, z, x};
    gnl_parallel(c->ctx, rows, 32768 / (p->dims * p->latent) + 1, decode_task, &t);
}
