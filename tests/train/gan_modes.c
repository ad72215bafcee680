/* SPDX-License-Identifier: MIT */
/*
 * Mode coverage of GANs on the mixtures ring and grid, with the protocol of PacGAN: 2500 samples after training; a
 * sample within
 * 3 standard deviations of a centre has high quality.
 *
 * usage: gan_modes ring|grid [seed [steps [key=value ...]]]     (keys of genlat_model_builder_set(), preset=, batch=)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "genlat/genlat.h"

enum { SAMPLES = 2500, POINTS = 100000 };

static void check(genlat_status status)
{
    if (status == GENLAT_OK)
        return;
    fprintf(stderr, "gan_modes: %s\n", genlat_last_error());
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(genlat_model *gan, genlat_source *source, int64_t step, double seconds)
{
    genlat_modes modes = {.size = sizeof modes};
    genlat_tensor *samples = NULL, *centres = NULL;
    genlat_sample_opts opts;
    double sd = 0;
    genlat_sample_opts_init(&opts);
    opts.seed = 1;
    check(genlat_source_mixture(source, &centres, &sd));
    check(genlat_model_sample(gan, SAMPLES, NULL, &opts, &samples));
    check(genlat_metric_modes(samples, centres, sd, &modes));
    printf("{\"step\":%lld,\"seconds\":%.1f,\"modes\":%lld,\"of\":%lld,\"hq\":%.4f,\"kl\":%.4f}\n", (long long)step,
           seconds, (long long)modes.found, (long long)modes.modes, modes.high_quality, modes.kl);
    fflush(stdout);
    genlat_tensor_destroy(&samples);
    genlat_tensor_destroy(&centres);
}

static void set_up(genlat_model_builder *b, int count, char **pairs, int64_t *batch)
{
    for (int i = 0; i < count; i++) {
        char *value = strchr(pairs[i], '=');
        if (!value)
            continue;
        *value++ = '\0';
        if (strcmp(pairs[i], "batch") == 0)
            *batch = atoll(value);
        else if (strcmp(pairs[i], "preset") == 0)
            genlat_model_builder_preset(b, value);
        else
            genlat_model_builder_set(b, pairs[i], value);
    }
}

static void train(genlat_model *gan, genlat_source *source, int64_t steps, int64_t batch)
{
    genlat_train_opts opts;
    genlat_trainer *trainer = NULL;
    double began = now();
    genlat_train_opts_init(&opts);
    opts.batch = batch;
    for (int64_t part = 1; part <= 10; part++) {
        opts.steps = steps * part / 10;
        check(genlat_trainer_new(gan, source, NULL, &opts, &trainer));
        check(genlat_trainer_run(trainer));
        genlat_trainer_destroy(&trainer);
        report(gan, source, opts.steps, now() - began);
    }
}

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_source *source = NULL;
    genlat_model_builder *builder = NULL;
    genlat_model *gan = NULL;
    genlat_ctx_opts opts;
    int64_t batch = 0, steps = argc > 3 ? atoll(argv[3]) : 10000;
    if (argc < 2)
        return 2;
    genlat_ctx_opts_init(&opts);
    opts.seed = argc > 2 ? atoll(argv[2]) : 1;
    check(genlat_ctx_new(&opts, &ctx));
    check(genlat_source_synthetic(ctx, argv[1], POINTS, opts.seed, &source));
    check(genlat_model_builder_new(ctx, "gan", &builder));
    set_up(builder, argc - 4, argv + 4, &batch);
    check(genlat_model_build(&builder, source, &gan));
    train(gan, source, steps, batch);
    genlat_model_destroy(&gan);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
    return 0;
}
