/* SPDX-License-Identifier: MIT */
/* Runs one random graph with random options: training, inference and penalties, in several contexts. */
#ifndef GRAPH_CHECK_H
#define GRAPH_CHECK_H

#include "support/graph_trial.h"

/* Contexts that graphs run in; NULL if the machine lacks the instruction set. The first runs the reference. The next
 * two differ only in the number of threads. */
enum { CHECK_MAIN, CHECK_ONE_THREAD, CHECK_TWO_THREADS, CHECK_CONTEXTS = 9 };

typedef struct check_context {
    genlat_ctx *ctx;
    const char *name;
} check_context;

/* Counts of what has been done. */
typedef struct check_counts {
    int graphs, too_large, kinks, refused, jobs, execs, failures;
    int nested, own_gradients, recomputed, tiled, kept, penalties, folded, threads, frozen;
} check_counts;

/* Runs all variants of one graph until one fails, and prints the failure. `folder`, if not NULL, receives a file of
 * the graph, see graph_dump.h. */
void graph_check(const check_context contexts[CHECK_CONTEXTS], uint64_t seed, const char *folder, check_counts *counts);

#endif
