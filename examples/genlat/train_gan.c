/* SPDX-License-Identifier: MIT */
/* genlat train gan: curves and pictures of a GAN. */
#include <stdio.h>
#include <string.h>

#include "train_kind.h"

enum { SAMPLES = 100, POINTS = 1000 };

/* Draws real and generated points in two colours. */
static int plot_points(app_state *app, genlat_source *source, const genlat_tensor *generated, const char *path)
{
    static const char *const names[] = {"real", "generated"};
    genlat_tensor *real = NULL, *both = NULL, *labels = NULL;
    int64_t count = genlat_source_count(source), n = count < POINTS ? count : POINTS, all = n + POINTS;
    int status = APP_OK;
    if (genlat_source_read(source, 0, n, &real, NULL) != GENLAT_OK ||
        genlat_tensor_new(app->ctx, 2, (int64_t[]){all, 2}, &both) != GENLAT_OK ||
        genlat_tensor_new(app->ctx, 1, &all, &labels) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK) {
        memcpy(genlat_tensor_data(both), genlat_tensor_const_data(real), 2 * (size_t)n * sizeof(float));
        memcpy(genlat_tensor_data(both) + 2 * n, genlat_tensor_const_data(generated), 2 * POINTS * sizeof(float));
        for (int64_t i = 0; i < all; i++)
            genlat_tensor_data(labels)[i] = i >= n;
        status = output_picture(app, path, both,
                                &(output_layout){.labels = labels,
                                                 .classes = 2,
                                                 .title = "real and generated samples",
                                                 .about = {.classes = 2, .class_names = names}});
    }
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&both);
    genlat_tensor_destroy(&real);
    return status;
}

static int pictures(app_state *app, genlat_model *model, genlat_source *source)
{
    char path[1024];
    genlat_tensor *x = NULL;
    bool image = train_images(source), points = genlat_source_ndim(source) == 1 && genlat_source_dim(source, 0) == 2;
    if (model_vector(model) > 0 || !(image || points))
        return APP_OK;
    train_plot_path(app, "samples", image, path, sizeof path);
    int status = model_sample(app, model, image ? SAMPLES : POINTS, NULL, false, &x);
    if (status == APP_OK)
        status =
            image ? output_picture(app, path, x, &(output_layout){.columns = 10}) : plot_points(app, source, x, path);
    genlat_tensor_destroy(&x);
    return status;
}

int cmd_train_gan(app_state *app)
{
    static const train_curve curves[] = {{"d_loss", NULL},  {"d_real", NULL},      {"d_fake", NULL},
                                         {"g_loss", NULL},  {"d_grad_norm", NULL}, {"g_grad_norm", NULL},
                                         {"penalty", NULL}, {NULL, NULL}};
    static const train_kind kind = {"gan", curves, pictures};
    return train_run(app, &kind);
}
