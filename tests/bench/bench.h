/* SPDX-License-Identifier: MIT */
/* What the files of genlat-bench share: a workload, the passes it makes through its nets, and the measurements
 * made of it. */
#ifndef GNL_TESTS_BENCH_H
#define GNL_TESTS_BENCH_H

#include <stdio.h>

#include "genlat/genlat.h"
#include "net/exec.h"

enum { BENCH_NETS = 3, BENCH_EXECS = 3, BENCH_TENSORS = 6 };

/* How often a step goes through a net, in samples: forward, for the gradients of weights and of inputs, and how many
 * updates of all weights it makes. Passes for input gradients that stop at the first layer leave out its own. */
typedef struct bench_passes {
    const genlat_net *net;
    double forward, weights, inputs, whole_inputs, updates;
} bench_passes;

/* How a workload is to run. */
typedef struct bench_way {
    long threads;
    uint32_t gemm; /* GENLAT_GEMM_* */
    bool recompute;
} bench_way;

/* A workload that runs. What it does not use is NULL. */
typedef struct bench {
    bench_way way;
    genlat_ctx *ctx;
    genlat_rng *rng;
    genlat_model *vae;
    genlat_loss *loss;
    genlat_net *net[BENCH_NETS];
    genlat_exec *exec[BENCH_EXECS];
    genlat_optim *optim[BENCH_NETS];
    genlat_tensor *tensor[BENCH_TENSORS];
    bench_passes passes[BENCH_NETS];
} bench;

typedef struct bench_work {
    const char *name;
    int64_t batch; /* samples that a step counts for */
    genlat_status (*open)(bench *b);
    genlat_status (*step)(bench *b);
} bench_work;

extern const bench_work bench_vae_mlp, bench_vae_conv, bench_decode1_mlp, bench_decode1_conv,
    bench_decode1_bf16;
extern const bench_work bench_dcgan32, bench_dcgan64, bench_wgan_gp, bench_text_vae;

genlat_status bench_open(const bench_work *work, bench_way way, bench *b);
void bench_close(bench *b);

double bench_now(void); /* seconds */
void bench_sort(double *values, int64_t n); /* ascending */

/* A net from text on one input. */
genlat_status bench_net(genlat_ctx *ctx, int32_t ndim, const int64_t *dims, const char *layers,
                        genlat_net **out);
/* A tensor of uniform numbers from [lo,hi). */
genlat_status bench_uniform(bench *b, int32_t ndim, const int64_t *dims, float lo, float hi,
                            genlat_tensor **out);

/* ---- threads ------------------------------------------------------------------------------------------- */

enum { BENCH_MOST_PIECES = 4096 };

/* The shortest times, in seconds, of all parallel calls of a step and of what lies between them. Zero at first. */
typedef struct bench_pieces {
    double shortest[BENCH_MOST_PIECES], opened;
    int at;
} bench_pieces;

/* Around each step. */
void bench_pieces_begin(bench_pieces *pieces);
void bench_pieces_end(void);
double bench_pieces_sum(const bench_pieces *pieces); /* seconds */

/* Times steps with one thread and with those of the way in turn; prints a line of JSON. */
genlat_status bench_scaling(const bench_work *work, bench_way way, double seconds);

/* ---- roofline ------------------------------------------------------------------------------------------ */

/* What the machine gives, and the least that a step asks of it. */
typedef struct bench_roof {
    double flops, bytes; /* a second */
} bench_roof;

genlat_status bench_roof_measure(genlat_ctx *ctx, bench_roof *roof);
/* Operations of the products, and bytes of their factors and results and of the updates, each touched once. */
void bench_roof_work(const bench *b, double *flops, double *bytes);

/* ---- profile ------------------------------------------------------------------------------------------- */

/* From now on the calls of a net's layers are timed. */
void bench_profile_watch(genlat_net *net, const char *label);
void bench_profile_reset(void);
/* A table: milliseconds a step of every layer and direction, and what is left of the step. */
void bench_profile_print(FILE *out, double ms_per_step, int64_t steps);

#endif
