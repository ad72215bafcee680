/* SPDX-License-Identifier: MIT */
/* The default GAN learns to draw digits, and a classifier that the library trains itself measures how far it has come: the
 * Frechet distance between samples and digits that neither has seen, in the classifier's features.
 * usage: gan_digits [STEPS [PICTURE.png]]; a hundred steps show blots that fall in line, some thousands digits. */
#include <stdio.h>
#include <stdlib.h>

#include "genlat/files.h"
#include "genlat/genlat.h"

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        if ((status = (call)) != GENLAT_OK)                                                                  \
            goto end;                                                                                        \
    } while (0)

enum { TRAINING = 2000, TEST = 500, STEPS = 80, COLUMNS = 10, PICTURES = 50 };

static genlat_status train_classifier(genlat_predictor *classifier, genlat_source *digits)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.steps = 100;
    opts.batch = 50;
    return genlat_predictor_fit(classifier, digits, &opts);
}

/* Distance between samples [n,...] and others in the features of the classifier. */
static genlat_status compare(genlat_predictor *classifier, const genlat_tensor *a, const genlat_tensor *b,
                             double *distance)
{
    genlat_tensor *features_a = NULL, *features_b = NULL;
    genlat_status status;
    TRY(genlat_predictor_features(classifier, a, &features_a));
    TRY(genlat_predictor_features(classifier, b, &features_b));
    TRY(genlat_metric_frechet_distance(features_a, features_b, distance));
end:
    genlat_tensor_destroy(&features_a);
    genlat_tensor_destroy(&features_b);
    return status;
}

static genlat_status measure(genlat_gan *gan, genlat_predictor *classifier, const genlat_tensor *real,
                             double *distance)
{
    genlat_tensor *made = NULL;
    genlat_status status;
    TRY(genlat_gan_generate(gan, TEST, NULL, NULL, &made));
    TRY(compare(classifier, real, made, distance));
end:
    genlat_tensor_destroy(&made);
    return status;
}

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL, *others = NULL;
    genlat_predictor *classifier = NULL;
    genlat_predictor_terms terms = {.size = sizeof terms};
    genlat_gan_builder *builder = NULL;
    genlat_gan *gan = NULL;
    genlat_tensor *real = NULL, *training = NULL, *pictures = NULL;
    genlat_train_opts opts;
    double own = 0, before = 0, after = 0;
    genlat_status status;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", TRAINING, 1, &digits));
    TRY(genlat_source_synthetic(ctx, "digits", TEST, 2, &others));
    TRY(genlat_source_read(others, 0, TEST, &real, NULL));
    TRY(genlat_source_read(digits, 0, TEST, &training, NULL));

    /* NULL stands for the preset "classifier", a small convolutional net. */
    TRY(genlat_predictor_new(ctx, digits, NULL, &classifier));
    TRY(train_classifier(classifier, digits));
    TRY(genlat_predictor_evaluate(classifier, others, TEST, &terms));
    printf("the classifier finds %.1f %% of unseen digits\n", 100 * terms.accuracy);

    /* The default GAN; its average follows closely, as the training is short. */
    TRY(genlat_gan_builder_new(ctx, &builder));
    genlat_gan_builder_set(builder, "ema", "500");
    TRY(genlat_gan_build(&builder, digits, &gan));
    TRY(measure(gan, classifier, real, &before));
    genlat_train_opts_init(&opts);
    opts.steps = argc > 1 ? strtoll(argv[1], NULL, 10) : STEPS;
    opts.batch = 16;
    TRY(genlat_gan_fit(gan, digits, &opts));

    TRY(measure(gan, classifier, real, &after));
    TRY(compare(classifier, real, training, &own));
    printf("Frechet distance to unseen digits: %.1f untrained, %.1f after %lld steps; the training digits "
           "themselves: %.1f\n",
           before, after, (long long)opts.steps, own);
    if (argc > 2) {
        TRY(genlat_gan_generate(gan, PICTURES, NULL, NULL, &pictures));
        TRY(genlat_png_grid(argv[2], pictures, COLUMNS, 2, 0, 1));
        printf("wrote %s\n", argv[2]);
    }
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "gan_digits: %s\n", genlat_last_error());
    genlat_tensor_destroy(&pictures);
    genlat_tensor_destroy(&training);
    genlat_tensor_destroy(&real);
    genlat_gan_destroy(&gan);
    genlat_predictor_destroy(&classifier);
    genlat_source_destroy(&others);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    return status != GENLAT_OK || !(own < after && after < before);
}
