/* SPDX-License-Identifier: MIT */
/*
 * The evidence lower bound (Kingma and Welling, 2014). Its value is the mean negative log-likelihood of the codes; the
 * KL is a separate term. With the path derivative (Roeder, Wu and Duvenaud, Sticking the landing, 2017) the bound
 * contains the KL, whose gradient reaches the encoder only through the codes. See docs/derivations/elbo.md.
 */
#include "latent/latent_priv.h"

static const char *const names[] = {"total", "path", NULL};

typedef struct elbo_opts {
    size_t size;
    uint32_t estimator, reserved;
} elbo_opts;

enum { TOTAL, PATH };

static const gnl_option options[] = {
    GNL_OPT_ENUM(elbo_opts, estimator, TOTAL, PATH, names,
                 "estimator of the encoder's gradient: total derivative, or path derivative"),
};
static const gnl_options_table table = {"elbo", sizeof(elbo_opts), options, GNL_COUNT(options)};

static bool is_path(const void *opts)
{
    return ((const elbo_opts *)opts)->estimator == PATH;
}

static bool includes(const gnl_bound *b, const gnl_term *t)
{
    return is_path(gnl_kind_opts(&b->kind)) && gnl_bound_includes_kl(b, t);
}

static genlat_status check(const gnl_bound *b, const gnl_latents *l)
{
    if (!is_path(gnl_kind_opts(&b->kind)))
        return GENLAT_OK;
    GNL_TRY(gnl_bound_check_partial(b, l));
    return gnl_bound_check_kl(b, l);
}

static double value(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double scale = call->gradients ? 1 / (double)(c->rows * c->samples) : 0;
    call->likelihood(call->user, scale, NULL);
    call->recon = gnl_code_mean_nll(c);
    if (!is_path(gnl_kind_opts(&b->kind)))
        return call->recon;
    return call->recon + gnl_bound_kl_weight(b, call) * gnl_latents_kl(call->latents, c);
}

/* Adds the derivatives of log q(z|x) - log p(z) by z. Those by the heads have mean 0 and are left out. */
static void backward_z(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double factor = gnl_bound_kl_weight(b, call) / (double)(c->rows * c->samples);
    for (int64_t s = 0; s < c->samples && is_path(gnl_kind_opts(&b->kind)); s++)
        gnl_latents_ratio_backward(call->latents, c, s, factor, NULL, GNL_BY_Z);
}

const gnl_bound_type gnl_bound_elbo = {
    .kind = {.name = "elbo", .options = &table, .help = "evidence lower bound", .is_surrogate = is_path},
    .check = check,
    .value = value,
    .includes = includes,
    .backward_z = backward_z,
};
