/* SPDX-License-Identifier: MIT */
/*
 * optim: optimizers of the weights of nets, one file per rule; schedules of scalars; averages of weights.
 * Uses: base, kernel, tensor, layer, net, loss.
 * Adding: a rule is one file and one line in table.c. A kind of schedule is one entry in schedule_table.c.
 * Naming: "adam lr=1e-3", "cosine from=1e-3 to=1e-5 steps=10000 warmup=500".
 * Tests: tests/golden/test_optim.c, tests/unit/test_optim.c, test_schedule.c, test_ema.c.
 */
#ifndef GNL_OPTIM_H
#define GNL_OPTIM_H

#include "kernel/kernel.h"
#include "loss/loss.h"
#include "net/exec.h"
#include "net/part.h"
#include "genlat/optim.h"

enum { GNL_MAX_OPTIM_OPTION_BYTES = 128, GNL_MAX_MOMENTS = 3 };

/* ---- optimizer ------------------------------------------------------------------------------- */

/* Creates an optimizer from text such as "adam lr=1e-3" or "adamw". */
genlat_status gnl_optim_parse(genlat_ctx *ctx, const char *spec, genlat_optim **out);
genlat_status gnl_optim_format(const genlat_optim *optim, char *text, size_t capacity);
genlat_optim *gnl_optim_retain(genlat_optim *optim);
void gnl_optim_release(genlat_optim *optim);

/* Same as the public functions. prefix NULL selects all weights that no group contains yet; opts NULL selects the
 * defaults. The net of a part is retained; all other parts must outlive the optimizer. */
genlat_status gnl_optim_add(genlat_optim *optim, const gnl_part *part, const char *prefix,
                            const genlat_group_opts *opts);
genlat_status gnl_optim_add_loss(genlat_optim *optim, genlat_loss *loss, const genlat_group_opts *opts);
/* Whether weights of a part have been added. */
bool gnl_optim_has(const genlat_optim *optim, const gnl_part *part);

/* Performs one step and allocates nothing. If the norm of the gradients is not finite, returns E_NUMERIC and changes
 * nothing. */
genlat_status gnl_optim_step(genlat_optim *optim);
void gnl_optim_zero_grad(genlat_optim *optim);

double gnl_optim_lr(const genlat_optim *optim);
void gnl_optim_set_lr(genlat_optim *optim, double lr);
/* Sets a real option of the rule for the following steps. Returns false if the rule has no such option. */
bool gnl_optim_set_real(genlat_optim *optim, const char *key, double value);
int64_t gnl_optim_steps(const genlat_optim *optim);
void gnl_optim_set_steps(genlat_optim *optim, int64_t steps); /* for loading a checkpoint */
double gnl_optim_grad_norm(const genlat_optim *optim);
int64_t gnl_optim_accumulate(const genlat_optim *optim);

/* One array of moments, for checkpoints. Moments have the same names as in PyTorch. */
typedef struct gnl_optim_slot {
    const gnl_part *part; /* in the order of the calls of gnl_optim_add() */
    const char *moment;   /* "exp_avg", "exp_avg_sq", "momentum_buffer", ... */
    gnl_real *data;       /* [part->values] in the order of the part's values; can be read and written */
} gnl_optim_slot;

int gnl_optim_slots(const genlat_optim *optim);
gnl_optim_slot gnl_optim_slot_at(const genlat_optim *optim, int index);

/* ---- schedule -------------------------------------------------------------------------------- */

genlat_status gnl_schedule_parse(genlat_ctx *ctx, const char *spec, genlat_schedule **out);
genlat_status gnl_schedule_format(const genlat_schedule *schedule, char *text, size_t capacity);
genlat_schedule *gnl_schedule_retain(genlat_schedule *schedule);
void gnl_schedule_release(genlat_schedule *schedule);
double gnl_schedule_value(const genlat_schedule *schedule, int64_t step);
int64_t gnl_schedule_length(const genlat_schedule *schedule); /* steps of all parts that have an end */
void gnl_schedule_report(genlat_schedule *schedule, double metric);
bool gnl_schedule_listens(const genlat_schedule *schedule); /* reports change its values */

/* State that depends on reports, for checkpoints. */
typedef struct gnl_schedule_state {
    double best; /* best metric so far; NaN before the first report */
    int64_t bad; /* number of reports since the best one or the last drop */
    int64_t drops;
} gnl_schedule_state;

gnl_schedule_state gnl_schedule_get_state(const genlat_schedule *schedule);
void gnl_schedule_set_state(genlat_schedule *schedule, const gnl_schedule_state *state);

/* ---- average of weights ---------------------------------------------------------------------- */

genlat_status gnl_ema_new(genlat_net *net, const genlat_ema_opts *opts, genlat_ema **out);
void gnl_ema_release(genlat_ema *ema);
void gnl_ema_update(genlat_ema *ema, int64_t samples);
void gnl_ema_swap(genlat_ema *ema);
genlat_status gnl_ema_copy(const genlat_ema *ema, genlat_net *net);
gnl_part gnl_ema_part(const genlat_ema *ema, const char *name); /* the average */
double gnl_ema_samples(const genlat_ema *ema);                  /* number of training samples seen so far */
void gnl_ema_set_samples(genlat_ema *ema, double samples);      /* for loading a checkpoint */

#endif
