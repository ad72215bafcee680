/* SPDX-License-Identifier: MIT */
/* Public functions of optimizers. */
#include "optim/optim_priv.h"

genlat_status genlat_optim_from_text(genlat_ctx *ctx, const char *spec, genlat_optim **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(spec, "spec is NULL");
    return gnl_optim_parse(ctx, spec, out);
}

genlat_status genlat_optim_format(const genlat_optim *optim, char *text, size_t capacity)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_CHECK(text, "text is NULL");
    return gnl_optim_format(optim, text, capacity);
}

const char *genlat_optim_kind(int32_t index)
{
    for (int32_t i = 0; index >= 0 && gnl_rules[i]; i++)
        if (i == index)
            return gnl_rules[i]->name;
    return NULL;
}

genlat_status genlat_optim_help(const char *kind, int32_t option, const char **name, const char **help)
{
    GNL_ENTER();
    GNL_CHECK(kind, "kind is NULL");
    const gnl_rule *rule = gnl_rule_find(kind);
    if (!rule)
        return gnl_kind_unknown(gnl_rules, "optimizer", kind);
    return gnl_spec_help(rule->name, rule->help, rule->options, option, name, help);
}

void genlat_optim_destroy(genlat_optim **optim)
{
    if (!optim)
        return;
    gnl_optim_release(*optim);
    *optim = NULL;
}

genlat_status genlat_optim_add(genlat_optim *optim, genlat_net *net, const char *prefix, const genlat_group_opts *opts)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_CHECK(net, "net is NULL");
    const gnl_part part = gnl_part_of_net(net, "", -1);
    return gnl_optim_add(optim, &part, prefix, opts);
}

genlat_status genlat_optim_add_loss(genlat_optim *optim, genlat_loss *loss, const genlat_group_opts *opts)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    GNL_CHECK(loss, "loss is NULL");
    return gnl_optim_add_loss(optim, loss, opts);
}

genlat_status genlat_optim_step(genlat_optim *optim)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    if (optim->pieces == 0)
        return gnl_fail(GENLAT_E_STATE, "the optimizer has no weights; call genlat_optim_add first");
    return gnl_optim_step(optim);
}

genlat_status genlat_optim_zero_grad(genlat_optim *optim)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    gnl_optim_zero_grad(optim);
    return GENLAT_OK;
}

double genlat_optim_lr(const genlat_optim *optim)
{
    return optim ? optim->lr : 0;
}

genlat_status genlat_optim_set_lr(genlat_optim *optim, double lr)
{
    GNL_ENTER();
    GNL_CHECK(optim, "optim is NULL");
    if (!(lr >= 0 && isfinite(lr)))
        return gnl_fail(GENLAT_E_RANGE, "lr is %g, must be finite and not negative", lr);
    gnl_optim_set_lr(optim, lr);
    return GENLAT_OK;
}

int64_t genlat_optim_steps(const genlat_optim *optim)
{
    return optim ? optim->steps : 0;
}

double genlat_optim_grad_norm(const genlat_optim *optim)
{
    return optim ? optim->norm : 0;
}
