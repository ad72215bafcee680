/* SPDX-License-Identifier: MIT */
/* What the files of the reference share. */
#ifndef REFERENCE_PRIV_H
#define REFERENCE_PRIV_H

#include "support/reference_exec.h"

/* Rounding errors of the size of the jitter. */
void reference_disturb(reference_exec *r, int64_t n, gnl_real *out);

/* r->made from r->value and r->state. */
void reference_make_weights(reference_exec *r, bool training);
/* Around each pass: r->dmade begins at zero, and is added to r->grad. */
void reference_begin_gradients(reference_exec *r);
void reference_end_gradients(reference_exec *r);

#endif
