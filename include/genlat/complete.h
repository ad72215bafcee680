/* SPDX-License-Identifier: MIT */
/**
 * @file complete.h  Completion of data in which values are missing.
 *
 * A missing value is NaN. A VAE accepts missing values in its training and in other calls if its setting "missing" is
 * "fill" or "condition"; genlat_kind_name() lists these treatments as "missing". Other models refuse NaN.
 *
 * Unless a comment says otherwise:
 * - Threads, memory and errors: as in model.h.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_COMPLETE_H
#define GENLAT_COMPLETE_H

#include "genlat/model.h"

GENLAT_BEGIN

/** Options of completion. Filled by genlat_complete_opts_init(). */
typedef struct genlat_complete_opts {
    size_t size;     /**< sizeof(genlat_complete_opts) as the caller knows it. */
    int64_t samples; /**< codes that are drawn for each sample, 1 to 100000000; more are more exact. Default 1000. */
    int64_t draws;   /**< completions to draw of each sample, 0 to 10000; 0: the mean of what is missing. Default 0. */
    int64_t seed;    /**< of the codes and draws, >= 0. Default 0. */
} genlat_complete_opts;

/**
 * Fill options with the library's defaults. Call it through genlat_complete_opts_init(o).
 *
 * @param opts  options, filled up to size bytes; NULL is ignored.
 * @param size  sizeof(genlat_complete_opts) as the caller knows it, bytes.
 */
GENLAT_API void genlat_complete_opts_init_sized(genlat_complete_opts *opts, size_t size);
/** Fill options with defaults, telling the library the size that this program was compiled with. */
#define genlat_complete_opts_init(opts) genlat_complete_opts_init_sized((opts), sizeof *(opts))

/**
 * Complete data whose missing values are NaN: with their means given the observed values, or with draws from their
 * distribution (multiple imputation). Needs a VAE that was trained with missing=fill or missing=condition.
 *
 * @param model   model.
 * @param x       [rows,...] raw data, NaN where a value is missing.
 * @param labels  as for genlat_model_encode().
 * @param opts    options; NULL: defaults.
 * @param y       receives a new tensor [rows,...], or [draws*rows,...] of opts->draws > 0: all rows of the first draw,
 *                then those of the second, and so on. Observed values are those of x.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE for an option, an infinite value, a value that
 *         the likelihood does not accept, and for more than 2^31 - 1 rows; GENLAT_E_STATE for a model that was not
 *         trained for missing values; GENLAT_E_UNSUPPORTED for a family or a posterior that cannot; GENLAT_E_NUMERIC
 *         for a row that has no finite likelihood; GENLAT_E_MEMORY.
 * Randomness: streams eval and sample of opts->seed; a row's values depend on the seed and its index in x.
 * Source: Mattei, Frellsen 2019 (MIWAE).
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_model_complete(genlat_model *model, const genlat_tensor *x,
                                                                const genlat_tensor *labels,
                                                                const genlat_complete_opts *opts, genlat_tensor **y);

GENLAT_END

#endif
