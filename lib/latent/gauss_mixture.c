/* SPDX-License-Identifier: MIT */
/* Mixtures of diagonal Gaussians, for the priors that are such mixtures: log-density, derivatives, samples. See
 * docs/derivations/mixture.md. */
#include <tgmath.h>

#include "latent/latent_priv.h"
#include "loss/loss.h"

static const double LOG_TWO_PI = 1.83787706640934548356, CLAMP = 10;

genlat_status gnl_gauss_mixture_new(genlat_ctx *ctx, int64_t count, int64_t dims, int64_t rows, gnl_gauss_mixture **out)
{
    const size_t k = (size_t)count, numbers = k * (2 + (size_t)dims + (size_t)rows);
    gnl_gauss_mixture *m = gnl_alloc(ctx, 1, sizeof *m + numbers * sizeof(double));
    if (!m)
        return GENLAT_E_MEMORY;
    *m = (gnl_gauss_mixture){.count = count, .dims = dims};
    m->log_weight = (double *)(void *)(m + 1);
    m->constant = m->log_weight + k;
    m->precision = m->constant + k;
    m->share = m->precision + k * (size_t)dims;
    *out = m;
    return GENLAT_OK;
}

static double clamped(gnl_real logvar)
{
    return fmin(fmax((double)logvar, -CLAMP), CLAMP);
}

void gnl_gauss_mixture_prepare(gnl_gauss_mixture *m)
{
    for (int64_t i = 0; i < m->count; i++) {
        double sum = (double)m->dims * LOG_TWO_PI;
        for (int64_t d = i * m->dims; d < (i + 1) * m->dims; d++) {
            const double value = clamped(m->logvar[d]);
            m->precision[d] = exp(-value);
            sum += value;
        }
        m->constant[i] = m->log_weight[i] - sum / 2;
    }
}

/* ---- density --------------------------------------------------------------------------------- */

typedef struct job {
    const gnl_gauss_mixture *m;
    int64_t rows;
    const gnl_real *z;
    double *out;
    double factor;
    const double *weight;
    gnl_real *dz, *dmean, *dlogvar, *dlogit;
} job;

/* Computes the responsibilities of a row, and returns log p(z). */
static double responsibilities(const job *j, int64_t row)
{
    const gnl_gauss_mixture *m = j->m;
    const gnl_real *z = j->z + row * m->dims;
    double *share = m->share + row * m->count;
    for (int64_t i = 0; i < m->count; i++) {
        const gnl_real *mean = m->mean + i * m->dims;
        const double *precision = m->precision + i * m->dims;
        double distance = 0;
        for (int64_t d = 0; d < m->dims; d++) {
            const double apart = (double)z[d] - (double)mean[d];
            distance += apart * apart * precision[d];
        }
        share[i] = m->constant[i] - distance / 2;
    }
    const double all = gnl_log_sum_exp(m->count, share);
    for (int64_t i = 0; i < m->count; i++)
        share[i] = exp(share[i] - all);
    return all;
}

static void density_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t row = begin; row < end; row++)
        j->out[row] = responsibilities(j, row);
}

void gnl_gauss_mixture_log_density(const gnl_gauss_mixture *m, const gnl_code *c, const gnl_real *z, double *out)
{
    job j = {.m = m, .rows = c->rows, .z = z, .out = out};
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(m->count * m->dims), density_task, &j);
}

/* ---- derivatives ----------------------------------------------------------------------------- */

static double factor_of(const job *j, int64_t row)
{
    return j->factor * (j->weight ? j->weight[row] : 1);
}

/* Adds the derivatives by z: the sum over components of responsibility * precision * (mean - z). */
static void slope_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_gauss_mixture *m = j->m;
    for (int64_t row = begin; row < end; row++) {
        const double *share = m->share + row * m->count;
        responsibilities(j, row);
        for (int64_t d = 0; d < m->dims; d++) {
            const double z = (double)j->z[row * m->dims + d];
            double slope = 0;
            for (int64_t i = 0, at = d; i < m->count; i++, at += m->dims)
                slope += share[i] * ((double)m->mean[at] - z) * m->precision[at];
            j->dz[row * m->dims + d] += (gnl_real)(factor_of(j, row) * slope);
        }
    }
}

/* Adds the derivatives by the parameters of each component. Sums over the rows in order, so that the result does not
 * depend on the number of threads. */
static void component_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_gauss_mixture *m = j->m;
    for (int64_t i = begin; i < end; i++) {
        double own = 0;
        for (int64_t row = 0; j->dlogit && row < j->rows; row++)
            own += factor_of(j, row) * (m->share[row * m->count + i] - exp(m->log_weight[i]));
        if (j->dlogit)
            j->dlogit[i] += (gnl_real)own;
        for (int64_t d = i * m->dims; d < (i + 1) * m->dims; d++) {
            double by_mean = 0, by_logvar = 0;
            for (int64_t row = 0; row < j->rows; row++) {
                const double share = factor_of(j, row) * m->share[row * m->count + i];
                const double apart = (double)j->z[row * m->dims + d - i * m->dims] - (double)m->mean[d];
                by_mean += share * apart * m->precision[d];
                by_logvar += share * (apart * apart * m->precision[d] - 1) / 2;
            }
            j->dmean[d] += (gnl_real)by_mean;
            j->dlogvar[d] += fabs((double)m->logvar[d]) < CLAMP ? (gnl_real)by_logvar : 0;
        }
    }
}

void gnl_gauss_mixture_log_density_backward(const gnl_gauss_mixture *m, const gnl_code *c, const gnl_real *z,
                                            double factor, const double *weight, gnl_real *dz, gnl_real *dmean,
                                            gnl_real *dlogvar, gnl_real *dlogit)
{
    job j = {.m = m,
             .rows = c->rows,
             .z = z,
             .factor = factor,
             .weight = weight,
             .dz = dz,
             .dmean = dmean,
             .dlogvar = dlogvar,
             .dlogit = dlogit};
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(m->count * m->dims), slope_task, &j);
    gnl_parallel(c->compute.ctx, m->count, gnl_latent_grain(c->rows * m->dims), component_task, &j);
}

/* ---- sampling -------------------------------------------------------------------------------- */

void gnl_gauss_mixture_sample(const gnl_gauss_mixture *m, int64_t i, gnl_rng *rng, const gnl_prior_draw *draw,
                              gnl_real *z)
{
    const int64_t at = i * m->dims;
    gnl_normal_draw(rng, draw, m->dims, z);
    for (int64_t d = 0; d < m->dims; d++)
        z[d] = m->mean[at + d] + z[d] * (gnl_real)exp(clamped(m->logvar[at + d]) / 2);
}
