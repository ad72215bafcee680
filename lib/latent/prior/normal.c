/* SPDX-License-Identifier: MIT */
/* The standard normal prior N(0,I). */
#include "latent/latent_priv.h"

static const double LOG_TWO_PI = 1.83787706640934548356;

/* Samples a normal number with absolute value at most `most`, by rejection. */
static gnl_real truncated(gnl_rng *rng, double most)
{
    double z = gnl_rng_gauss(rng);
    while (fabs(z) > most)
        z = gnl_rng_gauss(rng);
    return (gnl_real)z;
}

void gnl_normal_draw(gnl_rng *rng, const gnl_prior_draw *draw, int64_t dims, gnl_real *z)
{
    gnl_rng_fill_normal(rng, z, dims);
    for (int64_t i = 0; draw->truncation > 0 && i < dims; i++)
        if (fabs((double)z[i]) > draw->truncation)
            z[i] = truncated(rng, draw->truncation);
    for (int64_t i = 0; i < dims; i++)
        z[i] *= (gnl_real)draw->temperature;
}

static void sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    gnl_normal_draw(rng, draw, p->kind.dims, z);
}

static void log_density(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out)
{
    for (int64_t r = 0; r < c->rows; r++)
        out[r] = -0.5 * ((double)c->dims * LOG_TWO_PI + c->compute.k->dot(c->dims, z + r * c->dims, z + r * c->dims));
}

static void log_density_backward(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz)
{
    for (int64_t r = 0; r < c->rows; r++)
        c->compute.k->axpy(c->dims, (gnl_real)(-factor * (weight ? weight[r] : 1)), z + r * c->dims, dz + r * c->dims);
}

static const gnl_divergence *divergence(const gnl_prior *p, const gnl_posterior *q)
{
    return q->type->from_normal;
}

const gnl_prior_type gnl_prior_normal = {
    .kind = {.name = "normal", .help = "standard normal N(0,I)"},
    .sample = sample,
    .log_density = log_density,
    .log_density_backward = log_density_backward,
    .divergence = divergence,
};
