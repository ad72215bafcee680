/* SPDX-License-Identifier: MIT */
/* The structs of a net. */
#ifndef GNL_NET_PRIV_H
#define GNL_NET_PRIV_H

#include "net/net.h"
#include "net/part.h"

/* A node of the graph: an input (layer NULL) or a layer, whose inputs are earlier nodes. */
typedef struct gnl_node {
    char *name;
    genlat_layer *layer;
    int inputs;
    int input[GNL_MAX_INPUTS];
    gnl_shape shape;  /* of one sample */
    int first_weight; /* index in net->weight */
    int weights;      /* parameters of the layer, followed by the auxiliary tensors of reparametrized ones */
    int params;       /* parameters of the layer */
    int owner;        /* the node whose weights it uses: itself, or an earlier node with share= */
} gnl_node;

struct genlat_net {
    gnl_object object;
    int nodes;
    gnl_node *node;
    int inputs; /* nodes 0 .. inputs-1 are the inputs */
    int outputs;
    int output[GENLAT_MAX_OUTPUTS];
    int weights;
    gnl_weight *weight;
    int64_t values; /* numbers in value and in grad. Every weight starts at a multiple of 64 bytes; gaps are 0. */
    gnl_real *value, *grad;        /* grad is NULL until gradients are needed */
    const genlat_exec *grad_owner; /* the exec whose workspace contains grad; NULL: grad has its own memory */
    int64_t states;
    gnl_real *state; /* tensors that are not trained, such as running statistics */
    uint16_t *bf16;  /* weights in bfloat16, for a net for inference only; NULL: none */
};

/* Bytes of a line of a graph: a layer with its options, name=, from= and share=, each at its longest. */
enum { GNL_NODE_TEXT = 1280 };

/* Writes a node, such as "input x 1x28x28" or "dense units=2 name=a from=x", as text that the builder reads. */
genlat_status gnl_net_node_text(const genlat_net *net, int node, char *text, size_t capacity);
/* Writes a line such as "output mean,logvar". */
void gnl_net_outputs_text(const genlat_net *net, char text[GNL_NODE_TEXT]);

/* Builds a net from text with lines for inputs and outputs, of a file. Its weights together may have at most
 * max_numbers; they are zero, and the caller fills them. */
genlat_status gnl_net_from_graph(genlat_ctx *ctx, const char *text, int64_t max_numbers, genlat_net **out);

/* Reports that none of the first nodes has a name; `what` is the text before it, such as "unknown node". */
genlat_status gnl_net_unknown_node(const genlat_net *net, int nodes, const char *name, const char *what);

/* Rounds a count of numbers up to whole cache lines. */
int64_t gnl_padded(int64_t numbers);

/* Returns whether layers compute the gradient of a weight: if it is not frozen, or if the gradients of its auxiliary
 * tensors are computed from it. */
bool gnl_weight_needs_grad(const genlat_net *net, int weight);

/* A weight as a matrix. The weight has the shape [outer,n,inner], where n counts the outputs; the matrix has n rows of
 * outer * inner numbers. */
typedef struct gnl_matrix {
    int64_t outer, n, inner;
    const gnl_kernels *k;
} gnl_matrix;

gnl_matrix gnl_matrix_of(const genlat_net *net, const gnl_param *p);

/* Describes auxiliary tensor `index` (0, 1, ...) of a reparametrized weight. Returns false past the last. */
bool gnl_reparam_param(const gnl_param *of, int index, gnl_param *out);
/* Initializes the auxiliary tensors of a weight from its values. */
void gnl_reparam_init(const genlat_net *net, const gnl_weight *weight);

#endif
