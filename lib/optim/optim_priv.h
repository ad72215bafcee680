/* SPDX-License-Identifier: MIT */
/* Rules of optimizers, kinds of schedules, and the members of an optimizer. */
#ifndef GNL_OPTIM_PRIV_H
#define GNL_OPTIM_PRIV_H

#include "optim/optim.h"

/* ---- rules ----------------------------------------------------------------------------------- */

/* Moments of the update kernels that a rule uses. */
enum { GNL_MOMENT_M = 1, GNL_MOMENT_V = 2, GNL_MOMENT_W = 4 };

/* A rule. Its options include lr, weight_decay, clip_norm, clip_value and accumulate, which are found by name. */
typedef struct gnl_rule {
    const char *name;
    const gnl_options_table *options;
    const char *moment[GNL_MAX_MOMENTS]; /* names of m, v and w in checkpoints */
    gnl_update_fn *(*kernel)(const gnl_kernels *k);
    unsigned (*moments)(const void *opts);
    genlat_status (*check)(const void *opts); /* checks combinations of options; NULL: no check */
    /* Sets the scalars of step number `step`, counted from 1. lr, decay, gradient_scale and gradient_bound are already
     * set. */
    void (*prepare)(const void *opts, int64_t step, gnl_update *u);
    const char *help;
} gnl_rule;

extern const gnl_rule *const gnl_rules[]; /* terminated by NULL */
const gnl_rule *gnl_rule_find(const char *name);

/* Options at the end of every rule's table. */
#define GNL_OPTIM_COMMON(type) GNL_OPTIM_COMMON_DECAY(type, 0)
#define GNL_OPTIM_COMMON_DECAY(type, decay)                                                                            \
    GNL_OPT_REAL(type, weight_decay, decay, 0, 1e6, "weight decay"),                                                   \
        GNL_OPT_REAL(type, clip_norm, 0, 0, 1e30, "maximum norm of all gradients together; 0: no clipping"),           \
        GNL_OPT_REAL(type, clip_value, 0, 0, 1e30, "maximum absolute value of a gradient element; 0: no clipping"),    \
        GNL_OPT_INT(type, accumulate, 1, 1, 1 << 30, "number of backward passes averaged per step")

/* ---- the optimizer --------------------------------------------------------------------------- */

/* A part and the moments of its values. */
typedef struct gnl_arena {
    gnl_part part;     /* its net is retained */
    char *name;        /* copy of part.name */
    genlat_loss *loss; /* retained, if the part belongs to a loss; otherwise NULL */
    gnl_real *moment[GNL_MAX_MOMENTS];
} gnl_arena;

/* Part of an arena that one task updates. The boundaries depend only on the weights. */
typedef struct gnl_piece {
    int arena;
    int weight; /* index in the part; -1: the part has no list of weights */
    int64_t offset, count;
    double lr_scale, decay;
    double square; /* sum of squares of its gradients in the current step */
} gnl_piece;

struct genlat_optim {
    gnl_object object;
    const gnl_rule *rule;
    const gnl_kernels *k;
    _Alignas(16) unsigned char opts[GNL_MAX_OPTIM_OPTION_BYTES];
    double lr, weight_decay, clip_norm, clip_value;
    int64_t accumulate;
    int64_t steps;
    double norm;
    int arenas;
    gnl_arena *arena;
    size_t arena_capacity;
    int64_t pieces;
    gnl_piece *piece;
    size_t piece_capacity;
};

/* opts is a complete struct of the rule's table. */
genlat_status gnl_optim_new(genlat_ctx *ctx, const gnl_rule *rule, const void *opts, genlat_optim **out);

/* ---- schedules ------------------------------------------------------------------------------- */

enum { GNL_MAX_SCHEDULE_OPTION_BYTES = 160, GNL_MAX_SEGMENTS = 16 };

/* Options at the beginning of every kind's options. */
typedef struct gnl_schedule_head {
    size_t size;
    double from;
    double warmup_from;
    int64_t warmup;
    int64_t steps;
} gnl_schedule_head;

/* A kind of schedule. */
typedef struct gnl_schedule_type {
    const char *name;
    const gnl_options_table *options;
    /* Returns the value at a step, counted from 0 after the warm-up. `length` is the number of steps without warm-up;
     * 0: unlimited. */
    double (*at)(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length);
    void (*report)(const void *opts, gnl_schedule_state *state, double metric); /* NULL: ignores reports */
    bool endless;                                                               /* steps may be 0 */
    const char *help;
} gnl_schedule_type;

extern const gnl_schedule_type *const gnl_schedule_types[]; /* terminated by NULL */
const gnl_schedule_type *gnl_schedule_type_find(const char *name);

#endif
