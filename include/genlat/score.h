/* SPDX-License-Identifier: MIT */
/**
 * @file score.h
 * Scores of single rows of data: how little a model expects each of them. Rows that are unlike the training data have
 * high scores, which is how anomalies are found.
 *
 * Unless a comment says otherwise:
 * - Threads, memory and errors: as in model.h.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_SCORE_H
#define GENLAT_SCORE_H

#include "genlat/model.h"

GENLAT_BEGIN

/**
 * Name of the index-th score that a model gives to a row. A VAE has "nll", an estimate of -log p(x) by importance
 * sampling, "neg_elbo", its bound, and the parts of the bound, "recon" and "kl"; a VAE whose posterior has no density
 * has "recon" only. Models of family gmm and ppca have "nll", a GAN has "discriminator", the negative output of its
 * discriminator.
 *
 * @param model  model; NULL gives NULL.
 * @param index  from 0 on; the first score is the one that says most.
 * @param help   receives static text, one line; NULL is legal.
 * @return static text; NULL past the last, and for models without scores.
 */
GENLAT_API const char *genlat_model_score_name(const genlat_model *model, int32_t index, const char **help);

/**
 * Compute the scores of rows. They do not depend on the other rows, nor on how rows are divided into calls, unless the
 * likelihood has one number for a batch ("gaussian sd=optimal" before the first step).
 *
 * @param model    model.
 * @param x        [rows,...] data.
 * @param labels   as for genlat_model_step(), of a conditional model; else NULL.
 * @param samples  latents to draw for a row of a VAE, >= 1; other models ignore it.
 * @param seed     of the latents.
 * @param first    number of the first row in the data: the latents of a row depend on the seed and its number, >= 0.
 * @param scores   receives a new tensor [rows,scores] in the order of genlat_model_score_name(), nats; higher means
 *                 less expected.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE, also for a number that is not finite or that the
 *         likelihood does not allow; GENLAT_E_UNSUPPORTED for models without scores, and for a GAN whose discriminator
 *         rates several samples at once (packing); GENLAT_E_MEMORY.
 * Randomness: of the seed given.
 * Source: An and Cho, "Variational autoencoder based anomaly detection using reconstruction probability", 2015.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_score(genlat_model *model, const genlat_tensor *x,
                                                             const genlat_tensor *labels, int64_t samples,
                                                             uint64_t seed, int64_t first, genlat_tensor **scores);

GENLAT_END

#endif
