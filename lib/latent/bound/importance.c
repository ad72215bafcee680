/* SPDX-License-Identifier: MIT */
/*
 * The importance-weighted bound (Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2016). Its gradient
 * is the total derivative, doubly reparametrized (Tucker and others, Doubly reparameterized gradient estimators, 2019),
 * or the path derivative (Roeder, Wu and Duvenaud, Sticking the landing, 2017). See
 * docs/derivations/importance_bound.md.
 */
#include "latent/latent_priv.h"

/* alpha stays 0. */
static const gnl_option options[] = {
    GNL_OPT_ENUM(gnl_weighted_opts, estimator, GNL_ESTIMATOR_TOTAL, GNL_ESTIMATOR_PATH, gnl_estimator_names,
                 "estimator of the encoder's gradient: total derivative, doubly reparametrized, or path derivative"),
};
static const gnl_options_table table = {"importance", sizeof(gnl_weighted_opts), options, GNL_COUNT(options)};

const gnl_bound_type gnl_bound_importance = {
    .kind = {.name = "importance",
             .options = &table,
             .help = "importance-weighted bound of several codes (IWAE)",
             .is_surrogate = gnl_weighted_is_surrogate},
    .weighs = true,
    .check = gnl_weighted_check,
    .value = gnl_weighted_value,
    .includes = gnl_bound_includes_kl,
    .backward_z = gnl_weighted_backward_z,
    .backward_heads = gnl_weighted_backward_heads,
};
