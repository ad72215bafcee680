/* SPDX-License-Identifier: MIT */
/* One step: computes the norm of all gradients, then updates the weights, both in pieces distributed over threads. */
#include <tgmath.h>

#include "optim/optim_priv.h"

static bool is_frozen(const genlat_optim *optim, const gnl_piece *piece)
{
    return piece->weight >= 0 && optim->arena[piece->arena].part.weight[piece->weight].frozen;
}

/* ---- norm ------------------------------------------------------------------------------------ */

static void square_task(void *arg, int64_t begin, int64_t end, int worker)
{
    genlat_optim *optim = arg;
    for (int64_t i = begin; i < end; i++) {
        gnl_piece *piece = &optim->piece[i];
        const gnl_real *grad = gnl_part_grad(&optim->arena[piece->arena].part) + piece->offset;
        piece->square = is_frozen(optim, piece) ? 0 : optim->k->dot(piece->count, grad, grad);
    }
}

/* The sums of the pieces are added in a fixed order, so the result does not depend on the threads. */
static double norm_of(genlat_optim *optim)
{
    double total = 0;
    gnl_parallel(optim->object.ctx, optim->pieces, 1, square_task, optim);
    for (int64_t i = 0; i < optim->pieces; i++)
        total += optim->piece[i].square;
    return sqrt(total) / (double)optim->accumulate;
}

/* ---- update ---------------------------------------------------------------------------------- */

typedef struct update_job {
    const genlat_optim *optim;
    gnl_update_fn *kernel;
    gnl_update base;
} update_job;

static void update_piece(const update_job *job, const gnl_piece *piece)
{
    const gnl_arena *arena = &job->optim->arena[piece->arena];
    gnl_real *moment[GNL_MAX_MOMENTS];
    for (int m = 0; m < GNL_MAX_MOMENTS; m++)
        moment[m] = arena->moment[m] ? arena->moment[m] + piece->offset : NULL;
    gnl_update u = job->base;
    u.lr = (gnl_real)(job->optim->lr * piece->lr_scale);
    u.decay = (gnl_real)piece->decay;
    job->optim->rule->prepare(job->optim->opts, job->optim->steps, &u);
    job->kernel(piece->count, &u, gnl_part_grad(&arena->part) + piece->offset, arena->part.value + piece->offset,
                moment[0], moment[1], moment[2]);
}

static void update_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const update_job *job = arg;
    for (int64_t i = begin; i < end; i++)
        if (!is_frozen(job->optim, &job->optim->piece[i]))
            update_piece(job, &job->optim->piece[i]);
}

/* Clips as PyTorch does. The small constant keeps the quotient finite. */
static double clip_factor(const genlat_optim *optim)
{
    return optim->clip_norm > 0 ? fmin(optim->clip_norm / (optim->norm + 1e-6), 1.0) : 1;
}

/* Gradients that are stored in an exec are valid only after its backward pass. */
static genlat_status check_grads(const genlat_optim *optim)
{
    for (int i = 0; i < optim->arenas; i++) {
        const gnl_part *part = &optim->arena[i].part;
        if (!gnl_part_grad(part))
            return gnl_fail(GENLAT_E_STATE,
                            "the exec that holds the gradients of net %d was destroyed; compile a "
                            "new one",
                            i);
        if (part->net && !gnl_net_grad_is_there(part->net))
            return gnl_fail(GENLAT_E_STATE,
                            "the gradients of net %d are stored in an exec that has not run backward "
                            "since its last forward pass or that of a nested exec; run backward "
                            "first",
                            i);
    }
    return GENLAT_OK;
}

genlat_status gnl_optim_step(genlat_optim *optim)
{
    GNL_TRY(check_grads(optim));
    optim->norm = norm_of(optim);
    if (!isfinite(optim->norm))
        return gnl_fail(GENLAT_E_NUMERIC, "the norm of the gradients is %g; nothing has changed", optim->norm);
    update_job job = {.optim = optim, .kernel = optim->rule->kernel(optim->k)};
    job.base.gradient_scale = (gnl_real)(clip_factor(optim) / (double)optim->accumulate);
    job.base.gradient_bound = optim->clip_value > 0 ? (gnl_real)optim->clip_value : (gnl_real)HUGE_VAL;
    optim->steps++;
    gnl_parallel(optim->object.ctx, optim->pieces, 1, update_task, &job);
    return GENLAT_OK;
}

void gnl_optim_zero_grad(genlat_optim *optim)
{
    for (int i = 0; i < optim->arenas; i++)
        gnl_part_zero_grad(optim->object.ctx, &optim->arena[i].part);
}
