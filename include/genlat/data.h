/* SPDX-License-Identifier: MIT */
/**
 * @file data.h  Sources of samples, transforms of them, and batches in a reproducible order.
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
#ifndef GENLAT_DATA_H
#define GENLAT_DATA_H

#include "genlat/tensor.h"

GENLAT_BEGIN

/**
 * Samples of one shape, numbered from 0, each with a label if the source has labels: a class (a whole number
 * from 0 to classes-1), or a condition (a vector of numbers). A source does not change, may be shared
 * between threads, and lives as long as any object made from it.
 */
typedef struct genlat_source genlat_source;

/** Iterates over a source in batches, epoch after epoch. */
typedef struct genlat_batches genlat_batches;

/* ---- sources -------------------------------------------------------------------------------------- */

/**
 * Make a source over tensors. They are shared, not copied: later changes of their numbers are visible in the source.
 *
 * @param ctx     context.
 * @param x       [n,...] samples, n >= 1; kept alive by the source.
 * @param labels  [n] classes, whole numbers >= 0, or [n,k] conditions, k >= 1; kept alive by the source.
 *                NULL: none. The number of classes is the largest class plus one.
 * @param out     receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for a class that is no whole number
 *         from 0 to 2^24 - 1; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_memory(genlat_ctx *ctx, genlat_tensor *x, genlat_tensor *labels,
                                                               genlat_source **out);

/**
 * Make a source of 8-bit samples, which takes a quarter of the memory of a tensor. It gives byte * scale.
 *
 * @param ctx     context.
 * @param ndim    number of dimensions, the samples' own included, 1 to GENLAT_MAX_DIMS.
 * @param dims    [ndim] sizes, the number of samples first, each >= 1; copied.
 * @param data    [product of dims] bytes, row-major; copied.
 * @param scale   finite, > 0, such as 1.0/255 for grey values that are to be in [0,1].
 * @param labels  as in genlat_source_memory(), kept alive by the source; NULL: none.
 * @param out     receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_bytes(genlat_ctx *ctx, int32_t ndim, const int64_t *dims,
                                                              const uint8_t *data, double scale, genlat_tensor *labels,
                                                              genlat_source **out);

/** A source of the program's own: what its samples look like, and the function that reads them. */
typedef struct genlat_source_table {
    size_t size;                   /**< sizeof(genlat_source_table) as the caller knows it. */
    void *user;                    /**< passed back to both functions. */
    int64_t count;                 /**< samples, >= 1. */
    int64_t ndim;                  /**< dimensions of one sample, 0 to GENLAT_MAX_DIMS-1. */
    int64_t dims[GENLAT_MAX_DIMS]; /**< sizes of one sample, each >= 1; those from ndim on are not read. */
    int64_t classes;               /**< number of classes, or 0. Not together with condition. */
    int64_t condition;             /**< length of the condition vector, or 0. */
    /**
     * Reads n samples: x [n,...] and, if the source has labels and labels is not NULL, labels [n] or
     * [n,condition]. Sources with random distortions draw them as a function of index and draw, so that the
     * same draw gives the same numbers. Returns 0, or any other number to fail: with the status and text that it has
     * given to genlat_error_set(), or with GENLAT_E_CALLBACK. Called from any thread, several at once, and from the
     * background thread of batches with prefetch. It must return: no C++ exception and no longjmp() may leave it.
     */
    int32_t (*fetch)(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels);
    /** Called once when the source goes; NULL: nothing to do. Not called when making the source fails. */
    void (*free)(void *user);
} genlat_source_table;

/**
 * Make a source of the program's own functions.
 *
 * @param ctx    context.
 * @param table  copied; user is borrowed until its free function is called.
 * @param out    receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_callback(genlat_ctx *ctx, const genlat_source_table *table,
                                                                 genlat_source **out);

/**
 * Make a source that the library draws itself. Sample i is a function of the name, the seed and i alone.
 *
 * - "digits": [1,28,28] handwritten-like grey digits in [0,1], 10 classes.
 * - "shapes": [1,64,64] black and white squares, ellipses and hearts, 3 classes, factors shape, scale, angle,
 *   x, y.
 * - "ring": [2] eight Gaussians of standard deviation 0.01 on the unit circle; the class is the mode.
 * - "grid": [2] 25 Gaussians of standard deviation 0.05 on {-4,-2,0,2,4}^2; the class is the mode.
 * - "moons": [2] two interleaving semicircles with noise 0.05, 2 classes.
 * - "swissroll": [2] a spiral with noise 0.05; the condition is the position along it in [0,1].
 *
 * @param ctx   context.
 * @param name  one of the names above; genlat_source_synthetic_name() lists them.
 * @param n     samples, 1 to 2^40. They are drawn when they are fetched and take no memory.
 * @param seed  >= 0.
 * @param out   receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for an unknown name, naming the known ones;
 *         GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Randomness: from seed.
 * Source: ring and grid: Lin, Khetan, Fanti, Oh, "PacGAN", NeurIPS 2018; shapes after Matthey et al., "dSprites",
 *   2017.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_synthetic(genlat_ctx *ctx, const char *name, int64_t n,
                                                                  int64_t seed, genlat_source **out);

/**
 * Name of the index-th synthetic source.
 *
 * @param index  from 0 on.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_source_synthetic_name(int32_t index);

/**
 * Release a source.
 *
 * @param source  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_source_destroy(genlat_source **source);

/* ---- properties of a source ----------------------------------------------------------------------------- */

/**
 * Number of samples.
 *
 * @param source  source; NULL gives 0.
 * @return samples.
 */
GENLAT_API int64_t genlat_source_count(const genlat_source *source);

/**
 * Number of dimensions of one sample.
 *
 * @param source  source; NULL gives 0.
 * @return 0 to GENLAT_MAX_DIMS-1.
 */
GENLAT_API int32_t genlat_source_ndim(const genlat_source *source);

/**
 * Size of one dimension of one sample.
 *
 * @param source  source; NULL gives 0.
 * @param axis    0 to ndim-1, or -1 for the last, and so on; any other gives 0.
 * @return elements along that dimension.
 */
GENLAT_API int64_t genlat_source_dim(const genlat_source *source, int32_t axis);

/**
 * Number of classes.
 *
 * @param source  source; NULL gives 0.
 * @return classes; 0 when the labels are no classes or there are none.
 */
GENLAT_API int64_t genlat_source_classes(const genlat_source *source);

/**
 * Length of the condition vectors.
 *
 * @param source  source; NULL gives 0.
 * @return numbers in a condition; 0 when the labels are no conditions or there are none.
 */
GENLAT_API int64_t genlat_source_condition(const genlat_source *source);

/**
 * Read samples.
 *
 * @param source   source.
 * @param indices  [n] numbers of samples, each 0 to count-1, in any order; borrowed for the call.
 * @param n        how many, >= 0.
 * @param draw     which presentation of the samples: sources with random distortions (dynamic binarization)
 *                 give other numbers for another draw and the same for the same. Batches use the epoch.
 *                 Others ignore it.
 * @param x        [n,...] receives the samples.
 * @param labels   [n] or [n,condition] receives the labels; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for an index; GENLAT_E_STATE for labels
 *         of a source without; GENLAT_E_CALLBACK.
 * Threads: safe, for a callback source if its functions are.
 * Randomness: from the source's seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_fetch(const genlat_source *source, const int64_t *indices,
                                                              int64_t n, uint64_t draw, genlat_tensor *x,
                                                              genlat_tensor *labels);

/**
 * Read successive samples into new tensors, draw 0.
 *
 * @param source  source.
 * @param begin   first sample, 0 <= begin <= end.
 * @param end     one past the last sample, end <= count.
 * @param x       receives a new tensor [end-begin,...], or NULL on failure.
 * @param labels  receives a new tensor [end-begin] or [end-begin,condition], or NULL when there are no
 *                labels; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_CALLBACK; GENLAT_E_MEMORY.
 * Randomness: from the source's seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_read(const genlat_source *source, int64_t begin, int64_t end,
                                                             genlat_tensor **x, genlat_tensor **labels);

/**
 * Mean and standard deviation of each element over all samples where it is no NaN (draw 0, divisor n); 0 without any.
 *
 * @param source  source.
 * @param mean    [...], the shape of one sample, receives the means; NULL: not requested.
 * @param sd      [...] receives the standard deviations; NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_CALLBACK; GENLAT_E_MEMORY.
 * Randomness: from the source's seed.
 * Source: Welford, "Note on a method for calculating corrected sums of squares and products", 1962.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_moments(const genlat_source *source, genlat_tensor *mean,
                                                                genlat_tensor *sd);

/** What the samples of a source are. */
enum {
    GENLAT_CONTENT_ANY = 0,   /**< not stated. */
    GENLAT_CONTENT_IMAGE = 1, /**< images [h,w] or [channels,h,w]. */
    GENLAT_CONTENT_SOUND = 2, /**< sound [length] or [channels,length]. */
    GENLAT_CONTENT_TEXT = 3,  /**< the bytes of text, whole numbers [length]. */
    GENLAT_CONTENT_TABLE = 4  /**< rows of a table, a column an element. */
};

/** Description of the samples of a source. As an argument: members that are not used are 0 and NULL. */
typedef struct genlat_description {
    size_t size;                     /**< sizeof(genlat_description) as the caller knows it. */
    int64_t classes;                 /**< number of class names: 0, or the classes of the source. */
    int64_t columns;                 /**< number of column names: 0, or the elements of a sample. */
    int64_t rate;                    /**< frames of sound a second, 1 to 1000000; 0: not stated. */
    const char *const *class_names;  /**< [classes] UTF-8 without control characters, all different, none empty. */
    const char *const *column_names; /**< [columns] UTF-8 without control characters, none empty. */
    uint32_t content;                /**< GENLAT_CONTENT_*. */
    uint32_t reserved;               /**< 0. */
    const char *keys; /**< keys of genlat_files_open() that the files were read with, <= 1000 bytes; NULL: none. */
} genlat_description;

/**
 * Make a source with a description, which replaces the one that it has. Transforms keep it where it still holds.
 * A model takes it over from the data that it is built for or trained on, and finds the classes of other sources by
 * their names.
 *
 * @param source       source; kept alive.
 * @param description  copied.
 * @param out          receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, also for a name that is missing, occurs twice among the classes, or is not text;
 *         GENLAT_E_SHAPE for a number of names that does not fit; GENLAT_E_RANGE; GENLAT_E_UNSUPPORTED;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_describe(genlat_source *source,
                                                                 const genlat_description *description,
                                                                 genlat_source **out);

/**
 * Description of a source.
 *
 * @param source  source.
 * @param out     receives the description; set size before the call. Its names are borrowed from the source.
 * @return GENLAT_OK; GENLAT_E_INVALID.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_description(const genlat_source *source,
                                                                    genlat_description *out);

/**
 * Make a source with other labels, which replace its own and the names of its classes.
 *
 * @param source  source of n samples; kept alive.
 * @param labels  [n] classes, whole numbers from 0 on, -1 where a class is not known; or [n,k] vectors. Kept alive.
 * @param out     receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for labels that are no classes; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_label(genlat_source *source, genlat_tensor *labels,
                                                              genlat_source **out);

/**
 * Number of known generating factors of each sample.
 *
 * @param source  source; NULL gives 0.
 * @return factors; 0 for sources without. Subsets and transforms keep the factors of their source.
 */
GENLAT_API int64_t genlat_source_factor_count(const genlat_source *source);

/**
 * Name of a generating factor, such as "angle".
 *
 * @param source  source; NULL gives NULL.
 * @param factor  0 to genlat_source_factor_count()-1; any other gives NULL.
 * @return static text or NULL.
 */
GENLAT_API const char *genlat_source_factor_name(const genlat_source *source, int64_t factor);

/**
 * Read the generating factors of samples. Those of "shapes": shape 0 square, 1 ellipse, 2 heart; scale 0.5 to
 * 1 (dimensionless); angle 0 to 2 pi, radians; x and y 0 to 1, fractions of the free range.
 *
 * @param source   source with factors.
 * @param indices  [n] numbers of samples, each 0 to count-1; borrowed for the call.
 * @param n        how many, >= 0.
 * @param factors  [n,factor_count] receives the factors.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE for a source without factors; GENLAT_E_SHAPE;
 *         GENLAT_E_RANGE.
 * Randomness: from the source's seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_factors(const genlat_source *source, const int64_t *indices,
                                                                int64_t n, genlat_tensor *factors);

/**
 * The Gaussian mixture that a source is drawn from ("ring", "grid" and their subsets), to count modes with.
 *
 * @param source   source.
 * @param centres  receives a new tensor [modes,2], or NULL on failure.
 * @param sd       receives the standard deviation of each mode, in units of x.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_STATE when the source is no known mixture; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_mixture(const genlat_source *source, genlat_tensor **centres,
                                                                double *sd);

/* ---- transforms ----------------------------------------------------------------- */

/** Binarization of values. */
enum {
    GENLAT_BINARIZE_NONE = 0,     /**< they stay as they are. */
    GENLAT_BINARIZE_STATIC = 1,   /**< x is 1 with probability x, drawn once: the same in every epoch. */
    GENLAT_BINARIZE_DYNAMIC = 2,  /**< x is 1 with probability x, drawn again in every epoch. */
    GENLAT_BINARIZE_THRESHOLD = 3 /**< x is 1 where x >= threshold. */
};

/** Scaling of values. All but NONE are fitted on the source that is transformed. */
enum {
    GENLAT_SCALE_NONE = 0,      /**< they stay as they are. */
    GENLAT_SCALE_UNIT = 1,      /**< the smallest of all values becomes 0, the largest 1. */
    GENLAT_SCALE_SYMMETRIC = 2, /**< the smallest of all values becomes -1, the largest 1. */
    GENLAT_SCALE_STANDARD = 3,  /**< mean 0 and standard deviation 1 over all values together. */
    GENLAT_SCALE_FEATURES = 4,  /**< mean 0 and standard deviation 1 of each element of a sample by itself. */
    GENLAT_SCALE_RANGES = 5     /**< each element of a sample by itself from 0 to 1. */
};

/** Treatment of labels. */
enum {
    GENLAT_LABELS_KEEP = 0,   /**< as they are. */
    GENLAT_LABELS_DROP = 1,   /**< none. */
    GENLAT_LABELS_FACTORS = 2 /**< the generating factors as condition vectors. */
};

/** Options of genlat_source_transform(), applied from top to bottom. See genlat_transform_opts_init(). */
typedef struct genlat_transform_opts {
    size_t size;       /**< sizeof(genlat_transform_opts) as the caller knows it. */
    int64_t skip;      /**< samples left out at the beginning, >= 0. Default 0. */
    int64_t limit;     /**< most samples kept, >= 0; 0: all. Default 0. */
    int64_t seed;      /**< of binarization, stacking and labelled, >= 0. Default 0. */
    double threshold;  /**< of GENLAT_BINARIZE_THRESHOLD, -1e30 to 1e30. Default 0.5. */
    uint32_t scale;    /**< GENLAT_SCALE_*. Default GENLAT_SCALE_NONE. */
    uint32_t binarize; /**< GENLAT_BINARIZE_*. Default GENLAT_BINARIZE_NONE. */
    uint32_t labels;   /**< GENLAT_LABELS_*. Default GENLAT_LABELS_KEEP. */
    uint32_t reserved; /**< 0. */
    int64_t stack;     /**< number of random samples that are stacked as the channels of one, 1 to 64; its class
                            encodes the classes of all, the first channel's in the lowest digit. Each draw stacks
                            other samples. 1: none. Default 1. */
    int64_t labelled;  /**< samples that keep their class, chosen at random by seed, of each class equally many, >= 0;
                            the others get the label -1, which a model of the family semi learns from. 0: all;
                            else at least the number of classes. Default 0. */
} genlat_transform_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_transform_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_transform_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_transform_opts_init_sized(genlat_transform_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_transform_opts_init(opts) genlat_transform_opts_init_sized((opts), sizeof *(opts))

/**
 * Set one option from text, such as "binarize" to "dynamic".
 *
 * @param opts   options.
 * @param key    name of a field other than size and reserved.
 * @param value  a number, or the end of an enumerator's name in small letters.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_NOT_FOUND for the key, naming the known ones; GENLAT_E_RANGE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_transform_opts_set(genlat_transform_opts *opts, const char *key,
                                                                    const char *value);

/**
 * Name of the index-th option that genlat_transform_opts_set() knows.
 *
 * @param index  from 0 on.
 * @param help   receives static text, one line; NULL is legal.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_transform_opts_key(int32_t index, const char **help);

/**
 * Make a source of transformed samples of another. Samples are transformed when they are fetched; only the
 * fit of a scale reads all of them, once, now.
 *
 * @param source  source; kept alive.
 * @param opts    borrowed for the call; NULL: defaults, which change nothing.
 * @param out     receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE when skip leaves no sample, and for an infinite value when a
 *         scale is fitted, which leaves out missing values, NaN; GENLAT_E_NUMERIC for values too large to fit a
 *         scale; GENLAT_E_STATE for factors of a source without; GENLAT_E_UNSUPPORTED for options of a newer version;
 *         GENLAT_E_CALLBACK; GENLAT_E_MEMORY.
 * Randomness: from opts->seed.
 * Source: dynamic binarization: Salakhutdinov, Murray, "On the quantitative analysis of deep belief networks", 2008.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_transform(genlat_source *source,
                                                                  const genlat_transform_opts *opts,
                                                                  genlat_source **out);

/**
 * Make a source of samples scaled by given numbers, y = (x - offset) / scale: those fitted on a training part
 * are so put to a validation part, or those of a model to new data.
 *
 * @param source  source; kept alive.
 * @param offset  [] one number for all elements, or [...] the shape of one sample; copied.
 * @param scale   the same shape as offset, each finite and not 0; copied.
 * @param out     receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_normalize(genlat_source *source, const genlat_tensor *offset,
                                                                  const genlat_tensor *scale, genlat_source **out);

/**
 * The scaling that a source's samples have gone through since they were raw, y = (x - offset) / scale; to be
 * kept with a model and inverted on what it generates. Several scalings are put together into one.
 *
 * @param source  source.
 * @param offset  receives a new tensor, [] or the shape of one sample; NULL when nothing was scaled.
 * @param scale   receives a new tensor of the same shape; NULL when nothing was scaled.
 * @return GENLAT_OK, scaled or not; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_normalization(const genlat_source *source,
                                                                      genlat_tensor **offset, genlat_tensor **scale);

/**
 * Make a source of the raw samples of a source: without the scalings that they have gone through.
 *
 * @param source  source; kept alive.
 * @param out     receives a new source, or NULL on failure; the same source if nothing was scaled.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_raw(genlat_source *source, genlat_source **out);

/**
 * Make a source of chosen samples.
 *
 * @param source   source; kept alive.
 * @param indices  [n] numbers of samples, each 0 to count-1, repeated ones are legal; copied.
 * @param n        how many, >= 1.
 * @param out      receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_subset(genlat_source *source, const int64_t *indices, int64_t n,
                                                               genlat_source **out);

/**
 * Divide a source into a training and a validation part without common samples.
 *
 * @param source      source; kept alive by both parts.
 * @param valid_part  size of the validation part, such as 0.1: from 0 to 1 exclusive a fraction of the samples, from 1
 *                    on their whole number; both parts must get at least one sample.
 * @param seed        >= 0: the samples are chosen at random, of more than 2^24 without memory for them; -1: the last
 *                    ones are taken.
 * @param train       receives a new source, or NULL on failure.
 * @param valid       receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE; GENLAT_E_MEMORY.
 * Randomness: from seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_split(genlat_source *source, double valid_part, int64_t seed,
                                                              genlat_source **train, genlat_source **valid);

/**
 * Make a source of the samples of several sources: those of the first, then those of the second, and so on. Classes
 * with names are found by name: the join has all of them, in the order in which they occur first. It has neither
 * generating factors nor a known mixture. Its scaling is that of the sources.
 *
 * @param sources  [n] sources of one context, with samples of the same shape and the same scaling, see
 *                 genlat_source_normalization(). Their classes have names, or are the same number without names, or
 *                 their condition vectors have the same length. Names of columns and rates that are stated agree. One
 *                 source may occur several times. Each is kept alive; the array is borrowed for the call.
 * @param n        how many, >= 1.
 * @param out      receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID, also for another context; GENLAT_E_SHAPE for another shape, other labels,
 *         columns or rate; GENLAT_E_STATE for another scaling; GENLAT_E_RANGE for more than 2^63 - 1 samples;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_source_join(genlat_source *const *sources, int64_t n,
                                                             genlat_source **out);

/* ---- batches -------------------------------------------------------------------------------------- */

/** Options of genlat_batches_new(). Filled by genlat_batches_opts_init(). */
typedef struct genlat_batches_opts {
    size_t size;        /**< sizeof(genlat_batches_opts) as the caller knows it. */
    int64_t batch;      /**< samples in a batch, 1 to 1e9. Default 128. */
    int64_t seed;       /**< of the order, >= 0. Default 0. */
    uint32_t shuffle;   /**< 1: another random order in every epoch. Up to 2^24 samples it takes 8 bytes a sample;
                             of more it is computed by a formula, which takes none. Default 1. */
    uint32_t drop_last; /**< 1: leave out a last batch that is smaller than the others. Default 0. */
    uint32_t prefetch;  /**< 1: a background thread reads the next batch meanwhile; the numbers are the same.
                             Default 0. */
    uint32_t reserved;  /**< 0. */
} genlat_batches_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_batches_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_batches_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_batches_opts_init_sized(genlat_batches_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_batches_opts_init(opts) genlat_batches_opts_init_sized((opts), sizeof *(opts))

/**
 * Start to iterate over a source, at the first sample of epoch 0. The order of an epoch is a function of seed
 * and epoch alone, and so is everything random about its samples.
 *
 * @param source  source; kept alive.
 * @param opts    borrowed for the call; NULL: defaults.
 * @param out     receives new batches, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE, also when drop_last leaves no batch;
 *         GENLAT_E_UNSUPPORTED; GENLAT_E_MEMORY; GENLAT_E_THREAD.
 * Randomness: from opts->seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_batches_new(genlat_source *source, const genlat_batches_opts *opts,
                                                             genlat_batches **out);

/**
 * Read the next batch. After the last batch of an epoch a call returns a NULL batch, and the next call
 * starts the next epoch. A failed call changes nothing and can be repeated.
 *
 * @param batches  batches.
 * @param x        receives a borrowed tensor [rows,...], valid until the next call on batches; NULL at the
 *                 end of an epoch and on failure.
 * @param labels   receives a borrowed tensor [rows] or [rows,condition], or NULL when the source has none;
 *                 NULL: not requested.
 * @return GENLAT_OK; GENLAT_E_INVALID; the error of the source.
 * Randomness: from the seeds of batches and source.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_batches_next(genlat_batches *batches, const genlat_tensor **x,
                                                              const genlat_tensor **labels);

/**
 * Epoch that the next batch belongs to.
 *
 * @param batches  batches; NULL gives 0.
 * @return epoch, from 0 on. It increases with the call that returns the end of an epoch.
 */
GENLAT_API int64_t genlat_batches_epoch(const genlat_batches *batches);

/**
 * Samples of this epoch that have been given.
 *
 * @param batches  batches; NULL gives 0.
 * @return samples, 0 at the beginning of an epoch.
 */
GENLAT_API int64_t genlat_batches_position(const genlat_batches *batches);

/**
 * Number of batches in an epoch.
 *
 * @param batches  batches; NULL gives 0.
 * @return batches, >= 1.
 */
GENLAT_API int64_t genlat_batches_count(const genlat_batches *batches);

/**
 * Move to a position, such as one that genlat_batches_epoch() and genlat_batches_position() returned before a program
 * was stopped. The batches that follow are those that would have followed then.
 *
 * @param batches   batches.
 * @param epoch     0 to 2^40.
 * @param position  samples to leave out, 0 to the number of samples in an epoch.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_batches_seek(genlat_batches *batches, int64_t epoch, int64_t position);

/**
 * Release batches; the background thread ends before the call returns.
 *
 * @param batches  address of the handle; NULL or a NULL handle is legal. The handle becomes NULL.
 */
GENLAT_API void genlat_batches_destroy(genlat_batches **batches);

GENLAT_END

#endif
