/* SPDX-License-Identifier: MIT */
/* Workspaces. The training thread has one. A call that uses the model acquires one from a pool, so that any number of
 * threads can use a model at the same time. */
#include "model/model_priv.h"

genlat_status gnl_workspace_alloc(gnl_workspace *work, size_t count, size_t size, void *out)
{
    void *block = gnl_alloc(work->ctx, count, size);
    if (!block)
        return GENLAT_E_MEMORY;
    work->block[work->blocks++] = block;
    memcpy(out, &block, sizeof block);
    return GENLAT_OK;
}

genlat_status gnl_workspace_exec(gnl_workspace *work, genlat_exec *outer, genlat_net *net, int64_t rows,
                                 const genlat_exec_opts *opts, genlat_exec **out)
{
    GNL_TRY(gnl_exec_compile_nested(outer, net, rows, opts, out));
    work->exec[work->execs++] = *out;
    return GENLAT_OK;
}

static void destroy(genlat_model *model, gnl_workspace *work)
{
    if (!work)
        return;
    if (work->type->clear)
        work->type->clear(model, work);
    while (work->execs)
        gnl_exec_release(work->exec[--work->execs]);
    while (work->blocks)
        gnl_free(work->ctx, work->block[--work->blocks]);
    gnl_free(work->ctx, work);
}

static genlat_status create(genlat_model *model, const gnl_workspace_type *type, int64_t rows, gnl_workspace **out)
{
    genlat_ctx *ctx = model->object.ctx;
    gnl_workspace *work = gnl_calloc(ctx, 1, type->size);
    if (!work)
        return GENLAT_E_MEMORY;
    work->type = type;
    work->rows = rows;
    work->ctx = ctx;
    genlat_status status = type->fill(model, work);
    if (status == GENLAT_OK)
        *out = work;
    else
        destroy(model, work);
    return status;
}

/* ---- pools ----------------------------------------------------------------------------------- */

/* Removes the first idle workspace that is large enough from the list, and returns it. */
static gnl_workspace *take_idle(genlat_model *model, int pool, int64_t rows)
{
    pthread_mutex_lock(&model->lock);
    gnl_workspace **at = &model->pool[pool];
    while (*at && (*at)->rows < rows)
        at = &(*at)->next;
    gnl_workspace *work = *at;
    if (work)
        *at = work->next;
    pthread_mutex_unlock(&model->lock);
    return work;
}

genlat_status gnl_pool_acquire(genlat_model *model, int pool, int64_t rows, gnl_workspace **out)
{
    const gnl_workspace_type *type = model->type->pool[pool];
    rows = type->most_rows ? GNL_MIN(rows, type->most_rows) : rows;
    *out = take_idle(model, pool, rows);
    return *out ? GENLAT_OK : create(model, type, rows, out);
}

/* Frees the first idle workspace if it is smaller: the larger one replaces it. */
void gnl_pool_release(genlat_model *model, int pool, gnl_workspace *work)
{
    gnl_workspace *surplus = NULL, **idle = &model->pool[pool];
    pthread_mutex_lock(&model->lock);
    if (*idle && (*idle)->rows < work->rows) {
        surplus = *idle;
        *idle = surplus->next;
    }
    work->next = *idle;
    *idle = work;
    pthread_mutex_unlock(&model->lock);
    destroy(model, surplus);
}

genlat_status gnl_model_chunks(genlat_model *model, int pool, int64_t all, gnl_chunk_fn *fn, void *user)
{
    gnl_workspace *work = NULL;
    GNL_TRY(gnl_pool_acquire(model, pool, all, &work));
    genlat_status status = GENLAT_OK;
    for (int64_t first = 0; first < all && status == GENLAT_OK; first += work->rows)
        status = fn(model, work, first, GNL_MIN(work->rows, all - first), user);
    gnl_pool_release(model, pool, work);
    return status;
}

/* ---- training -------------------------------------------------------------------------------- */

genlat_status gnl_model_want_work(genlat_model *model, int64_t rows)
{
    gnl_workspace *work = NULL;
    if (model->work && model->work->rows >= rows)
        return GENLAT_OK;
    GNL_TRY(create(model, model->type->training, rows, &work));
    destroy(model, model->work);
    model->work = work;
    return GENLAT_OK;
}

void gnl_model_free_work(genlat_model *model)
{
    destroy(model, model->work);
    model->work = NULL;
    for (int i = 0; i < GNL_MAX_POOLS; i++)
        while (model->pool[i]) {
            gnl_workspace *work = model->pool[i];
            model->pool[i] = work->next;
            destroy(model, work);
        }
}
