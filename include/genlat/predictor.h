/* SPDX-License-Identifier: MIT */
/**
 * @file predictor.h  Predictors: nets trained to predict the labels of data.
 *
 * A model of the family "predictor" answers with the probability of each class where the labels are classes, else
 * with a vector. genlat_model_encode() gives its features, in which genlat_metric_frechet_distance() and its like
 * compare samples. Its terms are loss, accuracy (or mse, for vectors) and grad_norm.
 *
 * Settings of the builder: net (layers before the last one; what they give is flattened under the name "features",
 * and a dense layer named "answer" follows), loss ("cross_entropy" for classes; for vectors a likelihood without
 * trained numbers of its own, such as "mse"), optimizer, lr_schedule.
 *
 * Unless a comment says otherwise:
 * - Threads, memory and errors: as in model.h.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_PREDICTOR_H
#define GENLAT_PREDICTOR_H

#include "genlat/loss.h"
#include "genlat/model.h"

GENLAT_BEGIN

/**
 * Answers on data.
 *
 * @param model  predictor.
 * @param x      [rows,...] data.
 * @param y      receives a new tensor: [rows,classes] probabilities, or [rows,vector] predicted means.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a number that is not finite;
 *         GENLAT_E_STATE for a model of another family; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_predictor_predict(genlat_model *model, const genlat_tensor *x,
                                                                   genlat_tensor **y);

GENLAT_END

#endif
