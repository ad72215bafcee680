/* SPDX-License-Identifier: MIT */
/* The structs of an exec. */
#ifndef GNL_EXEC_PRIV_H
#define GNL_EXEC_PRIV_H

#include "net/exec.h"
#include "net/net_priv.h"

/* The place of a buffer in the arena. Tile t starts at base + t * stride. stride 0: all tiles use the same memory. */
typedef struct gnl_place {
    gnl_real *base; /* NULL: there is no such buffer */
    int64_t stride;
} gnl_place;

/* The route of a derivative by one input of a layer to the node that computed the input. If that node has several
 * readers, one of them writes the node's adjoint. The others write a buffer of their own, which is then added to it. */
typedef struct gnl_route {
    int node;                           /* the node that computed the input */
    gnl_place adjoint, tangent_adjoint; /* where the layer writes; base NULL: not requested */
    bool added;                         /* a buffer of its own, added to the node's adjoint afterwards */
} gnl_route;

/* Kinds of passes. */
typedef enum gnl_pass {
    GNL_PASS_FORWARD,
    GNL_PASS_TANGENT,
    GNL_PASS_RECOMPUTE,
    GNL_PASS_BACKWARD,
    GNL_PASSES
} gnl_pass;

/* The calls of one layer. */
typedef struct gnl_run {
    gnl_step step;
    int node;
    gnl_route route[GNL_MAX_INPUTS];
    bool skip;      /* forward has nothing to do: the layer is a view, y is x */
    bool skip_back; /* backward has nothing to do: dx is dy */
    int recompute;  /* the node before whose backward call y is recomputed; 0: y is not recomputed */
    gnl_place cache;
    gnl_real *scratch[GNL_PASSES];
    gnl_real *grad[GNL_MAX_PARAMS]; /* gradients of the parameters; passes that compute them set step.grad to these */
} gnl_run;

/* A reparametrized weight. Each exec stores the values of its last forward pass for the backward pass, because other
 * execs of the same net may run between the two. */
typedef struct gnl_reparam {
    const gnl_weight *weight;
    gnl_real *effective, *grad; /* [count] the weight that layers use, and the gradient by it */
    gnl_real *u, *v;            /* spectral norm: approximate singular vectors; weight norm: NULL */
    double sigma;               /* spectral norm: u^T W v */
} gnl_reparam;

/* Buffers of a node. A buffer for one tile contains the numbers of the tile that was processed last. */
typedef struct gnl_buffers {
    gnl_place value;       /* y, as the forward pass writes it */
    gnl_place later_value; /* y, as later passes read it: in another place if it is recomputed */
    gnl_place adjoint, tangent, tangent_adjoint;
} gnl_buffers;

struct genlat_exec {
    gnl_object object;
    genlat_net *net;
    genlat_exec_opts opts;
    int64_t capacity;  /* most rows */
    int64_t rows;      /* rows of the last forward pass; 0: there was none */
    int64_t tile;      /* rows of a tile; capacity: there is a single tile */
    bool recomputes;   /* activations are not kept: the backward pass repeats the forward pass of each tile */
    bool has_backward; /* a backward pass has run since the last forward pass */
    gnl_compute compute;
    int runs;
    gnl_run *run;
    gnl_buffers *buffer; /* [nodes]; the values of inputs are the caller's memory */
    gnl_real *arena;
    int64_t arena_numbers;
    genlat_exec *outer;           /* the exec whose workspace contains the arena; NULL: the arena has its own memory */
    int64_t passes, outer_passes; /* number of passes, and of passes of the outer exec at the last forward pass */
    gnl_real *nested_space;       /* memory for nested execs: unused between the forward and the backward pass */
    int64_t nested_numbers, nested_used; /* size of nested_space, and the part in use */
    int nested;                          /* number of nested execs */
    /* Gradients in the workspace: other buffers use the memory of the first late_grads numbers until the backward call
     * of node late_from. They are set to zero before that call. */
    int64_t late_grads;
    int late_from;
    bool overwritten; /* a nested exec has run since the last backward pass and has overwritten its gradients */
    gnl_rng dropout;
    int reparams;
    gnl_reparam *reparam;
    gnl_real *effective; /* memory of all entries of reparam */
    bool held;  /* singular vectors stay fixed: training passes run no power iteration; for finite differences */
    bool folds; /* every layer is piecewise affine: penalties use the folded method */
    gnl_real *fold_x, *fold_dy; /* workspace of the folded method, for the input and output gradient of one layer */
    genlat_tensor *view[GENLAT_MAX_OUTPUTS];   /* outputs, as tensors that the caller borrows */
    genlat_tensor *input_view[GNL_MAX_INPUTS]; /* gradients of the inputs, likewise */
#ifdef GNL_POISON
    struct gnl_poison *poison; /* test builds only, see poison.c */
#endif
};

/* Returns the address of a tile in a buffer, or NULL if there is no buffer. */
static inline gnl_real *gnl_at(gnl_place place, int64_t tile)
{
    return place.base ? place.base + tile * place.stride : NULL;
}

/* Passes over one tile, after a forward pass over all tiles. Penalties use them. */
int64_t gnl_exec_tiles(const genlat_exec *exec); /* tiles of the last forward pass */
int64_t gnl_exec_tile_rows(const genlat_exec *exec, int64_t tile);
void gnl_exec_backward_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned requested);
void gnl_exec_jvp_tile(genlat_exec *exec, int64_t tile);
void gnl_exec_backward_dual_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned tangents_mask,
                                 unsigned requested);

/* ---- reparametrized weights, reparam.c ------------------------------------------------------- */

genlat_status gnl_reparam_alloc(genlat_exec *exec);
/* Computes the effective weights for a forward pass. Training first runs a power iteration of each spectral norm. */
void gnl_reparam_compute(genlat_exec *exec, gnl_mode mode);
/* Call these before and after each pass that computes gradients of weights. The first sets the gradients by effective
 * weights to zero; the second adds them to the gradients of the net's tensors. */
void gnl_reparam_begin(const genlat_exec *exec);
void gnl_reparam_end(const genlat_exec *exec);

#endif
