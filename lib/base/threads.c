/* SPDX-License-Identifier: MIT */
/* Worker threads of a context. The pool runs one job at a time. A thread that calls while the pool is busy runs its job
 * alone instead of waiting. The caller closes a job when no chunks are left and then waits only for the workers that
 * have joined it. If that wait is long, another program is using a worker's core, and the caller runs its jobs alone
 * for some time. That time doubles with each further delay. In a forked process, which has no workers, no worker joins
 * a job, and the caller runs all chunks. */
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/base_priv.h"

/* Polling rounds before a worker sleeps: about 50 microseconds, the time between two steps of a network. */
enum { SPIN_ROUNDS = 2000, ROUNDS_PER_CLOCK = 100 };
/* Bounds, in nanoseconds, for the time that the caller polls while workers finish their last chunk. The time itself is
 * an estimate of the duration of a chunk. */
enum { MIN_SPIN = 50 * 1000, MAX_SPIN = 500 * 1000 };
/* After a delay, the caller runs its jobs alone for a multiple of the lost time: 1 at first, doubled if the next delay
 * occurs within SOON nanoseconds of the end of the previous period. So if a core stays busy, less than a tenth of the
 * time is lost. */
enum { MAX_TIMES_ALONE = 12, SOON = 8 * 1000 * 1000 };
/* A thread takes 1 / (SHARES * number of threads) of the remaining chunks at once. */
enum { SHARES = 4 };
/* Bit of `gate` that is set while workers may join the job. The lower bits count the workers that have joined. */
enum { GATE_OPEN = 1 << 16 };

typedef struct job {
    gnl_task *task;
    void *arg;
    int64_t n, grain, chunks;
} job;

struct gnl_pool {
    pthread_mutex_t busy; /* held by the thread whose job the pool runs */
    pthread_mutex_t lock; /* guards sleeping */
    pthread_cond_t wake;  /* a job was posted */
    pthread_cond_t left;  /* the last worker has left the job */
    job job;
    int64_t alone_until; /* in nanoseconds; this and the next member are protected by `busy` */
    int64_t times_alone; /* length of the last period alone, in multiples of the lost time */
    /* These are written by all threads at different times, so each has its own cache line. */
    _Alignas(GNL_ALIGN) atomic_llong next; /* next chunk to take */
    /* GATE_OPEN and the number of workers in the job; the job must not change while either is nonzero */
    _Alignas(GNL_ALIGN) atomic_int gate;
    _Alignas(GNL_ALIGN) atomic_uint generation; /* number of jobs posted so far */
    atomic_int sleeping;                        /* number of workers that wait for `wake` */
    atomic_bool waiting;                        /* the caller waits for `left` */
    atomic_bool stop;
    int workers;   /* without the caller */
    pid_t process; /* which has the workers; a process that was forked from it has none */
    pthread_t *thread;
    struct worker {
        gnl_pool *pool;
        int index;
    } * worker;
};

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void run_chunk(const job *now, int64_t chunk, int worker)
{
    int64_t begin = chunk * now->grain;
    now->task(now->arg, begin, GNL_MIN(begin + now->grain, now->n), worker);
}

/* Takes and runs chunks until none are left. Takes several at once while many are left, because the atomic counter
 * costs more than a small chunk and adjacent chunks often share cache lines. Returns the number of chunks that this
 * thread has run. */
static int64_t run_chunks(gnl_pool *pool, int worker)
{
    const job now = pool->job;
    const int64_t shares = SHARES * (pool->workers + 1);
    for (int64_t taken = 0, past = 0;;) {
        int64_t count = GNL_MAX((now.chunks - past) / shares, 1);
        int64_t chunk = atomic_fetch_add_explicit(&pool->next, count, memory_order_relaxed);
        if (chunk >= now.chunks)
            return taken;
        past = GNL_MIN(chunk + count, now.chunks);
        taken += past - chunk;
        for (; chunk < past; chunk++)
            run_chunk(&now, chunk, worker);
    }
}

/* Polls for a while, then sleeps, until the generation differs from `seen`. */
static unsigned wait_for_job(gnl_pool *pool, unsigned seen)
{
    for (int round = 0; round < SPIN_ROUNDS; round++) {
        unsigned now = atomic_load_explicit(&pool->generation, memory_order_acquire);
        if (now != seen)
            return now;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleeping, 1);
    unsigned now;
    while ((now = atomic_load(&pool->generation)) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->sleeping, 1);
    pthread_mutex_unlock(&pool->lock);
    return now;
}

static bool enter(gnl_pool *pool)
{
    int gate = atomic_load_explicit(&pool->gate, memory_order_relaxed);
    while (gate & GATE_OPEN)
        if (atomic_compare_exchange_weak_explicit(&pool->gate, &gate, gate + 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* Leaves the job. The last worker to leave wakes the caller, which may be asleep. */
static void leave(gnl_pool *pool)
{
    if (atomic_fetch_sub(&pool->gate, 1) > 1 || !atomic_load(&pool->waiting))
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->left);
    pthread_mutex_unlock(&pool->lock);
}

int gnl_thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static void *work(void *arg)
{
    struct worker *self = arg;
    gnl_pool *pool = self->pool;
    unsigned seen = 0;
    for (;;) {
        seen = wait_for_job(pool, seen);
        if (atomic_load(&pool->stop))
            return NULL;
        if (!enter(pool))
            continue;
        run_chunks(pool, self->index);
        leave(pool);
    }
}

/* In a forked process the locks are as the workers left them, so they must not be touched. */
static bool is_forked(const gnl_pool *pool)
{
    return pool->process != getpid();
}

static void wake_workers(gnl_pool *pool)
{
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->sleeping) == 0 || is_forked(pool))
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

/* Polls until all workers have left a closed job. Returns false if `time` passes first. */
static bool all_left_by(gnl_pool *pool, int64_t time)
{
    do {
        for (int round = 0; round < ROUNDS_PER_CLOCK; round++) {
            if (atomic_load_explicit(&pool->gate, memory_order_acquire) == 0)
                return true;
            pause_cpu();
        }
    } while (clock_now() < time);
    return false;
}

/* Sleeps until all workers have left. Sleeping frees the core, in case a worker needs it. */
static void sleep_until_left(gnl_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->waiting, true);
    while (atomic_load(&pool->gate) > 0)
        pthread_cond_wait(&pool->left, &pool->lock);
    atomic_store(&pool->waiting, false);
    pthread_mutex_unlock(&pool->lock);
}

static void run_alone_after(gnl_pool *pool, int64_t begin, int64_t end, int64_t lost)
{
    bool again = begin - pool->alone_until < SOON;
    pool->times_alone = again ? GNL_MIN(2 * pool->times_alone, MAX_TIMES_ALONE) : 1;
    pool->alone_until = end + pool->times_alone * lost;
}

/* Waits for the workers. A wait longer than one of the caller's chunks counts as a delay, because a worker with a core
 * of its own would not cause it. */
static void wait_for_workers(gnl_pool *pool, int64_t begin, int64_t taken)
{
    if (atomic_load_explicit(&pool->gate, memory_order_acquire) == 0)
        return;
    int64_t wait_begin = clock_now(), chunk = (wait_begin - begin) / GNL_MAX(taken, 1);
    if (all_left_by(pool, wait_begin + GNL_MAX(MIN_SPIN, GNL_MIN(chunk, MAX_SPIN))))
        return;
    sleep_until_left(pool);
    int64_t end = clock_now(), lost = end - wait_begin - chunk;
    if (lost > 0)
        run_alone_after(pool, begin, end, lost);
}

/* Acquires the pool. Returns false if it is busy or the caller is to run alone. */
static bool acquire_pool(gnl_pool *pool, int64_t now)
{
    if (pthread_mutex_trylock(&pool->busy) != 0)
        return false;
    if (now >= pool->alone_until)
        return true;
    pthread_mutex_unlock(&pool->busy);
    return false;
}

void gnl_pool_run(gnl_pool *pool, int64_t n, int64_t grain, gnl_task *task, void *arg)
{
    int64_t now = clock_now();
    const job given = {task, arg, n, grain, (n + grain - 1) / grain};
    if (!acquire_pool(pool, now)) {
        for (int64_t chunk = 0; chunk < given.chunks; chunk++)
            run_chunk(&given, chunk, 0);
        return;
    }
    pool->job = given;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->gate, GATE_OPEN, memory_order_release);
    wake_workers(pool);
    int64_t taken = run_chunks(pool, 0);
    atomic_fetch_and(&pool->gate, ~GATE_OPEN);
    wait_for_workers(pool, now, taken);
    pthread_mutex_unlock(&pool->busy);
}

static void pool_free(genlat_ctx *ctx, gnl_pool *pool)
{
    if (!is_forked(pool)) {
        pthread_cond_destroy(&pool->wake);
        pthread_cond_destroy(&pool->left);
        pthread_mutex_destroy(&pool->lock);
        pthread_mutex_destroy(&pool->busy);
    }
    gnl_free(ctx, pool->thread);
    gnl_free(ctx, pool->worker);
    gnl_free(ctx, pool);
}

void gnl_pool_destroy(genlat_ctx *ctx, gnl_pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->stop, true);
    wake_workers(pool);
    for (int i = 0; i < pool->workers && !is_forked(pool); i++)
        pthread_join(pool->thread[i], NULL);
    pool_free(ctx, pool);
}

static gnl_pool *pool_alloc(genlat_ctx *ctx, int workers)
{
    gnl_pool *pool = gnl_calloc(ctx, 1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->process = getpid();
    pthread_mutex_init(&pool->busy, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->left, NULL);
    pool->thread = gnl_calloc(ctx, (size_t)workers, sizeof *pool->thread);
    pool->worker = gnl_calloc(ctx, (size_t)workers, sizeof *pool->worker);
    if (pool->thread && pool->worker)
        return pool;
    pool_free(ctx, pool);
    return NULL;
}

genlat_status gnl_pool_new(genlat_ctx *ctx, int threads, gnl_pool **out)
{
    *out = NULL;
    gnl_pool *pool = pool_alloc(ctx, threads - 1);
    if (!pool)
        return GENLAT_E_MEMORY;
    for (int i = 0; i < threads - 1; i++) {
        pool->worker[i] = (struct worker){pool, i + 1};
        if (gnl_thread_start(&pool->thread[i], work, &pool->worker[i]) != 0) {
            gnl_pool_destroy(ctx, pool);
            return gnl_fail(GENLAT_E_THREAD, "could not start thread %d of %d", i + 1, threads);
        }
        pool->workers++;
    }
    *out = pool;
    return GENLAT_OK;
}
