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
 * Derivatives by z go to code->dz and to the gradients of the prior's parameters, those by the heads to code->dhead. */
void gnl_latents_ratio_backward(const gnl_latents *latents, const gnl_code *code, int64_t s, double factor,
                                const double *weight, unsigned by);

#endif
