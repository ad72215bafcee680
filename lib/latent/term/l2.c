/* SPDX-License-Identifier: MIT */
/* The squared length of the codes, which keeps the codes of a point posterior bounded (Ghosh and others, From
 * variational to deterministic autoencoders, 2020). See docs/derivations/regularized.md. */
#include "latent/latent_priv.h"

typedef struct l2_opts {
    size_t size;
    double weight;
} l2_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(l2_opts, weight, 1e-4, 0, 1e9, "weight of half the squared length"),
};
static const gnl_options_table table = {"l2", sizeof(l2_opts), options, GNL_COUNT(options)};

static double factor_of(const gnl_term *t, const gnl_code *c)
{
    return ((const l2_opts *)gnl_kind_opts(&t->kind))->weight / (double)(c->samples * c->rows);
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    double total = 0;
    for (int64_t i = 0; i < c->samples * c->rows * c->dims; i++)
        total += (double)c->z[i] * (double)c->z[i];
    return factor_of(t, c) * total / 2;
}

static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const gnl_real factor = (gnl_real)factor_of(t, c);
    for (int64_t i = 0; i < c->samples * c->rows * c->dims; i++)
        c->dz[i] += factor * c->z[i];
}

const gnl_term_type gnl_term_l2 = {
    .kind = {.name = "l2", .options = &table, .help = "half the squared length of the codes"},
    .value = value,
    .backward_z = backward_z,
};
