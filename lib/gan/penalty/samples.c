/* SPDX-License-Identifier: MIT */
/* R1 and R2: |gradient by the input|^2 / 2 at the real and at the generated samples (Mescheder, Geiger, Nowozin, Which
 * training methods for GANs do actually converge?, 2018). They are computed together with the loss. */
#include "gan/penalty/penalty.h"

typedef struct sample_opts {
    gnl_penalty_opts base;
} sample_opts;

static const gnl_option options[] = {
    GNL_OPT_PENALTY_WEIGHT(sample_opts, 0.1, "weight of |gradient by the input|^2 / 2"),
};
static const gnl_options_table r1_table = {"r1", sizeof(sample_opts), options, GNL_COUNT(options)};
static const gnl_options_table r2_table = {"r2", sizeof(sample_opts), options, GNL_COUNT(options)};

static double at_real(const gnl_gan_penalty *p, int side)
{
    return side == GNL_REAL ? gnl_penalty_weight(p) : 0;
}

static double at_fake(const gnl_gan_penalty *p, int side)
{
    return side == GNL_FAKE ? gnl_penalty_weight(p) : 0;
}

const gnl_gan_penalty_type gnl_penalty_r1 = {
    .name = "r1",
    .options = &r1_table,
    .help = "exact gradient penalty at real samples",
    .nets = 1u << GNL_DISCRIMINATOR,
    .lazy = true,
    .at_samples = at_real,
};

const gnl_gan_penalty_type gnl_penalty_r2 = {
    .name = "r2",
    .options = &r2_table,
    .help = "exact gradient penalty at generated samples",
    .nets = 1u << GNL_DISCRIMINATOR,
    .lazy = true,
    .at_samples = at_fake,
};
