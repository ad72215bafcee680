/* SPDX-License-Identifier: MIT */
/*
 * Runs a net without planning: node by node, with separate memory for every value, derivative, tangent, cache and scratch, which
 * is NaN before each call; nothing is in place and nothing recomputed. What an exec computes is compared with this.
 *
 * With a jitter, every number that a layer writes is multiplied by 1 + jitter times a random number from [-1,1]. How far the
 * results then move tells how much rounding errors of that size may change them.
 */
#ifndef REFERENCE_EXEC_H
#define REFERENCE_EXEC_H

#include "net/exec_priv.h"

typedef struct reference_node reference_node;

typedef struct reference_exec {
    genlat_net *net; /* borrowed; neither its weights nor its states change */
    int64_t rows;
    bool held; /* training passes leave the vectors of spectral norms alone */
    gnl_rng dropout;
    double jitter;
    gnl_rng noise;
    gnl_real *value, *state; /* copies of the net's arenas */
    gnl_real *made, *dmade;  /* [values] weights as layers see them, and their gradients */
    gnl_real *grad;          /* [values] added to by each backward pass; of frozen weights it stays as it is */
    reference_node *node;
} reference_exec;

void reference_open(reference_exec *r, genlat_net *net, int64_t rows, double jitter, uint64_t seed);
void reference_close(reference_exec *r);

/* Weights and states are taken from the net anew. x [inputs] pointers, [rows,...]. */
void reference_forward(reference_exec *r, bool training, const gnl_real *const *x);
/* dy [outputs]; NULL: zero. */
void reference_backward(reference_exec *r, const gnl_real *const *dy);
/* Along tx [inputs]. */
void reference_jvp(reference_exec *r, const gnl_real *const *tx);
/* Reverse of forward and jvp together; dy and dty [outputs], NULL: zero. */
void reference_dual(reference_exec *r, const gnl_real *const *dy, const gnl_real *const *dty);
/* As gnl_exec_penalty(), always by the dual pass; norm2 [rows]. Afterwards the derivatives of the inputs are those of the
 * output of the penalty. */
double reference_penalty(reference_exec *r, const gnl_penalty *penalty, double *norm2);

/* Of all rows; NULL for nodes on which no output depends. */
const gnl_real *reference_value(const reference_exec *r, int node);
const gnl_real *reference_adjoint(const reference_exec *r, int node);
const gnl_real *reference_tangent(const reference_exec *r, int node);
const gnl_real *reference_tangent_adjoint(const reference_exec *r, int node);

#endif
