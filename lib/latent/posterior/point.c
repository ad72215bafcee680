/* SPDX-License-Identifier: MIT */
/* A point posterior: the code is the encoder's output, as in a plain autoencoder. It has no density and therefore no
 * KL. */
#include "latent/latent_priv.h"

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[0] = (gnl_head){"mean", dims, 0};
    return 1;
}

static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    memcpy(out, c->head[0], (size_t)(c->rows * c->dims) * sizeof *out);
}

static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    mean(q, c, c->z + s * c->rows * c->dims);
}

static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    memcpy(dhead[0], c->dz + s * c->rows * c->dims, (size_t)(c->rows * c->dims) * sizeof *c->dz);
}

static void mean_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *dmean)
{
    c->compute.k->add(c->rows * c->dims, c->dhead[0], dmean, c->dhead[0]);
}

const gnl_posterior_type gnl_posterior_point = {
    .kind = {.name = "point", .help = "point without density, for a plain autoencoder"},
    .heads = heads,
    .draw = draw,
    .draw_backward = draw_backward,
    .mean = mean,
    .mean_backward = mean_backward,
};
