/* SPDX-License-Identifier: MIT */
/* Creates instances of the kinds from text, and the workspaces of a batch of codes. */
#include <stdio.h>

#include "latent/latent_priv.h"

/* ---- one instance ---------------------------------------------------------------------------- */

/* A group of kinds: its name in error messages, and its table. */
typedef struct group {
    const char *name;
    const void *const *types; /* NULL-terminated; each begins with a gnl_kind_type */
    size_t size;              /* size of an instance, which starts with a gnl_kind followed by its type */
} group;

/* Substreams of initial values, after those of the encoder and the decoder. */
enum {
    NUMBERS_SUBSTREAM = 16,
    NET_SUBSTREAM = NUMBERS_SUBSTREAM + GNL_MAX_KINDS,
    GROUP_SUBSTREAM = NET_SUBSTREAM + GNL_MAX_KINDS
};

static genlat_status make_net(gnl_kind *kind, uint64_t seed)
{
    GNL_TRY(kind->type->net_new(kind, &kind->net));
    return gnl_net_init(kind->net, seed, NET_SUBSTREAM + (uint64_t)kind->index);
}

static genlat_status make_group_nets(gnl_kind *kind, uint64_t seed)
{
    for (int g = 0; kind->type->group_net_new && g < kind->latents->groups; g++) {
        snprintf(kind->group_name[g], sizeof kind->group_name[g], "%s_%d", kind->name, g + 1);
        GNL_TRY(kind->type->group_net_new(kind, g, &kind->group_net[g]));
        if (kind->group_net[g])
            GNL_TRY(
                gnl_net_init(kind->group_net[g], seed, GROUP_SUBSTREAM + (uint64_t)(kind->index * GNL_MAX_GROUPS + g)));
    }
    return GENLAT_OK;
}

/* Groups are made later, since the posterior's options determine them. */
static genlat_status fill_kind(gnl_kind *kind, const gnl_latents *l, const char *pairs)
{
    gnl_param param[GNL_MAX_KIND_PARAMS];
    const gnl_kind_type *type = kind->type;
    const uint64_t seed = (uint64_t)gnl_ctx_opts(l->ctx)->seed;
    if (type->options)
        gnl_options_init(type->options, kind->opts, type->options->size);
    GNL_TRY(gnl_spec_pairs(type->options, kind->opts, pairs, type->name));
    if (type->check)
        GNL_TRY(type->check(kind->opts, l->dims));
    int count = type->params ? type->params(kind->opts, l->dims, &l->data, param) : 0;
    GNL_TRY(gnl_numbers_make(l->ctx, param, count, seed, NUMBERS_SUBSTREAM + (uint64_t)kind->index, &kind->numbers));
    return type->net_new ? make_net(kind, seed) : GENLAT_OK;
}

static void kind_free(gnl_kind *kind)
{
    if (!kind)
        return;
    gnl_numbers_free(kind->ctx, &kind->numbers);
    gnl_net_release(kind->net);
    for (int g = 0; g < GNL_MAX_GROUPS; g++)
        gnl_net_release(kind->group_net[g]);
    gnl_free(kind->ctx, kind);
}

/* Creates an instance from its text. The caller sets the type that follows the gnl_kind. */
static genlat_status kind_new(const gnl_latents *l, const group *g, const char *text, int index, gnl_kind **out)
{
    char name[GNL_SPEC_KIND];
    const char *pairs = NULL;
    GNL_TRY_IN(g->name, gnl_spec_kind(text, name, &pairs));
    const gnl_kind_type *type = gnl_kind_find(g->types, name);
    if (!type)
        return gnl_kind_unknown(g->types, g->name, name);
    gnl_kind *kind = gnl_calloc(l->ctx, 1, g->size);
    if (!kind)
        return GENLAT_E_MEMORY;
    kind->ctx = l->ctx;
    kind->type = type;
    kind->latents = l;
    kind->index = index;
    kind->dims = l->dims;
    snprintf(kind->name, sizeof kind->name, "%s", g->name);
    genlat_status status = fill_kind(kind, l, pairs);
    if (status != GENLAT_OK) {
        kind_free(kind);
        return status == GENLAT_E_MEMORY ? status : gnl_fail_in(status, "%s", g->name);
    }
    *out = kind;
    return GENLAT_OK;
}

/* ---- all instances --------------------------------------------------------------------------- */

static void make_groups(gnl_latents *l)
{
    int64_t width[GNL_MAX_GROUPS] = {l->dims};
    const gnl_posterior *q = l->posterior;
    l->groups = q->type->groups ? q->type->groups(q->kind.opts, l->dims, width) : 1;
    for (int g = 0; g < l->groups; g++)
        l->group[g + 1] = l->group[g] + width[g];
}

static genlat_status make_posterior(gnl_latents *l, const char *text)
{
    static const group g = {"posterior", (const void *const *)gnl_posterior_types, sizeof(gnl_posterior)};
    GNL_TRY(kind_new(l, &g, text, GNL_KIND_POSTERIOR, (gnl_kind **)&l->posterior));
    gnl_posterior *q = l->posterior;
    q->type = (const gnl_posterior_type *)q->kind.type;
    q->heads = q->type->heads(q->kind.opts, l->dims, q->head);
    q->noise = q->type->noise ? q->type->noise(q->kind.opts, l->dims) : 0;
    if (q->type->codes)
        q->codes = q->type->codes(q->kind.opts, l->dims);
    make_groups(l);
    return make_group_nets(&q->kind, (uint64_t)gnl_ctx_opts(l->ctx)->seed);
}

const gnl_posterior_type *gnl_posterior_type_of(const char *text)
{
    char name[GNL_SPEC_KIND];
    const char *pairs = NULL;
    return gnl_spec_kind(text, name, &pairs) == GENLAT_OK ? gnl_kind_find(gnl_posterior_types, name) : NULL;
}

/* Refuses densities for codes, and probabilities of codes for densities. */
static genlat_status check_pair(const gnl_posterior *q, const gnl_prior *p)
{
    const bool discrete = q->type->codes != NULL;
    if (discrete != (p->type->mass != NULL))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "posterior %s is %s, but prior %s is %s; use prior=%s",
                        q->kind.type->name, discrete ? "discrete" : "not discrete", p->kind.type->name,
                        discrete ? "not" : "for discrete posteriors", q->type->prior ? q->type->prior : "normal");
    if (discrete && q->noise && !(p->type->divergence && p->type->divergence(p, q)))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "prior %s needs codes without noise, which posterior %s has; use prior=%s", p->kind.type->name,
                        q->kind.type->name, q->type->prior);
    return GENLAT_OK;
}

/* Refuses groups for priors without, and priors of groups for posteriors without. */
static genlat_status check_groups(const gnl_posterior *q, const gnl_prior *p)
{
    if (!q->type->groups == !p->type->condition)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_UNSUPPORTED,
                    q->type->groups ? "posterior %s has groups of dimensions, which prior %s does not support; use "
                                      "prior=chain"
                                    : "posterior %s has no groups of dimensions, which prior %s needs; use "
                                      "posterior=markov or posterior=ladder",
                    q->kind.type->name, p->kind.type->name);
}

static genlat_status make_prior(gnl_latents *l, const char *text)
{
    static const group g = {"prior", (const void *const *)gnl_prior_types, sizeof(gnl_prior)};
    GNL_TRY(kind_new(l, &g, text, GNL_KIND_PRIOR, (gnl_kind **)&l->prior));
    l->prior->type = (const gnl_prior_type *)l->prior->kind.type;
    GNL_TRY(check_pair(l->posterior, l->prior));
    GNL_TRY(check_groups(l->posterior, l->prior));
    GNL_TRY(make_group_nets(&l->prior->kind, (uint64_t)gnl_ctx_opts(l->ctx)->seed));
    if (l->prior->type->divergence)
        l->divergence = l->prior->type->divergence(l->prior, l->posterior);
    return l->prior->type->check ? l->prior->type->check(l->prior, l) : GENLAT_OK;
}

/* Names the part of a term: "mmd", and "mmd_2" for the second term of that kind. */
static void name_term(const gnl_latents *l, gnl_kind *kind)
{
    int same = 1;
    for (int i = 0; i < l->terms; i++)
        same += l->term[i]->kind.type == kind->type;
    snprintf(kind->name, sizeof kind->name, same > 1 ? "%s_%d" : "%s", kind->type->name, same);
}

static genlat_status make_term(gnl_latents *l, const char *text)
{
    static const group g = {"term", (const void *const *)gnl_term_types, sizeof(gnl_term)};
    gnl_term **out = &l->term[l->terms];
    if (l->terms == GNL_MAX_TERMS_ADDED)
        return gnl_fail(GENLAT_E_RANGE, "there are more than %d terms", GNL_MAX_TERMS_ADDED);
    GNL_TRY(kind_new(l, &g, text, GNL_KIND_FIRST_TERM + l->terms, (gnl_kind **)out));
    (*out)->type = (const gnl_term_type *)(*out)->kind.type;
    name_term(l, &(*out)->kind);
    l->terms++;
    return (*out)->type->check ? (*out)->type->check(*out, l->posterior, l->prior) : GENLAT_OK;
}

/* Parses terms such as "kl beta=4; mmd weight=10". An empty text means no terms. */
static genlat_status make_terms(gnl_latents *l, const char *text)
{
    char copy[GNL_SPEC_TEXT], *rest = NULL;
    if (strlen(text) >= sizeof copy)
        return gnl_fail(GENLAT_E_RANGE, "terms has %zu bytes, at most %zu expected", strlen(text), sizeof copy - 1);
    strcpy(copy, text);
    for (char *word = strtok_r(copy, ";", &rest); word; word = strtok_r(NULL, ";", &rest))
        GNL_TRY(make_term(l, word));
    return GENLAT_OK;
}

static genlat_status make_bound(gnl_latents *l, const char *text)
{
    static const group g = {"bound", (const void *const *)gnl_bound_types, sizeof(gnl_bound)};
    GNL_TRY(kind_new(l, &g, text, GNL_KIND_BOUND, (gnl_kind **)&l->bound));
    l->bound->type = (const gnl_bound_type *)l->bound->kind.type;
    return l->bound->type->check ? l->bound->type->check(l->bound, l) : GENLAT_OK;
}

genlat_status gnl_latents_new(genlat_ctx *ctx, const gnl_latent_spec *spec, gnl_latents **out)
{
    gnl_latents *l = gnl_calloc(ctx, 1, sizeof *l);
    if (!l)
        return GENLAT_E_MEMORY;
    l->ctx = ctx;
    l->dims = spec->dims;
    l->data = spec->data;
    l->condition = spec->condition;
    genlat_status status = make_posterior(l, spec->posterior);
    if (status == GENLAT_OK)
        status = make_prior(l, spec->prior);
    if (status == GENLAT_OK)
        status = make_terms(l, spec->terms);
    if (status == GENLAT_OK)
        status = make_bound(l, spec->bound);
    if (status == GENLAT_OK)
        *out = l;
    else
        gnl_latents_free(l);
    return status;
}

void gnl_latents_free(gnl_latents *l)
{
    if (!l)
        return;
    for (int i = 0; i < gnl_latents_kinds(l); i++)
        kind_free(gnl_latents_kind(l, i));
    gnl_free(l->ctx, l);
}

gnl_kind *gnl_latents_owner(const gnl_latents *l, int index)
{
    for (int i = 0; i < gnl_latents_kinds(l); i++) {
        gnl_kind *kind = gnl_latents_kind(l, i);
        gnl_part part[GNL_MAX_KIND_PARTS];
        if (gnl_kind_parts(kind, 0, part) && index-- == 0)
            return kind;
    }
    return NULL;
}

int gnl_kind_parts(const gnl_kind *kind, int optimizer, gnl_part out[GNL_MAX_KIND_PARTS])
{
    int count = 0;
    if (kind->numbers.weights)
        out[count++] = gnl_part_of_numbers(&kind->numbers, kind->name, optimizer);
    if (kind->net)
        out[count++] = gnl_part_of_net(kind->net, kind->name, optimizer);
    for (int g = 0; g < GNL_MAX_GROUPS; g++)
        if (kind->group_net[g])
            out[count++] = gnl_part_of_net(kind->group_net[g], kind->group_name[g], optimizer);
    return count;
}

void gnl_latents_zero_grad(const gnl_latents *l)
{
    gnl_kind *kind = NULL;
    for (int i = 0; (kind = gnl_latents_owner(l, i)); i++) {
        gnl_part part[GNL_MAX_KIND_PARTS];
        const int count = gnl_kind_parts(kind, 0, part);
        for (int k = 0; k < count; k++)
            gnl_part_zero_grad(l->ctx, &part[k]);
    }
}

/* ---- workspaces ------------------------------------------------------------------------------ */

static genlat_status allocate_arrays(const gnl_latents *l, const gnl_latent_env *env, gnl_code *c)
{
    const gnl_posterior *q = l->posterior;
    size_t rows = (size_t)env->rows, codes = rows * (size_t)env->samples, dims = (size_t)l->dims;
    c->noise = gnl_alloc(env->ctx, codes * (size_t)q->noise, sizeof *c->noise);
    c->z = gnl_alloc(env->ctx, codes * dims, sizeof *c->z);
    c->kl = gnl_alloc(env->ctx, rows, sizeof *c->kl);
    c->per_dim = gnl_alloc(env->ctx, dims, sizeof *c->per_dim);
    c->nll = gnl_alloc(env->ctx, codes, sizeof *c->nll);
    c->ratio = gnl_alloc(env->ctx, 2 * rows, sizeof *c->ratio);
    c->weight = gnl_alloc(env->ctx, l->bound->type->weighs ? codes : 0, sizeof *c->weight);
    c->index = gnl_alloc(env->ctx, codes * (size_t)q->codes.count, sizeof *c->index);
    c->log_q = gnl_alloc(env->ctx, q->type->draws_density ? codes : 0, sizeof *c->log_q);
    c->dlog_q = gnl_alloc(env->ctx, q->type->draws_density ? codes : 0, sizeof *c->dlog_q);
    bool all =
        c->index && c->noise && c->z && c->kl && c->per_dim && c->nll && c->ratio && c->weight && c->log_q && c->dlog_q;
    for (int i = 0; all && env->training && i < q->heads; i++) {
        c->spare[i] = gnl_alloc(env->ctx, env->samples > 1 ? rows * (size_t)q->head[i].width : 0, sizeof *c->spare[i]);
        all = c->spare[i] != NULL;
    }
    return all ? GENLAT_OK : GENLAT_E_MEMORY;
}

genlat_status gnl_code_new(const gnl_latents *l, const gnl_latent_env *env, gnl_code *out)
{
    gnl_code c = {.dims = l->dims, .samples = env->samples};
    genlat_status status = allocate_arrays(l, env, &c);
    for (int i = 0; i < gnl_latents_kinds(l) && status == GENLAT_OK; i++) {
        const gnl_kind *kind = gnl_latents_kind(l, i);
        if (kind->type->work_new)
            status = kind->type->work_new(kind, l, env, &c.work[i]);
    }
    if (status == GENLAT_OK)
        *out = c;
    else
        gnl_code_free(l, &c);
    return status;
}

void gnl_code_free(const gnl_latents *l, gnl_code *c)
{
    void *const blocks[] = {c->noise, c->z,      c->kl,    c->per_dim, c->nll,
                            c->ratio, c->weight, c->index, c->log_q,   c->dlog_q};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        gnl_free(l->ctx, blocks[i]);
    for (int i = 0; i < GNL_MAX_HEADS; i++)
        gnl_free(l->ctx, c->spare[i]);
    for (int i = 0; i < gnl_latents_kinds(l); i++) {
        const gnl_kind *kind = gnl_latents_kind(l, i);
        if (c->work[i] && kind->type->work_free)
            kind->type->work_free(l->ctx, c->work[i]);
        else
            gnl_free(l->ctx, c->work[i]);
    }
    *c = (gnl_code){.rows = 0};
}
