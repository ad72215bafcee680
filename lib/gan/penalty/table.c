/* SPDX-License-Identifier: MIT */
/* Lists every penalty in the order of evaluation, one line each. X(name) refers to gnl_penalty_name. */
#include "gan/penalty/penalty.h"

#define PENALTIES(X)                                                                                                   \
    X(approx_r1)                                                                                                       \
    X(approx_r2)                                                                                                       \
    X(r1)                                                                                                              \
    X(r2)                                                                                                              \
    X(history)                                                                                                         \
    X(orthogonal)                                                                                                      \
    X(gp)                                                                                                              \
    X(lecam)                                                                                                           \
    /* end */

#define DECLARE(name) extern const gnl_gan_penalty_type gnl_penalty_##name;
PENALTIES(DECLARE)

#define LIST(name) &gnl_penalty_##name,
const gnl_gan_penalty_type *const gnl_gan_penalty_types[] = {PENALTIES(LIST) NULL};
