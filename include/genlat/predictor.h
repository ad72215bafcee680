/* SPDX-License-Identifier: MIT */
/**
 * @file predictor.h  Models that predict labels: predictors, semi-supervised VAEs, and GANs with a classifier.
 *
 * A model of the family "predictor" is a net that answers with the probability of each class where the labels are
 * classes, else with a vector. genlat_model_encode() gives its features, in which genlat_metric_frechet_distance() and
 * its like compare samples. Its terms are loss, accuracy (or mse, for vectors) and grad_norm. Settings of the builder:
 * net (layers before the last one; what they give is flattened under the name "features", and a dense layer named
 * "answer" follows), loss ("cross_entropy" for classes; for vectors a likelihood without trained numbers of its own,
 * such as "mse"), optimizer, lr_schedule.
 *
 * A model of the family "semi" learns classes from data of which few have labels, and generates data of a class: a VAE
 * that is conditional on the class, and a classifier q(y|x). The class of samples with the label -1 is not known and is
 * summed over. Such labels are in arrays that the program passes, or made by the option labelled of
 * genlat_source_transform(). A trainer repeats samples with labels until they are a tenth of all. Where labels are
 * missing, encode and reconstruct use the most probable class. Its terms are loss (neg_elbo with the weighted KL, plus
 * label_loss times its weight), neg_elbo, label_loss (mean cross-entropy of samples with labels), accuracy (on these
 * samples; both repeat the last known values in a step on a batch without labels, and are NaN in an evaluation of such
 * data) and grad_norm. Settings of the builder: architecture, encoder, decoder, latent, likelihood, posterior, prior,
 * beta, beta_schedule, recompute, optimizer and lr_schedule as for a VAE; classifier (layers before the last one;
 * default: those of the architecture's encoder); label_loss ("cross_entropy weight=50").
 * Source: Kingma, Rezende, Mohamed, Welling, "Semi-supervised learning with deep generative models", NeurIPS 2014.
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

/** What a model does with the labels of data; flags of genlat_model_label_use(). */
enum {
    GENLAT_LABEL_INPUT = 1,     /**< its nets take them: it is conditional. */
    GENLAT_LABEL_PREDICTED = 2, /**< it learns to predict them, see genlat_model_predict(). */
    GENLAT_LABEL_MAY_MISS = 4   /**< in training, samples may have the label -1: none. */
};

/**
 * Say what a model does with labels.
 *
 * @param model  model; NULL is legal.
 * @return flags GENLAT_LABEL_*; 0 for a model without labels, and for NULL.
 */
GENLAT_API uint32_t genlat_model_label_use(const genlat_model *model);

/**
 * Predict the labels of data, with a model that has GENLAT_LABEL_PREDICTED.
 *
 * @param model  model.
 * @param x      [rows,...] data.
 * @param y      receives a new tensor: [rows,classes] probabilities, or [rows,vector] predicted means.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a number that is not finite;
 *         GENLAT_E_UNSUPPORTED for a model that predicts nothing; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_predict(genlat_model *model, const genlat_tensor *x,
                                                               genlat_tensor **y);

GENLAT_END

#endif
