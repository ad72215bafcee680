/* SPDX-License-Identifier: MIT */
/*
 * The Gaussian posterior with full covariance S = L L^T (Kingma and Welling, An introduction to variational
 * autoencoders, 2019, section 2.5.1). Heads: mean; logvar, the log of the squared diagonal of L; lower, the elements of
 * L below the diagonal, row by row. See docs/derivations/gaussian_full.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

enum { MEAN, LOGVAR, LOWER };

static const double LOG_TWO_PI = 1.83787706640934548356;

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[MEAN] = (gnl_head){"mean", dims, 0};
    head[LOGVAR] = (gnl_head){"logvar", dims, 10};
    head[LOWER] = (gnl_head){"lower", dims * (dims - 1) / 2, 0};
    return dims > 1 ? 3 : 2;
}

static int64_t noise(const void *opts, int64_t dims)
{
    return dims;
}

/* ---- the Cholesky factor of a row ------------------------------------------------------------ */

/* The heads of one row. */
typedef struct row_of {
    const gnl_real *mean, *logvar, *lower; /* [dims], [dims], [dims(dims-1)/2] */
} row_of;

static row_of row_at(const gnl_code *c, int64_t row)
{
    return (row_of){c->head[MEAN] + row * c->dims, c->head[LOGVAR] + row * c->dims,
                    c->dims > 1 ? c->head[LOWER] + row * c->dims * (c->dims - 1) / 2 : NULL};
}

/* Returns the index at which row i of the lower elements begins. */
static int64_t line(int64_t i)
{
    return i * (i - 1) / 2;
}

static double diagonal(const row_of *q, int64_t i)
{
    return exp((double)q->logvar[i] / 2);
}

/* S[i][i] */
static double variance(const row_of *q, int64_t i)
{
    double sum = exp((double)q->logvar[i]);
    for (int64_t j = 0; j < i; j++)
        sum += (double)q->lower[line(i) + j] * (double)q->lower[line(i) + j];
    return sum;
}

/* ---- sampling -------------------------------------------------------------------------------- */

typedef struct job {
    const gnl_posterior *q;
    const gnl_code *c;
    int64_t s; /* sample */
    const gnl_real *at;
    double *out;
    double factor;
    const double *weight;
    gnl_real *dz, *const *dhead;
} job;

static void over_rows(job *j, gnl_task *task)
{
    gnl_parallel(j->c->compute.ctx, j->c->rows, gnl_latent_grain(j->c->dims * (j->c->dims + 1) / 2), task, j);
}

static void draw_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t r = begin; r < end; r++) {
        const row_of q = row_at(j->c, r);
        const gnl_real *noise = j->c->noise + (j->s * j->c->rows + r) * dims;
        gnl_real *z = j->c->z + (j->s * j->c->rows + r) * dims;
        for (int64_t i = 0; i < dims; i++) {
            double value = (double)q.mean[i] + diagonal(&q, i) * (double)noise[i];
            for (int64_t k = 0; k < i; k++)
                value += (double)q.lower[line(i) + k] * (double)noise[k];
            z[i] = (gnl_real)value;
        }
    }
}

/* z = mean + L noise. */
static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    job j = {.q = q, .c = c, .s = s};
    over_rows(&j, draw_task);
}

static void draw_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t r = begin; r < end; r++) {
        const row_of q = row_at(j->c, r);
        const gnl_real *noise = j->c->noise + (j->s * j->c->rows + r) * dims, *dz = j->dz + r * dims;
        for (int64_t i = 0; i < dims; i++) {
            j->dhead[MEAN][r * dims + i] = dz[i];
            j->dhead[LOGVAR][r * dims + i] = (gnl_real)((double)dz[i] * (double)noise[i] * diagonal(&q, i) / 2);
            for (int64_t k = 0; k < i; k++)
                j->dhead[LOWER][r * line(dims) + line(i) + k] = dz[i] * noise[k];
        }
    }
}

static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    job j = {.q = q, .c = c, .s = s, .dz = c->dz + s * c->rows * c->dims, .dhead = dhead};
    over_rows(&j, draw_back_task);
}

static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    memcpy(out, c->head[MEAN], (size_t)(c->rows * c->dims) * sizeof *out);
}

static void logvar(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    for (int64_t r = 0; r < c->rows; r++) {
        const row_of row = row_at(c, r);
        for (int64_t i = 0; i < c->dims; i++)
            out[r * c->dims + i] = (gnl_real)log(variance(&row, i));
    }
}

static void mean_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *dmean)
{
    c->compute.k->add(c->rows * c->dims, c->dhead[MEAN], dmean, c->dhead[MEAN]);
}

/* ---- density --------------------------------------------------------------------------------- */

/* Allocates two vectors of dims elements for each row. */
static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **work)
{
    *work = gnl_alloc(env->ctx, (size_t)(env->rows * kind->dims), 2 * sizeof(double));
    return *work ? GENLAT_OK : GENLAT_E_MEMORY;
}

/* Computes noise = L^-1 (z - mean) by forward substitution. */
static void solve(const row_of *q, int64_t dims, const gnl_real *z, double *noise)
{
    for (int64_t i = 0; i < dims; i++) {
        double rest = (double)z[i] - (double)q->mean[i];
        for (int64_t k = 0; k < i; k++)
            rest -= (double)q->lower[line(i) + k] * noise[k];
        noise[i] = rest / diagonal(q, i);
    }
}

/* Computes y = L^-T noise by back substitution. */
static void solve_transposed(const row_of *q, int64_t dims, const double *noise, double *y)
{
    for (int64_t i = dims - 1; i >= 0; i--) {
        double rest = noise[i];
        for (int64_t k = i + 1; k < dims; k++)
            rest -= (double)q->lower[line(k) + i] * y[k];
        y[i] = rest / diagonal(q, i);
    }
}

static void density_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t dims = j->c->dims;
    for (int64_t r = begin; r < end; r++) {
        const row_of q = row_at(j->c, r);
        double *noise = (double *)gnl_kind_work(&j->q->kind, j->c) + 2 * r * dims;
        double sum = (double)dims * LOG_TWO_PI;
        solve(&q, dims, j->at + r * dims, noise);
        for (int64_t i = 0; i < dims; i++)
            sum += noise[i] * noise[i] + (double)q.logvar[i];
        j->out[r] = -sum / 2;
    }
}

static void log_density(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double *out)
{
    job j = {.q = q, .c = c, .at = z, .out = out};
    over_rows(&j, density_task);
}

static void density_back_row(const job *j, int64_t r)
{
    const int64_t dims = j->c->dims;
    const row_of q = row_at(j->c, r);
    const double factor = j->factor * (j->weight ? j->weight[r] : 1);
    double *noise = (double *)gnl_kind_work(&j->q->kind, j->c) + 2 * r * dims, *y = noise + dims;
    solve(&q, dims, j->at + r * dims, noise);
    solve_transposed(&q, dims, noise, y);
    for (int64_t i = 0; i < dims; i++) {
        if (j->dz)
            j->dz[r * dims + i] -= (gnl_real)(factor * y[i]);
        if (!j->dhead)
            continue;
        j->dhead[MEAN][r * dims + i] += (gnl_real)(factor * y[i]);
        j->dhead[LOGVAR][r * dims + i] += (gnl_real)(factor * (y[i] * noise[i] * diagonal(&q, i) - 1) / 2);
        for (int64_t k = 0; k < i; k++)
            j->dhead[LOWER][r * line(dims) + line(i) + k] += (gnl_real)(factor * y[i] * noise[k]);
    }
}

static void density_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    for (int64_t r = begin; r < end; r++)
        density_back_row(arg, r);
}

static void log_density_backward(const gnl_posterior *q, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz, gnl_real *const dhead[GNL_MAX_HEADS])
{
    job j = {.q = q, .c = c, .at = z, .factor = factor, .weight = weight, .dz = dz, .dhead = dhead};
    over_rows(&j, density_back_task);
}

/* ---- divergence from N(0,I) ------------------------------------------------------------------ */

/* Returns the KL of one dimension. The KL is a sum over dimensions because log|S| is the sum of logvar. */
static double element(const row_of *q, int64_t i)
{
    const double m = (double)q->mean[i];
    return (variance(q, i) + m * m - 1 - (double)q->logvar[i]) / 2;
}

static double kl_element(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t dim)
{
    const row_of r = row_at(c, row);
    return element(&r, dim);
}

static void kl_value(const gnl_posterior *q, const gnl_code *c, double *kl, double *per_dim)
{
    for (int64_t i = 0; per_dim && i < c->dims; i++)
        per_dim[i] = 0;
    for (int64_t r = 0; r < c->rows; r++) {
        const row_of row = row_at(c, r);
        double sum = 0;
        for (int64_t i = 0; i < c->dims; i++) {
            const double value = element(&row, i);
            sum += value;
            if (per_dim)
                per_dim[i] += value / (double)c->rows;
        }
        if (kl)
            kl[r] = sum;
    }
}

static void kl_backward(const gnl_posterior *q, const gnl_code *c, int64_t row, int64_t first, int64_t past,
                        double factor)
{
    const row_of r = row_at(c, row);
    const int64_t dims = c->dims;
    for (int64_t i = first; i < past; i++) {
        c->dhead[MEAN][row * dims + i] += (gnl_real)(factor * (double)r.mean[i]);
        c->dhead[LOGVAR][row * dims + i] += (gnl_real)(factor * expm1((double)r.logvar[i]) / 2);
        for (int64_t k = 0; k < i; k++)
            c->dhead[LOWER][row * line(dims) + line(i) + k] += (gnl_real)(factor * (double)r.lower[line(i) + k]);
    }
}

static const gnl_divergence from_normal = {.value = kl_value, .element = kl_element, .backward = kl_backward};

const gnl_posterior_type gnl_posterior_gaussian_full = {
    .kind = {.name = "gaussian_full",
             .help = "Gaussian with full covariance, parametrized by its Cholesky factor",
             .work_new = work_new},
    .heads = heads,
    .noise = noise,
    .draw = draw,
    .draw_backward = draw_backward,
    .mean = mean,
    .logvar = logvar,
    .mean_backward = mean_backward,
    .log_density = log_density,
    .log_density_backward = log_density_backward,
    .from_normal = &from_normal,
};
