/* SPDX-License-Identifier: MIT */
/*
 * Weights for the parts of the KL divergence (Chen and others, Isolating sources of disentanglement in variational
 * autoencoders, 2018): mutual information, total correlation, and KL of each dimension. The term is what has to be
 * added to the term `kl`. It estimates the aggregate posterior q(z) from the batch, by minibatch-weighted or
 * minibatch-stratified sampling. See docs/derivations/tc.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

static const double LOG_TWO_PI = 1.83787706640934548356;

typedef enum sampling { WEIGHTED, STRATIFIED } sampling;

static const char *const sampling_names[] = {"weighted", "stratified", NULL};

typedef struct tc_opts {
    size_t size;
    double alpha, beta, gamma;
    int64_t data;
    uint32_t sampling, reserved;
} tc_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(tc_opts, alpha, 1, 0, 1e6, "weight of the mutual information of data and codes"),
    GNL_OPT_REAL(tc_opts, beta, 6, 0, 1e6, "weight of the total correlation of the dimensions"),
    GNL_OPT_REAL(tc_opts, gamma, 1, 0, 1e6, "weight of the KL of the dimensions"),
    GNL_OPT_INT(tc_opts, data, 0, 0, 1e15, "samples of the training data; 0: as the trainer says, or the batch"),
    GNL_OPT_ENUM(tc_opts, sampling, WEIGHTED, STRATIFIED, sampling_names, "estimator of the aggregate posterior"),
};
static const gnl_options_table table = {"tc", sizeof(tc_opts), options, GNL_COUNT(options)};

static const tc_opts *opts_of(const gnl_term *t)
{
    return gnl_kind_opts(&t->kind);
}

static genlat_status check(const gnl_term *t, const gnl_posterior *q, const gnl_prior *p)
{
    return q->type->logvar_backward
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_UNSUPPORTED,
                          "tc: needs a posterior with independent dimensions, %s has none; use posterior=gaussian",
                          q->kind.type->name);
}

/* ---- workspace ------------------------------------------------------------------------------- */

/* A running log-sum-exp: the largest number so far, and the sum of exp relative to it. */
typedef struct log_sum {
    double largest, sum;
} log_sum;

typedef struct work {
    log_sum *sum;            /* [rows,dims+1] */
    double *log_q;           /* [rows,dims+1] log q of each dimension of a code, then of the whole code */
    double *precision;       /* [rows,dims] 1 / variance */
    double *dmean, *dlogvar; /* [rows,dims] */
    double *row;             /* [rows] contributions to the value */
    double *prior;           /* [rows] log p */
    gnl_real *mean, *logvar; /* [rows,dims] */
} work;

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const size_t rows = (size_t)env->rows, codes = rows * (size_t)kind->dims;
    const size_t doubles = 3 * (codes + rows) + 3 * codes + 2 * rows;
    work *w = gnl_alloc(env->ctx, 1, sizeof *w + doubles * sizeof(double) + 2 * codes * sizeof(gnl_real));
    if (!w)
        return GENLAT_E_MEMORY;
    w->sum = (log_sum *)(void *)(w + 1);
    w->log_q = (double *)(void *)(w->sum + codes + rows);
    w->precision = w->log_q + codes + rows;
    w->dmean = w->precision + codes;
    w->dlogvar = w->dmean + codes;
    w->row = w->dlogvar + codes;
    w->prior = w->row + rows;
    w->mean = (gnl_real *)(void *)(w->prior + rows);
    w->logvar = w->mean + codes;
    *out = w;
    return GENLAT_OK;
}

/* The codes of one sample, and the weights of log q(z|x), log q(z), the sum of log q(z_d), and log p(z). */
typedef struct job {
    const gnl_code *c;
    const work *w;
    const gnl_real *z; /* [rows,dims] */
    gnl_real *dz;
    double own, joint, marginal, prior;
    double log_weight[3]; /* of the row itself, the next row, and the others; see log_weight() */
} job;

static double *log_q_of(const job *j, int64_t row)
{
    return j->w->log_q + row * (j->c->dims + 1);
}

/* ---- q(z) from the batch ---------------------------------------------------------------------- */

/* Let n be the samples of the data, and b the rows. Weighted sampling takes the mean over the rows; the paper divides
 * by n b, which adds a constant to the value. Stratified sampling weighs the row of the code itself by 1/n, one other
 * row by (n-b+1) / (n (b-1)), and the rest by 1/(b-1). */
static void set_log_weights(job *j, const tc_opts *o, int64_t data_rows)
{
    const double b = (double)j->c->rows, n = fmax(b, (double)(o->data > 0 ? o->data : data_rows));
    for (int i = 0; i < 3; i++)
        j->log_weight[i] = -log(b);
    if (o->sampling == WEIGHTED)
        return;
    j->log_weight[0] = -log(n);
    j->log_weight[1] = log((n - b + 1) / (n * (b - 1)));
    j->log_weight[2] = -log(b - 1);
}

/* The log-weight of row k in q(z) of code i. */
static double log_weight(const job *j, int64_t i, int64_t k)
{
    return j->log_weight[k == i ? 0 : k == (i + 1) % j->c->rows ? 1 : 2];
}

/* log q(z_d | x_k) of code i. */
static double log_density(const job *j, int64_t i, int64_t k, int64_t d)
{
    const int64_t at = k * j->c->dims + d;
    const double apart = (double)j->z[i * j->c->dims + d] - (double)j->w->mean[at];
    return -0.5 * (apart * apart * j->w->precision[at] + (double)j->w->logvar[at] + LOG_TWO_PI);
}

static void add(log_sum *s, double value)
{
    if (value <= s->largest) {
        s->sum += exp(value - s->largest);
    } else {
        s->sum = s->sum * exp(s->largest - value) + 1;
        s->largest = value;
    }
}

/* Computes log_q of a code, and returns log q(z|x) of its own row. */
static double sum_rows(const job *j, int64_t i)
{
    const int64_t dims = j->c->dims;
    log_sum *sum = j->w->sum + i * (dims + 1);
    double own = 0;
    for (int64_t d = 0; d <= dims; d++)
        sum[d] = (log_sum){-INFINITY, 0};
    for (int64_t k = 0; k < j->c->rows; k++) {
        const double weight = log_weight(j, i, k);
        double total = 0;
        for (int64_t d = 0; d < dims; d++) {
            const double one = log_density(j, i, k, d);
            add(&sum[d], weight + one);
            total += one;
        }
        add(&sum[dims], weight + total);
        own = k == i ? total : own;
    }
    for (int64_t d = 0; d <= dims; d++)
        log_q_of(j, i)[d] = sum[d].largest + log(sum[d].sum);
    return own;
}

static void value_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        const double own = sum_rows(j, i), *log_q = log_q_of(j, i);
        j->w->row[i] = j->own * own + j->joint * log_q[j->c->dims];
        for (int64_t d = 0; d < j->c->dims; d++)
            j->w->row[i] += j->marginal * log_q[d];
    }
}

/* ---- value ----------------------------------------------------------------------------------- */

static job job_of(gnl_term *t, const gnl_term_call *call, int64_t s)
{
    const tc_opts *o = opts_of(t);
    const gnl_code *c = call->code;
    job j = {.c = c,
             .w = gnl_kind_work(&t->kind, c),
             .z = gnl_code_z(c, s),
             .dz = c->dz ? c->dz + s * c->rows * c->dims : NULL,
             .own = o->alpha - 1,
             .joint = o->beta - o->alpha,
             .marginal = o->gamma - o->beta,
             .prior = 1 - o->gamma};
    set_log_weights(&j, o, call->data_rows);
    return j;
}

static double factor_of(const gnl_term_call *call)
{
    return call->factor / (double)(call->code->rows * call->code->samples);
}

static void set_moments(const job *j, const gnl_posterior *q)
{
    q->type->mean(q, j->c, j->w->mean);
    q->type->logvar(q, j->c, j->w->logvar);
    for (int64_t i = 0; i < j->c->rows * j->c->dims; i++)
        j->w->precision[i] = exp(-(double)j->w->logvar[i]);
}

static void over_rows(job *j, gnl_task *task)
{
    gnl_parallel(j->c->compute.ctx, j->c->rows, gnl_latent_grain(j->c->rows * j->c->dims), task, j);
}

static double sample_value(job *j, const gnl_prior *prior)
{
    double total = 0;
    over_rows(j, value_task);
    for (int64_t i = 0; i < j->c->rows; i++)
        total += j->w->row[i];
    if (j->prior == 0)
        return total;
    prior->type->log_density(prior, j->c, j->z, j->w->prior);
    for (int64_t i = 0; i < j->c->rows; i++)
        total += j->prior * j->w->prior[i];
    return total;
}

/* One row has no others to compare with. */
static double value(gnl_term *t, const gnl_term_call *call)
{
    double total = 0;
    for (int64_t s = 0; call->code->rows > 1 && s < call->code->samples; s++) {
        job j = job_of(t, call, s);
        if (s == 0)
            set_moments(&j, call->latents->posterior);
        total += factor_of(call) * sample_value(&j, call->latents->prior);
    }
    return total;
}

/* ---- derivatives ----------------------------------------------------------------------------- */

/* Row k's share of q(z) of code i. */
static double share(const job *j, int64_t i, int64_t k)
{
    double total = log_weight(j, i, k);
    for (int64_t d = 0; d < j->c->dims; d++)
        total += log_density(j, i, k, d);
    return exp(total - log_q_of(j, i)[j->c->dims]);
}

/* Returns the derivative of the value of code i by log q(z_d | x_k). */
static double slope(const job *j, int64_t i, int64_t k, int64_t d, double joint_share)
{
    const double alone = exp(log_weight(j, i, k) + log_density(j, i, k, d) - log_q_of(j, i)[d]);
    return j->joint * joint_share + j->marginal * alone + (k == i ? j->own : 0);
}

typedef struct back_job {
    job j;
    double factor;
} back_job;

static void z_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const back_job *b = arg;
    const job *j = &b->j;
    const int64_t dims = j->c->dims;
    for (int64_t i = begin; i < end; i++)
        for (int64_t k = 0; k < j->c->rows; k++) {
            const double joint = share(j, i, k);
            for (int64_t d = 0; d < dims; d++) {
                const double apart = (double)j->z[i * dims + d] - (double)j->w->mean[k * dims + d];
                const double pull = apart * j->w->precision[k * dims + d];
                j->dz[i * dims + d] -= (gnl_real)(b->factor * slope(j, i, k, d, joint) * pull);
            }
        }
}

/* Derivatives by mean and log-variance of row k, from all codes. */
static void moments_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const back_job *b = arg;
    const job *j = &b->j;
    const int64_t dims = j->c->dims;
    for (int64_t k = begin; k < end; k++)
        for (int64_t i = 0; i < j->c->rows; i++) {
            const double joint = share(j, i, k);
            for (int64_t d = 0; d < dims; d++) {
                const int64_t at = k * dims + d;
                const double apart = (double)j->z[i * dims + d] - (double)j->w->mean[at];
                const double pull = apart * j->w->precision[at], by = b->factor * slope(j, i, k, d, joint);
                j->w->dmean[at] += by * pull;
                j->w->dlogvar[at] += by * 0.5 * (apart * pull - 1);
            }
        }
}

/* log_q holds the numbers of the last sample that was evaluated. */
static void backward_z(gnl_term *t, const gnl_term_call *call)
{
    gnl_prior *prior = call->latents->prior;
    const gnl_code *c = call->code;
    const work *w = gnl_kind_work(&t->kind, c);
    const size_t bytes = (size_t)(c->rows * c->dims) * sizeof(double);
    memset(w->dmean, 0, bytes);
    memset(w->dlogvar, 0, bytes);
    for (int64_t s = 0; c->rows > 1 && s < c->samples; s++) {
        back_job b = {job_of(t, call, s), factor_of(call)};
        if (c->samples > 1)
            over_rows(&b.j, value_task);
        gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->rows * c->dims), z_task, &b);
        gnl_parallel(c->compute.ctx, c->rows, gnl_latent_grain(c->rows * c->dims), moments_task, &b);
        if (b.j.prior != 0)
            prior->type->log_density_backward(prior, c, b.j.z, b.factor * b.j.prior, NULL, b.j.dz);
    }
}

static void backward_heads(gnl_term *t, const gnl_term_call *call)
{
    const gnl_posterior *q = call->latents->posterior;
    const gnl_code *c = call->code;
    const work *w = gnl_kind_work(&t->kind, c);
    for (int64_t i = 0; i < c->rows * c->dims; i++) {
        w->mean[i] = (gnl_real)w->dmean[i];
        w->logvar[i] = (gnl_real)w->dlogvar[i];
    }
    q->type->mean_backward(q, c, w->mean);
    q->type->logvar_backward(q, c, w->logvar);
}

const gnl_term_type gnl_term_tc = {
    .kind = {.name = "tc",
             .options = &table,
             .help = "weights of mutual information, total correlation and KL of the dimensions, in addition to kl",
             .work_new = work_new},
    .check = check,
    .value = value,
    .backward_z = backward_z,
    .backward_heads = backward_heads,
};
