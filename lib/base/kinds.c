/* SPDX-License-Identifier: MIT */
/* Searches the tables of kinds. */
#include "base/base.h"

static const char *name_of(const void *kind)
{
    return *(const char *const *)kind;
}

const void *gnl_kind_find(const void *table, const char *name)
{
    for (const void *const *kind = table; *kind; kind++)
        if (strcmp(name_of(*kind), name) == 0)
            return *kind;
    return NULL;
}

genlat_status gnl_kind_unknown(const void *table, const char *what, const char *name)
{
    gnl_unknown names = {.word = name};
    for (const void *const *kind = table; *kind; kind++)
        gnl_unknown_add(&names, name_of(*kind));
    return gnl_unknown_fail(&names, "unknown %s '%.60s'", what, name);
}
