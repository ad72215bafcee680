/* SPDX-License-Identifier: MIT */
/*
 * Cost of R1 and R2: alternates steps of a GAN with the two penalties and without them.
 *
 *   penalty_cost [--seconds S] [--threads N]      one line per discriminator; S is the time for each, 2 by default
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "genlat/genlat.h"

enum { BATCH = 64, SIDE = 28, LEAST = 5 /* steps; the first allocates the workspace */ };

/* Expected upper limit of the ratio. Other load on the machine can exceed it, so it is reported and not enforced. */
static const double LIMIT = 1.8;

static const struct critic {
    const char *name, *preset, *net;
} critics[] = {
    {"r3", "r3", NULL},
    {"conv (dcgan's without batch norm)", "dcgan",
     "conv2d channels=64 kernel=4 stride=2 padding=1 | leaky_relu slope=0.2 | "
     "conv2d channels=128 kernel=4 stride=2 padding=1 | leaky_relu slope=0.2 | flatten | dense units=1"},
    {"the same with silu", "dcgan",
     "conv2d channels=64 kernel=4 stride=2 padding=1 | silu | "
     "conv2d channels=128 kernel=4 stride=2 padding=1 | silu | flatten | dense units=1"},
    {"the same with spectral norm", "dcgan",
     "conv2d channels=64 kernel=4 stride=2 padding=1 weight=spectral | leaky_relu slope=0.2 | "
     "conv2d channels=128 kernel=4 stride=2 padding=1 weight=spectral | leaky_relu slope=0.2 | flatten | "
     "dense units=1 weight=spectral"},
    {"mlp", "mlp", NULL},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static genlat_status make(genlat_ctx *ctx, const struct critic *c, const char *weight, genlat_model **out)
{
    genlat_model_builder *b = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "gan", &b);
    if (status != GENLAT_OK)
        return status;
    genlat_model_builder_preset(b, c->preset);
    genlat_model_builder_data(b, 3, (const int64_t[]){1, SIDE, SIDE});
    genlat_model_builder_set(b, "loss", "relativistic_pair");
    genlat_model_builder_set(b, "r1", weight);
    genlat_model_builder_set(b, "r2", weight);
    if (c->net)
        genlat_model_builder_set(b, "discriminator", c->net);
    return genlat_model_build(&b, NULL, out);
}

/* Updates `best` with the time of one step. */
static genlat_status time_step(genlat_model *gan, const genlat_tensor *x, double *best)
{
    genlat_gan_terms terms;
    memset(&terms, 0, sizeof terms);
    terms.size = sizeof terms;
    double begin = now();
    genlat_status status = genlat_gan_step(gan, x, NULL, &terms);
    *best = fmin(*best, now() - begin);
    return status;
}

static genlat_status measure(genlat_ctx *ctx, const struct critic *c, const genlat_tensor *x, double seconds)
{
    genlat_model *gan[2] = {NULL, NULL};
    double best[2] = {INFINITY, INFINITY};
    genlat_status status = make(ctx, c, "0", &gan[0]);
    if (status == GENLAT_OK)
        status = make(ctx, c, "1", &gan[1]);
    int steps = 0;
    for (double end = now() + seconds; status == GENLAT_OK && (steps < LEAST || now() < end); steps++)
        for (int i = 0; i < 2 && status == GENLAT_OK; i++)
            status = time_step(gan[i], x, &best[i]);
    if (status == GENLAT_OK)
        printf("%-36s %8.2f ms without, %8.2f ms with R1 and R2: %.2f times%s\n", c->name, 1e3 * best[0], 1e3 * best[1],
               best[1] / best[0], best[1] > LIMIT * best[0] ? ", more than expected" : "");
    genlat_model_destroy(&gan[0]);
    genlat_model_destroy(&gan[1]);
    return status;
}

static genlat_status measure_all(genlat_ctx *ctx, double seconds)
{
    genlat_rng *rng = NULL;
    genlat_tensor *x = NULL;
    genlat_status status = genlat_rng_new(ctx, 1, 0, &rng);
    if (status == GENLAT_OK)
        status = genlat_tensor_new(ctx, 4, (const int64_t[]){BATCH, 1, SIDE, SIDE}, &x);
    if (status == GENLAT_OK)
        status = genlat_rng_uniform(rng, genlat_tensor_count(x), 0, 1, genlat_tensor_data(x));
    for (size_t i = 0; status == GENLAT_OK && i < sizeof critics / sizeof *critics; i++)
        status = measure(ctx, &critics[i], x, seconds);
    genlat_tensor_destroy(&x);
    genlat_rng_destroy(&rng);
    return status;
}

int main(int argc, char **argv)
{
    double seconds = 2;
    genlat_ctx *ctx = NULL;
    genlat_ctx_opts opts;
    genlat_ctx_opts_init(&opts);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = atof(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            opts.threads = atoi(argv[i + 1]);
    }
    genlat_status status = genlat_ctx_new(&opts, &ctx);
    if (status == GENLAT_OK)
        status = measure_all(ctx, seconds);
    if (status != GENLAT_OK)
        fprintf(stderr, "penalty_cost: %s\n", genlat_last_error());
    genlat_ctx_destroy(&ctx);
    return status == GENLAT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
