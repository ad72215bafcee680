/* SPDX-License-Identifier: MIT */
/*
 * Random graphs of layers: every kind of the table with options drawn from its options table, by rejection: what `infer`
 * refuses is drawn again. A seed always gives the same graph.
 */
#ifndef RANDOM_GRAPH_H
#define RANDOM_GRAPH_H

#include "net/exec_priv.h"

enum { GRAPH_TEXT = 16384, GRAPH_INPUTS = 4, GRAPH_WHOLE = 3 /* whole inputs are 0, 1 or 2 */ };

/* What a graph may be made of. */
typedef enum graph_family {
    GRAPH_ANY,    /* all kinds; several outputs */
    GRAPH_CRITIC, /* kinds that gradient penalties can go through; output 0 is one number a sample */
    GRAPH_FOLDED, /* of these the ones that are piecewise affine */
    GRAPH_FAMILIES
} graph_family;

typedef struct random_graph {
    uint64_t seed;
    graph_family family;
    int inputs;
    const char *name[GRAPH_INPUTS];
    gnl_shape shape[GRAPH_INPUTS];
    bool whole[GRAPH_INPUTS]; /* its numbers are whole, as an embedding takes them */
    char text[GRAPH_TEXT];    /* layers and outputs, a line each */
} random_graph;

void random_graph_make(genlat_ctx *ctx, uint64_t seed, random_graph *graph);
/* Its net in a context, with the context's first weights. NULL when the builder refuses it. */
genlat_net *random_graph_build(genlat_ctx *ctx, const random_graph *graph);

/* ---- what has been drawn --------------------------------------------------------------------- */

/* Counts the kinds and the values of options among the nodes that an output depends on. */
void graph_stats_add(const genlat_net *net);
void graph_stats_print(void);
/* Number of kinds, of names of enumerations and of options that have never had another value than the default; each is named
 * on standard output. */
int graph_stats_missing(void);

#endif
