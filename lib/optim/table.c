/* SPDX-License-Identifier: MIT */
/* Every rule, one line each. */
#include "optim/optim_priv.h"

const gnl_rule *const gnl_rules[] = {
    &gnl_rule_sgd, &gnl_rule_rmsprop, &gnl_rule_adam, &gnl_rule_adamw, &gnl_rule_adamax, &gnl_rule_lion, NULL,
};

const gnl_rule *gnl_rule_find(const char *name)
{
    for (const gnl_rule *const *rule = gnl_rules; *rule; rule++)
        if (strcmp((*rule)->name, name) == 0)
            return *rule;
    return NULL;
}
