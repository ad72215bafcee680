/* SPDX-License-Identifier: MIT */
/* Trains a VAE on digits of which half the pixels are missing, and completes one. Usage: complete [epochs] */
#include <genlat/genlat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TRY(call)                                                                                                      \
    if ((call) != GENLAT_OK)                                                                                           \
    goto done

enum { COUNT = 2000, PIXELS = 28 * 28 };

static void print_image(const float *x)
{
    for (int i = 0; i < PIXELS; i++)
        printf("%c%s", isnan(x[i]) ? '?' : " .:*#"[(int)(x[i] * 4.99f)], i % 28 == 27 ? "\n" : "");
}

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_rng *rng = NULL;
    genlat_source *whole = NULL, *partial = NULL;
    genlat_model_builder *builder = NULL;
    genlat_model *model = NULL;
    genlat_tensor *x = NULL, *one = NULL, *y = NULL;
    genlat_train_opts train;
    float chance[PIXELS];
    int status = EXIT_FAILURE;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", COUNT, 1, &whole));
    TRY(genlat_source_read(whole, 0, COUNT, &x, NULL));
    TRY(genlat_rng_new(ctx, 1, 0, &rng));
    for (int i = 0; i < COUNT; i++) { /* a missing value is NaN */
        TRY(genlat_rng_uniform(rng, PIXELS, 0, 1, chance));
        for (int j = 0; j < PIXELS; j++)
            if (chance[j] < 0.5f)
                genlat_tensor_data(x)[i * PIXELS + j] = NAN;
    }
    TRY(genlat_source_memory(ctx, x, NULL, &partial));

    TRY(genlat_model_builder_new(ctx, "vae", &builder));
    genlat_model_builder_set(builder, "architecture", "mlp widths=128");
    genlat_model_builder_set(builder, "missing", "fill");
    TRY(genlat_model_build(&builder, partial, &model));
    genlat_train_opts_init(&train);
    train.epochs = argc > 1 ? atoi(argv[1]) : 30;
    TRY(genlat_model_fit(model, partial, NULL, &train));

    TRY(genlat_source_read(partial, 0, 1, &one, NULL));
    TRY(genlat_model_complete(model, one, NULL, NULL, &y)); /* opts.draws: several completions */
    print_image(genlat_tensor_const_data(one));
    print_image(genlat_tensor_const_data(y));
    status = EXIT_SUCCESS;

done:
    if (status != EXIT_SUCCESS)
        fprintf(stderr, "%s\n", genlat_last_error());
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&one);
    genlat_model_destroy(&model);
    genlat_model_builder_destroy(&builder);
    genlat_source_destroy(&partial);
    genlat_rng_destroy(&rng);
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&whole);
    genlat_ctx_destroy(&ctx);
    return status;
}
