/* SPDX-License-Identifier: MIT */
/*
 * Random graphs of layers: every kind in the table, with options drawn from its options table. Options that `infer`
 * refuses are
 * drawn anew. A seed always results in the same graph.
 */
#ifndef RANDOM_GRAPH_H
#define RANDOM_GRAPH_H

#include "net/exec_priv.h"

enum { GRAPH_TEXT = 16384, GRAPH_INPUTS = 4, GRAPH_INTEGERS = 3 /* integers are 0, 1 or 2 */ };

/* Families of graphs. */
typedef enum graph_family {
    GRAPH_ANY,    /* all kinds, several outputs */
    GRAPH_CRITIC, /* kinds that support gradient penalties; output 0 is one number per sample */
    GRAPH_FOLDED, /* of these, the piecewise affine ones */
    GRAPH_FAMILIES
} graph_family;

typedef struct random_graph {
    uint64_t seed;
    graph_family family;
    int inputs;
    const char *name[GRAPH_INPUTS];
    gnl_shape shape[GRAPH_INPUTS];
    bool integer[GRAPH_INPUTS]; /* the input holds integers, as embeddings need */
    char text[GRAPH_TEXT];      /* layers and outputs, one per line */
} random_graph;

void random_graph_make(genlat_ctx *ctx, uint64_t seed, random_graph *graph);
/* Builds the net in a context, with initial weights of the context. Returns NULL if the builder refuses it. */
genlat_net *random_graph_build(genlat_ctx *ctx, const random_graph *graph);

/* ---- coverage -------------------------------------------------------------------------------- */

/* Counts kinds and option values of the nodes that an output depends on. */
void graph_stats_add(const genlat_net *net);
void graph_stats_print(void);
/* Prints every kind, enumeration value and option that never occurred with a value other than the default; returns
 * their number. */
int graph_stats_missing(void);

#endif
