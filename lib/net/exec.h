/* SPDX-License-Identifier: MIT */
/* Execs: a net compiled for a number of rows, with the memory that its passes need. */
#ifndef GNL_EXEC_H
#define GNL_EXEC_H

#include "net/net.h"

/* Whether a forward pass is one of training: dropout, statistics of batches, power iterations. */
typedef enum gnl_mode { GNL_EVAL = GENLAT_MODE_EVAL, GNL_TRAIN = GENLAT_MODE_TRAIN } gnl_mode;

/* What a backward pass computes. */
enum { GNL_GRAD_WEIGHTS = 1, GNL_GRAD_INPUTS = 2 };

/* Complete options: GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1); what is not named is 0. */
#define GNL_EXEC_OPTS(...) ((genlat_exec_opts){.size = sizeof(genlat_exec_opts), __VA_ARGS__})
genlat_status gnl_net_compile(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, genlat_exec **out);
/* In the workspace of an outer exec, or NULL. */
genlat_status gnl_exec_compile_nested(genlat_exec *outer, genlat_net *net, int64_t rows, const genlat_exec_opts *opts,
                                     genlat_exec **out);
int64_t gnl_exec_bytes(const genlat_exec *exec); /* also of one that has only been planned */
/* Of one that would be compiled. */
genlat_status gnl_net_exec_bytes(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, int64_t *bytes);
void gnl_exec_release(genlat_exec *exec);

const gnl_compute *gnl_exec_compute(const genlat_exec *exec);
int64_t gnl_exec_rows(const genlat_exec *exec);              /* of the last forward pass; 0: there was none */
void gnl_exec_set_dropout(genlat_exec *exec, gnl_rng rng);   /* numbers of the dropout layers, from the next pass on */
/* False when the gradients of a net lie in an exec that has not run backward since its last forward pass, or that of a nested
 * exec. */
bool gnl_net_grad_is_there(const genlat_net *net);

/* x: one pointer an input, [rows,...], which must stay until the last backward pass on it. */
void gnl_exec_forward(genlat_exec *exec, gnl_mode mode, int64_t rows, const gnl_real *const *x);
gnl_real *gnl_exec_output(const genlat_exec *exec, int index);
const gnl_real *gnl_exec_node(const genlat_exec *exec, int node); /* of execs compiled with keep */
/* The buffer into which the caller writes dLoss/dOutput before gnl_exec_backward. */
gnl_real *gnl_exec_output_grad(const genlat_exec *exec, int index);
/* Only the outputs of the mask count: bit i set means that the buffer of output i has been written. */
void gnl_exec_backward(genlat_exec *exec, unsigned outputs_mask, unsigned wanted);
gnl_real *gnl_exec_input_grad(const genlat_exec *exec, int index);

/* Tangents, for execs compiled for penalties, of one tile: forward along what the caller has written into the tangents of
 * all inputs since the forward pass. An input on which no output depends has none: NULL. */
gnl_real *gnl_exec_input_tangent(const genlat_exec *exec, int index);
void gnl_exec_jvp(genlat_exec *exec);
gnl_real *gnl_exec_output_tangent(const genlat_exec *exec, int index);
gnl_real *gnl_exec_output_tangent_grad(const genlat_exec *exec, int index);
/* Reverse of forward and jvp together: adjoints of outputs and of their tangents, each by its mask. */
void gnl_exec_backward_dual(genlat_exec *exec, unsigned outputs_mask, unsigned tangents_mask,
                            unsigned wanted);
gnl_real *gnl_exec_input_tangent_grad(const genlat_exec *exec, int index);

/* Function of the norm of an input gradient that a penalty lowers. */
typedef enum gnl_penalty_kind {
    GNL_PENALTY_ZERO = GENLAT_PENALTY_ZERO, /* |g|^2 / 2: R1, R2, zero-centred */
    GNL_PENALTY_ONE = GENLAT_PENALTY_ONE,   /* (|g| - 1)^2: WGAN-GP, DRAGAN */
    GNL_PENALTY_ONE_SIDED = GENLAT_PENALTY_ONE_SIDED /* max(0, |g| - 1)^2 */
} gnl_penalty_kind;

typedef struct gnl_penalty {
    gnl_penalty_kind kind;
    double weight;
    int input, output; /* of the net; the output has one number a sample */
    const gnl_real *dloss; /* [rows] derivative of a loss by the output, whose weight gradients are added too; or NULL */
    bool general; /* do not fold, even where that is possible */
} gnl_penalty;

/* After gnl_exec_forward: adds to the weights the gradient of weight * mean over rows of f(|d output / d input|), and of
 * the loss. Returns that mean without the weight; norm2 [rows], if not NULL, receives the squared norms. */
double gnl_exec_penalty(genlat_exec *exec, const gnl_penalty *penalty, double *norm2);

#endif
