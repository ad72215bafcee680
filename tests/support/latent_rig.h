/* SPDX-License-Identifier: MIT */
/* Latent codes without a real encoder and decoder: the heads are arrays filled by a test, and the likelihood is a
 * function of the code. */
#ifndef LATENT_RIG_H
#define LATENT_RIG_H

#include "latent/latent.h"

typedef struct latent_rig {
    genlat_ctx *ctx;
    gnl_latents *latents;
    gnl_code code;
    genlat_net *encoder, *decoder; /* for kinds that run them; the encoder's input has 5 elements */
    gnl_real *head[GNL_MAX_HEADS]; /* input of the code, [rows,width] */
    gnl_real *target;              /* of the likelihood, [rows,dims] */
    gnl_bound_call call;           /* arguments of the last evaluation */
    gnl_prior_type held;           /* type of a prior whose draws are held or given */
    const gnl_prior_type *prior;   /* the original type of the prior */
    gnl_real *repeated;            /* draws of the first evaluation, repeated in later ones; NULL: none */
    int64_t known;                 /* of them */
    const gnl_real *given;         /* given draws, [rows,dims] or [samples,rows,dims] */
    int64_t drawn;                 /* draws since the start of the evaluation */
    gnl_real *space;               /* for matrix products */
} latent_rig;

/* Returns whether both are discrete, or none is, and whether both have groups, or none has. */
bool latent_rig_pairs(const gnl_posterior_type *posterior, const gnl_prior_type *prior);
/* Returns the usual partner of a kind: a prior for a posterior, a posterior for a prior. */
const char *latent_rig_prior(const gnl_posterior_type *posterior);
const char *latent_rig_posterior(const gnl_prior_type *prior);

/* Returns the text of a kind with its defaults, except that nets are small. */
const char *latent_rig_small(const char *kind);
/* Returns whether the posterior and the prior can be combined. */
bool latent_rig_pair(genlat_ctx *ctx, const gnl_posterior_type *q, const gnl_prior_type *p);

/* Splits "posterior/prior/terms/bound" into its texts, which the result borrows. */
gnl_latent_spec latent_rig_spec(char *text, int64_t dims);

/* Returns the status of gnl_latents_new(); any other failure fails the running test. */
genlat_status latent_rig_open(latent_rig *r, genlat_ctx *ctx, const gnl_latent_spec *spec, int64_t rows,
                              int64_t samples);
void latent_rig_close(latent_rig *r);

/* Fills heads, noise, targets and parameters of kinds with normal numbers. Outputs become NaN, or 0 where the
 * library adds to them. */
void latent_rig_fill(latent_rig *r, uint64_t seed);

/* -log p(x|z) = sum over the dimensions of (1 + d/2) (z - target)^2 / 2 + 0.3 sin z. */
double latent_rig_nll(const latent_rig *r, int64_t row, const gnl_real *z);

/* Draws the codes and evaluates the objective, with a schedule factor of 0.7. `gradients`: prepares a backward pass. */
double latent_rig_objective(latent_rig *r, bool gradients);
/* Also computes the derivatives: of heads in code.dhead, of parameters in the gradients of the kinds. */
double latent_rig_backward(latent_rig *r);

/* Subsequent evaluations use the draws from the prior of the next one. This makes finite differences by the parameters
 * ignore their effect on draws. */
void latent_rig_hold_draws(latent_rig *r);
/* Subsequent evaluations use these draws from the prior, in order: [rows,dims] or, for terms that draw one for each
 * code, [samples,rows,dims]. */
void latent_rig_give_draws(latent_rig *r, const gnl_real *draws);

#endif
