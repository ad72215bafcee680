/* SPDX-License-Identifier: MIT */
/*
 * A part: named tensors that a model trains or stores, in an arena of values and an arena of states. A part is a net,
 * an average of a net, or the numbers of a prior or a likelihood. Files, snapshots and optimizers access them as parts.
 */
#ifndef GNL_PART_H
#define GNL_PART_H

#include "net/net.h"

/* A named tensor in the arena of values or, if param.state is set, in the arena of states. */
typedef struct gnl_weight {
    char *name;
    gnl_param param;
    int64_t offset, count; /* in numbers */
    bool frozen;           /* excluded from training */
    bool bf16;             /* lies in the arena of bfloat16 numbers instead */
    int auxiliary;         /* for a reparametrized weight: index of its first auxiliary tensor; else 0 */
} gnl_weight;

/* Which files contain a part: all files of the model, or only files with the state of training. */
typedef enum gnl_keep { GNL_KEEP_MODEL, GNL_KEEP_TRAINING } gnl_keep;

typedef struct gnl_part {
    const char *name;   /* prefix of its tensors in files: "encoder", "prior" */
    const char *former; /* prefix of its moments in older files, if it differs; NULL: name */
    genlat_net *net;    /* the net that owns the arenas; NULL: they have another owner */
    gnl_weight *weight; /* [weights] names, shapes and offsets of the tensors */
    int weights;
    gnl_real *value, *grad, *state; /* grad is NULL for nets and for untrained parts; use gnl_part_grad() */
    int64_t values, states;         /* numbers in the arenas */
    int optimizer;                  /* index of the model's optimizer that updates the part; -1: none */
    gnl_keep keep;
    bool fitted; /* the family computes its tensors without an optimizer */
} gnl_part;

gnl_part gnl_part_of_net(genlat_net *net, const char *name, int optimizer);
/* Returns a part with the tensors of a net in arenas of another owner, such as an average. state NULL: values only. */
gnl_part gnl_part_like_net(const genlat_net *net, const char *name, gnl_real *value, gnl_real *state);
gnl_real *gnl_part_grad(const gnl_part *part); /* NULL: no gradients are allocated */
void gnl_part_zero_grad(genlat_ctx *ctx, const gnl_part *part);
/* Sets `frozen` of all weights whose names start with prefix. Returns their number. */
int gnl_part_freeze(const gnl_part *part, const char *prefix, bool frozen);

/* ---- tensors outside nets -------------------------------------------------------------------- */

/* Tensors of a prior, a likelihood or a penalty, in arenas with the layout of a net's. */
typedef struct gnl_numbers {
    int weights;
    gnl_weight *weight;
    int64_t values, states;
    gnl_real *value, *grad, *state;
} gnl_numbers;

/* Allocates and initializes count >= 0 tensors. Tensor i draws from the stream of initial values of the seed, at
 * substream `substream` * 65536 + i. */
genlat_status gnl_numbers_make(genlat_ctx *ctx, const gnl_param *param, int count, uint64_t seed, uint64_t substream,
                               gnl_numbers *out);
void gnl_numbers_free(genlat_ctx *ctx, gnl_numbers *numbers);
gnl_real *gnl_numbers_data(const gnl_numbers *numbers, int weight); /* values or states */
gnl_real *gnl_numbers_grad(const gnl_numbers *numbers, int weight);
gnl_part gnl_part_of_numbers(const gnl_numbers *numbers, const char *name, int optimizer);

#endif
