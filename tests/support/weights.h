/* SPDX-License-Identifier: MIT */
/* Checks on the weights of nets. */
#ifndef GNL_TESTS_WEIGHTS_H
#define GNL_TESTS_WEIGHTS_H

#include "genlat/genlat.h"

/* Checks that all weights and running statistics of two nets of the same graph have the same bits. */
void assert_same_weights(genlat_net *a, genlat_net *b);

#endif
