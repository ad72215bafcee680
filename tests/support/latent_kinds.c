/* SPDX-License-Identifier: MIT */
/* Look-up in the tables of kinds of latents. */
#include "support/latent_kinds.h"

int count_types(const void *table)
{
    const void *const *types = table;
    int count = 0;
    while (types[count])
        count++;
    return count;
}

const variants *variants_of(const void *table)
{
    static variants v;
    v.count = 0;
    for (const void *const *type = table; *type; type++) {
        const gnl_kind_type *kind = *type;
        add_variants(&v, kind->name, kind->options);
    }
    return &v;
}

const gnl_kind_type *kind_of(const void *table, const char *text)
{
    const gnl_kind_type *const *type = table;
    while (strlen((*type)->name) != strcspn(text, " ") || strncmp((*type)->name, text, strcspn(text, " ")) != 0)
        type++;
    return *type;
}

const gnl_posterior_type *posterior_of(const char *text)
{
    return (const gnl_posterior_type *)kind_of(gnl_posterior_types, text);
}

const gnl_prior_type *prior_type_of(const char *text)
{
    return (const gnl_prior_type *)kind_of(gnl_prior_types, text);
}
