/* SPDX-License-Identifier: MIT */
/* Steps of GANs with learning rate 0 and the same random numbers every time, to compare gradients with central
 * differences. */
#ifndef GAN_RIG_H
#define GAN_RIG_H

#include "gan/gan_priv.h"

enum { GAN_RIG_ROWS = 6 };

typedef struct gan_rig {
    genlat_model *model;
    genlat_tensor *x, *labels;
    gnl_real *initial; /* initial state that every step starts from */
} gan_rig;

/* A model of a preset with the given discriminator and settings. If `data` has no dimensions, data have the shape
 * [3]. */
void gan_rig_open(gan_rig *r, genlat_ctx *ctx, const char *preset, const char *critic, const gnl_shape *data,
                  const char *const *pairs);
void gan_rig_close(gan_rig *r);

/* Returns the objective of a step of one net and leaves its gradient in the net. `step`: steps taken since lazy
 * penalties were last computed. */
double gan_rig_objective(gan_rig *r, int net, int64_t step);
/* Relative error of the gradient against central differences. */
double gan_rig_error(gan_rig *r, int net);

#endif
