/* SPDX-License-Identifier: MIT */
/* One Gaussian with full covariance: mean and covariance of the codes. */
#include "model/sampler.h"

typedef struct gaussian_opts {
    size_t size;
    double floor;
} gaussian_opts;

static const gnl_option options[] = {
    GNL_OPT_REAL(gaussian_opts, floor, 1e-6, 1e-12, 1e6, "number that is added to variances"),
};
static const gnl_options_table table = {"gaussian", sizeof(gaussian_opts), options, GNL_COUNT(options)};

static int params(const void *opts, int64_t dims, int64_t rows, gnl_param *param)
{
    return gnl_sampler_mixture_params(1, GNL_COVARIANCE_FULL, dims, param);
}

/* The start of a mixture of one component is its fit. */
static genlat_status fit(gnl_sampler *s, int64_t rows, const gnl_real *codes, uint64_t seed)
{
    const gaussian_opts *o = (const gaussian_opts *)(const void *)s->opts;
    const gnl_mixture m = gnl_sampler_mixture(s, 1, GNL_COVARIANCE_FULL);
    const gnl_mixture_fit_opts f = {.starts = 1, .floor = o->floor, .seed = seed};
    return gnl_mixture_fit(s->ctx, &m, &f, rows, codes, NULL);
}

static void draw(const gnl_sampler *s, gnl_rng *rng, const gnl_prior_draw *how, gnl_real *z)
{
    const gnl_mixture m = gnl_sampler_mixture(s, 1, GNL_COVARIANCE_FULL);
    gnl_sampler_mixture_draw(&m, rng, how, z);
}

const gnl_sampler_type gnl_sampler_of_gaussian = {
    .name = "gaussian",
    .options = &table,
    .help = "Gaussian with the mean and the covariance of the codes",
    .params = params,
    .fit = fit,
    .draw = draw,
};
