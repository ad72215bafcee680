/* SPDX-License-Identifier: MIT */
/* What only the files of the predictor know. */
#ifndef GNL_PREDICTOR_PRIV_H
#define GNL_PREDICTOR_PRIV_H

#include <pthread.h>

#include "model/model_priv.h"

enum { GNL_PREDICTOR_TEXT = 2048, GNL_PREDICTOR_WORDS = 160, GNL_PREDICTOR_CHUNK = 128 };

/* All that a predictor is made from; kept for the model file, but for the net, which is there as it is. */
typedef struct gnl_predictor_recipe {
    char net[GNL_PREDICTOR_TEXT];
    char loss[GNL_PREDICTOR_WORDS], optimizer[GNL_PREDICTOR_WORDS], lr_schedule[GNL_PREDICTOR_WORDS];
    gnl_shape data;
    int64_t classes, vector;
    int64_t epochs, batch;
} gnl_predictor_recipe;

/* Room for the answers on a number of rows. */
typedef struct gnl_predictor_desk {
    genlat_exec *exec;
    double *loss;    /* [rows] */
    gnl_real *means; /* [rows,dims] classes or vectors that are answered */
} gnl_predictor_desk;

struct genlat_predictor {
    gnl_model model;
    gnl_predictor_recipe recipe;
    genlat_net *net;
    genlat_loss *loss;
    genlat_optim *optim;
    genlat_schedule *lr_schedule; /* NULL: constant */
    double lr;                    /* of the optimizer's text, which the schedule multiplies */
    int64_t size;                 /* elements of one sample */
    int64_t dims, parts;          /* numbers of a label, and outputs of the net for each */
    int features;                 /* the node */
    gnl_predictor_desk work;      /* of the thread that trains; empty until it does */
    gnl_real *saved_state;        /* running statistics before a step, for a step that fails */
    pthread_mutex_t lock;         /* guards idle */
    gnl_predictor_desk idle;
};

/* Makes the model of a complete recipe around a net, which is retained. */
genlat_status gnl_predictor_make(genlat_ctx *ctx, const gnl_predictor_recipe *recipe, genlat_net *net,
                                 genlat_predictor **out);
void gnl_predictor_release(gnl_model *model);
void gnl_predictor_desk_free(genlat_ctx *ctx, gnl_predictor_desk *desk);

/* terms: loss, accuracy or mse, norm of the gradient. */
genlat_status gnl_predictor_step(genlat_predictor *p, const genlat_tensor *x, const genlat_tensor *labels,
                                 double *terms, const char *where);
genlat_status gnl_predictor_evaluate(genlat_predictor *p, const genlat_tensor *x, const genlat_tensor *labels,
                                     double *terms, const char *where);
genlat_status gnl_predictor_save(genlat_predictor *p, const char *path);

#endif
