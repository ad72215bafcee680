/* SPDX-License-Identifier: MIT */
/*
 * Measures how time and memory grow with batch, width, image size and threads. Prints a line of JSON per point, and
 * draws a figure
 * per parameter. Usage: growth FOLDER [SECONDS]   (per point; default 0.5). Writes FOLDER/growth-*.png.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"
#include "genlat/genlat.h"

enum { POINTS = 8, MOST_THREADS = 8, LATENT = 32, LAYERS = 512, PATH = 1024, WARM_UP = 3, LEAST_STEPS = 5 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* Bytes that a context has allocated. */
static void *counted_alloc(void *user, size_t bytes, size_t align)
{
    void *block = NULL;
    if (posix_memalign(&block, align < sizeof block ? sizeof block : align, bytes ? bytes : 1) != 0)
        return NULL;
    atomic_fetch_add((atomic_llong *)user, (long long)malloc_usable_size(block));
    return block;
}

static void counted_free(void *user, void *block)
{
    atomic_fetch_sub((atomic_llong *)user, (long long)malloc_usable_size(block));
    free(block);
}

/* ---- a point ----------------------------------------------------------------------------------- */

/* A VAE: of vectors if image is 0, else of images of that size. */
typedef struct setting {
    int64_t batch, width, image, threads;
} setting;

typedef struct result {
    double ms, mib, decoded; /* time of a step; allocated memory; samples per second decoded by all threads */
} result;

static genlat_status build(genlat_ctx *ctx, const setting *s, genlat_model **vae)
{
    char encoder[LAYERS], decoder[LAYERS];
    long long w = (long long)s->width, quarter = (long long)s->image / 4;
    genlat_model_builder *b = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "vae", &b);
    if (status)
        return status;
    snprintf(encoder, sizeof encoder, "dense units=%lld; relu; dense units=%lld; relu", w, w / 2);
    snprintf(decoder, sizeof decoder, "dense units=%lld; relu; dense units=%lld; relu; dense units=784", w / 2, w);
    if (s->image) {
        snprintf(encoder, sizeof encoder,
                 "conv2d channels=32 kernel=4 stride=2 padding=1; relu; conv2d channels=64 "
                 "kernel=4 stride=2 padding=1; relu; flatten");
        snprintf(decoder, sizeof decoder,
                 "dense units=%lld; relu; reshape shape=64x%lldx%lld; conv_transpose2d "
                 "channels=32 kernel=4 stride=2 padding=1; relu; conv_transpose2d channels=1 kernel=4 stride=2 "
                 "padding=1",
                 64 * quarter * quarter, quarter, quarter);
        genlat_model_builder_data(b, 3, (int64_t[]){1, s->image, s->image});
    } else {
        genlat_model_builder_data(b, 1, (int64_t[]){784});
    }
    genlat_model_builder_set_int(b, "latent", LATENT);
    genlat_model_builder_set(b, "encoder", encoder);
    genlat_model_builder_set(b, "decoder", decoder);
    return genlat_model_build(&b, NULL, vae);
}

static genlat_status time_steps(genlat_ctx *ctx, genlat_model *vae, const setting *s, double seconds, result *r)
{
    genlat_tensor *x = NULL;
    genlat_status status = s->image ? genlat_tensor_new(ctx, 4, (int64_t[]){s->batch, 1, s->image, s->image}, &x)
                                    : genlat_tensor_new(ctx, 2, (int64_t[]){s->batch, 784}, &x);
    double end = 0;
    if (!status)
        status = genlat_tensor_fill(x, 0.4f);
    for (int i = 0; !status && (i < WARM_UP + LEAST_STEPS || now() < end); i++) {
        double begin = now();
        status = genlat_vae_step(vae, NULL, x, NULL, NULL);
        double ms = 1e3 * (now() - begin);
        if (i < WARM_UP)
            end = now() + seconds;
        else if (i == WARM_UP || ms < r->ms)
            r->ms = ms;
    }
    genlat_tensor_destroy(&x);
    return status;
}

typedef struct reader {
    genlat_ctx *ctx;
    genlat_model *vae;
    double seconds;
    int64_t samples;
    genlat_status status;
} reader;

static void *decode_often(void *arg)
{
    reader *r = arg;
    genlat_tensor *z = NULL, *x = NULL;
    r->status = genlat_tensor_new(r->ctx, 2, (int64_t[]){1, LATENT}, &z);
    if (!r->status)
        r->status = genlat_tensor_fill(z, 0.5f);
    for (double end = now() + r->seconds; !r->status && now() < end; r->samples++) {
        r->status = genlat_model_decode(r->vae, z, NULL, &x);
        genlat_tensor_destroy(&x);
    }
    genlat_tensor_destroy(&z);
    return NULL;
}

/* Decodes samples with one model from several threads of the program. */
static genlat_status time_readers(genlat_ctx *ctx, genlat_model *vae, int64_t threads, double seconds, result *r)
{
    reader readers[MOST_THREADS];
    pthread_t thread[MOST_THREADS];
    int64_t started = 0;
    genlat_status status = GENLAT_OK;
    for (; started < threads; started++) {
        readers[started] = (reader){.ctx = ctx, .vae = vae, .seconds = seconds};
        if (pthread_create(&thread[started], NULL, decode_often, &readers[started]) != 0)
            break;
    }
    for (int64_t i = 0; i < started; i++) {
        pthread_join(thread[i], NULL);
        status = readers[i].status ? readers[i].status : status;
        r->decoded += (double)readers[i].samples / seconds;
    }
    return started == threads ? status : GENLAT_E_THREAD;
}

static genlat_status measure(const setting *s, double seconds, result *r)
{
    atomic_llong held = 0;
    const genlat_allocator counting = {
        .size = sizeof counting, .alloc = counted_alloc, .free = counted_free, .user = &held};
    genlat_ctx_opts opts;
    genlat_ctx *ctx = NULL, *one = NULL;
    genlat_model *vae = NULL, *shared = NULL;
    *r = (result){0};
    genlat_ctx_opts_init(&opts);
    genlat_status status = genlat_ctx_new(&opts, &one);
    opts.threads = s->threads;
    opts.allocator = &counting;
    if (!status)
        status = genlat_ctx_new(&opts, &ctx);
    if (!status)
        status = build(ctx, s, &vae);
    if (!status)
        status = time_steps(ctx, vae, s, seconds, r);
    r->mib = (double)held / (1 << 20);
    if (!status)
        status = build(one, s, &shared);
    if (!status)
        status = time_readers(one, shared, s->threads, seconds, r);
    genlat_model_destroy(&vae);
    genlat_model_destroy(&shared);
    genlat_ctx_destroy(&ctx);
    genlat_ctx_destroy(&one);
    return status;
}

/* ---- parameters -------------------------------------------------------------------------------- */

typedef struct question {
    const char *name, *label;
    setting base;
    size_t offset; /* of the varied member of the setting */
    int points;
    int64_t value[POINTS];
} question;

static const question questions[] = {
    {"batch",
     "samples in a batch, MLP of 512 and 256",
     {128, 512, 0, 1},
     offsetof(setting, batch),
     8,
     {1, 4, 16, 32, 64, 128, 256, 512}},
    {"width",
     "width of the widest layer, 128 samples",
     {128, 512, 0, 1},
     offsetof(setting, width),
     6,
     {64, 128, 256, 512, 1024, 2048}},
    {"image",
     "height and width of images, 32 samples",
     {32, 512, 32, 1},
     offsetof(setting, image),
     6,
     {16, 24, 32, 48, 64, 96}},
    {"threads",
     "threads, MLP of 512 and 256, 128 samples",
     {128, 512, 0, 1},
     offsetof(setting, threads),
     MOST_THREADS,
     {1, 2, 3, 4, 5, 6, 7, 8}},
};

static const char *draw(const question *q, int points, const result *r, const char *folder)
{
    double x[POINTS], ms[POINTS], mib[POINTS], decoded[POINTS];
    char path[PATH];
    for (int i = 0; i < points; i++) {
        x[i] = (double)q->value[i];
        ms[i] = r[i].ms;
        mib[i] = r[i].mib;
        decoded[i] = 1e-3 * r[i].decoded;
    }
    const figure_curve curves[] = {{"time of a training step", "ms", ms, NULL},
                                   {"memory of the model in training", "MiB", mib, NULL},
                                   {"samples decoded one by one", "thousand/s", decoded, NULL}};
    snprintf(path, sizeof path, "%s/growth-%s.png", folder, q->name);
    bool decoding = q->offset != offsetof(setting, batch); /* decoding is sample by sample, whatever the batch */
    return figure_curves(path, decoding ? 3 : 2, curves, points, x, q->label);
}

static genlat_status measure_parameter(const question *q, const char *folder, double seconds)
{
    result r[POINTS];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int points = 0;
    bool threads = q->offset == offsetof(setting, threads);
    for (; points < q->points && !(threads && q->value[points] > (cores < 2 ? 2 : cores)); points++) {
        setting s = q->base;
        *(int64_t *)(void *)((char *)&s + q->offset) = q->value[points];
        genlat_status status = measure(&s, seconds, &r[points]);
        if (status)
            return status;
        printf("{\"name\": \"%s\", \"value\": %lld, \"fastest_ms\": %.4f, \"mib\": %.2f, \"decoded_per_s\": "
               "%.0f}\n",
               q->name, (long long)q->value[points], r[points].ms, r[points].mib, r[points].decoded);
        fflush(stdout);
    }
    const char *wrong = draw(q, points, r, folder);
    if (wrong)
        fprintf(stderr, "growth: %s: %s\n", q->name, wrong);
    return wrong ? GENLAT_E_IO : GENLAT_OK;
}

int main(int argc, char **argv)
{
    double seconds = argc > 2 ? atof(argv[2]) : 0.5;
    if (argc < 2 || argc > 3 || !(seconds >= 0)) {
        fprintf(stderr, "usage: growth FOLDER [SECONDS]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (measure_parameter(&questions[i], argv[1], seconds)) {
            fprintf(stderr, "growth: %s: %s\n", questions[i].name, genlat_last_error());
            return EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}
