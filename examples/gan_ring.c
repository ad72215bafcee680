/* SPDX-License-Identifier: MIT */
/* Trains a GAN on eight narrow Gaussians on a circle, a problem on which simple GANs lose modes. The default preset
 * avoids this with a relativistic pair loss and exact R1 and R2 penalties. usage: gan_ring [STEPS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genlat/metric.h"
#include "genlat/train.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((status = (call)) != GENLAT_OK)                                                                            \
            goto end;                                                                                                  \
    } while (0)

enum { STEPS = 1000, SIDE = 25, SAMPLES = 2500 };

/* Prints the terms of every 250th step. */
static int32_t on_event(void *user, const genlat_event *event)
{
    (void)user;
    if (event->kind != GENLAT_EVENT_STEP || event->step % 250 != 0)
        return 0;
    printf("step %lld:", (long long)event->step);
    for (int64_t i = 0; i < event->count; i++)
        printf("  %s %.3f", event->names[i], event->values[i]);
    printf("\n");
    return 0;
}

/* Prints the square from -1.2 to 1.2 as text, with a star wherever there is a sample. */
static void draw(const genlat_tensor *points)
{
    char page[SIDE][2 * SIDE + 1];
    const float *xy = genlat_tensor_const_data(points);
    for (int y = 0; y < SIDE; y++) {
        memset(page[y], ' ', 2 * SIDE);
        page[y][2 * SIDE] = '\0';
    }
    for (int i = 0; i < SAMPLES; i++) {
        int column = (int)((xy[2 * i] + 1.2f) / 2.4f * 2 * SIDE), row = (int)((1.2f - xy[2 * i + 1]) / 2.4f * SIDE);
        if (column >= 0 && column < 2 * SIDE && row >= 0 && row < SIDE)
            page[row][column] = '*';
    }
    for (int y = 0; y < SIDE; y++)
        printf("%s\n", page[y]);
}

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_source *ring = NULL;
    genlat_model_builder *builder = NULL;
    genlat_model *gan = NULL;
    genlat_tensor *samples = NULL, *centres = NULL;
    genlat_modes modes = {.size = sizeof modes};
    genlat_train_opts opts;
    const int steps = argc > 1 ? atoi(argv[1]) : STEPS;
    double sd = 0;
    genlat_status status;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "ring", 20000, 1, &ring));

    /* The builder starts with the preset "r3"; a setting changes its schedule. */
    TRY(genlat_model_builder_new(ctx, "gan", &builder));
    genlat_model_builder_set(builder, "lr_schedule", "cosine from=1 to=0.05 steps=1000");
    TRY(genlat_model_build(&builder, ring, &gan));

    genlat_train_opts_init(&opts);
    opts.steps = steps;
    opts.batch = 64;
    opts.event = on_event;
    TRY(genlat_model_fit(gan, ring, NULL, &opts));

    /* Samples come from the averaged generator. */
    TRY(genlat_model_sample(gan, SAMPLES, NULL, NULL, &samples));
    TRY(genlat_source_mixture(ring, &centres, &sd));
    TRY(genlat_metric_modes(samples, centres, sd, &modes));
    draw(samples);
    printf("%lld of %lld modes found, %.0f%% of the samples within 3 standard deviations of a mode\n",
           (long long)modes.found, (long long)modes.modes, 100 * modes.high_quality);
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "gan_ring: %s\n", genlat_last_error());
    genlat_tensor_destroy(&centres);
    genlat_tensor_destroy(&samples);
    genlat_model_destroy(&gan);
    genlat_model_builder_destroy(&builder);
    genlat_source_destroy(&ring);
    genlat_ctx_destroy(&ctx);
    /* After fewer steps, few modes may be found. */
    return status != GENLAT_OK || (steps >= STEPS && modes.found < 4);
}
