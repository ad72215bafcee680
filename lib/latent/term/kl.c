/* SPDX-License-Identifier: MIT */
/*
 * The KL divergence of the posterior from the prior. See docs/derivations/kl_rules.md. It can be weighted by beta
 * (Higgins and others, beta-VAE, 2017). It can have free bits (Kingma and others, Improved variational inference with
 * inverse autoregressive flow, 2016), also for the whole code of each sample (Sonderby and others, Ladder variational
 * autoencoders, 2016). Or it is kept at a capacity (Burgess and others, Understanding disentangling in beta-VAE, 2018).
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

/* The unit that free bits apply to: the batch mean of a dimension, a dimension of a sample, the batch mean of a group
 * of dimensions, or a group of a sample. */
typedef enum free_kind { FREE_DIMENSION, FREE_SAMPLE, FREE_WHOLE, FREE_WHOLE_SAMPLE } free_kind;

static const char *const free_names[] = {"dimension", "sample", "whole", "whole_sample", NULL};

typedef struct kl_opts {
    size_t size;
    double beta, free_bits, gamma, capacity;
    uint32_t free, balance;
} kl_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(kl_opts, beta, 1, 0, 1e6, "weight; a schedule multiplies it"),
    GNL_OPT_REAL(kl_opts, free_bits, 0, 0, 1e6, "KL in nats that is not penalized"),
    GNL_OPT_ENUM(kl_opts, free, FREE_DIMENSION, FREE_WHOLE_SAMPLE, free_names, "unit that free bits apply to"),
    GNL_OPT_REAL(kl_opts, gamma, 0, 0, 1e9, "weight of |KL - capacity|; if above 0, replaces beta and free bits"),
    GNL_OPT_REAL(kl_opts, capacity, 0, 0, 1e6, "target KL in nats, used with gamma; a schedule multiplies it"),
    GNL_OPT_BOOL(kl_opts, balance, 0, "weigh each group of dimensions by its KL while the schedule is below 1"),
};
static const gnl_options_table table = {"kl", sizeof(kl_opts), options, GNL_COUNT(options)};

static const kl_opts *opts_of(const gnl_term *t)
{
    return gnl_kind_opts(&t->kind);
}

static bool has_free_bits(const kl_opts *o)
{
    return o->free_bits > 0 && !(o->gamma > 0);
}

static genlat_status check(const gnl_term *t, const gnl_posterior *q, const gnl_prior *p)
{
    const kl_opts *o = opts_of(t);
    bool closed = p->type->divergence && p->type->divergence(p, q);
    if (!closed && !gnl_posterior_has_density(q->type) && !q->type->codes)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "kl: posterior %s has no density; remove this term", q->kind.type->name);
    if (!closed && has_free_bits(o) && o->free != FREE_WHOLE && o->free != FREE_WHOLE_SAMPLE)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "kl: the KL of posterior %s from prior %s is known for the whole code only; use free=whole or "
                        "free=whole_sample",
                        q->kind.type->name, p->kind.type->name);
    if (o->balance && (!closed || o->free_bits > 0 || o->gamma > 0))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "kl: balance needs a KL that is known for each group, without free_bits and gamma; remove one "
                        "of them");
    return GENLAT_OK;
}

/* ---- KL of groups ---------------------------------------------------------------------------- */

/* Returns the KL of a group of dimensions of one row. If there is one group, this is the KL of the row. */
static double group_kl(const gnl_term_call *call, int64_t row, int g)
{
    const gnl_latents *l = call->latents;
    double total = 0;
    if (l->groups == 1)
        return call->code->kl[row];
    for (int64_t d = l->group[g]; d < l->group[g + 1]; d++)
        total += l->divergence->element(l->posterior, call->code, row, d);
    return total;
}

static double mean_group_kl(const gnl_term_call *call, int g)
{
    if (call->latents->groups == 1)
        return gnl_latent_mean(call->code->rows, call->code->kl);
    return gnl_latents_group_kl(call->latents, call->code, g);
}

/* ---- value ----------------------------------------------------------------------------------- */

/* Balance: groups have weights in proportion to their KL and number of dimensions, 1 on average, so that groups with
 * little information cost little until the schedule is at 1 (Vahdat and Kautz, NVAE, 2020). */
static double group_weight(const kl_opts *o, const gnl_term_call *call, int g)
{
    const gnl_latents *l = call->latents;
    double total = 0;
    if (!o->balance || call->factor >= 1)
        return 1;
    for (int i = 0; i < l->groups; i++)
        total += mean_group_kl(call, i) * (double)(l->group[i + 1] - l->group[i]);
    const double own = mean_group_kl(call, g) * (double)(l->group[g + 1] - l->group[g]);
    return total > 0 ? (double)l->groups * own / total : 1;
}

static double balanced_value(const kl_opts *o, const gnl_term_call *call)
{
    double total = 0;
    for (int g = 0; g < call->latents->groups; g++)
        total += group_weight(o, call, g) * mean_group_kl(call, g);
    return total;
}

static double sum_of_elements(const kl_opts *o, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    double total = 0;
    for (int64_t r = 0; r < c->rows; r++)
        for (int64_t d = 0; d < c->dims; d++)
            total += fmax(call->latents->divergence->element(call->latents->posterior, c, r, d), o->free_bits);
    return total;
}

/* Computes the KL with free bits: a unit below free_bits counts as free_bits. */
static double free_value(const kl_opts *o, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    const int groups = call->latents->groups;
    const double rows = (double)GNL_MAX(c->rows, 1);
    double total = 0;
    switch ((free_kind)o->free) {
    case FREE_DIMENSION:
        for (int64_t d = 0; d < c->dims; d++)
            total += fmax(c->per_dim[d], o->free_bits);
        return total;
    case FREE_SAMPLE:
        return sum_of_elements(o, call) / rows;
    case FREE_WHOLE:
        for (int g = 0; g < groups; g++)
            total += fmax(mean_group_kl(call, g), o->free_bits);
        return total;
    default:
        for (int64_t r = 0; r < c->rows; r++)
            for (int g = 0; g < groups; g++)
                total += fmax(group_kl(call, r, g), o->free_bits);
        return total / rows;
    }
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const kl_opts *o = opts_of(t);
    const double kl = gnl_latent_mean(call->code->rows, call->code->kl);
    if (o->gamma > 0)
        return o->gamma * fabs(kl - o->capacity * call->factor);
    return o->beta * call->factor *
           (o->free_bits > 0 ? free_value(o, call)
            : o->balance     ? balanced_value(o, call)
                             : kl);
}

/* ---- derivatives ----------------------------------------------------------------------------- */

/* Returns the derivative of the term by the batch mean of the KL, for units above their free bits. */
static double outer_factor(const kl_opts *o, const gnl_term_call *call)
{
    if (o->gamma > 0) {
        double above = gnl_latent_mean(call->code->rows, call->code->kl) - o->capacity * call->factor;
        return above > 0 ? o->gamma : above < 0 ? -o->gamma : 0;
    }
    return o->beta * call->factor;
}

typedef struct back_job {
    const kl_opts *o;
    const gnl_term_call *call;
    double factor;
    double weight[GNL_MAX_GROUPS];
} back_job;

static bool is_group_active(const back_job *j, int64_t row, int g)
{
    switch ((free_kind)j->o->free) {
    case FREE_WHOLE:
        return mean_group_kl(j->call, g) > j->o->free_bits;
    case FREE_WHOLE_SAMPLE:
        return group_kl(j->call, row, g) > j->o->free_bits;
    default:
        return true;
    }
}

static bool is_element_active(const back_job *j, int64_t row, int64_t dim)
{
    const gnl_latents *l = j->call->latents;
    const gnl_code *c = j->call->code;
    double kl = j->o->free == FREE_DIMENSION ? c->per_dim[dim] : l->divergence->element(l->posterior, c, row, dim);
    return kl > j->o->free_bits;
}

static void back_group(const back_job *j, int64_t row, int g)
{
    const gnl_latents *l = j->call->latents;
    const gnl_code *c = j->call->code;
    if (!has_free_bits(j->o) || (j->o->free != FREE_DIMENSION && j->o->free != FREE_SAMPLE)) {
        l->divergence->backward(l->posterior, c, row, l->group[g], l->group[g + 1], j->factor * j->weight[g]);
        return;
    }
    for (int64_t d = l->group[g]; d < l->group[g + 1]; d++)
        if (is_element_active(j, row, d))
            l->divergence->backward(l->posterior, c, row, d, d + 1, j->factor);
}

static void back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const back_job *j = arg;
    const gnl_latents *l = j->call->latents;
    for (int64_t r = begin; r < end; r++)
        for (int g = 0; g < l->groups; g++)
            if (!has_free_bits(j->o) || is_group_active(j, r, g))
                back_group(j, r, g);
}

/* For a KL estimated by sampling: adds the derivatives of the mean log-ratio of the rows above their free bits. */
static void sampled_backward(const gnl_term *t, const gnl_term_call *call, unsigned by)
{
    gnl_code *c = call->code;
    const back_job j = {.o = opts_of(t), .call = call};
    const double factor = outer_factor(j.o, call) / (double)(GNL_MAX(c->rows, 1) * c->samples);
    for (int64_t r = 0; r < c->rows; r++)
        c->ratio[r] = has_free_bits(j.o) && !is_group_active(&j, r, 0) ? 0 : 1;
    for (int64_t s = 0; s < c->samples; s++)
        gnl_latents_ratio_backward(call->latents, c, s, factor, c->ratio, by);
}

static void closed_backward(const gnl_term *t, const gnl_term_call *call)
{
    const gnl_code *c = call->code;
    back_job j = {.o = opts_of(t), .call = call};
    j.factor = outer_factor(j.o, call) / (double)GNL_MAX(c->rows, 1);
    for (int g = 0; g < call->latents->groups; g++)
        j.weight[g] = group_weight(j.o, call, g);
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->dims), back_task, &j);
}

static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    const gnl_divergence *divergence = call->latents->divergence;
    if (!divergence)
        sampled_backward(t, call, GNL_BY_Z);
    else if (divergence->recorded)
        closed_backward(t, call);
}

static void backward_heads(gnl_term *t, const gnl_term_call *call)
{
    const gnl_divergence *divergence = call->latents->divergence;
    if (!divergence)
        sampled_backward(t, call, GNL_BY_HEADS);
    else if (!divergence->recorded)
        closed_backward(t, call);
}

/* ---- properties that bounds read ------------------------------------------------------------- */

static double beta(const gnl_term *t, double factor)
{
    return opts_of(t)->beta * factor;
}

static bool is_balanced(const void *opts)
{
    return ((const kl_opts *)opts)->balance;
}

static bool is_plain_kl(const gnl_term *t)
{
    const kl_opts *o = opts_of(t);
    return o->free_bits == 0 && o->gamma == 0 && !o->balance;
}

const gnl_term_type gnl_term_kl = {
    .kind = {.name = "kl",
             .options = &table,
             .help = "KL divergence from the prior: weight, free bits, capacity",
             .is_surrogate = is_balanced},
    .check = check,
    .value = value,
    .backward_z = backward_z,
    .backward_heads = backward_heads,
    .beta = beta,
    .is_plain_kl = is_plain_kl,
};
