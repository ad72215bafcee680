/* SPDX-License-Identifier: MIT */
/*
 * Bounds that weigh the codes of a sample: log((1/samples) sum_s w_s^(1 - alpha)) / (1 - alpha), with the importance
 * weights w of the codes. alpha = 0 is the importance-weighted bound, alpha = 1 the evidence lower bound. See
 * docs/derivations/importance_bound.md and docs/derivations/renyi.md.
 */
#include <math.h>

#include "latent/latent_priv.h"

const char *const gnl_estimator_names[] = {"total", "doubly", "path", NULL};

/* ---- the KL inside a bound ------------------------------------------------------------------- */

bool gnl_bound_includes_kl(const gnl_bound *b, const gnl_term *t)
{
    return t->type->is_plain_kl != NULL;
}

genlat_status gnl_bound_check_kl(const gnl_bound *b, const gnl_latents *l)
{
    const char *name = b->kind.type->name;
    if (!gnl_posterior_has_density(l->posterior->type))
        return gnl_fail(GENLAT_E_UNSUPPORTED, "bound %s needs a posterior with a density, %s has none; use bound=elbo",
                        name, l->posterior->kind.type->name);
    for (int i = 0; i < l->terms; i++)
        if (gnl_bound_includes_kl(b, l->term[i]) && !l->term[i]->type->is_plain_kl(l->term[i]))
            return gnl_fail(GENLAT_E_UNSUPPORTED, "bound %s does not support free bits or a capacity; use bound=elbo",
                            name);
    return GENLAT_OK;
}

genlat_status gnl_bound_check_partial(const gnl_bound *b, const gnl_latents *l)
{
    if (!l->posterior->type->draws_density)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_UNSUPPORTED,
                    "bound %s: the estimator needs derivatives of the density by the code alone, which posterior %s "
                    "does not compute; use estimator=total",
                    b->kind.type->name, l->posterior->kind.type->name);
}

double gnl_bound_kl_weight(const gnl_bound *b, const gnl_bound_call *call)
{
    double sum = 0;
    for (int i = 0; i < call->latents->terms; i++)
        if (gnl_bound_includes_kl(b, call->latents->term[i]))
            sum += gnl_term_beta(call->latents->term[i], call->factor);
    return sum;
}

/* ---- options --------------------------------------------------------------------------------- */

static const gnl_weighted_opts *opts_of(const gnl_bound *b)
{
    return gnl_kind_opts(&b->kind);
}

bool gnl_weighted_is_surrogate(const void *opts)
{
    return ((const gnl_weighted_opts *)opts)->estimator != GNL_ESTIMATOR_TOTAL;
}

genlat_status gnl_weighted_check(const gnl_bound *b, const gnl_latents *l)
{
    const gnl_weighted_opts *o = opts_of(b);
    if (o->estimator == GNL_ESTIMATOR_DOUBLY && isinf(o->alpha))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "bound %s: estimator=doubly needs a finite alpha, %g found; use estimator=total",
                        b->kind.type->name, o->alpha);
    if (o->estimator != GNL_ESTIMATOR_TOTAL)
        GNL_TRY(gnl_bound_check_partial(b, l));
    return gnl_bound_check_kl(b, l);
}

/* ---- weights --------------------------------------------------------------------------------- */

/* The log-weights of one row, which are `rows` elements apart. */
typedef struct log_weights {
    int64_t samples, rows;
    double *w;
} log_weights;

/* Returns the index of the largest power * w. */
static int64_t find_dominant(const log_weights *l, double power)
{
    int64_t best = 0;
    for (int64_t s = 1; s < l->samples; s++)
        if (power > 0 ? l->w[s * l->rows] > l->w[best * l->rows] : l->w[s * l->rows] < l->w[best * l->rows])
            best = s;
    return best;
}

/* Replaces the log-weights by 1 for the dominant one and 0 for the others. Returns the dominant log-weight. */
static double choose_dominant(const log_weights *l, double power)
{
    const int64_t best = find_dominant(l, power);
    const double value = l->w[best * l->rows];
    for (int64_t s = 0; s < l->samples; s++)
        l->w[s * l->rows] = s == best;
    return value;
}

/* Replaces the log-weights by equal weights. Returns the mean log-weight. */
static double weigh_equally(const log_weights *l)
{
    double sum = 0;
    for (int64_t s = 0; s < l->samples; s++) {
        sum += l->w[s * l->rows];
        l->w[s * l->rows] = 1 / (double)l->samples;
    }
    return sum / (double)l->samples;
}

/* Replaces the log-weights by the normalized weights^power. Returns log(mean weight^power) / power. Subtracts the
 * dominant log-weight first, so that exp cannot overflow. expm1 and log1p keep the digits of a small power. */
static double weigh_by_power(const log_weights *l, double power)
{
    const double most = l->w[find_dominant(l, power) * l->rows];
    double total = 0, excess = 0;
    for (int64_t s = 0; s < l->samples; s++) {
        double *w = &l->w[s * l->rows], above = power * (*w - most);
        excess += expm1(above);
        total += *w = exp(above);
    }
    for (int64_t s = 0; s < l->samples; s++)
        l->w[s * l->rows] /= total;
    return most + log1p(excess / (double)l->samples) / power;
}

/* Converts log-weights [samples,rows] to weights that sum to 1 over the samples. Returns the mean of the negative
 * bounds over the rows. */
static double normalize(double alpha, int64_t samples, int64_t rows, double *log_weight)
{
    const double power = 1 - alpha;
    double bound = 0;
    for (int64_t r = 0; r < rows; r++) {
        const log_weights l = {samples, rows, log_weight + r};
        bound += isinf(power) ? choose_dominant(&l, power) : power == 0 ? weigh_equally(&l) : weigh_by_power(&l, power);
    }
    return -bound / (double)rows;
}

/* ---- value and derivatives ------------------------------------------------------------------- */

/* Evaluates the likelihood twice if gradients are needed: first to compute the weights, then for the derivatives with
 * these weights. */
double gnl_weighted_value(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double beta = gnl_bound_kl_weight(b, call);
    call->likelihood(call->user, 0, NULL);
    call->recon = gnl_code_mean_nll(c);
    for (int64_t s = 0; s < c->samples; s++) {
        gnl_latents_ratio(call->latents, c, s, c->kl);
        for (int64_t r = 0; r < c->rows; r++)
            c->weight[s * c->rows + r] = -c->nll[s * c->rows + r] - beta * c->kl[r];
    }
    double bound = normalize(opts_of(b)->alpha, c->samples, c->rows, c->weight);
    if (call->gradients)
        call->likelihood(call->user, 1 / (double)c->rows, c->weight);
    return bound;
}

static double ratio_factor(const gnl_bound *b, const gnl_bound_call *call)
{
    return gnl_bound_kl_weight(b, call) / (double)call->code->rows;
}

/* Multiplies the gradient through z, which already has the factor weight, by alpha + (1 - alpha) weight. */
static void weigh_again(double alpha, const gnl_code *c, const double *weight, gnl_real *dz)
{
    for (int64_t r = 0; r < c->rows; r++) {
        gnl_real *row = dz + r * c->dims;
        c->compute.k->scale(c->dims, (gnl_real)(alpha + (1 - alpha) * weight[r]), row, row);
    }
}

/* Adds the derivatives of log q(z|x) - log p(z) by z. */
void gnl_weighted_backward_z(const gnl_bound *b, gnl_bound_call *call)
{
    gnl_code *c = call->code;
    const gnl_weighted_opts *o = opts_of(b);
    const double factor = ratio_factor(b, call);
    for (int64_t s = 0; s < c->samples; s++) {
        const double *weight = c->weight + s * c->rows;
        gnl_latents_ratio_backward(call->latents, c, s, factor, weight, GNL_BY_Z);
        if (o->estimator == GNL_ESTIMATOR_DOUBLY)
            weigh_again(o->alpha, c, weight, c->dz + s * c->rows * c->dims);
    }
}

void gnl_weighted_backward_heads(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double factor = ratio_factor(b, call);
    for (int64_t s = 0; s < c->samples && opts_of(b)->estimator == GNL_ESTIMATOR_TOTAL; s++)
        gnl_latents_ratio_backward(call->latents, c, s, factor, c->weight + s * c->rows, GNL_BY_HEADS);
}
