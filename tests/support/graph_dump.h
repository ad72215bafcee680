/* SPDX-License-Identifier: MIT */
/* Random graphs with numbers in files, for tests/golden/compare_graphs.py. */
#ifndef GRAPH_DUMP_H
#define GRAPH_DUMP_H

#include "support/graph_trial.h"

/* Writes FOLDER/graph-SEED.safetensors: the graph, its weights, the numbers that go in, and for each usable job what an exec with
 * the usual options computes. */
void graph_dump(const graph_trial *t, const trial_job *jobs, const bool *usable, int count, const char *folder);

#endif
