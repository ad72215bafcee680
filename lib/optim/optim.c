/* SPDX-License-Identifier: MIT */
/* Handle of an optimizer: creation from options, settings, and moments for checkpoints. */
#include "optim/optim_priv.h"

static double real_option(const genlat_optim *optim, const char *name)
{
    double value = 0;
    memcpy(&value, optim->opts + gnl_options_find(optim->rule->options, name)->offset, sizeof value);
    return value;
}

static void read_common_options(genlat_optim *optim)
{
    optim->lr = real_option(optim, "lr");
    optim->weight_decay = real_option(optim, "weight_decay");
    optim->clip_norm = real_option(optim, "clip_norm");
    optim->clip_value = real_option(optim, "clip_value");
    const gnl_option *accumulate = gnl_options_find(optim->rule->options, "accumulate");
    memcpy(&optim->accumulate, optim->opts + accumulate->offset, sizeof optim->accumulate);
}

genlat_status gnl_optim_new(genlat_ctx *ctx, const gnl_rule *rule, const void *opts, genlat_optim **out)
{
    if (rule->check)
        GNL_TRY(rule->check(opts));
    genlat_optim *optim = gnl_object_new(ctx, sizeof *optim);
    if (!optim)
        return GENLAT_E_MEMORY;
    optim->rule = rule;
    optim->k = gnl_kernels_of(ctx);
    memcpy(optim->opts, opts, rule->options->size);
    read_common_options(optim);
    *out = optim;
    return GENLAT_OK;
}

genlat_status gnl_optim_format(const genlat_optim *optim, char *text, size_t capacity)
{
    return gnl_spec_format(optim->rule->name, optim->rule->options, optim->opts, text, capacity);
}

genlat_optim *gnl_optim_retain(genlat_optim *optim)
{
    return gnl_object_retain(optim);
}

void gnl_optim_release(genlat_optim *optim)
{
    if (!gnl_object_release(optim))
        return;
    genlat_ctx *ctx = optim->object.ctx;
    for (int i = 0; i < optim->arenas; i++) {
        gnl_arena *arena = &optim->arena[i];
        for (int m = 0; m < GNL_MAX_MOMENTS; m++)
            gnl_free(ctx, arena->moment[m]);
        gnl_free(ctx, arena->name);
        gnl_net_release(arena->part.net);
        gnl_loss_release(arena->loss);
    }
    gnl_free(ctx, optim->arena);
    gnl_free(ctx, optim->piece);
    gnl_object_free(optim);
}

double gnl_optim_lr(const genlat_optim *optim)
{
    return optim->lr;
}

void gnl_optim_set_lr(genlat_optim *optim, double lr)
{
    optim->lr = lr;
}

bool gnl_optim_set_real(genlat_optim *optim, const char *key, double value)
{
    const gnl_option *option = gnl_options_find(optim->rule->options, key);
    if (!option || option->type != GNL_OPTION_REAL)
        return false;
    value = GNL_MAX(option->min, GNL_MIN(option->max, value));
    memcpy(optim->opts + option->offset, &value, sizeof value);
    return true;
}

int64_t gnl_optim_steps(const genlat_optim *optim)
{
    return optim->steps;
}

void gnl_optim_set_steps(genlat_optim *optim, int64_t steps)
{
    optim->steps = steps;
}

double gnl_optim_grad_norm(const genlat_optim *optim)
{
    return optim->norm;
}

int64_t gnl_optim_accumulate(const genlat_optim *optim)
{
    return optim->accumulate;
}

/* ---- moments --------------------------------------------------------------------------------- */

/* Returns the index-th used moment as an index into arena->moment, or -1 past the last. */
static int moment_at(const genlat_optim *optim, int index)
{
    unsigned used = optim->rule->moments(optim->opts);
    for (int m = 0; m < GNL_MAX_MOMENTS; m++)
        if (used >> m & 1 && index-- == 0)
            return m;
    return -1;
}

static int moments_used(const genlat_optim *optim)
{
    int count = 0;
    while (moment_at(optim, count) >= 0)
        count++;
    return count;
}

int gnl_optim_slots(const genlat_optim *optim)
{
    return optim->arenas * moments_used(optim);
}

gnl_optim_slot gnl_optim_slot_at(const genlat_optim *optim, int index)
{
    int used = moments_used(optim), moment = moment_at(optim, index % used);
    const gnl_arena *arena = &optim->arena[index / used];
    return (gnl_optim_slot){.part = &arena->part, .moment = optim->rule->moment[moment], .data = arena->moment[moment]};
}
