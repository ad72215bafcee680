/* SPDX-License-Identifier: MIT */
/* Lion: steps in the direction of the sign of the momentum, with decoupled weight decay. */
#include "optim/optim_priv.h"

static const gnl_option options[] = {
    GNL_OPT_REAL(genlat_lion_opts, lr, 1e-4, 0, 1e6, "learning rate"),
    GNL_OPT_REAL(genlat_lion_opts, beta1, 0.9, 0, 0.999999, "weight of the momentum in the step"),
    GNL_OPT_REAL(genlat_lion_opts, beta2, 0.99, 0, 0.999999, "decay of the momentum"),
    GNL_OPTIM_COMMON(genlat_lion_opts),
};
static const gnl_options_table table = {"lion",
                                        sizeof(genlat_lion_opts),
                                        options,
                                        GNL_COUNT(options),
                                        {offsetof(genlat_lion_opts, reserved), offsetof(genlat_lion_opts, reserved2)}};

static gnl_update_fn *kernel(const gnl_kernels *k)
{
    return k->lion;
}

static unsigned moments(const void *opts)
{
    return GNL_MOMENT_M;
}

static void prepare(const void *opts, int64_t step, gnl_update *u)
{
    const genlat_lion_opts *o = opts;
    u->beta1 = (gnl_real)o->beta1;
    u->beta2 = (gnl_real)o->beta2;
    u->decoupled = true;
}

const gnl_rule gnl_rule_lion = {
    .name = "lion",
    .options = &table,
    .moment = {"exp_avg"},
    .kernel = kernel,
    .moments = moments,
    .prepare = prepare,
    .help = "steps of equal size, with the sign of the momentum",
};

void genlat_lion_opts_init_sized(genlat_lion_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

genlat_status genlat_lion_new(genlat_ctx *ctx, const genlat_lion_opts *opts, genlat_optim **out)
{
    genlat_lion_opts complete;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_TRY(gnl_options_take(&table, opts, &complete));
    return gnl_optim_new(ctx, &gnl_rule_lion, &complete, out);
}
