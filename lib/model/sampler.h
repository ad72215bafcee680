/* SPDX-License-Identifier: MIT */
/* Samplers: densities of codes that are fitted to encoded data after the training of a model, and draw codes in the
 * place of its prior. One file for each kind, in lib/model/sampler, and one line in its table.c. */
#ifndef GNL_SAMPLER_H
#define GNL_SAMPLER_H

#include "density/density.h"
#include "latent/latent.h"
#include "net/part.h"

enum { GNL_MAX_SAMPLER_PARAMS = 4, GNL_MAX_SAMPLER_BYTES = 128 };

typedef struct gnl_sampler gnl_sampler;

typedef struct gnl_sampler_type {
    const char *name;
    const gnl_options_table *options;
    const char *help;
    /* Lists the tensors, all of them states, of a sampler that is fitted to `rows` codes of `dims` numbers. */
    int (*params)(const void *opts, int64_t dims, int64_t rows, gnl_param param[GNL_MAX_SAMPLER_PARAMS]);
    genlat_status (*fit)(gnl_sampler *s, int64_t rows, const gnl_real *codes, uint64_t seed);
    void (*draw)(const gnl_sampler *s, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z);
} gnl_sampler_type;

struct gnl_sampler {
    const gnl_sampler_type *type;
    genlat_ctx *ctx;
    int64_t dims, rows; /* rows: codes that it is fitted to */
    _Alignas(16) unsigned char opts[GNL_MAX_SAMPLER_BYTES];
    gnl_numbers numbers;
};

/* All kinds, terminated by NULL. */
extern const gnl_sampler_type *const gnl_sampler_types[];

/* Creates a sampler from text, such as "mixture components=10", with tensors for `rows` codes. Returns E_NOT_FOUND,
 * naming all samplers, for an unknown name. */
genlat_status gnl_sampler_new(genlat_ctx *ctx, const char *text, int64_t dims, int64_t rows, gnl_sampler **out);
void gnl_sampler_free(gnl_sampler *sampler); /* sampler may be NULL */
genlat_status gnl_sampler_format(const gnl_sampler *sampler, char *text, size_t capacity);

/* A mixture in the first tensors of a sampler: weights, means and factors. */
gnl_mixture gnl_sampler_mixture(const gnl_sampler *sampler, int64_t components, gnl_covariance covariance);
int gnl_sampler_mixture_params(int64_t components, gnl_covariance covariance, int64_t dims, gnl_param *param);
void gnl_sampler_mixture_draw(const gnl_mixture *m, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z);

#endif
