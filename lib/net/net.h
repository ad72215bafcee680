/* SPDX-License-Identifier: MIT */
/*
 * net: a graph of layers. builder.c collects it, net.c holds the weights, facts.c and layout.c find which memory a run
 *      needs and when, plan.c where it lies, compile.c makes an exec of that, exec.c runs it, reparam.c makes weights under
 *      spectral or weight norm, check.c compares gradients, store.c saves and loads.
 * Uses: base, kernel, tensor, io, layer.
 * Adding: what a layer needs from a run goes into gnl_step, never into an `if` on its kind here.
 * Tests: tests/unit/test_store.c, tests/grad/test_net.c, test_tile.c, test_penalty.c, tests/golden/.
 */
#ifndef GNL_NET_H
#define GNL_NET_H

#include "io/io.h"
#include "layer/layer.h"
#include "genlat/net.h"

/* A node is an input (layer NULL) or a layer; its inputs are earlier nodes. */
typedef struct gnl_node {
    char *name;
    genlat_layer *layer;
    int inputs;
    int input[GNL_MAX_INPUTS];
    gnl_shape shape;  /* of one sample */
    int first_weight; /* in net->weight */
    int weights;      /* the layer's params, then what their reparametrizations need */
    int params;
    int owner; /* the node whose weights it uses: itself, or an earlier one */
} gnl_node;

/* A named weight: a piece of the arena of trained values, or of the arena of states. */
typedef struct gnl_weight {
    char *name;
    gnl_param param;
    int64_t offset, count;
    bool frozen;
    bool half; /* a piece of the arena of halves */
    int beside; /* of a reparametrized weight: the first of those that belong to it; or 0 */
} gnl_weight;

struct genlat_net {
    gnl_object object;
    int nodes;
    gnl_node *node;
    int inputs; /* nodes 0 .. inputs-1 are the inputs */
    int outputs;
    int output[GENLAT_MAX_OUTPUTS];
    int weights;
    gnl_weight *weight;
    int64_t
        values; /* numbers in the arenas below; every weight starts at a multiple of 64 bytes, gaps are 0 */
    gnl_real *value, *grad; /* grad is NULL until training wants it */
    const genlat_exec *lender; /* the exec that grad lies in; or NULL */
    int64_t states;
    gnl_real *state; /* running statistics and the like */
    uint16_t *half;  /* weights in bfloat16; NULL: none. Such a net is for inference only. */
};

/* ---- net ---------------------------------------------------------------------------------------------- */

genlat_net *gnl_net_retain(genlat_net *net);
void gnl_net_release(genlat_net *net);
genlat_status gnl_net_init(genlat_net *net, uint64_t seed, uint64_t substream);
genlat_status gnl_net_want_grad(genlat_net *net); /* allocates the gradients, once */
void gnl_net_zero_grad(genlat_net *net);
int gnl_net_find_node(const genlat_net *net, const char *name);   /* -1: none */
int gnl_net_find_weight(const genlat_net *net, const char *name); /* -1: none */
gnl_real *gnl_net_weight_data(const genlat_net *net, int weight); /* value or state */
int64_t gnl_net_size(const genlat_net *net);
/* Text of a node's layer with its builder keys, as the builder reads it. */
genlat_status gnl_net_node_text(const genlat_net *net, int node, char *text, size_t capacity);

/* Appends the lines of genlat_net_describe() after `used` bytes; returns the bytes used, or that would have
 * been. */
size_t gnl_net_describe(const genlat_net *net, char *text, size_t capacity, size_t used);

/* Builds from text as genlat_net_builder_text() reads it, on one input (or more, `inputs` shapes with names).
 */
genlat_status gnl_net_from_text(genlat_ctx *ctx, int inputs, const char *const *names,
                                const gnl_shape *shapes, const char *text, genlat_net **out);

/* Graph as text under the metadata key "genlat.<prefix>net", weights under <prefix> + their names. */
genlat_status gnl_net_write(const genlat_net *net, gnl_writer *writer, const char *prefix);
/* Fills the weights of a net that exists: all of them, or none after an error. */
genlat_status gnl_net_read(genlat_net *net, const gnl_reader *reader, const char *prefix);
/* Builds a net from its graph and fills it. */
genlat_status gnl_net_restore(genlat_ctx *ctx, const gnl_reader *reader, const char *prefix,
                              genlat_net **out);

/* E_STATE with "function: " before it for a net with weights in bfloat16. */
genlat_status gnl_net_check_whole(const genlat_net *net, const char *function);

/* A net of the same graph with the same numbers in memory of its own. */
genlat_status gnl_net_twin(const genlat_net *net, genlat_net **out);

/* Orthogonal regularization (Brock, Donahue, Simonyan 2019): adds `strength` times the gradient of the sum over weight
 * matrices W (of dense layers and convolutions, one row an output) of |W W^T without its diagonal|^2 / 2 to the net's
 * gradients, and returns that sum. space: as many numbers as gnl_net_orthogonal_space() says. */
int64_t gnl_net_orthogonal_space(const genlat_net *net);
double gnl_net_orthogonal(genlat_net *net, const gnl_compute *compute, double strength, gnl_real *space);

/* ---- exec --------------------------------------------------------------------------------------------- */

/* What a backward pass computes. */
enum { GNL_GRAD_WEIGHTS = 1, GNL_GRAD_INPUTS = 2 };

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
typedef enum gnl_pass { GNL_PASS_FORWARD, GNL_PASS_TANGENT, GNL_PASS_AGAIN, GNL_PASS_BACKWARD, GNL_PASSES } gnl_pass;

typedef struct gnl_run {
    gnl_step step;
    int node;
    gnl_route route[GNL_MAX_INPUTS];
    bool skip;                        /* a view: y is x */
    bool skip_back;                   /* dx is dy */
    int again; /* the node before whose backward call y is made again; 0: y is kept, or not needed */
    gnl_place cache;
    gnl_real *scratch[GNL_PASSES];
    gnl_real *wanted[GNL_MAX_PARAMS]; /* gradients when weights are wanted */
} gnl_run;

/* A weight that is made anew for each forward pass. The exec keeps what backward needs of that pass, so that
 * another exec of the net may run in between. */
typedef struct gnl_reparam {
    const gnl_weight *weight;
    gnl_real *made, *grad; /* [count] what layers multiply with, and its gradient */
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
    genlat_exec *host; /* in whose room the arena lies; NULL: in memory of its own */
    int64_t passes, host_passes; /* passes so far, and the host's at the last forward pass */
    gnl_real *room;              /* for guests: free between the forward and the backward pass */
    int64_t room_numbers, room_used;
    int guests;
    int64_t late_grads; /* of lent gradients, so many of the first count from the backward call of node late_from on only */
    int late_from;
    bool trampled; /* a guest has run since the last pass: after a backward pass its gradients are gone */
    gnl_rng dropout;
    int reparams;
    gnl_reparam *reparam;
    gnl_real *made;         /* the numbers of all reparam */
    bool held;              /* training passes leave the vectors of spectral norms alone: gradients hold them too */
    bool folds;             /* every layer is piecewise affine: penalties fold into one backward pass */
    gnl_real *mix, *scaled; /* room for it: as large as the largest input and output of a layer */
    genlat_tensor *view[GENLAT_MAX_OUTPUTS];   /* outputs, made once, lent out */
    genlat_tensor *input_view[GNL_MAX_INPUTS]; /* gradients of the inputs */
#ifdef GNL_POISON
    struct gnl_poison *poison; /* of test builds, see poison.c */
#endif
};

genlat_exec_opts gnl_exec_opts(uint32_t purpose, bool input_grads);
genlat_exec_opts gnl_exec_training(bool input_grads, bool recompute);
genlat_status gnl_net_compile(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, genlat_exec **out);
/* In the room of a host, or NULL. */
genlat_status gnl_exec_compile_guest(genlat_exec *host, genlat_net *net, int64_t rows, const genlat_exec_opts *opts,
                                     genlat_exec **out);
int64_t gnl_exec_bytes(const genlat_exec *exec); /* also of one that has only been planned */
/* Of one that would be compiled. */
genlat_status gnl_net_exec_bytes(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, int64_t *bytes);
void gnl_exec_release(genlat_exec *exec);

/* x: one pointer an input, [rows,...], which must stay until the last backward pass on it. */
void gnl_exec_forward(genlat_exec *exec, bool training, int64_t rows, const gnl_real *const *x);
gnl_real *gnl_exec_output(const genlat_exec *exec, int index);
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
