/* SPDX-License-Identifier: MIT */
/* A flow of affine coupling layers, the prior "flow", fitted to the standardized codes by maximum likelihood. See
 * docs/derivations/flow.md. */
#include "model/sampler.h"

typedef struct flow_opts {
    size_t size;
    int64_t layers, width;
    double scale;
    int64_t steps, batch;
    double lr;
} flow_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(flow_opts, layers, 6, 1, 1024, "number of coupling layers"),
    GNL_OPT_INT(flow_opts, width, 64, 1, 65536, "units in each of the two hidden layers of a coupling layer"),
    GNL_OPT_REAL(flow_opts, scale, 1, 0, 10, "largest absolute log of the factor of a dimension in a coupling layer"),
    GNL_OPT_INT(flow_opts, steps, 3000, 1, 1e9, "number of steps"),
    GNL_OPT_INT(flow_opts, batch, 256, 1, 1e6, "codes in each step"),
    GNL_OPT_REAL(flow_opts, lr, 0.002, 0, 1e6, "learning rate of the first step"),
};
static const gnl_options_table table = {"flow", sizeof(flow_opts), options, GNL_COUNT(options)};

static const flow_opts *opts_of(const gnl_sampler *s)
{
    return (const flow_opts *)(const void *)s->opts;
}

static gnl_flow_opts prior_opts(const flow_opts *o)
{
    return (gnl_flow_opts){sizeof(gnl_flow_opts), o->layers, o->width, o->scale};
}

static int params(const void *opts, int64_t dims, int64_t rows, gnl_param *param)
{
    const gnl_flow_opts o = prior_opts(opts);
    gnl_sampler_moment_params(dims, param);
    return GNL_SAMPLER_MOMENTS + gnl_prior_flow.kind.params(&o, dims, NULL, param + GNL_SAMPLER_MOMENTS);
}

/* ---- the prior ------------------------------------------------------------------------------- */

/* A prior whose tensors are those of the sampler, and a workspace of codes. */
typedef struct flow {
    gnl_prior prior;
    gnl_code code;
    gnl_real *dx; /* [rows,dims] derivatives by the codes, which are not needed */
} flow;

static void flow_make(const gnl_sampler *s, flow *f)
{
    const gnl_flow_opts o = prior_opts(opts_of(s));
    *f = (flow){.prior = {.type = &gnl_prior_flow, .kind = {.ctx = s->ctx, .dims = s->dims, .numbers = s->numbers}},
                .code = {.compute = {s->ctx, gnl_kernels_of(s->ctx), NULL}, .samples = 1, .dims = s->dims}};
    f->prior.kind.type = &gnl_prior_flow.kind;
    f->prior.kind.numbers.weight += GNL_SAMPLER_MOMENTS;
    f->prior.kind.numbers.weights -= GNL_SAMPLER_MOMENTS;
    memcpy(f->prior.kind.opts, &o, sizeof o);
}

static void flow_free(const gnl_sampler *s, flow *f)
{
    gnl_free(s->ctx, f->code.work[0]);
    gnl_free(s->ctx, f->code.compute.space);
    gnl_free(s->ctx, f->dx);
}

/* Allocates the workspace. flow_free() releases it, also after an error. */
static genlat_status allocate(const gnl_sampler *s, int64_t rows, flow *f)
{
    const gnl_latent_env env = {.ctx = s->ctx, .rows = rows, .samples = 1};
    f->code.compute.space = gnl_alloc(s->ctx, gnl_gemm_space(s->ctx), sizeof(gnl_real));
    f->dx = gnl_alloc(s->ctx, (size_t)rows * (size_t)s->dims, sizeof *f->dx);
    if (!f->code.compute.space || !f->dx)
        return GENLAT_E_MEMORY;
    return gnl_prior_flow.kind.work_new(&f->prior.kind, NULL, &env, &f->code.work[0]);
}

/* ---- fit ------------------------------------------------------------------------------------- */

/* The gradients of the mean of -log p. */
static void backward(void *user, int64_t rows, const gnl_real *x, gnl_rng noise)
{
    flow *f = user;
    f->code.rows = rows;
    gnl_prior_flow.log_density_backward(&f->prior, &f->code, x, -1 / (double)rows, NULL, f->dx);
}

static genlat_status fit(gnl_sampler *s, int64_t rows, const gnl_real *codes, uint64_t seed)
{
    const flow_opts *o = opts_of(s);
    const gnl_part part = gnl_part_of_numbers(&s->numbers, s->type->name, 0);
    gnl_sampler_training t = {.steps = o->steps, .batch = o->batch, .lr = o->lr, .backward = backward};
    flow f;
    flow_make(s, &f);
    t.user = &f;
    genlat_status status = allocate(s, GNL_MIN(o->batch, rows), &f);
    if (status == GENLAT_OK)
        status = gnl_optim_parse(s->ctx, "adam clip_norm=10", &t.optim);
    if (status == GENLAT_OK)
        status = gnl_optim_add(t.optim, &part, NULL, NULL);
    if (status == GENLAT_OK)
        status = gnl_sampler_train(s, &t, rows, codes, seed);
    gnl_optim_release(t.optim);
    flow_free(s, &f);
    return status;
}

/* ---- codes ----------------------------------------------------------------------------------- */

static genlat_status draw_all(const gnl_sampler *s, const gnl_sampler_call *call, gnl_real *z)
{
    flow f;
    flow_make(s, &f);
    genlat_status status = allocate(s, 1, &f);
    for (int64_t i = 0; status == GENLAT_OK && i < call->rows; i++) {
        gnl_rng rng = gnl_sampler_rng(call, i);
        gnl_prior_flow.sample(&f.prior, &f.code, &rng, &call->how, z + i * s->dims);
    }
    flow_free(s, &f);
    if (status == GENLAT_OK)
        gnl_sampler_place(s, call->rows, z);
    return status;
}

const gnl_sampler_type gnl_sampler_of_flow = {
    .name = "flow",
    .options = &table,
    .help = "affine coupling layers (Real NVP) fitted to the codes by maximum likelihood",
    .params = params,
    .fit = fit,
    .draw_all = draw_all,
};
