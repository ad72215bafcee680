/* SPDX-License-Identifier: MIT */
/* Diagonal Gaussian latents: draws, densities, the KL divergence from N(0,1) in closed form and by sampling.
 */
#include <tgmath.h>

#include "loss/loss_priv.h"

static const double LOG_TWO_PI = 1.83787706640934548356;

enum { ROW_GRAIN = 4096, DIM_GRAIN = 16 };

typedef struct latent_job {
    const gnl_latent *q;
    const gnl_real *noise, *dz, *z_in;
    gnl_real *z, *d_z, *dmean, *dlogvar;
    double *out;
    double scale;
    const double *weight;
} latent_job;

static void over_rows(const latent_job *job, gnl_task *task)
{
    int64_t grain = GNL_MAX(1, ROW_GRAIN / GNL_MAX(job->q->dims, 1));
    gnl_parallel(job->q->compute.ctx, job->q->rows, grain, task, (void *)(uintptr_t)job);
}

/* ---- draws ----------------------------------------------------------------------------------- */

static void sample_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const latent_job *job = arg;
    int64_t at = begin * job->q->dims, n = (end - begin) * job->q->dims;
    job->q->compute.k->gauss_sample_kl(n, job->q->mean + at, job->q->logvar + at, job->noise + at,
                                       job->z + at);
}

void gnl_latent_sample(const gnl_latent *q, const gnl_real *noise, gnl_real *z)
{
    over_rows(&(latent_job){.q = q, .noise = noise, .z = z}, sample_task);
}

static void sample_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const latent_job *job = arg;
    int64_t at = begin * job->q->dims, n = (end - begin) * job->q->dims;
    job->q->compute.k->gauss_sample_kl_backward(n, job->q->mean + at, job->q->logvar + at, job->noise + at,
                                                job->dz + at, 0, job->dmean + at, job->dlogvar + at);
}

void gnl_latent_sample_backward(const gnl_latent *q, const gnl_real *noise, const gnl_real *dz,
                                gnl_real *dmean, gnl_real *dlogvar)
{
    over_rows(&(latent_job){.q = q, .noise = noise, .dz = dz, .dmean = dmean, .dlogvar = dlogvar},
              sample_back_task);
}

/* ---- the closed form ------------------------------------------------------------------------- */

static void kl_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const latent_job *job = arg;
    for (int64_t r = begin; r < end; r++) {
        double total = 0;
        for (int64_t i = r * job->q->dims; i < (r + 1) * job->q->dims; i++) {
            gnl_real m = job->q->mean[i], l = job->q->logvar[i];
            total += (double)(m * m + (expm1(l) - l));
        }
        job->out[r] = 0.5 * total;
    }
}

/* Items are dimensions: each is summed over the rows by one thread. */
static void per_dim_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const latent_job *job = arg;
    for (int64_t d = begin; d < end; d++)
        job->out[d] = 0;
    for (int64_t r = 0; r < job->q->rows; r++)
        for (int64_t d = begin; d < end; d++) {
            gnl_real m = job->q->mean[r * job->q->dims + d], l = job->q->logvar[r * job->q->dims + d];
            job->out[d] += (double)(m * m + (expm1(l) - l));
        }
    for (int64_t d = begin; d < end; d++)
        job->out[d] *= 0.5 / (double)GNL_MAX(job->q->rows, 1);
}

void gnl_latent_kl(const gnl_latent *q, double *kl, double *per_dim)
{
    if (kl)
        over_rows(&(latent_job){.q = q, .out = kl}, kl_task);
    if (per_dim)
        gnl_parallel(q->compute.ctx, q->dims, DIM_GRAIN, per_dim_task, &(latent_job){.q = q, .out = per_dim});
}

/* ---- densities ------------------------------------------------------------------------------- */

static void density_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const latent_job *job = arg;
    const gnl_latent *q = job->q;
    for (int64_t r = begin; r < end; r++) {
        double total = (double)q->dims * LOG_TWO_PI;
        for (int64_t i = r * q->dims; i < (r + 1) * q->dims; i++) {
            double d = (double)job->z_in[i] - (q->mean ? (double)q->mean[i] : 0);
            double logvar = q->mean ? (double)q->logvar[i] : 0;
            total += d * d * exp(-logvar) + logvar;
        }
        job->out[r] = -0.5 * total;
    }
}

void gnl_latent_log_density(const gnl_latent *q, const gnl_real *z, double *out)
{
    over_rows(&(latent_job){.q = q, .z_in = z, .out = out}, density_task);
}

static void sampled_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const latent_job *job = arg;
    const gnl_latent *q = job->q;
    for (int64_t r = begin; r < end; r++) {
        double total = 0;
        for (int64_t i = r * q->dims; i < (r + 1) * q->dims; i++) {
            double z = (double)job->z_in[i], d = z - (double)q->mean[i], logvar = (double)q->logvar[i];
            total += z * z - d * d * exp(-logvar) - logvar;
        }
        job->out[r] = 0.5 * total;
    }
}

void gnl_latent_kl_sampled(const gnl_latent *q, const gnl_real *z, double *out)
{
    over_rows(&(latent_job){.q = q, .z_in = z, .out = out}, sampled_task);
}

static void sampled_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const latent_job *job = arg;
    const gnl_latent *q = job->q;
    for (int64_t i = begin * q->dims; i < end * q->dims; i++) {
        gnl_real scale = (gnl_real)(job->weight ? job->scale * job->weight[i / q->dims] : job->scale);
        gnl_real z = job->z_in[i], d = z - q->mean[i], pull = d * exp(-q->logvar[i]);
        if (job->d_z)
            job->d_z[i] += scale * (z - pull);
        if (job->dmean)
            job->dmean[i] += scale * pull;
        if (job->dlogvar)
            job->dlogvar[i] += scale * (gnl_real)0.5 * (d * pull - 1);
    }
}

void gnl_latent_kl_sampled_backward(const gnl_latent *q, const gnl_real *z, double scale,
                                    const double *weight, gnl_real *dz, gnl_real *dmean, gnl_real *dlogvar)
{
    over_rows(&(latent_job){.q = q,
                            .z_in = z,
                            .d_z = dz,
                            .dmean = dmean,
                            .dlogvar = dlogvar,
                            .scale = scale,
                            .weight = weight},
              sampled_back_task);
}
