/* SPDX-License-Identifier: MIT */
/* What the files of the kinds share. */
#ifndef GNL_LATENT_PRIV_H
#define GNL_LATENT_PRIV_H

#include "latent/latent.h"

/* Options of an instance, as the struct of its kind. */
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

/* Rows of a task that works on rows of `width` numbers. */
int64_t gnl_latent_grain(int64_t width);
double gnl_latent_mean(int64_t n, const double *x);
double gnl_code_mean_nll(const gnl_code *code); /* of all samples */
double gnl_term_beta(const gnl_term *t, double factor); /* 0: it has none */

/* Adds factor times weight[row] (NULL: 1) times the partial derivatives of the log-ratio of sample s: by z to code->dz and to
 * the prior's own gradients, by the heads to code->dhead. */
void gnl_latents_ratio_backward(const gnl_latents *latents, const gnl_code *code, int64_t s, double factor,
                                const double *weight, unsigned by);
/* Derivatives of all samples through z, summed into code->dhead. */
void gnl_latents_draw_backward(const gnl_latents *latents, const gnl_code *code);

#endif
