/* SPDX-License-Identifier: MIT */
/* The workspace of the GAN's steps: execs and arrays for a number of samples, and what a step that fails puts back. */
#include "model/gan_step_priv.h"

void gnl_gan_work_free(genlat_ctx *ctx, gnl_gan_work *work)
{
    if (!work)
        return;
    genlat_exec *const execs[] = {work->generator, work->real, work->fake, work->between, work->near};
    for (size_t i = 0; i < GNL_COUNT(execs); i++)
        gnl_exec_release(execs[i]);
    void *const blocks[] = {work->z,     work->condition, work->seen[0],    work->seen[1],
                            work->noise, work->point,     work->changes[0], work->changes[1],
                            work->dreal, work->dfake,     work->space};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        gnl_free(ctx, blocks[i]);
    gnl_free(ctx, work);
}

static size_t orthogonal_space(const genlat_gan *gan)
{
    return gan->recipe.opts.orthogonal > 0 ? (size_t)GNL_MAX(gnl_net_orthogonal_space(gan->generator),
                                                             gnl_net_orthogonal_space(gan->discriminator))
                                           : 0;
}

static genlat_status allocate_blocks(const genlat_gan *gan, gnl_gan_work *work)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    size_t rows = (size_t)work->rows, numbers = rows * (size_t)gan->size, real = sizeof(gnl_real);
    size_t changed = gan->augment.changes ? rows : 0;
    size_t seen = o->noise > 0 || changed ? numbers : 0;
    size_t points = o->gp > 0 || gnl_gan_nears(&gan->recipe) ? numbers : 0;
    const struct {
        void **out;
        size_t count, size;
    } blocks[] = {{(void **)&work->z, rows * (size_t)o->latent, real},
                  {(void **)&work->condition, rows * (size_t)gan->condition, real},
                  {(void **)&work->seen[0], seen, real},
                  {(void **)&work->seen[1], seen, real},
                  {(void **)&work->noise, o->noise > 0 || points ? numbers : 0, real},
                  {(void **)&work->point, points, real},
                  {(void **)&work->changes[0], changed, sizeof(gnl_augment_draw)},
                  {(void **)&work->changes[1], changed, sizeof(gnl_augment_draw)},
                  {(void **)&work->dreal, rows, real},
                  {(void **)&work->dfake, rows, real},
                  {(void **)&work->space, orthogonal_space(gan), real}};
    for (size_t i = 0; i < GNL_COUNT(blocks); i++)
        if (!(*blocks[i].out = gnl_alloc(gan->model.object.ctx, blocks[i].count, blocks[i].size)))
            return GENLAT_E_MEMORY;
    return GENLAT_OK;
}

/* For a gradient penalty of `weight`, or without one. */
static genlat_exec_opts critic_opts(const genlat_gan *gan, double weight, bool input_grads)
{
    genlat_exec_opts opts = gnl_exec_training(input_grads || weight > 0, gan->recipe.opts.recompute);
    if (weight > 0)
        opts.purpose = GENLAT_EXEC_PENALTY;
    return opts;
}

static genlat_status compile_critic(genlat_gan *gan, int64_t rows, double weight, bool input_grads,
                                    genlat_exec **out)
{
    const genlat_exec_opts opts = critic_opts(gan, weight, input_grads);
    return gnl_net_compile(gan->discriminator, rows / gan->recipe.opts.packing, &opts, out);
}

static genlat_status work_fill(genlat_gan *gan, gnl_gan_work *work)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    const genlat_exec_opts made = gnl_exec_training(false, o->recompute);
    GNL_TRY(gnl_net_compile(gan->generator, work->rows, &made, &work->generator));
    GNL_TRY(compile_critic(gan, work->rows, o->r1, false, &work->real));
    GNL_TRY(compile_critic(gan, work->rows, o->r2, true, &work->fake));
    if (o->gp > 0)
        GNL_TRY(compile_critic(gan, work->rows, o->gp, true, &work->between));
    if (gnl_gan_nears(&gan->recipe))
        GNL_TRY(compile_critic(gan, work->rows, 0, false, &work->near));
    return allocate_blocks(gan, work);
}

genlat_status gnl_gan_check_training(genlat_gan *gan)
{
    const genlat_gan_opts *o = &gan->recipe.opts;
    const genlat_exec_opts opts = critic_opts(gan, o->r1 + o->r2 + o->gp, true);
    int64_t bytes = 0;
    genlat_status status = gnl_net_exec_bytes(gan->discriminator, 1, &opts, &bytes);
    return status == GENLAT_OK ? status : gnl_fail_in(status, "discriminator");
}

static int64_t moments_of(const genlat_optim *optim, gnl_real *out, const gnl_real *in)
{
    int64_t total = 0;
    for (int i = 0; i < gnl_optim_slots(optim); i++) {
        const gnl_optim_slot slot = gnl_optim_slot_at(optim, i);
        size_t bytes = (size_t)slot.count * sizeof(gnl_real);
        if (out)
            memcpy(out + total, slot.data, bytes);
        if (in)
            memcpy(slot.data, in + total, bytes);
        total += slot.count;
    }
    return total;
}

genlat_status gnl_gan_want_work(genlat_gan *gan, int64_t rows)
{
    genlat_ctx *ctx = gan->model.object.ctx;
    if (gan->work && gan->work->rows >= rows)
        return GENLAT_OK;
    int64_t kept = gan->generator->states + gan->discriminator->states + gan->discriminator->values +
                   moments_of(gan->optim_d, NULL, NULL);
    if (!gan->saved && !(gan->saved = gnl_alloc(ctx, (size_t)kept, sizeof *gan->saved)))
        return GENLAT_E_MEMORY;
    gnl_gan_work *work = gnl_calloc(ctx, 1, sizeof *work);
    if (!work)
        return GENLAT_E_MEMORY;
    work->rows = rows;
    genlat_status status = work_fill(gan, work);
    gnl_gan_work_free(ctx, status == GENLAT_OK ? gan->work : work);
    if (status == GENLAT_OK)
        gan->work = work;
    return status;
}

/* ---- going back ------------------------------------------------------------------------------ */

static void copy_numbers(genlat_gan *gan, bool back)
{
    const struct {
        gnl_real *data;
        int64_t count;
    } parts[] = {{gan->generator->state, gan->generator->states},
                 {gan->discriminator->state, gan->discriminator->states},
                 {gan->discriminator->value, gan->discriminator->values}};
    gnl_real *saved = gan->saved;
    for (size_t i = 0; i < GNL_COUNT(parts); i++) {
        memcpy(back ? parts[i].data : saved, back ? saved : parts[i].data,
               (size_t)parts[i].count * sizeof *saved);
        saved += parts[i].count;
    }
    moments_of(gan->optim_d, back ? NULL : saved, back ? saved : NULL);
}

gnl_gan_keepsake gnl_gan_keep(genlat_gan *gan)
{
    copy_numbers(gan, false);
    return (gnl_gan_keepsake){gnl_optim_steps(gan->optim_d), gan->model.progress.passes};
}

genlat_status gnl_gan_go_back(genlat_gan *gan, const gnl_gan_keepsake *k, genlat_status status)
{
    copy_numbers(gan, true);
    gnl_optim_set_steps(gan->optim_d, k->steps_d);
    gan->model.progress.passes = k->passes;
    return status;
}
