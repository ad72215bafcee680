/* SPDX-License-Identifier: MIT */
/*
 * One random graph with numbers: jobs to run on it, the results of the reference, and those of an exec.
 *
 * A job's results are named tensors, each with a bound. The bound is proportional to the change of the reference result
 * when
 * every number that a layer writes has a rounding error of some units. It also has a term for the largest number of the
 * result and of the job. Jobs are skipped if such errors change a slope of a rectifier or the winner of a maximum, or
 * if
 * their numbers become large.
 */
#ifndef GRAPH_TRIAL_H
#define GRAPH_TRIAL_H

#include "support/random_graph.h"

enum { TRIAL_ROWS = 7, TRIAL_TENSORS = 256, TRIAL_NAME = 48, TRIAL_RESULT = 1 << 17, TRIAL_MESSAGE = 512 };

typedef struct trial_tensor {
    char name[TRIAL_NAME];
    int64_t at, count; /* numbers of the result */
    double bound;
} trial_tensor;

typedef struct trial_result {
    int tensors;
    trial_tensor tensor[TRIAL_TENSORS];
    int64_t numbers;
    gnl_real number[TRIAL_RESULT];
} trial_result;

typedef enum trial_kind {
    TRIAL_EVAL,    /* forward in evaluation mode */
    TRIAL_TRAIN,   /* forward in training mode, and backward */
    TRIAL_DUAL,    /* forward, along tangents, and the reverse of both */
    TRIAL_PENALTY, /* forward, and a gradient penalty */
    TRIAL_KINDS
} trial_kind;

typedef struct trial_job {
    trial_kind kind;
    int64_t rows;
    unsigned outputs, tangents; /* masks of outputs and tangents with nonzero derivatives */
    gnl_penalty penalty;
    gnl_rng dropout;
} trial_job;

typedef struct graph_trial {
    random_graph graph;
    genlat_net *net;
    gnl_rng rng;
    gnl_real *x[GNL_MAX_INPUTS], *tx[GNL_MAX_INPUTS]; /* of TRIAL_ROWS */
    gnl_real *dy[GENLAT_MAX_OUTPUTS], *dty[GENLAT_MAX_OUTPUTS];
    gnl_real dloss[TRIAL_ROWS];
    bool penalized; /* gradient penalties are supported by every layer */
    int critic;     /* index of an output with one number per sample, or -1 */
} graph_trial;

/* Returns false if the builder refuses the graph. */
bool trial_open(graph_trial *t, genlat_ctx *ctx, uint64_t seed);
void trial_close(graph_trial *t);
trial_job trial_draw_job(graph_trial *t, trial_kind kind);

/* A net of the same graph in another context, with the same weights, states and frozen weights. */
genlat_net *trial_clone(const graph_trial *t, genlat_ctx *ctx);

typedef enum trial_verdict { TRIAL_GOOD, TRIAL_TOO_LARGE, TRIAL_AT_A_KINK } trial_verdict;

/* Computes the reference results with bounds; the values of all nodes of a forward pass come last. */
trial_verdict trial_expect(const graph_trial *t, const trial_job *job, trial_result *expected);

/* ---- execs ----------------------------------------------------------------------------------- */

typedef struct trial_run {
    genlat_exec *exec;
    bool repeat;        /* runs the job twice and halves its gradients */
    unsigned requested; /* GNL_GRAD_* of the backward pass; 0: both, by the public function */
    /* Called between the passes of a job, may be NULL. It may replace derivatives of the outputs by other tensors. */
    void (*between)(void *arg, genlat_tensor *dy[]);
    void *arg;
} trial_run;

/* Returns false with a message if a call fails. */
bool trial_run_job(const graph_trial *t, const trial_job *job, const trial_run *run, trial_result *found,
                   char *message);

/* Returns false with a message for the largest error relative to its bound, if it exceeds the bound. */
bool trial_compare(const trial_result *found, const trial_result *expected, char *message);
/* Returns false with a message unless all bits are equal. */
bool trial_same(const trial_result *a, const trial_result *b, char *message);

void trial_describe(const trial_job *job, char *text, size_t capacity);

#endif
