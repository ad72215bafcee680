/* SPDX-License-Identifier: MIT */
/* A conditional GAN that generates a requested digit: small nets of dense layers, a projection discriminator and an R1
 * penalty. A classifier measures how often samples have the requested class.
 * usage: conditional_digits [DIGIT [STEPS]] */
#include <stdio.h>
#include <stdlib.h>

#include "genlat/genlat.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((status = (call)) != GENLAT_OK)                                                                            \
            goto end;                                                                                                  \
    } while (0)

enum { CLASSES = 10, SIDE = 28, REQUESTED = 500, STEPS = 800 };

static genlat_status build(genlat_ctx *ctx, genlat_source *digits, genlat_model **gan)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "gan", &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_model_builder_preset(builder, "mlp");
    genlat_model_builder_condition(builder, CLASSES, 0);
    genlat_model_builder_set(builder, "optimizer_g", "adam lr=1e-3 beta1=0 beta2=0.99"); /* for both nets */
    genlat_model_builder_set(builder, "conditioning", "projection");
    genlat_model_builder_set_real(builder, "r1", 0.2);
    genlat_model_builder_set_real(builder, "ema", 5000);
    return genlat_model_build(&builder, digits, gan);
}

/* Builds a small convolutional net, the first preset of the family. */
static genlat_status build_classifier(genlat_ctx *ctx, genlat_source *digits, genlat_model **classifier)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "predictor", &builder);
    return status == GENLAT_OK ? genlat_model_build(&builder, digits, classifier) : status;
}

/* Prints an image as text. A line of text represents two lines of pixels. */
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

/* Computes the fraction of samples that the classifier assigns to the requested class. The classes are requested in
 * turn. */
static genlat_status find_agreement(genlat_model *gan, genlat_model *classifier, double *agreement)
{
    genlat_tensor *samples = NULL, *predictions = NULL;
    int correct = 0;
    genlat_status status;
    TRY(genlat_model_sample(gan, REQUESTED, NULL, NULL, &samples));
    TRY(genlat_model_predict(classifier, samples, &predictions));
    for (int i = 0; i < REQUESTED; i++)
        correct += most_probable(genlat_tensor_const_data(predictions) + CLASSES * i) == i % CLASSES;
    *agreement = (double)correct / REQUESTED;
end:
    genlat_tensor_destroy(&predictions);
    genlat_tensor_destroy(&samples);
    return status;
}

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL;
    genlat_model *classifier = NULL, *gan = NULL;
    genlat_tensor *label = NULL, *sample = NULL;
    genlat_train_opts opts;
    const int64_t one = 1;
    int digit = argc > 1 ? atoi(argv[1]) : 7, steps = argc > 2 ? atoi(argv[2]) : STEPS;
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
    opts.steps = steps;
    TRY(genlat_model_fit(gan, digits, NULL, &opts));

    /* Labels contain the class of each sample. Without labels the model uses the classes in turn. */
    TRY(genlat_tensor_new(ctx, 1, &one, &label));
    genlat_tensor_data(label)[0] = (float)digit;
    TRY(genlat_model_sample(gan, 1, label, NULL, &sample));
    printf("a sample of class %d:\n", digit);
    draw(genlat_tensor_const_data(sample));
    TRY(find_agreement(gan, classifier, &agreement));
    printf("%.0f %% of %d samples have the requested class\n", 100 * agreement, REQUESTED);
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "conditional_digits: %s\n", genlat_last_error());
    genlat_tensor_destroy(&sample);
    genlat_tensor_destroy(&label);
    genlat_model_destroy(&gan);
    genlat_model_destroy(&classifier);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    /* After fewer steps the samples are not expected to be recognized. */
    return status != GENLAT_OK || (steps >= STEPS && agreement < 0.5);
}
