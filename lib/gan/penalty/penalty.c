/* SPDX-License-Identifier: MIT */
/* The penalties of a model: parses them from text, and evaluates them in order. */
#include "gan/penalty/penalty.h"

/* ---- from text ------------------------------------------------------------------------------- */

static genlat_status parse_one(const char *spec, gnl_gan_penalties *out)
{
    char name[GNL_SPEC_KIND];
    const char *pairs = NULL;
    gnl_gan_penalty *p = &out->item[out->count];
    if (out->count == GNL_MAX_PENALTIES)
        return gnl_fail(GENLAT_E_RANGE, "there are more than %d penalties", GNL_MAX_PENALTIES);
    GNL_TRY_IN("penalties", gnl_spec_kind(spec, name, &pairs));
    *p = (gnl_gan_penalty){.type = NULL};
    p->type = gnl_kind_find(gnl_gan_penalty_types, name);
    if (!p->type)
        return gnl_kind_unknown(gnl_gan_penalty_types, "penalty", name);
    for (int i = 0; i < out->count; i++)
        if (out->item[i].type == p->type)
            return gnl_fail(GENLAT_E_INVALID, "penalty %s is set twice; set it by its option or in penalties, not both",
                            name);
    gnl_options_init(p->type->options, p->opts, p->type->options->size);
    GNL_TRY_IN("penalties", gnl_spec_pairs(p->type->options, p->opts, pairs, name));
    out->count++;
    return GENLAT_OK;
}

genlat_status gnl_penalties_parse(const char *text, gnl_gan_penalties *out)
{
    char copy[GNL_SPEC_TEXT], *rest = NULL;
    out->count = 0;
    if (strlen(text) >= sizeof copy)
        return gnl_fail(GENLAT_E_RANGE, "penalties has %zu bytes, at most %zu expected", strlen(text), sizeof copy - 1);
    strcpy(copy, text);
    for (char *word = strtok_r(copy, ";", &rest); word; word = strtok_r(NULL, ";", &rest))
        if (word[strspn(word, " ")])
            GNL_TRY(parse_one(word, out));
    return GENLAT_OK;
}

genlat_status gnl_penalties_make(gnl_gan_penalties *all, genlat_model *model)
{
    for (int i = 0; i < all->count; i++)
        if (all->item[i].type->make)
            GNL_TRY(all->item[i].type->make(&all->item[i], model));
    return GENLAT_OK;
}

void gnl_penalties_free(gnl_gan_penalties *all, genlat_ctx *ctx)
{
    for (int i = 0; i < all->count; i++) {
        gnl_free(ctx, all->item[i].state[0]);
        gnl_free(ctx, all->item[i].state[1]);
        gnl_numbers_free(ctx, &all->item[i].numbers);
    }
}

/* ---- requirements ---------------------------------------------------------------------------- */

unsigned gnl_penalties_need(const gnl_gan_penalties *all)
{
    unsigned needs = 0;
    for (int i = 0; i < all->count; i++)
        needs |= all->item[i].type->needs;
    return needs;
}

double gnl_penalties_at_samples(const gnl_gan_penalties *all, int side)
{
    double weight = 0;
    for (int i = 0; i < all->count; i++)
        if (all->item[i].type->at_samples)
            weight += all->item[i].type->at_samples(&all->item[i], side);
    return weight;
}

bool gnl_penalties_are_exact(const gnl_gan_penalties *all)
{
    return gnl_penalties_need(all) & GNL_NEEDS_EXACT_EXEC || gnl_penalties_at_samples(all, GNL_REAL) > 0 ||
           gnl_penalties_at_samples(all, GNL_FAKE) > 0;
}

int64_t gnl_penalties_space(const gnl_gan_penalties *all, const genlat_model *model)
{
    int64_t most = 0;
    for (int i = 0; i < all->count; i++)
        if (all->item[i].type->space)
            most = GNL_MAX(most, all->item[i].type->space(&all->item[i], model));
    return most;
}

/* ---- values and gradients -------------------------------------------------------------------- */

typedef double value_fn(gnl_gan_penalty *p, const gnl_penalty_call *call);

static bool is_due(const gnl_gan_penalty *p, const gnl_penalty_call *call)
{
    return p->type->nets >> call->net & 1 && !(p->type->lazy && call->factor == 0);
}

static void add(const gnl_gan_penalty *p, double value, int64_t every, gnl_penalty_sum *sum)
{
    if (p->type->nets != 1u << GNL_DISCRIMINATOR)
        sum->loss += value;
    else if (p->type->lazy)
        sum->lazy += value / (double)every;
    else
        sum->steady += value;
    sum->total += value;
}

/* Evaluates one penalty. `factor` applies to lazy penalties only. */
static void evaluate_one(gnl_gan_penalty *p, value_fn *value, const gnl_penalty_call *call, double factor,
                         int64_t every, gnl_penalty_sum *sum)
{
    gnl_penalty_call own = *call;
    own.factor = p->type->lazy ? factor : 1;
    if (value && is_due(p, &own))
        add(p, value(p, &own), every, sum);
}

void gnl_penalties_outputs(gnl_gan_penalties *all, gnl_penalty_call *call, double factor, int64_t every,
                           gnl_penalty_sum *sum)
{
    for (int i = 0; i < all->count; i++)
        evaluate_one(&all->item[i], all->item[i].type->outputs, call, factor, every, sum);
}

void gnl_penalties_weights(gnl_gan_penalties *all, gnl_penalty_call *call, double factor, int64_t every,
                           gnl_penalty_sum *sum)
{
    for (int i = 0; i < all->count; i++)
        evaluate_one(&all->item[i], all->item[i].type->weights, call, factor, every, sum);
}

void gnl_penalties_after_step(gnl_gan_penalties *all, gnl_penalty_call *call)
{
    for (int i = 0; i < all->count; i++)
        if (all->item[i].type->after_step && all->item[i].type->nets >> call->net & 1)
            all->item[i].type->after_step(&all->item[i], call);
}
