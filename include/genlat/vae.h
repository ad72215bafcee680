/* SPDX-License-Identifier: MIT */
/**
 * @file vae.h  Variational autoencoders: options, steps, evaluation. Models are built, trained and used as model.h
 * says.
 *
 * Settings of the builder besides genlat_vae_opts: `encoder` and `decoder` (layers; empty: made by `architecture`),
 * `likelihood`, `posterior`, `prior`, `terms` and `bound` (empty: what the options say), `decoder_inputs`
 * ("previous": the decoder also sees the data shifted by one position; "x": it sees the data, and its layers look
 * back only; other decoders are refused), `optimizer`, `term_optimizer` (of
 * tensors that terms train against the model; empty: as `optimizer`), `lr_schedule`, `beta_schedule`, `output_bias`
 * ("data": from the mean of the data).
 *
 * Terms of steps and evaluations: the members of genlat_vae_terms from neg_elbo on. Then, under its name, what each
 * entry of `terms` that is no `kl` contributes to the objective; a second one of a kind is name_2.
 *
 * Unless a comment says otherwise:
 * - Threads, memory and errors: as in model.h.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_VAE_H
#define GENLAT_VAE_H

#include "genlat/loss.h"
#include "genlat/model.h"

GENLAT_BEGIN

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
/** Estimator of the encoder's gradient. TOTAL and PATH serve both bounds, DOUBLY the importance-weighted bound. */
enum {
    GENLAT_ESTIMATOR_TOTAL = 0,  /**< the derivative of the bound's value. */
    GENLAT_ESTIMATOR_DOUBLY = 1, /**< doubly reparametrized, with less noise (Tucker et al., 2019). */
    GENLAT_ESTIMATOR_PATH = 2    /**< through the codes only, "sticking the landing" (Roeder et al., 2017). */
};

/** Options of a VAE, see genlat_vae_builder_options(). */
typedef struct genlat_vae_opts {
    size_t size;        /**< sizeof(genlat_vae_opts) as the caller knows it. */
    int64_t latent;     /**< latent dimensions, 1 to 65536. Default 20. */
    int64_t samples;    /**< posterior samples a training sample and step, 1 to 1024. Default 1. */
    double beta;        /**< weight of the KL, 0 to 1e6, dimensionless; a schedule multiplies it. Default 1. */
    double free_bits;   /**< nats of KL that cost nothing, 0 to 1e6. Default 0. */
    double gamma;       /**< weight of |KL - capacity|, 0 to 1e9; above 0 it replaces beta and free bits. Default 0. */
    double capacity;    /**< KL aimed at with gamma, 0 to 1e6 nats; a schedule multiplies it. Default 0. */
    double noise;       /**< sd of Gaussian noise added to the encoder's input in training, 0 to 1e6. Default 0. */
    double mask;        /**< part of the encoder's input set to 0 in training, 0 to 0.99. Default 0. */
    uint32_t kind;      /**< GENLAT_VAE_*. Default GENLAT_VAE_VARIATIONAL. */
    uint32_t free_kind; /**< GENLAT_FREE_BITS_*. Default GENLAT_FREE_BITS_DIMENSION. */
    uint32_t bound;     /**< GENLAT_BOUND_*; IMPORTANCE excludes free bits and gamma. Default GENLAT_BOUND_ELBO. */
    uint32_t estimator; /**< GENLAT_ESTIMATOR_*. Default GENLAT_ESTIMATOR_TOTAL. */
    uint32_t recompute; /**< 1: as genlat_exec_opts.recompute, in training. Default 0. */
    uint32_t reserved;  /**< 0. */
} genlat_vae_opts;

/**
 * Read the options of a builder, as its preset and calls so far have left them.
 *
 * @param builder  builder of a "vae".
 * @param opts     receives the options; set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for a builder of another family.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_builder_options(genlat_model_builder *builder,
                                                                     genlat_vae_opts *opts);

/**
 * Set the options that differ from the builder's, as genlat_model_builder_set() does. They must have been read by
 * genlat_vae_builder_options() since the last preset, else the builder reports GENLAT_E_STATE.
 *
 * @param builder  builder; NULL is ignored.
 * @param opts     options; copied.
 */
GENLAT_API void genlat_vae_builder_set_options(genlat_model_builder *builder, const genlat_vae_opts *opts);

/**
 * Make an optimizer for all that the model trains, for loops of the caller's own: encoder, decoder, the likelihood's
 * own scale, the prior's own weights.
 *
 * @param model  VAE.
 * @param text   such as "adam lr=1e-3".
 * @param out    receives a new optimizer; it keeps the nets alive.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for another family; GENLAT_E_NOT_FOUND; GENLAT_E_RANGE;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_optimizer(genlat_model *model, const char *text,
                                                               genlat_optim **out);

/** Terms of the objective, nats a sample. Set size before the call. */
typedef struct genlat_vae_terms {
    size_t size;      /**< sizeof(genlat_vae_terms) as the caller knows it. */
    double neg_elbo;  /**< recon + kl, whatever the weights in training. */
    double recon;     /**< -E_q log p(x|z). */
    double kl;        /**< KL(q(z|x) || p(z)). */
    double objective; /**< what training minimised: with beta, free bits, capacity. */
    double grad_norm; /**< Euclidean norm of all gradients before clipping; 0 without a step. */
    double beta;      /**< weight of the KL in this step. */
} genlat_vae_terms;

/**
 * Train on one batch: forward, backward, one update.
 *
 * @param model   model.
 * @param optim   optimizer from genlat_vae_optimizer(); NULL: the model's own.
 * @param x       [rows,...] data, scaled as the nets see them; borrowed for the call.
 * @param labels  [rows] classes or [rows,vector] conditions, when the model is conditional; else NULL.
 * @param terms   receives the terms over the batch; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID, also for an optimizer without weights of the model, such as that of another;
 *         GENLAT_E_SHAPE; GENLAT_E_RANGE for a label, and for a number that the likelihood does not accept;
 *         GENLAT_E_UNSUPPORTED for an optimizer that accumulates gradients; GENLAT_E_NUMERIC when a loss or gradient is
 *         not finite: the model is as before; GENLAT_E_STATE when another thread or a trainer is training the model;
 *         GENLAT_E_MEMORY when a larger batch than before needs more memory.
 * Randomness: streams noise and dropout.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_step(genlat_model *model, genlat_optim *optim,
                                                          const genlat_tensor *x, const genlat_tensor *labels,
                                                          genlat_vae_terms *terms);

/**
 * Forward and backward of one batch without an update: gradients of the mean objective are added to the nets'.
 *
 * @param model   model.
 * @param x       [rows,...] data, scaled as the nets see them; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param terms   receives the terms over the batch; NULL is legal.
 * @return as genlat_vae_step(); GENLAT_E_NUMERIC only for a loss.
 * Randomness: streams noise and dropout.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_backward(genlat_model *model, const genlat_tensor *x,
                                                              const genlat_tensor *labels, genlat_vae_terms *terms);

/**
 * Evaluate the objective on a batch, in evaluation mode.
 *
 * @param model    model.
 * @param x        [rows,...] data; borrowed for the call.
 * @param labels   as for genlat_vae_step().
 * @param samples  posterior samples to average over, >= 1.
 * @param seed     of the posterior samples.
 * @param terms    receives the terms.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Randomness: of the seed given.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_elbo(genlat_model *model, const genlat_tensor *x,
                                                          const genlat_tensor *labels, int64_t samples, uint64_t seed,
                                                          genlat_vae_terms *terms);

/**
 * Evaluate the objective of each row: the terms of genlat_vae_elbo() before they are averaged. The mean of each array
 * is the member of genlat_vae_terms of that name. A row's terms do not depend on the other rows, unless the likelihood
 * has one number for a batch ("gaussian sd=optimal" before the first step).
 *
 * @param model     model.
 * @param x         [rows,...] data; borrowed for the call.
 * @param labels    as for genlat_vae_step().
 * @param samples   posterior samples to average over, >= 1.
 * @param seed      of the posterior samples.
 * @param neg_elbo  [rows] receives recon + kl, nats; NULL is legal.
 * @param recon     [rows] receives -E_q log p(x|z), nats; NULL is legal.
 * @param kl        [rows] receives KL(q(z|x) || p(z)), nats; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY. On failure the arrays stay
 *         as they are.
 * Randomness: of the seed given.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_elbo_rows(genlat_model *model, const genlat_tensor *x,
                                                               const genlat_tensor *labels, int64_t samples,
                                                               uint64_t seed, double *neg_elbo, double *recon,
                                                               double *kl);

/**
 * Name of the index-th parameter of the likelihood p(x|z), such as "mean" and "sd" of a Gaussian. The pages of the
 * likelihoods list them.
 *
 * @param model  VAE; NULL and models of other families have none.
 * @param index  from 0 on.
 * @param help   receives static text of one line, NULL past the last; NULL is legal.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_vae_parameter_name(const genlat_model *model, int32_t index, const char **help);

/**
 * Compute a parameter of p(x|z) for every element of the data, in the units of the raw data: means and scales are
 * converted back when the model scales its data. Logits and shape parameters belong to the scaled data.
 *
 * @param model   model.
 * @param z       [n,latent] codes, n >= 1; borrowed for the call.
 * @param labels  as for genlat_model_decode(); NULL: the classes in turn.
 * @param name    a name of genlat_vae_parameter_name().
 * @param out     receives a new tensor [n,...] of the data's shape; [n,classes,...] for the logits of classes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE; GENLAT_E_SHAPE; GENLAT_E_RANGE for a label;
 *         GENLAT_E_NOT_FOUND for a name, naming the known ones; GENLAT_E_UNSUPPORTED when the decoder also sees the
 *         data, since the parameters then depend on them; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_parameter(genlat_model *model, const genlat_tensor *z,
                                                               const genlat_tensor *labels, const char *name,
                                                               genlat_tensor **out);

/**
 * Encode data. For a posterior that is a flow, the mean is the code of zero noise, and logvar an approximation there.
 *
 * @param model   model.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param mean    receives a new tensor [rows,latent]; NULL is legal.
 * @param logvar  receives a new tensor [rows,latent]; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_encode(genlat_model *model, const genlat_tensor *x,
                                                            const genlat_tensor *labels, genlat_tensor **mean,
                                                            genlat_tensor **logvar);

/**
 * Draw codes from q(z|x): those that an evaluation with the same seed draws for the first rows of a source.
 *
 * @param model   model.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param seed    any number; a row's code depends on the seed and its place alone.
 * @param z       receives a new tensor [rows,latent].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Randomness: of the seed given.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_encode_sample(genlat_model *model, const genlat_tensor *x,
                                                                   const genlat_tensor *labels, uint64_t seed,
                                                                   genlat_tensor **z);

/**
 * Estimate -log p(x) by importance sampling from q: -log mean_k p(x|z_k) p(z_k) / q(z_k|x), log-sum-exp in double.
 *
 * @param model    model.
 * @param x        [rows,...] data; borrowed for the call.
 * @param labels   as for genlat_vae_step().
 * @param samples  K, importance samples a row, >= 1.
 * @param seed     of the samples; a row's estimate does not depend on the other rows.
 * @param nll      [rows] receives the estimates, nats.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED for a posterior without a
 *         density; GENLAT_E_MEMORY.
 * Randomness: of the seed given.
 * Source: Burda, Grosse, Salakhutdinov, "Importance weighted autoencoders", 2016.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_log_likelihood(genlat_model *model, const genlat_tensor *x,
                                                                    const genlat_tensor *labels, int64_t samples,
                                                                    uint64_t seed, double *nll);

/**
 * How much each latent dimension is used by a source.
 *
 * @param model     model.
 * @param source    data; borrowed for the call.
 * @param active    receives the number of dimensions whose posterior mean varies by more than 0.01; NULL is legal.
 * @param variance  [latent] receives the variance of the posterior mean over the data; NULL is legal.
 * @param kl        [latent] receives the mean KL of each dimension, nats; NaN where only the sum of all is known;
 *                  NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY; GENLAT_E_CALLBACK.
 * Source: Burda, Grosse, Salakhutdinov, "Importance weighted autoencoders", 2016 (active units).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_active_units(genlat_model *model, genlat_source *source,
                                                                  int64_t *active, double *variance, double *kl);

/**
 * Return how many codes a sample has, and how many different ones there are. A discrete posterior, such as vq or fsq,
 * encodes each sample as `count` whole numbers from 0 to size - 1.
 *
 * @param model  model; borrowed for the call.
 * @param count  receives the number of codes of a sample; NULL is legal.
 * @param size   receives the number of different codes; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for a model that is no VAE; GENLAT_E_UNSUPPORTED for a posterior
 *         that is not discrete.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_codes(const genlat_model *model, int64_t *count, int64_t *size);

/**
 * Encode data as whole numbers. The codes of a latent map follow its positions row by row; with several code books, the
 * codes of all books at a position follow each other.
 *
 * @param model   model with a discrete posterior.
 * @param x       [rows,...] data; borrowed for the call.
 * @param labels  as for genlat_vae_step().
 * @param codes   receives a new tensor [rows,count] of whole numbers from 0 to size - 1, see genlat_vae_codes().
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_STATE; GENLAT_E_UNSUPPORTED for a
 *         posterior that is not discrete; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_encode_codes(genlat_model *model, const genlat_tensor *x,
                                                                  const genlat_tensor *labels, genlat_tensor **codes);

/**
 * Look up the latents of codes, which genlat_model_decode() decodes.
 *
 * @param model  model with a discrete posterior.
 * @param codes  [rows,count] whole numbers from 0 to size - 1, see genlat_vae_codes(); borrowed for the call.
 * @param z      receives a new tensor [rows,latent].
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for other numbers; GENLAT_E_STATE;
 *         GENLAT_E_UNSUPPORTED for a posterior that is not discrete; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_codes_to_latents(genlat_model *model, const genlat_tensor *codes,
                                                                      genlat_tensor **z);

/**
 * Measure how many codes a source uses. Codes that no sample uses are wasted. The perplexity is the number of codes
 * that would have the same entropy if all were used equally.
 *
 * @param model       model with a discrete posterior.
 * @param source      data; borrowed for the call.
 * @param used        receives the number of codes that occur, at most size of genlat_vae_codes(); NULL is legal.
 * @param perplexity  receives e to the entropy of the frequencies of the codes, from 1 to size; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_STATE; GENLAT_E_UNSUPPORTED for a posterior that is not
 *         discrete; GENLAT_E_MEMORY; GENLAT_E_CALLBACK.
 * Source: van den Oord, Vinyals, Kavukcuoglu, "Neural discrete representation learning", 2017.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_vae_code_usage(genlat_model *model, genlat_source *source,
                                                                int64_t *used, double *perplexity);

GENLAT_END

#endif
