/* SPDX-License-Identifier: MIT */
/* Trains two models in two threads, with a shared context and source. Each has the same result as when it is trained
 * alone. Then two threads sample from one model at the same time. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "genlat/train.h"

/* Input and output of a thread. Models, trainers and error texts are not shared between threads. */
typedef struct job {
    genlat_ctx *ctx;
    genlat_source *digits;
    double beta;
    double neg_elbo;
    char error[256];
} job;

static genlat_status train(job *j, genlat_model **vae)
{
    genlat_model_builder *builder = NULL;
    genlat_train_opts opts;
    double terms[GENLAT_MAX_TERMS] = {0};
    genlat_status status = genlat_model_builder_new(j->ctx, "vae", &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_model_builder_set_int(builder, "latent", 4);
    genlat_model_builder_set_real(builder, "beta", j->beta);
    genlat_model_builder_set(builder, "encoder", "flatten; dense units=64; relu");
    genlat_model_builder_set(builder, "decoder", "dense units=64; relu; dense units={out}");
    genlat_train_opts_init(&opts);
    opts.epochs = 2;
    opts.batch = 50;
    status = genlat_model_build(&builder, j->digits, vae);
    if (status == GENLAT_OK)
        status = genlat_model_fit(*vae, j->digits, NULL, &opts);
    if (status == GENLAT_OK)
        status = genlat_model_evaluate(*vae, j->digits, 100, 1, terms);
    j->neg_elbo = terms[0];
    return status;
}

/* The main function of a thread. The error text is local to the thread, so that it is copied for the main thread. */
static void *run(void *argument)
{
    job *j = argument;
    genlat_model *vae = NULL;
    if (train(j, &vae) != GENLAT_OK)
        snprintf(j->error, sizeof j->error, "%s", genlat_last_error());
    genlat_model_destroy(&vae);
    return NULL;
}

/* Any number of threads may use a model that is not being trained. */
typedef struct sampling {
    genlat_model *vae;
    genlat_tensor *x;
} sampling;

static void *sample(void *argument)
{
    sampling *s = argument;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    opts.seed = 5;
    if (genlat_model_sample(s->vae, 50, NULL, &opts, &s->x) != GENLAT_OK)
        s->x = NULL;
    return NULL;
}

static int run_in_parallel(void *(*function)(void *), void *a, void *b)
{
    pthread_t other;
    if (pthread_create(&other, NULL, function, a) != 0)
        return 1;
    function(b);
    return pthread_join(other, NULL);
}

int main(void)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL;
    genlat_model *vae = NULL;
    int failed = 1;
    if (genlat_ctx_new(NULL, &ctx) || genlat_source_synthetic(ctx, "digits", 1000, 1, &digits)) {
        fprintf(stderr, "06_threads: %s\n", genlat_last_error());
        goto end;
    }
    job together[2] = {{.ctx = ctx, .digits = digits, .beta = 1}, {.ctx = ctx, .digits = digits, .beta = 4}};
    job alone[2] = {together[0], together[1]};
    if (run_in_parallel(run, &together[0], &together[1]))
        goto end;
    failed = 0;
    for (int i = 0; i < 2; i++) {
        run(&alone[i]);
        printf("beta %g: neg_elbo %.6f in parallel, %.6f alone %s%s\n", together[i].beta, together[i].neg_elbo,
               alone[i].neg_elbo, together[i].error, alone[i].error);
        failed += *together[i].error || *alone[i].error || together[i].neg_elbo != alone[i].neg_elbo;
    }

    if (failed || train(&alone[0], &vae) != GENLAT_OK)
        goto end;
    sampling samples[2] = {{.vae = vae}, {.vae = vae}};
    failed += run_in_parallel(sample, &samples[0], &samples[1]);
    size_t bytes = (size_t)genlat_tensor_count(samples[0].x) * sizeof(float);
    failed += bytes == 0 || !samples[1].x ||
              memcmp(genlat_tensor_const_data(samples[0].x), genlat_tensor_const_data(samples[1].x), bytes) != 0;
    printf("both threads generated %s samples\n", failed ? "different" : "the same");
    genlat_tensor_destroy(&samples[0].x);
    genlat_tensor_destroy(&samples[1].x);
end:
    genlat_model_destroy(&vae);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    return failed != 0;
}
