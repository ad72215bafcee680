/* SPDX-License-Identifier: MIT */
/*
 * A part: named tensors that a model trains or keeps, as arenas of values and of states. A part is a net, an average of
 * one, or the numbers of a prior or a likelihood. What saving, snapshots and optimizers need to know of it is here.
 */
#ifndef GNL_PART_H
#define GNL_PART_H

#include "net/net.h"

/* A named weight: a piece of the arena of trained values, or of the arena of states. */
typedef struct gnl_weight {
    char *name;
    gnl_param param;
    int64_t offset, count;
    bool frozen;
    bool bf16;     /* a piece of the arena of bfloat16 numbers */
    int auxiliary; /* of a reparametrized weight: index of the first weight that belongs to it; or 0 */
} gnl_weight;

/* Files that keep a part: every file of the model, or only those from which training goes on. */
typedef enum gnl_keep { GNL_KEEP_MODEL, GNL_KEEP_TRAINING } gnl_keep;

typedef struct gnl_part {
    const char *name;         /* prefix of its tensors in files: "encoder", "prior" */
    const char *former;       /* prefix of its moments in older files, where that was another; NULL: name */
    genlat_net *net;          /* whose arenas these are; NULL: arenas of another owner */
    gnl_weight *weight; /* names, shapes and places of the tensors */
    int weights;
    gnl_real *value, *grad, *state; /* grad NULL: none, or the net's own, see gnl_part_grad() */
    int64_t values, states;         /* numbers in them */
    int optimizer;                  /* index of the model's optimizer that updates it; -1: none */
    gnl_keep keep;
} gnl_part;

gnl_part gnl_part_of_net(genlat_net *net, const char *name, int optimizer);
/* The same tensors in arenas of another owner, such as an average; state may be NULL: values alone. */
gnl_part gnl_part_like_net(const genlat_net *net, const char *name, gnl_real *value, gnl_real *state);
gnl_real *gnl_part_grad(const gnl_part *part); /* NULL: it has none now */
void gnl_part_zero_grad(genlat_ctx *ctx, const gnl_part *part);
/* Weights whose names start with prefix; returns how many there are. */
int gnl_part_freeze(const gnl_part *part, const char *prefix, bool frozen);

/* ---- numbers of other owners ----------------------------------------------------------------- */

/* Tensors of a prior, a term or the like, laid out as those of a net. */
typedef struct gnl_numbers {
    int weights;
    gnl_weight *weight;
    int64_t values, states;
    gnl_real *value, *grad, *state;
} gnl_numbers;

/* Allocates tensors and fills them from substreams `substream` of the seed's initial values. count may be 0. */
genlat_status gnl_numbers_make(genlat_ctx *ctx, const gnl_param *param, int count, uint64_t seed, uint64_t substream,
                               gnl_numbers *out);
void gnl_numbers_free(genlat_ctx *ctx, gnl_numbers *numbers);
gnl_real *gnl_numbers_data(const gnl_numbers *numbers, int weight); /* value or state */
gnl_real *gnl_numbers_grad(const gnl_numbers *numbers, int weight);
gnl_part gnl_part_of_numbers(const gnl_numbers *numbers, const char *name, int optimizer);

#endif
