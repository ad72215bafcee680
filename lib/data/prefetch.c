/* SPDX-License-Identifier: MIT */
/* The background thread of batches: fills one slot at a time while the caller works with the other. */
#include <pthread.h>

#include "data/batches_priv.h"

struct gnl_prefetch {
    genlat_batches *batches;
    gnl_fill_fn *fill;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool asked, stop;
    gnl_batch_slot *slot;
    int64_t epoch, position;
};

/* Returns false when the thread is to end. */
static bool wait_for_work(gnl_prefetch *self)
{
    pthread_mutex_lock(&self->lock);
    while (!self->asked && !self->stop)
        pthread_cond_wait(&self->changed, &self->lock);
    bool go = !self->stop;
    pthread_mutex_unlock(&self->lock);
    return go;
}

static void *work(void *arg)
{
    gnl_prefetch *self = arg;
    while (wait_for_work(self)) {
        self->fill(self->batches, self->slot, self->epoch, self->position);
        pthread_mutex_lock(&self->lock);
        self->asked = false;
        pthread_cond_broadcast(&self->changed);
        pthread_mutex_unlock(&self->lock);
    }
    return NULL;
}

static void free_prefetch(gnl_prefetch *self)
{
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    gnl_free(self->batches->object.ctx, self);
}

genlat_status gnl_prefetch_new(genlat_batches *batches, gnl_fill_fn *fill, gnl_prefetch **out)
{
    gnl_prefetch *self = gnl_calloc(batches->object.ctx, 1, sizeof *self);
    if (!self)
        return GENLAT_E_MEMORY;
    self->batches = batches;
    self->fill = fill;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    if (gnl_thread_start(&self->thread, work, self) != 0) {
        free_prefetch(self);
        return gnl_fail(GENLAT_E_THREAD, "the thread for prefetch could not be started");
    }
    *out = self;
    return GENLAT_OK;
}

void gnl_prefetch_ask(gnl_prefetch *self, gnl_batch_slot *slot, int64_t epoch, int64_t position)
{
    pthread_mutex_lock(&self->lock);
    self->slot = slot;
    self->epoch = epoch;
    self->position = position;
    self->asked = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

void gnl_prefetch_wait(gnl_prefetch *self)
{
    pthread_mutex_lock(&self->lock);
    while (self->asked)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

void gnl_prefetch_destroy(gnl_prefetch *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->stop = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    free_prefetch(self);
}
