/* SPDX-License-Identifier: MIT */
/* The diagonal Gaussian posterior (Kingma and Welling, Auto-encoding variational Bayes, 2014). Heads: mean and
 * logvar. */
#include <tgmath.h>

#include "latent/latent_priv.h"

enum { MEAN, LOGVAR, HEADS };

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[MEAN] = (gnl_head){"mean", dims, 0};
    head[LOGVAR] = (gnl_head){"logvar", dims, 10};
    return HEADS;
}

static int64_t noise(const void *opts, int64_t dims)
{
    return dims;
}

static gnl_gauss gauss_of(const gnl_code *c)
{
    return (gnl_gauss){c->compute, c->rows, c->dims, c->head[MEAN], c->head[LOGVAR]};
}

/* ---- sampling -------------------------------------------------------------------------------- */

typedef struct draw_job {
    const gnl_code *c;
    const gnl_real *noise, *dz;
    gnl_real *z, *dmean, *dlogvar;
} draw_job;

static void draw_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const draw_job *j = arg;
    int64_t at = begin * j->c->dims, n = (end - begin) * j->c->dims;
    j->c->compute.k->gauss_sample_kl(n, j->c->head[MEAN] + at, j->c->head[LOGVAR] + at, j->noise + at, j->z + at);
}

static void draw_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const draw_job *j = arg;
    int64_t at = begin * j->c->dims, n = (end - begin) * j->c->dims;
    j->c->compute.k->gauss_sample_kl_backward(n, j->c->head[MEAN] + at, j->c->head[LOGVAR] + at, j->noise + at,
                                              j->dz + at, 0, j->dmean + at, j->dlogvar + at);
}

/* z = mean + e^(logvar/2) noise. */
static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    const int64_t at = s * c->rows * c->dims;
    draw_job j = {.c = c, .noise = c->noise + at, .z = c->z + at};
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->dims), draw_task, &j);
}

/* dmean = dz, dlogvar = dz noise e^(logvar/2) / 2. */
static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    const int64_t at = s * c->rows * c->dims;
    draw_job j = {.c = c, .noise = c->noise + at, .dz = c->dz + at, .dmean = dhead[MEAN], .dlogvar = dhead[LOGVAR]};
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->dims), draw_back_task, &j);
}

static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    memcpy(out, c->head[MEAN], (size_t)(c->rows * c->dims) * sizeof *out);
}

static void logvar(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    memcpy(out, c->head[LOGVAR], (size_t)(c->rows * c->dims) * sizeof *out);
}

static void mean_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *dmean)
{
    c->compute.k->add(c->rows * c->dims, c->dhead[MEAN], dmean, c->dhead[MEAN]);
}

static void logvar_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *dlogvar)
{
    c->compute.k->add(c->rows * c->dims, c->dhead[LOGVAR], dlogvar, c->dhead[LOGVAR]);
}

/* ---- density --------------------------------------------------------------------------------- */

static void log_density(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double *out)
{
    const gnl_gauss g = gauss_of(c);
    gnl_gauss_log_density(&g, z, out);
}

static void log_density_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz, gnl_real *const dhead[GNL_MAX_HEADS])
{
    const gnl_gauss g = gauss_of(c);
    gnl_gauss_log_density_backward(&g, z, factor, weight, dz, dhead ? dhead[MEAN] : NULL, dhead ? dhead[LOGVAR] : NULL);
}

/* ---- divergence from N(0,I) ------------------------------------------------------------------ */

static void kl_value(const gnl_posterior *q, const gnl_code *c, double *kl, double *per_dim)
{
    const gnl_gauss g = gauss_of(c);
    gnl_gauss_kl(&g, kl, per_dim);
}

static double kl_element(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t dim)
{
    const gnl_gauss g = gauss_of(c);
    return gnl_gauss_kl_element(&g, row * c->dims + dim);
}

static void kl_backward(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t first, int64_t past,
                        double factor)
{
    const gnl_gauss g = gauss_of(c);
    const int64_t at = row * c->dims;
    gnl_gauss_kl_backward(&g, at + first, at + past, factor, c->dhead[MEAN], c->dhead[LOGVAR]);
}

static void ratio(const gnl_posterior *q, const gnl_code *c, int64_t s, double *out)
{
    const gnl_gauss g = gauss_of(c);
    gnl_gauss_ratio(&g, gnl_code_z(c, s), out);
}

static void ratio_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, double factor, const double *weight,
                           unsigned by)
{
    const gnl_gauss g = gauss_of(c);
    const bool heads = by & GNL_BY_HEADS;
    gnl_gauss_ratio_backward(&g, gnl_code_z(c, s), factor, weight, by & GNL_BY_Z ? c->dz + s * c->rows * c->dims : NULL,
                             heads ? c->dhead[MEAN] : NULL, heads ? c->dhead[LOGVAR] : NULL);
}

static const gnl_divergence from_normal = {kl_value, kl_element, kl_backward, ratio, ratio_backward};

const gnl_posterior_type gnl_posterior_gaussian = {
    .kind = {.name = "gaussian", .help = "diagonal Gaussian: mean and log-variance of each dimension"},
    .heads = heads,
    .noise = noise,
    .draw = draw,
    .draw_backward = draw_backward,
    .mean = mean,
    .logvar = logvar,
    .mean_backward = mean_backward,
    .logvar_backward = logvar_backward,
    .log_density = log_density,
    .log_density_backward = log_density_backward,
    .from_normal = &from_normal,
    .diagonal = true,
};
