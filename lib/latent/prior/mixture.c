/* SPDX-License-Identifier: MIT */
/*
 * A learned mixture of diagonal Gaussians (Tomczak and Welling, VAE with a VampPrior, 2018, section 4: the MoG prior).
 * Means, log-variances and logits of the weights are trained together with the nets. See docs/derivations/mixture.md.
 */
#include <tgmath.h>

#include "latent/latent_priv.h"
#include "loss/loss.h"

enum { MEAN, LOGVAR, LOGIT, NUMBERS };

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

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const int64_t components = ((const mixture_opts *)gnl_kind_opts(kind))->components;
    gnl_gauss_mixture *m = NULL;
    GNL_TRY(gnl_gauss_mixture_new(env->ctx, components, kind->dims, env->rows, &m));
    *out = m;
    return GENLAT_OK;
}

static void prepare(const gnl_kind *kind, const gnl_code *c)
{
    gnl_gauss_mixture *m = gnl_kind_work(kind, c);
    const gnl_real *logit = gnl_numbers_data(&kind->numbers, LOGIT);
    m->mean = gnl_numbers_data(&kind->numbers, MEAN);
    m->logvar = gnl_numbers_data(&kind->numbers, LOGVAR);
    for (int64_t i = 0; i < m->count; i++)
        m->log_weight[i] = (double)logit[i];
    const double all = gnl_log_sum_exp(m->count, m->log_weight);
    for (int64_t i = 0; i < m->count; i++)
        m->log_weight[i] -= all;
    gnl_gauss_mixture_prepare(m);
}

static void log_density(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out)
{
    gnl_gauss_mixture_log_density(gnl_kind_work(&p->kind, c), c, z, out);
}

static void log_density_backward(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz)
{
    const gnl_numbers *own = &p->kind.numbers;
    gnl_gauss_mixture_log_density_backward(gnl_kind_work(&p->kind, c), c, z, factor, weight, dz,
                                           gnl_numbers_grad(own, MEAN), gnl_numbers_grad(own, LOGVAR),
                                           gnl_numbers_grad(own, LOGIT));
}

/* ---- sampling -------------------------------------------------------------------------------- */

/* Samples a component by its weight, given a uniform number from [0,1). */
static int64_t choose(const gnl_prior *p, double uniform)
{
    const gnl_real *logit = gnl_numbers_data(&p->kind.numbers, LOGIT);
    const int64_t k = ((const mixture_opts *)gnl_kind_opts(&p->kind))->components;
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
    const int64_t component = choose(p, gnl_rng_unit(rng));
    gnl_gauss_mixture_sample(gnl_kind_work(&p->kind, c), component, rng, draw, z);
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
