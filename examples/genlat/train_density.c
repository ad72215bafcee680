/* SPDX-License-Identifier: MIT */
/* genlat train gmm, ppca, rbm: curves and pictures of classical densities. */
#include "train_kind.h"

enum { SAMPLES = 100, POINTS = 1000, COMPONENTS = 100 };

/* Latents 1 for one dimension each and 0 for the others, times a length. */
static int unit_latents(app_state *app, const genlat_model *model, float length, genlat_tensor **out)
{
    const int64_t latent = genlat_model_latent(model), n = latent < COMPONENTS ? latent : COMPONENTS;
    if (genlat_tensor_new(app->ctx, 2, (int64_t[]){n, latent}, out) != GENLAT_OK ||
        genlat_tensor_fill(*out, 0) != GENLAT_OK)
        return app_fail_library(app);
    for (int64_t i = 0; i < n; i++)
        genlat_tensor_data(*out)[i * latent + i] = length;
    return APP_OK;
}

/* Decodes one latent dimension after the other: the means of a mixture, the axes of a principal component analysis, the
 * weights of hidden units. */
static int plot_components(app_state *app, genlat_model *model, bool image, float length)
{
    char path[1024];
    genlat_tensor *z = NULL, *x = NULL;
    int status = unit_latents(app, model, length, &z);
    if (status == APP_OK && genlat_model_decode(model, z, NULL, &x) != GENLAT_OK)
        status = app_fail_library(app);
    train_plot_path(app, "components", image, path, sizeof path);
    if (status == APP_OK)
        status = output_picture(app, path, x, &(output_layout){.columns = 10});
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&z);
    return status;
}

static int plot_all(app_state *app, genlat_model *model, genlat_source *source, float length)
{
    char path[1024];
    genlat_tensor *x = NULL;
    const bool image = train_images(source);
    if (!image && (genlat_source_ndim(source) != 1 || genlat_source_dim(source, 0) != 2))
        return APP_OK;
    train_plot_path(app, "samples", image, path, sizeof path);
    int status = model_sample(app, model, image ? SAMPLES : POINTS, NULL, !image, &x);
    if (status == APP_OK)
        status = output_picture(app, path, x, &(output_layout){.columns = 10});
    genlat_tensor_destroy(&x);
    return status == APP_OK ? plot_components(app, model, image, length) : status;
}

static int plot_units(app_state *app, genlat_model *model, genlat_source *source)
{
    return plot_all(app, model, source, 1);
}

/* Axes at three standard deviations. */
static int plot_axes(app_state *app, genlat_model *model, genlat_source *source)
{
    return plot_all(app, model, source, 3);
}

static const train_curve curves[] = {{"nll", "nats per sample"}, {"recon", "nats per sample"}, {NULL, NULL}};

int cmd_train_gmm(app_state *app)
{
    static const train_kind kind = {"gmm", curves, plot_units};
    return train_run(app, &kind);
}

int cmd_train_ppca(app_state *app)
{
    static const train_kind kind = {"ppca", curves, plot_axes};
    return train_run(app, &kind);
}

int cmd_train_rbm(app_state *app)
{
    static const train_kind kind = {"rbm", curves, plot_units};
    return train_run(app, &kind);
}
