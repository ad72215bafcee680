/* SPDX-License-Identifier: MIT */
/**
 * @file metric.h  Metrics: distances between sets of samples, coverage, classifier scores, and plain statistics.
 *
 * Unless a comment says otherwise:
 * - Threads: a handle may be used by any number of threads at once as long as none of them changes it. A handle that
 *   a call changes, or destroys, belongs to one thread during the call.
 * - Memory: working space is allocated and freed within the call.
 * - Errors: a failed call sets the handles that it would have returned to NULL and changes nothing else.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_METRIC_H
#define GENLAT_METRIC_H

#include "genlat/tensor.h"

GENLAT_BEGIN

/* ---- plain statistics ----------------------------------------------------------------------------- */

/**
 * Logarithm of a mean of exponentials without overflow: log(1/n sum_i exp(v_i)). Importance-sampled likelihoods are
 * such means.
 *
 * @param values  [n] numbers, -infinity is legal; borrowed for the call.
 * @param n       how many, >= 1.
 * @param out     receives the result, in the unit of the values; NaN when a value is NaN.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_log_mean_exp(const double *values, int64_t n, double *out);

/** Moments of numbers. Set size before the call. */
typedef struct genlat_moments {
    size_t size;     /**< sizeof(genlat_moments) as the caller knows it. */
    int64_t count;   /**< how many numbers. */
    double mean;     /**< in the unit of the numbers. */
    double sd;       /**< standard deviation, divisor count, in the unit of the numbers. */
    double skewness; /**< third central moment / sd^3, dimensionless; 0 when sd is 0. */
    double kurtosis; /**< fourth central moment / sd^4 - 3, dimensionless; 0 when sd is 0. */
    double min;      /**< smallest. */
    double max;      /**< largest. */
} genlat_moments;

/**
 * Moments of all elements of a tensor.
 *
 * @param x    [...] numbers, at least one; borrowed for the call.
 * @param out  receives the moments; set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE for an empty tensor; GENLAT_E_NUMERIC for numbers that are not
 *         finite.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_moments(const genlat_tensor *x, genlat_moments *out);

/**
 * Quantiles of all elements of a tensor. That of q lies at place q (count - 1) of the sorted numbers, in between by
 * linear interpolation (type 7 of Hyndman and Fan).
 *
 * @param x    [...] numbers, at least one; borrowed for the call.
 * @param at   [n] fractions, each 0 to 1; borrowed for the call.
 * @param n    how many, >= 1.
 * @param out  [n] receives the quantiles, in the unit of the numbers.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE for an empty tensor; GENLAT_E_RANGE; GENLAT_E_NUMERIC for numbers
 *         that are not finite; GENLAT_E_MEMORY.
 * Source: Hyndman, Fan, "Sample quantiles in statistical packages", 1996.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_quantiles(const genlat_tensor *x, const double *at, int64_t n,
                                                                  double *out);

/* ---- distances between two sets of samples ---------------------------------------------------------- */

/**
 * Frechet distance between the Gaussians that have the means and covariances (divisor n-1) of two sets:
 * |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)). On the features of an Inception network it is called FID; on other
 * features the number means something else and wants another name.
 *
 * @param a         [n,...] samples or features of them, n >= 2; dimensions after the first are flattened to d. Borrowed
 *                  for the call.
 * @param b         [m,...] the same d, m >= 2; borrowed for the call.
 * @param distance  receives the distance, in the square of the features' unit, >= 0.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_NUMERIC for numbers that are not finite;
 *         GENLAT_E_MEMORY.
 * Memory: yes, 4 d^2 doubles.
 * Source: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs trained by a two time-scale update rule", 2017.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_frechet_distance(const genlat_tensor *a, const genlat_tensor *b,
                                                                         double *distance);

/**
 * Kernel distance (KID on Inception features): the unbiased squared maximum mean discrepancy with the kernel
 * k(x,y) = (x.y / d + 1)^3. It is near 0, and may be below, when both sets come from one distribution.
 *
 * @param a        [n,...] samples or features of them, n >= 2; flattened to d. Borrowed for the call.
 * @param b        [m,...] the same d, m >= 2; borrowed for the call.
 * @param subset   samples drawn of each set for one estimate, 2 to min(n,m); 0: all at once, subsets being ignored.
 *                 1000 is usual.
 * @param subsets  estimates to average, 1 to 2^24; 100 is usual.
 * @param seed     of the subsets.
 * @param mean     receives the mean of the estimates, dimensionless.
 * @param sd       receives their standard deviation, divisor subsets, dimensionless; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_NUMERIC for numbers that are not
 *         finite; GENLAT_E_MEMORY.
 * Randomness: of the seed given.
 * Source: Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", 2018.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_kernel_distance(const genlat_tensor *a, const genlat_tensor *b,
                                                                        int64_t subset, int64_t subsets, uint64_t seed,
                                                                        double *mean, double *sd);

/* ---- what generated samples cover ------------------------------------------------------------------- */

/** Scores by nearest neighbours. Set size before the call. */
typedef struct genlat_neighbours {
    size_t size;      /**< sizeof(genlat_neighbours) as the caller knows it. */
    double precision; /**< part of the generated samples within the real manifold, 0 to 1. */
    double recall;    /**< part of the real samples within the generated manifold, 0 to 1. */
    double density;   /**< how many real balls hold a generated sample, / k, >= 0; 1 for equal distributions. */
    double coverage;  /**< part of the real balls that hold a generated sample, 0 to 1. */
} genlat_neighbours;

/**
 * Improved precision and recall, density and coverage. A set's manifold is the union of balls, one around each of its
 * samples, that reach to the sample's k-th nearest neighbour in the set; a sample on the border is inside.
 *
 * @param real       [n,...] samples or features of them, n > k; flattened to d. Borrowed for the call.
 * @param generated  [m,...] the same d, m > k; borrowed for the call.
 * @param k          neighbours, >= 1; 5 is usual.
 * @param out        receives the scores; set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for k; GENLAT_E_NUMERIC for numbers that are not
 *         finite; GENLAT_E_MEMORY.
 * Source: Kynkaanniemi, Karras, Laine, Lehtinen, Aila, "Improved precision and recall metric", 2019; Naeem, Oh, Uh,
 *   Choi, Yoo, "Reliable fidelity and diversity metrics for generative models", 2020.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_neighbours(const genlat_tensor *real,
                                                                   const genlat_tensor *generated, int64_t k,
                                                                   genlat_neighbours *out);

/** How well the modes of a known mixture are found. Set size before the call. */
typedef struct genlat_modes {
    size_t size;         /**< sizeof(genlat_modes) as the caller knows it. */
    int64_t modes;       /**< how many modes there are. */
    int64_t found;       /**< modes with at least one sample of high quality. */
    double high_quality; /**< part of the samples within 3 sd of the nearest centre, 0 to 1. */
    double kl;           /**< KL of the modes of the samples of high quality to equal shares, nats; NaN without any. */
} genlat_modes;

/**
 * Count the modes of a mixture of equal, round Gaussians that samples reach. A sample belongs to the nearest centre,
 * and is of high quality when it is within 3 standard deviations of it. Papers take 2500 samples.
 *
 * @param samples  [n,d] generated samples, n >= 1; borrowed for the call.
 * @param centres  [modes,d] centres, such as those of genlat_source_mixture(); borrowed for the call.
 * @param sd       standard deviation of each Gaussian, in the unit of the samples, > 0.
 * @param out      receives the scores; set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for sd; GENLAT_E_NUMERIC for numbers that are not
 *         finite; GENLAT_E_MEMORY.
 * Source: Srivastava, Valkov, Russell, Gutmann, Sutton, "VEEGAN", 2017; Lin, Khetan, Fanti, Oh, "PacGAN", 2018.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_modes(const genlat_tensor *samples,
                                                              const genlat_tensor *centres, double sd,
                                                              genlat_modes *out);

/**
 * Measure how evenly samples reach the classes that a classifier finds for them. All count as of high quality.
 *
 * @param labels   [n] classes, whole numbers from 0 to classes-1; borrowed for the call.
 * @param classes  how many there are, 1 to 2^24.
 * @param out      receives the result; found are the classes with a sample.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Source: Metz et al. 2017, Lin et al. 2018 (stacked digits: 1,000 classes, 26,000 samples).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_class_modes(const genlat_tensor *labels, int64_t classes,
                                                                    genlat_modes *out);

/**
 * Classifier score of generated samples: exp of the mean over samples of KL(p(y|x) || p(y)). With the probabilities
 * of an Inception network it is called inception score; with another classifier the number means something else.
 *
 * @param probabilities  [n,classes] p(y|x), each row >= 0 with sum 1 (to 1e-3); borrowed for the call.
 * @param splits         equal parts of the samples, in their order, to score each by itself, 1 to n; 10 is usual.
 *                       Samples that are left over are not used.
 * @param mean           receives the mean score of the parts, 1 to classes, dimensionless.
 * @param sd             receives its standard deviation over the parts, divisor splits; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_NUMERIC for numbers that are not
 *         finite; GENLAT_E_MEMORY.
 * Source: Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, "Improved techniques for training GANs", 2016.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_classifier_score(const genlat_tensor *probabilities,
                                                                         int64_t splits, double *mean, double *sd);

/* ---- metrics chosen by text --------------------------------------------------------------------------- */

/** Metrics chosen by text, and their last results. */
typedef struct genlat_metric genlat_metric;

/** Bits of genlat_metric_needs(): the members of genlat_metric_input that must be set. */
enum {
    GENLAT_METRIC_SAMPLES = 1,         /**< samples. */
    GENLAT_METRIC_DATA = 2,            /**< data. */
    GENLAT_METRIC_TRAINING = 4,        /**< training. */
    GENLAT_METRIC_RECONSTRUCTIONS = 8, /**< reconstructions. */
    GENLAT_METRIC_ORIGINALS = 16,      /**< originals. */
    GENLAT_METRIC_CODES = 32,          /**< codes. */
    GENLAT_METRIC_FACTORS = 64,        /**< factors. */
    GENLAT_METRIC_SCORES = 128,        /**< scores. */
    GENLAT_METRIC_LABELS = 256,        /**< labels. */
    GENLAT_METRIC_PROBABILITIES = 512  /**< probabilities. */
};

/** What metrics are computed from. Members that no metric needs may be NULL and are not read. All are borrowed for the
 * call. Set size before the call. */
typedef struct genlat_metric_input {
    size_t size;                          /**< sizeof(genlat_metric_input) as the caller knows it. */
    const genlat_tensor *samples;         /**< [n,...] generated samples or features of them; flattened to d. */
    const genlat_tensor *data;            /**< [m,...] data to compare with, the same d. */
    const genlat_tensor *training;        /**< [k,...] data that the model was trained on, the same d. */
    const genlat_tensor *reconstructions; /**< [n,...] reconstructions of the originals. */
    const genlat_tensor *originals;     /**< [n,...] originals, the same shape; images are [n,channels,rows,columns]. */
    const genlat_tensor *codes;         /**< [n,d] codes of samples with known factors. */
    const genlat_tensor *factors;       /**< [n,f] values of the factors of the same samples. */
    const genlat_tensor *scores;        /**< [n] scores of rows, high for what label 1 means. */
    const genlat_tensor *labels;        /**< [n] labels of the same rows; 0: negative, any other number: positive. */
    const genlat_tensor *probabilities; /**< [n,classes] p(y|x) of a classifier for generated samples. */
} genlat_metric_input;

/** One number that a metric has computed. Set size before the call. */
typedef struct genlat_metric_value {
    size_t size;      /**< sizeof(genlat_metric_value) as the caller knows it. */
    int64_t column;   /**< the column that it is about; -1: all. */
    int64_t count;    /**< sample size: rows that it is computed from, of the smaller set if there are several. */
    double value;     /**< the number, in the unit that the help text states. */
    double error;     /**< its standard error; NaN if there are too few rows to estimate it. */
    const char *name; /**< static text: an alias that selects one number, or the name of the number. */
    const char *kind; /**< static text: the name of the metric. */
    const char *help; /**< static text: one line. */
} genlat_metric_value;

/**
 * Choose metrics by text. Each is a name with options, such as "frechet", "neighbours k=3" or "mmd bandwidth=2". A name
 * is that of a metric, of one of its numbers, such as "precision", or an alias, such as "fid". A metric with several
 * numbers reports all of them, the name of a number or an alias only that number.
 *
 * @param ctx   context, kept alive by the metrics.
 * @param text  metrics, separated by "," or ";"; copied.
 * @param out   receives new metrics; destroy them with genlat_metric_destroy().
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown name, with the nearest one, or an unknown
 *         option; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_new(genlat_ctx *ctx, const char *text, genlat_metric **out);

/**
 * Destroy metrics and their results.
 *
 * @param metric  metrics; set to NULL. NULL is legal.
 */
GENLAT_API void genlat_metric_destroy(genlat_metric **metric);

/**
 * What metrics are computed from.
 *
 * @param metric  metrics; NULL gives 0.
 * @return bits GENLAT_METRIC_*.
 */
GENLAT_API int64_t genlat_metric_needs(const genlat_metric *metric);

/**
 * Compute metrics in double precision. Numbers that belong to one metric with the same options are computed together.
 * Standard errors are analytic, by the jackknife, or from 10 parts into which the rows are divided at random: the
 * standard deviation of the numbers of the parts, divided by the square root of 10. The reference of metrics states
 * which.
 *
 * @param metric  metrics; their earlier results are replaced.
 * @param input   what they are computed from.
 * @return GENLAT_OK; GENLAT_E_INVALID for a missing member; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_NUMERIC for
 *         numbers that are not finite; GENLAT_E_MEMORY.
 * Randomness: of the option seed, for metrics that have it.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_compute(genlat_metric *metric,
                                                                const genlat_metric_input *input);

/**
 * Number of results of the last genlat_metric_compute().
 *
 * @param metric  metrics; NULL gives 0.
 * @return how many; 0 before the first computation and after one that failed.
 */
GENLAT_API int64_t genlat_metric_count(const genlat_metric *metric);

/**
 * Get a result of the last genlat_metric_compute(), in the order of the text.
 *
 * @param metric  metrics.
 * @param index   0 to genlat_metric_count()-1.
 * @param out     receives the result; set size before the call.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE for index.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_metric_result(const genlat_metric *metric, int64_t index,
                                                               genlat_metric_value *out);

/**
 * Name of the index-th word that genlat_metric_new() accepts: metrics first, then their numbers, then aliases.
 *
 * @param index  from 0 on.
 * @param help   receives static text, one line; NULL: not requested.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_metric_name(int32_t index, const char **help);

GENLAT_END

#endif
