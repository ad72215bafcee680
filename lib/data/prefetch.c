/* SPDX-License-Identifier: MIT */
/* Background thread of batches: fills one slot while the caller uses the other. A forked process does not have the
 * thread and fills the slots itself. */
#include <pthread.h>
#include <unistd.h>

#include "data/batches_priv.h"

struct gnl_prefetch {
    genlat_batches *batches;
    gnl_fill_fn *fill;
    pthread_t thread;
    pid_t process;        /* which has the thread */
    pthread_mutex_t lock; /* guards all members below */
    pthread_cond_t changed;
    bool requested, stop;
    gnl_batch_slot *slot;
    int64_t epoch, position;
};

/* Waits for a request. Returns false if the thread is to end. */
static bool wait_for_work(gnl_prefetch *self)
{
    pthread_mutex_lock(&self->lock);
    while (!self->requested && !self->stop)
        pthread_cond_wait(&self->changed, &self->lock);
    bool run = !self->stop;
    pthread_mutex_unlock(&self->lock);
    return run;
}

static void *work(void *arg)
{
    gnl_prefetch *self = arg;
    while (wait_for_work(self)) {
        self->fill(self->batches, self->slot, self->epoch, self->position);
        pthread_mutex_lock(&self->lock);
        self->requested = false;
        pthread_cond_broadcast(&self->changed);
        pthread_mutex_unlock(&self->lock);
    }
    return NULL;
}

static bool is_forked(const gnl_prefetch *self)
{
    return self->process != getpid();
}

static void free_prefetch(gnl_prefetch *self)
{
    if (!is_forked(self)) {
        pthread_cond_destroy(&self->changed);
        pthread_mutex_destroy(&self->lock);
    }
    gnl_free(self->batches->object.ctx, self);
}

genlat_status gnl_prefetch_new(genlat_batches *batches, gnl_fill_fn *fill, gnl_prefetch **out)
{
    gnl_prefetch *self = gnl_calloc(batches->object.ctx, 1, sizeof *self);
    if (!self)
        return GENLAT_E_MEMORY;
    self->batches = batches;
    self->fill = fill;
    self->process = getpid();
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    if (gnl_thread_start(&self->thread, work, self) != 0) {
        free_prefetch(self);
        return gnl_fail(GENLAT_E_THREAD, "could not start the prefetch thread");
    }
    *out = self;
    return GENLAT_OK;
}

void gnl_prefetch_start(gnl_prefetch *self, gnl_batch_slot *slot, int64_t epoch, int64_t position)
{
    if (is_forked(self)) {
        self->fill(self->batches, slot, epoch, position);
        self->requested = false;
        return;
    }
    pthread_mutex_lock(&self->lock);
    self->slot = slot;
    self->epoch = epoch;
    self->position = position;
    self->requested = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

void gnl_prefetch_wait(gnl_prefetch *self)
{
    if (is_forked(self)) {
        if (self->requested) /* before the fork */
            gnl_prefetch_start(self, self->slot, self->epoch, self->position);
        return;
    }
    pthread_mutex_lock(&self->lock);
    while (self->requested)
        pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

void gnl_prefetch_destroy(gnl_prefetch *self)
{
    if (!self)
        return;
    if (!is_forked(self)) {
        pthread_mutex_lock(&self->lock);
        self->stop = true;
        pthread_cond_broadcast(&self->changed);
        pthread_mutex_unlock(&self->lock);
        pthread_join(self->thread, NULL);
    }
    free_prefetch(self);
}
