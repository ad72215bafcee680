/* SPDX-License-Identifier: MIT */
/* Searches the tables of kinds, and the kinds that the program has added to a context. */
#include "base/base_priv.h"

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

/* ---- kinds of a context ---------------------------------------------------------------------- */

static gnl_ctx_kind *first_kind(const genlat_ctx *ctx)
{
    return atomic_load_explicit(&((genlat_ctx *)(uintptr_t)ctx)->kinds, memory_order_acquire);
}

static const gnl_ctx_kind *find_kind(const gnl_ctx_kind *kind, const char *name)
{
    while (kind && strcmp(kind->name, name) != 0)
        kind = kind->next;
    return kind;
}

genlat_status gnl_ctx_add_kind(genlat_ctx *ctx, const char *name, void *entry,
                               void (*free_entry)(genlat_ctx *ctx, void *entry))
{
    gnl_ctx_kind *added = gnl_calloc(ctx, 1, sizeof *added);
    if (!added)
        return GENLAT_E_MEMORY;
    *added = (gnl_ctx_kind){first_kind(ctx), name, entry, free_entry};
    while (!find_kind(added->next, name)) /* a failed exchange stores the new head, to which another thread has added */
        if (atomic_compare_exchange_strong_explicit(&ctx->kinds, &added->next, added, memory_order_acq_rel,
                                                    memory_order_acquire))
            return GENLAT_OK;
    gnl_free(ctx, added);
    return gnl_fail(GENLAT_E_INVALID, "the context already has a kind '%s'; choose another name", name);
}

const void *gnl_ctx_find_kind(const genlat_ctx *ctx, const char *name)
{
    const gnl_ctx_kind *kind = find_kind(first_kind(ctx), name);
    return kind ? kind->entry : NULL;
}

void gnl_ctx_list_kinds(const genlat_ctx *ctx, gnl_unknown *names)
{
    for (const gnl_ctx_kind *kind = first_kind(ctx); kind; kind = kind->next)
        gnl_unknown_add(names, kind->name);
}

void gnl_ctx_free_kinds(genlat_ctx *ctx)
{
    for (gnl_ctx_kind *kind = first_kind(ctx), *next; kind; kind = next) {
        next = kind->next;
        kind->free_entry(ctx, kind->entry);
        gnl_free(ctx, kind);
    }
}
