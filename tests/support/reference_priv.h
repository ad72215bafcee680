/* SPDX-License-Identifier: MIT */
/* Shared by the files of the reference. */
#ifndef REFERENCE_PRIV_H
#define REFERENCE_PRIV_H

#include "support/reference_exec.h"

/* Adds rounding errors of the size of the jitter. */
void reference_disturb(reference_exec *r, int64_t n, gnl_real *out);

/* Computes r->computed from r->value and r->state. */
void reference_make_weights(reference_exec *r, bool training);
/* Around each pass: r->dcomputed starts at zero and is added to r->grad. */
void reference_begin_gradients(reference_exec *r);
void reference_end_gradients(reference_exec *r);

#endif
