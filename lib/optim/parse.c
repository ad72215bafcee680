/* SPDX-License-Identifier: MIT */
/* Creates optimizers from text. */
#include "optim/optim_priv.h"

genlat_status gnl_optim_parse(genlat_ctx *ctx, const char *spec, genlat_optim **out)
{
    char kind[GNL_SPEC_KIND];
    const char *pairs = NULL;
    _Alignas(16) unsigned char opts[GNL_MAX_OPTIM_OPTION_BYTES];
    GNL_TRY(gnl_spec_kind(spec, kind, &pairs));
    const gnl_rule *rule = gnl_rule_find(kind);
    if (!rule)
        return gnl_fail(GENLAT_E_NOT_FOUND,
                        "there is no optimizer '%s'; see genlat_optim_kind for a list",
                        kind);
    gnl_options_init(rule->options, opts, rule->options->size);
    GNL_TRY(gnl_spec_pairs(rule->options, opts, pairs, kind));
    return gnl_optim_new(ctx, rule, opts, out);
}
