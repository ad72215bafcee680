/* SPDX-License-Identifier: MIT */
/* What an optimizer moves: nets, or parts of them by the start of a name, scales of losses, numbers of the
 * caller. */
#include <stdio.h>

#include "optim/optim_priv.h"

static const gnl_option options[] = {
    GNL_OPT_REAL(genlat_group_opts, lr_scale, 1, 0, 1e6, "factor of the learning rate"),
    GNL_OPT_REAL(genlat_group_opts, weight_decay, -1, -1, 1e6, "the group's own; -1: the optimizer's"),
    GNL_OPT_BOOL(genlat_group_opts, decay_all, 0, "biases and scales of norms decay too"),
};
static const gnl_options_table table = {"group", sizeof(genlat_group_opts), options, GNL_COUNT(options), {offsetof(genlat_group_opts, reserved)}};

void genlat_group_opts_init_sized(genlat_group_opts *opts, size_t size)
{
    gnl_options_init(&table, opts, size);
}

static genlat_status take(const genlat_optim *optim, const genlat_group_opts *given, genlat_group_opts *out,
                          const char *where)
{
    GNL_TRY(gnl_options_take(&table, given, out, where));
    if (optim->steps > 0)
        return gnl_fail(GENLAT_E_STATE,
                        "%s: the optimizer has made %lld steps; weights join before the first", where,
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
        arena->moment[m] = gnl_calloc(optim->object.ctx, (size_t)arena->count, sizeof(gnl_real));
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

/* Makes the moments of what `start` describes and appends it; takes over start->name in any case. */
static genlat_status arena_add(genlat_optim *optim, const gnl_arena *start, int *index)
{
    gnl_arena arena = *start;
    genlat_status status = gnl_grow(optim->object.ctx, (void **)&optim->arena, &optim->arena_capacity,
                                    (size_t)optim->arenas + 1, sizeof *optim->arena);
    if (status == GENLAT_OK)
        status = moments_new(optim, &arena);
    if (status != GENLAT_OK) {
        moments_free(optim, &arena);
        return status;
    }
    gnl_object_retain(arena.net);
    gnl_object_retain(arena.loss);
    *index = optim->arenas++;
    optim->arena[*index] = arena;
    return GENLAT_OK;
}

/* The arena of a net, which its groups share; made when it is new. */
static genlat_status arena_of_net(genlat_optim *optim, genlat_net *net, int *index)
{
    for (*index = 0; *index < optim->arenas; (*index)++)
        if (optim->arena[*index].net == net)
            return GENLAT_OK;
    GNL_TRY(gnl_net_want_grad(net));
    return arena_add(
        optim, &(gnl_arena){.net = net, .value = net->value, .count = net->values}, index);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Room first, so that what follows cannot fail. */
static genlat_status pieces_room(genlat_optim *optim, int64_t more)
{
    return gnl_grow(optim->object.ctx, (void **)&optim->piece, &optim->piece_capacity,
                    (size_t)(optim->pieces + more), sizeof *optim->piece);
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

/* ---- nets ------------------------------------------------------------------------------------ */

static bool is_taken(const genlat_optim *optim, const genlat_net *net, int weight)
{
    for (int64_t i = 0; i < optim->pieces; i++)
        if (optim->piece[i].weight == weight && optim->arena[optim->piece[i].arena].net == net)
            return true;
    return false;
}

static bool is_meant(const genlat_optim *optim, const genlat_net *net, const char *prefix, int weight)
{
    const gnl_weight *w = &net->weight[weight];
    bool named = !prefix || strncmp(w->name, prefix, strlen(prefix)) == 0;
    return named && !w->param.state && !is_taken(optim, net, weight);
}

static void add_weight(genlat_optim *optim, int arena, int weight, const genlat_group_opts *o)
{
    const gnl_weight *w = &optim->arena[arena].net->weight[weight];
    double decay = o->weight_decay >= 0 ? o->weight_decay : optim->weight_decay;
    pieces_add(optim, (gnl_piece){.arena = arena,
                                  .weight = weight,
                                  .offset = w->offset,
                                  .count = w->count,
                                  .lr_scale = o->lr_scale,
                                  .decay = w->param.decay || o->decay_all ? decay : 0});
}

genlat_status gnl_optim_add(genlat_optim *optim, genlat_net *net, const char *prefix,
                            const genlat_group_opts *opts)
{
    genlat_group_opts o;
    int64_t meant = 0;
    int arena = 0;
    GNL_TRY(take(optim, opts, &o, "genlat_optim_add"));
    for (int i = 0; i < net->weights; i++)
        meant += is_meant(optim, net, prefix, i) ? pieces_for(net->weight[i].count) : 0;
    if (meant == 0)
        return gnl_fail(GENLAT_E_NOT_FOUND, "genlat_optim_add: no trained weight '%s...' is left",
                        prefix ? prefix : "");
    GNL_TRY(pieces_room(optim, meant));
    GNL_TRY(arena_of_net(optim, net, &arena));
    for (int i = 0; i < net->weights; i++)
        if (is_meant(optim, net, prefix, i))
            add_weight(optim, arena, i, &o);
    return GENLAT_OK;
}

/* ---- others ---------------------------------------------------------------------------------- */

static genlat_status add_numbers(genlat_optim *optim, const gnl_arena *start, const genlat_group_opts *o)
{
    int arena = 0;
    GNL_TRY(arena_add(optim, start, &arena));
    pieces_add(optim, (gnl_piece){.arena = arena,
                                  .weight = -1,
                                  .count = start->count,
                                  .lr_scale = o->lr_scale,
                                  .decay = o->weight_decay > 0 ? o->weight_decay : 0});
    return GENLAT_OK;
}

static genlat_status add_named(genlat_optim *optim, const char *name, gnl_arena *start,
                               const genlat_group_opts *opts, const char *where)
{
    genlat_group_opts o;
    GNL_TRY(take(optim, opts, &o, where));
    GNL_TRY(pieces_room(optim, pieces_for(start->count)));
    start->name = gnl_strdup(optim->object.ctx, name);
    return start->name ? add_numbers(optim, start, &o) : GENLAT_E_MEMORY;
}

genlat_status gnl_optim_add_arena(genlat_optim *optim, const char *name, int64_t count, gnl_real *value,
                                  gnl_real *grad, const genlat_group_opts *opts)
{
    gnl_arena start = {.value = value, .grad = grad, .count = count};
    return add_named(optim, name, &start, opts, "genlat_optim_add");
}

/* A loss has either trained values or running ones, so that its arena is trained as a whole. */
genlat_status gnl_optim_add_loss(genlat_optim *optim, genlat_loss *loss, const genlat_group_opts *opts)
{
    genlat_group_opts o;
    GNL_TRY(take(optim, opts, &o, "genlat_optim_add_loss"));
    if (!gnl_loss_trains(loss))
        return GENLAT_OK;
    gnl_arena start = {.loss = loss, .value = loss->value, .grad = loss->grad, .count = loss->values};
    return add_named(optim, loss->type->name, &start, opts, "genlat_optim_add_loss");
}
