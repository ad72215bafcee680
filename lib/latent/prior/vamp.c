/* SPDX-License-Identifier: MIT */
/*
 * The VampPrior (Tomczak and Welling, VAE with a VampPrior, 2018): the mixture of the posteriors of K trained
 * pseudo-inputs, p(z) = (1/K) sum_k q(z|u_k). See docs/derivations/vamp.md.
 */
#include <math.h>

#include "latent/latent_priv.h"

enum { INPUT, NUMBERS };
enum { MEAN, LOGVAR };

typedef enum origin { DATA, RANDOM } origin;

static const char *const origin_names[] = {"data", "random", NULL};

typedef struct vamp_opts {
    size_t size;
    int64_t components;
    double sd, low, high;
    uint32_t from, reserved;
} vamp_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(vamp_opts, components, 500, 1, 65536, "number of pseudo-inputs"),
    GNL_OPT_ENUM(vamp_opts, from, DATA, RANDOM, origin_names,
                 "initial pseudo-inputs: samples of the data that the model is built with, or none: numbers around 0"),
    GNL_OPT_REAL(vamp_opts, sd, 0.01, 0, 1e3, "standard deviation of the initial noise of pseudo-inputs"),
    GNL_OPT_REAL(vamp_opts, low, -1e6, -1e6, 1e6, "smallest value of a pseudo-input, such as 0 for images"),
    GNL_OPT_REAL(vamp_opts, high, 1e6, -1e6, 1e6, "largest value of a pseudo-input, such as 1 for images"),
};
static const gnl_options_table table = {"vamp", sizeof(vamp_opts), options, GNL_COUNT(options)};

static const vamp_opts *opts_of(const gnl_kind *kind)
{
    return gnl_kind_opts(kind);
}

static genlat_status check(const gnl_prior *p, const gnl_latents *l)
{
    const vamp_opts *o = opts_of(&p->kind);
    if (!l->posterior->type->diagonal)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "prior vamp needs posterior=gaussian, found %s; use prior=mixture or another posterior",
                        l->posterior->kind.type->name);
    if (l->condition > 0)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "prior vamp does not support encoders with a condition; use prior=mixture");
    if (o->low >= o->high)
        return gnl_fail(GENLAT_E_RANGE, "prior vamp: low is %g, less than high = %g expected", o->low, o->high);
    return GENLAT_OK;
}

/* ---- pseudo-inputs --------------------------------------------------------------------------- */

static int params(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param)
{
    const vamp_opts *o = opts;
    (void)dims;
    param[INPUT] = (gnl_param){
        .name = "input", .shape = {2, {o->components, gnl_shape_count(data)}}, .init = {GNL_INIT_NORMAL, o->sd, 1, 1}};
    return NUMBERS;
}

/* Moves the pseudo-inputs into their range. */
static void clip(const gnl_kind *kind)
{
    const vamp_opts *o = opts_of(kind);
    gnl_real *x = gnl_numbers_data(&kind->numbers, INPUT);
    for (int64_t i = 0; i < kind->numbers.weight[INPUT].count; i++)
        x[i] = GNL_MIN(GNL_MAX(x[i], (gnl_real)o->low), (gnl_real)o->high);
}

static int64_t examples(const gnl_kind *kind)
{
    return opts_of(kind)->components;
}

/* Adds the samples to the initial noise. */
static void start(gnl_kind *kind, const gnl_real *x)
{
    gnl_real *input = gnl_numbers_data(&kind->numbers, INPUT);
    for (int64_t i = 0; opts_of(kind)->from == DATA && i < kind->numbers.weight[INPUT].count; i++)
        input[i] += x[i];
    clip(kind);
}

static void after_step(gnl_kind *kind, const gnl_code *c)
{
    (void)c;
    clip(kind);
}

/* ---- workspace ------------------------------------------------------------------------------- */

typedef struct work {
    genlat_exec *encoder;
    gnl_gauss_mixture *mixture;
    gnl_real *dmean, *dlogvar; /* [components,dims] derivatives by the outputs of the encoder; NULL: no training */
} work;

static void work_free(genlat_ctx *ctx, void *memory)
{
    work *w = memory;
    gnl_exec_release(w->encoder);
    gnl_free(ctx, w->mixture);
    gnl_free(ctx, w->dmean);
    gnl_free(ctx, w);
}

static genlat_status fill(const gnl_kind *kind, const gnl_latent_env *env, work *w)
{
    const int64_t k = opts_of(kind)->components, n = k * kind->dims;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = env->training ? GENLAT_EXEC_TRAINING : GENLAT_EXEC_INFERENCE,
                                                .input_grads = env->training);
    GNL_TRY(gnl_net_compile(env->encoder, k, &opts, &w->encoder));
    GNL_TRY(gnl_gauss_mixture_new(env->ctx, k, kind->dims, env->rows, &w->mixture));
    for (int64_t i = 0; i < k; i++)
        w->mixture->log_weight[i] = -log((double)k);
    if (!env->training)
        return GENLAT_OK;
    w->dmean = gnl_alloc(env->ctx, 2 * (size_t)n, sizeof *w->dmean);
    w->dlogvar = w->dmean ? w->dmean + n : NULL;
    return w->dmean ? GENLAT_OK : GENLAT_E_MEMORY;
}

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    work *w = gnl_calloc(env->ctx, 1, sizeof *w);
    (void)latents;
    *out = w;
    return w ? fill(kind, env, w) : GENLAT_E_MEMORY;
}

/* Encodes the pseudo-inputs, and starts the derivatives by the outputs at zero. Dropout and batch statistics are those
 * of evaluation, so that training and evaluation have the same prior. */
static void prepare(const gnl_kind *kind, const gnl_code *c)
{
    const work *w = gnl_kind_work(kind, c);
    const gnl_real *input = gnl_numbers_data(&kind->numbers, INPUT);
    const int64_t k = w->mixture->count;
    gnl_exec_forward(w->encoder, GNL_EVAL, k, &input);
    w->mixture->mean = gnl_exec_output(w->encoder, MEAN);
    w->mixture->logvar = gnl_exec_output(w->encoder, LOGVAR);
    gnl_gauss_mixture_prepare(w->mixture);
    if (w->dmean)
        memset(w->dmean, 0, 2 * (size_t)(k * kind->dims) * sizeof *w->dmean);
}

/* ---- density --------------------------------------------------------------------------------- */

static void log_density(const gnl_prior *p, const gnl_code *c, const gnl_real *z, double *out)
{
    const work *w = gnl_kind_work(&p->kind, c);
    gnl_gauss_mixture_log_density(w->mixture, c, z, out);
}

static void log_density_backward(gnl_prior *p, const gnl_code *c, const gnl_real *z, double factor,
                                 const double *weight, gnl_real *dz)
{
    const work *w = gnl_kind_work(&p->kind, c);
    gnl_gauss_mixture_log_density_backward(w->mixture, c, z, factor, weight, dz, w->dmean, w->dlogvar, NULL);
}

/* One backward pass of the encoder for all densities of a step. */
static void backward(gnl_kind *kind, const gnl_code *c)
{
    const work *w = gnl_kind_work(kind, c);
    const int64_t n = w->mixture->count * kind->dims;
    memcpy(gnl_exec_output_grad(w->encoder, MEAN), w->dmean, (size_t)n * sizeof *w->dmean);
    memcpy(gnl_exec_output_grad(w->encoder, LOGVAR), w->dlogvar, (size_t)n * sizeof *w->dlogvar);
    gnl_exec_backward(w->encoder, 1u << MEAN | 1u << LOGVAR, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    gnl_real *grad = gnl_numbers_grad(&kind->numbers, INPUT);
    c->compute.k->add(kind->numbers.weight[INPUT].count, grad, gnl_exec_input_grad(w->encoder, 0), grad);
}

static void sample(const gnl_prior *p, const gnl_code *c, gnl_rng *rng, const gnl_prior_draw *draw, gnl_real *z)
{
    const work *w = gnl_kind_work(&p->kind, c);
    const int64_t component = (int64_t)gnl_rng_below(rng, (uint64_t)w->mixture->count);
    gnl_gauss_mixture_sample(w->mixture, component, rng, draw, z);
}

const gnl_prior_type gnl_prior_vamp = {
    .kind = {.name = "vamp",
             .options = &table,
             .help = "mixture of the posteriors of trained pseudo-inputs (VampPrior)",
             .params = params,
             .examples = examples,
             .start = start,
             .work_new = work_new,
             .work_free = work_free,
             .prepare = prepare,
             .backward = backward,
             .after_step = after_step},
    .check = check,
    .sample = sample,
    .log_density = log_density,
    .log_density_backward = log_density_backward,
};
