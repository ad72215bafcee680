/* SPDX-License-Identifier: MIT */
/*
 * The total correlation of the codes as a critic sees it (Kim and Mnih, Disentangling by factorising, 2018). The critic
 * tells codes from codes whose dimensions have been permuted among the rows of the batch. Its log-odds estimate the
 * log-ratio of the aggregate posterior and the product of its marginals. See docs/derivations/critic.md.
 */
#include "latent/latent_priv.h"

typedef struct factor_opts {
    size_t size;
    double gamma;
    int64_t width, depth;
} factor_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(factor_opts, gamma, 35, 0, 1e6, "weight of the total correlation"),
    GNL_OPT_INT(factor_opts, width, 1000, 1, 65536, "units of each hidden layer of the critic"),
    GNL_OPT_INT(factor_opts, depth, 6, 1, 32, "hidden layers of the critic"),
};
static const gnl_options_table table = {"factor", sizeof(factor_opts), options, GNL_COUNT(options)};

static const factor_opts *opts_of(const gnl_kind *kind)
{
    return gnl_kind_opts(kind);
}

static genlat_status net_new(const gnl_kind *kind, genlat_net **out)
{
    return gnl_critic_net(kind, opts_of(kind)->width, opts_of(kind)->depth, out);
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const int64_t n = call->code->samples * call->code->rows;
    const gnl_real *odds = gnl_critic_odds(gnl_kind_work(&t->kind, call->code), call->code);
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (double)odds[i];
    return opts_of(&t->kind)->gamma * total / (double)n;
}

/* Writes codes whose dimensions are independent: each dimension is permuted among the codes. */
static void permute(const gnl_critic *critic, const gnl_code *c, gnl_rng rng, gnl_real *out)
{
    const int64_t n = c->samples * c->rows;
    for (int64_t i = 0; i < n; i++)
        critic->order[i] = i;
    for (int64_t d = 0; d < c->dims; d++) {
        gnl_rng_shuffle(&rng, critic->order, n);
        for (int64_t i = 0; i < n; i++)
            out[i * c->dims + d] = c->z[critic->order[i] * c->dims + d];
    }
}

/* Half of the sum of both cross-entropies, as in the paper. */
static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_critic *critic = gnl_kind_work(&t->kind, call->code);
    const gnl_code *c = call->code;
    const int64_t n = c->samples * c->rows;
    const gnl_real slope = (gnl_real)(opts_of(&t->kind)->gamma / (double)n);
    for (int64_t i = 0; i < n; i++)
        gnl_critic_slopes(critic)[i] = slope;
    gnl_critic_backward_z(critic, c);
    memcpy(critic->pair, c->z, (size_t)(n * c->dims) * sizeof *c->z);
    permute(critic, c, call->rng, critic->pair + n * c->dims);
    gnl_critic_learn(critic, n, 0.5);
}

const gnl_term_type gnl_term_factor = {
    .kind = {.name = "factor",
             .options = &table,
             .help = "total correlation of the codes, estimated by a critic",
             .net_new = net_new,
             .adversarial = true,
             .work_new = gnl_critic_work_new,
             .work_free = gnl_critic_work_free},
    .value = value,
    .backward_z = backward_z,
};
