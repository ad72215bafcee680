/* SPDX-License-Identifier: MIT */
/* A variational autoencoder learns digits that the library draws: builder, trainer with events, and then what
 * the model is for: samples from noise, drawn here with letters. */
#include <stdio.h>

#include "genlat/train.h"
#include "genlat/vae.h"

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        if ((status = (call)) != GENLAT_OK)                                                                  \
            goto end;                                                                                        \
    } while (0)

/* Called by the trainer, in the thread that trains. Returning anything but 0 ends the training early. */
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

/* Images of 28 x 28 grey values side by side, two lines of pixels in one of text. */
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

/* What the model is made of. Setters return nothing: the first error of them all is told by
 * genlat_model_build(). */
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

    /* Options structs are filled with defaults by a macro that tells the library their size. */
    genlat_train_opts_init(&opts);
    opts.epochs = 6;
    opts.batch = 64;
    opts.event = on_event;
    opts.event_user = &best;
    TRY(genlat_trainer_new(vae, digits, others, &opts, &trainer));
    TRY(genlat_trainer_run(trainer));

    /* The history holds every curve of the training. */
    TRY(genlat_trainer_history(trainer, "neg_elbo", &curve, &epochs));
    printf("training went from %.1f to %.1f nats a digit in %lld epochs\n", curve[0], curve[epochs - 1],
           (long long)epochs);
    TRY(genlat_vae_active_units(vae, others, &active, NULL, NULL));
    printf("%lld of %lld latent dimensions are used\n", (long long)active, (long long)genlat_model_latent(vae));

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
