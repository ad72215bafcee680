/* SPDX-License-Identifier: MIT */
/** @file vae.h  Variational autoencoders: builder and model. */
#ifndef GENLAT_VAE_H
#define GENLAT_VAE_H

#include "genlat/data.h"
#include "genlat/loss.h"
#include "genlat/net.h"
#include "genlat/optim.h"

GENLAT_BEGIN

/** Collects what a VAE is made of; keeps the first error and tells it at genlat_vae_build(). */
typedef struct genlat_vae_builder genlat_vae_builder;

/** Encoder q(z|x), decoder p(x|z), prior N(0,I). One thread trains it; any number may use it while nobody trains. */
typedef struct genlat_vae genlat_vae;

/** What the model is. */
enum {
    GENLAT_VAE_VARIATIONAL = 0, /**< the latent is drawn from q(z|x) and pays its KL to the prior. */
    GENLAT_VAE_PLAIN = 1        /**< a plain autoencoder: the latent is the mean, no KL. */
};

/** How free bits are counted. */
enum {
    GENLAT_FREE_BITS_DIMENSION = 0, /**< for each latent dimension, of its mean over the batch. */
    GENLAT_FREE_BITS_SAMPLE = 1,    /**< for each latent dimension of each sample. */
    GENLAT_FREE_BITS_WHOLE = 2      /**< for the whole latent, of its mean over the batch. */
};

/** What a step maximises: the ELBO, or the log of the mean importance weight (IWAE; Burda et al., 2016). */
enum { GENLAT_BOUND_ELBO = 0, GENLAT_BOUND_IMPORTANCE = 1 };
/** Gradient of the latter: as drawn, or doubly reparametrized, with less noise (Tucker et al., 2019). */
enum { GENLAT_ESTIMATOR_TOTAL = 0, GENLAT_ESTIMATOR_DOUBLY = 1 };

/** Options of a VAE. Filled by genlat_vae_opts_init(). */
typedef struct genlat_vae_opts {
    size_t size;        /**< sizeof(genlat_vae_opts) as the caller knows it. */
    int64_t latent;     /**< latent dimensions, 1 to 65536. Default 20. */
    int64_t samples;    /**< posterior samples a training sample and step, 1 to 1024. Default 1. */
    double beta;        /**< weight of the KL, >= 0, dimensionless; a schedule multiplies it. Default 1. */
    double free_bits;   /**< nats of KL that cost nothing, >= 0. Default 0. */
    double gamma;       /**< weight of |KL - capacity|; above 0 it replaces beta and free bits. Default 0. */
    double capacity;    /**< KL aimed at with gamma, nats; a schedule multiplies it. Default 0. */
    double noise;       /**< sd of Gaussian noise added to the encoder's input in training, >= 0. Default 0. */
    double mask;        /**< part of the encoder's input set to 0 in training, 0 to 0.99. Default 0. */
    uint32_t kind;      /**< GENLAT_VAE_*. Default GENLAT_VAE_VARIATIONAL. */
    uint32_t free_kind; /**< GENLAT_FREE_BITS_*. Default GENLAT_FREE_BITS_DIMENSION. */
    uint32_t bound;     /**< GENLAT_BOUND_*; IMPORTANCE excludes free bits and gamma. Default GENLAT_BOUND_ELBO. */
    uint32_t estimator; /**< GENLAT_ESTIMATOR_*. Default GENLAT_ESTIMATOR_TOTAL. */
    uint32_t recompute; /**< 1: as genlat_exec_opts.recompute, in training. Default 0. */
    uint32_t reserved;  /**< 0. */
} genlat_vae_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_vae_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_vae_opts) as the caller knows it, bytes.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_opts_init_sized(genlat_vae_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_vae_opts_init(opts) genlat_vae_opts_init_sized((opts), sizeof *(opts))

/**
 * Start a VAE: preset "mlp", Bernoulli likelihood, 20 latent dimensions, Adam.
 *
 * @param ctx  context.
 * @param out  receives a new builder, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_builder_new(genlat_ctx *ctx, genlat_vae_builder **out);

/**
 * Give a builder back that was not built.
 *
 * @param builder  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 * Thread-safety: one thread destroys. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_destroy(genlat_vae_builder **builder);

/**
 * Take encoder, decoder, likelihood, latent size, optimizer and training length of a preset. Later calls change
 * single parts of it.
 *
 * @param builder  builder; NULL is ignored.
 * @param name     name of a preset, see genlat_vae_preset().
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_preset(genlat_vae_builder *builder, const char *name);

/**
 * Name and description of the index-th preset.
 *
 * @param index  from 0 on.
 * @param help   receives one static line; NULL is legal.
 * @return static text, or NULL past the last.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API const char *genlat_vae_preset(int32_t index, const char **help);

/**
 * Set the shape of one sample. Without this call it is that of the source given to genlat_vae_build().
 *
 * @param builder  builder; NULL is ignored.
 * @param ndim     dimensions of one sample, 1 to GENLAT_MAX_DIMS-1.
 * @param dims     [ndim] sizes; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_data(genlat_vae_builder *builder, int32_t ndim, const int64_t *dims);

/**
 * Set all options of the objective.
 *
 * @param builder  builder; NULL is ignored.
 * @param opts     options; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_options(genlat_vae_builder *builder, const genlat_vae_opts *opts);

/**
 * Set one thing by name: an option of genlat_vae_opts, or encoder, decoder, likelihood, optimizer, lr_schedule,
 * beta_schedule, condition, with the texts that the functions below take.
 *
 * @param builder  builder; NULL is ignored.
 * @param key      name.
 * @param value    value as text; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_set(genlat_vae_builder *builder, const char *key, const char *value);

/**
 * Set the number of latent dimensions.
 *
 * @param builder     builder; NULL is ignored.
 * @param dimensions  1 to 65536.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_latent(genlat_vae_builder *builder, int64_t dimensions);

/**
 * Describe the encoder by layers, as genlat_net_builder_text() reads them. Its inputs are the node x, the data, and,
 * when the model is conditional, the node c (write from=x at the first layer then); the builder adds the heads mean and logvar behind the last node.
 *
 * @param builder  builder; NULL is ignored.
 * @param layers   text; copied. "mlp" or "conv": those of the preset of that name.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_encoder(genlat_vae_builder *builder, const char *layers);

/**
 * Describe the decoder by layers. Its inputs are the node z and, when the model is conditional, the node c. In
 * the text {out} stands for the number of outputs that the likelihood wants, {channels} for the number of their channels, with which it must end.
 *
 * @param builder  builder; NULL is ignored.
 * @param layers   text; copied. "mlp" or "conv": those of the preset of that name.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_decoder(genlat_vae_builder *builder, const char *layers);

/**
 * Give encoder and decoder as nets.
 *
 * @param builder  builder; NULL is ignored.
 * @param encoder  net from x (and c) to two outputs, mean and log-variance [latent]; retained.
 * @param decoder  net from z [latent] (and c) to what the likelihood wants; retained.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_nets(genlat_vae_builder *builder, genlat_net *encoder, genlat_net *decoder);

/**
 * Choose the likelihood of the data.
 *
 * @param builder  builder; NULL is ignored.
 * @param family   GENLAT_LIKELIHOOD_*, but for GENLAT_LIKELIHOOD_CROSS_ENTROPY.
 * @param options  "key=value ..." of that family, or NULL for its defaults; copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_likelihood(genlat_vae_builder *builder, uint32_t family, const char *options);

/**
 * Make the model conditional: p(x|z,c) and q(z|x,c).
 *
 * @param builder  builder; NULL is ignored.
 * @param classes  number of classes of the labels, which become one-hot vectors; 0: none.
 * @param vector   length of the condition vector; 0: none. Not both.
 * Thread-safety: a builder belongs to one thread. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_condition(genlat_vae_builder *builder, int64_t classes, int64_t vector);

/**
 * Choose the optimizer that genlat_vae_step() uses when it is given none.
 *
 * @param builder   builder; NULL is ignored.
 * @param optimizer such as "adam lr=1e-3", see genlat_optim_from_text(); copied.
 * @param schedule  factor of the learning rate over the steps, such as "cosine from=1 to=0 steps=10000"; NULL: constant. Copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_optimizer(genlat_vae_builder *builder, const char *optimizer,
                                             const char *schedule);

/**
 * Let the weight of the KL (or the capacity) follow a schedule over the steps: warm-up, cycles, ramps.
 *
 * @param builder   builder; NULL is ignored.
 * @param schedule  factor of beta, such as "linear from=0 to=1 steps=5000"; NULL: constant. Copied.
 * Thread-safety: a builder belongs to one thread. Allocates: yes. Randomness: none.
 * Source: Bowman et al. 2016 (warm-up); Fu et al. 2019 (cycles); Burgess et al. 2018 (capacity).
 * @since 0.1
 */
GENLAT_API void genlat_vae_builder_beta_schedule(genlat_vae_builder *builder, const char *schedule);

/**
 * Make the model.
 *
 * @param builder  address of a builder; taken: it is given back in any case and the handle becomes NULL.
 * @param source   gives the shape of the data, the classes when the model is conditional on them, and, for a Bernoulli
 *                 likelihood, the mean from which the output bias starts when the preset asks for it; NULL after
 *                 genlat_vae_builder_data().
 * @param out      receives a new model, or NULL on failure.
 * @return GENLAT_OK; the first error of all builder calls; GENLAT_E_INVALID; GENLAT_E_SHAPE: the nets do not fit;
 *         GENLAT_E_MEMORY.
 * Thread-safety: safe. Allocates: yes. Randomness: stream init of the context's seed.
 * Source: Kingma, Welling, "Auto-encoding variational Bayes", 2014; Rezende, Mohamed, Wierstra 2014.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_build(genlat_vae_builder **builder, genlat_source *source,
                                                           genlat_vae **out);

/**
 * Give a model back.
 *
 * @param vae  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 * Thread-safety: one thread destroys. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_vae_destroy(genlat_vae **vae);

/**
 * Number of latent dimensions.
 *
 * @param vae  model; NULL gives 0.
 * @return dimensions.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API int64_t genlat_vae_latent(const genlat_vae *vae);

/**
 * Shape of one sample of the data.
 *
 * @param vae   model.
 * @param ndim  receives the number of dimensions.
 * @param dims  [GENLAT_MAX_DIMS] receives the sizes.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_data_shape(const genlat_vae *vae, int32_t *ndim, int64_t *dims);

/**
 * What the model is conditional on.
 *
 * @param vae      model.
 * @param classes  receives the number of classes, 0 without; NULL is legal.
 * @param vector   receives the length of the condition vector, 0 without; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_condition(const genlat_vae *vae, int64_t *classes,
                                                               int64_t *vector);

/**
 * The encoder.
 *
 * @param vae  model; NULL gives NULL.
 * @return borrowed net, valid as long as the model.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API genlat_net *genlat_vae_encoder(genlat_vae *vae);

/**
 * The decoder.
 *
 * @param vae  model; NULL gives NULL.
 * @return borrowed net, valid as long as the model.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API genlat_net *genlat_vae_decoder(genlat_vae *vae);

/**
 * Make an optimizer for all that the model trains: encoder, decoder and the likelihood's own scale.
 *
 * @param vae   model.
 * @param text  such as "adam lr=1e-3".
 * @param out   receives a new optimizer, or NULL on failure; it keeps the nets alive.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_optimizer(genlat_vae *vae, const char *text,
                                                               genlat_optim **out);

/** Terms of the objective, nats a sample. Set size before the call. */
typedef struct genlat_vae_terms {
    size_t size;       /**< sizeof(genlat_vae_terms) as the caller knows it. */
    double neg_elbo;   /**< recon + kl, whatever the weights in training. */
    double recon;      /**< -E_q log p(x|z). */
    double kl;         /**< KL(q(z|x) || p(z)). */
    double objective;  /**< what training minimised: with beta, free bits, capacity. */
    double grad_norm;  /**< Euclidean norm of all gradients before clipping; 0 without a step. */
    double beta;       /**< weight of the KL in this step. */
} genlat_vae_terms;

/**
 * Train on one batch: forward, backward, one update.
 *
 * @param vae     model.
 * @param optim   optimizer from genlat_vae_optimizer(); NULL: the model's own.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL.
 * @param terms   receives the terms over the batch; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label; GENLAT_E_NUMERIC when a loss or gradient is
 *         not finite: the model is as before; GENLAT_E_MEMORY when a larger batch than before wants more room.
 * Thread-safety: one thread trains. Allocates: when rows grow. Randomness: streams noise and dropout.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_step(genlat_vae *vae, genlat_optim *optim, const genlat_tensor *x,
                                                          const genlat_tensor *labels, genlat_vae_terms *terms);

/**
 * Forward and backward of one batch without an update: gradients of the mean objective are added to the nets'.
 *
 * @param vae     model.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param terms   receives the terms over the batch; NULL is legal.
 * @return as genlat_vae_step(); GENLAT_E_NUMERIC only for a loss.
 * Thread-safety: one thread trains. Allocates: when rows grow. Randomness: streams noise and dropout.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_backward(genlat_vae *vae, const genlat_tensor *x,
                                                              const genlat_tensor *labels, genlat_vae_terms *terms);

/**
 * Evaluate the objective on a batch, in evaluation mode.
 *
 * @param vae      model.
 * @param x        [rows,...] data; borrowed for the call.
 * @param labels   as for genlat_vae_step().
 * @param samples  posterior samples to average over, >= 1.
 * @param seed     of the posterior samples.
 * @param terms    receives the terms.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: of the seed given.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_elbo(genlat_vae *vae, const genlat_tensor *x,
                                                          const genlat_tensor *labels, int64_t samples, uint64_t seed,
                                                          genlat_vae_terms *terms);

/**
 * Encode data.
 *
 * @param vae     model.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param mean    receives a new tensor [rows,latent]; NULL is legal.
 * @param logvar  receives a new tensor [rows,latent]; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_encode(genlat_vae *vae, const genlat_tensor *x,
                                                            const genlat_tensor *labels, genlat_tensor **mean,
                                                            genlat_tensor **logvar);

/**
 * Draw latents from q(z|x).
 *
 * @param vae     model.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param seed    any number; the same seed gives the same latents.
 * @param z       receives a new tensor [rows,latent].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: of the seed given.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_encode_sample(genlat_vae *vae, const genlat_tensor *x,
                                                                   const genlat_tensor *labels, uint64_t seed,
                                                                   genlat_tensor **z);

/**
 * Decode latents to the mean of p(x|z).
 *
 * @param vae     model.
 * @param z       [rows,latent]; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param x       receives a new tensor [rows,...].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_decode(genlat_vae *vae, const genlat_tensor *z,
                                                            const genlat_tensor *labels, genlat_tensor **x);

/** Options of sampling. Filled by genlat_sample_opts_init(). */
typedef struct genlat_sample_opts {
    size_t size;        /**< sizeof(genlat_sample_opts) as the caller knows it. */
    int64_t seed;       /**< of the latents, >= 0; -1: the next part of the context's stream sample. Default -1. */
    double temperature; /**< factor of the sd of the latents, >= 0. Default 1. */
    uint32_t draw;      /**< 1: draw from p(x|z) instead of taking its mean. Default 0. */
    uint32_t reserved;  /**< 0. */
} genlat_sample_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_sample_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_sample_opts) as the caller knows it, bytes.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API void genlat_sample_opts_init_sized(genlat_sample_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_sample_opts_init(opts) genlat_sample_opts_init_sized((opts), sizeof *(opts))

/**
 * Generate data from the prior. A conditional model takes its classes in turn, 0, 1, 2, ...
 *
 * @param vae  model.
 * @param n    how many, >= 1.
 * @param x    receives a new tensor [n,...], means of p(x|z).
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE when the model wants condition vectors; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: stream sample, moved on.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_sample(genlat_vae *vae, int64_t n, genlat_tensor **x);

/**
 * Generate data from the prior, with labels and options.
 *
 * @param vae     model.
 * @param n       how many, >= 1.
 * @param labels  [n] classes or [n,vector] conditions when the model is conditional; NULL: as genlat_vae_sample().
 * @param opts    borrowed for the call; NULL: defaults.
 * @param x       receives a new tensor [n,...].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: the seed of the options.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_sample_with(genlat_vae *vae, int64_t n,
                                                                 const genlat_tensor *labels,
                                                                 const genlat_sample_opts *opts, genlat_tensor **x);

/**
 * Encode to the mean and decode again.
 *
 * @param vae     model.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param y       receives a new tensor [rows,...].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_reconstruct(genlat_vae *vae, const genlat_tensor *x,
                                                                 const genlat_tensor *labels, genlat_tensor **y);

/**
 * Decode the latents on the way between two samples, on the great circle that keeps the length typical of the prior.
 *
 * @param vae     model.
 * @param from    [rows,...] data at the beginning; borrowed for the call.
 * @param to      [rows,...] data at the end; borrowed for the call.
 * @param labels  as for genlat_vae_step(), for both ends and all between.
 * @param steps   pictures a row, >= 2.
 * @param y       receives a new tensor [rows*steps,...], the steps of a row one after the other.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * Source: White, "Sampling generative networks", 2016 (spherical interpolation).
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_interpolate(genlat_vae *vae, const genlat_tensor *from,
                                                                 const genlat_tensor *to, const genlat_tensor *labels,
                                                                 int64_t steps, genlat_tensor **y);

/**
 * Decode while one latent dimension moves and the others stay.
 *
 * @param vae     model.
 * @param x       [1,...] the sample whose latent is the start; NULL: the origin.
 * @param labels  [1] or [1,vector], as for genlat_vae_step().
 * @param low     first value of the moving dimension, finite; sd of the prior.
 * @param high    last value, finite.
 * @param steps   values a dimension, >= 2.
 * @param y       receives a new tensor [latent*steps,...], the steps of a dimension one after the other.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_traverse(genlat_vae *vae, const genlat_tensor *x,
                                                              const genlat_tensor *labels, double low, double high,
                                                              int64_t steps, genlat_tensor **y);

/**
 * Estimate -log p(x) by importance sampling from q: -log mean_k p(x|z_k) p(z_k) / q(z_k|x), log-sum-exp in double.
 *
 * @param vae      model.
 * @param x        [rows,...] data; borrowed for the call.
 * @param labels   as for genlat_vae_step().
 * @param samples  K, importance samples a row, >= 1.
 * @param seed     of the samples; a row's estimate does not depend on the other rows.
 * @param nll      [rows] receives the estimates, nats.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED for a plain autoencoder;
 *         GENLAT_E_MEMORY.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: of the seed given.
 * Source: Burda, Grosse, Salakhutdinov, "Importance weighted autoencoders", 2016.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_log_likelihood(genlat_vae *vae, const genlat_tensor *x,
                                                                    const genlat_tensor *labels, int64_t samples,
                                                                    uint64_t seed, double *nll);

/**
 * How much each latent dimension is used by a source.
 *
 * @param vae       model.
 * @param source    data; borrowed for the call.
 * @param active    receives the number of dimensions whose posterior mean varies by more than 0.01; NULL is legal.
 * @param variance  [latent] receives the variance of the posterior mean over the data; NULL is legal.
 * @param kl        [latent] receives the mean KL of each dimension, nats; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY; what the source's callback returns.
 * Thread-safety: safe while nobody trains. Allocates: yes. Randomness: none.
 * Source: Burda, Grosse, Salakhutdinov, "Importance weighted autoencoders", 2016 (active units).
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_active_units(genlat_vae *vae, genlat_source *source,
                                                                  int64_t *active, double *variance, double *kl);

/**
 * Write what the model is as text: options, likelihood, nets, sizes.
 *
 * @param vae       model.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  room, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when there is too little room.
 * Thread-safety: safe. Allocates: no. Randomness: none.
 * @since 0.1
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_describe(const genlat_vae *vae, char *text, size_t capacity);

GENLAT_END

#endif
