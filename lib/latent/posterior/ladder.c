/* SPDX-License-Identifier: MIT */
/*
 * Groups of dimensions from the top down. The encoder gives parameters of all groups. Those of each group but the
 * topmost are merged with the prior of the group given the groups above it: as a product of both Gaussians (Sonderby
 * and others, Ladder variational autoencoders, 2016), or as a difference from the prior (Vahdat and Kautz, NVAE, 2020).
 * Heads: mean and logvar of all groups. See docs/derivations/hierarchy.md.
 */
#include "latent/latent_priv.h"

enum { MEAN, LOGVAR, HEADS };

static const gnl_option options[] = {GNL_GROUP_OPTION(gnl_group_opts)};
static const gnl_options_table ladder_table = {"ladder", sizeof(gnl_group_opts), options, GNL_COUNT(options)};
static const gnl_options_table residual_table = {"residual", sizeof(gnl_group_opts), options, GNL_COUNT(options)};

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[MEAN] = (gnl_head){"mean", dims, 0};
    head[LOGVAR] = (gnl_head){"logvar", dims, 10};
    return HEADS;
}

static void work_free(genlat_ctx *ctx, void *block)
{
    gnl_grouped_free(ctx, block);
    gnl_free(ctx, block);
}

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    gnl_grouped *w = gnl_calloc(env->ctx, 1, sizeof *w);
    if (!w)
        return GENLAT_E_MEMORY;
    *out = w; /* freed by the caller, also after an error */
    return gnl_grouped_new(kind, env, w);
}

/* ---- sampling ---------------------------------------------------------------------------------- */

static void draw(const gnl_posterior *q, const gnl_code *c, const gnl_merge *merge)
{
    const gnl_latents *l = q->kind.latents;
    gnl_grouped *w = gnl_kind_work(&q->kind, c);
    gnl_grouped_begin(w, c, l);
    for (int g = l->groups - 1; g >= 0; g--) {
        const bool top = g == l->groups - 1;
        w->source[g] = (gnl_group_source){
            .a = c->head[MEAN] + l->group[g], .b = c->head[LOGVAR] + l->group[g], .stride = l->dims, .shared = true};
        w->merge[g] = top ? &gnl_merge_replace : merge;
        if (!top)
            w->prior[g] = l->prior->type->condition(l->prior, c, g);
        gnl_grouped_draw(w, c, l, g);
    }
}

static void draw_ladder(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    draw(q, c, &gnl_merge_product);
}

static void draw_residual(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    draw(q, c, &gnl_merge_sum);
}

/* The prior of a group adds to the derivatives by the groups above, which therefore come later. */
static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    const gnl_latents *l = q->kind.latents;
    gnl_grouped *w = gnl_kind_work(&q->kind, c);
    for (int g = 0; g < l->groups; g++) {
        w->source[g].da = dhead[MEAN] + l->group[g];
        w->source[g].db = dhead[LOGVAR] + l->group[g];
        gnl_grouped_prior_backward(w, c, l, g);
        gnl_grouped_draw_backward(w, c, l, g);
        if (g < l->groups - 1)
            l->prior->type->condition_backward(l->prior, c, g);
    }
}

#define KIND(kind_name, kind_table, text)                                                                              \
    .kind = {.name = kind_name,                                                                                        \
             .options = kind_table,                                                                                    \
             .help = text,                                                                                             \
             .check = gnl_group_check,                                                                                 \
             .work_new = work_new,                                                                                     \
             .work_free = work_free},                                                                                  \
    .groups = gnl_group_widths, .at_once = true, .heads = heads, .noise = gnl_grouped_noise,                           \
    .draw_backward = draw_backward, .draws_density = true, .mean = gnl_grouped_mean, .logvar = gnl_grouped_logvar,     \
    .from_groups = &gnl_grouped_divergence, .prior = "chain"

const gnl_posterior_type gnl_posterior_ladder = {
    KIND("ladder", &ladder_table, "groups of dimensions from the top down, products of encoder and prior (ladder VAE)"),
    .draw = draw_ladder,
};

const gnl_posterior_type gnl_posterior_residual = {
    KIND("residual", &residual_table, "groups of dimensions from the top down, as differences from the prior (NVAE)"),
    .draw = draw_residual,
};
