/* SPDX-License-Identifier: MIT */
/* Workspaces of use. Each call borrows one, so that any number of threads can use one model at once; what
 * comes back is kept for the next. */
#include "model/vae_priv.h"

static void desk_free(genlat_ctx *ctx, gnl_vae_desk *desk)
{
    if (!desk)
        return;
    gnl_exec_release(desk->encoder);
    gnl_exec_release(desk->decoder);
    gnl_free(ctx, desk->condition);
    gnl_free(ctx, desk->z);
    gnl_free(ctx, desk->target);
    gnl_free(ctx, desk->number);
    gnl_free(ctx, desk);
}

void gnl_vae_desks_free(genlat_vae *vae)
{
    while (vae->idle) {
        gnl_vae_desk *desk = vae->idle;
        vae->idle = desk->next;
        desk_free(vae->model.object.ctx, desk);
    }
}

static genlat_status desk_fill(genlat_vae *vae, gnl_vae_desk *desk)
{
    genlat_ctx *ctx = vae->model.object.ctx;
    const genlat_exec_opts opts = gnl_exec_opts(GENLAT_EXEC_INFERENCE, false);
    size_t rows = (size_t)desk->rows, number = sizeof(gnl_real);
    GNL_TRY(gnl_net_compile(vae->encoder, desk->rows, &opts, &desk->encoder));
    GNL_TRY(gnl_net_compile(vae->decoder, desk->rows, &opts, &desk->decoder));
    desk->condition = gnl_alloc(ctx, rows * (size_t)vae->condition, number);
    desk->z = gnl_alloc(ctx, rows * (size_t)vae->recipe.opts.latent, number);
    desk->target = gnl_alloc(ctx, rows * (size_t)vae->size, number);
    desk->number = gnl_alloc(ctx, 3 * rows, sizeof *desk->number);
    bool all = desk->condition && desk->z && desk->target && desk->number;
    return all ? GENLAT_OK : GENLAT_E_MEMORY;
}

static genlat_status desk_new(genlat_vae *vae, int64_t rows, gnl_vae_desk **out)
{
    gnl_vae_desk *desk = gnl_calloc(vae->model.object.ctx, 1, sizeof *desk);
    if (!desk)
        return GENLAT_E_MEMORY;
    desk->rows = rows;
    genlat_status status = desk_fill(vae, desk);
    if (status == GENLAT_OK)
        *out = desk;
    else
        desk_free(vae->model.object.ctx, desk);
    return status;
}

/* Takes the first idle desk that is large enough out of the list. */
static gnl_vae_desk *take_idle(genlat_vae *vae, int64_t rows)
{
    pthread_mutex_lock(&vae->lock);
    gnl_vae_desk **at = &vae->idle;
    while (*at && (*at)->rows < rows)
        at = &(*at)->next;
    gnl_vae_desk *desk = *at;
    if (desk)
        *at = desk->next;
    pthread_mutex_unlock(&vae->lock);
    return desk;
}

genlat_status gnl_vae_borrow(genlat_vae *vae, int64_t rows, gnl_vae_desk **out)
{
    rows = GNL_MIN(rows, (int64_t)GNL_VAE_CHUNK);
    *out = take_idle(vae, rows);
    return *out ? GENLAT_OK : desk_new(vae, rows, out);
}

/* Smaller ones that wait are of no more use: the larger one serves for all. */
void gnl_vae_return(genlat_vae *vae, gnl_vae_desk *desk)
{
    gnl_vae_desk *surplus = NULL;
    pthread_mutex_lock(&vae->lock);
    if (vae->idle && vae->idle->rows < desk->rows) {
        surplus = vae->idle;
        vae->idle = surplus->next;
    }
    desk->next = vae->idle;
    vae->idle = desk;
    pthread_mutex_unlock(&vae->lock);
    desk_free(vae->model.object.ctx, surplus);
}

genlat_status gnl_vae_desk_encode(genlat_vae *vae, gnl_vae_desk *desk, const gnl_real *x,
                                  const genlat_tensor *labels, int64_t first, int64_t rows, const char *where)
{
    GNL_TRY(gnl_vae_condition_fill(vae, labels, first, rows, desk->condition, where));
    const gnl_real *in[] = {x, desk->condition};
    gnl_exec_forward(desk->encoder, false, rows, in);
    return GENLAT_OK;
}

genlat_status gnl_vae_desk_decode(genlat_vae *vae, gnl_vae_desk *desk, const genlat_tensor *labels,
                                  int64_t first, int64_t rows, const char *where)
{
    GNL_TRY(gnl_vae_condition_fill(vae, labels, first, rows, desk->condition, where));
    const gnl_real *in[] = {desk->z, desk->condition};
    gnl_exec_forward(desk->decoder, false, rows, in);
    return GENLAT_OK;
}

const gnl_real *gnl_vae_desk_logvar(const genlat_vae *vae, const gnl_vae_desk *desk)
{
    return vae->recipe.opts.kind == GENLAT_VAE_PLAIN ? NULL : gnl_exec_output(desk->encoder, 1);
}
