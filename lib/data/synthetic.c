/* SPDX-License-Identifier: MIT */
/* Synthetic sources: their names and their creation. */
#include "data/data_priv.h"

static const gnl_synthetic_kind *const kinds[] = {
    &gnl_synthetic_digits, &gnl_synthetic_shapes, &gnl_synthetic_ring,
    &gnl_synthetic_grid,   &gnl_synthetic_moons,  &gnl_synthetic_swissroll,
};

static const gnl_synthetic_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < GNL_COUNT(kinds); i++)
        if (strcmp(kinds[i]->type->name, name) == 0)
            return kinds[i];
    return NULL;
}

bool gnl_source_is_synthetic(const genlat_source *source)
{
    while (source->inner)
        source = source->inner;
    for (size_t i = 0; i < GNL_COUNT(kinds); i++)
        if (kinds[i]->type == source->type)
            return true;
    return false;
}

static genlat_status unknown_name(const char *name)
{
    gnl_unknown names = {.word = name};
    for (size_t i = 0; i < GNL_COUNT(kinds); i++)
        gnl_unknown_add(&names, kinds[i]->type->name);
    return gnl_unknown_fail(&names, "unknown synthetic source '%.60s'", name);
}

const char *genlat_source_synthetic_name(int32_t index)
{
    return index >= 0 && (size_t)index < GNL_COUNT(kinds) ? kinds[index]->type->name : NULL;
}

genlat_status genlat_source_synthetic(genlat_ctx *ctx, const char *name, int64_t n, int64_t seed, genlat_source **out)
{
    const int64_t most = INT64_C(1) << 40;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(name, "name is NULL");
    const gnl_synthetic_kind *kind = find_kind(name);
    if (!kind)
        return unknown_name(name);
    if (n < 1 || n > most || seed < 0)
        return gnl_fail(GENLAT_E_RANGE, "n is %lld and seed is %lld, must be 1 to 2^40 and >= 0", (long long)n,
                        (long long)seed);
    genlat_source *source = NULL;
    GNL_TRY(gnl_source_alloc(ctx, kind->type, sizeof(gnl_synthetic), &source));
    source->sample = kind->sample;
    source->count = n;
    source->classes = kind->classes;
    source->condition = kind->condition;
    ((gnl_synthetic *)source)->seed = (uint64_t)seed;
    *out = source;
    return GENLAT_OK;
}
