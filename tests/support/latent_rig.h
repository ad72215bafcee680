/* SPDX-License-Identifier: MIT */
/* Codes between an encoder and a decoder that are not there: the heads are arrays that a test fills, the likelihood is a
 * function of the code. */
#ifndef LATENT_RIG_H
#define LATENT_RIG_H

#include "latent/latent.h"

typedef struct latent_rig {
    genlat_ctx *ctx;
    gnl_latents *latents;
    gnl_code code;
    genlat_net *encoder, *decoder;        /* for kinds that run them; their numbers are of no account */
    gnl_real *head[GNL_MAX_HEADS];        /* what the code reads, [rows,width] */
    gnl_real *target;                     /* [rows,dims] of the likelihood */
    gnl_bound_call call;                  /* the last evaluation */
    gnl_prior_type held;                  /* of a prior whose draws are held or given, */
    const gnl_prior_type *prior;          /* its own type, */
    gnl_real *drawn_by;                   /* the numbers that they are drawn by, */
    const gnl_real *given;                /* or the draws themselves, [rows,dims] */
    int64_t drawn;                        /* of those, since the start of the evaluation */
} latent_rig;

/* Answers what gnl_latents_new() does; any other failure fails the running test. */
genlat_status latent_rig_open(latent_rig *r, genlat_ctx *ctx, const gnl_latent_spec *spec, int64_t rows, int64_t samples);
void latent_rig_close(latent_rig *r);

/* Normal numbers as heads, noise, targets and trained numbers of kinds; what is written later becomes NaN, or 0 where the
 * library adds. */
void latent_rig_fill(latent_rig *r, uint64_t seed);

/* -log p(x|z) = sum over the dimensions of (1 + d/2) (z - target)^2 / 2 + 0.3 sin z. */
double latent_rig_nll(const latent_rig *r, int64_t row, const gnl_real *z);

/* Draws the codes and evaluates the objective, with a schedule's factor of 0.7; for backward with `gradients`. */
double latent_rig_objective(latent_rig *r, bool gradients);
/* The same and its derivatives, by heads in code.dhead, by trained numbers in the gradients of the kinds. */
double latent_rig_backward(latent_rig *r);

/* From now on codes are drawn from the prior with the numbers that it has now: for differences by these numbers, which do not
 * see draws as functions of them. */
void latent_rig_hold_draws(latent_rig *r);
/* From now on these [rows,dims] are drawn from the prior, one after the other, in every evaluation. */
void latent_rig_give_draws(latent_rig *r, const gnl_real *draws);

#endif
