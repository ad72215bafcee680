/* SPDX-License-Identifier: MIT */
/* Writes random graphs and their results to files, for tests/golden/compare_graphs.py. */
#ifndef GRAPH_DUMP_H
#define GRAPH_DUMP_H

#include "support/graph_trial.h"

/* A job, and the reference results for the bounds. */
typedef struct graph_dumped {
    const trial_job *job;
    const trial_result *expected;
} graph_dumped;

/* Writes FOLDER/graph-SEED.safetensors: the graph, its weights, the inputs, and for each job the results of an exec
 * with default options. */
void graph_dump(const graph_trial *t, const graph_dumped *jobs, int count, const char *folder);

#endif
