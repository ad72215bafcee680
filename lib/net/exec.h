/* SPDX-License-Identifier: MIT */
/* Execs: a net compiled for a number of rows, with its workspace. */
#ifndef GNL_EXEC_H
#define GNL_EXEC_H

#include "net/net.h"

/* Mode of a forward pass. Training applies dropout, uses and updates batch statistics, and runs power iterations. */
typedef enum gnl_mode { GNL_EVAL = GENLAT_MODE_EVAL, GNL_TRAIN = GENLAT_MODE_TRAIN } gnl_mode;

/* Gradients that a backward pass computes; flags. */
enum { GNL_GRAD_WEIGHTS = 1, GNL_GRAD_INPUTS = 2 };

/* Exec options from designated initializers, such as GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING). Others are 0. */
#define GNL_EXEC_OPTS(...) ((genlat_exec_opts){.size = sizeof(genlat_exec_opts), __VA_ARGS__})
genlat_status gnl_net_compile(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, genlat_exec **out);
/* Compiles into the workspace of `outer`; NULL: into a workspace of its own. */
genlat_status gnl_exec_compile_nested(genlat_exec *outer, genlat_net *net, int64_t rows, const genlat_exec_opts *opts,
                                      genlat_exec **out);
int64_t gnl_exec_bytes(const genlat_exec *exec); /* bytes of workspace, planned or allocated */
/* Returns the bytes of workspace that an exec would need. Allocates only the plan, not the workspace. */
genlat_status gnl_net_exec_bytes(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, int64_t *bytes);
void gnl_exec_release(genlat_exec *exec);

const gnl_compute *gnl_exec_compute(const genlat_exec *exec);
int64_t gnl_exec_rows(const genlat_exec *exec);            /* rows of the last forward pass; 0: there was none */
void gnl_exec_set_dropout(genlat_exec *exec, gnl_rng rng); /* generator of dropout and noise for the next pass */
/* Returns whether the gradients of a net are valid. Gradients in the workspace of an exec become valid with its
 * backward pass, and invalid with the next forward pass of that exec or of one nested in it. */
bool gnl_net_grad_is_there(const genlat_net *net);

/* x: one pointer per input, [rows,...]. The data must stay unchanged until the last pass that follows has ended. */
void gnl_exec_forward(genlat_exec *exec, gnl_mode mode, int64_t rows, const gnl_real *const *x);
gnl_real *gnl_exec_output(const genlat_exec *exec, int index);
const gnl_real *gnl_exec_node(const genlat_exec *exec, int node); /* for execs compiled with keep */
/* The buffer into which the caller writes dLoss/dOutput before gnl_exec_backward. */
gnl_real *gnl_exec_output_grad(const genlat_exec *exec, int index);
/* outputs_mask: bit i is set if the caller has written the gradient of output i; the others are zero. requested: flags
 * GNL_GRAD_*. */
void gnl_exec_backward(genlat_exec *exec, unsigned outputs_mask, unsigned requested);
gnl_real *gnl_exec_input_grad(const genlat_exec *exec, int index);

/* Tangents, for execs with purpose penalty and a single tile. After the forward pass, the caller writes the tangents of
 * all inputs; gnl_exec_jvp() computes those of the outputs. The tangent of an input that no output depends on is
 * NULL. */
gnl_real *gnl_exec_input_tangent(const genlat_exec *exec, int index);
void gnl_exec_jvp(genlat_exec *exec);
gnl_real *gnl_exec_output_tangent(const genlat_exec *exec, int index);
gnl_real *gnl_exec_output_tangent_grad(const genlat_exec *exec, int index);
/* Reverse of the forward and the tangent pass. The bits of the masks are set for the adjoints of outputs and of output
 * tangents that the caller has written. */
void gnl_exec_backward_dual(genlat_exec *exec, unsigned outputs_mask, unsigned tangents_mask, unsigned requested);
gnl_real *gnl_exec_input_tangent_grad(const genlat_exec *exec, int index);

/* Function f of the norm |g| of an input gradient whose mean is the penalty. */
typedef enum gnl_penalty_kind {
    GNL_PENALTY_ZERO = GENLAT_PENALTY_ZERO,          /* |g|^2 / 2: R1, R2, zero-centred */
    GNL_PENALTY_ONE = GENLAT_PENALTY_ONE,            /* (|g| - 1)^2: WGAN-GP, DRAGAN */
    GNL_PENALTY_ONE_SIDED = GENLAT_PENALTY_ONE_SIDED /* max(0, |g| - 1)^2 */
} gnl_penalty_kind;

typedef struct gnl_penalty {
    gnl_penalty_kind kind;
    double weight;
    int input, output;     /* indices; the output has one number per sample */
    const gnl_real *dloss; /* [rows] derivative of a loss by the output, to add its weight gradients too; or NULL */
    bool general;          /* use the general method, even if the penalty folds */
} gnl_penalty;

/* Call after gnl_exec_forward(). Adds the gradients of weight * mean over rows of f(|d output / d input|), and of the
 * loss, to those of the weights. Returns the mean without the weight. norm2: [rows] receives |g|^2; NULL: not
 * requested. */
double gnl_exec_penalty(genlat_exec *exec, const gnl_penalty *penalty, double *norm2);

#endif
