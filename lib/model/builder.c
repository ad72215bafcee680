/* SPDX-License-Identifier: MIT */
/* The model builder: collects a configuration, stores the first error, and creates the model. */
#include <stdio.h>

#include "model/builder_priv.h"

/* Stores the first error, including the name of the public function. Later errors are usually consequences of it. */
static void record_error(genlat_model_builder *b, genlat_status status)
{
    if (status == GENLAT_OK || b->status != GENLAT_OK)
        return;
    b->status = status;
    snprintf(b->error, sizeof b->error, "%s", genlat_last_error());
}

static bool has_no_error(const genlat_model_builder *b)
{
    return b && b->status == GENLAT_OK;
}

/* ---- presets and settings -------------------------------------------------------------------- */

static const gnl_preset *find_preset(const gnl_model_type *type, const char *name)
{
    for (const gnl_preset *preset = type->presets; preset->name; preset++)
        if (strcmp(preset->name, name) == 0)
            return preset;
    return NULL;
}

static genlat_status set_pairs(genlat_model_builder *b, const char *const *pair)
{
    for (int i = 0; pair[i]; i += 2)
        GNL_TRY(gnl_config_set(b->type->config, b->config, pair[i], pair[i + 1]));
    return GENLAT_OK;
}

static genlat_status unknown_preset(const gnl_model_type *type, const char *name)
{
    gnl_unknown names = {.word = name};
    for (const gnl_preset *p = type->presets; p->name; p++)
        gnl_unknown_add(&names, p->name);
    return gnl_unknown_fail(&names, "unknown %s preset '%.60s'", type->name, name);
}

genlat_status gnl_builder_load(genlat_model_builder *b, const char *name, const char *const *pairs)
{
    const gnl_preset *preset = name ? find_preset(b->type, name) : NULL;
    const gnl_config kept = *b->config;
    if (!preset)
        return unknown_preset(b->type, name ? name : "");
    gnl_config_init(b->type->config, b->config);
    b->config->data = kept.data;
    b->config->content = kept.content;
    b->config->classes = kept.classes;
    b->config->vector = kept.vector;
    b->options_read = false;
    GNL_TRY(set_pairs(b, preset->pair));
    GNL_TRY(set_pairs(b, pairs));
    for (size_t i = 0; i < b->count; i++)
        GNL_TRY(gnl_config_set(b->type->config, b->config, b->settings[i].key, b->settings[i].value));
    return GENLAT_OK;
}

static genlat_status load_preset(genlat_model_builder *b, const char *name)
{
    return gnl_builder_load(b, name, (const char *const[]){NULL});
}

static genlat_status set(genlat_model_builder *b, const char *key, const char *value)
{
    genlat_ctx *ctx = b->object.ctx;
    GNL_CHECK(key && value, "key or value is NULL");
    GNL_TRY(gnl_config_set(b->type->config, b->config, key, value));
    GNL_TRY(gnl_grow(ctx, (void **)&b->settings, &b->capacity, b->count + 1, sizeof *b->settings));
    const gnl_setting copy = {gnl_strdup(ctx, key), gnl_strdup(ctx, value)};
    if (!copy.key || !copy.value) {
        gnl_free(ctx, copy.key);
        gnl_free(ctx, copy.value);
        return GENLAT_E_MEMORY;
    }
    b->settings[b->count++] = copy;
    return GENLAT_OK;
}

/* ---- typed options --------------------------------------------------------------------------- */

static genlat_status check_family(const genlat_model_builder *b, const char *family)
{
    if (strcmp(b->type->name, family) == 0)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_STATE, "the builder creates a %s, but the options are for a %s", b->type->name, family);
}

genlat_status gnl_builder_get_options(genlat_model_builder *b, const char *family, void *out)
{
    GNL_CHECK(b, "builder is NULL");
    GNL_TRY(gnl_result_check(out, "opts"));
    GNL_TRY(check_family(b, family));
    const gnl_config_type *type = b->type->config;
    gnl_result_give(out, gnl_config_options(type, b->config), type->options->size);
    b->options_read = true;
    return GENLAT_OK;
}

/* Sets each option that differs from the builder's, as if by name. */
static genlat_status set_options(genlat_model_builder *b, const char *family, const void *given)
{
    enum { MOST_BYTES = 512 };
    const gnl_options_table *table = b->type->config->options;
    _Alignas(16) unsigned char now[MOST_BYTES], options[MOST_BYTES];
    GNL_TRY(check_family(b, family));
    GNL_CHECK(given, "opts is NULL");
    if (!b->options_read)
        return gnl_fail(GENLAT_E_STATE, "the options were not read after the last preset; read them from the builder, "
                                        "change them, then set them");
    if (table->size > sizeof now)
        return gnl_fail(GENLAT_E_INTERNAL, "the options struct of %s is larger than %d bytes", table->name, MOST_BYTES);
    memcpy(now, gnl_config_options(b->type->config, b->config), table->size);
    GNL_TRY(gnl_options_take(table, given, options));
    size_t size = 0;
    memcpy(&size, given, sizeof size);
    for (size_t i = 0; i < table->count; i++) {
        char before[128], after[128];
        const char *name = table->options[i].name;
        if (table->options[i].offset >= size) /* the caller was compiled with an older, smaller struct */
            continue;
        GNL_TRY(gnl_options_get(table, now, name, before, sizeof before));
        GNL_TRY(gnl_options_get(table, options, name, after, sizeof after));
        if (strcmp(before, after) != 0)
            GNL_TRY(set(b, name, after));
    }
    return GENLAT_OK;
}

void gnl_builder_set_options(genlat_model_builder *b, const char *family, const void *opts)
{
    if (has_no_error(b))
        record_error(b, set_options(b, family, opts));
}

/* ---- building -------------------------------------------------------------------------------- */

/* Sets the condition from the labels of the source. */
static genlat_status take_condition(gnl_config *c, const genlat_source *source)
{
    if (!source)
        return gnl_fail(GENLAT_E_STATE, "condition is labels, but there is no source; set classes=N or vector=N");
    if (!gnl_source_label_size(source))
        return gnl_fail(GENLAT_E_STATE, "condition is labels, but the data have no labels");
    return gnl_condition_set(c, source->classes, source->condition);
}

static genlat_status complete(genlat_model_builder *b, const genlat_source *source)
{
    gnl_config *c = b->config;
    bool given = b->net[0] != NULL;
    for (int i = 0; b->type->nets[i].name; i++)
        if ((b->net[i] != NULL) != given)
            return gnl_fail(GENLAT_E_STATE, "net %s is missing; set all nets of the model or none",
                            b->type->nets[given ? i : 0].name);
    if (source) {
        c->data = source->sample;
        c->content = gnl_source_content(source);
    }
    if (c->data.ndim < 1)
        return gnl_fail(GENLAT_E_STATE,
                        "the shape of the data is unknown; pass a source or call genlat_model_builder_data()");
    if (c->classes < 0)
        GNL_TRY(take_condition(c, source));
    if (gnl_label_use(b->type, c) & GENLAT_LABEL_PREDICTED && source && !c->classes && !c->vector)
        GNL_TRY(gnl_condition_set(c, source->classes, source->condition));
    return b->type->complete(b->object.ctx, c, given);
}

static void builder_release(genlat_model_builder *b)
{
    if (!b || !gnl_object_release(b))
        return;
    genlat_ctx *ctx = b->object.ctx;
    for (size_t i = 0; i < b->count; i++) {
        gnl_free(ctx, b->settings[i].key);
        gnl_free(ctx, b->settings[i].value);
    }
    for (int i = 0; i < GNL_MAX_NETS; i++)
        gnl_net_release(b->net[i]);
    gnl_free(ctx, b->settings);
    gnl_free(ctx, b->config);
    gnl_object_free(b);
}

genlat_status gnl_builder_new(genlat_ctx *ctx, const gnl_model_type *type, genlat_model_builder **out)
{
    genlat_model_builder *b = gnl_object_new(ctx, sizeof *b);
    if (!b)
        return GENLAT_E_MEMORY;
    b->type = type;
    b->config = gnl_calloc(ctx, 1, type->config->size);
    genlat_status status = b->config ? load_preset(b, type->presets[0].name) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK)
        *out = b;
    else
        builder_release(b);
    return status;
}

static genlat_status build(genlat_model_builder *b, const genlat_source *source, genlat_model **out)
{
    if (b->status != GENLAT_OK)
        return gnl_error_set(b->status, "%s", b->error);
    GNL_TRY(complete(b, source));
    GNL_TRY(gnl_model_new(b->object.ctx, b->type, b->config, b->net, out));
    if (source)
        gnl_model_set_about(*out, gnl_model_about(*out, source));
    genlat_status status = source && b->type->start ? b->type->start(*out, source) : GENLAT_OK;
    if (status != GENLAT_OK) {
        gnl_model_release(*out);
        *out = NULL;
    }
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

void genlat_model_builder_destroy(genlat_model_builder **builder)
{
    if (!builder)
        return;
    builder_release(*builder);
    *builder = NULL;
}

void genlat_model_builder_preset(genlat_model_builder *builder, const char *name)
{
    GNL_ENTER();
    if (has_no_error(builder))
        record_error(builder, load_preset(builder, name));
}

void genlat_model_builder_set(genlat_model_builder *builder, const char *key, const char *value)
{
    GNL_ENTER();
    if (has_no_error(builder))
        record_error(builder, set(builder, key, value));
}

void genlat_model_builder_set_int(genlat_model_builder *builder, const char *key, int64_t value)
{
    char text[32];
    GNL_ENTER();
    snprintf(text, sizeof text, "%lld", (long long)value);
    if (has_no_error(builder))
        record_error(builder, set(builder, key, text));
}

void genlat_model_builder_set_real(genlat_model_builder *builder, const char *key, double value)
{
    char text[64];
    GNL_ENTER();
    gnl_format_real(value, text, sizeof text);
    if (has_no_error(builder))
        record_error(builder, set(builder, key, text));
}

genlat_status genlat_model_builder_get(const genlat_model_builder *builder, const char *key, char *text,
                                       size_t capacity)
{
    GNL_ENTER();
    GNL_CHECK(builder, "builder is NULL");
    GNL_CHECK(key, "key is NULL");
    GNL_CHECK(text, "text is NULL");
    return gnl_config_get(builder->type->config, builder->config, key, text, capacity);
}

static genlat_status set_data(gnl_config *config, int32_t ndim, const int64_t *dims)
{
    int64_t count = 0;
    if (ndim < 1 || ndim >= GENLAT_MAX_DIMS || !dims)
        return gnl_fail(GENLAT_E_INVALID, "dims is NULL or ndim is %d; 1 to %d dimensions expected", (int)ndim,
                        GENLAT_MAX_DIMS - 1);
    const gnl_shape data = gnl_shape_of(ndim, dims);
    GNL_TRY(gnl_shape_check(&data, &count));
    if (count == 0)
        return gnl_fail(GENLAT_E_SHAPE, "dims has a 0, so that a sample has no elements; 1 or more expected");
    config->data = data;
    return GENLAT_OK;
}

void genlat_model_builder_data(genlat_model_builder *builder, int32_t ndim, const int64_t *dims)
{
    GNL_ENTER();
    if (has_no_error(builder))
        record_error(builder, set_data(builder->config, ndim, dims));
}

void genlat_model_builder_condition(genlat_model_builder *builder, int64_t classes, int64_t vector)
{
    GNL_ENTER();
    if (has_no_error(builder))
        record_error(builder, gnl_condition_set(builder->config, classes, vector));
}

static genlat_status set_net(genlat_model_builder *b, const char *part, genlat_net *net)
{
    GNL_CHECK(part, "part is NULL");
    GNL_CHECK(net, "net is NULL");
    gnl_unknown names = {.word = part};
    for (int i = 0; b->type->nets[i].name; i++) {
        gnl_unknown_add(&names, b->type->nets[i].name);
        if (strcmp(part, b->type->nets[i].name) == 0) {
            gnl_net_release(b->net[i]);
            b->net[i] = gnl_net_retain(net);
            return GENLAT_OK;
        }
    }
    return gnl_unknown_fail(&names, "unknown net '%.60s' of a %s", part, b->type->name);
}

void genlat_model_builder_net(genlat_model_builder *builder, const char *part, genlat_net *net)
{
    GNL_ENTER();
    if (has_no_error(builder))
        record_error(builder, set_net(builder, part, net));
}

genlat_status genlat_model_build(genlat_model_builder **builder, genlat_source *source, genlat_model **out)
{
    genlat_model_builder *b = builder ? *builder : NULL;
    GNL_ENTER();
    if (builder)
        *builder = NULL;
    if (!out) /* the builder is always consumed */
        builder_release(b);
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(b, "builder is NULL");
    genlat_status status = build(b, source, out);
    builder_release(b);
    return status;
}
