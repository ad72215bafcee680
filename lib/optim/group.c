/* SPDX-License-Identifier: MIT */
/* Adds weights to an optimizer: nets, or parts of them selected by name prefix, scales of losses, numbers of the
 * caller. */
#include <stdio.h>

#include "optim/optim_priv.h"

static const gnl_option options[] = {
    GNL_OPT_REAL(genlat_group_opts, lr_scale, 1, 0, 1e6, "factor of the learning rate"),
    GNL_OPT_REAL(genlat_group_opts, weight_decay, -1, -1, 1e6, "weight decay of the group; -1: that of the optimizer"),
    GNL_OPT_BOOL(genlat_group_opts, decay_all, 0, "apply weight decay also to biases and scales of norms"),
};
static const gnl_options_table table = {
    "group", sizeof(genlat_group_opts), options, GNL_COUNT(options), {offsetof(genlat_group_opts, reserved)}};

void genlat_group_opts_init_sized(genlat_group_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

static genlat_status check_group(const genlat_optim *optim, const genlat_group_opts *given, genlat_group_opts *out)
{
    GNL_TRY(gnl_options_take(&table, given, out));
    if (out->weight_decay < 0 && out->weight_decay != -1)
        return gnl_fail(GENLAT_E_RANGE, "weight_decay is %g, must be -1 or from 0 to 1e6", out->weight_decay);
    if (optim->steps > 0)
        return gnl_fail(GENLAT_E_STATE, "the optimizer has performed %lld steps; add weights before the first step",
                        (long long)optim->steps);
    return GENLAT_OK;
}

/* ---- arenas ---------------------------------------------------------------------------------- */

static genlat_status moments_new(const genlat_optim *optim, gnl_arena *arena)
{
    unsigned kept = optim->rule->moments(optim->opts);
    for (int m = 0; m < GNL_MAX_MOMENTS; m++) {
        if (!(kept >> m & 1))
            continue;
        arena->moment[m] = gnl_calloc(optim->object.ctx, (size_t)arena->part.values, sizeof(gnl_real));
        if (!arena->moment[m])
            return GENLAT_E_MEMORY;
    }
    return GENLAT_OK;
}

static void moments_free(const genlat_optim *optim, gnl_arena *arena)
{
    for (int m = 0; m < GNL_MAX_MOMENTS; m++)
        gnl_free(optim->object.ctx, arena->moment[m]);
    gnl_free(optim->object.ctx, arena->name);
}

static genlat_status arena_fill(const genlat_optim *optim, gnl_arena *arena)
{
    arena->name = gnl_strdup(optim->object.ctx, arena->part.name);
    arena->part.name = arena->name;
    return arena->name ? moments_new(optim, arena) : GENLAT_E_MEMORY;
}

/* Allocates the moments of a part and appends it. */
static genlat_status arena_add(genlat_optim *optim, const gnl_part *part, genlat_loss *loss, int *index)
{
    gnl_arena arena = {.part = *part};
    genlat_status status = gnl_grow(optim->object.ctx, (void **)&optim->arena, &optim->arena_capacity,
                                    (size_t)optim->arenas + 1, sizeof *optim->arena);
    if (status == GENLAT_OK)
        status = arena_fill(optim, &arena);
    if (status != GENLAT_OK) {
        moments_free(optim, &arena);
        return status;
    }
    if (part->net)
        gnl_net_retain(part->net);
    arena.loss = gnl_object_retain(loss);
    *index = optim->arenas++;
    optim->arena[*index] = arena;
    return GENLAT_OK;
}

/* Returns the index of the arena of a part, or the number of arenas if there is none. */
static int find_arena(const genlat_optim *optim, const gnl_part *part)
{
    int i = 0;
    while (i < optim->arenas && (optim->arena[i].part.value != part->value || optim->arena[i].part.net != part->net))
        i++;
    return i;
}

bool gnl_optim_has(const genlat_optim *optim, const gnl_part *part)
{
    return find_arena(optim, part) < optim->arenas;
}

/* Returns the arena of a part, which all groups of the part share. Creates it if necessary. */
static genlat_status arena_of_part(genlat_optim *optim, const gnl_part *part, int *index)
{
    *index = find_arena(optim, part);
    if (*index < optim->arenas)
        return GENLAT_OK;
    if (part->net)
        GNL_TRY(gnl_net_want_grad(part->net));
    return arena_add(optim, part, NULL, index);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Reserves memory first, so that the following steps cannot fail. */
static genlat_status pieces_reserve(genlat_optim *optim, int64_t more)
{
    return gnl_grow(optim->object.ctx, (void **)&optim->piece, &optim->piece_capacity, (size_t)(optim->pieces + more),
                    sizeof *optim->piece);
}

static int64_t pieces_for(int64_t count)
{
    return (count + GNL_CHUNK - 1) / GNL_CHUNK;
}

static void pieces_add(genlat_optim *optim, gnl_piece whole)
{
    gnl_piece piece = whole;
    for (int64_t done = 0; done < whole.count; done += GNL_CHUNK) {
        piece.offset = whole.offset + done;
        piece.count = GNL_MIN((int64_t)GNL_CHUNK, whole.count - done);
        optim->piece[optim->pieces++] = piece;
    }
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool is_in_group(const genlat_optim *optim, const gnl_part *part, int weight)
{
    for (int64_t i = 0; i < optim->pieces; i++)
        if (optim->piece[i].weight == weight && optim->arena[optim->piece[i].arena].part.value == part->value)
            return true;
    return false;
}

static bool is_selected(const genlat_optim *optim, const gnl_part *part, const char *prefix, int weight)
{
    const gnl_weight *w = &part->weight[weight];
    bool named = !prefix || strncmp(w->name, prefix, strlen(prefix)) == 0;
    return named && !w->param.state && !is_in_group(optim, part, weight);
}

static void add_weight(genlat_optim *optim, int arena, int weight, const genlat_group_opts *o)
{
    const gnl_weight *w = &optim->arena[arena].part.weight[weight];
    double decay = o->weight_decay >= 0 ? o->weight_decay : optim->weight_decay;
    pieces_add(optim, (gnl_piece){.arena = arena,
                                  .weight = weight,
                                  .offset = w->offset,
                                  .count = w->count,
                                  .lr_scale = o->lr_scale,
                                  .decay = w->param.decay || o->decay_all ? decay : 0});
}

genlat_status gnl_optim_add(genlat_optim *optim, const gnl_part *part, const char *prefix,
                            const genlat_group_opts *opts)
{
    genlat_group_opts o;
    int64_t selected = 0;
    int arena = 0;
    GNL_TRY(check_group(optim, opts, &o));
    for (int i = 0; i < part->weights; i++)
        selected += is_selected(optim, part, prefix, i) ? pieces_for(part->weight[i].count) : 0;
    if (selected == 0)
        return gnl_fail(GENLAT_E_NOT_FOUND, "there is no trainable weight '%s...' outside of other groups",
                        prefix ? prefix : "");
    GNL_TRY(pieces_reserve(optim, selected));
    GNL_TRY(arena_of_part(optim, part, &arena));
    for (int i = 0; i < part->weights; i++)
        if (is_selected(optim, part, prefix, i))
            add_weight(optim, arena, i, &o);
    return GENLAT_OK;
}

/* ---- losses ---------------------------------------------------------------------------------- */

/* A loss has either trained values or running ones, so all values of its arena are trained. */
genlat_status gnl_optim_add_loss(genlat_optim *optim, genlat_loss *loss, const genlat_group_opts *opts)
{
    genlat_group_opts o;
    int arena = 0;
    GNL_TRY(check_group(optim, opts, &o));
    if (!gnl_loss_trains(loss))
        return GENLAT_OK;
    const gnl_part part = {.name = loss->type->name, .value = loss->value, .grad = loss->grad, .values = loss->values};
    GNL_TRY(pieces_reserve(optim, pieces_for(part.values)));
    GNL_TRY(arena_add(optim, &part, loss, &arena));
    pieces_add(optim, (gnl_piece){.arena = arena,
                                  .weight = -1,
                                  .count = part.values,
                                  .lr_scale = o.lr_scale,
                                  .decay = o.weight_decay > 0 ? o.weight_decay : 0});
    return GENLAT_OK;
}
