/* SPDX-License-Identifier: MIT */
/*
 * An adversarial distance between codes and prior (Makhzani and others, Adversarial autoencoders, 2016). A critic tells
 * samples of the prior from codes, and the encoder learns to make its codes look like samples of the prior. These are
 * treated as constants: the prior's parameters get no gradient. See docs/derivations/critic.md.
 */
#include "latent/latent_priv.h"
#include "loss/loss.h"

typedef struct adversarial_opts {
    size_t size;
    double weight;
    int64_t width, depth;
} adversarial_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(adversarial_opts, weight, 1, 0, 1e9, "weight of the encoder's loss"),
    GNL_OPT_INT(adversarial_opts, width, 1000, 1, 65536, "units of each hidden layer of the critic"),
    GNL_OPT_INT(adversarial_opts, depth, 2, 1, 32, "hidden layers of the critic"),
};
static const gnl_options_table table = {"adversarial", sizeof(adversarial_opts), options, GNL_COUNT(options)};

static const adversarial_opts *opts_of(const gnl_kind *kind)
{
    return gnl_kind_opts(kind);
}

static genlat_status net_new(const gnl_kind *kind, genlat_net **out)
{
    return gnl_critic_net(kind, opts_of(kind)->width, opts_of(kind)->depth, out);
}

static genlat_status check(const gnl_term *t, const gnl_posterior *q, const gnl_prior *p)
{
    return p->type->sample ? GENLAT_OK
                           : gnl_fail(GENLAT_E_UNSUPPORTED,
                                      "adversarial: prior %s has no samples without a posterior; remove this term",
                                      p->kind.type->name);
}

/* The mean cross-entropy of the codes with the label of the prior. slope: [samples*rows]; NULL: not computed. */
static double loss_of(const gnl_code *c, const gnl_real *odds, gnl_real *slope)
{
    const gnl_adversarial loss = {
        .kind = GENLAT_ADVERSARIAL_NON_SATURATING, .rows = c->samples * c->rows, .fake = odds};
    return gnl_adversarial_generator(&loss, slope);
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_real *odds = gnl_critic_odds(gnl_kind_work(&t->kind, call->code), call->code);
    return opts_of(&t->kind)->weight * loss_of(call->code, odds, NULL);
}

/* Uses the pass of the critic that value() has made. */
static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_critic *critic = gnl_kind_work(&t->kind, call->code);
    const gnl_prior *prior = call->latents->prior;
    const gnl_prior_draw plain = {1, 0};
    const gnl_code *c = call->code;
    const int64_t n = c->samples * c->rows;
    gnl_real *slope = gnl_critic_slopes(critic);
    gnl_rng rng = call->rng;
    (void)loss_of(c, gnl_exec_output(critic->exec, 0), slope);
    for (int64_t i = 0; i < n; i++)
        slope[i] *= (gnl_real)opts_of(&t->kind)->weight;
    gnl_critic_backward_z(critic, c);
    for (int64_t i = 0; i < n; i++)
        prior->type->sample(prior, c, &rng, &plain, critic->pair + i * c->dims);
    memcpy(critic->pair + n * c->dims, c->z, (size_t)(n * c->dims) * sizeof *c->z);
    gnl_critic_learn(critic, n, 1);
}

const gnl_term_type gnl_term_adversarial = {
    .kind = {.name = "adversarial",
             .options = &table,
             .help = "distance between codes and prior, measured by a critic",
             .net_new = net_new,
             .adversarial = true,
             .work_new = gnl_critic_work_new,
             .work_free = gnl_critic_work_free},
    .check = check,
    .value = value,
    .backward_z = backward_z,
};
