/* SPDX-License-Identifier: MIT */
/*
 * A learned mixture of diagonal Gaussians (Tomczak and Welling, VAE with a VampPrior, 2018, section 4: the MoG prior).
 * Means, log-variances and logits of the weights are trained together with the nets. See docs/derivations/mixture.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"

enum { MEAN, LOGVAR, LOGIT, NUMBERS };

static const double LOG_TWO_PI = 1.83787706640934548356, CLAMP = 10;

typedef struct mixture_opts {
    size_t size;
    int64_t components;
    double mean_sd;
} mixture_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(mixture_opts, components, 50, 1, 65536, "number of Gaussians"),
    GNL_OPT_REAL(mixture_opts, mean_sd, 1, 0, 1e3,
                 "standard deviation of the initial means; each component starts with standard deviation 1"),
};
static const gnl_options_table table = {"mixture", sizeof(mixture_opts), options, GNL_COUNT(options)};

static int64_t components_of(const gnl_prior *p)
{
    return ((const mixture_opts *)gnl_kind_opts(&p->kind))->components;
}

static int params(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param)
{
    (void)data;
    const mixture_opts *o = opts;
    param[MEAN] =
        (gnl_param){.name = "mean", .shape = {2, {o->components, dims}}, .init = {GNL_INIT_NORMAL, o->mean_sd, 1, 1}};
    param[LOGVAR] =
        (gnl_param){.name = "logvar", .shape = {2, {o->components, dims}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}};
    param[LOGIT] = (gnl_param){.name = "logit", .shape = {1, {o->components}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}};
    return NUMBERS;
}

/* ---- one evaluation -------------------------------------------------------------------------- */

/* Values derived from the current parameters, and the responsibility of each component for each row. */
typedef struct work {
    double *log_weight; /* [components] */
    double *precision;  /* [components,dims] e^-logvar */
    double *constant;   /* [components] log of weight times normalization constant */
    double *share;      /* [rows,components] log-densities, then responsibilities */
} work;

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const size_t k = (size_t)((const mixture_opts *)gnl_kind_opts(kind))->components, dims = (size_t)kind->dims;
    const size_t numbers = k * (2 + dims + (size_t)env->rows);
    work *w = gnl_alloc(env->ctx, 1, sizeof *w + numbers * sizeof(double));
    if (!w)
        return GENLAT_E_MEMORY;
    w->log_weight = (double *)(void *)(w + 1);
    w->constant = w->log_weight + k;
    w->precision = w->constant + k;
    w->share = w->precision + k * dims;
    *out = w;
    return GENLAT_OK;
}

static double clamped(gnl_real logvar)
{
    return fmin(fmax((double)logvar, -CLAMP), CLAMP);
}

static double log_sum_exp(int64_t n, const double *x)
{
    double largest = -INFINITY, total = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, x[i]);
    for (int64_t i = 0; i < n; i++)
        total += exp(x[i] - largest);
    return largest + log(total);
}

static void compute_log_weights(const gnl_prior *p, double *log_weight)
{
    const gnl_real *logit = gnl_numbers_data(&p->kind.numbers, LOGIT);
    const int64_t k = components_of(p);
    for (int64_t i = 0; i < k; i++)
        log_weight[i] = (double)logit[i];
    const double all = log_sum_exp(k, log_weight);
    for (int64_t i = 0; i < k; i++)
        log_weight[i] -= all;
}

static void prepare(const gnl_kind *kind, const gnl_code *c)
{
    const gnl_prior *p = (const gnl_prior *)kind;
    const work *w = gnl_kind_work(kind, c);
    const gnl_real *logvar = gnl_numbers_data(&p->kind.numbers, LOGVAR);
    const int64_t dims = p->kind.dims;
    compute_log_weights(p, w->log_weight);
    for (int64_t i = 0; i < components_of(p); i++) {
        double sum = (double)dims * LOG_TWO_PI;
        for (int64_t d = 0; d < dims; d++) {
            const double value = clamped(logvar[i * dims + d]);
            w->precision[i * dims + d] = exp(-value);
            sum += value;
        }
        w->constant[i] = w->log_weight[i] - sum / 2;
    }
}

typedef struct job {
    const gnl_prior *p;
    const gnl_code *c;
    const work *w;
    const gnl_real *z;
    double *out;
    double factor;
    const double *weight;
    gnl_real *dz;
} job;

/* Computes the responsibilities of a row, and returns log p(z). */
static double responsibilities(const job *j, int64_t row, double *share)
{
    const gnl_real *mean = gnl_numbers_data(&j->p->kind.numbers, MEAN), *z = j->z + row * j->c->dims;
    const int64_t k = components_of(j->p), dims = j->c->dims;
    for (int64_t i = 0; i < k; i++) {
        double distance = 0;
        for (int64_t d = 0; d < dims; d++) {
            const double apart = (double)z[d] - (double)mean[i * dims + d];
            distance += apart * apart * j->w->precision[i * dims + d];
        }
        share[i] = j->w->constant[i] - distance / 2;
    }
    const double all = log_sum_exp(k, share);
    for (int64_t i = 0; i < k; i++)
        share[i] = exp(share[i] - all);
    return all;
}

static void density_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t row = begin; row < end; row++)
        j->out[row] = responsibilities(j, row, j->w->share + row * components_of(j->p));
}

static int64_t grain(const gnl_prior *p)
{
    return gnl_latent_grain(components_of(p) * p->kind.dims);
}

static void log_density(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out)
{
    const work *w = gnl_kind_work(&p->kind, c);
    job j = {.p = p, .c = c, .w = w, .z = z, .out = out};
    gnl_parallel(c->compute.ctx, c->rows, grain(p), density_task, &j);
}

/* ---- derivatives ----------------------------------------------------------------------------- */

static double factor_of(const job *j, int64_t row)
{
    return j->factor * (j->weight ? j->weight[row] : 1);
}

/* Adds the derivatives by z: the sum over components of responsibility * precision * (mean - z). */
static void slope_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_real *mean = gnl_numbers_data(&j->p->kind.numbers, MEAN);
    const int64_t k = components_of(j->p), dims = j->c->dims;
    for (int64_t row = begin; row < end; row++) {
        double *share = j->w->share + row * k;
        responsibilities(j, row, share);
        for (int64_t d = 0; d < dims; d++) {
            const double z = (double)j->z[row * dims + d];
            double slope = 0;
            for (int64_t i = 0; i < k; i++)
                slope += share[i] * ((double)mean[i * dims + d] - z) * j->w->precision[i * dims + d];
            j->dz[row * dims + d] += (gnl_real)(factor_of(j, row) * slope);
        }
    }
}

/* Adds the derivatives by the parameters of each component. Sums over the rows in order, so that the result does not
 * depend on the number of threads. */
static void component_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const gnl_numbers *numbers = &j->p->kind.numbers;
    const gnl_real *mean = gnl_numbers_data(numbers, MEAN), *logvar = gnl_numbers_data(numbers, LOGVAR);
    gnl_real *dmean = gnl_numbers_grad(numbers, MEAN), *dlogvar = gnl_numbers_grad(numbers, LOGVAR);
    gnl_real *dlogit = gnl_numbers_grad(numbers, LOGIT);
    const int64_t k = components_of(j->p), dims = j->c->dims, rows = j->c->rows;
    for (int64_t i = begin; i < end; i++) {
        double own = 0;
        for (int64_t row = 0; row < rows; row++)
            own += factor_of(j, row) * (j->w->share[row * k + i] - exp(j->w->log_weight[i]));
        dlogit[i] += (gnl_real)own;
        for (int64_t d = i * dims; d < (i + 1) * dims; d++) {
            double by_mean = 0, by_logvar = 0;
            for (int64_t row = 0; row < rows; row++) {
                const double share = factor_of(j, row) * j->w->share[row * k + i];
                const double apart = (double)j->z[row * dims + d - i * dims] - (double)mean[d];
                by_mean += share * apart * j->w->precision[d];
                by_logvar += share * (apart * apart * j->w->precision[d] - 1) / 2;
            }
            dmean[d] += (gnl_real)by_mean;
            dlogvar[d] += fabs((double)logvar[d]) < CLAMP ? (gnl_real)by_logvar : 0;
        }
    }
}

static void log_density_backward(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz)
{
    const work *w = gnl_kind_work(&p->kind, c);
    job j = {.p = p, .c = c, .w = w, .z = z, .factor = factor, .weight = weight, .dz = dz};
    gnl_parallel(c->compute.ctx, c->rows, grain(p), slope_task, &j);
    gnl_parallel(c->compute.ctx, components_of(p), gnl_latent_grain(c->rows * c->dims), component_task, &j);
}

/* ---- sampling -------------------------------------------------------------------------------- */

/* Samples a component by its weight, given a uniform number from [0,1). */
static int64_t choose(const gnl_prior *p, double uniform)
{
    const gnl_real *logit = gnl_numbers_data(&p->kind.numbers, LOGIT);
    const int64_t k = components_of(p);
    double largest = -INFINITY, total = 0, sum = 0;
    for (int64_t i = 0; i < k; i++)
        largest = fmax(largest, (double)logit[i]);
    for (int64_t i = 0; i < k; i++)
        total += exp((double)logit[i] - largest);
    for (int64_t i = 0; i < k - 1; i++) {
        sum += exp((double)logit[i] - largest);
        if (uniform * total < sum)
            return i;
    }
    return k - 1;
}

static void sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    const int64_t dims = p->kind.dims, at = choose(p, gnl_rng_unit(rng)) * dims;
    const gnl_real *mean = gnl_numbers_data(&p->kind.numbers, MEAN);
    const gnl_real *logvar = gnl_numbers_data(&p->kind.numbers, LOGVAR);
    gnl_normal_draw(rng, draw, dims, z);
    for (int64_t d = 0; d < dims; d++)
        z[d] = mean[at + d] + z[d] * (gnl_real)exp(clamped(logvar[at + d]) / 2);
}

const gnl_prior_type gnl_prior_mixture = {
    .kind = {.name = "mixture",
             .options = &table,
             .help = "learned mixture of diagonal Gaussians",
             .params = params,
             .prepare = prepare,
             .work_new = work_new},
    .sample = sample,
    .log_density = log_density,
    .log_density_backward = log_density_backward,
};
