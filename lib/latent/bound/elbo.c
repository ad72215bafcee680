/* SPDX-License-Identifier: MIT */
/* The evidence lower bound: the mean likelihood of the codes; the KL is a term of its own (Kingma and Welling, 2014). */
#include "latent/latent_priv.h"

static double value(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double scale = call->gradients ? 1 / (double)(c->rows * c->samples) : 0;
    double total = 0;
    for (int64_t s = 0; s < c->samples; s++) {
        call->likelihood(call->user, s, scale, NULL);
        total += gnl_latent_mean(c->rows, c->nll);
    }
    call->recon = total / (double)c->samples;
    return call->recon;
}

static void backward(const gnl_bound *b, gnl_bound_call *call)
{
    gnl_latents_draw_backward(call->latents, call->code);
}

const gnl_bound_type gnl_bound_elbo = {
    .kind = {.name = "elbo", .help = "evidence lower bound"},
    .value = value,
    .backward = backward,
};
