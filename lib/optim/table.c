/* SPDX-License-Identifier: MIT */
/* Table of all rules, one line each. X(name) expands for gnl_rule_name. */
#include "optim/optim_priv.h"

#define RULES(X)                                                                                                       \
    X(sgd)                                                                                                             \
    X(rmsprop)                                                                                                         \
    X(adam)                                                                                                            \
    X(adamw)                                                                                                           \
    X(adamax)                                                                                                          \
    X(lion)                                                                                                            \
    /* end */

#define DECLARE(name) extern const gnl_rule gnl_rule_##name;
RULES(DECLARE)

#define LIST(name) &gnl_rule_##name,
const gnl_rule *const gnl_rules[] = {RULES(LIST) NULL};

const gnl_rule *gnl_rule_find(const char *name)
{
    return gnl_kind_find(gnl_rules, name);
}
