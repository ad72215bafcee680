/* SPDX-License-Identifier: MIT */
/* Random graphs with numbers in files, for tests/golden/compare_graphs.py. */
#ifndef GRAPH_DUMP_H
#define GRAPH_DUMP_H

#include "support/graph_trial.h"

/* A job, and what the reference computes, for the bounds. */
typedef struct graph_dumped {
    const trial_job *job;
    const trial_result *expected;
} graph_dumped;

/* Writes FOLDER/graph-SEED.safetensors: the graph, its weights, the numbers that go in, and for each job what an exec with the
 * usual options computes. */
void graph_dump(const graph_trial *t, const graph_dumped *jobs, int count, const char *folder);

#endif
