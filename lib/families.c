/* SPDX-License-Identifier: MIT */
/* Lists every family of models, one line each. No other file depends on all families. */
#include "genlat/io.h"
#include "gan/gan.h"
#include "gmm/gmm.h"
#include "model/builder.h"
#include "ppca/ppca.h"
#include "predictor/predictor.h"
#include "rbm/rbm.h"
#include "vae/vae.h"

const gnl_model_type *const gnl_families[] = {
    &gnl_vae_type, &gnl_gan_type,  &gnl_predictor_type, &gnl_semi_type,
    &gnl_gmm_type, &gnl_ppca_type, &gnl_rbm_type,       NULL,
};

static const gnl_model_type *find(const char *name)
{
    for (const gnl_model_type *const *type = gnl_families; *type; type++)
        if (strcmp((*type)->name, name) == 0)
            return *type;
    return NULL;
}

const char *genlat_model_family_name(int32_t index, const char **help)
{
    const gnl_model_type *type = NULL;
    for (int32_t i = 0; index >= 0 && gnl_families[i]; i++)
        if (i == index)
            type = gnl_families[i];
    if (help)
        *help = type ? type->help : NULL;
    return type ? type->name : NULL;
}

const char *genlat_model_preset(const char *family, int32_t index, const char **help)
{
    const gnl_model_type *type = family ? find(family) : NULL;
    const gnl_preset *preset = NULL;
    for (int32_t i = 0; type && index >= 0 && type->presets[i].name; i++)
        if (i == index)
            preset = &type->presets[i];
    if (help)
        *help = preset ? preset->help : NULL;
    return preset ? preset->name : NULL;
}

static genlat_status unknown_family(const char *family)
{
    gnl_unknown names = {.word = family};
    for (const gnl_model_type *const *type = gnl_families; *type; type++)
        gnl_unknown_add(&names, (*type)->name);
    return gnl_unknown_fail(&names, "unknown family of models '%.60s'", family);
}

genlat_status genlat_model_builder_new(genlat_ctx *ctx, const char *family, genlat_model_builder **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(family, "family is NULL");
    const gnl_model_type *type = find(family);
    if (!type)
        return unknown_family(family);
    return gnl_builder_new(ctx, type, out);
}

genlat_status genlat_model_load(genlat_ctx *ctx, const char *path, genlat_model **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(path, "path is NULL");
    return gnl_model_load(ctx, gnl_input_file(path), find, out);
}

genlat_status genlat_model_load_memory(genlat_ctx *ctx, const void *bytes, size_t size, genlat_model **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(bytes, "bytes is NULL");
    return gnl_model_load(ctx, gnl_input_memory(bytes, size, "memory"), find, out);
}

genlat_status genlat_model_load_stream(genlat_ctx *ctx, const genlat_stream_table *stream, genlat_model **out)
{
    gnl_input input;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_TRY(gnl_input_stream(stream, &input));
    return gnl_model_load(ctx, input, find, out);
}
