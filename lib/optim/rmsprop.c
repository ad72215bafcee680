/* SPDX-License-Identifier: MIT */
/* RMSprop, centered or not, as in PyTorch. */
#include "optim/optim_priv.h"

static const gnl_option options[] = {
    GNL_OPT_REAL(genlat_rmsprop_opts, lr, 0.01, 0, 1e6, "learning rate"),
    GNL_OPT_REAL(genlat_rmsprop_opts, alpha, 0.99, 0, 0.999999, "decay of the mean square"),
    GNL_OPT_REAL(genlat_rmsprop_opts, eps, 1e-8, 1e-30, 1, "added to the denominator"),
    GNL_OPT_REAL(genlat_rmsprop_opts, momentum, 0, 0, 0.999999, "momentum; 0: none"),
    GNL_OPT_BOOL(genlat_rmsprop_opts, centered, 0, "subtract the square of the mean gradient"),
    GNL_OPTIM_COMMON(genlat_rmsprop_opts),
};
static const gnl_options_table table = {
    "rmsprop", sizeof(genlat_rmsprop_opts), options, GNL_COUNT(options), {offsetof(genlat_rmsprop_opts, reserved)}};

static gnl_update_fn *kernel(const gnl_kernels *k)
{
    return k->rmsprop;
}

static unsigned moments(const void *opts)
{
    const genlat_rmsprop_opts *o = opts;
    return (o->momentum > 0 ? GNL_MOMENT_M : 0u) | GNL_MOMENT_V | (o->centered ? GNL_MOMENT_W : 0u);
}

static void prepare(const void *opts, int64_t step, gnl_update *u)
{
    const genlat_rmsprop_opts *o = opts;
    u->beta2 = (gnl_real)o->alpha;
    u->epsilon = (gnl_real)o->eps;
    u->momentum = (gnl_real)o->momentum;
    u->centered = o->centered;
}

const gnl_rule gnl_rule_rmsprop = {
    .name = "rmsprop",
    .options = &table,
    .moment = {"momentum_buffer", "square_avg", "grad_avg"},
    .kernel = kernel,
    .moments = moments,
    .prepare = prepare,
    .help = "gradient divided by the root of its mean square, with momentum",
};

void genlat_rmsprop_opts_init_sized(genlat_rmsprop_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

genlat_status genlat_rmsprop_new(genlat_ctx *ctx, const genlat_rmsprop_opts *opts, genlat_optim **out)
{
    genlat_rmsprop_opts complete;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_TRY(gnl_options_take(&table, opts, &complete));
    return gnl_optim_new(ctx, &gnl_rule_rmsprop, &complete, out);
}
