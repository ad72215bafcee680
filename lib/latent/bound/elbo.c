/* SPDX-License-Identifier: MIT */
/* The evidence lower bound (Kingma and Welling, 2014). Its value is the mean negative log-likelihood of the codes;
 * the KL is a separate term. */
#include "latent/latent_priv.h"

static double value(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double scale = call->gradients ? 1 / (double)(c->rows * c->samples) : 0;
    call->likelihood(call->user, scale, NULL);
    call->recon = gnl_code_mean_nll(c);
    return call->recon;
}

const gnl_bound_type gnl_bound_elbo = {
    .kind = {.name = "elbo", .help = "evidence lower bound"},
    .value = value,
};
