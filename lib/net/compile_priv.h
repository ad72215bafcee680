/* SPDX-License-Identifier: MIT */
/* What facts.c and layout.c find out of a net and compile.c makes an exec of. */
#ifndef GNL_COMPILE_PRIV_H
#define GNL_COMPILE_PRIV_H

#include "net/exec_priv.h"

/* How many tiles a buffer holds. */
typedef enum gnl_extent {
    GNL_EXTENT_NEEDED, /* all where its content must outlive a pass, or else one */
    GNL_EXTENT_ONE,
    GNL_EXTENT_ALL
} gnl_extent;

/* Times from begin to end, both among them. */
typedef struct gnl_period {
    int begin, end;
} gnl_period;

enum { GNL_MAX_PERIODS = 3 };

/* A buffer and the periods during which its content counts. Buffers that never count at the same time may share memory. */
typedef struct gnl_span {
    int64_t unit; /* numbers of one tile */
    gnl_extent extent;
    int64_t numbers;
    int periods;
    gnl_period period[GNL_MAX_PERIODS]; /* in order, none touches the next */
    int64_t late; /* so many of the first numbers, whole lines of the cache, count from late_begin on only */
    int late_begin;
    int64_t size;   /* numbers in whole lines of the cache */
    int64_t offset; /* the answer */
    int64_t best;   /* the answer as far as it is known */
} gnl_span;

/* Gives every span an offset, multiples of 64 bytes; returns the numbers of all together. `order` is space
 * for count indices. */
int64_t gnl_plan_spans(gnl_span *span, int count, int *order);

/* The kinds of buffers of a node that the arena holds. */
typedef enum gnl_buffer_kind {
    GNL_VALUE,
    GNL_VALUE_RECOMPUTED, /* made a second time, for the backward pass */
    GNL_CACHE,
    GNL_ADJOINT,
    GNL_TANGENT,
    GNL_TANGENT_ADJOINT,
    GNL_BUFFER_KINDS
} gnl_buffer_kind;

/* What compiling knows of a node besides the net. */
typedef struct gnl_node_facts {
    gnl_layer_plan plan;
    bool needed; /* an output depends on it; others are not run */
    bool output;
    bool needs_adjoint;           /* weights or a wanted input lie behind it */
    int back_begin, back_end;  /* when its value counts in the backward pass, first and last; or 0 */
    int consumers;                /* slots of live layers that read it */
    int last_use;                 /* last node that reads it in the forward pass */
    int value_root, adjoint_root; /* the node whose buffer it uses: itself or an earlier one */
    bool kept;                    /* of a value root: the buffer holds what is not cheap to recompute */
    bool recomputed;              /* of a value root: the buffer is filled once more, for the backward pass */
    int span[GNL_BUFFER_KINDS];   /* index of its spans, or -1 */
    int scratch_span[GNL_PASSES];
    int route_span[GNL_MAX_INPUTS][2]; /* buffers beside the node's own: adjoint and tangent adjoint */
} gnl_node_facts;

/* A net on its way to an exec. */
typedef struct gnl_compiler {
    genlat_exec *exec;
    const genlat_net *net;
    gnl_node_facts *facts;
    gnl_span *span;
    int spans;
    int *order;
    int64_t rows;
    int64_t tile, tiles; /* rows in one, and how many there are */
    int fold_x_span, fold_dy_span;
    int nested_span, grad_span; /* for nested execs, and for the gradients of the net; or -1 */
    bool training, tangents;
} gnl_compiler;

/* Times. Of N nodes, node n runs forward at time n. From N on, until the backward pass begins, the program writes derivatives of
 * outputs and tangents of inputs, and nested execs run. The backward pass goes from the last node to the first and takes two
 * times for each: layers with GNL_LAYER_X_FIRST no longer read x in the second. Execs for penalties then run along the tangents,
 * and after that either in reverse through both passes ("dual") or once more through the layers to fold the penalty. All tiles
 * go forward first; then each tile goes through all other passes before the next does. */
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

/* From a time of the backward pass to that of the same call in the dual pass. */
static inline int gnl_dual_time(const gnl_compiler *c, int backward_time)
{
    return backward_time + 3 * c->net->nodes;
}

static inline int gnl_fold_time(const gnl_compiler *c, int node)
{
    return 7 * c->net->nodes + node;
}

/* Which node runs backward at a time. */
static inline int gnl_backward_node(const gnl_compiler *c, int time)
{
    return 2 * c->net->nodes - 1 - time / 2;
}

/* Fills c->facts, and chooses the tile. */
genlat_status gnl_find_facts(gnl_compiler *c);

/* Decides everything: what has to be allocated is known afterwards. */
genlat_status gnl_layout(gnl_compiler *c);

/* The node in whose buffer its adjoint lies. */
int gnl_adjoint_root(const gnl_compiler *c, int node);

/* When the backward call of a node begins to write the derivative by its input. */
int gnl_dx_begin(const gnl_compiler *c, int node);

uint32_t gnl_node_flags(const gnl_compiler *c, int node);

#endif
