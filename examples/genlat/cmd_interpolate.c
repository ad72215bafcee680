/* SPDX-License-Identifier: MIT */
/* genlat interpolate: from samples to others through the latent. One pair with --from and --to; else the
 * first -n samples of the data, each to the one n places later. */
#include "app.h"

int cmd_interpolate(app_state *app)
{
    const app_options *o = &app->opts;
    genlat_vae *vae = NULL;
    genlat_source *source = NULL;
    genlat_tensor *a = NULL, *b = NULL, *labels = NULL, *others = NULL, *y = NULL;
    bool pair = o->from >= 0 || o->to >= 0;
    int64_t n = pair       ? 1
                : o->count ? o->count
                           : 8,
            from = o->from >= 0 ? o->from : 0, to = o->to >= 0 ? o->to : n;
    int status = pair && (o->from < 0 || o->to < 0) ? app_usage(app, "--from and --to go together")
                                                    : output_check(app);
    if (status == APP_OK)
        status = model_load(app, &vae);
    if (status == APP_OK)
        status = data_open(app, &source);
    if (status == APP_OK)
        status = data_read(app, vae, source, from, from + n, &a, &labels);
    if (status == APP_OK)
        status = data_read(app, vae, source, to, to + n, &b, &others);
    if (status == APP_OK && genlat_vae_interpolate(vae, a, b, labels, o->frames, &y) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = output_write(app, y, &(output_layout){.columns = o->frames});
    genlat_tensor_destroy(&y);
    genlat_tensor_destroy(&others);
    genlat_tensor_destroy(&labels);
    genlat_tensor_destroy(&b);
    genlat_tensor_destroy(&a);
    genlat_source_destroy(&source);
    genlat_vae_destroy(&vae);
    return status;
}
