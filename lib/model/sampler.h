/* SPDX-License-Identifier: MIT */
/* Samplers: densities of codes that are fitted to encoded data after the training of a model, and draw codes in the
 * place of its prior. One file for each kind, in lib/model/sampler, and one line in its table.c. */
#ifndef GNL_SAMPLER_H
#define GNL_SAMPLER_H

#include "density/density.h"
#include "latent/latent.h"
#include "net/part.h"
#include "optim/optim.h"

enum { GNL_MAX_SAMPLER_PARAMS = 8, GNL_MAX_SAMPLER_BYTES = 128 };

typedef struct gnl_sampler gnl_sampler;

/* What to draw. Code i comes from substream first + i of the seed. */
typedef struct gnl_sampler_call {
    int64_t rows;
    uint64_t seed, first;
    gnl_prior_draw how;
} gnl_sampler_call;

static inline gnl_rng gnl_sampler_rng(const gnl_sampler_call *call, int64_t row)
{
    return gnl_rng_make(call->seed, GNL_STREAM_SAMPLE, call->first + (uint64_t)row);
}

typedef struct gnl_sampler_type {
    const char *name;
    const gnl_options_table *options;
    const char *help;
    /* Lists the tensors of a sampler that is fitted to `rows` codes of `dims` numbers. Those that are not trained by
     * gradients are states. */
    int (*params)(const void *opts, int64_t dims, int64_t rows, gnl_param param[GNL_MAX_SAMPLER_PARAMS]);
    genlat_status (*net_new)(const gnl_sampler *s, genlat_net **out); /* creates a net that it owns; NULL: none */
    genlat_status (*fit)(gnl_sampler *s, int64_t rows, const gnl_real *codes, uint64_t seed);
    /* Draws one code, on any thread. NULL: draw_all draws all codes of a call, [rows,dims], with its own workspace. */
    void (*draw)(const gnl_sampler *s, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z);
    genlat_status (*draw_all)(const gnl_sampler *s, const gnl_sampler_call *call, gnl_real *z);
} gnl_sampler_type;

struct gnl_sampler {
    const gnl_sampler_type *type;
    genlat_ctx *ctx;
    int64_t dims, rows; /* rows: codes that it is fitted to */
    _Alignas(16) unsigned char opts[GNL_MAX_SAMPLER_BYTES];
    gnl_numbers numbers;
    genlat_net *net; /* NULL if it has none */
};

/* All kinds, terminated by NULL. */
extern const gnl_sampler_type *const gnl_sampler_types[];

/* Creates a sampler from text, such as "mixture components=10", with tensors for `rows` codes and initial weights of
 * the seed. Returns E_NOT_FOUND, naming all samplers, for an unknown name. */
genlat_status gnl_sampler_new(genlat_ctx *ctx, const char *text, int64_t dims, int64_t rows, uint64_t seed,
                              gnl_sampler **out);
void gnl_sampler_free(gnl_sampler *sampler); /* sampler may be NULL */
genlat_status gnl_sampler_format(const gnl_sampler *sampler, char *text, size_t capacity);

/* A mixture in the first tensors of a sampler: weights, means and factors. */
gnl_mixture gnl_sampler_mixture(const gnl_sampler *sampler, int64_t components, gnl_covariance covariance);
int gnl_sampler_mixture_params(int64_t components, gnl_covariance covariance, int64_t dims, gnl_param *param);
void gnl_sampler_mixture_draw(const gnl_mixture *m, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z);

/* ---- samplers that are trained: sampler/train.c --------------------------------------------------- */

/* Mean and standard deviation of the codes, in the first two tensors of a sampler. It is trained on codes that are
 * standardized with them. */
enum { GNL_SAMPLER_MEAN, GNL_SAMPLER_SD, GNL_SAMPLER_MOMENTS };
void gnl_sampler_moment_params(int64_t dims, gnl_param param[GNL_SAMPLER_MOMENTS]);
void gnl_sampler_place(const gnl_sampler *s, int64_t rows, gnl_real *z); /* standardized codes to codes, in place */

/* A training by steps of Adam, whose learning rate falls to 0 along a half cosine. */
typedef struct gnl_sampler_training {
    int64_t steps, batch; /* a batch has all codes if there are fewer */
    double lr;
    genlat_optim *optim; /* with all that is trained */
    /* Adds the gradients of the mean loss over a batch of standardized codes [rows,dims]. */
    void (*backward)(void *user, int64_t rows, const gnl_real *x, gnl_rng noise);
    void *user;
} gnl_sampler_training;

/* Computes the moments, and trains. Returns E_NUMERIC if a gradient is not finite. */
genlat_status gnl_sampler_train(gnl_sampler *s, const gnl_sampler_training *t, int64_t rows, const gnl_real *codes,
                                uint64_t seed);

#endif
