/* SPDX-License-Identifier: MIT */
/* The threads of a context: every chunk is run once, with borders that do not depend on the number of threads.
 * Sleeping workers wake up. A stalled worker is not waited for in the next calls. */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

enum { ITEMS = 1000, MOST_THREADS = 4, CALLERS = 3 };

static genlat_ctx *new_ctx(int64_t threads)
{
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    opts.threads = threads;
    ck_assert_int_eq(genlat_ctx_new(&opts, &ctx), GENLAT_OK);
    return ctx;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void sleep_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* ---- chunks ------------------------------------------------------------------------------------ */

typedef struct visits {
    int64_t grain;
    atomic_int count[ITEMS], wrong; /* odd: chunks with wrong borders or worker indices */
    int threads;
} visits;

static void visit(void *arg, int64_t begin, int64_t end, int worker)
{
    visits *v = arg;
    if (begin % v->grain || end != GNL_MIN(begin + v->grain, (int64_t)ITEMS) || worker < 0 || worker >= v->threads)
        atomic_fetch_add(&v->wrong, 1);
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add(&v->count[i], 1);
}

static void check_visits(const visits *v, int times)
{
    ck_assert_int_eq(v->wrong, 0);
    for (int i = 0; i < ITEMS; i++)
        ck_assert_int_eq(v->count[i], times);
}

START_TEST(every_chunk_is_run_once)
{
    genlat_ctx *ctx = new_ctx(_i);
    static const int64_t grains[] = {1, 7, 100, 999, 1000, 5000};
    for (size_t g = 0; g < GNL_COUNT(grains); g++) {
        visits v = {.grain = grains[g], .threads = _i};
        for (int round = 0; round < 20; round++)
            gnl_parallel(ctx, ITEMS, grains[g], visit, &v);
        check_visits(&v, 20);
    }
    genlat_ctx_destroy(&ctx);
}
END_TEST

typedef struct caller {
    genlat_ctx *ctx;
    visits v;
} caller;

static void *call_often(void *arg)
{
    caller *c = arg;
    for (int round = 0; round < 200; round++)
        gnl_parallel(c->ctx, ITEMS, c->v.grain, visit, &c->v);
    return NULL;
}

START_TEST(callers_share_the_workers)
{
    static caller callers[CALLERS];
    genlat_ctx *ctx = new_ctx(2);
    pthread_t thread[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.ctx = ctx, .v = {.grain = 10, .threads = 2}};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < CALLERS; i++)
        check_visits(&callers[i].v, 200);
    genlat_ctx_destroy(&ctx);
}
END_TEST

static void visit_within(void *arg, int64_t begin, int64_t end, int worker)
{
    caller *c = arg;
    for (int64_t i = begin; i < end; i++)
        gnl_parallel(c->ctx, ITEMS, c->v.grain, visit, &c->v);
}

START_TEST(nested_calls_are_allowed)
{
    caller c = {.ctx = new_ctx(3), .v = {.grain = 50, .threads = 3}};
    gnl_parallel(c.ctx, 8, 1, visit_within, &c);
    check_visits(&c.v, 8);
    genlat_ctx_destroy(&c.ctx);
}
END_TEST

/* ---- workers that wake late or stall ----------------------------------------------------------- */

typedef struct stall {
    atomic_bool begun;
    atomic_int by_workers;
    int patience_ms, nap_ms;
} stall;

/* The caller keeps its chunk until a worker has begun or patience_ms have passed; a worker sleeps for nap_ms. */
static void meet(void *arg, int64_t begin, int64_t end, int worker)
{
    stall *s = arg;
    if (worker > 0) {
        atomic_store(&s->begun, true);
        atomic_fetch_add(&s->by_workers, 1);
        sleep_ms(s->nap_ms);
        return;
    }
    double limit = now_ms() + s->patience_ms;
    while (!atomic_load(&s->begun) && now_ms() < limit)
        sched_yield();
}

static bool meets(genlat_ctx *ctx, int patience_ms, int nap_ms)
{
    stall s = {.patience_ms = patience_ms, .nap_ms = nap_ms};
    gnl_parallel(ctx, 2, 1, meet, &s);
    return s.by_workers > 0;
}

static bool meets_soon(genlat_ctx *ctx, int nap_ms)
{
    for (int i = 0; i < 100; i++)
        if (meets(ctx, 200, nap_ms))
            return true;
    return false;
}

START_TEST(sleeping_workers_wake_up)
{
    genlat_ctx *ctx = new_ctx(2);
    for (int i = 0; i < 5; i++) {
        ck_assert(meets_soon(ctx, 0));
        sleep_ms(5);
    }
    genlat_ctx_destroy(&ctx);
}
END_TEST

START_TEST(stalled_workers_are_not_used)
{
    genlat_ctx *ctx = new_ctx(2);
    bool stalled = false;
    for (int i = 0; i < 20 && !stalled; i++) { /* the caller, too, may be descheduled */
        ck_assert(meets_soon(ctx, 100));
        stalled = !meets(ctx, 50, 0);
    }
    ck_assert(stalled);
    ck_assert(meets_soon(ctx, 0)); /* not forever */
    genlat_ctx_destroy(&ctx);
}
END_TEST

static atomic_int handled;

static void handle(int signal)
{
    atomic_fetch_add(&handled, 1);
}

/* A signal to the process that the program has blocked stays pending: no worker handles it. */
START_TEST(workers_block_signals)
{
    genlat_ctx *ctx = new_ctx(MOST_THREADS);
    sigset_t usr1, before, pending;
    ck_assert(signal(SIGUSR1, handle) != SIG_ERR);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, &before);
    kill(getpid(), SIGUSR1);
    sleep_ms(20);
    sigpending(&pending);
    ck_assert(sigismember(&pending, SIGUSR1));
    ck_assert_int_eq(atomic_load(&handled), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ck_assert_int_eq(atomic_load(&handled), 1);
    genlat_ctx_destroy(&ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("workers");
    tcase_add_loop_test(tests, every_chunk_is_run_once, 1, MOST_THREADS + 1);
    tcase_add_test(tests, callers_share_the_workers);
    tcase_add_test(tests, nested_calls_are_allowed);
    tcase_add_test(tests, sleeping_workers_wake_up);
    tcase_add_test(tests, stalled_workers_are_not_used);
    tcase_add_test(tests, workers_block_signals);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
