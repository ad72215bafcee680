/* SPDX-License-Identifier: MIT */
/* What a net is made of. */
#ifndef GNL_NET_PRIV_H
#define GNL_NET_PRIV_H

#include "net/net.h"
#include "net/part.h"

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

struct genlat_net {
    gnl_object object;
    int nodes;
    gnl_node *node;
    int inputs; /* nodes 0 .. inputs-1 are the inputs */
    int outputs;
    int output[GENLAT_MAX_OUTPUTS];
    int weights;
    gnl_weight *weight;
    int64_t values; /* numbers in the arenas below; every weight starts at a multiple of 64 bytes, gaps are 0 */
    gnl_real *value, *grad; /* grad is NULL until an exec for training is compiled */
    const genlat_exec *grad_owner; /* the exec in whose workspace grad lies; or NULL */
    int64_t states;
    gnl_real *state; /* running statistics and the like */
    uint16_t *bf16;  /* weights in bfloat16; NULL: none. Such a net is for inference only. */
};

/* A whole graph as text; for what comes from files, with the most numbers that its weights may have. The weights are then
 * zero, for the caller to fill. */
typedef struct gnl_net_text {
    int inputs;
    const char *const *names;
    const gnl_shape *shapes;
    const char *layers;   /* as genlat_net_builder_text() reads them, with a line of outputs */
    int64_t most_numbers; /* 0: any */
} gnl_net_text;

genlat_status gnl_net_from_graph(genlat_ctx *ctx, const gnl_net_text *text, genlat_net **out);

/* Numbers rounded up to whole cache lines. */
int64_t gnl_padded(int64_t numbers);

/* Whether layers compute its gradient. That of a reparametrized weight also counts for those beside it. */
bool gnl_weight_is_wanted(const genlat_net *net, int weight);

/* A weight as [outer,n,inner], n being the outputs: the matrix has n rows of outer x inner numbers. */
typedef struct gnl_matrix {
    int64_t outer, n, inner;
    const gnl_kernels *k;
} gnl_matrix;

gnl_matrix gnl_matrix_of(const genlat_net *net, const gnl_param *p);

/* The tensors beside a weight, by index 0, 1, ...; false: no more. */
bool gnl_reparam_param(const gnl_param *of, int index, gnl_param *out);
/* First values of the tensors beside a weight, from its own. */
void gnl_reparam_start(const genlat_net *net, const gnl_weight *weight);

#endif
