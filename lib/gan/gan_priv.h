/* SPDX-License-Identifier: MIT */
/* Declarations private to the GAN. */
#ifndef GNL_GAN_PRIV_H
#define GNL_GAN_PRIV_H

#include "gan/augment/augment.h"
#include "gan/gan.h"
#include "gan/penalty/penalty.h"
#include "genlat/gan.h"

enum { GNL_GAN_ROWS = 512 }; /* largest number of rows of an inference workspace */

/* ---- configuration --------------------------------------------------------------------------- */

typedef struct gnl_gan_config {
    gnl_config base;
    genlat_gan_opts opts;
    char generator[GNL_NET_LENGTH], discriminator[GNL_NET_LENGTH]; /* "": use the architecture */
    char architecture[GNL_TEXT_LENGTH];
    char penalties[GNL_TEXT_LENGTH]; /* in addition to those of the options */
    char augment[GNL_TEXT_LENGTH];
    char optimizer_g[GNL_TEXT_LENGTH], optimizer_d[GNL_TEXT_LENGTH];
    char lr_schedule[GNL_TEXT_LENGTH], noise_schedule[GNL_TEXT_LENGTH], penalty_schedule[GNL_TEXT_LENGTH],
        beta2_schedule[GNL_TEXT_LENGTH];
} gnl_gan_config;

/* Indices of the schedules, in the order of their texts in gnl_gan_config_type. */
enum { GNL_GAN_LR_SCHEDULE, GNL_GAN_NOISE_SCHEDULE, GNL_GAN_PENALTY_SCHEDULE, GNL_GAN_BETA2_SCHEDULE };

extern const gnl_config_type gnl_gan_config_type;
extern const gnl_preset gnl_gan_presets[];
extern const gnl_choice gnl_gan_choices[];
extern const char *const gnl_gan_choice_keys[];

genlat_status gnl_gan_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given);
static inline bool gnl_gan_is_classifier(const gnl_gan_config *config)
{
    return config->opts.conditioning == GENLAT_GAN_CONDITIONING_CLASSIFIER;
}

/* Returns the length of the condition that nets get; 0: none. */
static inline int64_t gnl_gan_condition(const gnl_gan_config *config)
{
    return gnl_gan_is_classifier(config) ? 0 : config->base.classes + config->base.vector;
}

/* Formats the penalties of the options and of the text `penalties` as one text. */
genlat_status gnl_gan_find_penalties(const gnl_gan_config *config, char *out, size_t capacity);
/* Finds the range of the generator's outputs. */
genlat_status gnl_gan_range(genlat_ctx *ctx, const gnl_config *config, gnl_loss_range *out);
gnl_input_list gnl_gan_inputs(const gnl_config *config, int net);
gnl_shape gnl_gan_packed(const gnl_gan_config *config); /* shape of `packing` samples, one input of the discriminator */

/* Writes the layers of the configuration's architecture, such as "residual channels=16", for its data. */
genlat_status gnl_gan_architecture_generator(const gnl_gan_config *config, char text[GNL_NET_LENGTH]);
genlat_status gnl_gan_architecture_discriminator(const gnl_gan_config *config, char text[GNL_NET_LENGTH]);

/* ---- the model ------------------------------------------------------------------------------- */

typedef struct gnl_gan {
    genlat_model model;
    genlat_net *average[2]; /* nets with averaged weights; the net itself if its ema is NULL */
    genlat_ema *ema[2];     /* moving averages of the nets' weights; NULL: none */
    atomic_bool stale[2];   /* ema has changed since it was copied to `average` */
    double averaged[2];     /* number of samples in the average, for files */
    gnl_augment augment;
    double probability; /* current probability of each augmentation */
    gnl_gan_penalties penalties;
    int classes_output, features_output; /* indices of discriminator outputs; -1: no such loss */
    genlat_gan_terms last;               /* terms of the last step of each net */
    double last_lazy;                    /* the part of last.penalty that comes from lazy penalties */
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
/* Initializes the discriminator by samples of the source, and its average. */
genlat_status gnl_gan_start(genlat_model *model, const genlat_source *source);
genlat_status gnl_gan_make_averages(genlat_model *model);
void gnl_gan_average(genlat_model *model, int net, int64_t samples); /* updates the average of a net, if it has one */
void gnl_gan_refresh(genlat_model *model, int net);                  /* updates `average` if it is stale */

/* ---- workspaces ------------------------------------------------------------------------------ */

typedef struct gnl_gan_work {
    gnl_workspace base; /* rows: a multiple of packing */
    genlat_exec *generator, *side[2];
    genlat_exec *exact, *plain;  /* discriminator at other points, with and without exact penalties; NULL: none */
    gnl_real *z;                 /* [rows,latent] */
    gnl_real *condition;         /* [rows,condition] */
    gnl_real *transformed[2];    /* [rows,size] samples after augmentation and instance noise */
    gnl_augment_draw *draws[2];  /* [rows,augmentations] random parameters of the augmentations */
    const gnl_real *input[2];    /* [rows,size] last input of the discriminator: transformed, or the samples */
    gnl_real *noise, *point;     /* [rows,size] scratch, and points of penalties */
    gnl_real *doutput[2];        /* [rows/packing] */
    gnl_real *space;             /* scratch of the penalties */
    gnl_real *sorted;            /* [rows,size] samples without labels before those with labels, for classifiers */
    double label_loss, accuracy; /* of the real samples, see genlat_gan_terms */
    double positive;             /* gnl_adversarial_sign() of the discriminator's last step */
} gnl_gan_work;

extern const gnl_workspace_type gnl_gan_training;
genlat_status gnl_gan_check_training(genlat_model *model);

enum { GNL_GAN_POOL_AVERAGE, GNL_GAN_POOL_RAW, GNL_GAN_POOL_DISCRIMINATOR, GNL_GAN_POOL_CLASSIFIER };
extern const gnl_workspace_type gnl_gan_use_average, gnl_gan_use_raw, gnl_gan_use_discriminator, gnl_gan_use_classifier;

static inline gnl_gan_work *gnl_gan_work_of(const genlat_model *model)
{
    return (gnl_gan_work *)model->work;
}

/* ---- steps ------------------------------------------------------------------------------------ */

/* The batch of a step. It consists of complete packs of `packing` samples. The first `rows` are compared with as many
 * generated samples. A classifier also sees the rest, and learns the labels from row `labelled` on. */
struct gnl_gan_batch {
    const gnl_real *x;
    int64_t rows, packs;
    int64_t all, labelled;
};

/* Returns the rows of the discriminator's batch on a side. */
static inline int64_t gnl_gan_side_rows(const gnl_gan_batch *b, int side)
{
    return side == GNL_REAL ? b->all : b->rows;
}

double gnl_gan_mean(int64_t n, const gnl_real *x);

/* Applies augmentations and instance noise, if set, to samples. Returns the input of the discriminator, and stores it
 * in work->input. */
const gnl_real *gnl_gan_discriminator_input(genlat_model *model, const gnl_gan_batch *b, int side, const gnl_real *x);
/* Computes the gradient of generated samples from that of the discriminator's input. */
void gnl_gan_discriminator_input_backward(genlat_model *model, const gnl_gan_batch *b, const gnl_real *dinput,
                                          gnl_real *dx);
/* Computes out = x + sd * normal noise. The noise comes from the substream of `use`. */
void gnl_gan_add_noise(genlat_model *model, const gnl_gan_batch *b, gnl_use use, double sd, const gnl_real *x,
                       gnl_real *out);
/* Returns the mean distance between generated samples, divided by that between real samples. */
double gnl_gan_diversity(const genlat_model *model, const gnl_gan_batch *b, const gnl_real *generated);
/* Adjusts the probability of augmentations, so that the sign of the discriminator approaches augment_target. */
void gnl_gan_adapt(genlat_model *model, const gnl_gan_batch *b);

/* Returns whether the discriminator's class output has a loss on a side. */
bool gnl_gan_has_class_loss(const genlat_model *model, int side);
/* Returns the weighted cross-entropy of the class output, and writes its derivative to the gradient of that output.
 * Returns 0 without such a loss. */
double gnl_gan_class_loss(const genlat_model *model, const gnl_gan_batch *b, int side);
/* Returns the weighted squared distance of the mean features of real and generated samples, and writes its derivative
 * to the output gradient of generated samples. Returns 0 if there is no feature output. */
double gnl_gan_feature_loss(const genlat_model *model, const gnl_gan_batch *b);
/* Returns a bit mask of the discriminator outputs that have a loss on a side in the step of a net. */
unsigned gnl_gan_outputs(const genlat_model *model, int net, int side);
/* Forms the batch of a classifier. Sorts the samples if only some have labels; without labels, all are compared. */
genlat_status gnl_gan_split(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_gan_batch *b);
/* Performs a step of each net of the mask 1 << GNL_GENERATOR | 1 << GNL_DISCRIMINATOR. */
genlat_status gnl_gan_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, unsigned nets);
/* Returns the mask of the nets to update in the next step. */
unsigned gnl_gan_nets_due(const genlat_model *model);
/* Writes the probabilities of the classes. */
genlat_status gnl_gan_predict(genlat_model *model, const genlat_tensor *x, gnl_real *out);
genlat_status gnl_gan_decode(genlat_model *model, const gnl_decode *decode);
/* The score of rows, see gnl_model_type. */
const gnl_score *gnl_gan_scores(const genlat_model *model);
genlat_status gnl_gan_score(genlat_model *model, gnl_score_call *call);

#endif
