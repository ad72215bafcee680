/* SPDX-License-Identifier: MIT */
/* The plan of an exec. facts.c and layout.c compute it from a net; compile.c creates the exec from it. */
#ifndef GNL_COMPILE_PRIV_H
#define GNL_COMPILE_PRIV_H

#include "net/exec_priv.h"

/* Number of tiles that a buffer holds. */
typedef enum gnl_extent {
    GNL_EXTENT_NEEDED, /* all if a later pass over all tiles reads the content, otherwise one */
    GNL_EXTENT_ONE,
    GNL_EXTENT_ALL
} gnl_extent;

/* The times begin, ..., end, both included. See gnl_backward_time(). */
typedef struct gnl_period {
    int begin, end;
} gnl_period;

enum { GNL_MAX_PERIODS = 3 };

/* A buffer and the periods in which it is live. Buffers that are never live at the same time may share memory. */
typedef struct gnl_span {
    int64_t unit; /* numbers of one tile */
    gnl_extent extent;
    int64_t numbers;
    int periods;
    gnl_period period[GNL_MAX_PERIODS]; /* sorted, with gaps between them */
    int64_t late; /* the first `late` numbers, whole cache lines, are live only from late_begin on */
    int late_begin;
    int64_t size;   /* numbers, rounded up to whole cache lines */
    int64_t offset; /* result, in numbers */
    int64_t best;   /* offset in the best layout found so far */
} gnl_span;

/* Sets the offset of every span, a multiple of 64 bytes. Returns the size of the arena in numbers. order: workspace for
 * 2 * count indices. */
int64_t gnl_plan_spans(gnl_span *span, int count, int *order);

/* Kinds of buffers that a node has in the arena. */
typedef enum gnl_buffer_kind {
    GNL_VALUE,
    GNL_VALUE_RECOMPUTED, /* recomputed for the backward pass */
    GNL_CACHE,
    GNL_ADJOINT,
    GNL_TANGENT,
    GNL_TANGENT_ADJOINT,
    GNL_BUFFER_KINDS
} gnl_buffer_kind;

/* Facts about a node that determine its buffers. */
typedef struct gnl_node_facts {
    gnl_layer_plan plan;
    bool needed; /* an output depends on it; other nodes do not run */
    bool output;
    bool needs_adjoint;           /* it depends on weights, or on an input whose gradient is requested */
    int back_begin, back_end;     /* first and last time at which the backward pass reads its value; 0: never */
    int consumers;                /* number of inputs of needed layers that are this node */
    int last_use;                 /* last node that reads it in the forward pass */
    int value_root, adjoint_root; /* the node whose buffer it uses: itself or another one */
    bool kept;                    /* of a value root: the buffer contains a value that is not cheap to recompute */
    bool recomputed;              /* of a value root: the buffer is recomputed for the backward pass */
    int span[GNL_BUFFER_KINDS];   /* indices in gnl_compiler.span, or -1 */
    int scratch_span[GNL_PASSES];
    int route_span[GNL_MAX_INPUTS][2]; /* separate buffers of routes: adjoint and tangent adjoint */
} gnl_node_facts;

/* The state of a compilation. */
typedef struct gnl_compiler {
    genlat_exec *exec;
    const genlat_net *net;
    gnl_node_facts *facts;
    gnl_span *span;
    int spans;
    int *order;
    int64_t rows;
    int64_t tile, tiles; /* rows of a tile, and number of tiles */
    int fold_x_span, fold_dy_span;
    int nested_span, grad_span; /* of nested execs and of the gradients of the net, or -1 */
    bool training, tangents;
} gnl_compiler;

/* Times order the reads and writes of buffers. With N nodes:
 * - Times 0 to N - 1: the forward pass. Node n runs at time n.
 * - From N to the start of the backward pass: the caller writes output gradients and input tangents; nested execs run.
 * - The backward pass, from the last node to the first. Each node takes two times. A layer with GNL_LAYER_X_FIRST reads
 *   x only in the first one.
 * - In execs for penalties: the tangent pass, then either the dual pass, which is the reverse of both passes, or the
 *   fold pass (see penalty.c).
 * The forward pass covers all tiles. After it, each tile runs through all other passes before the next tile starts. */
static inline int gnl_backward_time(const gnl_compiler *c, int node)
{
    return 2 * (2 * c->net->nodes - 1 - node);
}

static inline int gnl_backward_end(const gnl_compiler *c, int node)
{
    return gnl_backward_time(c, node) + 1;
}

static inline int gnl_tangent_time(const gnl_compiler *c, int node)
{
    return 4 * c->net->nodes + node;
}

/* Converts a time of the backward pass to that of the same call in the dual pass. */
static inline int gnl_dual_time(const gnl_compiler *c, int backward_time)
{
    return backward_time + 3 * c->net->nodes;
}

static inline int gnl_fold_time(const gnl_compiler *c, int node)
{
    return 7 * c->net->nodes + node;
}

/* Returns the node that runs at a time of the backward pass. */
static inline int gnl_backward_node(const gnl_compiler *c, int time)
{
    return 2 * c->net->nodes - 1 - time / 2;
}

/* Sets c->facts and chooses the tile. */
genlat_status gnl_find_facts(gnl_compiler *c);

/* Plans the exec: determines all spans, their offsets, and the size of the arena. */
genlat_status gnl_layout(gnl_compiler *c);

/* Returns the node whose buffer contains the adjoint of a node. */
int gnl_adjoint_root(const gnl_compiler *c, int node);

/* Returns the time at which the backward call of a node begins to write dx. */
int gnl_dx_begin(const gnl_compiler *c, int node);

uint32_t gnl_node_flags(const gnl_compiler *c, int node);

#endif
