/* SPDX-License-Identifier: MIT */
/* Saves a model to a file and loads it. The loaded model computes the same latents as the saved one, and training that
 * resumes from the file has the same result as training without interruption. */
#include <math.h>
#include <stdio.h>

#include "genlat/train.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((status = (call)) != GENLAT_OK)                                                                            \
            goto end;                                                                                                  \
    } while (0)

static genlat_status build(genlat_ctx *ctx, genlat_source *digits, genlat_model **vae)
{
    genlat_model_builder *builder = NULL;
    genlat_status status = genlat_model_builder_new(ctx, "vae", &builder);
    if (status != GENLAT_OK)
        return status;
    genlat_model_builder_set(builder, "encoder", "flatten; dense units=64; relu");
    genlat_model_builder_set(builder, "decoder", "dense units=64; relu; dense units={out}");
    genlat_model_builder_set_int(builder, "latent", 4);
    return genlat_model_build(&builder, digits, vae);
}

/* Trains until the model has completed this number of epochs in total. */
static genlat_status train(genlat_model *vae, genlat_source *digits, int64_t epochs)
{
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = epochs;
    opts.batch = 50;
    return genlat_model_fit(vae, digits, NULL, &opts);
}

/* Evaluates the model on all data, and prints the first term, which training minimizes. */
static genlat_status measure(genlat_model *vae, genlat_source *digits, const char *what, double *neg_elbo)
{
    double terms[GENLAT_MAX_TERMS] = {0};
    genlat_status status = genlat_model_evaluate(vae, digits, 100, 1, terms);
    *neg_elbo = terms[0];
    if (status == GENLAT_OK)
        printf("%-28s %s %.6f\n", what, genlat_model_term(vae, 0), terms[0]);
    return status;
}

/* Computes the largest difference between the latents that two models compute for the same data. */
static genlat_status compare(genlat_model *a, genlat_model *b, const genlat_source *digits, double *worst)
{
    genlat_tensor *x = NULL, *za = NULL, *zb = NULL;
    genlat_status status;
    TRY(genlat_source_read(digits, 0, 20, &x, NULL));
    TRY(genlat_model_encode(a, x, NULL, &za));
    TRY(genlat_model_encode(b, x, NULL, &zb));
    *worst = 0;
    for (int64_t i = 0; i < genlat_tensor_count(za); i++)
        *worst = fmax(*worst, fabs((double)genlat_tensor_const_data(za)[i] - genlat_tensor_const_data(zb)[i]));
end:
    genlat_tensor_destroy(&zb);
    genlat_tensor_destroy(&za);
    genlat_tensor_destroy(&x);
    return status;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "04_save_load.safetensors";
    genlat_ctx *ctx = NULL;
    genlat_source *digits = NULL;
    genlat_model *saved = NULL, *loaded = NULL, *uninterrupted = NULL;
    char text[4096];
    double worst = INFINITY, resumed = 0, whole = 1;
    genlat_status status;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", 1000, 1, &digits));

    /* Trains two epochs, and saves the model. The file contains architecture, weights, optimizer state and the
     * progress of training. Saving is atomic: it replaces an existing file completely or not at all. */
    TRY(build(ctx, digits, &saved));
    TRY(train(saved, digits, 2));
    TRY(genlat_model_save(saved, path));

    TRY(genlat_model_load(ctx, path, &loaded));
    TRY(genlat_model_describe(loaded, text, sizeof text));
    printf("contents of %s:\n%s\n", path, text);
    TRY(compare(saved, loaded, digits, &worst));
    printf("latents of the saved and the loaded model differ by %g\n", worst);

    /* Trains two more epochs, and compares with four epochs without interruption. */
    TRY(train(loaded, digits, 4));
    TRY(measure(loaded, digits, "2 epochs, save, 2 epochs:", &resumed));
    TRY(build(ctx, digits, &uninterrupted));
    TRY(train(uninterrupted, digits, 4));
    TRY(measure(uninterrupted, digits, "4 epochs:", &whole));
    printf("%s\n", resumed == whole ? "the values are identical" : "the values differ");
end:
    if (status != GENLAT_OK)
        fprintf(stderr, "04_save_load: %s\n", genlat_last_error());
    remove(path);
    genlat_model_destroy(&uninterrupted);
    genlat_model_destroy(&loaded);
    genlat_model_destroy(&saved);
    genlat_source_destroy(&digits);
    genlat_ctx_destroy(&ctx);
    return status != GENLAT_OK || worst > 0 || resumed != whole;
}
