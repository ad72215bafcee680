/* SPDX-License-Identifier: MIT */
/* genlat train gan: what is particular to a GAN. */
#include <stdio.h>
#include <string.h>

#include "maker.h"
#include "train_kind.h"

enum { SAMPLES = 100, POINTS = 1000 };

static int check_preset(const app_state *app)
{
    char known[512] = "";
    const char *name;
    for (int32_t i = 0; app->opts.preset && (name = genlat_gan_preset(i, NULL)) != NULL; i++) {
        size_t used = strlen(known);
        if (strcmp(name, app->opts.preset) == 0)
            return APP_OK;
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", name);
    }
    return *known ? app_usage(app, "unknown preset '%s'; known: %s", app->opts.preset, known) : APP_OK;
}

static int build(app_state *app, genlat_source *train, genlat_gan **gan)
{
    genlat_gan_builder *builder = NULL;
    int checked = check_preset(app);
    if (checked != APP_OK)
        return checked;
    if (genlat_gan_builder_new(app->ctx, &builder) != GENLAT_OK)
        return app_fail_library(app);
    if (app->opts.preset)
        genlat_gan_builder_preset(builder, app->opts.preset);
    for (int64_t i = 0; i < app->setting_count; i++)
        genlat_gan_builder_set(builder, app->settings[i].key, app->settings[i].value);
    genlat_status status = genlat_gan_build(&builder, train, gan);
    return status == GENLAT_OK ? APP_OK : app_fail_setting(app, status);
}

static int make(app_state *app, genlat_source *train, void **model)
{
    genlat_gan *gan = NULL;
    int status = APP_OK;
    if (!app->opts.resume)
        status = build(app, train, &gan);
    else if (genlat_gan_load(app->ctx, app->opts.resume, &gan) != GENLAT_OK)
        status = app_fail_library(app);
    *model = gan;
    return status;
}

static genlat_status trainer(void *model, genlat_source *train, genlat_source *valid,
                             const genlat_train_opts *opts, genlat_trainer **out)
{
    (void)valid;
    return genlat_trainer_gan(model, train, opts, out);
}

static genlat_status save(void *model, const char *path)
{
    return genlat_gan_save(model, path);
}

static void destroy(void *model)
{
    genlat_gan *gan = model;
    genlat_gan_destroy(&gan);
}

/* Generated points over real ones, in two colours. */
static int plot_points(app_state *app, genlat_source *source, const genlat_tensor *made, const char *path)
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
        memcpy(genlat_tensor_data(both) + 2 * n, genlat_tensor_const_data(made), 2 * POINTS * sizeof(float));
        for (int64_t i = 0; i < all; i++)
            genlat_tensor_data(labels)[i] = i >= n;
        status = output_picture(
            app, path, both,
            &(output_layout){
                .labels = labels, .classes = 2, .title = "real and generated samples", .class_names = names});
    }
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&both);
    genlat_tensor_destroy(&real);
    return status;
}

static int pictures(app_state *app, void *model, genlat_source *source)
{
    char path[1024];
    genlat_tensor *x = NULL;
    int64_t vector = 0;
    bool image = train_images(source),
         points = genlat_source_ndim(source) == 1 && genlat_source_dim(source, 0) == 2;
    const maker made = {.gan = model};
    const maker_draw draw = {.seed = app->ctx_opts.seed, .temperature = 1};
    if (genlat_gan_condition(model, NULL, &vector) != GENLAT_OK || vector > 0 || !(image || points))
        return APP_OK;
    train_plot_path(app, "samples", image, path, sizeof path);
    int status = maker_sample(app, &made, image ? SAMPLES : POINTS, NULL, &draw, &x);
    if (status == APP_OK)
        status = image ? output_picture(app, path, x, &(output_layout){.columns = 10})
                       : plot_points(app, source, x, path);
    genlat_tensor_destroy(&x);
    return status;
}

static int frame(app_state *app, void *model, genlat_source *source, int64_t n, genlat_tensor **x)
{
    int64_t vector = 0;
    const maker made = {.gan = model};
    const maker_draw draw = {.seed = app->ctx_opts.seed, .temperature = 1};
    if (!train_images(source) || genlat_gan_condition(model, NULL, &vector) != GENLAT_OK || vector > 0)
        return APP_OK;
    return maker_sample(app, &made, n, NULL, &draw, x);
}

int cmd_train_gan(app_state *app)
{
    static const train_curve curves[] = {{"d_loss", NULL},  {"d_real", NULL},      {"d_fake", NULL},
                                         {"g_loss", NULL},  {"d_grad_norm", NULL}, {"g_grad_norm", NULL},
                                         {"penalty", NULL}, {NULL, NULL}};
    static const train_kind kind = {curves, make, trainer, save, pictures, frame, destroy};
    return train_run(app, &kind);
}
