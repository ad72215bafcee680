/* SPDX-License-Identifier: MIT */
/* Handle of a layer: a kind of layer and its options; conversion from and to text. */
#include "layer/layer_priv.h"

/* Reports an unknown kind, and lists those of the context before those of the library. */
static genlat_status unknown(const genlat_ctx *ctx, const char *kind)
{
    gnl_unknown names = {.word = kind};
    gnl_ctx_list_kinds(ctx, &names);
    for (const gnl_layer_type *const *type = gnl_layer_types; *type; type++)
        gnl_unknown_add(&names, (*type)->name);
    return gnl_unknown_fail(&names, "unknown layer '%.60s'", kind);
}

static genlat_status layer_alloc(genlat_ctx *ctx, const char *kind, genlat_layer **out)
{
    const gnl_layer_type *type = gnl_layer_type_find(kind);
    const void *own = type ? NULL : gnl_ctx_find_kind(ctx, kind);
    if (own)
        return gnl_layer_of_kind(ctx, own, out);
    if (!type)
        return unknown(ctx, kind);
    genlat_layer *layer = gnl_object_new(ctx, sizeof *layer);
    if (!layer)
        return GENLAT_E_MEMORY;
    layer->type = type;
    if (type->options)
        gnl_options_init(type->options, layer->opts, type->options->size);
    *out = layer;
    return GENLAT_OK;
}

genlat_status gnl_layer_parse(genlat_ctx *ctx, const char *spec, genlat_layer **out)
{
    char kind[GNL_SPEC_KIND];
    const char *pairs = NULL;
    genlat_layer *layer = NULL;
    GNL_TRY(gnl_spec_kind(spec, kind, &pairs));
    GNL_TRY(layer_alloc(ctx, kind, &layer));
    genlat_status status = gnl_spec_pairs(layer->type->options, layer->opts, pairs, kind);
    if (status != GENLAT_OK) {
        gnl_layer_release(layer);
        return status;
    }
    *out = layer;
    return GENLAT_OK;
}

genlat_status gnl_layer_format(const genlat_layer *layer, char *text, size_t capacity)
{
    return gnl_spec_format(layer->type->name, layer->type->options, layer->opts, text, capacity);
}

void gnl_layer_release(genlat_layer *layer)
{
    if (!gnl_object_release(layer))
        return;
    if (layer->own)
        layer->free_own(layer->object.ctx, layer->own);
    gnl_object_free(layer);
}

/* ---- public ---------------------------------------------------------------------------------------- */

genlat_status genlat_layer_new(genlat_ctx *ctx, const char *spec, genlat_layer **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(spec, "spec is NULL");
    return gnl_layer_parse(ctx, spec, out);
}

void genlat_layer_destroy(genlat_layer **layer)
{
    if (!layer)
        return;
    gnl_layer_release(*layer);
    *layer = NULL;
}

genlat_status genlat_layer_format(const genlat_layer *layer, char *text, size_t capacity)
{
    GNL_ENTER();
    GNL_CHECK(layer, "layer is NULL");
    GNL_CHECK(text, "text is NULL");
    return gnl_layer_format(layer, text, capacity);
}

const char *genlat_layer_kind(int32_t index)
{
    for (int32_t i = 0; index >= 0 && gnl_layer_types[i]; i++)
        if (i == index)
            return gnl_layer_types[i]->name;
    return NULL;
}

genlat_status genlat_layer_help(const char *kind, int32_t option, const char **name, const char **help)
{
    GNL_ENTER();
    GNL_CHECK(kind, "kind is NULL");
    const gnl_layer_type *type = gnl_layer_type_find(kind);
    if (!type)
        return gnl_kind_unknown(gnl_layer_types, "layer", kind);
    return gnl_spec_help(type->name, type->help, type->options, option, name, help);
}
