/* SPDX-License-Identifier: MIT */
/* genlat train vae: what is particular to a VAE. */
#include <stdio.h>
#include <string.h>

#include "maker.h"
#include "train_kind.h"

enum { SAMPLES = 100, POINTS = 1000, RECONSTRUCTIONS = 30, LATENTS = 2000 };

static int check_preset(const app_state *app)
{
    char known[512] = "";
    const char *name;
    for (int32_t i = 0; app->opts.preset && (name = genlat_vae_preset(i, NULL)) != NULL; i++) {
        size_t used = strlen(known);
        if (strcmp(name, app->opts.preset) == 0)
            return APP_OK;
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", name);
    }
    return *known ? app_usage(app, "unknown preset '%s'; known: %s", app->opts.preset, known) : APP_OK;
}

static int make(app_state *app, genlat_source *train, void **model)
{
    genlat_vae_builder *builder = NULL;
    genlat_vae *vae = NULL;
    if (app->opts.resume) {
        if (genlat_vae_load(app->ctx, app->opts.resume, &vae) != GENLAT_OK)
            return app_fail_library(app);
        *model = vae;
        return APP_OK;
    }
    int checked = check_preset(app);
    if (checked != APP_OK)
        return checked;
    if (genlat_vae_builder_new(app->ctx, &builder) != GENLAT_OK)
        return app_fail_library(app);
    if (app->opts.preset)
        genlat_vae_builder_preset(builder, app->opts.preset);
    for (int64_t i = 0; i < app->setting_count; i++)
        genlat_vae_builder_set(builder, app->settings[i].key, app->settings[i].value);
    genlat_status status = genlat_vae_build(&builder, train, &vae);
    *model = vae;
    return status == GENLAT_OK ? APP_OK : app_fail_setting(app, status);
}

static genlat_status trainer(void *model, genlat_source *train, genlat_source *valid,
                             const genlat_train_opts *opts, genlat_trainer **out)
{
    return genlat_trainer_vae(model, train, valid, opts, out);
}

static genlat_status save(void *model, const char *path)
{
    return genlat_vae_save(model, path);
}

static void destroy(void *model)
{
    genlat_vae *vae = model;
    genlat_vae_destroy(&vae);
}

/* Whether samples can be shown: images, or points in a plane. */
static bool visible(genlat_source *source, bool *image)
{
    *image = train_images(source);
    return *image || (genlat_source_ndim(source) == 1 && genlat_source_dim(source, 0) == 2);
}

static int plot_samples(app_state *app, genlat_vae *vae, bool image)
{
    char path[1024];
    genlat_tensor *x = NULL;
    genlat_sample_opts opts;
    genlat_sample_opts_init(&opts);
    /* A seed of its own: pictures leave the training as it is, and show the same latents each time. */
    opts.seed = app->ctx_opts.seed;
    opts.draw = !image;
    int64_t classes = 0, vector = 0;
    if (genlat_vae_condition(vae, &classes, &vector) == GENLAT_OK && vector > 0)
        return APP_OK;
    if (genlat_vae_sample_with(vae, image ? SAMPLES : POINTS, NULL, &opts, &x) != GENLAT_OK)
        return app_fail_library(app);
    train_plot_path(app, "samples", image, path, sizeof path);
    int status = output_picture(app, path, x, &(output_layout){.columns = 10});
    genlat_tensor_destroy(&x);
    return status;
}

static int plot_reconstructions(app_state *app, genlat_vae *vae, genlat_source *source, bool image)
{
    char path[1024];
    genlat_tensor *x = NULL, *labels = NULL, *y = NULL;
    int64_t n = image ? RECONSTRUCTIONS : POINTS, count = genlat_source_count(source);
    int status = data_read(app, vae, source, 0, n < count ? n : count, &x, &labels);
    if (status == APP_OK && genlat_vae_reconstruct(vae, x, labels, &y) != GENLAT_OK)
        status = app_fail_library(app);
    train_plot_path(app, "reconstructions", image, path, sizeof path);
    if (status == APP_OK)
        status = output_picture(app, path, y, &(output_layout){.columns = 10, .originals = x});
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

static int plot_latent(app_state *app, genlat_vae *vae, genlat_source *source)
{
    char path[1024];
    genlat_tensor *x = NULL, *labels = NULL, *z = NULL;
    int64_t count = genlat_source_count(source), classes = genlat_source_classes(source);
    int status = APP_OK;
    if (genlat_source_read(source, 0, LATENTS < count ? LATENTS : count, &x, classes ? &labels : NULL) !=
            GENLAT_OK ||
        genlat_vae_encode(vae, x, model_conditional(vae) ? labels : NULL, &z, NULL) != GENLAT_OK)
        status = app_fail_library(app);
    train_plot_path(app, "latent", false, path, sizeof path);
    if (status == APP_OK)
        status = output_picture(app, path, z,
                                &(output_layout){.latent = true, .labels = labels, .classes = classes});
    genlat_tensor_destroy(&z);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&x);
    return status;
}

static int pictures(app_state *app, void *model, genlat_source *source)
{
    bool image = false;
    int status = APP_OK;
    if (visible(source, &image)) {
        status = plot_samples(app, model, image);
        if (status == APP_OK)
            status = plot_reconstructions(app, model, source, image);
    }
    return status == APP_OK ? plot_latent(app, model, source) : status;
}

static int frame(app_state *app, void *model, genlat_source *source, int64_t n, genlat_tensor **x)
{
    int64_t vector = 0;
    const maker made = {.vae = model};
    const maker_draw draw = {.seed = app->ctx_opts.seed, .temperature = 1};
    if (!train_images(source) || genlat_vae_condition(model, NULL, &vector) != GENLAT_OK || vector > 0)
        return APP_OK;
    return maker_sample(app, &made, n, NULL, &draw, x);
}

int cmd_train_vae(app_state *app)
{
    static const train_curve curves[] = {
        {"neg_elbo", "nats a sample"}, {"recon", "nats a sample"}, {"kl", "nats a sample"}, {NULL, NULL}};
    static const train_kind kind = {curves, make, trainer, save, pictures, frame, destroy};
    return train_run(app, &kind);
}
