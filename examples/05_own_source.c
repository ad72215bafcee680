/* SPDX-License-Identifier: MIT */
/* A custom source: the library requests samples by index, and the program computes them. Here a sample is one second
 * of a sensor signal: a sine with a harmonic that depends on one of three machine states. */
#include <math.h>
#include <stdio.h>

#include "genlat/data.h"

enum { SAMPLES = 1000, LENGTH = 64, STATES = 3 };

typedef struct sensor {
    double noise;  /* standard deviation in volts */
    int64_t reads; /* number of samples requested */
} sensor;

/* Returns a pseudorandom number in [0,1) that depends only on the sample and the use, so that reads are
 * reproducible. */
static double hash(uint64_t sample, uint64_t use)
{
    uint64_t x = sample * 0x9e3779b97f4a7c15u + use * 0xbf58476d1ce4e5b9u + 1;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

/* The library calls this function with the indices of samples. A return value other than 0 is an error. `draw`
 * differs in each epoch, so that the noise is new in every epoch and still reproducible. */
static int32_t fetch(void *user, const int64_t *indices, int64_t n, uint64_t draw, float *x, float *labels)
{
    sensor *s = user;
    for (int64_t row = 0; row < n; row++) {
        uint64_t id = (uint64_t)indices[row];
        int64_t state = indices[row] % STATES;
        double phase = 6.2831853 * hash(id, 0);
        for (int i = 0; i < LENGTH; i++) {
            double t = 6.2831853 * 4 * i / LENGTH + phase;
            double noise = s->noise * (hash(id + (draw << 32), 1 + (uint64_t)i) - 0.5) * 3.4641;
            x[row * LENGTH + i] = (float)(sin(t) + 0.5 * sin((double)(state + 2) * t) + noise);
        }
        if (labels)
            labels[row] = (float)state;
    }
    s->reads += n;
    return 0;
}

/* Prints a signal as one line of text. */
static void draw_signal(const char *title, const float *x)
{
    static const char levels[] = "_.-~^\"";
    char line[LENGTH + 1] = "";
    for (int i = 0; i < LENGTH; i++) {
        double place = (x[i] + 1.6) / 3.2 * (double)(sizeof levels - 1);
        int level = place < 0 ? 0 : place > 5 ? 5 : (int)place;
        line[i] = levels[level];
    }
    printf("%-10s %s\n", title, line);
}

int main(void)
{
    genlat_ctx *ctx = NULL;
    genlat_source *source = NULL;
    genlat_batches *batches = NULL;
    const genlat_tensor *x = NULL, *labels = NULL; /* borrowed from the batches */
    genlat_tensor *all = NULL;
    sensor s = {.noise = 0.05};

    /* The struct starts with its size, so that an old program works with a newer library. */
    genlat_source_table table = {.size = sizeof table,
                                 .user = &s,
                                 .count = SAMPLES,
                                 .ndim = 2,
                                 .dims = {1, LENGTH},
                                 .classes = STATES,
                                 .fetch = fetch};
    genlat_batches_opts opts;
    genlat_batches_opts_init(&opts);
    opts.batch = 100;
    opts.seed = 7;
    if (genlat_ctx_new(NULL, &ctx) || genlat_source_callback(ctx, &table, &source) ||
        genlat_batches_new(source, &opts, &batches))
        goto fail;
    printf("%lld samples of %lld x %lld in %lld states\n", (long long)genlat_source_count(source),
           (long long)genlat_source_dim(source, 0), (long long)genlat_source_dim(source, 1),
           (long long)genlat_source_classes(source));

    /* Reads two epochs. A NULL batch marks the end of an epoch. */
    for (int epoch = 0; epoch < 2; epoch++) {
        int64_t count[STATES] = {0};
        for (;;) {
            if (genlat_batches_next(batches, &x, &labels))
                goto fail;
            if (!x)
                break;
            for (int64_t i = 0; i < genlat_tensor_dim(labels, 0); i++)
                count[(int)genlat_tensor_const_data(labels)[i]]++;
        }
        printf("epoch %d: %lld, %lld and %lld samples of the states\n", epoch, (long long)count[0], (long long)count[1],
               (long long)count[2]);
    }
    printf("the library requested %lld samples\n", (long long)s.reads);

    /* Samples can also be read by index. The caller owns the new tensor. */
    if (genlat_source_read(source, 0, STATES, &all, NULL))
        goto fail;
    static const char *const names[STATES] = {"healthy", "loose", "worn"};
    for (int i = 0; i < STATES; i++)
        draw_signal(names[i], genlat_tensor_const_data(all) + i * LENGTH);
    genlat_tensor_destroy(&all);
    genlat_batches_destroy(&batches);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
    return s.reads == 2 * SAMPLES + STATES ? 0 : 1;
fail:
    fprintf(stderr, "05_own_source: %s\n", genlat_last_error());
    genlat_batches_destroy(&batches);
    genlat_source_destroy(&source);
    genlat_ctx_destroy(&ctx);
    return 1;
}
