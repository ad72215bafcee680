/* SPDX-License-Identifier: MIT */
/* Adamax, as in PyTorch. */
#include <tgmath.h>

#include "optim/optim_priv.h"

static const gnl_option options[] = {
    GNL_OPT_REAL(genlat_adamax_opts, lr, 2e-3, 0, 1e6, "learning rate"),
    GNL_OPT_REAL(genlat_adamax_opts, beta1, 0.9, 0, 0.999999, "decay of the mean gradient"),
    GNL_OPT_REAL(genlat_adamax_opts, beta2, 0.999, 0, 0.99999999, "decay of the infinity norm"),
    GNL_OPT_REAL(genlat_adamax_opts, eps, 1e-8, 1e-30, 1, "added to the absolute value of the gradient"),
    GNL_OPTIM_COMMON(genlat_adamax_opts),
};
static const gnl_options_table table = {
    "adamax",
    sizeof(genlat_adamax_opts),
    options,
    GNL_COUNT(options),
    {offsetof(genlat_adamax_opts, reserved), offsetof(genlat_adamax_opts, reserved2)}};

static gnl_update_fn *kernel(const gnl_kernels *k)
{
    return k->adamax;
}

static unsigned moments(const void *opts)
{
    return GNL_MOMENT_M | GNL_MOMENT_V;
}

static void prepare(const void *opts, int64_t step, gnl_update *u)
{
    const genlat_adamax_opts *o = opts;
    u->beta1 = (gnl_real)o->beta1;
    u->beta2 = (gnl_real)o->beta2;
    u->epsilon = (gnl_real)o->eps;
    u->correction1 = (gnl_real)(1 - pow((double)u->beta1, (double)step));
}

const gnl_rule gnl_rule_adamax = {
    .name = "adamax",
    .options = &table,
    .moment = {"exp_avg", "exp_inf"},
    .kernel = kernel,
    .moments = moments,
    .prepare = prepare,
    .help = "adam with the infinity norm instead of the mean square",
};

void genlat_adamax_opts_init_sized(genlat_adamax_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

genlat_status genlat_adamax_new(genlat_ctx *ctx, const genlat_adamax_opts *opts, genlat_optim **out)
{
    genlat_adamax_opts complete;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_TRY(gnl_options_take(&table, opts, &complete));
    return gnl_optim_new(ctx, &gnl_rule_adamax, &complete, out);
}
