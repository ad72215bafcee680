/* SPDX-License-Identifier: MIT */
/* Lists every kind of posterior, prior, term and bound, one line each. X(name) in POSTERIORS refers to
 * gnl_posterior_name, and so on. */
#include "latent/latent.h"

#define POSTERIORS(X)                                                                                                  \
    X(categorical)                                                                                                     \
    X(fsq)                                                                                                             \
    X(gaussian)                                                                                                        \
    X(gaussian_full)                                                                                                   \
    X(iaf)                                                                                                             \
    X(ladder)                                                                                                          \
    X(markov)                                                                                                          \
    X(planar)                                                                                                          \
    X(point)                                                                                                           \
    X(residual)                                                                                                        \
    X(vq)                                                                                                              \
    /* end */

#define PRIORS(X)                                                                                                      \
    X(autoregressive)                                                                                                  \
    X(chain)                                                                                                           \
    X(flow)                                                                                                            \
    X(mixture)                                                                                                         \
    X(normal)                                                                                                          \
    X(uniform)                                                                                                         \
    X(vamp)                                                                                                            \
    /* end */

#define TERMS(X)                                                                                                       \
    X(adversarial)                                                                                                     \
    X(dip)                                                                                                             \
    X(factor)                                                                                                          \
    X(gradient)                                                                                                        \
    X(kl)                                                                                                              \
    X(l2)                                                                                                              \
    X(mmd)                                                                                                             \
    X(tc)                                                                                                              \
    X(weights)                                                                                                         \
    /* end */

#define BOUNDS(X)                                                                                                      \
    X(elbo)                                                                                                            \
    X(importance)                                                                                                      \
    X(renyi)                                                                                                           \
    /* end */

#define DECLARE_POSTERIOR(name) extern const gnl_posterior_type gnl_posterior_##name;
#define DECLARE_PRIOR(name) extern const gnl_prior_type gnl_prior_##name;
#define DECLARE_TERM(name) extern const gnl_term_type gnl_term_##name;
#define DECLARE_BOUND(name) extern const gnl_bound_type gnl_bound_##name;
POSTERIORS(DECLARE_POSTERIOR)
PRIORS(DECLARE_PRIOR)
TERMS(DECLARE_TERM)
BOUNDS(DECLARE_BOUND)

#define LIST_POSTERIOR(name) &gnl_posterior_##name,
#define LIST_PRIOR(name) &gnl_prior_##name,
#define LIST_TERM(name) &gnl_term_##name,
#define LIST_BOUND(name) &gnl_bound_##name,
const gnl_posterior_type *const gnl_posterior_types[] = {POSTERIORS(LIST_POSTERIOR) NULL};
const gnl_prior_type *const gnl_prior_types[] = {PRIORS(LIST_PRIOR) NULL};
const gnl_term_type *const gnl_term_types[] = {TERMS(LIST_TERM) NULL};
const gnl_bound_type *const gnl_bound_types[] = {BOUNDS(LIST_BOUND) NULL};
