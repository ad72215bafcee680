/* SPDX-License-Identifier: MIT */
/* Steps of GANs that move nothing and draw the same numbers every time, for gradients against central differences. */
#ifndef GAN_RIG_H
#define GAN_RIG_H

#include "gan/gan_priv.h"

enum { GAN_RIG_ROWS = 6 };

typedef struct gan_rig {
    genlat_model *model;
    genlat_tensor *x, *labels;
    gnl_real *kept; /* what steps follow with, as it was in the beginning */
} gan_rig;

/* A model of a preset with nets of its own and pairs of settings; data [3] where `data` has no dimensions. */
void gan_rig_open(gan_rig *r, genlat_ctx *ctx, const char *preset, const char *critic, const gnl_shape *data,
                  const char *const *pairs);
void gan_rig_close(gan_rig *r);

/* What a net's step minimises, with its gradient left in the net; `step` updates have been made before, after many that the
 * penalties have seen the last of. */
double gan_rig_objective(gan_rig *r, int net, int64_t step);
/* Distance of its gradient from differences of that, as part of its size. */
double gan_rig_error(gan_rig *r, int net);

#endif
