/* SPDX-License-Identifier: MIT */
/* The rules of the optimizers and the kinds of schedules, for their tables; the optimizer's inside. */
#ifndef GNL_OPTIM_PRIV_H
#define GNL_OPTIM_PRIV_H

#include "optim/optim.h"

/* ---- rules ----------------------------------------------------------------------------------- */

/* Which moments of the update kernels a rule uses. */
enum { GNL_MOMENT_M = 1, GNL_MOMENT_V = 2, GNL_MOMENT_W = 4 };

/* A rule. Its options have lr, weight_decay, clip_norm, clip_value and accumulate, found by their names. */
typedef struct gnl_rule {
    const char *name;
    const gnl_options_table *options;
    const char *moment[GNL_MAX_MOMENTS]; /* names of m, v and w in checkpoints */
    gnl_update_fn *(*kernel)(const gnl_kernels *k);
    unsigned (*moments)(const void *opts);
    genlat_status (*check)(const void *opts); /* NULL: the ranges of the table say it all */
    /* Scalars of step number `step`, counted from 1; lr, decay, gradient_scale and gradient_bound are there
     * already. */
    void (*prepare)(const void *opts, int64_t step, gnl_update *u);
    const char *help;
} gnl_rule;

extern const gnl_rule *const gnl_rules[]; /* NULL-terminated */
const gnl_rule *gnl_rule_find(const char *name);

/* What every rule's table ends with. */
#define GNL_OPTIM_COMMON(type) GNL_OPTIM_COMMON_DECAY(type, 0)
#define GNL_OPTIM_COMMON_DECAY(type, decay)                                                                  \
    GNL_OPT_REAL(type, weight_decay, decay, 0, 1e6, "pull of the weights towards 0"),                        \
        GNL_OPT_REAL(type, clip_norm, 0, 0, 1e30, "largest norm of all gradients together; 0: not clipped"), \
        GNL_OPT_REAL(type, clip_value, 0, 0, 1e30, "largest size of a gradient's element; 0: not clipped"),  \
        GNL_OPT_INT(type, accumulate, 1, 1, 1 << 30, "backward passes that a step averages")

/* ---- the optimizer --------------------------------------------------------------------------- */

/* A part with the moments of its values. */
typedef struct gnl_arena {
    gnl_part part;     /* its net is retained */
    char *name;        /* copy of part.name */
    genlat_loss *loss; /* retained, where the part is that of a loss */
    gnl_real *moment[GNL_MAX_MOMENTS];
} gnl_arena;

/* Part of an arena that one task updates. Borders depend on the weights alone. */
typedef struct gnl_piece {
    int arena;
    int weight; /* of the part; -1: the part has no list of them */
    int64_t offset, count;
    double lr_scale, decay;
    double square; /* sum of squares of its gradients in the step that runs */
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
genlat_status gnl_optim_new(genlat_ctx *ctx, const gnl_rule *rule, const void *opts,
                            genlat_optim **out);

/* ---- schedules ------------------------------------------------------------------------------- */

enum { GNL_MAX_SCHEDULE_OPTION_BYTES = 160, GNL_MAX_SEGMENTS = 16 };

/* What the options of every kind begin with. */
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
    /* Value at a step from 0 on, after the warm-up; `length` is the number of steps without it, 0: endless.
     */
    double (*at)(const void *opts, const gnl_schedule_state *state, int64_t step, int64_t length);
    void (*report)(const void *opts, gnl_schedule_state *state, double metric); /* NULL: does not listen */
    bool endless;                                                               /* legal with steps 0 */
    const char *help;
} gnl_schedule_type;

extern const gnl_schedule_type *const gnl_schedule_types[]; /* NULL-terminated */
const gnl_schedule_type *gnl_schedule_type_find(const char *name);

#endif
