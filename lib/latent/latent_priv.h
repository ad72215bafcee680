/* SPDX-License-Identifier: MIT */
/* Helpers shared by the kinds. */
#ifndef GNL_LATENT_PRIV_H
#define GNL_LATENT_PRIV_H

#include "latent/latent.h"

/* Indices of the instances of gnl_latents, also of their workspaces in gnl_code.work. */
enum { GNL_KIND_POSTERIOR, GNL_KIND_PRIOR, GNL_KIND_BOUND, GNL_KIND_FIRST_TERM };

static inline int gnl_latents_kinds(const gnl_latents *l)
{
    return GNL_KIND_FIRST_TERM + l->terms;
}

/* Returns the instance at an index, or NULL if it has not been created. */
static inline gnl_kind *gnl_latents_kind(const gnl_latents *l, int index)
{
    switch (index) {
    case GNL_KIND_POSTERIOR:
        return l->posterior ? &l->posterior->kind : NULL;
    case GNL_KIND_PRIOR:
        return l->prior ? &l->prior->kind : NULL;
    case GNL_KIND_BOUND:
        return l->bound ? &l->bound->kind : NULL;
    default:
        return index < gnl_latents_kinds(l) ? &l->term[index - GNL_KIND_FIRST_TERM]->kind : NULL;
    }
}

/* Returns the options of an instance, a struct defined by its kind. */
static inline const void *gnl_kind_opts(const gnl_kind *kind)
{
    return kind->opts;
}

static inline void *gnl_kind_work(const gnl_kind *kind, const gnl_code *code)
{
    return code->work[kind->index];
}

static inline const gnl_real *gnl_code_z(const gnl_code *code, int64_t s)
{
    return code->z + s * code->rows * code->dims;
}

/* Returns the rows per parallel task, for rows of `width` numbers. */
int64_t gnl_latent_grain(int64_t width);
double gnl_latent_mean(int64_t n, const double *x);
double gnl_code_mean_nll(const gnl_code *code);         /* over all samples and rows */
double gnl_term_beta(const gnl_term *t, double factor); /* 0 if the term has no KL */

/* ---- critics --------------------------------------------------------------------------------- */

/* A net that tells codes from other vectors: its output is the log-odds of being one of the real vectors. Terms train
 * it against the encoder. The workspace of such a term begins with a gnl_critic. */
typedef struct gnl_critic {
    genlat_exec *exec;
    gnl_real *pair; /* [2 rows,dims] the real and the fake vectors; NULL without training */
    int64_t *order; /* [rows] for permutations; NULL without training */
} gnl_critic;

/* Creates a net of `depth` hidden layers with leaky rectifiers. */
genlat_status gnl_critic_net(const gnl_kind *kind, int64_t width, int64_t depth, genlat_net **out);
/* Functions of a gnl_kind_type whose workspace is a gnl_critic. */
genlat_status gnl_critic_work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env,
                                  void **work);
void gnl_critic_work_free(genlat_ctx *ctx, void *work);
/* Returns the outputs for all codes, [samples*rows]. */
const gnl_real *gnl_critic_odds(const gnl_critic *critic, const gnl_code *code);
/* After gnl_critic_odds(): adds the derivatives of a loss to code->dz. The caller has written those by the outputs to
 * gnl_critic_slopes(). */
gnl_real *gnl_critic_slopes(const gnl_critic *critic);
void gnl_critic_backward_z(const gnl_critic *critic, const gnl_code *code);
/* Adds the derivatives of the cross-entropy of real and fake vectors, scaled by factor, to the gradients of the net.
 * The caller has written `rows` of each to `pair`. */
void gnl_critic_learn(const gnl_critic *critic, int64_t rows, double factor);

/* ---- ratios ---------------------------------------------------------------------------------- */

/* Adds factor times weight[row] (1 if weight is NULL) times the partial derivatives of the log-ratio of sample s.
 * Derivatives by z go to code->dz and to the gradients of the prior's parameters, those by the heads to code->dhead. If
 * the posterior has draws_density, GNL_BY_Z adds the derivative of log q to code->dlog_q, and draw_backward propagates
 * it through z and to the heads; GNL_BY_HEADS then adds nothing. */
void gnl_latents_ratio_backward(const gnl_latents *latents, const gnl_code *code, int64_t s, double factor,
                                const double *weight, unsigned by);

/* ---- mixtures of diagonal Gaussians: gauss_mixture.c ------------------------------------------ */

/* A mixture, values derived from its parameters, and workspace for the rows of a batch. */
typedef struct gnl_gauss_mixture {
    int64_t count, dims;           /* components and dimensions */
    const gnl_real *mean, *logvar; /* [count,dims], set by the owner; log-variances are clamped to [-10, 10] */
    double *log_weight;            /* [count] logs of the weights, set by the owner; they sum to 1 */
    double *precision;             /* [count,dims] e^-logvar */
    double *constant;              /* [count] log of weight times normalization constant */
    double *share;                 /* [rows,count] log-densities, then responsibilities */
} gnl_gauss_mixture;

/* Allocates a mixture as one block of memory. */
genlat_status gnl_gauss_mixture_new(genlat_ctx *ctx, int64_t count, int64_t dims, int64_t rows,
                                    gnl_gauss_mixture **out);
/* Computes what depends on means, log-variances and weights. */
void gnl_gauss_mixture_prepare(gnl_gauss_mixture *m);
void gnl_gauss_mixture_log_density(const gnl_gauss_mixture *m, const gnl_code *c, const gnl_real *z,
                                   double *out); /* [rows] */
/* Adds factor times weight[row] (1 if weight is NULL) times the derivatives of the log-density. dlogit [count] receives
 * those by the logits of the weights; NULL: not requested. */
void gnl_gauss_mixture_log_density_backward(const gnl_gauss_mixture *m, const gnl_code *c, const gnl_real *z,
                                            double factor, const double *weight, gnl_real *dz, gnl_real *dmean,
                                            gnl_real *dlogvar, gnl_real *dlogit);
/* Samples from component i. */
void gnl_gauss_mixture_sample(const gnl_gauss_mixture *m, int64_t i, gnl_rng *rng, const gnl_prior_draw *draw,
                              gnl_real *z);

/* ---- bounds that contain the KL (weighted.c) --------------------------------------------------- */

/* How the gradient of a bound reaches the encoder: as the derivative of the value, doubly reparametrized, or only
 * through the codes. */
typedef enum gnl_estimator { GNL_ESTIMATOR_TOTAL, GNL_ESTIMATOR_DOUBLY, GNL_ESTIMATOR_PATH } gnl_estimator;
extern const char *const gnl_estimator_names[];

/* Functions of gnl_bound_type for bounds that contain the KL without free bits or a capacity. */
bool gnl_bound_includes_kl(const gnl_bound *b, const gnl_term *t);
genlat_status gnl_bound_check_kl(const gnl_bound *b, const gnl_latents *l);
/* Returns E_UNSUPPORTED if an estimator other than the total derivative needs partial derivatives of the density that
 * the posterior does not compute. */
genlat_status gnl_bound_check_partial(const gnl_bound *b, const gnl_latents *l);
/* Returns the weight of the log-ratio of posterior and prior. */
double gnl_bound_kl_weight(const gnl_bound *b, const gnl_bound_call *call);

/* Options of the bounds log(mean of w^(1 - alpha)) / (1 - alpha) of the importance weights w. */
typedef struct gnl_weighted_opts {
    size_t size;
    double alpha;
    uint32_t estimator, reserved;
} gnl_weighted_opts;

bool gnl_weighted_is_surrogate(const void *opts);
genlat_status gnl_weighted_check(const gnl_bound *b, const gnl_latents *l);
double gnl_weighted_value(const gnl_bound *b, gnl_bound_call *call);
void gnl_weighted_backward_z(const gnl_bound *b, gnl_bound_call *call);
void gnl_weighted_backward_heads(const gnl_bound *b, gnl_bound_call *call);

#endif
