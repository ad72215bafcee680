/* SPDX-License-Identifier: MIT */
/* Test builds (GNL_POISON) fill every buffer of an exec's arena with NaN when its content begins to count and when it ends,
 * according to the layout. A read that is too early or too late then shows in the result. Other builds contain none of this. */
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
/* While compiling: the periods of each span, before tiles change them; and where each lies. */
void gnl_poison_record_periods(const gnl_compiler *c);
void gnl_poison_record_layout(const gnl_compiler *c);
void gnl_poison_free(const genlat_exec *exec);

void gnl_poison_arena(const genlat_exec *exec);           /* a forward pass begins: no content counts */
void gnl_poison_forward_done(const genlat_exec *exec);    /* all tiles have gone forward */
void gnl_poison_backward_begins(const genlat_exec *exec); /* after the program and nested execs */
/* Around the calls of a pass over a tile, and before each of them. */
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
