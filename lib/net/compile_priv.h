/* SPDX-License-Identifier: MIT */
/* What layout.c finds out of a net and compile.c makes an exec of. */
#ifndef GNL_COMPILE_PRIV_H
#define GNL_COMPILE_PRIV_H

#include "net/net_priv.h"

/* The kinds of buffers that the arena holds. */
typedef enum buffer_kind { VALUE, VALUE_AGAIN, CACHE, ADJOINT, TANGENT, TANGENT_ADJOINT, KINDS } buffer_kind;

/* What compiling knows of a node besides the net. */
typedef struct node_facts {
    gnl_layer_plan plan;
    bool live; /* an output depends on it; others are not run */
    bool output;
    bool wants_adjoint;                /* weights or a wanted input lie behind it */
    int first_back, needed_back;       /* when its value is read after the forward pass, first and last; or 0 */
    bool kept;                         /* its buffer holds what cannot be made again at little cost */
    bool remade;                       /* its buffer is filled once more, for the backward pass */
    int consumers;                     /* slots of live layers that read it */
    int last_use;                      /* last node that reads it in the forward pass */
    int value_root, adjoint_root;      /* the node whose buffer it uses: itself or an earlier one */
    int span[KINDS];                   /* index of its spans, or -1 */
    int scratch_span[GNL_PASSES];
    int route_span[GNL_MAX_INPUTS][2]; /* buffers beside the node's own: adjoint and tangent adjoint */
} node_facts;

typedef struct compiler {
    genlat_exec *exec;
    const genlat_net *net;
    node_facts *facts;
    gnl_span *span;
    int spans, span_room;
    int *order;
    int64_t rows;
    int64_t tile, tiles; /* rows in one, and how many there are */
    int mix_span, scaled_span;
    bool training, tangents;
} compiler;

/* Times: node n runs forward at n, along tangents at N + n, and backward at 3N - n. A tile goes through all nodes forward
 * before the next does; and then each from N to 3N. */
static inline int gnl_tangent_time(const compiler *c, int node)
{
    return c->net->nodes + node;
}

/* Also the node that runs backward at a time. */
static inline int gnl_backward_time(const compiler *c, int node)
{
    return 3 * c->net->nodes - node;
}

/* Decides everything: what has to be allocated is known afterwards. */
genlat_status gnl_layout(compiler *c);

/* The node in whose buffer its adjoint lies. */
int gnl_adjoint_root(const compiler *c, int node);

uint32_t gnl_node_flags(const compiler *c, int node);

#endif
