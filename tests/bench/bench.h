/* SPDX-License-Identifier: MIT */
/* Shared by the files of genlat-bench: workloads, the passes of a step through its nets, and measurements. */
#ifndef GNL_TESTS_BENCH_H
#define GNL_TESTS_BENCH_H

#include <stdio.h>

#include "genlat/genlat.h"
#include "net/exec.h"

enum { BENCH_NETS = 3, BENCH_EXECS = 3, BENCH_TENSORS = 6 };

/* Number of samples per step that pass through a net: forward, backward for weights, and backward for inputs.
 * `inputs` counts backward passes that end at the first layer, `whole_inputs` those that also compute the
 * derivatives of the inputs. updates: updates of all weights per step. */
typedef struct bench_passes {
    const genlat_net *net;
    double forward, weights, inputs, whole_inputs, updates;
} bench_passes;

/* Options of a run. */
typedef struct bench_mode {
    long threads;
    uint32_t gemm; /* GENLAT_GEMM_* */
    bool recompute;
} bench_mode;

/* A running workload. Unused pointers are NULL. */
typedef struct bench {
    bench_mode mode;
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
    int64_t batch; /* samples per step */
    genlat_status (*open)(bench *b);
    genlat_status (*step)(bench *b);
} bench_work;

extern const bench_work bench_vae_mlp, bench_vae_conv, bench_decode1_mlp, bench_decode1_conv, bench_decode1_bf16;
extern const bench_work bench_dcgan32, bench_dcgan64, bench_wgan_gp, bench_text_vae;

genlat_status bench_open(const bench_work *work, bench_mode mode, bench *b);
void bench_close(bench *b);

double bench_now(void);                     /* seconds */
void bench_sort(double *values, int64_t n); /* ascending */

/* Builds a net with one input from text. */
genlat_status bench_net(genlat_ctx *ctx, int32_t ndim, const int64_t *dims, const char *layers, genlat_net **out);
/* Creates a tensor of uniform numbers from [lo,hi). */
genlat_status bench_uniform(bench *b, int32_t ndim, const int64_t *dims, float lo, float hi, genlat_tensor **out);

/* ---- threads ------------------------------------------------------------------------------------------- */

enum { BENCH_MOST_PIECES = 4096 };

/* The shortest times, in seconds, of all parallel calls of a step and of the code between them. Initially zero. */
typedef struct bench_pieces {
    double shortest[BENCH_MOST_PIECES], opened;
    int at;
} bench_pieces;

/* Called before and after each step. */
void bench_pieces_begin(bench_pieces *pieces);
void bench_pieces_end(void);
double bench_pieces_sum(const bench_pieces *pieces); /* seconds */

/* Times steps with one thread and with those of the options, in turn; prints a line of JSON. */
genlat_status bench_scaling(const bench_work *work, bench_mode mode, double seconds);

/* ---- roofline ------------------------------------------------------------------------------------------ */

/* Speed of the machine. */
typedef struct bench_roof {
    double flops, bytes; /* per second */
} bench_roof;

genlat_status bench_roof_measure(genlat_ctx *ctx, bench_roof *roof);
/* Minimum work of a step: operations of the products, and bytes of their factors, results and updates, each accessed
 * once. */
void bench_roof_work(const bench *b, double *flops, double *bytes);

/* ---- profile ------------------------------------------------------------------------------------------- */

/* Starts timing the calls of the layers of a net. */
void bench_profile_watch(genlat_net *net, const char *label);
void bench_profile_reset(void);
/* Prints a table: milliseconds per step for every layer and direction, and the remaining time of the step. */
void bench_profile_print(FILE *out, double ms_per_step, int64_t steps);

#endif
