/* SPDX-License-Identifier: MIT */
/*
 * Time of a program that loads a model and decodes one sample, from start to exit: the smallest of several, for a file
 * with
 * training state and for one without.
 * Usage: start [LIMIT_MS]    (exit status 1 above the limit);  start load FILE is the program that is timed.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "genlat/genlat.h"

enum { LATENT = 32, ROUNDS = 25, FILES = 2 };

extern char **environ;

static genlat_status make(const char *full, const char *exported)
{
    genlat_ctx *ctx = NULL;
    genlat_model_builder *builder = NULL;
    genlat_model *vae = NULL;
    genlat_status status = genlat_ctx_new(NULL, &ctx);
    if (!status)
        status = genlat_model_builder_new(ctx, "vae", &builder);
    genlat_model_builder_data(builder, 1, (int64_t[]){784});
    genlat_model_builder_set_int(builder, "latent", LATENT);
    genlat_model_builder_set(builder, "encoder", "dense units=512; relu; dense units=256; relu");
    genlat_model_builder_set(builder, "decoder", "dense units=256; relu; dense units=512; relu; dense units=784");
    if (!status)
        status = genlat_model_build(&builder, NULL, &vae);
    if (!status)
        status = genlat_model_save(vae, full);
    if (!status)
        status = genlat_model_export(vae, exported);
    genlat_model_destroy(&vae);
    genlat_ctx_destroy(&ctx);
    return status;
}

static genlat_status load(const char *path)
{
    genlat_ctx *ctx = NULL;
    genlat_model *vae = NULL;
    genlat_tensor *z = NULL, *x = NULL;
    genlat_status status = genlat_ctx_new(NULL, &ctx);
    if (!status)
        status = genlat_model_load(ctx, path, &vae);
    if (!status)
        status = genlat_tensor_new(ctx, 2, (int64_t[]){1, LATENT}, &z);
    if (!status)
        status = genlat_model_decode(vae, z, NULL, &x);
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&z);
    genlat_model_destroy(&vae);
    genlat_ctx_destroy(&ctx);
    return status;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* Returns milliseconds of one run, or a negative number on failure. */
static double time_run(const char *program, char *path)
{
    char command[] = "load", *arguments[] = {(char *)(uintptr_t)program, command, path, NULL};
    pid_t child;
    int status = 1;
    double begin = now_ms();
    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? now_ms() - begin : -1;
}

/* Returns the smallest time of several runs, or a negative number. */
static double time_runs(const char *program, char *path)
{
    double best = 1e9;
    for (int i = 0; i < ROUNDS && best >= 0; i++) {
        double ms = time_run(program, path);
        best = ms < best ? ms : best;
    }
    return best;
}

static int measure(const char *program, double limit)
{
    char path[FILES][32] = {"/tmp/genlat-start-XXXXXX", "/tmp/genlat-start-XXXXXX"};
    double ms[FILES] = {-1, -1};
    int file[FILES];
    for (int i = 0; i < FILES; i++)
        file[i] = mkstemp(path[i]);
    genlat_status status = file[0] >= 0 && file[1] >= 0 ? make(path[0], path[1]) : GENLAT_E_IO;
    if (status)
        fprintf(stderr, "start: %s\n", genlat_last_error());
    for (int i = 0; i < FILES; i++) {
        ms[i] = status ? -1 : time_runs(program, path[i]);
        if (file[i] >= 0)
            close(file[i]);
        unlink(path[i]);
    }
    printf("{\"name\": \"start\", \"ms\": %.2f, \"exported_ms\": %.2f}\n", ms[0], ms[1]);
    return ms[0] < 0 || ms[1] < 0 || ms[0] > limit ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "load") == 0)
        return load(argv[2]) ? EXIT_FAILURE : EXIT_SUCCESS;
    return measure(argv[0], argc > 1 ? atof(argv[1]) : 1e9);
}
