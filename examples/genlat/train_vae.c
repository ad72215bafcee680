/* SPDX-License-Identifier: MIT */
/* genlat train vae and train semi: curves and pictures of a VAE. */
#include <stdio.h>
#include <string.h>

#include "train_kind.h"

enum { SAMPLES = 100, POINTS = 1000, RECONSTRUCTIONS = 30, LATENTS = 2000 };

/* Returns whether samples can be drawn: images, or points in a plane. */
static bool can_draw(genlat_source *source, bool *image)
{
    *image = train_images(source);
    return *image || (genlat_source_ndim(source) == 1 && genlat_source_dim(source, 0) == 2);
}

static int plot_samples(app_state *app, genlat_model *model, bool image)
{
    char path[1024];
    genlat_tensor *x = NULL;
    if (model_vector(model) > 0)
        return APP_OK;
    int status = model_sample(app, model, image ? SAMPLES : POINTS, NULL, !image, &x);
    train_plot_path(app, "samples", image, path, sizeof path);
    if (status == APP_OK)
        status = output_picture(app, path, x, &(output_layout){.columns = 10});
    genlat_tensor_destroy(&x);
    return status;
}

static int plot_reconstructions(app_state *app, genlat_model *model, genlat_source *source, bool image)
{
    char path[1024];
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL;
    int64_t n = image ? RECONSTRUCTIONS : POINTS, count = genlat_source_count(source);
    int status = data_read(app, model, source, 0, n < count ? n : count, &x, &labels);
    if (status == APP_OK && genlat_model_reconstruct(model, x, labels, &y) != GENLAT_OK)
        status = app_fail_library(app);
    train_plot_path(app, "reconstructions", image, path, sizeof path);
    if (status == APP_OK)
        status = output_picture(app, path, y, &(output_layout){.columns = 10, .originals = x});
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

static int plot_latent(app_state *app, genlat_model *model, genlat_source *source)
{
    char path[1024];
    genlat_tensor *x = NULL, *labels = NULL, *z = NULL;
    int64_t count = genlat_source_count(source), classes = genlat_source_classes(source);
    int status = APP_OK;
    if (genlat_source_read(source, 0, LATENTS < count ? LATENTS : count, &x, classes ? &labels : NULL) != GENLAT_OK ||
        genlat_model_encode(model, x, model_conditional(model) ? labels : NULL, &z) != GENLAT_OK)
        status = app_fail_library(app);
    train_plot_path(app, "latent", false, path, sizeof path);
    if (status == APP_OK)
        status = output_picture(app, path, z, &(output_layout){.latent = true, .labels = labels, .classes = classes});
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

static int pictures(app_state *app, genlat_model *model, genlat_source *source)
{
    bool image = false;
    int status = APP_OK;
    if (can_draw(source, &image)) {
        status = plot_samples(app, model, image);
        if (status == APP_OK)
            status = plot_reconstructions(app, model, source, image);
    }
    return status == APP_OK ? plot_latent(app, model, source) : status;
}

int cmd_train_semi(app_state *app)
{
    static const train_curve curves[] = {
        {"neg_elbo", "nats per sample"}, {"label_loss", "nats per sample"}, {"accuracy", NULL}, {NULL, NULL}};
    static const train_kind kind = {"semi", curves, pictures};
    return train_run(app, &kind);
}

int cmd_train_vae(app_state *app)
{
    static const train_curve curves[] = {
        {"neg_elbo", "nats per sample"}, {"recon", "nats per sample"}, {"kl", "nats per sample"}, {NULL, NULL}};
    static const train_kind kind = {"vae", curves, pictures};
    return train_run(app, &kind);
}
