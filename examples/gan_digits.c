/* SPDX-License-Identifier: MIT */
/* Trains the default GAN on synthetic digits. Evaluates it by the Frechet distance between its samples and test
 * digits, in the features of a classifier that is also trained here. usage: gan_digits [STEPS [PICTURE.png]]. Samples
 * look like digits after a few thousand steps. */
#include <stdio.h>
#include <stdlib.h>

#include "genlat/files.h"
#include "genlat/genlat.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((status = (call)) != GENLAT_OK)                                                                            \
            goto end;                                                                                                  \
    } while (0)

enum { TRAINING = 2000, TEST = 500, STEPS = 80, COLUMNS = 10, PICTURES = 50 };

/* Without any setting, the builder uses the preset "classifier", a small convolutional net. */
static genlat_status train_classifier(genlat_ctx *ctx, genlat_source *digits, genlat_model **classifier)
{
    genlat_model_builder *builder = NULL;
    genlat_train_opts opts;
    genlat_status status;
    genlat_train_opts_init(&opts);
    opts.steps = 100;
    opts.batch = 50;
    TRY(genlat_model_builder_new(ctx, "predictor", &builder));
    TRY(genlat_model_build(&builder, digits, classifier));
    TRY(genlat_model_fit(*classifier, digits, NULL, &opts));
end:
    return status;
}

/* Computes the Frechet distance between two sets of samples [n,...] in the features of the classifier. */
static genlat_status compare(genlat_model *classifier, const genlat_tensor *a, const genlat_tensor *b, double *distance)
{
    genlat_tensor *features_a = NULL, *features_b = NULL;
    genlat_status status;
    TRY(genlat_model_encode(classifier, a, NULL, &features_a));
    TRY(genlat_model_encode(classifier, b, NULL, &features_b));
    TRY(genlat_metric_frechet_distance(features_a, features_b, distance));
end:
    genlat_tensor_destroy(&features_a);
    genlat_tensor_destroy(&features_b);
    return status;
}

static genlat_status measure(genlat_model *gan, genlat_model *classifier, const genlat_tensor *real, double *distance)
{
    genlat_tensor *samples = NULL;
    genlat_status status;
    TRY(genlat_model_sample(gan, TEST, NULL, NULL, &samples));
    TRY(compare(classifier, real, samples, distance));
end:
    genlat_tensor_destroy(&samples);
    return status;
}

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL, *others = NULL;
    genlat_model *classifier = NULL, *gan = NULL;
    genlat_model_builder *builder = NULL;
    double terms[GENLAT_MAX_TERMS]; /* for a classifier: loss, accuracy, norm of the gradient */
    genlat_tensor *real = NULL, *training = NULL, *pictures = NULL;
    genlat_train_opts opts;
    const long long steps = argc > 1 ? strtoll(argv[1], NULL, 10) : STEPS;
    double baseline = 0, before = 0, after = 0;
    genlat_status status;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", TRAINING, 1, &digits));
    TRY(genlat_source_synthetic(ctx, "digits", TEST, 2, &others));
    TRY(genlat_source_read(others, 0, TEST, &real, NULL));
    TRY(genlat_source_read(digits, 0, TEST, &training, NULL));

    TRY(train_classifier(ctx, digits, &classifier));
    TRY(genlat_model_evaluate(classifier, others, TEST, 1, terms));
    printf("accuracy of the classifier on test digits: %.1f %%\n", 100 * terms[1]);

    /* The default GAN, with a short half-life of its average, because the training is short. */
    TRY(genlat_model_builder_new(ctx, "gan", &builder));
    genlat_model_builder_set_real(builder, "ema", 500);
    TRY(genlat_model_build(&builder, digits, &gan));
    TRY(measure(gan, classifier, real, &before));
    genlat_train_opts_init(&opts);
    opts.steps = steps;
    opts.batch = 16;
    TRY(genlat_model_fit(gan, digits, NULL, &opts));

    TRY(measure(gan, classifier, real, &after));
    TRY(compare(classifier, real, training, &baseline));
    printf("Frechet distance to test digits: %.1f untrained, %.1f after %lld steps; of training digits: %.1f\n", before,
           after, steps, baseline);
    if (argc > 2) {
        TRY(genlat_model_sample(gan, PICTURES, NULL, NULL, &pictures));
        TRY(genlat_png_grid(argv[2], pictures, COLUMNS, 2, 0, 1));
        printf("wrote %s\n", argv[2]);
    }
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "gan_digits: %s\n", genlat_last_error());
    genlat_tensor_destroy(&pictures);
    genlat_tensor_destroy(&training);
    genlat_tensor_destroy(&real);
    genlat_model_destroy(&gan);
    genlat_model_destroy(&classifier);
    genlat_source_destroy(&others);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    /* After fewer steps, samples need not be better than those of the untrained model. */
    return status != GENLAT_OK || (steps >= STEPS && !(baseline < after && after < before));
}
