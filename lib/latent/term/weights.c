/* SPDX-License-Identifier: MIT */
/* The squared length of the decoder's weights and biases, the simplest regularization of a deterministic autoencoder's
 * decoder (Ghosh and others, From variational to deterministic autoencoders, 2020). See
 * docs/derivations/regularized.md. */
#include "latent/latent_priv.h"

typedef struct weights_opts {
    size_t size;
    double weight;
} weights_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(weights_opts, weight, 1e-7, 0, 1e9, "weight of half the squared length"),
};
static const gnl_options_table table = {"weights", sizeof(weights_opts), options, GNL_COUNT(options)};

typedef struct work {
    gnl_part decoder;
} work;

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    work *w = gnl_alloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w; /* freed by the caller, also after an error */
    w->decoder = gnl_part_of_net(env->decoder, "decoder", 0);
    return env->training ? gnl_net_want_grad(env->decoder) : GENLAT_OK;
}

static double weight_of(const gnl_term *t)
{
    return ((const weights_opts *)gnl_kind_opts(&t->kind))->weight;
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_part *part = &((const work *)gnl_kind_work(&t->kind, call->code))->decoder;
    double total = 0;
    for (int64_t i = 0; i < part->values; i++)
        total += (double)part->value[i] * (double)part->value[i];
    return weight_of(t) * total / 2;
}

static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_part *part = &((const work *)gnl_kind_work(&t->kind, call->code))->decoder;
    gnl_real *grad = gnl_part_grad(part);
    for (int64_t i = 0; i < part->values; i++)
        grad[i] += (gnl_real)weight_of(t) * part->value[i];
}

const gnl_term_type gnl_term_weights = {
    .kind = {.name = "weights",
             .options = &table,
             .help = "half the squared length of the decoder's weights",
             .work_new = work_new},
    .value = value,
    .backward_z = backward_z,
};
