/* SPDX-License-Identifier: MIT */
/* Test builds (GNL_POISON) fill every buffer of an exec's arena with NaN at the beginning and at the end of its live
 * periods. A read outside these periods then produces NaN in the results. Other builds contain none of this code. */
#ifndef GNL_POISON_PRIV_H
#define GNL_POISON_PRIV_H

#include "net/compile_priv.h"

/* Passes over a tile, in the order of their times. */
typedef enum gnl_poison_pass {
    GNL_POISON_FORWARD,
    GNL_POISON_BACKWARD,
    GNL_POISON_TANGENT,
    GNL_POISON_DUAL,
    GNL_POISON_FOLD
} gnl_poison_pass;

#ifdef GNL_POISON
/* During compilation: record the periods of each span before they are extended for tiles, and then the places. */
void gnl_poison_record_periods(const gnl_compiler *c);
void gnl_poison_record_layout(const gnl_compiler *c);
void gnl_poison_free(const genlat_exec *exec);

void gnl_poison_arena(const genlat_exec *exec);           /* at the start of a forward pass: nothing is live */
void gnl_poison_forward_done(const genlat_exec *exec);    /* after the forward pass of all tiles */
void gnl_poison_backward_begins(const genlat_exec *exec); /* after the caller and nested execs have run */
/* Before and after a pass over a tile, and before each call in it. */
void gnl_poison_begin(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass);
void gnl_poison_call(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass, int node);
void gnl_poison_end(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass);
#else
static inline void gnl_poison_record_periods(const gnl_compiler *c)
{
    (void)c;
}

static inline void gnl_poison_record_layout(const gnl_compiler *c)
{
    (void)c;
}

static inline void gnl_poison_free(const genlat_exec *exec)
{
    (void)exec;
}

static inline void gnl_poison_arena(const genlat_exec *exec)
{
    (void)exec;
}

static inline void gnl_poison_forward_done(const genlat_exec *exec)
{
    (void)exec;
}

static inline void gnl_poison_backward_begins(const genlat_exec *exec)
{
    (void)exec;
}

static inline void gnl_poison_begin(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass)
{
    (void)exec, (void)tile, (void)pass;
}

static inline void gnl_poison_call(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass, int node)
{
    (void)exec, (void)tile, (void)pass, (void)node;
}

static inline void gnl_poison_end(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass)
{
    (void)exec, (void)tile, (void)pass;
}
#endif

#endif
