/* SPDX-License-Identifier: MIT */
/* Stochastic gradient descent with momentum, as in PyTorch. */
#include "optim/optim_priv.h"

static const gnl_option options[] = {
    GNL_OPT_REAL(genlat_sgd_opts, lr, 0.01, 0, 1e6, "learning rate"),
    GNL_OPT_REAL(genlat_sgd_opts, momentum, 0, 0, 0.999999, "momentum; 0: none"),
    GNL_OPT_REAL(genlat_sgd_opts, dampening, 0, 0, 1, "reduction of the gradient in the momentum"),
    GNL_OPT_BOOL(genlat_sgd_opts, nesterov, 0, "Nesterov's momentum"),
    GNL_OPTIM_COMMON(genlat_sgd_opts),
};
static const gnl_options_table table = {
    "sgd", sizeof(genlat_sgd_opts), options, GNL_COUNT(options), {offsetof(genlat_sgd_opts, reserved)}};

static gnl_update_fn *kernel(const gnl_kernels *k)
{
    return k->sgd;
}

static unsigned moments(const void *opts)
{
    return ((const genlat_sgd_opts *)opts)->momentum > 0 ? GNL_MOMENT_M : 0;
}

static genlat_status check(const void *opts)
{
    const genlat_sgd_opts *o = opts;
    if (o->nesterov && !(o->momentum > 0 && o->dampening == 0))
        return gnl_fail(GENLAT_E_INVALID, "nesterov needs a positive momentum and dampening 0");
    return GENLAT_OK;
}

/* The kernel adds the full gradient to the momentum, so the factor 1 - dampening is applied to all scalars of the
 * gradient. The first step uses the full gradient. */
static void prepare(const void *opts, int64_t step, gnl_update *u)
{
    const genlat_sgd_opts *o = opts;
    u->momentum = (gnl_real)o->momentum;
    u->nesterov = o->nesterov;
    if (o->momentum > 0 && o->dampening > 0 && step > 1) {
        gnl_real part = (gnl_real)(1 - o->dampening);
        u->gradient_scale *= part;
        u->decay *= part;
        if (isfinite(u->gradient_bound))
            u->gradient_bound *= part;
    }
}

const gnl_rule gnl_rule_sgd = {
    .name = "sgd",
    .options = &table,
    .moment = {"momentum_buffer"},
    .kernel = kernel,
    .moments = moments,
    .check = check,
    .prepare = prepare,
    .help = "stochastic gradient descent, with momentum",
};

void genlat_sgd_opts_init_sized(genlat_sgd_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

genlat_status genlat_sgd_new(genlat_ctx *ctx, const genlat_sgd_opts *opts, genlat_optim **out)
{
    genlat_sgd_opts complete;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_TRY(gnl_options_take(&table, opts, &complete));
    return gnl_optim_new(ctx, &gnl_rule_sgd, &complete, out);
}
