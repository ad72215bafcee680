/* SPDX-License-Identifier: MIT */
/* A conditional GAN draws the digit that is asked for: small nets of dense layers whose critic compares features with the
 * class (projection), kept in balance by an R1 penalty. A classifier tells how often the wish is granted.
 * usage: conditional_digits [DIGIT] */
#include <stdio.h>
#include <stdlib.h>

#include "genlat/genlat.h"

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        if ((status = (call)) != GENLAT_OK)                                                                  \
            goto end;                                                                                        \
    } while (0)

enum { CLASSES = 10, SIDE = 28, ASKED = 500 };

static genlat_status build(genlat_ctx *ctx, genlat_source *digits, genlat_model **gan)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "gan", &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_model_builder_preset(builder, "mlp");
    genlat_model_builder_condition(builder, CLASSES, 0);
    genlat_model_builder_set(builder, "optimizer_g", "adam lr=1e-3 beta1=0 beta2=0.99"); /* of both nets */
    genlat_model_builder_set(builder, "conditioning", "projection");
    genlat_model_builder_set_real(builder, "r1", 0.2);
    genlat_model_builder_set_real(builder, "ema", 5000);
    return genlat_model_build(&builder, digits, gan);
}

/* A small convolutional net, the first preset of the family. */
static genlat_status build_classifier(genlat_ctx *ctx, genlat_source *digits, genlat_model **classifier)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "predictor", &builder);
    return status == GENLAT_OK ? genlat_model_build(&builder, digits, classifier) : status;
}

/* An image as letters, each for one across and two down. */
static void draw(const float *image)
{
    static const char shade[] = " .:*#";
    for (int y = 0; y < SIDE; y += 2) {
        for (int x = 0; x < SIDE; x++) {
            float grey = (image[y * SIDE + x] + image[(y + 1) * SIDE + x]) / 2;
            int level = (int)(grey * 5);
            putchar(shade[level < 0 ? 0 : level > 4 ? 4 : level]);
        }
        putchar('\n');
    }
}

static int most_probable(const float *probability)
{
    int best = 0;
    for (int c = 1; c < CLASSES; c++)
        best = probability[c] > probability[best] ? c : best;
    return best;
}

/* Part of samples, asked for in turn, that the classifier takes for what was asked. */
static genlat_status find_agreement(genlat_model *gan, genlat_model *classifier, double *agreement)
{
    genlat_tensor *made = NULL, *answers = NULL;
    int right = 0;
    genlat_status status;
    TRY(genlat_model_sample(gan, ASKED, NULL, NULL, &made));
    TRY(genlat_predictor_predict(classifier, made, &answers));
    for (int i = 0; i < ASKED; i++)
        right += most_probable(genlat_tensor_const_data(answers) + CLASSES * i) == i % CLASSES;
    *agreement = (double)right / ASKED;
end:
    genlat_tensor_destroy(&answers);
    genlat_tensor_destroy(&made);
    return status;
}

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL;
    genlat_model *classifier = NULL, *gan = NULL;
    genlat_tensor *wish = NULL, *granted = NULL;
    genlat_train_opts opts;
    const int64_t one = 1;
    int digit = argc > 1 ? atoi(argv[1]) : 7;
    double agreement = 0;
    genlat_status status;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", 4000, 1, &digits));
    genlat_train_opts_init(&opts);
    opts.batch = 50;
    opts.steps = 100;
    TRY(build_classifier(ctx, digits, &classifier));
    TRY(genlat_model_fit(classifier, digits, NULL, &opts));

    TRY(build(ctx, digits, &gan));
    opts.steps = 800;
    TRY(genlat_model_fit(gan, digits, NULL, &opts));

    /* A label for each sample that is wanted. Without labels the classes come in turn. */
    TRY(genlat_tensor_new(ctx, 1, &one, &wish));
    genlat_tensor_data(wish)[0] = (float)digit;
    TRY(genlat_model_sample(gan, 1, wish, NULL, &granted));
    printf("asked for a %d:\n", digit);
    draw(genlat_tensor_const_data(granted));
    TRY(find_agreement(gan, classifier, &agreement));
    printf("%.0f %% of %d samples are the digit that was asked for\n", 100 * agreement, ASKED);
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "conditional_digits: %s\n", genlat_last_error());
    genlat_tensor_destroy(&granted);
    genlat_tensor_destroy(&wish);
    genlat_model_destroy(&gan);
    genlat_model_destroy(&classifier);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    return status != GENLAT_OK || agreement < 0.5;
}
