/* SPDX-License-Identifier: MIT */
/* Lists every kind of sampler, one line each. X(name) refers to gnl_sampler_of_name. Creates samplers from text. */
#include "model/sampler.h"

#define SAMPLERS(X)                                                                                                    \
    X(flow)                                                                                                            \
    X(gaussian)                                                                                                        \
    X(mixture)                                                                                                         \
    X(nearest)                                                                                                         \
    X(two_stage)                                                                                                       \
    /* end */

#define DECLARE(name) extern const gnl_sampler_type gnl_sampler_of_##name;
SAMPLERS(DECLARE)

#define LIST(name) &gnl_sampler_of_##name,
const gnl_sampler_type *const gnl_sampler_types[] = {SAMPLERS(LIST) NULL};

static genlat_status unknown(const char *name)
{
    gnl_unknown names = {.word = name};
    gnl_unknown_add(&names, "prior");
    for (const gnl_sampler_type *const *type = gnl_sampler_types; *type; type++)
        gnl_unknown_add(&names, (*type)->name);
    return gnl_unknown_fail(&names, "unknown sampler '%.60s'", name);
}

static genlat_status fill(gnl_sampler *s, const char *pairs, uint64_t seed)
{
    gnl_param param[GNL_MAX_SAMPLER_PARAMS];
    gnl_options_init(s->type->options, s->opts, s->type->options->size);
    GNL_TRY(gnl_spec_pairs(s->type->options, s->opts, pairs, s->type->name));
    const int count = s->type->params(s->opts, s->dims, s->rows, param);
    GNL_TRY(gnl_numbers_make(s->ctx, param, count, seed, 0, &s->numbers));
    if (!s->type->net_new)
        return GENLAT_OK;
    GNL_TRY(s->type->net_new(s, &s->net));
    return gnl_net_init(s->net, seed, 1);
}

genlat_status gnl_sampler_new(genlat_ctx *ctx, const char *text, int64_t dims, int64_t rows, uint64_t seed,
                              gnl_sampler **out)
{
    char name[GNL_SPEC_KIND];
    const char *pairs = NULL;
    GNL_TRY(gnl_spec_kind(text, name, &pairs));
    const gnl_sampler_type *type = gnl_kind_find(gnl_sampler_types, name);
    if (!type)
        return unknown(name);
    gnl_sampler *s = gnl_calloc(ctx, 1, sizeof *s);
    if (!s)
        return GENLAT_E_MEMORY;
    s->type = type;
    s->ctx = ctx;
    s->dims = dims;
    s->rows = rows;
    genlat_status status = fill(s, pairs, seed);
    if (status == GENLAT_OK)
        *out = s;
    else
        gnl_sampler_free(s);
    return status;
}

void gnl_sampler_free(gnl_sampler *s)
{
    if (!s)
        return;
    gnl_numbers_free(s->ctx, &s->numbers);
    gnl_net_release(s->net);
    gnl_free(s->ctx, s);
}

genlat_status gnl_sampler_format(const gnl_sampler *s, char *text, size_t capacity)
{
    return gnl_spec_format(s->type->name, s->type->options, s->opts, text, capacity);
}
