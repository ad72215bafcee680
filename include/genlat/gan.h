/* SPDX-License-Identifier: MIT */
/** @file gan.h  Generative adversarial networks: builder and model. */
#ifndef GENLAT_GAN_H
#define GENLAT_GAN_H

#include "genlat/data.h"
#include "genlat/loss.h"
#include "genlat/net.h"
#include "genlat/optim.h"

GENLAT_BEGIN

/** Collects what a GAN is made of; keeps the first error and tells it at genlat_gan_build(). */
typedef struct genlat_gan_builder genlat_gan_builder;

/** Generator, discriminator (critic) and what trains them. One thread trains it; any number of threads may generate and
 *  discriminate at once while nobody trains. */
typedef struct genlat_gan genlat_gan;

/** Where the gradient penalty `gp` is taken; R1 and R2 are taken at the real and the generated samples. */
enum {
    GENLAT_GAN_PLACE_INTERPOLATE = 0, /**< at random points between a real and a generated sample (WGAN-GP). */
    GENLAT_GAN_PLACE_DRAGAN = 1       /**< at real samples moved by half their spread times uniform noise (DRAGAN). */
};

/** What closes the generator of a preset. */
enum {
    GENLAT_GAN_OUTPUT_LINEAR = 0,  /**< any number. */
    GENLAT_GAN_OUTPUT_SIGMOID = 1, /**< data in [0,1]. */
    GENLAT_GAN_OUTPUT_TANH = 2     /**< data in [-1,1]. */
};

/** How the discriminator of a preset takes the condition. */
enum {
    GENLAT_GAN_CONDITIONING_CONCAT = 0,     /**< beside the data (Mirza, Osindero 2014). */
    GENLAT_GAN_CONDITIONING_PROJECTION = 1, /**< its embedding times the features is added (Miyato, Koyama 2018). */
    GENLAT_GAN_CONDITIONING_AUXILIARY = 2   /**< not at all: it tells the class (Odena, Olah, Shlens 2017). */
};

/** Options of a GAN. Filled by genlat_gan_opts_init() with those of the preset "r3". */
typedef struct genlat_gan_opts {
    size_t size;            /**< sizeof(genlat_gan_opts) as the caller knows it. */
    int64_t latent;         /**< latent dimensions, 1 to 65536; 0: 64, or as many as a sample has elements where these are
                                 fewer. Default 0. */
    int64_t critic_steps;   /**< steps of the critic for each of the generator, 1 to 1000. Default 1. */
    int64_t packing;        /**< samples that the critic sees together, joined along features or channels, 1 to 64. Default
                                 1. */
    int64_t penalty_every;  /**< penalties are computed in one of so many critic steps, times that number, so that their
                                 mean stays; 1 to 1000. Default 1. */
    double r1;              /**< weight of |grad D|^2 / 2 at real samples, >= 0. Default 0.1. */
    double r2;              /**< the same at generated samples, >= 0. Default 0.1. */
    double gp;              /**< weight of the penalty of gp_kind at gp_place, >= 0. Default 0. */
    double label_smoothing; /**< taken off the target of real samples, 0 to 0.5; for losses with such a target. Default 0. */
    double noise;           /**< sd of the noise added to all that the critic sees, >= 0; a schedule multiplies it. Default
                                 0. */
    double clip;            /**< bound of the critic's weights, clipped after each of its steps; 0: none. Default 0. */
    double ema;             /**< half-life of the generator's average that samples are made with, in training samples, >= 0;
                                 0: none. Default 50000. */
    double ema_ramp;        /**< the half-life is at most this part of the samples seen, >= 0; 0: no ramp. Default 0.05. */
    uint32_t loss;          /**< GENLAT_ADVERSARIAL_*. Default GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR. */
    uint32_t gp_kind;       /**< GENLAT_PENALTY_*. Default GENLAT_PENALTY_ONE. */
    uint32_t gp_place;      /**< GENLAT_GAN_PLACE_*. Default GENLAT_GAN_PLACE_INTERPOLATE. */
    uint32_t output;        /**< GENLAT_GAN_OUTPUT_*, for generators of a preset. Default GENLAT_GAN_OUTPUT_LINEAR. */
    double approx_r1;       /**< weight of (D(x) - D(x + noise))^2 at real samples, a first-order form of R1, >= 0. Default 0. */
    double approx_r2;       /**< the same at generated samples, >= 0. Default 0. */
    double approx_sd;       /**< sd of that noise, >= 0. Default 0.01. */
    double auxiliary;       /**< weight of the cross-entropy of the classes that the discriminator tells, in both losses, for
                                 GENLAT_GAN_CONDITIONING_AUXILIARY, >= 0. Default 1. */
    double feature_matching; /**< weight, in the generator's loss, of the squared distance of the mean of the discriminator's node
                                  `features` on real and generated samples, >= 0. Default 0. */
    double history;          /**< weight of the squared distance of all weights from their mean over the steps so far, in both
                                  losses, >= 0. Default 0. */
    double augment_strength; /**< probability of each change that genlat_gan_builder_set() names as augment, 0 to 1; with a
                                  target, the most it becomes. Default 1. */
    double augment_target;   /**< mean sign of the critic's outputs on real data (of the differences, for losses that compare) that
                                  the probability follows, from 0 on, 0 to 1, such as 0.6; 0: it stays. Default 0. */
    double augment_speed;    /**< samples in which the probability moves by 1, >= 1. Default 500000. */
    double orthogonal;       /**< weight of |W W^T without its diagonal|^2 / 2, summed over the matrices of dense layers and convolutions,
                                  in both losses, >= 0. Default 0. */
    double label_smoothing_fake; /**< added to the target of generated samples, 0 to 0.5; for losses with such a target. With
                                      label_smoothing both sides are smoothed; the one-sided form is the usual. Default 0. */
    uint32_t conditioning;   /**< GENLAT_GAN_CONDITIONING_*. Default GENLAT_GAN_CONDITIONING_CONCAT. */
    uint32_t recompute;      /**< 1: as genlat_exec_opts.recompute, in training. Default 0. */
} genlat_gan_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_gan_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_gan_opts) as the caller knows it, bytes.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_opts_init_sized(genlat_gan_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_gan_opts_init(opts) genlat_gan_opts_init_sized((opts), sizeof *(opts))

/**
 * Start a GAN with the preset "r3".
 *
 * @param ctx  context.
 * @param out  receives a new builder, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_builder_new(genlat_ctx *ctx, genlat_gan_builder **out);

/**
 * Give a builder back that was not built.
 *
 * @param builder  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 * Thread-safety: one thread destroys. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_destroy(genlat_gan_builder **builder);

/**
 * Take nets, options, optimizers and training length of a preset. Later calls change single parts of it.
 *
 * @param builder  builder; NULL is ignored.
 * @param name     name of a preset, see genlat_gan_preset().
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_preset(genlat_gan_builder *builder, const char *name);

/**
 * Name and description of the index-th preset.
 *
 * @param index  from 0 on.
 * @param help   receives one static line; NULL is legal.
 * @return static text, or NULL past the last.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API const char *genlat_gan_preset(int32_t index, const char **help);

/**
 * Set the shape of one sample. Without this call it is that of the source given to genlat_gan_build().
 *
 * @param builder  builder; NULL is ignored.
 * @param ndim     dimensions of one sample, 1 to GENLAT_MAX_DIMS-1.
 * @param dims     [ndim] sizes; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_data(genlat_gan_builder *builder, int32_t ndim, const int64_t *dims);

/**
 * Set all options.
 *
 * @param builder  builder; NULL is ignored.
 * @param opts     options; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_options(genlat_gan_builder *builder, const genlat_gan_opts *opts);

/**
 * Set one thing by name: an option of genlat_gan_opts, or generator, discriminator, optimizer_g, optimizer_d, lr_schedule,
 * noise_schedule, penalty_schedule, beta2_schedule (whose value is the optimizers' beta2), condition, with the texts that the functions below take; or augment, the changes of all
 * that the critic sees, of [channels,length] or [channels,height,width] data: translation, cutout, brightness, saturation, contrast,
 * or color for the last three, such as "color,translation,cutout".
 *
 * @param builder  builder; NULL is ignored.
 * @param key      name.
 * @param value    value as text; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * Source: Zhao et al. 2020 (differentiable augmentation); Karras et al. 2020 (its adaptive strength).
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_set(genlat_gan_builder *builder, const char *key, const char *value);

/**
 * Set the number of latent dimensions.
 *
 * @param builder     builder; NULL is ignored.
 * @param dimensions  as genlat_gan_opts.latent.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_latent(genlat_gan_builder *builder, int64_t dimensions);

/**
 * Describe the generator by layers, as genlat_net_builder_text() reads them. Its inputs are the node z [latent] and, when the
 * model is conditional, the node c. In the text {out} stands for the number of elements of a sample, {channels} for that of its
 * channels; it must end with as many numbers as a sample has.
 *
 * @param builder  builder; NULL is ignored.
 * @param layers   text; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_generator(genlat_gan_builder *builder, const char *layers);

/**
 * Describe the discriminator by layers, down to one raw number a sample, without a sigmoid. Its inputs are the node x, the data
 * (of `packing` samples, joined along the first dimension), and, when the model is conditional, the node c (write from=x at the
 * first layer then). Layers that couple the samples of a batch are refused where a penalty is wanted.
 *
 * @param builder  builder; NULL is ignored.
 * @param layers   text; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_discriminator(genlat_gan_builder *builder, const char *layers);

/**
 * Give generator and discriminator as nets.
 *
 * @param builder        builder; NULL is ignored.
 * @param generator      net from z [latent] (and c) to a sample; retained.
 * @param discriminator  net from x (and c) to one number; retained.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_nets(genlat_gan_builder *builder, genlat_net *generator, genlat_net *discriminator);

/**
 * Make the model conditional by concatenation: both nets are given the condition.
 *
 * @param builder  builder; NULL is ignored.
 * @param classes  number of classes of the labels, which become one-hot vectors; 0: none.
 * @param vector   length of the condition vector; 0: none. Not both.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * Source: Mirza, Osindero, "Conditional generative adversarial nets", 2014.
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_condition(genlat_gan_builder *builder, int64_t classes, int64_t vector);

/**
 * Choose the optimizers; different rates give two time scales.
 *
 * @param builder        builder; NULL is ignored.
 * @param generator      such as "adam lr=2e-4 beta1=0 beta2=0.99", see genlat_optim_from_text(); copied.
 * @param discriminator  the same for the discriminator; NULL: as the generator's. Copied.
 * @param schedule       factor of both rates over the steps, such as "cosine from=1 to=0.1 steps=10000"; NULL: constant.
 *                       Copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * Source: Heusel et al. 2017 (two time scales).
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_optimizers(genlat_gan_builder *builder, const char *generator,
                                              const char *discriminator, const char *schedule);

/**
 * Let noise and penalties follow schedules over the steps.
 *
 * @param builder  builder; NULL is ignored.
 * @param noise    factor of the instance noise; NULL: constant. Copied.
 * @param penalty  factor of r1, r2 and gp; NULL: constant. Copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * Source: Arjovsky, Bottou 2017 (instance noise); Huang et al. 2024 (falling penalties).
 * @since 0.1
 */
GENLAT_API void genlat_gan_builder_schedules(genlat_gan_builder *builder, const char *noise, const char *penalty);

/**
 * Make the model.
 *
 * @param builder  address of a builder; taken: it is given back in any case and the handle becomes NULL.
 * @param source   gives the shape of the data, and the classes when the model is conditional on them; NULL when
 *                 genlat_gan_builder_data() was called.
 * @param out      receives a new model, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; the first error of all builder calls, with its text; GENLAT_E_SHAPE when the nets do not
 *         fit; GENLAT_E_UNSUPPORTED when a penalty is wanted and a layer couples the samples of a batch, naming the layer;
 *         GENLAT_E_MEMORY.
 * Thread-safety: safe. Allocates: yes. Randomness: stream init of the context's seed.
 * Source: Goodfellow et al. 2014; Huang et al., "The GAN is dead; long live the GAN!", 2024 (preset r3); Radford et al. 2015
 * (dcgan); Gulrajani et al. 2017 (wgan_gp); Miyato et al. 2018 (sngan); Lin et al. 2018 (packing).
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_build(genlat_gan_builder **builder, genlat_source *source,
                                                           genlat_gan **out);

/**
 * Give a model back.
 *
 * @param gan  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 * Thread-safety: one thread destroys. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_gan_destroy(genlat_gan **gan);

/**
 * Number of latent dimensions.
 *
 * @param gan  model; NULL gives 0.
 * @return dimensions.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API int64_t genlat_gan_latent(const genlat_gan *gan);

/**
 * Shape of one sample of the data.
 *
 * @param gan   model.
 * @param ndim  receives the number of dimensions.
 * @param dims  [GENLAT_MAX_DIMS] receives the sizes.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_data_shape(const genlat_gan *gan, int32_t *ndim, int64_t *dims);

/**
 * What the model is conditional on.
 *
 * @param gan      model.
 * @param classes  receives the number of classes, 0 without; NULL is legal.
 * @param vector   receives the length of the condition vector, 0 without; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_condition(const genlat_gan *gan, int64_t *classes, int64_t *vector);

/**
 * The generator with the weights that training moves.
 *
 * @param gan  model; NULL gives NULL.
 * @return borrowed net, valid as long as the model.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API genlat_net *genlat_gan_generator(genlat_gan *gan);

/**
 * The generator with averaged weights, brought up to date; the generator itself when there is no average.
 *
 * @param gan  model; NULL gives NULL.
 * @return borrowed net, valid as long as the model.
 * Thread-safety: safe while nobody trains. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API genlat_net *genlat_gan_average(genlat_gan *gan);

/**
 * The discriminator.
 *
 * @param gan  model; NULL gives NULL.
 * @return borrowed net, valid as long as the model.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API genlat_net *genlat_gan_discriminator(genlat_gan *gan);

/** What a step tells. Set size before the call. */
typedef struct genlat_gan_terms {
    size_t size;        /**< sizeof(genlat_gan_terms) as the caller knows it. */
    double d_loss;      /**< loss of the critic, without penalties. */
    double g_loss;      /**< loss of the generator, of its last step. */
    double d_real;      /**< mean raw output on real samples. */
    double d_fake;      /**< mean raw output on generated samples. */
    double penalty;     /**< sum of the penalties with their weights, the last ones computed. */
    double d_grad_norm; /**< Euclidean norm of the critic's gradients before clipping. */
    double g_grad_norm; /**< the same of the generator's, of its last step. */
    double diversity;   /**< mean distance of generated samples, as part of that of the real ones; 1 where these are all equal. */
    double strength;    /**< probability of each change of what the critic sees. */
} genlat_gan_terms;

/**
 * Train on one batch: one step of the critic, and one of the generator after every critic_steps-th.
 *
 * @param gan     model.
 * @param x       [rows,...] data; borrowed for the call. With packing the rows are taken in groups; what is left over is left out.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL. Generated samples
 *                are given the same.
 * @param terms   receives the terms; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when a loss or gradient is not
 *         finite: the model is as before; GENLAT_E_MEMORY when a larger batch than before wants more room.
 * Thread-safety: one thread trains. Allocates: when rows grow. Randomness: streams noise, dropout and augment.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_step(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                                          genlat_gan_terms *terms);

/**
 * One step of the critic alone.
 *
 * @param gan     model.
 * @param x       [rows,...] data; borrowed for the call. With packing the rows are taken in groups; what is left over is left out.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL. Generated samples
 *                are given the same.
 * @param terms   receives the terms; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when a loss or gradient is not
 *         finite: the model is as before; GENLAT_E_MEMORY when a larger batch than before wants more room.
 * Thread-safety: one thread trains. Allocates: when rows grow. Randomness: streams noise, dropout and augment.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_step_d(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                                            genlat_gan_terms *terms);

/**
 * One step of the generator alone. The critic gets no gradients.
 *
 * @param gan     model.
 * @param x       [rows,...] data: gives the number of rows, and what relativistic losses compare with; borrowed for the call.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL. Generated samples
 *                are given the same.
 * @param terms   receives the terms; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when a loss or gradient is not
 *         finite: the model is as before; GENLAT_E_MEMORY when a larger batch than before wants more room.
 * Thread-safety: one thread trains. Allocates: when rows grow. Randomness: streams noise, dropout and augment.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_step_g(genlat_gan *gan, const genlat_tensor *x, const genlat_tensor *labels,
                                                            genlat_gan_terms *terms);

/** Options of genlat_gan_generate(). Filled by genlat_generate_opts_init(). */
typedef struct genlat_generate_opts {
    size_t size;        /**< sizeof(genlat_generate_opts) as the caller knows it. */
    int64_t seed;       /**< of the latents, >= 0; -1: the next of the context's stream. Default -1. */
    double temperature; /**< factor of the sd of the latents, >= 0. Default 1. */
    double truncation;  /**< latents whose size exceeds it are drawn anew, 0.1 to 1000; 0: none are. Default 0. */
    uint32_t raw;       /**< 1: the weights that training moves instead of their average. Default 0. */
    uint32_t reserved;  /**< 0. */
} genlat_generate_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_generate_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_generate_opts) as the caller knows it, bytes.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_generate_opts_init_sized(genlat_generate_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_generate_opts_init(opts) genlat_generate_opts_init_sized((opts), sizeof *(opts))

/**
 * Make samples.
 *
 * @param gan     model.
 * @param n       number of samples, >= 1.
 * @param labels  [n] classes or [n,vector] conditions of a conditional model; NULL: the classes in turn.
 * @param opts    borrowed for the call; NULL: defaults.
 * @param y       receives a new tensor [n,...].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE when condition vectors are missing;
 *         GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: stream sample; a longer series of one seed begins
 * with the shorter one.
 * Source: Brock, Donahue, Simonyan 2019 (truncation).
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_generate(genlat_gan *gan, int64_t n, const genlat_tensor *labels,
                                                              const genlat_generate_opts *opts, genlat_tensor **y);

/**
 * Make samples of latents.
 *
 * @param gan     model.
 * @param z       [rows,latent]; borrowed for the call.
 * @param labels  as for genlat_gan_step(); NULL: the classes in turn.
 * @param y       receives a new tensor [rows,...].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_decode(genlat_gan *gan, const genlat_tensor *z, const genlat_tensor *labels,
                                                            genlat_tensor **y);

/**
 * Draw the latents that genlat_gan_generate() makes samples of.
 *
 * @param gan   model.
 * @param n     number of latents, >= 1.
 * @param opts  seed, temperature and truncation; borrowed for the call; NULL: defaults.
 * @param z     receives a new tensor [n,latent].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: stream sample; a longer series of one seed begins
 * with the shorter one.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_latents(genlat_gan *gan, int64_t n, const genlat_generate_opts *opts,
                                                             genlat_tensor **z);

/** The way from one latent to another. */
enum {
    GENLAT_GAN_PATH_SPHERE = 0, /**< the great circle, which keeps the length typical of normal latents. */
    GENLAT_GAN_PATH_LINE = 1    /**< the straight line. */
};

/**
 * Make samples of the latents on the way between others, both ends among them.
 *
 * @param gan     model.
 * @param from    [rows,latent] the beginnings; borrowed for the call.
 * @param to      [rows,latent] the ends; borrowed for the call.
 * @param labels  as for genlat_gan_step(), for both ends and all between; NULL: the classes in turn, one a row.
 * @param steps   samples a row, >= 2.
 * @param path    GENLAT_GAN_PATH_*.
 * @param y       receives a new tensor [rows*steps,...], the steps of a row one after the other.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE when condition vectors are missing;
 *         GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * Source: White, "Sampling generative networks", 2016 (spherical interpolation).
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_interpolate(genlat_gan *gan, const genlat_tensor *from,
                                                                 const genlat_tensor *to, const genlat_tensor *labels,
                                                                 int64_t steps, uint32_t path, genlat_tensor **y);

/**
 * Raw outputs of the critic, in evaluation mode.
 *
 * @param gan     model.
 * @param x       [rows,...] data, rows a multiple of packing; borrowed for the call.
 * @param labels  as for genlat_gan_step().
 * @param y       receives a new tensor [rows/packing].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_discriminate(genlat_gan *gan, const genlat_tensor *x,
                                                                  const genlat_tensor *labels, genlat_tensor **y);

/**
 * Write what the model is as text: options, optimizers, nets, sizes.
 *
 * @param gan       model.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  room, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when there is too little room.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_gan_describe(const genlat_gan *gan, char *text, size_t capacity);

GENLAT_END

#endif
