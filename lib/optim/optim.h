/* SPDX-License-Identifier: MIT */
/*
 * optim: optimizers over the arenas of nets, one file a rule; schedules of scalars; averages of weights.
 * Uses: base, kernel, tensor, layer, net, loss.
 * Adding: a rule is one file and one line in table.c, and so is a kind of schedule (schedule_table.c).
 * Naming: "adam lr=1e-3", "cosine from=1e-3 to=1e-5 steps=10000 warmup=500".
 * Tests: tests/golden/test_optim.c, tests/unit/test_optim.c, test_schedule.c, test_ema.c.
 */
#ifndef GNL_OPTIM_H
#define GNL_OPTIM_H

#include "kernel/kernel.h"
#include "loss/loss.h"
#include "net/net.h"
#include "genlat/optim.h"

enum { GNL_MAX_OPTIM_OPTION_BYTES = 128, GNL_MAX_MOMENTS = 3 };

/* ---- optimizer ------------------------------------------------------------------------------- */

/* From text "adam lr=1e-3"; "adamw" too. */
genlat_status gnl_optim_parse(genlat_ctx *ctx, const char *spec, genlat_optim **out);
genlat_status gnl_optim_format(const genlat_optim *optim, char *text, size_t capacity);
genlat_optim *gnl_optim_retain(genlat_optim *optim);
void gnl_optim_release(genlat_optim *optim);

/* As the public functions; prefix NULL: all weights that are left. opts NULL: defaults. */
genlat_status gnl_optim_add(genlat_optim *optim, genlat_net *net, const char *prefix,
                            const genlat_group_opts *opts);
genlat_status gnl_optim_add_loss(genlat_optim *optim, genlat_loss *loss, const genlat_group_opts *opts);

/* Numbers of the caller's own that are trained: both arrays must outlive the optimizer. They never decay. */
genlat_status gnl_optim_add_arena(genlat_optim *optim, const char *name, int64_t count, gnl_real *value,
                                  gnl_real *grad, const genlat_group_opts *opts);

/* One step; E_NUMERIC, with nothing changed, for a norm that is not finite. Allocates nothing. */
genlat_status gnl_optim_step(genlat_optim *optim);
void gnl_optim_zero_grad(genlat_optim *optim);

double gnl_optim_lr(const genlat_optim *optim);
void gnl_optim_set_lr(genlat_optim *optim, double lr);
/* Sets an option of the rule that is a real number, for the steps to come; false where the rule has none of the name. */
bool gnl_optim_set_real(genlat_optim *optim, const char *key, double value);
int64_t gnl_optim_steps(const genlat_optim *optim);
void gnl_optim_set_steps(genlat_optim *optim, int64_t steps); /* for a checkpoint that is loaded */
double gnl_optim_grad_norm(const genlat_optim *optim);
int64_t gnl_optim_accumulate(const genlat_optim *optim);

/* One array of moments, for checkpoints. Arenas are numbered in the order of add; moments have PyTorch's
 * names. */
typedef struct gnl_optim_slot {
    int arena;
    const char *arena_name; /* of gnl_optim_add_arena and of losses; NULL for a net */
    const genlat_net *net;  /* NULL for other arenas; data is laid out as net->value */
    const char *moment;     /* "exp_avg", "exp_avg_sq", "momentum_buffer", ... */
    gnl_real *data;         /* [count], to be read and written */
    int64_t count;
} gnl_optim_slot;

int gnl_optim_slots(const genlat_optim *optim);
gnl_optim_slot gnl_optim_slot_at(const genlat_optim *optim, int index);

/* ---- schedule -------------------------------------------------------------------------------- */

genlat_status gnl_schedule_parse(genlat_ctx *ctx, const char *spec, genlat_schedule **out);
genlat_status gnl_schedule_format(const genlat_schedule *schedule, char *text, size_t capacity);
genlat_schedule *gnl_schedule_retain(genlat_schedule *schedule);
void gnl_schedule_release(genlat_schedule *schedule);
double gnl_schedule_value(const genlat_schedule *schedule, int64_t step);
void gnl_schedule_report(genlat_schedule *schedule, double metric);

/* What reports have left behind; three plain numbers for a checkpoint. */
typedef struct gnl_schedule_state {
    double best; /* best metric so far; NaN before the first report */
    int64_t bad; /* reports since then */
    int64_t drops;
} gnl_schedule_state;

gnl_schedule_state gnl_schedule_get_state(const genlat_schedule *schedule);
void gnl_schedule_set_state(genlat_schedule *schedule, const gnl_schedule_state *state);

/* ---- average of weights ---------------------------------------------------------------------- */

struct genlat_ema {
    gnl_object object;
    genlat_net *net;
    genlat_ema_opts opts;
    gnl_compute compute;
    double samples;  /* seen so far */
    bool swapped;    /* the net holds the average, and `value` and `state` the weights */
    gnl_real *value; /* laid out as net->value */
    gnl_real *state; /* laid out as net->state */
};

genlat_status gnl_ema_new(genlat_net *net, const genlat_ema_opts *opts, genlat_ema **out);
void gnl_ema_release(genlat_ema *ema);
void gnl_ema_update(genlat_ema *ema, int64_t samples);
void gnl_ema_swap(genlat_ema *ema);
genlat_status gnl_ema_copy(const genlat_ema *ema, genlat_net *net);

#endif
