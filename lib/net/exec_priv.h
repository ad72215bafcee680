/* SPDX-License-Identifier: MIT */
/* What an exec is made of. */
#ifndef GNL_EXEC_PRIV_H
#define GNL_EXEC_PRIV_H

#include "net/exec.h"
#include "net/net_priv.h"

/* A buffer: of all samples, so that tile t starts at base + t stride; or of one tile at a time, where stride is 0. */
typedef struct gnl_place {
    gnl_real *base; /* NULL: no such buffer */
    int64_t stride;
} gnl_place;

/* The part of one input of a step that backward writes: straight into the gradient of the node that the input
 * comes from, or beside it and then added. */
typedef struct gnl_route {
    int node;
    gnl_place adjoint, tangent_adjoint; /* where the layer writes; none: not wanted */
    bool added;                         /* afterwards added to the node's own */
} gnl_route;

/* Directions in which a run goes through its layer. */
typedef enum gnl_pass { GNL_PASS_FORWARD, GNL_PASS_TANGENT, GNL_PASS_RECOMPUTE, GNL_PASS_BACKWARD, GNL_PASSES } gnl_pass;

typedef struct gnl_run {
    gnl_step step;
    int node;
    gnl_route route[GNL_MAX_INPUTS];
    bool skip;                        /* a view: y is x */
    bool skip_back;                   /* dx is dy */
    int recompute; /* the node before whose backward call y is recomputed; 0: y is kept, or not needed */
    gnl_place cache;
    gnl_real *scratch[GNL_PASSES];
    gnl_real *grad[GNL_MAX_PARAMS]; /* gradients of the weights, for passes that compute them */
} gnl_run;

/* A weight that is computed from others before each forward pass. The exec keeps what backward needs of that pass, so that
 * another exec of the net may run in between. */
typedef struct gnl_reparam {
    const gnl_weight *weight;
    gnl_real *effective, *grad; /* [count] what layers multiply with, and its gradient */
    gnl_real *u, *v;       /* spectral norm: the vectors of this pass, NULL for weight norm */
    double sigma;
} gnl_reparam;

/* Buffers of a node within the exec's arena. Those of one tile hold what the last tile has left. */
typedef struct gnl_buffers {
    gnl_place value, later; /* later: as passes after the first find it */
    gnl_place adjoint, tangent, tangent_adjoint;
} gnl_buffers;

struct genlat_exec {
    gnl_object object;
    genlat_net *net;
    genlat_exec_opts opts;
    int64_t capacity; /* rows compiled for */
    int64_t rows;     /* of the last forward pass; 0: none yet */
    int64_t tile;     /* rows that go through the net together; capacity: all of them */
    bool recomputes;  /* the backward pass of a tile begins with its forward pass, since nothing was kept */
    bool has_backward;
    gnl_compute compute;
    int runs;
    gnl_run *run;
    gnl_buffers *buffer; /* one a node; an input's value is the caller's */
    gnl_real *arena;
    int64_t arena_numbers;
    genlat_exec *outer;          /* in whose workspace the arena lies; NULL: in memory of its own */
    int64_t passes, outer_passes; /* passes so far, and those of the outer exec at the last forward pass */
    gnl_real *nested_space;      /* for nested execs: unused between the forward and the backward pass */
    int64_t nested_numbers, nested_used;
    int nested; /* number of nested execs */
    /* With gradients in the workspace, the first late_grads of them are valid from the backward call of node late_from on only. */
    int64_t late_grads;
    int late_from;
    bool overwritten; /* a nested exec has run since the last pass: the gradients of a backward pass are gone */
    gnl_rng dropout;
    int reparams;
    gnl_reparam *reparam;
    gnl_real *effective;    /* the numbers of all reparam */
    bool held;              /* training passes leave the vectors of spectral norms alone: gradients hold them too */
    bool folds;             /* every layer is piecewise affine: penalties fold into one backward pass */
    gnl_real *mix, *scaled; /* space for it: as large as the largest input and output of a layer */
    genlat_tensor *view[GENLAT_MAX_OUTPUTS];   /* outputs, made once and given to the caller as borrowed */
    genlat_tensor *input_view[GNL_MAX_INPUTS]; /* gradients of the inputs */
#ifdef GNL_POISON
    struct gnl_poison *poison; /* of test builds, see poison.c */
#endif
};

static inline gnl_real *gnl_at(gnl_place place, int64_t tile)
{
    return place.base ? place.base + tile * place.stride : NULL;
}

/* Passes over one tile, for penalty.c, after a forward pass over all. */
int64_t gnl_exec_tiles(const genlat_exec *exec); /* of the rows of that pass */
int64_t gnl_exec_tile_rows(const genlat_exec *exec, int64_t tile);
void gnl_exec_backward_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned wanted);
void gnl_exec_jvp_tile(genlat_exec *exec, int64_t tile);
void gnl_exec_backward_dual_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned tangents_mask,
                                 unsigned wanted);

/* ---- reparametrized weights, reparam.c ----------------------------------------------------------------- */

genlat_status gnl_reparam_alloc(genlat_exec *exec);
/* Makes the weights for a forward pass; in training the power iteration of spectral norms goes one step on. */
void gnl_reparam_make(genlat_exec *exec, gnl_mode mode);
/* Around each pass that adds to gradients of weights: they start from 0, and end in those of the net. */
void gnl_reparam_begin(const genlat_exec *exec);
void gnl_reparam_end(const genlat_exec *exec);

#endif
