/* SPDX-License-Identifier: MIT */
/* Learns to read digits from 50 labels among 2000 samples, and draws the digit 7. Usage: few_labels [epochs] */
#include <genlat/genlat.h>
#include <stdio.h>
#include <stdlib.h>

#define TRY(call)                                                                                                      \
    if ((call) != GENLAT_OK)                                                                                           \
    goto done

int main(int argc, char **argv)
{
    genlat_ctx *ctx = NULL;
    genlat_source *all = NULL, *few = NULL, *test = NULL;
    genlat_model_builder *builder = NULL;
    genlat_model *model = NULL;
    genlat_tensor *seven = NULL, *samples = NULL;
    genlat_transform_opts hide;
    genlat_train_opts train;
    double terms[GENLAT_MAX_TERMS];
    int status = EXIT_FAILURE;

    TRY(genlat_ctx_new(NULL, &ctx));
    TRY(genlat_source_synthetic(ctx, "digits", 2000, 1, &all));
    TRY(genlat_source_synthetic(ctx, "digits", 500, 2, &test));
    genlat_transform_opts_init(&hide);
    hide.labelled = 50; /* the labels of the other samples become -1 */
    TRY(genlat_source_transform(all, &hide, &few));

    TRY(genlat_model_builder_new(ctx, "semi", &builder));
    genlat_model_builder_set(builder, "architecture", "mlp widths=128");
    genlat_model_builder_set(builder, "optimizer", "adam lr=2e-3");
    TRY(genlat_model_build(&builder, few, &model));
    genlat_train_opts_init(&train);
    train.epochs = argc > 1 ? atoi(argv[1]) : 30;
    TRY(genlat_model_fit(model, few, NULL, &train));

    TRY(genlat_model_evaluate(model, test, 100, 1, terms));
    for (int i = 0; genlat_model_term(model, i); i++)
        printf("%s %g\n", genlat_model_term(model, i), terms[i]);

    TRY(genlat_tensor_new(ctx, 1, (int64_t[]){1}, &seven));
    genlat_tensor_data(seven)[0] = 7;
    TRY(genlat_model_sample(model, 1, seven, NULL, &samples));
    for (int i = 0; i < 28 * 28; i++)
        printf("%c%s", " .:*#"[(int)(genlat_tensor_data(samples)[i] * 4.99f)], i % 28 == 27 ? "\n" : "");
    status = EXIT_SUCCESS;

done:
    if (status != EXIT_SUCCESS)
        fprintf(stderr, "%s\n", genlat_last_error());
    genlat_tensor_destroy(&samples);
    genlat_tensor_destroy(&seven);
    genlat_model_destroy(&model);
    genlat_model_builder_destroy(&builder);
    genlat_source_destroy(&test);
    genlat_source_destroy(&few);
    genlat_source_destroy(&all);
    genlat_ctx_destroy(&ctx);
    return status;
}
