/* SPDX-License-Identifier: MIT */
/* Runs one random graph in many ways: training, inference and penalties, with any options, in several contexts. */
#ifndef GRAPH_CHECK_H
#define GRAPH_CHECK_H

#include "support/graph_trial.h"

/* Contexts that graphs run in; NULL where the machine lacks the instruction set. The first is that of the reference; the next two
 * differ only in the number of threads. */
enum { CHECK_MAIN, CHECK_ONE_THREAD, CHECK_TWO_THREADS, CHECK_CONTEXTS = 9 };

typedef struct check_context {
    genlat_ctx *ctx;
    const char *name;
} check_context;

/* What has been done. */
typedef struct check_counts {
    int graphs, too_large, kinks, refused, jobs, execs, failures;
    int nested, own_gradients, recomputed, tiled, kept, penalties, folded, threads, frozen;
} check_counts;

/* All ways of one graph, until one fails, which is reported on standard output. `folder`, if not NULL, receives its file, see
 * graph_dump.h. */
void graph_check(const check_context contexts[CHECK_CONTEXTS], uint64_t seed, const char *folder, check_counts *counts);

#endif
