/* SPDX-License-Identifier: MIT */
/* Parts of models: nets, arenas with the layout of a net's, and tensors outside nets. */
#include "net/net_priv.h"
#include "net/part.h"

gnl_part gnl_part_of_net(genlat_net *net, const char *name, int optimizer)
{
    return (gnl_part){.name = name,
                      .net = net,
                      .weight = net->weight,
                      .weights = net->weights,
                      .value = net->value,
                      .state = net->state,
                      .values = net->values,
                      .states = net->states,
                      .optimizer = optimizer};
}

gnl_part gnl_part_like_net(const genlat_net *net, const char *name, gnl_real *value, gnl_real *state)
{
    return (gnl_part){.name = name,
                      .weight = net->weight,
                      .weights = net->weights,
                      .value = value,
                      .state = state,
                      .values = net->values,
                      .states = state ? net->states : 0,
                      .optimizer = -1};
}

gnl_real *gnl_part_grad(const gnl_part *part)
{
    return part->net ? part->net->grad : part->grad;
}

void gnl_part_zero_grad(genlat_ctx *ctx, const gnl_part *part)
{
    if (part->net)
        gnl_net_zero_grad(part->net);
    else if (part->grad)
        gnl_zero(ctx, part->values, part->grad);
}

int gnl_part_freeze(const gnl_part *part, const char *prefix, bool frozen)
{
    int found = 0;
    for (int i = 0; i < part->weights; i++) {
        if (strncmp(part->weight[i].name, prefix, strlen(prefix)) != 0)
            continue;
        part->weight[i].frozen = frozen;
        found++;
    }
    return found;
}

/* ---- tensors outside nets -------------------------------------------------------------------- */

static genlat_status add_weights(genlat_ctx *ctx, const gnl_param *param, int count, gnl_numbers *n)
{
    n->weight = gnl_calloc(ctx, (size_t)count, sizeof *n->weight);
    if (!n->weight)
        return GENLAT_E_MEMORY;
    for (int i = 0; i < count; i++) {
        gnl_weight *w = &n->weight[n->weights++];
        int64_t *arena = param[i].state ? &n->states : &n->values;
        w->param = param[i];
        w->offset = *arena;
        GNL_TRY_IN(param[i].name, gnl_shape_check(&param[i].shape, &w->count));
        w->name = gnl_strdup(ctx, param[i].name);
        if (!w->name)
            return GENLAT_E_MEMORY;
        if (!gnl_add_count(arena, gnl_padded(w->count)))
            return gnl_fail(GENLAT_E_RANGE, "%s: the tensors have more than 2^53 numbers together", param[i].name);
    }
    return GENLAT_OK;
}

static genlat_status create(genlat_ctx *ctx, const gnl_param *param, int count, uint64_t seed, uint64_t substream,
                            gnl_numbers *n)
{
    GNL_TRY(add_weights(ctx, param, count, n));
    n->value = gnl_calloc(ctx, (size_t)n->values, sizeof *n->value);
    n->grad = gnl_calloc(ctx, (size_t)n->values, sizeof *n->grad);
    n->state = gnl_calloc(ctx, (size_t)n->states, sizeof *n->state);
    if (!n->value || !n->grad || !n->state)
        return GENLAT_E_MEMORY;
    for (int i = 0; i < count; i++) {
        gnl_rng rng = gnl_rng_make(seed, GNL_STREAM_INIT, substream << 16 | (uint64_t)i);
        GNL_TRY(gnl_init_fill(ctx, &param[i].init, &rng, &param[i].shape, gnl_numbers_data(n, i)));
    }
    return GENLAT_OK;
}

genlat_status gnl_numbers_make(genlat_ctx *ctx, const gnl_param *param, int count, uint64_t seed, uint64_t substream,
                               gnl_numbers *out)
{
    *out = (gnl_numbers){.weights = 0};
    genlat_status status = create(ctx, param, count, seed, substream, out);
    if (status != GENLAT_OK)
        gnl_numbers_free(ctx, out);
    return status;
}

void gnl_numbers_free(genlat_ctx *ctx, gnl_numbers *numbers)
{
    for (int i = 0; numbers->weight && i < numbers->weights; i++)
        gnl_free(ctx, numbers->weight[i].name);
    gnl_free(ctx, numbers->weight);
    gnl_free(ctx, numbers->value);
    gnl_free(ctx, numbers->grad);
    gnl_free(ctx, numbers->state);
    *numbers = (gnl_numbers){.weights = 0};
}

gnl_real *gnl_numbers_data(const gnl_numbers *numbers, int weight)
{
    const gnl_weight *w = &numbers->weight[weight];
    return (w->param.state ? numbers->state : numbers->value) + w->offset;
}

gnl_real *gnl_numbers_grad(const gnl_numbers *numbers, int weight)
{
    return numbers->grad + numbers->weight[weight].offset;
}

gnl_part gnl_part_of_numbers(const gnl_numbers *numbers, const char *name, int optimizer)
{
    return (gnl_part){.name = name,
                      .weight = numbers->weight,
                      .weights = numbers->weights,
                      .value = numbers->value,
                      .grad = numbers->grad,
                      .state = numbers->state,
                      .values = numbers->values,
                      .states = numbers->states,
                      .optimizer = numbers->values ? optimizer : -1};
}
