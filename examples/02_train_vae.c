/* SPDX-License-Identifier: MIT */
/* Trains a variational autoencoder on synthetic digits, with a builder and a trainer that reports events. Then
 * generates samples, and prints them as characters. */
#include <stdio.h>

#include "genlat/train.h"
#include "genlat/vae.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((status = (call)) != GENLAT_OK)                                                                            \
            goto end;                                                                                                  \
    } while (0)

/* The trainer calls this function in the training thread. A return value other than 0 stops the training. */
static int32_t on_event(void *user, const genlat_event *event)
{
    double *best = user;
    if (event->kind != GENLAT_EVENT_VALID)
        return 0;
    printf("epoch %lld of %lld:", (long long)event->epoch, (long long)event->epochs);
    for (int64_t i = 0; i < event->count && i < 3; i++)
        printf("  %s %.2f", event->names[i], event->values[i]);
    printf("\n");
    if (event->values[0] < *best)
        *best = event->values[0];
    return 0;
}

/* Prints images of 28 x 28 grey values next to each other. A line of text represents two lines of pixels. */
static void draw(const genlat_tensor *images, int64_t n)
{
    static const char shades[] = " .:-=+*#%@";
    for (int y = 0; y < 28; y += 2) {
        for (int64_t i = 0; i < n; i++) {
            const float *image = genlat_tensor_const_data(images) + i * 28 * 28;
            for (int x = 0; x < 28; x++) {
                float grey = (image[y * 28 + x] + image[(y + 1) * 28 + x]) / 2;
                int shade = (int)(grey * 10);
                putchar(shades[shade < 0 ? 0 : shade > 9 ? 9 : shade]);
            }
        }
        putchar('\n');
    }
}

/* Builds the model. Setters return nothing: genlat_model_build() returns the first error of all of them. */
static genlat_status build(genlat_ctx *ctx, genlat_source *digits, genlat_model **vae)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "vae", &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_model_builder_set(builder, "encoder", "flatten; dense units=200; relu");
    genlat_model_builder_set(builder, "decoder", "dense units=200; relu; dense units={out}");
    genlat_model_builder_set_int(builder, "latent", 8);
    genlat_model_builder_set(builder, "likelihood", "bernoulli");
    genlat_model_builder_set(builder, "optimizer", "adam lr=2e-3");
    return genlat_model_build(&builder, digits, vae);
}

int main(void)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL, *others = NULL;
    genlat_model *vae = NULL;
    genlat_trainer *trainer = NULL;
    genlat_tensor *samples = NULL;
    genlat_train_opts opts;
    double best = 1e30;
    const double *curve = NULL;
    int64_t epochs = 0, active = 0;
    genlat_status status;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", 4000, 1, &digits));
    TRY(genlat_source_synthetic(ctx, "digits", 500, 2, &others));
    TRY(build(ctx, digits, &vae));

    /* A macro fills an options struct with the defaults, and passes its size to the library. */
    genlat_train_opts_init(&opts);
    opts.epochs = 6;
    opts.batch = 64;
    opts.event = on_event;
    opts.event_user = &best;
    TRY(genlat_trainer_new(vae, digits, others, &opts, &trainer));
    TRY(genlat_trainer_run(trainer));

    /* The history contains every curve of the training. */
    TRY(genlat_trainer_history(trainer, "neg_elbo", &curve, &epochs));
    printf("negative ELBO: %.1f to %.1f nats per digit in %lld epochs\n", curve[0], curve[epochs - 1],
           (long long)epochs);
    TRY(genlat_vae_active_units(vae, others, &active, NULL, NULL));
    printf("%lld of %lld latent dimensions are active\n", (long long)active, (long long)genlat_model_latent(vae));

    TRY(genlat_model_sample(vae, 4, NULL, NULL, &samples));
    draw(samples, 4);
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "02_train_vae: %s\n", genlat_last_error());
    genlat_tensor_destroy(&samples);
    genlat_trainer_destroy(&trainer);
    genlat_model_destroy(&vae);
    genlat_source_destroy(&others);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    return status != GENLAT_OK || best > 200;
}
