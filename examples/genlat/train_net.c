/* SPDX-License-Identifier: MIT */
/* genlat train net: what is particular to a predictor, a net trained with labels. */
#include <stdio.h>
#include <string.h>

#include "train_kind.h"

enum { LOOKED_AT = 5000, SHOWN = 100 };

/* Numbers of the samples whose class is not found, at most SHOWN. */
static int64_t find_mistakes(const genlat_tensor *answers, const genlat_tensor *labels, int64_t *out)
{
    int64_t n = genlat_tensor_dim(answers, 0), classes = genlat_tensor_dim(answers, 1), count = 0;
    for (int64_t i = 0; i < n && count < SHOWN; i++) {
        const float *row = genlat_tensor_const_data(answers) + i * classes;
        int64_t best = 0;
        for (int64_t c = 1; c < classes; c++)
            best = row[c] > row[best] ? c : best;
        if (best != (int64_t)genlat_tensor_const_data(labels)[i])
            out[count++] = i;
    }
    return count;
}

static int show(app_state *app, genlat_source *source, const int64_t *numbers, int64_t count)
{
    char path[1024];
    genlat_source *some = NULL;
    genlat_tensor *x = NULL;
    int status = APP_OK;
    train_plot_path(app, "mistakes", true, path, sizeof path);
    if (genlat_source_subset(source, numbers, count, &some) != GENLAT_OK ||
        genlat_source_read(some, 0, count, &x, NULL) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_picture(app, path, x, &(output_layout){.columns = 10});
    genlat_tensor_destroy(&x);
    genlat_source_destroy(&some);
    return status;
}

/* The images that a classifier takes for others. */
static int pictures(app_state *app, genlat_model *model, genlat_source *source)
{
    int64_t numbers[SHOWN], n = genlat_source_count(source);
    genlat_tensor *x = NULL, *labels = NULL, *answers = NULL;
    if (!train_images(source) || model_classes(model) == 0)
        return APP_OK;
    int status = APP_OK;
    if (genlat_source_read(source, 0, n < LOOKED_AT ? n : LOOKED_AT, &x, &labels) != GENLAT_OK ||
        genlat_predictor_predict(model, x, &answers) != GENLAT_OK)
        status = app_fail_library(app);
    int64_t count = status == APP_OK ? find_mistakes(answers, labels, numbers) : 0;
    if (count > 0)
        status = show(app, source, numbers, count);
    genlat_tensor_destroy(&answers);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

int cmd_train_net(app_state *app)
{
    static const train_curve curves[] = {
        {"loss", "nats a sample"}, {"accuracy", NULL}, {"mse", NULL}, {NULL, NULL}};
    static const train_kind kind = {"predictor", curves, pictures};
    return train_run(app, &kind);
}
