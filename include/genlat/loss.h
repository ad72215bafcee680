/* SPDX-License-Identifier: MIT */
/**
 * @file loss.h  Losses: likelihoods of data under a decoder's outputs, KL divergences of Gaussian codes, and
 * adversarial losses.
 *
 * Unless a comment says otherwise:
 * - Threads: a handle may be used by any number of threads at once as long as none of them changes it. A handle that
 *   a call changes, or destroys, belongs to one thread during the call.
 * - Memory: functions that return a new handle allocate, others do not. The caller owns what it receives as new and
 *   releases it with the destroy function; pointers that it passes in are borrowed for the call.
 * - Errors: a failed call sets the handles that it would have returned to NULL and changes nothing else.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_LOSS_H
#define GENLAT_LOSS_H

#include "genlat/rng.h"
#include "genlat/tensor.h"

GENLAT_BEGIN

/** Families of likelihoods, in the order of genlat_loss_kind(). */
enum {
    GENLAT_LIKELIHOOD_BERNOULLI = 0,            /**< "bernoulli": logits; targets in [0,1], grey ones too. */
    GENLAT_LIKELIHOOD_GAUSSIAN = 1,             /**< "gaussian": sd fixed, learned, optimal or an output. */
    GENLAT_LIKELIHOOD_LAPLACE = 2,              /**< "laplace": scale fixed or learned. */
    GENLAT_LIKELIHOOD_CATEGORICAL = 3,          /**< "categorical": logits of classes for each element. */
    GENLAT_LIKELIHOOD_DISCRETIZED_LOGISTIC = 4, /**< "discretized_logistic": mean and log-scale; levels of an image. */
    GENLAT_LIKELIHOOD_BETA_BINOMIAL = 5,        /**< "beta_binomial": log alpha and log beta; levels of an image. */
    GENLAT_LIKELIHOOD_MSE = 6,                  /**< "mse": sum of squares. */
    GENLAT_LIKELIHOOD_CROSS_ENTROPY = 7,        /**< "cross_entropy": logits of classes, one label a sample. */
    GENLAT_LIKELIHOOD_LOGISTIC_MIXTURE = 8, /**< "logistic_mixture": logits, means, log-scales; levels of an image. */
    GENLAT_LIKELIHOOD_STUDENT_T = 9         /**< "student_t": mean, scale and degrees of freedom. */
};

/** A likelihood with its options and, for some, a trained or running scale of its own. */
typedef struct genlat_loss genlat_loss;

/**
 * Make a loss from text such as "bernoulli", "gaussian sd=optimal" or "categorical classes=8".
 * The kinds and their options are listed in the reference, by genlat_loss_kind() and by genlat_loss_help().
 *
 * @param ctx   context.
 * @param spec  kind, then key=value pairs, separated by blanks; copied.
 * @param out   receives a new loss, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown kind, or for an unknown
 *         option, naming the known ones; GENLAT_E_RANGE for a value; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_loss_new(genlat_ctx *ctx, const char *spec, genlat_loss **out);

/**
 * Release a loss.
 *
 * @param loss  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_loss_destroy(genlat_loss **loss);

/**
 * Write a loss as the text that genlat_loss_new() reads; options at their defaults are left out.
 *
 * @param loss      loss.
 * @param text      [capacity] receives the text with its final zero.
 * @param capacity  size of text, bytes.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when text is too small.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_loss_format(const genlat_loss *loss, char *text, size_t capacity);

/**
 * Name of the index-th kind of loss that this library has.
 *
 * @param index  from 0 on; GENLAT_LIKELIHOOD_*.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_loss_kind(int32_t index);

/**
 * One line of help on a kind of loss or on one of its options.
 *
 * @param kind    name of a kind.
 * @param option  index of an option from 0 on; -1: the kind itself.
 * @param name    receives static text, the option's or kind's name; NULL is legal.
 * @param help    receives static text; NULL is legal.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown kind or past the last option.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_loss_help(const char *kind, int32_t option, const char **name,
                                                           const char **help);

/**
 * Outputs that a net must have for each element of the data. They lie in planes: for data [C,H,W] and 2
 * outputs, a decoder has [2C,H,W], first all means, then all log-scales.
 *
 * @param loss  loss; NULL gives 0.
 * @return outputs, 1 or more; 0 when the number follows from the tensors, as for "cross_entropy".
 */
GENLAT_API int64_t genlat_loss_outputs(const genlat_loss *loss);

/**
 * Mean over the batch of the negative log-likelihood, summed over all elements of a sample, with its
 * derivative. When a derivative is requested, the call also adds to the gradient of the loss's own scale, or
 * moves its running one.
 *
 * @param loss    loss.
 * @param out     outputs of a net [rows,...], genlat_loss_outputs() for each element of a target.
 * @param target  data [rows,...]; labels are whole numbers.
 * @param value   receives the mean, nats per sample; "mse": squared units.
 * @param dout    receives d value / d out, of out's shape; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for targets that the likelihood cannot
 *         have; GENLAT_E_NUMERIC for a value that is not finite: dout is spoiled; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_loss_eval(genlat_loss *loss, const genlat_tensor *out,
                                                           const genlat_tensor *target, double *value,
                                                           genlat_tensor *dout);

/**
 * Mean of the data under the likelihood: sigmoid of logits, the most probable class, and so on.
 *
 * @param loss  loss.
 * @param out   outputs of a net [rows,...].
 * @param mean  receives the mean [rows,...], genlat_loss_outputs() times fewer elements than out.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_loss_mean(const genlat_loss *loss, const genlat_tensor *out,
                                                           genlat_tensor *mean);

/**
 * Draw data from the likelihood.
 *
 * @param loss    loss.
 * @param out     outputs of a net [rows,...].
 * @param rng     generator, moved on.
 * @param sample  receives data [rows,...], genlat_loss_outputs() times fewer elements than out.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE.
 * Randomness: the generator given.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_loss_sample(const genlat_loss *loss, const genlat_tensor *out,
                                                             genlat_rng *rng, genlat_tensor *sample);

/**
 * The scale that the likelihood has at present: fixed, learned, or the running optimal one.
 *
 * @param loss  loss.
 * @param sd    receives the standard deviation of "gaussian" or the scale of "laplace", in units of the data.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_UNSUPPORTED for a likelihood without one scale for all
 * elements; GENLAT_E_STATE for an optimal one before training.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_loss_scale(const genlat_loss *loss, double *sd);

/**
 * KL divergence of N(mean, diag e^logvar) from N(0, I): 1/2 sum (mean^2 + e^logvar - 1 - logvar), mean over
 * the batch.
 *
 * @param mean     means [rows,dims].
 * @param logvar   logarithms of the variances [rows,dims].
 * @param value    receives the mean over the batch, nats per sample.
 * @param per_dim  receives the mean over the batch for each dimension [dims], nats; NULL: not requested.
 * @param dmean    receives d value / d mean [rows,dims]; NULL: not requested.
 * @param dlogvar  receives d value / d logvar [rows,dims]; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 * Memory: work space of rows + dims numbers, freed before it returns.
 * Source: Kingma and Welling, Auto-Encoding Variational Bayes, 2013, appendix B.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_kl_gauss(const genlat_tensor *mean, const genlat_tensor *logvar,
                                                          double *value, genlat_tensor *per_dim, genlat_tensor *dmean,
                                                          genlat_tensor *dlogvar);

/**
 * One-sample estimate of the same divergence: log N(z; mean, diag e^logvar) - log N(z; 0, I), mean over the
 * batch.
 *
 * @param z        draws from N(mean, diag e^logvar) [rows,dims].
 * @param mean     means [rows,dims].
 * @param logvar   logarithms of the variances [rows,dims].
 * @param value    receives the mean over the batch, nats per sample.
 * @param dz       receives the partial derivative by z [rows,dims]; NULL: not requested.
 * @param dmean    receives the partial derivative by mean [rows,dims], z held; NULL: not requested.
 * @param dlogvar  receives the partial derivative by logvar [rows,dims], z held; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_MEMORY.
 * Memory: work space of rows numbers, freed before it returns.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_kl_sampled(const genlat_tensor *z, const genlat_tensor *mean,
                                                            const genlat_tensor *logvar, double *value,
                                                            genlat_tensor *dz, genlat_tensor *dmean,
                                                            genlat_tensor *dlogvar);

/** Adversarial losses, in the order of genlat_adversarial_kind(). r and f are raw outputs of the discriminator (D) on
 *  real and generated samples, softplus(x) = log(1 + e^x), all averaged over the rows. */
enum {
    GENLAT_ADVERSARIAL_MINIMAX = 0,              /**< D softplus(-r) + softplus(f); generator -softplus(f). */
    GENLAT_ADVERSARIAL_NON_SATURATING = 1,       /**< D as before; generator softplus(-f). */
    GENLAT_ADVERSARIAL_LEAST_SQUARES = 2,        /**< D ((r-1)^2 + f^2) / 2; generator (f-1)^2 / 2. */
    GENLAT_ADVERSARIAL_HINGE = 3,                /**< D max(0,1-r) + max(0,1+f); generator -f. */
    GENLAT_ADVERSARIAL_WASSERSTEIN = 4,          /**< critic f - r; generator -f. */
    GENLAT_ADVERSARIAL_RELATIVISTIC_PAIR = 5,    /**< D softplus(-(r-f)); generator softplus(-(f-r)). */
    GENLAT_ADVERSARIAL_RELATIVISTIC_AVERAGE = 6, /**< D softplus(-(r-mean f)) + softplus(f-mean r); generator with the
                                                      roles exchanged. */
    GENLAT_ADVERSARIAL_FEATURES = 7              /**< D softplus(-r) + softplus(f); generator 0: it has other losses,
                                                      such as feature_matching. */
};

/**
 * Name and description of the index-th adversarial loss.
 *
 * @param index  GENLAT_ADVERSARIAL_*.
 * @param help   receives one static line; NULL is legal.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_adversarial_kind(int32_t index, const char **help);

/**
 * Loss of a discriminator, with its derivatives: mean over the rows of the terms at GENLAT_ADVERSARIAL_*.
 *
 * @param kind       GENLAT_ADVERSARIAL_*.
 * @param smoothing  taken off the target 1 of real data (one-sided label smoothing), 0 to 0.5; 0 but for minimax,
 *                   non_saturating, least_squares and features.
 * @param real       raw outputs on real samples, one number a row [rows]; borrowed for the call.
 * @param fake       raw outputs on generated samples, as many; borrowed for the call.
 * @param value      receives the loss.
 * @param dreal      receives the derivative by real, one number a row; NULL: not requested.
 * @param dfake      receives the derivative by fake; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for smoothing; GENLAT_E_NUMERIC when the loss
 *         is not finite: the derivatives are spoiled.
 * Source: Goodfellow et al. 2014; Mao et al. 2017; Lim, Ye 2017; Arjovsky et al. 2017; Jolicoeur-Martineau 2018.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_adversarial_discriminator(uint32_t kind, double smoothing,
                                                                           const genlat_tensor *real,
                                                                           const genlat_tensor *fake, double *value,
                                                                           genlat_tensor *dreal, genlat_tensor *dfake);

/**
 * What a generator minimises, with its derivative.
 *
 * @param kind   GENLAT_ADVERSARIAL_*.
 * @param real   raw outputs on real samples, one number a row [rows]; NULL is legal but for the relativistic kinds.
 * @param fake   raw outputs on generated samples, as many; borrowed for the call.
 * @param value  receives the loss.
 * @param dfake  receives the derivative by fake, one number a row; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_NUMERIC when the loss is not finite: the
 *         derivative is spoiled.
 * Source: as genlat_adversarial_discriminator().
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_adversarial_generator(uint32_t kind, const genlat_tensor *real,
                                                                       const genlat_tensor *fake, double *value,
                                                                       genlat_tensor *dfake);

GENLAT_END

#endif
