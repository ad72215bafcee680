/* SPDX-License-Identifier: MIT */
/* The objective of a batch of codes: sampling, KL divergence, bound and terms, and their backward passes. */
#include "latent/latent_priv.h"

int64_t gnl_latent_grain(int64_t width)
{
    enum { GRAIN = 4096 };
    return GNL_MAX(1, GRAIN / GNL_MAX(width, 1));
}

double gnl_latent_mean(int64_t n, const double *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += x[i];
    return total / (double)GNL_MAX(n, 1);
}

double gnl_code_mean_nll(const gnl_code *c)
{
    double total = 0;
    for (int64_t s = 0; s < c->samples; s++)
        total += gnl_latent_mean(c->rows, c->nll + s * c->rows);
    return total / (double)c->samples;
}

/* ---- hooks of the kinds ------------------------------------------------------------------------ */

void gnl_latents_prepare(const gnl_latents *l, const gnl_code *c)
{
    for (int i = 0; i < gnl_latents_kinds(l); i++)
        if (gnl_latents_kind(l, i)->type->prepare)
            gnl_latents_kind(l, i)->type->prepare(gnl_latents_kind(l, i), c);
}

void gnl_latents_complete_gradients(const gnl_latents *l, const gnl_code *c)
{
    for (int i = 0; i < gnl_latents_kinds(l); i++)
        if (gnl_latents_kind(l, i)->type->backward)
            gnl_latents_kind(l, i)->type->backward(gnl_latents_kind(l, i), c);
}

void gnl_latents_after_step(const gnl_latents *l, const gnl_code *c)
{
    for (int i = 0; i < gnl_latents_kinds(l); i++)
        if (gnl_latents_kind(l, i)->type->after_step)
            gnl_latents_kind(l, i)->type->after_step(gnl_latents_kind(l, i), c);
}

/* ---- sampling -------------------------------------------------------------------------------- */

/* Returns how often draw and draw_backward are called. */
static int64_t calls_of(const gnl_latents *l, const gnl_code *c)
{
    return l->posterior->type->at_once ? 1 : c->samples;
}

void gnl_latents_draw_prepared(const gnl_latents *l, const gnl_code *c)
{
    if (l->posterior->type->draws_density)
        memset(c->dlog_q, 0, (size_t)(c->samples * c->rows) * sizeof *c->dlog_q);
    for (int64_t s = 0; s < calls_of(l, c); s++)
        l->posterior->type->draw(l->posterior, c, s);
}

void gnl_latents_draw(const gnl_latents *l, const gnl_code *c)
{
    gnl_latents_prepare(l, c);
    gnl_latents_draw_prepared(l, c);
}

void gnl_latents_sample(const gnl_latents *l, const gnl_code *c, int64_t rows, gnl_rng *rng, const gnl_prior_draw *draw,
                        gnl_real *z)
{
    const gnl_prior_type *prior = l->prior->type;
    if (l->posterior->type->codes) {
        prior->sample_codes(l->prior, c, rows, rng, draw, c->index);
        l->posterior->type->lookup(l->posterior, rows, c->index, z);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        prior->sample(l->prior, c, &rng[r], draw, z + r * l->dims);
}

/* Derivatives of all samples through z, summed into the heads. */
void gnl_latents_draw_backward(const gnl_latents *l, const gnl_code *c)
{
    const gnl_posterior *q = l->posterior;
    q->type->draw_backward(q, c, 0, c->dhead);
    for (int64_t s = 1; s < calls_of(l, c); s++) {
        q->type->draw_backward(q, c, s, c->spare);
        for (int h = 0; h < q->heads; h++)
            c->compute.k->add(c->rows * q->head[h].width, c->dhead[h], c->spare[h], c->dhead[h]);
    }
}

/* ---- the KL divergence ----------------------------------------------------------------------- */

bool gnl_latents_has_density(const gnl_latents *l)
{
    return l->divergence || gnl_posterior_has_density(l->posterior->type) || l->posterior->type->codes;
}

void gnl_latents_ratio(const gnl_latents *l, const gnl_code *c, int64_t s, double *out)
{
    if (l->divergence && l->divergence->ratio) {
        l->divergence->ratio(l->posterior, c, s, out);
        return;
    }
    if (l->posterior->type->codes) { /* log q(z|x) is 0 */
        l->prior->type->mass(l->prior, c, s, out);
        for (int64_t r = 0; r < c->rows; r++)
            out[r] = -out[r];
        return;
    }
    if (l->posterior->type->draws_density)
        memcpy(out, c->log_q + s * c->rows, (size_t)c->rows * sizeof *out);
    else
        l->posterior->type->log_density(l->posterior, c, gnl_code_z(c, s), out);
    l->prior->type->log_density(l->prior, c, gnl_code_z(c, s), c->ratio);
    for (int64_t r = 0; r < c->rows; r++)
        out[r] -= c->ratio[r];
}

static void add_to_dlog_q(const gnl_code *c, int64_t s, double factor, const double *weight)
{
    double *dlog_q = c->dlog_q + s * c->rows;
    for (int64_t r = 0; r < c->rows; r++)
        dlog_q[r] += factor * (weight ? weight[r] : 1);
}

void gnl_latents_ratio_backward(const gnl_latents *l, const gnl_code *c, int64_t s, double factor, const double *weight,
                                unsigned by)
{
    gnl_real *dz = by & GNL_BY_Z ? c->dz + s * c->rows * c->dims : NULL;
    if (l->divergence && l->divergence->ratio) {
        l->divergence->ratio_backward(l->posterior, c, s, factor, weight, by);
        return;
    }
    if (l->posterior->type->codes) {
        if (dz && l->prior->type->mass_backward)
            l->prior->type->mass_backward(l->prior, c, s, -factor, weight);
        return;
    }
    if (!l->posterior->type->draws_density)
        l->posterior->type->log_density_backward(l->posterior, c, gnl_code_z(c, s), factor, weight, dz,
                                                 by & GNL_BY_HEADS ? c->dhead : NULL);
    else if (dz)
        add_to_dlog_q(c, s, factor, weight);
    if (dz)
        l->prior->type->log_density_backward(l->prior, c, gnl_code_z(c, s), -factor, weight, dz);
}

/* Estimates the KL as the mean log-ratio over the samples. The KL of single dimensions stays unknown. */
static void kl_by_sampling(const gnl_latents *l, const gnl_code *c)
{
    for (int64_t r = 0; r < c->rows; r++)
        c->kl[r] = 0;
    double *ratio = c->ratio + c->rows;
    for (int64_t s = 0; s < c->samples; s++) {
        gnl_latents_ratio(l, c, s, ratio);
        for (int64_t r = 0; r < c->rows; r++)
            c->kl[r] += ratio[r] / (double)c->samples;
    }
    for (int64_t d = 0; d < c->dims; d++)
        c->per_dim[d] = (double)NAN;
}

double gnl_latents_kl(const gnl_latents *l, const gnl_code *c)
{
    if (!gnl_latents_has_density(l))
        return 0;
    if (l->divergence)
        l->divergence->value(l->posterior, c, c->kl, c->per_dim);
    else
        kl_by_sampling(l, c);
    return gnl_latent_mean(c->rows, c->kl);
}

double gnl_latents_group_kl(const gnl_latents *l, const gnl_code *c, int g)
{
    double total = 0;
    for (int64_t d = l->group[g]; d < l->group[g + 1]; d++)
        total += c->per_dim[d];
    return total;
}

void gnl_latents_kl_backward(const gnl_latents *l, const gnl_code *c, double factor, const double *weight, unsigned by)
{
    for (int64_t s = 0; !l->divergence && s < c->samples; s++)
        gnl_latents_ratio_backward(l, c, s, factor / (double)c->samples, weight, by);
    const unsigned stage = l->divergence && l->divergence->recorded ? GNL_BY_Z : GNL_BY_HEADS;
    for (int64_t r = 0; l->divergence && by & stage && r < c->rows; r++)
        l->divergence->backward(l->posterior, c, r, 0, l->dims, factor * weight[r]);
}

/* ---- the objective --------------------------------------------------------------------------- */

double gnl_term_beta(const gnl_term *t, double factor)
{
    return t->type->beta ? t->type->beta(t, factor) : 0;
}

static bool is_added(const gnl_bound_call *call, int i)
{
    const gnl_bound *b = call->latents->bound;
    return !(b->type->includes && b->type->includes(b, call->latents->term[i]));
}

static gnl_term_call term_call(const gnl_bound_call *call)
{
    return (gnl_term_call){.latents = call->latents,
                           .code = call->code,
                           .factor = call->factor,
                           .data_rows = call->data_rows,
                           .rng = call->rng};
}

double gnl_latents_objective(gnl_bound_call *call)
{
    gnl_latents *l = call->latents;
    const gnl_posterior *q = l->posterior;
    double total = l->bound->type->value(l->bound, call) + (q->type->loss ? q->type->loss(q, call->code) : 0);
    const gnl_term_call now = term_call(call);
    call->kl = gnl_latents_kl(l, call->code);
    call->beta = 0;
    for (int g = 0; l->groups > 1 && g < l->groups; g++)
        call->group_kl[g] = gnl_latents_group_kl(l, call->code, g);
    for (int i = 0; i < l->terms; i++) {
        call->beta += gnl_term_beta(l->term[i], call->factor);
        call->value[i] = is_added(call, i) ? l->term[i]->type->value(l->term[i], &now) : 0;
        total += call->value[i];
    }
    return total;
}

void gnl_latents_backward(gnl_bound_call *call)
{
    gnl_latents *l = call->latents;
    const gnl_bound_type *bound = l->bound->type;
    const gnl_term_call now = term_call(call);
    if (bound->backward_z)
        bound->backward_z(l->bound, call);
    for (int i = 0; i < l->terms; i++)
        if (is_added(call, i) && l->term[i]->type->backward_z)
            l->term[i]->type->backward_z(l->term[i], &now);
    gnl_latents_draw_backward(l, call->code);
    if (bound->backward_heads)
        bound->backward_heads(l->bound, call);
    for (int i = 0; i < l->terms; i++)
        if (is_added(call, i) && l->term[i]->type->backward_heads)
            l->term[i]->type->backward_heads(l->term[i], &now);
    gnl_latents_complete_gradients(l, call->code);
}
