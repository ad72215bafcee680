/* SPDX-License-Identifier: MIT */
/* What only the files of the GAN know. */
#ifndef GNL_GAN_PRIV_H
#define GNL_GAN_PRIV_H

#include <pthread.h>

#include "model/augment_priv.h"
#include "model/model_priv.h"

enum { GNL_GAN_TEXT = 8192, GNL_GAN_WORDS = 160, GNL_GAN_CHUNK = 512 };

/* All that a GAN is made from, as text where it is a choice of parts; kept for the model file. */
typedef struct gnl_gan_recipe {
    genlat_gan_opts opts;
    char generator[GNL_GAN_TEXT], discriminator[GNL_GAN_TEXT];
    char optimizer_g[GNL_GAN_WORDS], optimizer_d[GNL_GAN_WORDS];
    char lr_schedule[GNL_GAN_WORDS], noise_schedule[GNL_GAN_WORDS], penalty_schedule[GNL_GAN_WORDS];
    char beta2_schedule[GNL_GAN_WORDS];
    char augment[GNL_GAN_WORDS]; /* changes of what the critic sees; "": none */
    gnl_shape data;
    int64_t classes, vector;
    int64_t epochs, batch;
} gnl_gan_recipe;

extern const gnl_options_table gnl_gan_table;

typedef struct gnl_gan_preset gnl_gan_preset;

const gnl_gan_preset *gnl_gan_preset_find(const char *name);
/* Options, optimizers and length of a preset; the nets follow at build. */
genlat_status gnl_gan_preset_take(const gnl_gan_preset *preset, gnl_gan_recipe *recipe);
/* Texts of a preset's nets for the data of the recipe. */
genlat_status gnl_gan_preset_generator(const gnl_gan_preset *preset, const gnl_gan_recipe *recipe,
                                       char text[GNL_GAN_TEXT]);
genlat_status gnl_gan_preset_discriminator(const gnl_gan_preset *preset, const gnl_gan_recipe *recipe,
                                           char text[GNL_GAN_TEXT]);

/* Workspace of training for a number of samples; see gan_step.c. */
typedef struct gnl_gan_work gnl_gan_work;
void gnl_gan_work_free(genlat_ctx *ctx, gnl_gan_work *work);

/* Nets that are lent to the threads that use them. */
typedef enum gnl_gan_part { GNL_GAN_AVERAGE, GNL_GAN_RAW, GNL_GAN_CRITIC, GNL_GAN_PARTS } gnl_gan_part;

struct genlat_gan {
    gnl_model model;
    gnl_gan_recipe recipe;
    genlat_net *generator, *discriminator;
    genlat_net *average; /* of the generator; the generator itself without an average */
    genlat_ema *ema;     /* NULL: none */
    atomic_bool stale;   /* the average has moved since `average` was filled */
    genlat_optim *optim_g, *optim_d;
    double lr_g, lr_d; /* of the optimizers' texts, which the schedule multiplies */
    genlat_schedule *lr_schedule, *noise_schedule, *penalty_schedule, *beta2_schedule; /* NULL: constant */
    int64_t size;      /* elements of one sample */
    int64_t condition; /* length of the condition as a vector, 0: none */
    gnl_augment augment;
    double strength;                     /* probability of each change, now */
    int classes_output, features_output; /* of the critic; -1: no such loss */
    gnl_real *history[2];  /* means of the weights of generator and critic over all steps; NULL: not wanted */
    genlat_gan_terms last; /* what the last steps told */
    atomic_llong drawn;    /* samples generated so far from the stream of the context's seed */
    gnl_gan_work *work;    /* of the thread that trains; NULL until it does */
    gnl_real *saved;       /* all that a step moves, as it was before it */
    pthread_mutex_t lock;  /* guards idle, and the filling of average */
    genlat_exec *idle[GNL_GAN_PARTS];
};

/* Makes the model of a complete recipe. nets: given, or NULL to make them of the recipe's texts. */
genlat_status gnl_gan_make(genlat_ctx *ctx, const gnl_gan_recipe *recipe, genlat_net *generator,
                           genlat_net *discriminator, genlat_gan **out);
void gnl_gan_release(gnl_model *model);
gnl_shape gnl_gan_packed(const gnl_gan_recipe *recipe); /* what the critic sees of `packing` samples */
bool gnl_gan_penalised(const gnl_gan_recipe *recipe);
bool gnl_gan_nears(const gnl_gan_recipe *recipe); /* with approximate penalties */
genlat_status gnl_gan_check(const genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                            const char *where);
/* Fails where a critic with penalties, or nets with activations made again, could not be trained. */
genlat_status gnl_gan_check_training(genlat_gan *gan);
genlat_status gnl_gan_step(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                           const char *where);
void gnl_gan_refresh(genlat_gan *gan); /* fills the average where it is stale */
genlat_status gnl_gan_save(genlat_gan *gan, const char *path);

#endif
