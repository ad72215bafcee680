/* SPDX-License-Identifier: MIT */
/* A Gaussian mixture fitted to the codes by EM (Ghosh and others, From variational to deterministic autoencoders,
 * 2020, section 4: ten components with full covariances). See docs/derivations/gaussian_mixture.md. */
#include "model/sampler.h"

typedef struct mixture_opts {
    size_t size;
    int64_t components;
    uint32_t covariance, reserved;
    int64_t starts, iterations;
    double floor, tolerance;
} mixture_opts;

static const char *const covariances[] = {"full", "diag", NULL};
static const gnl_covariance covariance_of[] = {GNL_COVARIANCE_FULL, GNL_COVARIANCE_DIAG};

static const gnl_option options[] = {
    GNL_OPT_INT(mixture_opts, components, 10, 1, 65536, "number of Gaussians"),
    GNL_OPT_ENUM(mixture_opts, covariance, 0, 1, covariances, "form of the covariances"),
    GNL_OPT_INT(mixture_opts, starts, 1, 1, 1000, "starts by k-means, of which the best is kept"),
    GNL_OPT_INT(mixture_opts, iterations, 100, 1, 1e6, "most iterations of EM of a start"),
    GNL_OPT_REAL(mixture_opts, floor, 1e-6, 1e-12, 1e6, "number that is added to variances"),
    GNL_OPT_REAL(mixture_opts, tolerance, 1e-3, 0, 1e6,
                 "increase of the mean log-likelihood, nats, below which a start ends"),
};
static const gnl_options_table table = {"mixture", sizeof(mixture_opts), options, GNL_COUNT(options),
                                        .reserved = {offsetof(mixture_opts, reserved)}};

enum { WEIGHT, MEAN, FACTOR };

gnl_mixture gnl_sampler_mixture(const gnl_sampler *s, int64_t components, gnl_covariance covariance)
{
    return (gnl_mixture){.components = components,
                         .dims = s->dims,
                         .covariance = covariance,
                         .weight = gnl_numbers_data(&s->numbers, WEIGHT),
                         .mean = gnl_numbers_data(&s->numbers, MEAN),
                         .factor = gnl_numbers_data(&s->numbers, FACTOR)};
}

int gnl_sampler_mixture_params(int64_t components, gnl_covariance covariance, int64_t dims, gnl_param *param)
{
    const int full = covariance == GNL_COVARIANCE_FULL;
    const gnl_init zero = {GNL_INIT_CONSTANT, 0, 1, 1};
    param[WEIGHT] = (gnl_param){.name = "weight", .shape = {1, {components}}, .init = zero, .state = true};
    param[MEAN] = (gnl_param){.name = "mean", .shape = {2, {components, dims}}, .init = zero, .state = true};
    param[FACTOR] =
        (gnl_param){.name = "factor", .shape = {2 + full, {components, dims, dims}}, .init = zero, .state = true};
    return 3;
}

void gnl_sampler_mixture_draw(const gnl_mixture *m, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    const int64_t component = gnl_mixture_choose(m, gnl_rng_unit(rng));
    gnl_normal_draw(rng, draw, m->dims, z);
    gnl_mixture_place(m, component, z);
}

static gnl_mixture mixture_of(const gnl_sampler *s)
{
    const mixture_opts *o = (const mixture_opts *)(const void *)s->opts;
    return gnl_sampler_mixture(s, o->components, covariance_of[o->covariance]);
}

static int params(const void *opts, int64_t dims, int64_t rows, gnl_param *param)
{
    const mixture_opts *o = opts;
    return gnl_sampler_mixture_params(o->components, covariance_of[o->covariance], dims, param);
}

static genlat_status fit(gnl_sampler *s, int64_t rows, const gnl_real *codes, uint64_t seed)
{
    const mixture_opts *o = (const mixture_opts *)(const void *)s->opts;
    const gnl_mixture m = mixture_of(s);
    const gnl_mixture_fit_opts f = {
        .iterations = o->iterations, .starts = o->starts, .floor = o->floor, .tolerance = o->tolerance, .seed = seed};
    return gnl_mixture_fit(s->ctx, &m, &f, rows, codes, NULL);
}

static void draw(const gnl_sampler *s, gnl_rng *rng, const gnl_prior_draw *how, gnl_real *z)
{
    const gnl_mixture m = mixture_of(s);
    gnl_sampler_mixture_draw(&m, rng, how, z);
}

const gnl_sampler_type gnl_sampler_of_mixture = {
    .name = "mixture",
    .options = &table,
    .help = "Gaussian mixture fitted to the codes by EM",
    .params = params,
    .fit = fit,
    .draw = draw,
};
