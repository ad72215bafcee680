/* SPDX-License-Identifier: MIT */
/* Every kind of likelihood, one line each, in the order of GENLAT_LIKELIHOOD_*. */
#include "loss/loss_priv.h"

const gnl_loss_type *const gnl_loss_types[] = {
    &gnl_bernoulli,
    &gnl_gaussian,
    &gnl_laplace,
    &gnl_categorical,
    &gnl_discretized_logistic,
    &gnl_beta_binomial,
    &gnl_mse,
    &gnl_cross_entropy,
    NULL,
};

const gnl_loss_type *gnl_loss_type_find(const char *name)
{
    for (const gnl_loss_type *const *type = gnl_loss_types; *type; type++)
        if (strcmp((*type)->name, name) == 0)
            return *type;
    return NULL;
}
