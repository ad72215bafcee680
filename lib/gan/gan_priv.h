/* SPDX-License-Identifier: MIT */
/* What only the files of the GAN know. */
#ifndef GNL_GAN_PRIV_H
#define GNL_GAN_PRIV_H

#include "gan/augment/augment.h"
#include "gan/gan.h"
#include "gan/penalty/penalty.h"
#include "genlat/gan.h"

enum { GNL_GAN_ROWS = 512 }; /* most rows of a workspace of use */

/* ---- configuration --------------------------------------------------------------------------- */

typedef struct gnl_gan_config {
    gnl_config base;
    genlat_gan_opts opts;
    char generator[GNL_NET_LENGTH], discriminator[GNL_NET_LENGTH]; /* "": of the architecture */
    char architecture[GNL_TEXT_LENGTH];
    char penalties[GNL_TEXT_LENGTH]; /* beside those of the options */
    char augment[GNL_TEXT_LENGTH];
    char optimizer_g[GNL_TEXT_LENGTH], optimizer_d[GNL_TEXT_LENGTH];
    char lr_schedule[GNL_TEXT_LENGTH], noise_schedule[GNL_TEXT_LENGTH], penalty_schedule[GNL_TEXT_LENGTH],
        beta2_schedule[GNL_TEXT_LENGTH];
} gnl_gan_config;

/* In the order of the texts. */
enum { GNL_GAN_LR_SCHEDULE, GNL_GAN_NOISE_SCHEDULE, GNL_GAN_PENALTY_SCHEDULE, GNL_GAN_BETA2_SCHEDULE };

extern const gnl_config_type gnl_gan_config_type;
extern const gnl_preset gnl_gan_presets[];

genlat_status gnl_gan_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given);
/* The penalties of options and text as one text. */
genlat_status gnl_gan_find_penalties(const gnl_gan_config *config, char *out, size_t capacity);
gnl_input_list gnl_gan_inputs(const gnl_config *config, int net);
gnl_shape gnl_gan_packed(const gnl_gan_config *config); /* `packing` samples, as the discriminator sees them */

/* Layers of an architecture, such as "residual image_width=16", for the data of a configuration. */
genlat_status gnl_gan_architecture_generator(const gnl_gan_config *config, char text[GNL_NET_LENGTH]);
genlat_status gnl_gan_architecture_discriminator(const gnl_gan_config *config, char text[GNL_NET_LENGTH]);

/* ---- the model ------------------------------------------------------------------------------- */

typedef struct gnl_gan {
    genlat_model model;
    genlat_net *average; /* of the generator; the generator itself without an average */
    genlat_ema *ema;     /* NULL: none */
    atomic_bool stale;   /* the average has moved since `average` was filled */
    double averaged;     /* samples that the average has seen, for files */
    gnl_augment augment;
    double probability; /* of each augmentation, now */
    gnl_gan_penalties penalties;
    int classes_output, features_output; /* of the discriminator; -1: no such loss */
    genlat_gan_terms last;               /* what the last steps reported */
} gnl_gan;

static inline gnl_gan *gnl_gan_of(const genlat_model *model)
{
    return (gnl_gan *)(uintptr_t)model;
}

static inline const gnl_gan_config *gnl_gan_config_of(const genlat_model *model)
{
    return (const gnl_gan_config *)(const void *)model->config;
}

genlat_status gnl_gan_make(genlat_model *model);
genlat_status gnl_gan_finish(genlat_model *model);
void gnl_gan_release(genlat_model *model);
genlat_status gnl_gan_make_average(genlat_model *model);
void gnl_gan_refresh(genlat_model *model); /* fills the average where it is stale */

/* ---- workspaces ------------------------------------------------------------------------------ */

typedef struct gnl_gan_work {
    gnl_workspace base; /* rows: a multiple of packing */
    genlat_exec *generator, *side[2];
    genlat_exec *exact, *plain; /* of the discriminator, for penalties at other points; NULL: none */
    gnl_real *z;                /* [rows,latent] */
    gnl_real *condition;        /* [rows,condition] */
    gnl_real *seen[2];          /* [rows,size] samples augmented and under noise */
    gnl_augment_draw *draws[2]; /* [rows,augmentations] */
    const gnl_real *shown[2];   /* [rows,size] what the discriminator saw last: seen, or the samples themselves */
    gnl_real *noise, *point;    /* [rows,size] */
    gnl_real *doutput[2];       /* [rows/packing] */
    gnl_real *space;            /* of the penalties */
    double positive;            /* gnl_adversarial_sign() of the discriminator's last step */
} gnl_gan_work;

extern const gnl_workspace_type gnl_gan_training;
genlat_status gnl_gan_check_training(genlat_model *model);

enum { GNL_GAN_POOL_AVERAGE, GNL_GAN_POOL_RAW, GNL_GAN_POOL_DISCRIMINATOR };
extern const gnl_workspace_type gnl_gan_use_average, gnl_gan_use_raw, gnl_gan_use_discriminator;

static inline gnl_gan_work *gnl_gan_work_of(const genlat_model *model)
{
    return (gnl_gan_work *)model->work;
}

/* ---- steps ------------------------------------------------------------------------------------ */

/* The batch of a step: whole packs alone. */
struct gnl_gan_batch {
    const gnl_real *x;
    int64_t rows, packs;
};

double gnl_gan_mean(int64_t n, const gnl_real *x);

/* Samples augmented and under noise where that is set; kept in work->shown. */
const gnl_real *gnl_gan_show(genlat_model *model, const gnl_gan_batch *b, int side, const gnl_real *x);
/* The gradient of generated samples from that of what was shown of them. */
void gnl_gan_show_backward(genlat_model *model, const gnl_gan_batch *b, const gnl_real *dshown, gnl_real *dx);
/* out = x + sd times noise of a substream. */
void gnl_gan_add_noise(genlat_model *model, const gnl_gan_batch *b, gnl_use use, double sd, const gnl_real *x, gnl_real *out);
/* Mean distance of generated samples as part of that of the real ones. */
double gnl_gan_diversity(const genlat_model *model, const gnl_gan_batch *b, const gnl_real *generated);
/* Moves the probability of augmentations towards the target. */
void gnl_gan_adapt(genlat_model *model, const gnl_gan_batch *b);

/* Weighted cross-entropy of the classes that the discriminator reports, into the adjoint of that output; 0 without. */
double gnl_gan_class_loss(const genlat_model *model, const gnl_gan_batch *b, genlat_exec *exec);
/* Weighted squared distance of the mean features, into their adjoint at generated samples; 0 without. */
double gnl_gan_feature_loss(const genlat_model *model, const gnl_gan_batch *b);
/* Bits of the outputs of the discriminator that carry a loss in the step of a net. */
unsigned gnl_gan_outputs(const genlat_model *model, int net);

extern const char *const gnl_gan_terms[];
/* Steps of the nets of a mask 1 << GNL_GENERATOR | 1 << GNL_DISCRIMINATOR. */
genlat_status gnl_gan_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, unsigned nets);
unsigned gnl_gan_nets_due(const genlat_model *model);
genlat_status gnl_gan_decode(genlat_model *model, const gnl_decode *decode);

#endif
