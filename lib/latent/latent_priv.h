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

/* Adds factor times weight[row] (1 if weight is NULL) times the partial derivatives of the log-ratio of sample s.
 * Derivatives by z go to code->dz and to the gradients of the prior's parameters, those by the heads to code->dhead. If
 * the posterior has draws_density, GNL_BY_Z adds the derivative of log q to code->dlog_q, and draw_backward propagates
 * it through z and to the heads; GNL_BY_HEADS then adds nothing. */
void gnl_latents_ratio_backward(const gnl_latents *latents, const gnl_code *code, int64_t s, double factor,
                                const double *weight, unsigned by);

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
