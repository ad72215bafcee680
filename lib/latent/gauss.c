/* SPDX-License-Identifier: MIT */
/* Diagonal Gaussians: log-densities, and the KL divergence from N(0,I), both in closed form and by sampling. */
#include <tgmath.h>

#include "latent/latent_priv.h"

static const double LOG_TWO_PI = 1.83787706640934548356;

enum { DIM_GRAIN = 16 };

/* Arguments of a parallel task. */
typedef struct job {
    const gnl_gauss *q;
    const gnl_real *z;
    gnl_real *dz, *dmean, *dlogvar;
    double *out;
    double factor;
    const double *weight;
} job;

static void over_rows(const job *j, gnl_task *task)
{
    gnl_parallel(j->q->compute.ctx, j->q->rows, gnl_latent_grain(j->q->dims), task, (void *)(uintptr_t)j);
}

/* ---- the KL in closed form ------------------------------------------------------------------- */

double gnl_gauss_kl_element(const gnl_gauss *q, int64_t i)
{
    double m = (double)q->mean[i], l = (double)q->logvar[i];
    return 0.5 * (m * m + (expm1(l) - l));
}

static void kl_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t r = begin; r < end; r++) {
        double total = 0;
        for (int64_t i = r * j->q->dims; i < (r + 1) * j->q->dims; i++) {
            gnl_real m = j->q->mean[i], l = j->q->logvar[i];
            total += (double)(m * m + (expm1(l) - l));
        }
        j->out[r] = 0.5 * total;
    }
}

/* Parallel over dimensions: one thread sums a dimension over all rows. */
static void per_dim_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->q->dims;
    for (int64_t d = begin; d < end; d++)
        j->out[d] = 0;
    for (int64_t r = 0; r < j->q->rows; r++)
        for (int64_t d = begin; d < end; d++) {
            gnl_real m = j->q->mean[r * dims + d], l = j->q->logvar[r * dims + d];
            j->out[d] += (double)(m * m + (expm1(l) - l));
        }
    for (int64_t d = begin; d < end; d++)
        j->out[d] *= 0.5 / (double)GNL_MAX(j->q->rows, 1);
}

void gnl_gauss_kl(const gnl_gauss *q, double *kl, double *per_dim)
{
    if (kl)
        over_rows(&(job){.q = q, .out = kl}, kl_task);
    if (per_dim)
        gnl_parallel(q->compute.ctx, q->dims, DIM_GRAIN, per_dim_task, &(job){.q = q, .out = per_dim});
}

void gnl_gauss_kl_backward(const gnl_gauss *q, int64_t first, int64_t past, double factor, gnl_real *dmean,
                           gnl_real *dlogvar)
{
    const gnl_real f = (gnl_real)factor;
    for (int64_t i = first; i < past; i++) {
        if (dmean)
            dmean[i] += f * q->mean[i];
        if (dlogvar)
            dlogvar[i] += f * (gnl_real)0.5 * expm1(q->logvar[i]);
    }
}

/* ---- densities ------------------------------------------------------------------------------- */

static void density_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_gauss *q = j->q;
    for (int64_t r = begin; r < end; r++) {
        double total = (double)q->dims * LOG_TWO_PI;
        for (int64_t i = r * q->dims; i < (r + 1) * q->dims; i++) {
            double d = (double)j->z[i] - (double)q->mean[i], logvar = (double)q->logvar[i];
            total += d * d * exp(-logvar) + logvar;
        }
        j->out[r] = -0.5 * total;
    }
}

void gnl_gauss_log_density(const gnl_gauss *q, const gnl_real *z, double *out)
{
    over_rows(&(job){.q = q, .z = z, .out = out}, density_task);
}

/* With d = z - mean, the derivatives are -d/var by z, d/var by mean, and (d^2/var - 1) / 2 by logvar. */
static void density_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_gauss *q = j->q;
    for (int64_t i = begin * q->dims; i < end * q->dims; i++) {
        gnl_real f = (gnl_real)(j->weight ? j->factor * j->weight[i / q->dims] : j->factor);
        gnl_real d = j->z[i] - q->mean[i], pull = d * exp(-q->logvar[i]);
        if (j->dz)
            j->dz[i] -= f * pull;
        if (j->dmean)
            j->dmean[i] += f * pull;
        if (j->dlogvar)
            j->dlogvar[i] += f * (gnl_real)0.5 * (d * pull - 1);
    }
}

void gnl_gauss_log_density_backward(const gnl_gauss *q, const gnl_real *z, double factor, const double *weight,
                                    gnl_real *dz, gnl_real *dmean, gnl_real *dlogvar)
{
    const job j = {.q = q, .z = z, .dz = dz, .dmean = dmean, .dlogvar = dlogvar, .factor = factor, .weight = weight};
    over_rows(&j, density_back_task);
}

/* ---- log q(z) - log N(z; 0, I) --------------------------------------------------------------- */

static void ratio_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_gauss *q = j->q;
    for (int64_t r = begin; r < end; r++) {
        double total = 0;
        for (int64_t i = r * q->dims; i < (r + 1) * q->dims; i++) {
            double z = (double)j->z[i], d = z - (double)q->mean[i], logvar = (double)q->logvar[i];
            total += z * z - d * d * exp(-logvar) - logvar;
        }
        j->out[r] = 0.5 * total;
    }
}

void gnl_gauss_ratio(const gnl_gauss *q, const gnl_real *z, double *out)
{
    over_rows(&(job){.q = q, .z = z, .out = out}, ratio_task);
}

static void ratio_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_gauss *q = j->q;
    for (int64_t i = begin * q->dims; i < end * q->dims; i++) {
        gnl_real f = (gnl_real)(j->weight ? j->factor * j->weight[i / q->dims] : j->factor);
        gnl_real z = j->z[i], d = z - q->mean[i], pull = d * exp(-q->logvar[i]);
        if (j->dz)
            j->dz[i] += f * (z - pull);
        if (j->dmean)
            j->dmean[i] += f * pull;
        if (j->dlogvar)
            j->dlogvar[i] += f * (gnl_real)0.5 * (d * pull - 1);
    }
}

void gnl_gauss_ratio_backward(const gnl_gauss *q, const gnl_real *z, double factor, const double *weight, gnl_real *dz,
                              gnl_real *dmean, gnl_real *dlogvar)
{
    const job j = {.q = q, .z = z, .dz = dz, .dmean = dmean, .dlogvar = dlogvar, .factor = factor, .weight = weight};
    over_rows(&j, ratio_back_task);
}
