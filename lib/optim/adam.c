/* SPDX-License-Identifier: MIT */
/* Adam and AdamW, as in PyTorch. They differ in the kind of weight decay and, as text, in their defaults. */
#include <tgmath.h>

#include "optim/optim_priv.h"

#define ADAM_OPTIONS                                                                                                   \
    GNL_OPT_REAL(genlat_adam_opts, lr, 1e-3, 0, 1e6, "learning rate"),                                                 \
        GNL_OPT_REAL(genlat_adam_opts, beta1, 0.9, 0, 0.999999, "decay of the mean gradient"),                         \
        GNL_OPT_REAL(genlat_adam_opts, beta2, 0.999, 0, 0.99999999, "decay of the mean square"),                       \
        GNL_OPT_REAL(genlat_adam_opts, eps, 1e-8, 1e-30, 1, "added to the denominator")

static const gnl_option adam_options[] = {
    ADAM_OPTIONS,
    GNL_OPT_BOOL(genlat_adam_opts, decoupled, 0,
                 "apply weight decay to the weights directly, not through the gradient"),
    GNL_OPTIM_COMMON(genlat_adam_opts),
};
static const gnl_options_table adam_table = {
    "adam", sizeof(genlat_adam_opts), adam_options, GNL_COUNT(adam_options), {offsetof(genlat_adam_opts, reserved)}};

static const gnl_option adamw_options[] = {
    ADAM_OPTIONS,
    GNL_OPT_BOOL(genlat_adam_opts, decoupled, 1,
                 "apply weight decay to the weights directly, not through the gradient"),
    GNL_OPTIM_COMMON_DECAY(genlat_adam_opts, 0.01),
};
static const gnl_options_table adamw_table = {
    "adamw", sizeof(genlat_adam_opts), adamw_options, GNL_COUNT(adamw_options), {offsetof(genlat_adam_opts, reserved)}};

static gnl_update_fn *kernel(const gnl_kernels *k)
{
    return k->adam;
}

static unsigned moments(const void *opts)
{
    return GNL_MOMENT_M | GNL_MOMENT_V;
}

/* Computes the corrections from the betas as the kernel uses them, since rounding beta2 to float changes 1 - beta2
 * considerably. */
static void prepare(const void *opts, int64_t step, gnl_update *u)
{
    const genlat_adam_opts *o = opts;
    u->beta1 = (gnl_real)o->beta1;
    u->beta2 = (gnl_real)o->beta2;
    u->epsilon = (gnl_real)o->eps;
    u->correction1 = (gnl_real)(1 - pow((double)u->beta1, (double)step));
    u->correction2 = (gnl_real)(1 - pow((double)u->beta2, (double)step));
    u->decoupled = o->decoupled;
}

const gnl_rule gnl_rule_adam = {
    .name = "adam",
    .options = &adam_table,
    .moment = {"exp_avg", "exp_avg_sq"},
    .kernel = kernel,
    .moments = moments,
    .prepare = prepare,
    .help = "mean gradient divided by the root of the mean square, both bias-corrected",
};

const gnl_rule gnl_rule_adamw = {
    .name = "adamw",
    .options = &adamw_table,
    .moment = {"exp_avg", "exp_avg_sq"},
    .kernel = kernel,
    .moments = moments,
    .prepare = prepare,
    .help = "adam with decoupled weight decay, 0.01 by default",
};

void genlat_adam_opts_init_sized(genlat_adam_opts *opts, size_t size)
{
    gnl_options_init(&adam_table, opts, size);
}

genlat_status genlat_adam_new(genlat_ctx *ctx, const genlat_adam_opts *opts, genlat_optim **out)
{
    genlat_adam_opts complete;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_TRY(gnl_options_take(&adam_table, opts, &complete));
    return gnl_optim_new(ctx, &gnl_rule_adam, &complete, out);
}
