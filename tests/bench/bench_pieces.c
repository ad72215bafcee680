/* SPDX-License-Identifier: MIT */
/*
 * A step is a sequence of parallel calls and the code between them, the same in each step. Where other programs use the
 * processor
 * or its caches now and then, every step is disturbed somewhere. Then the sum of the shortest times of all pieces is a
 * better
 * estimate for an idle machine than the fastest step. The linker redirects calls of gnl_parallel() to this file.
 */
#include "bench/bench.h"

static bench_pieces *now;

static void close_piece(void)
{
    double time = bench_now(), took = time - now->opened;
    if (now->at < BENCH_MOST_PIECES) {
        double *shortest = &now->shortest[now->at++];
        *shortest = *shortest > 0 ? GNL_MIN(*shortest, took) : took;
    }
    now->opened = time;
}

void bench_pieces_begin(bench_pieces *pieces)
{
    pieces->at = 0;
    pieces->opened = bench_now();
    now = pieces;
}

void bench_pieces_end(void)
{
    close_piece();
    now = NULL;
}

double bench_pieces_sum(const bench_pieces *pieces)
{
    double sum = 0;
    for (int i = 0; i < pieces->at; i++)
        sum += pieces->shortest[i];
    return sum;
}

/* Weak: where the linker does not support --wrap, it is never called. */
void __attribute__((weak)) __real_gnl_parallel(genlat_ctx *ctx, int64_t n, int64_t grain, gnl_task *task, void *arg);
void __wrap_gnl_parallel(genlat_ctx *ctx, int64_t n, int64_t grain, gnl_task *task, void *arg);

void __wrap_gnl_parallel(genlat_ctx *ctx, int64_t n, int64_t grain, gnl_task *task, void *arg)
{
    if (now)
        close_piece();
    __real_gnl_parallel(ctx, n, grain, task, arg);
    if (now)
        close_piece();
}
