/* SPDX-License-Identifier: MIT */
/* What only the files of net know: the layout of an exec's memory. */
#ifndef GNL_NET_PRIV_H
#define GNL_NET_PRIV_H

#include "net/net.h"

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

enum { GNL_MOST_PERIODS = 3 };

/* A buffer and the periods during which its content counts. Buffers that never count at the same time may share memory. */
typedef struct gnl_span {
    int64_t unit; /* numbers of one tile */
    gnl_extent extent;
    int64_t numbers;
    int periods;
    gnl_period period[GNL_MOST_PERIODS]; /* in order, none touches the next */
    int64_t late; /* so many of the first numbers, whole lines of the cache, count from late_begin on only */
    int late_begin;
    int64_t size;   /* numbers in whole lines of the cache */
    int64_t offset; /* the answer */
    int64_t best;   /* the answer as far as it is known */
} gnl_span;

/* Gives every span an offset, multiples of 64 bytes; returns the numbers wanted altogether. `order` is room
 * for count indices. */
int64_t gnl_plan_spans(gnl_span *span, int count, int *order);

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

static inline gnl_real *gnl_at(gnl_place place, int64_t tile)
{
    return place.base ? place.base + tile * place.stride : NULL;
}

/* Passes over one tile, for penalty.c, after a forward pass over all. */
int64_t gnl_exec_tiles(const genlat_exec *exec); /* of the rows of that pass */
int64_t gnl_exec_tile_rows(const genlat_exec *exec, int64_t tile);
void gnl_exec_backward_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned wanted);
void gnl_exec_jvp_tile(genlat_exec *exec, int64_t tile);
void gnl_exec_backward_dual_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned tangents_mask,
                                 unsigned wanted);

/* Numbers rounded up to whole cache lines. */
int64_t gnl_padded(int64_t numbers);

/* Points at the parts of weights that a node's steps use. */
void gnl_bind_weights(const genlat_exec *exec, const gnl_node *node, gnl_step *step, gnl_real *grad[]);

/* Whether layers compute its gradient. That of a reparametrized weight also counts for those beside it. */
bool gnl_weight_is_wanted(const genlat_net *net, int weight);

/* A weight as [outer,n,inner], n being the outputs: the matrix has n rows of outer x inner numbers. */
typedef struct gnl_matrix {
    int64_t outer, n, inner;
    const gnl_kernels *k;
} gnl_matrix;

gnl_matrix gnl_matrix_of(const genlat_net *net, const gnl_param *p);

/* ---- reparametrized weights, reparam.c ----------------------------------------------------------------- */

/* The tensors beside a weight, by index 0, 1, ...; false: no more. */
bool gnl_reparam_param(const gnl_param *of, int index, gnl_param *out);
/* First values of the tensors beside a weight, from its own. */
void gnl_reparam_start(const genlat_net *net, const gnl_weight *weight);
genlat_status gnl_reparam_alloc(genlat_exec *exec);
/* Makes the weights for a forward pass; in training the power iteration of spectral norms goes one step on. */
void gnl_reparam_make(genlat_exec *exec, bool training);
/* Around each pass that adds to gradients of weights: they start from 0, and end in those of the net. */
void gnl_reparam_begin(const genlat_exec *exec);
void gnl_reparam_end(const genlat_exec *exec);

#endif
