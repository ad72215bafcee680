/* SPDX-License-Identifier: MIT */
/* The uniform distribution over the codes of a discrete posterior. */
#include <math.h>

#include "latent/latent_priv.h"

static void mass(const gnl_prior *p, const gnl_code *c, int64_t s, double *out)
{
    const gnl_codes codes = p->kind.latents->posterior->codes;
    for (int64_t r = 0; r < c->rows; r++)
        out[r] = -(double)codes.count * log((double)codes.size);
}

static void sample_codes(const gnl_prior *p, const gnl_code *c, int64_t rows, gnl_rng *rng, const gnl_prior_draw *draw,
                         int32_t *index)
{
    const gnl_codes codes = p->kind.latents->posterior->codes;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < codes.count; i++) {
            const int64_t chosen = (int64_t)(gnl_rng_unit(&rng[r]) * (double)codes.size);
            index[r * codes.count + i] = (int32_t)GNL_MIN(chosen, codes.size - 1);
        }
}

static const gnl_divergence *divergence(const gnl_prior *p, const gnl_posterior *q)
{
    return q->type->from_uniform;
}

const gnl_prior_type gnl_prior_uniform = {
    .kind = {.name = "uniform", .help = "uniform distribution over the codes of a discrete posterior"},
    .mass = mass,
    .sample_codes = sample_codes,
    .divergence = divergence,
};
