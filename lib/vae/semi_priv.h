/* SPDX-License-Identifier: MIT */
/* Declarations of the semi-supervised VAE, which learns from data of which few have labels. */
#ifndef GNL_SEMI_PRIV_H
#define GNL_SEMI_PRIV_H

#include "vae/vae_priv.h"

enum { GNL_SEMI_CLASSIFIER_NET = 2 };             /* after the nets of the VAE */
enum { GNL_SEMI_POOL = 1, GNL_SEMI_PREDICTIONS }; /* after the pool of the VAE */
enum { GNL_SEMI_TERMS = 5 };

typedef struct gnl_semi_config {
    gnl_vae_config vae;
    char classifier[GNL_NET_LENGTH]; /* "": use the architecture */
    char label_loss[GNL_TEXT_LENGTH];
} gnl_semi_config;

extern const gnl_config_type gnl_semi_config_type;
extern const gnl_preset gnl_semi_presets[];
extern const gnl_choice gnl_semi_choices[];

genlat_status gnl_semi_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given);
/* Parses label_loss, such as "cross_entropy weight=0.1". */
genlat_status gnl_semi_label_weight(const gnl_semi_config *config, double *weight);

typedef struct gnl_semi {
    gnl_vae vae;
    double label_weight;
    double last[2]; /* loss and accuracy of the last batch that had labels */
} gnl_semi;

static inline gnl_semi *gnl_semi_of(const genlat_model *model)
{
    return (gnl_semi *)(uintptr_t)model;
}

static inline const gnl_semi_config *gnl_semi_config_of(const genlat_model *model)
{
    return (const gnl_semi_config *)(const void *)model->config;
}

extern const gnl_workspace_type gnl_semi_training, gnl_semi_using, gnl_semi_predicting;

genlat_status gnl_semi_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, double *terms);
genlat_status gnl_semi_evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, uint64_t seed,
                                int64_t first, double *terms);
genlat_status gnl_semi_predict(genlat_model *model, const genlat_tensor *x, gnl_real *out);
genlat_status gnl_semi_training_source(const genlat_model *model, genlat_source *source, genlat_source **out);

#endif
