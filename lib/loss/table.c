/* SPDX-License-Identifier: MIT */
/* Table of all likelihoods, one line each, in the order of GENLAT_LIKELIHOOD_*. X(name) expands for gnl_name. */
#include "loss/loss_priv.h"

#define LIKELIHOODS(X)                                                                                                 \
    X(bernoulli)                                                                                                       \
    X(gaussian)                                                                                                        \
    X(laplace)                                                                                                         \
    X(categorical)                                                                                                     \
    X(discretized_logistic)                                                                                            \
    X(beta_binomial)                                                                                                   \
    X(mse)                                                                                                             \
    X(cross_entropy)                                                                                                   \
    X(logistic_mixture)                                                                                                \
    X(student_t)                                                                                                       \
    /* end */

#define DECLARE(name) extern const gnl_loss_type gnl_##name;
LIKELIHOODS(DECLARE)

#define LIST(name) &gnl_##name,
const gnl_loss_type *const gnl_loss_types[] = {LIKELIHOODS(LIST) NULL};

const gnl_loss_type *gnl_loss_type_find(const char *name)
{
    return gnl_kind_find(gnl_loss_types, name);
}
