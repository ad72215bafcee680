/* SPDX-License-Identifier: MIT */
/* Every kind of posterior, prior, term and bound, one line each. */
#include "latent/latent_priv.h"

const gnl_posterior_type *const gnl_posterior_types[] = {
    &gnl_posterior_gaussian,
    &gnl_posterior_point,
    NULL,
};

const gnl_prior_type *const gnl_prior_types[] = {
    &gnl_prior_normal,
    NULL,
};

const gnl_term_type *const gnl_term_types[] = {
    &gnl_term_kl,
    NULL,
};

const gnl_bound_type *const gnl_bound_types[] = {
    &gnl_bound_elbo,
    &gnl_bound_importance,
    NULL,
};
