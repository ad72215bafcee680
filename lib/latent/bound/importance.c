/* SPDX-License-Identifier: MIT */
/*
 * The importance-weighted bound (Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2016). Its gradient
 * is the total derivative, or doubly reparametrized (Tucker and others, Doubly reparameterized gradient estimators,
 * 2019). See docs/derivations/importance_bound.md.
 */
#include <math.h>

#include "latent/latent_priv.h"

typedef enum estimator { TOTAL, DOUBLY } estimator;

static const char *const estimator_names[] = {"total", "doubly", NULL};

typedef struct importance_opts {
    size_t size;
    uint32_t estimator, reserved;
} importance_opts;

static const gnl_option options[] = {
    GNL_OPT_ENUM(importance_opts, estimator, TOTAL, DOUBLY, estimator_names,
                 "estimator of the encoder's gradient: total derivative, or doubly reparametrized"),
};
static const gnl_options_table table = {"importance", sizeof(importance_opts), options, GNL_COUNT(options)};

static bool is_doubly(const void *opts)
{
    return ((const importance_opts *)opts)->estimator == DOUBLY;
}

/* KL terms enter the importance weights. All other terms are added to the bound. */
static bool includes(const gnl_bound *b, const gnl_term *t)
{
    return t->type->is_plain_kl != NULL;
}

static genlat_status check(const gnl_bound *b, const gnl_latents *l)
{
    if (!l->posterior->type->log_density)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "bound importance needs a posterior with a density, %s has none; use bound=elbo",
                        l->posterior->kind.type->name);
    for (int i = 0; i < l->terms; i++)
        if (includes(b, l->term[i]) && !l->term[i]->type->is_plain_kl(l->term[i]))
            return gnl_fail(GENLAT_E_UNSUPPORTED,
                            "bound importance does not support free bits or a capacity; use bound=elbo");
    return GENLAT_OK;
}

/* Returns the weight of the log-ratio of posterior and prior. */
static double ratio_weight(const gnl_bound *b, const gnl_bound_call *call)
{
    double sum = 0;
    for (int i = 0; i < call->latents->terms; i++)
        if (includes(b, call->latents->term[i]))
            sum += gnl_term_beta(call->latents->term[i], call->factor);
    return sum;
}

/* ---- weights --------------------------------------------------------------------------------- */

/* Normalizes the weights of one row, whose samples are `rows` elements apart, and returns the log of their mean.
 * Subtracts the largest log-weight first, so that exp cannot overflow. */
static double normalize_row(int64_t samples, int64_t rows, double *w)
{
    double largest = -INFINITY, total = 0;
    for (int64_t s = 0; s < samples; s++)
        largest = fmax(largest, w[s * rows]);
    for (int64_t s = 0; s < samples; s++)
        total += w[s * rows] = exp(w[s * rows] - largest);
    for (int64_t s = 0; s < samples; s++)
        w[s * rows] /= total;
    return largest + log(total / (double)samples);
}

/* Converts log-weights [samples,rows] to weights that sum to 1 over the samples. Returns the mean over the rows of
 * -log((1/samples) sum_s w). */
static double normalize(int64_t samples, int64_t rows, double *log_weight)
{
    double bound = 0;
    for (int64_t r = 0; r < rows; r++)
        bound += normalize_row(samples, rows, log_weight + r);
    return -bound / (double)rows;
}

/* ---- value and derivatives ------------------------------------------------------------------- */

/* Evaluates the likelihood twice if gradients are needed: first to compute the weights, then for the derivatives with
 * these weights. */
static double value(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double beta = ratio_weight(b, call);
    call->likelihood(call->user, 0, NULL);
    call->recon = gnl_code_mean_nll(c);
    for (int64_t s = 0; s < c->samples; s++) {
        gnl_latents_ratio(call->latents, c, s, c->kl);
        for (int64_t r = 0; r < c->rows; r++)
            c->weight[s * c->rows + r] = -c->nll[s * c->rows + r] - beta * c->kl[r];
    }
    double bound = normalize(c->samples, c->rows, c->weight);
    if (call->gradients)
        call->likelihood(call->user, 1 / (double)c->rows, c->weight);
    return bound;
}

static void weight_rows(const gnl_code *c, const double *weight, gnl_real *x)
{
    for (int64_t r = 0; r < c->rows; r++)
        c->compute.k->scale(c->dims, (gnl_real)weight[r], x + r * c->dims, x + r * c->dims);
}

static double ratio_factor(const gnl_bound *b, const gnl_bound_call *call)
{
    return ratio_weight(b, call) / (double)call->code->rows;
}

/* Adds the derivatives of log q(z|x) - log p(z) by z. The doubly reparametrized estimator multiplies the gradient
 * through z by the weight a second time. */
static void backward_z(const gnl_bound *b, gnl_bound_call *call)
{
    gnl_code *c = call->code;
    const double factor = ratio_factor(b, call);
    for (int64_t s = 0; s < c->samples; s++) {
        const double *weight = c->weight + s * c->rows;
        gnl_latents_ratio_backward(call->latents, c, s, factor, weight, GNL_BY_Z);
        if (is_doubly(gnl_kind_opts(&b->kind)))
            weight_rows(c, weight, c->dz + s * c->rows * c->dims);
    }
}

static void backward_heads(const gnl_bound *b, gnl_bound_call *call)
{
    const gnl_code *c = call->code;
    const double factor = ratio_factor(b, call);
    for (int64_t s = 0; s < c->samples && !is_doubly(gnl_kind_opts(&b->kind)); s++)
        gnl_latents_ratio_backward(call->latents, c, s, factor, c->weight + s * c->rows, GNL_BY_HEADS);
}

const gnl_bound_type gnl_bound_importance = {
    .kind = {.name = "importance",
             .options = &table,
             .help = "importance-weighted bound of several codes (IWAE)",
             .is_surrogate = is_doubly},
    .weighs = true,
    .check = check,
    .value = value,
    .includes = includes,
    .backward_z = backward_z,
    .backward_heads = backward_heads,
};
