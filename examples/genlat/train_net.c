/* SPDX-License-Identifier: MIT */
/* genlat train net: curves and pictures of a predictor. */
#include <stdio.h>
#include <string.h>

#include "train_kind.h"

enum { CHECKED = 5000, SHOWN = 100 };

/* Finds the indices of misclassified samples, at most SHOWN. */
static int64_t find_mistakes(const genlat_tensor *predictions, const genlat_tensor *labels, int64_t *out)
{
    int64_t n = genlat_tensor_dim(predictions, 0), classes = genlat_tensor_dim(predictions, 1), count = 0;
    for (int64_t i = 0; i < n && count < SHOWN; i++) {
        const float *row = genlat_tensor_const_data(predictions) + i * classes;
        int64_t best = 0;
        for (int64_t c = 1; c < classes; c++)
            best = row[c] > row[best] ? c : best;
        if (best != (int64_t)genlat_tensor_const_data(labels)[i])
            out[count++] = i;
    }
    return count;
}

static int plot_samples(app_state *app, genlat_source *source, const int64_t *numbers, int64_t count)
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

/* Draws the images that a classifier assigns to a wrong class. */
static int pictures(app_state *app, genlat_model *model, genlat_source *source)
{
    int64_t numbers[SHOWN], n = genlat_source_count(source);
    genlat_tensor *x = NULL, *labels = NULL, *predictions = NULL;
    if (!train_images(source) || model_classes(model) == 0)
        return APP_OK;
    int status = APP_OK;
    if (genlat_source_read(source, 0, n < CHECKED ? n : CHECKED, &x, &labels) != GENLAT_OK ||
        genlat_model_predict(model, x, &predictions) != GENLAT_OK)
        status = app_fail_library(app);
    int64_t count = status == APP_OK ? find_mistakes(predictions, labels, numbers) : 0;
    if (count > 0)
        status = plot_samples(app, source, numbers, count);
    genlat_tensor_destroy(&predictions);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

int cmd_train_net(app_state *app)
{
    static const train_curve curves[] = {{"loss", "nats per sample"}, {"accuracy", NULL}, {"mse", NULL}, {NULL, NULL}};
    static const train_kind kind = {"predictor", curves, pictures};
    return train_run(app, &kind);
}
