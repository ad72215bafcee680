/* SPDX-License-Identifier: MIT */
/*
 * Runs a net without planning: node by node, with separate memory for every value, derivative, tangent, cache and
 * scratch. All
 * memory is NaN before each call. Nothing is in place and nothing is recomputed. Results of execs are compared with
 * this.
 *
 * With a jitter, every number that a layer writes is multiplied by 1 + jitter times a random number from [-1,1]. The
 * change of
 * the results is an estimate of the effect of rounding errors of that size.
 */
#ifndef REFERENCE_EXEC_H
#define REFERENCE_EXEC_H

#include "net/exec_priv.h"

typedef struct reference_node reference_node;

typedef struct reference_exec {
    genlat_net *net; /* not owned; its weights and states do not change */
    int64_t rows;
    bool held; /* training passes do not update the vectors of spectral norms */
    gnl_rng dropout;
    double jitter;
    gnl_rng noise;
    gnl_real *value, *state;        /* copies of the weights and states of the net */
    gnl_real *computed, *dcomputed; /* [values] weights after reparametrization, and their gradients */
    gnl_real *grad;                 /* [values] accumulated by backward passes; unchanged for frozen weights */
    reference_node *node;
} reference_exec;

void reference_open(reference_exec *r, genlat_net *net, int64_t rows, double jitter, uint64_t seed);
void reference_close(reference_exec *r);

/* Copies weights and states from the net. x [inputs] pointers to [rows,...]. */
void reference_forward(reference_exec *r, bool training, const gnl_real *const *x);
/* dy [outputs]; NULL: zero. */
void reference_backward(reference_exec *r, const gnl_real *const *dy);
/* Along the tangents tx [inputs]. */
void reference_jvp(reference_exec *r, const gnl_real *const *tx);
/* Reverse of forward and jvp together; dy and dty [outputs], NULL: zero. */
void reference_dual(reference_exec *r, const gnl_real *const *dy, const gnl_real *const *dty);
/* Like gnl_exec_penalty(), always with the dual pass; norm2 [rows]. Leaves the derivatives of the penalized output
 * in the inputs. */
double reference_penalty(reference_exec *r, const gnl_penalty *penalty, double *norm2);

/* Of all rows; NULL for nodes that no output depends on. */
const gnl_real *reference_value(const reference_exec *r, int node);
const gnl_real *reference_adjoint(const reference_exec *r, int node);
const gnl_real *reference_tangent(const reference_exec *r, int node);
const gnl_real *reference_tangent_adjoint(const reference_exec *r, int node);

#endif
