/* SPDX-License-Identifier: MIT */
/* Declarations private to the predictor. */
#ifndef GNL_PREDICTOR_PRIV_H
#define GNL_PREDICTOR_PRIV_H

#include "predictor/predictor.h"
#include "genlat/predictor.h"

enum { GNL_PREDICTOR_ROWS = 128 }; /* largest number of rows of an inference workspace */

typedef struct gnl_predictor_config {
    gnl_config base;
    char net[GNL_NET_LENGTH]; /* layers of the net; completing the configuration appends the last one */
    char loss[GNL_TEXT_LENGTH], optimizer[GNL_TEXT_LENGTH], lr_schedule[GNL_TEXT_LENGTH];
} gnl_predictor_config;

extern const gnl_config_type gnl_predictor_config_type;
extern const gnl_preset gnl_predictor_presets[];
extern const gnl_choice gnl_predictor_choices[];
extern const char *const gnl_predictor_choice_keys[];

genlat_status gnl_predictor_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given);
/* Creates the loss. Stores in *outputs the number of net outputs per number of a label. */
genlat_status gnl_predictor_loss(genlat_ctx *ctx, const gnl_predictor_config *config, genlat_loss **out,
                                 int64_t *outputs);

typedef struct gnl_predictor {
    genlat_model model;
    genlat_loss *loss;
    int64_t dims, outputs; /* numbers of a label, and net outputs per number */
    int features;          /* index of the node "features" */
} gnl_predictor;

static inline gnl_predictor *gnl_predictor_of(const genlat_model *model)
{
    return (gnl_predictor *)(uintptr_t)model;
}

static inline const gnl_predictor_config *gnl_predictor_config_of(const genlat_model *model)
{
    return (const gnl_predictor_config *)(const void *)model->config;
}

extern const gnl_workspace_type gnl_predictor_training, gnl_predictor_using;
enum { GNL_PREDICTOR_POOL };

/* The terms: loss, accuracy or mse, norm of the gradient. */
enum { GNL_PREDICTOR_TERMS = 3 };
genlat_status gnl_predictor_step(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                 double *terms);
genlat_status gnl_predictor_evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                     uint64_t seed, int64_t first, double *terms);
/* Computes the features of the data, [rows,features]. */
/* Computes probabilities [rows,classes], or means [rows,vector]. */
genlat_status gnl_predictor_predict(genlat_model *model, const genlat_tensor *x, gnl_real *out);
genlat_status gnl_predictor_encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                   gnl_real *out);

#endif
