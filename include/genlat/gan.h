/* SPDX-License-Identifier: MIT */
/**
 * @file gan.h  Generative adversarial networks: options, steps, evaluation. Models are built, trained and used as
 * model.h says.
 *
 * Settings of the builder besides genlat_gan_opts: `generator` and `discriminator` (layers; empty: made by
 * `architecture`), `penalties` (added to those of the options), `augment`, `optimizer_g`, `optimizer_d` (empty: as
 * optimizer_g), `lr_schedule`, `noise_schedule`, `penalty_schedule`, `beta2_schedule`.
 *
 * Terms of steps: the members of genlat_gan_terms from d_loss on; label_loss and accuracy for classifiers only. A GAN
 * has no loss that is evaluated on data.
 *
 * Unless a comment says otherwise:
 * - Threads, memory and errors: as in model.h.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_GAN_H
#define GENLAT_GAN_H

#include "genlat/loss.h"
#include "genlat/model.h"

GENLAT_BEGIN

/** Where the gradient penalty `gp` is taken; R1 and R2 are taken at the real and the generated samples. */
enum {
    GENLAT_GAN_PLACE_INTERPOLATE = 0, /**< at random points between a real and a generated sample (WGAN-GP). */
    GENLAT_GAN_PLACE_DRAGAN = 1       /**< at real samples plus uniform noise of half their standard deviation
                                           (DRAGAN). */
};

/** Last layer of the generator of a preset. */
enum {
    GENLAT_GAN_OUTPUT_LINEAR = 0,  /**< any number. */
    GENLAT_GAN_OUTPUT_SIGMOID = 1, /**< data in [0,1]. */
    GENLAT_GAN_OUTPUT_TANH = 2     /**< data in [-1,1]. */
};

/** How the condition enters the discriminator of a preset. */
enum {
    GENLAT_GAN_CONDITIONING_CONCAT = 0,     /**< as an input (Mirza, Osindero 2014). */
    GENLAT_GAN_CONDITIONING_PROJECTION = 1, /**< by the product of its embedding and the features (Miyato, Koyama
                                                 2018). */
    GENLAT_GAN_CONDITIONING_AUXILIARY = 2,  /**< not: an auxiliary classifier predicts it (AC-GAN; Odena, Olah, Shlens
                                                 2017). */
    GENLAT_GAN_CONDITIONING_CLASSIFIER = 3 /**< neither net gets it: the discriminator classifies real samples, of which
                                                 few need labels (Salimans and others, Improved techniques for training
                                                 GANs, 2016). */
};

/** Options of a GAN, see genlat_gan_builder_options(). Defaults are those of the preset "r3". */
typedef struct genlat_gan_opts {
    size_t size;    /**< sizeof(genlat_gan_opts) as the caller knows it. */
    int64_t latent; /**< latent dimensions, 1 to 65536; 0: 64, or as many as a sample has elements where these
                                 are fewer. Default 0. */
    int64_t discriminator_steps; /**< discriminator steps per generator step, 1 to 1000. Default 1. */
    int64_t packing;             /**< samples that the discriminator sees together, joined along features or channels
                                 (PacGAN), 1 to 64. Default 1. */
    int64_t penalty_every;       /**< lazy regularization: penalties are computed every so many discriminator steps and
                                 multiplied by that number; 1 to 1000. Default 1. */
    double r1;                   /**< weight of |grad D|^2 / 2 at real samples, 0 to 1e9. Default 0.1. */
    double r2;                   /**< the same at generated samples, 0 to 1e9. Default 0.1. */
    double gp;                   /**< weight of the penalty of gp_kind at gp_place, 0 to 1e9. Default 0. */
    double label_smoothing;  /**< subtracted from the target of real samples, 0 to 0.5; for losses with such a target.
                                 Default 0. */
    double noise;            /**< sd of the noise added to the discriminator's inputs, 0 to 1e6; a schedule multiplies
                                 it. Default 0. */
    double clip;             /**< bound of the critic's weights after each of its steps, for Wasserstein losses, 0 to
                                 1e6; 0: none. Default 0. */
    double ema;              /**< half-life of the averaged generator, which generates the samples, in training
                                 samples, 0 to 1e15; 0: none. Default 50000. */
    double ema_ramp;         /**< the half-life is at most this part of the samples seen, 0 to 1e6; 0: no ramp. Default
                                 0.05. */
    uint32_t loss;           /**< GENLAT_ADVERSARIAL_*. Default GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR. */
    uint32_t gp_kind;        /**< GENLAT_PENALTY_*. Default GENLAT_PENALTY_ONE. */
    uint32_t gp_place;       /**< GENLAT_GAN_PLACE_*. Default GENLAT_GAN_PLACE_INTERPOLATE. */
    uint32_t output;         /**< GENLAT_GAN_OUTPUT_*, for generators of a preset. Default GENLAT_GAN_OUTPUT_LINEAR. */
    double approx_r1;        /**< weight of (D(x) - D(x + noise))^2 at real samples, a first-order form of R1, 0 to 1e9.
                                 Default 0. */
    double approx_r2;        /**< the same at generated samples, 0 to 1e9. Default 0. */
    double approx_sd;        /**< sd of that noise, 0 to 1e6. Default 0.01. */
    double auxiliary;        /**< weight of the cross-entropy of the classes: in both losses for
                                 GENLAT_GAN_CONDITIONING_AUXILIARY, in the discriminator's for
                                 GENLAT_GAN_CONDITIONING_CLASSIFIER; 0 to 1e9. Default 1. */
    double feature_matching; /**< weight, in the generator's loss, of the squared distance of the mean of the
                                  discriminator's node `features` on real and generated samples, 0 to 1e9. Default 0. */
    double history;          /**< weight of the squared distance of all weights from their mean over the steps so far,
                                  in both losses, 0 to 1e9. Default 0. */
    double augment_probability; /**< probability of each augmentation, 0 to 1; with a target, the largest that it
                                     becomes. Default 1. */
    double augment_target;      /**< adaptive augmentation: the probability starts at 0 and is adapted until the mean
                                  sign of the discriminator's outputs on real data (of the differences, for
                                  relativistic losses) has this value, 0 to 1, such as 0.6; 0: the probability is
                                  fixed. Default 0. */
    double augment_speed; /**< training samples in which the probability changes by 1, 1 to 1e15. Default 500000. */
    double orthogonal;    /**< weight of |W W^T without its diagonal|^2 / 2, summed over the matrices of dense
                                  layers and convolutions, in both losses, 0 to 1e9. Default 0. */
    double label_smoothing_fake; /**< added to the target of generated samples, 0 to 0.5; for losses with such a
                                      target. With label_smoothing both sides are smoothed; the one-sided form is the
                                      usual. Default 0. */
    uint32_t conditioning;       /**< GENLAT_GAN_CONDITIONING_*. Default GENLAT_GAN_CONDITIONING_CONCAT. */
    uint32_t recompute;          /**< 1: as genlat_exec_opts.recompute, in training. Default 0. */
    double ema_discriminator; /**< half-life of the averaged discriminator, which predicts classes, in training samples,
                                      0 to 1e15; 0: none. ema_ramp limits it too. Default 0. */
    int64_t init_samples;     /**< training samples on which the discriminator's layers with weight norm are set to
                                      outputs of mean 0 and standard deviation 1 when the model is built from a source,
                                      0 to 1000000; 0: none. Default 0. */
} genlat_gan_opts;

/**
 * Read the options of a builder, as its preset and calls so far have left them.
 *
 * @param builder  builder of a "gan".
 * @param opts     receives the options; set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for a builder of another family.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_builder_options(genlat_model_builder *builder,
                                                                     genlat_gan_opts *opts);

/**
 * Set the options that differ from the builder's, as genlat_model_builder_set() does. They must have been read by
 * genlat_gan_builder_options() since the last preset, else the builder reports GENLAT_E_STATE.
 *
 * @param builder  builder; NULL is ignored.
 * @param opts     options; copied.
 */
GENLAT_API void genlat_gan_builder_set_options(genlat_model_builder *builder, const genlat_gan_opts *opts);

/** Results of a step. Set size before the call. */
typedef struct genlat_gan_terms {
    size_t size;        /**< sizeof(genlat_gan_terms) as the caller knows it. */
    double d_loss;      /**< loss of the discriminator, without penalties. */
    double g_loss;      /**< loss of the generator, of its last step. */
    double d_real;      /**< mean raw output on real samples. */
    double d_fake;      /**< mean raw output on generated samples. */
    double penalty;     /**< sum of the penalties with their weights, the last ones computed. */
    double d_grad_norm; /**< Euclidean norm of the discriminator's gradients before clipping. */
    double g_grad_norm; /**< the same of the generator's, of its last step. */
    double diversity;   /**< mean distance of generated samples, as part of that of the real ones; 1 where these are
                             all equal. */
    double augment_probability; /**< probability of each augmentation. */
    double label_loss; /**< mean cross-entropy of the labels, of the last batch with labels; 0 unless the discriminator
                             is a classifier. */
    double accuracy;   /**< part of these samples that the discriminator classified correctly; 0 as above. */
} genlat_gan_terms;

/**
 * Train on one batch: one step of the discriminator, and one of the generator after every discriminator_steps-th.
 *
 * @param model   model.
 * @param x       [rows,...] data, scaled as the nets see them; borrowed for the call. With packing the rows are taken
 *                in groups; what is left over is left out.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL. Generated
 *                samples are given the same. For a classifier, classes, or -1 for rows without label; NULL: none has.
 * @param terms   receives the terms; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when a loss or
 *         gradient is not finite: the model is as before; GENLAT_E_STATE when another thread or a trainer is training
 *         the model; GENLAT_E_MEMORY when a larger batch than before needs more memory.
 * Randomness: streams noise, dropout and augment.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_step(genlat_model *model, const genlat_tensor *x,
                                                          const genlat_tensor *labels, genlat_gan_terms *terms);

/**
 * Make one step of the discriminator alone.
 *
 * @param model   model.
 * @param x       [rows,...] data, scaled as the nets see them; borrowed for the call. With packing the rows are taken
 *                in groups; what is left over is left out.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL. Generated
 *                samples are given the same. For a classifier, classes, or -1 for rows without label; NULL: none has.
 * @param terms   receives the terms; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when a loss or
 *         gradient is not finite: the model is as before; GENLAT_E_STATE when another thread or a trainer is training
 *         the model; GENLAT_E_MEMORY when a larger batch than before needs more memory.
 * Randomness: streams noise, dropout and augment.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_step_d(genlat_model *model, const genlat_tensor *x,
                                                            const genlat_tensor *labels, genlat_gan_terms *terms);

/**
 * Make one step of the generator alone. The discriminator gets no gradients.
 *
 * @param model   model.
 * @param x       [rows,...] data, scaled as the nets see them: gives the number of rows, and what relativistic losses
 *                compare with; borrowed for the call.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL. Generated
 *                samples are given the same. For a classifier, classes, or -1 for rows without label; NULL: none has.
 * @param terms   receives the terms; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when a loss or
 *         gradient is not finite: the model is as before; GENLAT_E_STATE when another thread or a trainer is training
 *         the model; GENLAT_E_MEMORY when a larger batch than before needs more memory.
 * Randomness: streams noise, dropout and augment.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_step_g(genlat_model *model, const genlat_tensor *x,
                                                            const genlat_tensor *labels, genlat_gan_terms *terms);

/**
 * Compute the raw outputs of the discriminator, in evaluation mode.
 *
 * @param model   model.
 * @param x       [rows,...] data, rows a multiple of packing; borrowed for the call.
 * @param labels  as for genlat_gan_step().
 * @param y       receives a new tensor [rows/packing].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_discriminate(genlat_model *model, const genlat_tensor *x,
                                                                  const genlat_tensor *labels, genlat_tensor **y);

GENLAT_END

#endif
