/* SPDX-License-Identifier: MIT */
/* genlat info: what a model is. */
#include <stdio.h>
#include <stdlib.h>

#include "app.h"

enum { DESCRIPTION = 1 << 20 };

static json_t *shape_json(const genlat_vae *vae)
{
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    json_t *shape = json_array();
    if (genlat_vae_data_shape(vae, &ndim, dims) != GENLAT_OK)
        return shape;
    for (int32_t i = 0; i < ndim; i++)
        json_array_append_new(shape, json_integer(dims[i]));
    return shape;
}

static int tell(app_state *app, genlat_vae *vae, const char *text)
{
    int64_t classes = 0, vector = 0;
    json_int_t weights = genlat_net_size(genlat_vae_encoder(vae)) + genlat_net_size(genlat_vae_decoder(vae));
    if (genlat_vae_condition(vae, &classes, &vector) != GENLAT_OK)
        return app_fail_library(app);
    if (!app->opts.json)
        printf("%s", text);
    return output_json(app, json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:s}", "kind", "vae", "latent",
                                      (json_int_t)genlat_vae_latent(vae), "shape", shape_json(vae), "classes",
                                      (json_int_t)classes, "vector", (json_int_t)vector, "weights", weights,
                                      "description", text));
}

int cmd_info(app_state *app)
{
    genlat_vae *vae = NULL;
    char *text = malloc(DESCRIPTION);
    int status = text ? model_load(app, &vae) : app_fail(app, "no memory");
    if (status == APP_OK && genlat_vae_describe(vae, text, DESCRIPTION) != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = tell(app, vae, text);
    genlat_vae_destroy(&vae);
    free(text);
    return status;
}
