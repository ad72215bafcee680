/* SPDX-License-Identifier: MIT */
/* genlat decode: decodes latents or codes from a file. */
#include "app.h"

static int read_codes(app_state *app, genlat_model *model, genlat_tensor **z)
{
    genlat_tensor *codes = NULL;
    int64_t count = 0;
    if (genlat_vae_codes(model, &count, NULL) != GENLAT_OK)
        return app_fail_library(app);
    int status = data_vectors(app, "codes", app->opts.codes, count, "a sample's codes", &codes);
    if (status == APP_OK && genlat_vae_codes_to_latents(model, codes, z) != GENLAT_OK)
        status = app_fail_library(app);
    genlat_tensor_destroy(&codes);
    return status;
}

static int read_latents(app_state *app, genlat_model *model, genlat_tensor **z)
{
    if (!genlat_model_latent(model))
        return app_fail(app, "%s: a %s has no latents", app->model, genlat_model_family(model));
    if (app->opts.codes)
        return app->opts.latents ? app_usage(app, "use either --latents or --codes") : read_codes(app, model, z);
    if (!app->opts.latents)
        return app_usage(app, "--latents or --codes is missing, such as --latents npy:z.npy");
    return data_vectors(app, "latents", app->opts.latents, genlat_model_latent(model), "a latent", z);
}

int cmd_decode(app_state *app)
{
    genlat_model *model = NULL;
    genlat_tensor *z = NULL, *labels = NULL, *x = NULL;
    int status = output_check(app);
    if (status == APP_OK)
        status = model_load(app, &model);
    if (status == APP_OK)
        status = read_latents(app, model, &z);
    if (status == APP_OK)
        status = model_labels(app, model, genlat_tensor_dim(z, 0), &labels);
    if (status == APP_OK)
        status = model_needs_label(app, model, labels);
    if (status == APP_OK && genlat_model_decode(model, z, labels, &x) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_write(
            app, x, &(output_layout){.columns = app->opts.columns, .labels = labels, .about = model_about(model)});
    genlat_tensor_destroy(&x);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&z);
    genlat_model_destroy(&model);
    return status;
}
