/* SPDX-License-Identifier: MIT */
/*
 * The squared difference of the covariance of the codes from the identity, without sampling (Kumar, Sattigeri and
 * Balakrishnan, Variational inference of disentangled latent concepts from unlabeled observations, 2018). Kind 1 takes
 * the covariance of the means of the posterior; kind 2 adds the mean of its variances. See docs/derivations/dip.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

typedef enum dip_kind { OF_MEANS, OF_CODES } dip_kind;

static const char *const kind_names[] = {"1", "2", NULL};

typedef struct dip_opts {
    size_t size;
    double lambda_od, lambda_d;
    uint32_t kind, reserved;
} dip_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(dip_opts, lambda_od, 10, 0, 1e9, "weight of the squared covariances of two dimensions"),
    GNL_OPT_REAL(dip_opts, lambda_d, 10, 0, 1e9, "weight of the squared differences of the variances from 1"),
    GNL_OPT_ENUM(dip_opts, kind, OF_CODES, OF_CODES, kind_names,
                 "covariance of the means of the posterior, or of the codes"),
};
static const gnl_options_table table = {"dip", sizeof(dip_opts), options, GNL_COUNT(options)};

static const dip_opts *opts_of(const gnl_term *t)
{
    return gnl_kind_opts(&t->kind);
}

static genlat_status check(const gnl_term *t, const gnl_posterior *q, const gnl_prior *p)
{
    if (!q->type->mean_backward)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "dip: posterior %s has no means with a gradient; remove this term",
                        q->kind.type->name);
    if (opts_of(t)->kind == OF_MEANS || q->type->logvar_backward)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_UNSUPPORTED, "dip: posterior %s has no variances of independent dimensions; use kind=1",
                    q->kind.type->name);
}

typedef struct work {
    double *slope;          /* [dims,dims] derivatives of the value by the covariances */
    double *centre;         /* [dims] mean over the rows */
    double *row;            /* [dims] contributions of a row of the covariance */
    gnl_real *mean, *spare; /* [rows,dims] means; log-variances, then derivatives */
} work;

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const size_t codes = (size_t)env->rows * (size_t)kind->dims, dims = (size_t)kind->dims;
    const size_t bytes = (dims * dims + 2 * dims) * sizeof(double) + 2 * codes * sizeof(gnl_real);
    work *w = gnl_alloc(env->ctx, 1, sizeof *w + bytes);
    if (!w)
        return GENLAT_E_MEMORY;
    w->slope = (double *)(void *)(w + 1);
    w->centre = w->slope + dims * dims;
    w->row = w->centre + dims;
    w->mean = (gnl_real *)(void *)(w->row + dims);
    w->spare = w->mean + codes;
    *out = w;
    return GENLAT_OK;
}

typedef struct job {
    const dip_opts *o;
    const gnl_code *c;
    const work *w;
} job;

/* ---- value ----------------------------------------------------------------------------------- */

static double covariance(const job *j, int64_t a, int64_t b)
{
    const int64_t dims = j->c->dims;
    double total = 0;
    for (int64_t r = 0; r < j->c->rows; r++) {
        const gnl_real *mean = j->w->mean + r * dims;
        total += ((double)mean[a] - j->w->centre[a]) * ((double)mean[b] - j->w->centre[b]);
        if (j->o->kind == OF_CODES && a == b)
            total += exp((double)j->w->spare[r * dims + a]);
    }
    return total / (double)j->c->rows;
}

/* Computes a row of the covariance: the contributions to the value, and its derivatives. */
static void covariance_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t a = begin; a < end; a++) {
        j->w->row[a] = 0;
        for (int64_t b = 0; b < j->c->dims; b++) {
            const double weight = a == b ? j->o->lambda_d : j->o->lambda_od;
            const double off = covariance(j, a, b) - (a == b);
            j->w->row[a] += weight * off * off;
            j->w->slope[a * j->c->dims + b] = 2 * weight * off;
        }
    }
}

static double value(gnl_term *t, const gnl_term_call *call)
{
    const gnl_posterior *q = call->latents->posterior;
    const gnl_code *c = call->code;
    job j = {opts_of(t), c, gnl_kind_work(&t->kind, c)};
    double total = 0;
    q->type->mean(q, c, j.w->mean);
    if (j.o->kind == OF_CODES)
        q->type->logvar(q, c, j.w->spare);
    for (int64_t d = 0; d < c->dims; d++) {
        j.w->centre[d] = 0;
        for (int64_t r = 0; r < c->rows; r++)
            j.w->centre[d] += (double)j.w->mean[r * c->dims + d] / (double)c->rows;
    }
    gnl_parallel(c->compute.ctx, c->dims, gnl_latent_grain(c->rows * c->dims), covariance_task, &j);
    for (int64_t d = 0; d < c->dims; d++)
        total += j.w->row[d];
    return total;
}

/* ---- derivatives ----------------------------------------------------------------------------- */

/* The covariance is symmetric, hence the factor 2. Derivatives through the centre sum to 0. */
static void mean_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t r = begin; r < end; r++)
        for (int64_t a = 0; a < dims; a++) {
            double total = 0;
            for (int64_t b = 0; b < dims; b++)
                total += j->w->slope[a * dims + b] * ((double)j->w->mean[r * dims + b] - j->w->centre[b]);
            j->w->spare[r * dims + a] = (gnl_real)(2 * total / (double)j->c->rows);
        }
}

static void logvar_backward(const job *j, const gnl_posterior *q)
{
    const int64_t dims = j->c->dims;
    for (int64_t i = 0; i < j->c->rows * dims; i++) {
        const double slope = j->w->slope[i % dims * (dims + 1)];
        j->w->spare[i] = (gnl_real)(slope * exp((double)j->w->spare[i]) / (double)j->c->rows);
    }
    q->type->logvar_backward(q, j->c, j->w->spare);
}

/* Uses the numbers that value() has stored. */
static void backward_heads(gnl_term *t, const gnl_term_call *call)
{
    const gnl_posterior *q = call->latents->posterior;
    const gnl_code *c = call->code;
    job j = {opts_of(t), c, gnl_kind_work(&t->kind, c)};
    if (j.o->kind == OF_CODES)
        logvar_backward(&j, q);
    gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->dims * c->dims), mean_task, &j);
    q->type->mean_backward(q, c, j.w->spare);
}

const gnl_term_type gnl_term_dip = {
    .kind = {.name = "dip",
             .options = &table,
             .help = "difference of the covariance of the codes from the identity",
             .work_new = work_new},
    .check = check,
    .value = value,
    .backward_heads = backward_heads,
};
