/* SPDX-License-Identifier: MIT */
/* What only the files of the VAE know. */
#ifndef GNL_VAE_PRIV_H
#define GNL_VAE_PRIV_H

#include <pthread.h>

#include "model/model_priv.h"

enum { GNL_VAE_TEXT = 2048, GNL_VAE_WORDS = 160, GNL_VAE_CHUNK = 512 };

/* All that a VAE is made from, as text where it is a choice of parts; kept for the model file. */
typedef struct gnl_vae_recipe {
    genlat_vae_opts opts;
    char encoder[GNL_VAE_TEXT], decoder[GNL_VAE_TEXT]; /* complete: with heads and outputs */
    char likelihood[GNL_VAE_WORDS], optimizer[GNL_VAE_WORDS];
    char lr_schedule[GNL_VAE_WORDS], beta_schedule[GNL_VAE_WORDS]; /* "": constant */
    gnl_shape data;
    int64_t classes, vector;
    int64_t epochs, batch;
    bool restore_best;
    bool bias_from_data;
} gnl_vae_recipe;

extern const gnl_options_table gnl_vae_table;

/* The recipe of a preset; texts of encoder and decoder are those of its family, completed at build. */
typedef struct gnl_vae_preset {
    const char *name, *help;
    const char *family; /* "mlp", "gated", "maxout" or "conv" */
    int64_t widths[4];  /* of the hidden layers or of the channels, 0-terminated */
    int64_t latent;
    int64_t samples; /* of the importance-weighted bound; 1: the ELBO */
    const char *likelihood, *optimizer, *lr_schedule;
    int64_t epochs, batch;
    bool restore_best;
} gnl_vae_preset;

const gnl_vae_preset *gnl_vae_preset_find(const char *name);
/* Texts of a family for data of a shape; the condition joins behind the data and the latent. */
genlat_status gnl_vae_family_encoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                                     char text[GNL_VAE_TEXT]);
genlat_status gnl_vae_family_decoder(const char *family, const int64_t *widths, const gnl_vae_recipe *recipe,
                                     char text[GNL_VAE_TEXT]);

/* Workspace of training for a number of rows; see vae_step.c. */
typedef struct gnl_vae_work gnl_vae_work;
void gnl_vae_work_free(genlat_ctx *ctx, gnl_vae_work *work);

/* Workspace of use: one a thread at a time, lent from a list; see vae_lend.c. */
typedef struct gnl_vae_desk {
    struct gnl_vae_desk *next;
    int64_t rows; /* room */
    genlat_exec *encoder, *decoder;
    gnl_real *condition; /* [rows,condition] */
    gnl_real *z;         /* [rows,latent] */
    gnl_real *target;    /* [rows,data] */
    double *number;      /* [3,rows] */
} gnl_vae_desk;

struct genlat_vae {
    gnl_model model;
    gnl_vae_recipe recipe;
    genlat_net *encoder, *decoder;
    genlat_loss *loss;
    genlat_optim *optim;
    genlat_schedule *lr_schedule, *beta_schedule; /* NULL: constant */
    double lr;                                    /* of the optimizer's text, which the schedule multiplies */
    int64_t size;                                 /* elements of one sample */
    int64_t parts;                                /* outputs of the decoder for each of them */
    int64_t condition;                            /* length of the condition as a vector, 0: none */
    atomic_llong drawn;    /* samples generated so far from the stream of the context's seed */
    gnl_vae_work *work;    /* of the thread that trains; NULL until it does */
    gnl_real *saved_state; /* running statistics before a step, for a step that fails */
    pthread_mutex_t lock;  /* guards idle */
    gnl_vae_desk *idle;
};

/* Makes the model of a complete recipe. nets: given by the user, or NULL to make them of the recipe's texts.
 */
genlat_status gnl_vae_make(genlat_ctx *ctx, const gnl_vae_recipe *recipe, genlat_net *encoder,
                           genlat_net *decoder, genlat_vae **out);
/* Starts the output bias of a Bernoulli decoder at the logit of the data's mean. */
genlat_status gnl_vae_bias_from(genlat_vae *vae, const genlat_source *source);
void gnl_vae_release(gnl_model *model);
int gnl_vae_condition_inputs(const gnl_vae_recipe *recipe); /* 1 or 0 */

/* Labels of rows first .. first+rows-1 as vectors; E_RANGE for a label that is no class. labels has been
 * checked. */
genlat_status gnl_vae_condition_fill(const genlat_vae *vae, const genlat_tensor *labels, int64_t first,
                                     int64_t rows, gnl_real *out, const char *where);
/* Shapes of data and labels, and that there are rows. */
genlat_status gnl_vae_check(const genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                            const char *where);
genlat_status gnl_vae_check_labels(const genlat_vae *vae, const genlat_tensor *labels, int64_t rows,
                                   const char *where);

genlat_status gnl_vae_borrow(genlat_vae *vae, int64_t rows, gnl_vae_desk **out);
void gnl_vae_return(genlat_vae *vae, gnl_vae_desk *desk);
void gnl_vae_desks_free(genlat_vae *vae);

/* On a borrowed desk, at most its rows. Encode leaves mean and log-variance in the exec's outputs; decode
 * reads desk->z. */
genlat_status gnl_vae_desk_encode(genlat_vae *vae, gnl_vae_desk *desk, const gnl_real *x,
                                  const genlat_tensor *labels, int64_t first, int64_t rows,
                                  const char *where);
genlat_status gnl_vae_desk_decode(genlat_vae *vae, gnl_vae_desk *desk, const genlat_tensor *labels,
                                  int64_t first, int64_t rows, const char *where);
/* Log-variance of the desk's last encoding; NULL for a plain autoencoder. */
const gnl_real *gnl_vae_desk_logvar(const genlat_vae *vae, const gnl_vae_desk *desk);

/* Terms of rows in evaluation mode, summed over them; sample i draws from substream first + i of the seed. */
genlat_status gnl_vae_evaluate(genlat_vae *vae, const genlat_tensor *x, const genlat_tensor *labels,
                               int64_t samples, uint64_t seed, int64_t first, genlat_vae_terms *mean,
                               const char *where);
genlat_status gnl_vae_step(genlat_vae *vae, genlat_optim *optim, const genlat_tensor *x,
                           const genlat_tensor *labels, genlat_vae_terms *terms, const char *where);
genlat_status gnl_vae_save(genlat_vae *vae, const char *path);

#endif
