/* SPDX-License-Identifier: MIT */
/*
 * The same steps with one thread and with several, in turn, so that a machine whose speed drifts is as fast for both.
 * A turn is the mean of as many steps as fill it; what is told is the median over turns, and over the quotients of
 * neighbours, and the sum of the shortest pieces of all steps.
 */
#include <stdlib.h>

#include "bench/bench.h"

enum { LEAST_TURNS = 5, MOST_TURNS = 4096 };

static const double turn_seconds = 0.1;

typedef struct turns {
    double ms[2][MOST_TURNS], quotient[MOST_TURNS];
    int count;
    bench_pieces pieces[2];
} turns;

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
    GNL_TRY(work->step(b)); /* threads awake, caches warm */
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
        for (int i = 0; i < 2; i++)
            GNL_TRY(take_turn(work, &b[i], &t->pieces[i], &t->ms[i][t->count]));
        t->quotient[t->count] = t->ms[0][t->count] / t->ms[1][t->count];
        t->count++;
    }
    return GENLAT_OK;
}

static void report(const bench_work *work, long threads, turns *t)
{
    double *sorted[] = {t->ms[0], t->ms[1], t->quotient};
    for (size_t i = 0; i < GNL_COUNT(sorted); i++)
        bench_sort(sorted[i], t->count);
    int middle = t->count / 2;
    double one = 1e3 * bench_pieces_sum(&t->pieces[0]), all = 1e3 * bench_pieces_sum(&t->pieces[1]);
    printf("{\"name\": \"%s\", \"threads\": %ld, \"turns\": %d, \"ms_one\": %.4f, \"ms_all\": %.4f, \"fastest_one\": %.4f, "
           "\"fastest_all\": %.4f, \"pieces_one\": %.4f, \"pieces_all\": %.4f, \"scaling\": %.3f, \"scaling_pieces\": %.3f}\n",
           work->name, threads, t->count, t->ms[0][middle], t->ms[1][middle], t->ms[0][0], t->ms[1][0], one, all,
           t->quotient[middle], one / all);
    fflush(stdout);
}

genlat_status bench_scaling(const bench_work *work, bench_way way, double seconds)
{
    bench_way alone = way;
    alone.threads = 1;
    bench b[2] = {0};
    turns *t = calloc(1, sizeof *t);
    genlat_status status = t ? bench_open(work, alone, &b[0]) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        status = bench_open(work, way, &b[1]);
    if (status == GENLAT_OK)
        status = take_turns(work, b, seconds, t);
    if (status == GENLAT_OK)
        report(work, way.threads, t);
    bench_close(&b[0]);
    bench_close(&b[1]);
    free(t);
    return status;
}
