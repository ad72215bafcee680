/* SPDX-License-Identifier: MIT */
/* The handle: a kind of layer and its options, from and to text. */
#include <stdio.h>

#include "layer/layer_priv.h"

enum { MAX_SPEC = 512 };

static const char BLANKS[] = " \t\r\n";

genlat_status gnl_layer_same_shape(const gnl_shape *in, gnl_layer_plan *plan)
{
    plan->out = in[0];
    return GENLAT_OK;
}

gnl_param gnl_layer_bias(int64_t n, bool torch, int64_t fan_in)
{
    return (gnl_param){.name = "bias",
                       .shape = {1, {n}},
                       .init = {torch ? GNL_INIT_TORCH : GNL_INIT_CONSTANT, torch ? 1 : 0, fan_in, n}};
}

static genlat_status set_pair(genlat_layer *layer, char *word)
{
    char *equals = strchr(word, '=');
    if (!equals)
        return gnl_fail(GENLAT_E_INVALID, "%s: '%s' is no key=value", layer->type->name, word);
    *equals = '\0';
    static const gnl_options_table none = {.size = sizeof(size_t)};
    gnl_options_table table = layer->type->options ? *layer->type->options : none;
    table.name = layer->type->name;
    return gnl_options_set(&table, layer->opts, word, equals + 1, layer->type->name);
}

static genlat_status layer_alloc(genlat_ctx *ctx, const char *kind, genlat_layer **out)
{
    const gnl_layer_type *type = gnl_layer_type_find(kind);
    if (!type)
        return gnl_fail(GENLAT_E_NOT_FOUND, "genlat_layer_new: no layer is called '%s'; genlat_layer_kind lists them",
                        kind);
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
    char copy[MAX_SPEC], *rest = NULL;
    if (strlen(spec) >= sizeof copy)
        return gnl_fail(GENLAT_E_INVALID, "genlat_layer_new: spec is longer than %d bytes", MAX_SPEC - 1);
    strcpy(copy, spec);
    const char *kind = strtok_r(copy, BLANKS, &rest);
    if (!kind)
        return gnl_fail(GENLAT_E_INVALID, "genlat_layer_new: spec is empty, such as \"dense units=10\" wanted");
    genlat_layer *layer = NULL;
    GNL_TRY(layer_alloc(ctx, kind, &layer));
    for (char *word = strtok_r(NULL, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
        genlat_status status = set_pair(layer, word);
        if (status != GENLAT_OK) {
            gnl_layer_release(layer);
            return gnl_fail_in(status, "genlat_layer_new");
        }
    }
    *out = layer;
    return GENLAT_OK;
}

genlat_status gnl_layer_format(const genlat_layer *layer, char *text, size_t capacity)
{
    char options[MAX_SPEC] = "";
    if (layer->type->options)
        GNL_TRY(gnl_options_format(layer->type->options, layer->opts, options, sizeof options));
    int length = snprintf(text, capacity, "%s%s%s", layer->type->name, *options ? " " : "", options);
    if (length < 0 || (size_t)length >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "genlat_layer_format: %zu bytes of room, %d wanted", capacity, length + 1);
    return GENLAT_OK;
}

void gnl_layer_release(genlat_layer *layer)
{
    if (!gnl_object_release(layer))
        return;
    if (layer->own)
        gnl_layer_free_own(layer);
    gnl_object_free(layer);
}

/* ---- public ---------------------------------------------------------------------------------------- */

genlat_status genlat_layer_new(genlat_ctx *ctx, const char *spec, genlat_layer **out)
{
    GNL_REQUIRE(out, "genlat_layer_new", "out is NULL");
    *out = NULL;
    GNL_REQUIRE(ctx, "genlat_layer_new", "ctx is NULL");
    GNL_REQUIRE(spec, "genlat_layer_new", "spec is NULL");
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
    GNL_REQUIRE(layer, "genlat_layer_format", "layer is NULL");
    GNL_REQUIRE(text, "genlat_layer_format", "text is NULL");
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
    GNL_REQUIRE(kind, "genlat_layer_help", "kind is NULL");
    const gnl_layer_type *type = gnl_layer_type_find(kind);
    if (!type)
        return gnl_fail(GENLAT_E_NOT_FOUND, "genlat_layer_help: no layer is called '%s'", kind);
    size_t count = type->options ? type->options->count : 0;
    if (option < -1 || (option >= 0 && (size_t)option >= count))
        return gnl_fail(GENLAT_E_NOT_FOUND, "genlat_layer_help: %s has %zu options, no option %d", kind, count,
                        (int)option);
    if (name)
        *name = option < 0 ? type->name : type->options->options[option].name;
    if (help)
        *help = option < 0 ? type->help : type->options->options[option].help;
    return GENLAT_OK;
}
