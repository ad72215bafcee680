/* SPDX-License-Identifier: MIT */
/* Shared by the unit tests of losses: contexts of one and of three threads. Failures fail the running test. */
#ifndef LOSS_UNIT_H
#define LOSS_UNIT_H

#include "loss/loss.h"

extern genlat_ctx *ctx, *threaded;

void loss_begin(void);
void loss_end(void);
genlat_loss *loss_of(genlat_ctx *where, const char *spec);
gnl_compute compute(genlat_ctx *where);

#endif
