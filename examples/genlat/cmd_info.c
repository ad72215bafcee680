/* SPDX-License-Identifier: MIT */
/* genlat info: what a model is. */
#include <stdio.h>
#include <stdlib.h>

#include "maker.h"

enum { DESCRIPTION = 1 << 20 };

static json_t *shape_json(const maker *m)
{
    int32_t ndim = 0;
    int64_t dims[GENLAT_MAX_DIMS];
    json_t *shape = json_array();
    genlat_status status =
        m->gan ? genlat_gan_data_shape(m->gan, &ndim, dims) : genlat_vae_data_shape(m->vae, &ndim, dims);
    for (int32_t i = 0; status == GENLAT_OK && i < ndim; i++)
        json_array_append_new(shape, json_integer(dims[i]));
    return shape;
}

static int64_t weights_of(const maker *m)
{
    genlat_net *first = m->gan ? genlat_gan_generator(m->gan) : genlat_vae_encoder(m->vae);
    genlat_net *second = m->gan ? genlat_gan_discriminator(m->gan) : genlat_vae_decoder(m->vae);
    return genlat_net_size(first) + genlat_net_size(second);
}

static int tell(app_state *app, const maker *m, const char *text)
{
    int64_t classes = 0, vector = 0, latent = m->gan ? genlat_gan_latent(m->gan) : genlat_vae_latent(m->vae);
    genlat_status status = m->gan ? genlat_gan_condition(m->gan, &classes, &vector)
                                  : genlat_vae_condition(m->vae, &classes, &vector);
    if (status != GENLAT_OK)
        return app_fail_library(app);
    if (!app->opts.json)
        printf("%s", text);
    return output_json(app, json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:s}", "kind", m->gan ? "gan" : "vae",
                                      "latent", (json_int_t)latent, "shape", shape_json(m), "classes",
                                      (json_int_t)classes, "vector", (json_int_t)vector, "weights",
                                      (json_int_t)weights_of(m), "description", text));
}

int cmd_info(app_state *app)
{
    maker model = {NULL, NULL};
    char *text = malloc(DESCRIPTION);
    int status = text ? maker_load(app, &model) : app_fail(app, "no memory");
    genlat_status described = GENLAT_OK;
    if (status == APP_OK)
        described = model.gan ? genlat_gan_describe(model.gan, text, DESCRIPTION)
                              : genlat_vae_describe(model.vae, text, DESCRIPTION);
    if (described != GENLAT_OK)
        status = app_fail_library(app);
    if (status == APP_OK)
        status = tell(app, &model, text);
    maker_destroy(&model);
    free(text);
    return status;
}
