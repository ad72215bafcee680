/* SPDX-License-Identifier: MIT */
/*
 * A chain of groups of dimensions: the topmost group is N(0,I), and the mean and log-variance of each other group are
 * the outputs of a net that reads the next group above it (Burda, Grosse and Salakhutdinov, Importance weighted
 * autoencoders, 2016; Sonderby and others, Ladder variational autoencoders, 2016). See docs/derivations/hierarchy.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

typedef struct chain_opts {
    size_t size;
    gnl_group_layers net;
} chain_opts;

static const gnl_option options[] = {
    GNL_GROUP_LAYERS_OPTIONS(chain_opts),
};
static const gnl_options_table table = {"chain", sizeof(chain_opts), options, GNL_COUNT(options)};

static genlat_status group_net_new(const gnl_kind *kind, int group, genlat_net **out)
{
    const chain_opts *o = gnl_kind_opts(kind);
    const gnl_latents *l = kind->latents;
    const int64_t *first = l->group + group;
    if (group == l->groups - 1)
        return GENLAT_OK;
    return gnl_group_net(kind->ctx, &o->net, l->dims - first[1], first[2] - first[1], first[1] - first[0], out);
}

/* ---- workspace --------------------------------------------------------------------------------- */

typedef struct work {
    genlat_exec *exec[GNL_MAX_GROUPS], *single[GNL_MAX_GROUPS]; /* single: for one row, to sample */
    gnl_real *above[GNL_MAX_GROUPS];                            /* [codes,dims of the groups above] input of the exec */
} work;

static void work_free(genlat_ctx *ctx, void *block)
{
    work *w = block;
    for (int g = 0; g < GNL_MAX_GROUPS; g++) {
        gnl_exec_release(w->exec[g]);
        gnl_exec_release(w->single[g]);
        gnl_free(ctx, w->above[g]);
    }
    gnl_free(ctx, w);
}

static genlat_status fill(const gnl_kind *kind, const gnl_latent_env *env, int g, work *w)
{
    const gnl_latents *l = kind->latents;
    const int64_t codes = env->rows * env->samples;
    const genlat_exec_opts single = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_INFERENCE);
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE,
                                                .input_grads = env->training);
    w->above[g] = gnl_alloc(env->ctx, (size_t)(codes * (l->dims - l->group[g + 1])), sizeof *w->above[g]);
    if (!w->above[g])
        return GENLAT_E_MEMORY;
    GNL_TRY(gnl_net_compile(kind->group_net[g], 1, &single, &w->single[g]));
    return gnl_net_compile(kind->group_net[g], codes, &opts, &w->exec[g]);
}

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    work *w = gnl_calloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w; /* freed by the caller, also after an error */
    for (int g = 0; g < latents->groups - 1; g++)
        GNL_TRY(fill(kind, env, g, w));
    return GENLAT_OK;
}

/* ---- the Gaussian of a group --------------------------------------------------------------------- */

static gnl_group_gauss condition(const gnl_prior *p, const gnl_code *c, int g)
{
    const gnl_latents *l = p->kind.latents;
    const work *w = gnl_kind_work(&p->kind, c);
    gnl_group_copy(l, c, g + 1, l->groups, w->above[g]);
    gnl_exec_forward(w->exec[g], GNL_EVAL, c->samples * c->rows, &(const gnl_real *){w->above[g]});
    return (gnl_group_gauss){gnl_exec_output(w->exec[g], 0), gnl_exec_output(w->exec[g], 1),
                             gnl_exec_output_grad(w->exec[g], 0), gnl_exec_output_grad(w->exec[g], 1)};
}

static void condition_backward(gnl_prior *p, const gnl_code *c, int g)
{
    const gnl_latents *l = p->kind.latents;
    const work *w = gnl_kind_work(&p->kind, c);
    gnl_exec_backward(w->exec[g], 3, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    gnl_group_add(l, c, g + 1, l->groups, gnl_exec_input_grad(w->exec[g], 0));
}

/* A temperature scales the standard deviation of every group. */
static void sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    const gnl_latents *l = p->kind.latents;
    const work *w = gnl_kind_work(&p->kind, c);
    gnl_normal_draw(rng, draw, l->dims, z);
    for (int g = l->groups - 2; g >= 0; g--) {
        gnl_exec_forward(w->single[g], GNL_EVAL, 1, &(const gnl_real *){z + l->group[g + 1]});
        const gnl_real *mean = gnl_exec_output(w->single[g], 0), *logvar = gnl_exec_output(w->single[g], 1);
        for (int64_t d = l->group[g]; d < l->group[g + 1]; d++, mean++, logvar++)
            z[d] = *mean + exp(*logvar / 2) * z[d];
    }
}

static const gnl_divergence *divergence(const gnl_prior *p, const gnl_posterior *q)
{
    return q->type->from_groups;
}

const gnl_prior_type gnl_prior_chain = {
    .kind = {.name = "chain",
             .options = &table,
             .help = "groups of dimensions, each a Gaussian given the group above it",
             .group_net_new = group_net_new,
             .work_new = work_new,
             .work_free = work_free},
    .sample = sample,
    .divergence = divergence,
    .condition = condition,
    .condition_backward = condition_backward,
};
