/* SPDX-License-Identifier: MIT */
/*
 * The variational Renyi bound (Li and Turner, Renyi divergence variational inference, 2016), estimated from several
 * codes. alpha = 0 is the importance-weighted bound, alpha = 1 the evidence lower bound, and alpha = -inf the largest
 * weight of a sample's codes (VR-max). See docs/derivations/renyi.md.
 */
#include <math.h>

#include "latent/latent_priv.h"

static const gnl_option options[] = {
    GNL_OPT_REAL(gnl_weighted_opts, alpha, 0.5, -INFINITY, INFINITY,
                 "order: 1 for the ELBO, 0 for the importance-weighted bound, -inf for the largest weight"),
    GNL_OPT_ENUM(gnl_weighted_opts, estimator, GNL_ESTIMATOR_TOTAL, GNL_ESTIMATOR_PATH, gnl_estimator_names,
                 "estimator of the encoder's gradient: total derivative, doubly reparametrized, or path derivative"),
};
static const gnl_options_table table = {"renyi", sizeof(gnl_weighted_opts), options, GNL_COUNT(options)};

const gnl_bound_type gnl_bound_renyi = {
    .kind = {.name = "renyi",
             .options = &table,
             .help = "Renyi bound of several codes, between or beyond the ELBO and the importance-weighted bound",
             .is_surrogate = gnl_weighted_is_surrogate},
    .weighs = true,
    .check = gnl_weighted_check,
    .value = gnl_weighted_value,
    .includes = gnl_bound_includes_kl,
    .backward_z = gnl_weighted_backward_z,
    .backward_heads = gnl_weighted_backward_heads,
};
