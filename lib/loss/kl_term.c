/* SPDX-License-Identifier: MIT */
/* How the KL divergence enters an objective: weighted (Higgins and others, 2017), with free bits (Kingma and
 * others, Improved variational inference with inverse autoregressive flow, 2016; for the whole latent of each
 * sample: Sonderby and others, Ladder variational autoencoders, 2016), or held at a capacity (Burgess and
 * others, 2018). */
#include <tgmath.h>

#include "loss/loss_priv.h"

static double mean_of(int64_t n, const double *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += x[i];
    return total / (double)GNL_MAX(n, 1);
}

static double element_kl(const gnl_latent *q, int64_t i)
{
    double m = (double)q->mean[i], l = (double)q->logvar[i];
    return 0.5 * (m * m + (expm1(l) - l));
}

static double sum_of_max(int64_t n, const double *x, double least)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += fmax(x[i], least);
    return total;
}

static double free_term(const gnl_kl_rule *rule, const gnl_latent *q, const double *kl, const double *per_dim)
{
    double rows = (double)GNL_MAX(q->rows, 1), total = 0;
    if (rule->whole)
        return rule->each_sample ? sum_of_max(q->rows, kl, rule->free_bits) / rows
                                 : fmax(mean_of(q->rows, kl), rule->free_bits);
    if (!rule->each_sample)
        return sum_of_max(q->dims, per_dim, rule->free_bits);
    for (int64_t i = 0; i < q->rows * q->dims; i++)
        total += fmax(element_kl(q, i), rule->free_bits);
    return total / rows;
}

double gnl_kl_term(const gnl_kl_rule *rule, const gnl_latent *q, const double *kl, const double *per_dim)
{
    if (rule->gamma > 0)
        return rule->gamma * fabs(mean_of(q->rows, kl) - rule->capacity);
    return rule->beta * (rule->free_bits > 0 ? free_term(rule, q, kl, per_dim) : mean_of(q->rows, kl));
}

/* ---- derivatives ----------------------------------------------------------------------------- */

typedef struct term_job {
    const gnl_kl_rule *rule;
    const gnl_latent *q;
    const double *kl, *per_dim;
    double factor; /* of every element that is not inside its free bits */
    gnl_real *dmean, *dlogvar;
} term_job;

static bool counts(const term_job *job, int64_t row, int64_t dim)
{
    const gnl_kl_rule *rule = job->rule;
    if (rule->whole)
        return !rule->each_sample || job->kl[row] > rule->free_bits;
    if (!rule->each_sample)
        return job->per_dim[dim] > rule->free_bits;
    return element_kl(job->q, row * job->q->dims + dim) > rule->free_bits;
}

static void term_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const term_job *job = arg;
    const gnl_latent *q = job->q;
    bool free_bits = job->rule->free_bits > 0 && !(job->rule->gamma > 0);
    gnl_real factor = (gnl_real)job->factor;
    for (int64_t r = begin; r < end; r++)
        for (int64_t d = 0; d < q->dims; d++) {
            int64_t i = r * q->dims + d;
            if (free_bits && !counts(job, r, d))
                continue;
            if (job->dmean)
                job->dmean[i] += factor * q->mean[i];
            if (job->dlogvar)
                job->dlogvar[i] += factor * (gnl_real)0.5 * expm1(q->logvar[i]);
        }
}

/* Factor of the derivative of the batch mean of the KL. */
static double outer_factor(const gnl_kl_rule *rule, const gnl_latent *q, const double *kl)
{
    if (rule->gamma > 0) {
        double above = mean_of(q->rows, kl) - rule->capacity;
        return above > 0 ? rule->gamma : above < 0 ? -rule->gamma : 0;
    }
    bool inside =
        rule->free_bits > 0 && rule->whole && !rule->each_sample && mean_of(q->rows, kl) <= rule->free_bits;
    return inside ? 0 : rule->beta;
}

void gnl_kl_term_backward(const gnl_kl_rule *rule, const gnl_latent *q, const double *kl,
                          const double *per_dim, double scale, gnl_real *dmean, gnl_real *dlogvar)
{
    enum { GRAIN = 4096 };
    term_job job = {rule, q, kl, per_dim, 0, dmean, dlogvar};
    job.factor = scale * outer_factor(rule, q, kl) / (double)GNL_MAX(q->rows, 1);
    gnl_parallel(q->compute.ctx, q->rows, GNL_MAX(1, GRAIN / GNL_MAX(q->dims, 1)), term_task, &job);
}
