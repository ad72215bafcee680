/* SPDX-License-Identifier: MIT */
/**
 * @file sampler.h  Samplers: densities of codes that are fitted to the data after the training of a model.
 *
 * A decoder is trained at the codes of data. Where those do not have the distribution of the prior, samples from a
 * density of the codes are better than samples from the prior: a Gaussian ("gaussian"), a mixture of Gaussians
 * ("mixture"), the codes themselves with noise ("nearest"), a flow of affine coupling layers ("flow"), or a second VAE
 * ("two_stage"). genlat_kind_name() lists them as "samplers".
 *
 * Unless a comment says otherwise:
 * - Threads, memory and errors: as in model.h.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_SAMPLER_H
#define GENLAT_SAMPLER_H

#include "genlat/model.h"

GENLAT_BEGIN

/**
 * Fit a sampler to the codes of data: genlat_model_sample() and genlat_model_latents() then draw latents from it. Model
 * files keep it. Training the model further removes it, because the codes change. Messages of level info report the
 * steps of a fit by gradients.
 *
 * @param model    model with encoder and latents; belongs to one thread during the call.
 * @param source   raw data to encode, with labels when the model is conditional; NULL is legal for "prior".
 * @param sampler  kind and options, such as "gaussian", "mixture components=10" or "nearest"; "prior" removes the
 *                 sampler.
 * @param seed     of the starts, initial weights, order and noise of a fit.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown sampler or option, naming all;
 *         GENLAT_E_RANGE, also for fewer samples than the components of a mixture, and for data that the model does not
 *         accept; GENLAT_E_SHAPE; GENLAT_E_UNSUPPORTED for a family without encoder or latents, and for
 *         discrete codes; GENLAT_E_NUMERIC for codes that are not finite, and for a fit that diverges; GENLAT_E_MEMORY;
 *         GENLAT_E_CALLBACK. After a failure the model has its former sampler.
 * Randomness: streams init, order and noise of the seed.
 * Source: Ghosh and others, From variational to deterministic autoencoders, 2020 (a mixture after training).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_fit_sampler(genlat_model *model, genlat_source *source,
                                                                   const char *sampler, uint64_t seed);

/**
 * Kind and options of the sampler of a model.
 *
 * @param model     model.
 * @param text      receives a text such as "mixture components=10"; "prior" without a sampler.
 * @param capacity  of text, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when the text does not fit.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_sampler(const genlat_model *model, char *text, size_t capacity);

GENLAT_END

#endif
