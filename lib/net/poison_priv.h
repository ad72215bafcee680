/* SPDX-License-Identifier: MIT */
/* Test builds (GNL_POISON) fill every part of an exec's arena with NaN where its content begins to count and where it ends, as the
 * layout says. What is read too early or too late then spoils the result. In other builds nothing of this is left. */
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
void gnl_poison_note(const gnl_compiler *c);
void gnl_poison_place(const gnl_compiler *c);
void gnl_poison_free(const genlat_exec *exec);

void gnl_poison_arena(const genlat_exec *exec);           /* a forward pass begins: nothing that is there counts */
void gnl_poison_forward_done(const genlat_exec *exec);    /* all tiles have gone forward */
void gnl_poison_backward_begins(const genlat_exec *exec); /* the program and guests have done what they do between */
/* Around the calls of a pass over a tile, and before each of them. */
void gnl_poison_begin(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass);
void gnl_poison_call(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass, int node);
void gnl_poison_end(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass);
#else
static inline void gnl_poison_note(const gnl_compiler *c)
{
    (void)c;
}

static inline void gnl_poison_place(const gnl_compiler *c)
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
