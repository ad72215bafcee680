/* SPDX-License-Identifier: MIT */
/*
 * A chain of groups of dimensions from the data upwards (Burda, Grosse and Salakhutdinov, Importance weighted
 * autoencoders, 2016): the encoder gives mean and log-variance of the first group, and a net reads each group and gives
 * those of the next. Heads: mean and logvar of the first group. See docs/derivations/hierarchy.md.
 */
#include "latent/latent_priv.h"

enum { MEAN, LOGVAR, HEADS };

typedef struct markov_opts {
    size_t size;
    int64_t groups[GENLAT_MAX_DIMS];
    gnl_group_layers net;
} markov_opts;

static const gnl_option options[] = {
    GNL_GROUP_OPTION(markov_opts),
    GNL_GROUP_LAYERS_OPTIONS(markov_opts),
};
static const gnl_options_table table = {"markov", sizeof(markov_opts), options, GNL_COUNT(options)};

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    int64_t width[GNL_MAX_GROUPS];
    (void)gnl_group_widths(opts, dims, width);
    head[MEAN] = (gnl_head){"mean", width[0], 0};
    head[LOGVAR] = (gnl_head){"logvar", width[0], 10};
    return HEADS;
}

static genlat_status group_net_new(const gnl_kind *kind, int group, genlat_net **out)
{
    const markov_opts *o = gnl_kind_opts(kind);
    const int64_t *first = kind->latents->group + group;
    if (group == 0)
        return GENLAT_OK;
    return gnl_group_net(kind->ctx, &o->net, first[0] - first[-1], first[0] - first[-1], first[1] - first[0], out);
}

/* ---- workspace --------------------------------------------------------------------------------- */

typedef struct work {
    gnl_grouped base;
    genlat_exec *exec[GNL_MAX_GROUPS];
    gnl_real *below[GNL_MAX_GROUPS]; /* [codes,width of the group below] input of the exec */
} work;

static void work_free(genlat_ctx *ctx, void *block)
{
    work *w = block;
    gnl_grouped_free(ctx, &w->base);
    for (int g = 0; g < GNL_MAX_GROUPS; g++) {
        gnl_exec_release(w->exec[g]);
        gnl_free(ctx, w->below[g]);
    }
    gnl_free(ctx, w);
}

static genlat_status fill(const gnl_kind *kind, const gnl_latent_env *env, int g, work *w)
{
    const int64_t codes = env->rows * env->samples, *first = kind->latents->group + g;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE,
                                                .input_grads = env->training);
    w->below[g] = gnl_alloc(env->ctx, (size_t)(codes * (first[0] - first[-1])), sizeof *w->below[g]);
    return w->below[g] ? gnl_net_compile(kind->group_net[g], codes, &opts, &w->exec[g]) : GENLAT_E_MEMORY;
}

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    work *w = gnl_calloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w; /* freed by the caller, also after an error */
    GNL_TRY(gnl_grouped_new(kind, env, &w->base));
    for (int g = 1; g < latents->groups; g++)
        GNL_TRY(fill(kind, env, g, w));
    return GENLAT_OK;
}

/* ---- sampling ---------------------------------------------------------------------------------- */

/* Returns the parameters of a group given the group below it. */
static gnl_group_source source_of(const gnl_posterior *q, const gnl_code *c, int g)
{
    const gnl_latents *l = q->kind.latents;
    const work *w = gnl_kind_work(&q->kind, c);
    if (g == 0)
        return (gnl_group_source){c->head[MEAN], c->head[LOGVAR], c->dhead[MEAN], c->dhead[LOGVAR], l->group[1], true};
    gnl_group_copy(l, c, g - 1, g, w->below[g]);
    gnl_exec_forward(w->exec[g], GNL_EVAL, c->samples * c->rows, &(const gnl_real *){w->below[g]});
    return (gnl_group_source){gnl_exec_output(w->exec[g], 0),      gnl_exec_output(w->exec[g], 1),
                              gnl_exec_output_grad(w->exec[g], 0), gnl_exec_output_grad(w->exec[g], 1),
                              l->group[g + 1] - l->group[g],       false};
}

static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    const gnl_latents *l = q->kind.latents;
    gnl_grouped *w = gnl_kind_work(&q->kind, c);
    gnl_grouped_begin(w, c, l);
    for (int g = 0; g < l->groups; g++) {
        w->source[g] = source_of(q, c, g);
        w->merge[g] = &gnl_merge_replace;
        gnl_grouped_draw(w, c, l, g);
    }
    for (int g = 0; g < l->groups - 1; g++)
        w->prior[g] = l->prior->type->condition(l->prior, c, g);
}

/* The priors of all groups come first, because they add to the derivatives by the groups above. */
static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    const gnl_latents *l = q->kind.latents;
    work *w = gnl_kind_work(&q->kind, c);
    w->base.source[0].da = dhead[MEAN];
    w->base.source[0].db = dhead[LOGVAR];
    for (int g = 0; g < l->groups - 1; g++) {
        gnl_grouped_prior_backward(&w->base, c, l, g);
        l->prior->type->condition_backward(l->prior, c, g);
    }
    for (int g = l->groups - 1; g > 0; g--) {
        gnl_grouped_draw_backward(&w->base, c, l, g);
        gnl_exec_backward(w->exec[g], 3, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
        gnl_group_add(l, c, g - 1, g, gnl_exec_input_grad(w->exec[g], 0));
    }
    gnl_grouped_draw_backward(&w->base, c, l, 0);
}

const gnl_posterior_type gnl_posterior_markov = {
    .kind = {.name = "markov",
             .options = &table,
             .help = "groups of dimensions, each a Gaussian given the group below it (two-layer IWAE)",
             .check = gnl_group_check,
             .group_net_new = group_net_new,
             .work_new = work_new,
             .work_free = work_free},
    .groups = gnl_group_widths,
    .at_once = true,
    .heads = heads,
    .noise = gnl_grouped_noise,
    .draw = draw,
    .draw_backward = draw_backward,
    .draws_density = true,
    .mean = gnl_grouped_mean,
    .logvar = gnl_grouped_logvar,
    .from_groups = &gnl_grouped_divergence,
    .prior = "chain",
};
