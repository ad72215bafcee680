/* SPDX-License-Identifier: MIT */
/* What the steps of the GAN work on, for gan_step.c, gan_work.c, gan_seen.c and gan_terms.c. */
#ifndef GNL_GAN_STEP_PRIV_H
#define GNL_GAN_STEP_PRIV_H

#include "model/gan_priv.h"

enum { GNL_GAN_REAL, GNL_GAN_FAKE };

struct gnl_gan_work {
    int64_t rows; /* room, samples; a multiple of packing */
    genlat_exec *generator, *real, *fake;
    genlat_exec *between;         /* for the penalty gp; NULL: none */
    genlat_exec *near;            /* for approx_r1 and approx_r2; NULL: none */
    gnl_real *z;                  /* [rows,latent] */
    gnl_real *condition;          /* [rows,condition] */
    gnl_real *seen[2];            /* [rows,size] real and generated samples changed and under noise */
    gnl_augment_draw *changes[2]; /* [rows] how they were changed */
    const gnl_real *shown[2];     /* [rows,size] what the critic saw last: seen, or the samples themselves */
    gnl_real *noise;              /* [rows,size] */
    gnl_real *point;              /* [rows,size] where gp and the approximations are taken */
    gnl_real *dreal, *dfake;      /* [rows/packing] */
    gnl_real *space;              /* for orthogonal */
    double positive;              /* gnl_adversarial_sign() of the critic's last step */
};

/* The batch of a step: whole packs alone. */
typedef struct gnl_gan_batch {
    const gnl_real *x;
    int64_t rows, packs;
} gnl_gan_batch;

/* ---- workspace ------------------------------------------------------------------------------- */

/* For at least `rows`; made anew when a larger batch comes. */
genlat_status gnl_gan_want_work(genlat_gan *gan, int64_t rows);

/* What a step that fails must put back: in a step of both, the critic has moved when the generator's loss turns out not to
 * be finite. The generator and what follows it move last. */
typedef struct gnl_gan_keepsake {
    int64_t steps_d, passes;
} gnl_gan_keepsake;

gnl_gan_keepsake gnl_gan_keep(genlat_gan *gan);
genlat_status gnl_gan_go_back(genlat_gan *gan, const gnl_gan_keepsake *keepsake, genlat_status status);

/* ---- what the critic sees -------------------------------------------------------------------- */

double gnl_gan_factor(const genlat_gan *gan, const genlat_schedule *schedule); /* 1 without one */
/* Each pass has substreams of its own, so that its numbers do not depend on the passes before. */
gnl_rng gnl_gan_stream(const genlat_gan *gan, gnl_stream kind, uint64_t part);
double gnl_gan_mean(int64_t n, const gnl_real *x);

/* Samples changed and under noise where that is wanted; kept in shown. */
const gnl_real *gnl_gan_veil(genlat_gan *gan, const gnl_gan_batch *b, int which, const gnl_real *x);
/* The gradient of generated samples from that of what was shown of them. */
void gnl_gan_unveil(genlat_gan *gan, const gnl_gan_batch *b, const gnl_real *dshown, gnl_real *dx);
/* weight * the penalty gp at points of its own. */
double gnl_gan_penalty_between(genlat_gan *gan, const gnl_gan_batch *b, double weight);
/* weight * mean (D(x) - D(x + noise))^2; adds to dloss, and to the critic's gradients for the second term. */
double gnl_gan_penalty_near(genlat_gan *gan, const gnl_gan_batch *b, int which, double weight,
                            const gnl_real *said, gnl_real *dloss);
/* Mean distance of generated samples as part of that of the real ones. */
double gnl_gan_diversity(const genlat_gan *gan, const gnl_gan_batch *b, const gnl_real *made);
/* Moves the strength of the changes towards the target. */
void gnl_gan_adapt(genlat_gan *gan, const gnl_gan_batch *b);

/* ---- what is added to the losses ------------------------------------------------------------- */

/* Weighted cross-entropy of the classes that the critic tells, into the adjoint of that output; 0 without. */
double gnl_gan_class_loss(const genlat_gan *gan, const gnl_gan_batch *b, genlat_exec *exec);
/* Weighted squared distance of the mean features, into their adjoint at generated samples; 0 without. */
double gnl_gan_feature_loss(const genlat_gan *gan, const gnl_gan_batch *b);
/* Bits of the outputs of the critic that carry a loss. */
unsigned gnl_gan_outputs(const genlat_gan *gan, bool generator);
/* What the weights of a player cost, with its gradient: their distance from their average over all steps, and from
 * orthogonal matrices; 0 without. */
double gnl_gan_weight_loss(genlat_gan *gan, bool generator);
void gnl_gan_history_follow(genlat_gan *gan, bool generator);

#endif
