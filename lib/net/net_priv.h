/* SPDX-License-Identifier: MIT */
/* What only the files of net know: the layout of an exec's memory. */
#ifndef GNL_NET_PRIV_H
#define GNL_NET_PRIV_H

#include "net/net.h"

/* A buffer and the time during which its content counts. Buffers whose times do not meet may share memory. */
typedef struct gnl_span {
    int64_t numbers;
    int begin, end; /* inclusive */
    int64_t offset; /* the answer */
} gnl_span;

/* Gives every span an offset, multiples of 64 bytes; returns the numbers wanted altogether. `order` is room
 * for count indices. */
int64_t gnl_plan_spans(gnl_span *span, int count, int *order);

/* A whole graph as text; for what comes from files, with the most numbers that its weights may have. */
typedef struct gnl_net_text {
    int inputs;
    const char *const *names;
    const gnl_shape *shapes;
    const char *layers;
    const char *outputs;  /* names of nodes; NULL: the last node */
    int64_t most_numbers; /* 0: any */
} gnl_net_text;

genlat_status gnl_net_from_graph(genlat_ctx *ctx, const gnl_net_text *text, genlat_net **out);

/* Numbers rounded up to whole cache lines. */
int64_t gnl_padded(int64_t numbers);

/* Points at the parts of weights that a node's steps use. */
void gnl_bind_weights(const genlat_net *net, const gnl_node *node, gnl_real *param[], gnl_real *grad[]);

#endif
