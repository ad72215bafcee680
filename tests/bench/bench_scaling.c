/* SPDX-License-Identifier: MIT */
/*
 * Compares steps with one thread and with several, in turn, so that a change of the machine's speed affects both. A
 * turn is the
 * mean of all steps in a fixed time. Reported are the median over turns, the median over ratios of successive turns,
 * and the
 * sum of the shortest pieces of all steps.
 *
 * The cores of a virtual machine are not always equally fast, since other machines may run on the same cores. So dot
 * products in
 * the innermost cache, which need only the cores, are timed around each turn. Also reported are their speed-up, and the
 * median
 * over the turns around which it was at least nine tenths of the number of threads.
 */
#include <stdlib.h>

#include "bench/bench.h"

enum { LEAST_TURNS = 5, MOST_TURNS = 4096 };
enum { PROBES = 3, PROBE_CHUNKS = 128, PROBE_DOTS = 500, PROBE_NUMBERS = 1024 };

static const double turn_seconds = 0.1, even_share = 0.9;

typedef struct turns {
    double ms[2][MOST_TURNS], quotient[MOST_TURNS], even[MOST_TURNS];
    double machine[PROBES * MOST_TURNS]; /* speed-up of dot products in the innermost cache */
    int count, evens;
    bench_pieces pieces[2];
} turns;

/* ---- the cores ----------------------------------------------------------------------------------------- */

typedef struct probe_work {
    const gnl_kernels *k;
    gnl_real numbers[PROBE_NUMBERS];
    double sums[PROBE_CHUNKS];
} probe_work;

static void probe_task(void *arg, int64_t begin, int64_t end, int worker)
{
    probe_work *work = arg;
    for (int64_t i = begin * PROBE_DOTS; i < end * PROBE_DOTS; i++)
        work->sums[i / PROBE_DOTS] += work->k->dot(PROBE_NUMBERS, work->numbers, work->numbers);
}

static double probe_seconds(genlat_ctx *ctx)
{
    probe_work work = {.k = gnl_kernels_of(ctx)};
    gnl_parallel(ctx, PROBE_CHUNKS / 4, 1, probe_task, &work); /* wakes up the threads */
    double begin = bench_now();
    gnl_parallel(ctx, PROBE_CHUNKS, 1, probe_task, &work);
    return bench_now() - begin;
}

/* Whether each thread of the second context is nearly as fast as the thread of the first one. */
static bool probe(const bench b[2], turns *t, int at)
{
    double *gain = &t->machine[PROBES * t->count + at];
    *gain = probe_seconds(b[0].ctx) / probe_seconds(b[1].ctx);
    return *gain >= even_share * (double)b[1].mode.threads;
}

/* ---- turns --------------------------------------------------------------------------------------------- */

static genlat_status take_step(const bench_work *work, bench *b, bench_pieces *pieces)
{
    bench_pieces_begin(pieces);
    genlat_status status = work->step(b);
    bench_pieces_end();
    return status;
}

static genlat_status take_turn(const bench_work *work, bench *b, bench_pieces *pieces, double *ms)
{
    int64_t steps = 0;
    GNL_TRY(work->step(b)); /* wakes up the threads and warms the caches */
    double begin = bench_now(), now = begin;
    for (; now < begin + turn_seconds; now = bench_now(), steps++)
        GNL_TRY(take_step(work, b, pieces));
    *ms = 1e3 * (now - begin) / (double)steps;
    return GENLAT_OK;
}

static genlat_status take_turns(const bench_work *work, bench b[2], double seconds, turns *t)
{
    double begin = bench_now();
    while (t->count < MOST_TURNS && (t->count < LEAST_TURNS || bench_now() < begin + seconds)) {
        bool even = probe(b, t, 0);
        for (int i = 0; i < 2; i++) {
            GNL_TRY(take_turn(work, &b[i], &t->pieces[i], &t->ms[i][t->count]));
            even = probe(b, t, i + 1) && even;
        }
        double quotient = t->ms[0][t->count] / t->ms[1][t->count];
        t->quotient[t->count++] = quotient;
        if (even)
            t->even[t->evens++] = quotient;
    }
    return GENLAT_OK;
}

static double median(double *values, int64_t n)
{
    bench_sort(values, n);
    return n ? values[n / 2] : 0;
}

static void report(const bench_work *work, long threads, turns *t)
{
    double ms_one = median(t->ms[0], t->count), ms_all = median(t->ms[1], t->count);
    double one = 1e3 * bench_pieces_sum(&t->pieces[0]), all = 1e3 * bench_pieces_sum(&t->pieces[1]);
    printf("{\"name\": \"%s\", \"threads\": %ld, \"turns\": %d, \"ms_one\": %.4f, \"ms_all\": %.4f, "
           "\"fastest_one\": %.4f, \"fastest_all\": %.4f, \"pieces_one\": %.4f, \"pieces_all\": %.4f, "
           "\"scaling\": %.3f, \"scaling_pieces\": %.3f, \"machine\": %.3f, \"even_turns\": %d, "
           "\"scaling_even\": %.3f}\n",
           work->name, threads, t->count, ms_one, ms_all, t->ms[0][0], t->ms[1][0], one, all,
           median(t->quotient, t->count), one / all, median(t->machine, (int64_t)PROBES * t->count), t->evens,
           median(t->even, t->evens));
    fflush(stdout);
}

genlat_status bench_scaling(const bench_work *work, bench_mode mode, double seconds)
{
    bench_mode single = mode;
    single.threads = 1;
    bench b[2] = {0};
    turns *t = calloc(1, sizeof *t);
    genlat_status status = t ? bench_open(work, single, &b[0]) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = bench_open(work, mode, &b[1]);
    if (status == GENLAT_OK)
        status = take_turns(work, b, seconds, t);
    if (status == GENLAT_OK)
        report(work, mode.threads, t);
    bench_close(&b[0]);
    bench_close(&b[1]);
    free(t);
    return status;
}
