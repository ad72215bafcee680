/* SPDX-License-Identifier: MIT */
/* Configurations: reads and writes settings by name, and as metadata of model files. Both use the tables of the
 * family. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/config.h"

enum { KEY = 96, OPTIONS = 1024 };

void *gnl_config_options(const gnl_config_type *type, const gnl_config *config)
{
    return (char *)(uintptr_t)config + type->options_offset;
}

char *gnl_config_text(const gnl_text *text, const gnl_config *config)
{
    return (char *)(uintptr_t)config + text->offset;
}

void gnl_config_init(const gnl_config_type *type, gnl_config *config)
{
    memset(config, 0, type->size);
    if (type->options)
        gnl_options_init(type->options, gnl_config_options(type, config), type->options->size);
}

/* ---- texts ----------------------------------------------------------------------------------- */

genlat_status gnl_text_copy(char *out, size_t capacity, const char *text, const char *name)
{
    if (!text)
        return gnl_fail(GENLAT_E_INVALID, "%s is NULL", name);
    if (strlen(text) >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "%s has %zu bytes, at most %zu expected", name, strlen(text), capacity - 1);
    strcpy(out, text);
    return GENLAT_OK;
}

genlat_status gnl_text_replace(char *text, size_t capacity, const char *placeholder, int64_t number)
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)number);
    for (char *at = text; (at = strstr(at, placeholder)); at += length) {
        const char *rest = at + strlen(placeholder);
        if ((size_t)(at - text) + length + strlen(rest) >= capacity)
            return gnl_fail(GENLAT_E_RANGE, "the layers of a net are longer than %zu bytes", capacity - 1);
        memmove(at + length, rest, strlen(rest) + 1);
        memcpy(at, digits, length);
    }
    return GENLAT_OK;
}

/* ---- condition ------------------------------------------------------------------------------- */

genlat_status gnl_condition_set(gnl_config *config, int64_t classes, int64_t vector)
{
    enum { MOST = 1 << 20 };
    if (classes < 0 || vector < 0 || (classes && vector) || classes > MOST || vector > MOST)
        return gnl_fail(GENLAT_E_RANGE,
                        "classes is %lld and vector is %lld; 0 to %d expected, and at least one of them 0",
                        (long long)classes, (long long)vector, MOST);
    config->classes = classes;
    config->vector = vector;
    return GENLAT_OK;
}

static genlat_status set_condition(gnl_config *config, const char *text)
{
    int64_t number = 0;
    if (strcmp(text, "none") == 0)
        return gnl_condition_set(config, 0, 0);
    if (strcmp(text, "labels") == 0) {
        config->classes = -1; /* taken from the source at build */
        config->vector = 0;
        return GENLAT_OK;
    }
    const char *equals = strchr(text, '=');
    bool classes = strncmp(text, "classes=", 8) == 0, vector = strncmp(text, "vector=", 7) == 0;
    if (!(classes || vector) || !gnl_parse_int(equals + 1, &number))
        return gnl_fail(GENLAT_E_INVALID, "condition is '%s'; none, labels, classes=N or vector=N expected", text);
    return gnl_condition_set(config, classes ? number : 0, vector ? number : 0);
}

static void get_condition(const gnl_config *config, char *text, size_t capacity)
{
    if (config->classes < 0)
        snprintf(text, capacity, "labels");
    else if (config->classes || config->vector)
        snprintf(text, capacity, "%s=%lld", config->classes ? "classes" : "vector",
                 (long long)(config->classes + config->vector));
    else
        snprintf(text, capacity, "none");
}

/* ---- settings by name ------------------------------------------------------------------------ */

/* The settings of training, common to all families. They are options, so that option parsing checks their ranges. */
typedef struct length_opts {
    size_t size;
    int64_t epochs, steps, batch;
    uint32_t restore_best, reserved;
    double holdout;
} length_opts;

static const gnl_option length_options[] = {
    GNL_OPT_INT(length_opts, epochs, 0, 0, 1e9, "training epochs; 0: default of the trainer"),
    GNL_OPT_INT(length_opts, steps, 0, 0, 1e15, "training steps; 0: epochs decide"),
    GNL_OPT_INT(length_opts, batch, 0, 0, 1e9, "samples per step; 0: default of the trainer"),
    GNL_OPT_BOOL(length_opts, restore_best, 0, "restore the weights of the best validation when training ends"),
    GNL_OPT_REAL(length_opts, holdout, 0, -1, 1e15,
                 "fraction or number of the training samples that are held out if there are no validation data; below "
                 "0: a tenth, from 20 to 5000, but no more than a fifth"),
};
static const gnl_options_table length_table = {"training", sizeof(length_opts), length_options,
                                               GNL_COUNT(length_options)};

static length_opts length_of(const gnl_config *config)
{
    return (length_opts){.size = sizeof(length_opts),
                         .epochs = config->epochs,
                         .steps = config->steps,
                         .batch = config->batch,
                         .restore_best = config->restore_best,
                         .holdout = config->holdout};
}

static genlat_status set_length(gnl_config *config, const char *key, const char *value)
{
    length_opts length = length_of(config);
    GNL_TRY(gnl_options_set(&length_table, &length, key, value));
    config->epochs = length.epochs;
    config->steps = length.steps;
    config->batch = length.batch;
    config->restore_best = length.restore_best;
    config->holdout = length.holdout;
    return GENLAT_OK;
}

int64_t gnl_config_held_out(double holdout, int64_t count)
{
    enum { LEAST = 20, MOST = 5000, FEWEST = 10 };
    const double number = holdout < 1 ? round(holdout * (double)count) : holdout;
    if (holdout < 0)
        return count < FEWEST ? 0 : GNL_MAX(GNL_MIN(count / 10, (int64_t)MOST), GNL_MIN(count / 5, (int64_t)LEAST));
    if (holdout > 0 && (number != floor(number) || number < 1 || number > (double)(count - 1)))
        return -1;
    return (int64_t)number;
}

static const gnl_text *find_text(const gnl_config_type *type, const char *key)
{
    for (int i = 0; i < type->count; i++)
        if (strcmp(type->texts[i].key, key) == 0)
            return &type->texts[i];
    return NULL;
}

static genlat_status unknown(const gnl_config_type *type, const char *key)
{
    gnl_unknown names = {.word = key};
    gnl_unknown_add(&names, "condition");
    for (size_t i = 0; i < length_table.count; i++)
        gnl_unknown_add(&names, length_table.options[i].name);
    for (int i = 0; i < type->count; i++)
        gnl_unknown_add(&names, type->texts[i].key);
    for (size_t i = 0; type->options && i < type->options->count; i++)
        if (!find_text(type, type->options->options[i].name))
            gnl_unknown_add(&names, type->options->options[i].name);
    return gnl_unknown_fail(&names, "unknown setting '%.60s' of a %s", key, type->family);
}

static bool is_choice(const gnl_option *option, const char *value)
{
    for (int i = 0; option && option->names && option->names[i]; i++)
        if (strcmp(option->names[i], value) == 0)
            return true;
    return false;
}

/* Sets a text. An option may have the same name as a text, and a fixed list of choices. If the value is one of these
 * choices, sets the option and clears the text. Otherwise sets the text and resets the option to its default. */
static genlat_status set_text(const gnl_config_type *type, gnl_config *config, const gnl_text *text, const char *value)
{
    const gnl_option *option = type->options ? gnl_options_find(type->options, text->key) : NULL;
    void *options = gnl_config_options(type, config);
    if (is_choice(option, value)) {
        gnl_config_text(text, config)[0] = '\0';
        return gnl_options_set(type->options, options, text->key, value);
    }
    if (option)
        GNL_TRY(gnl_options_set(type->options, options, text->key, option->names[(int)option->fallback]));
    return gnl_text_copy(gnl_config_text(text, config), text->capacity, value, text->key);
}

genlat_status gnl_config_set(const gnl_config_type *type, gnl_config *config, const char *key, const char *value)
{
    const gnl_text *text = find_text(type, key);
    if (text)
        return set_text(type, config, text, value);
    if (strcmp(key, "condition") == 0)
        return set_condition(config, value);
    if (gnl_options_find(&length_table, key))
        return set_length(config, key, value);
    if (type->options && gnl_options_find(type->options, key))
        return gnl_options_set(type->options, gnl_config_options(type, config), key, value);
    return unknown(type, key);
}

genlat_status gnl_config_get(const gnl_config_type *type, const gnl_config *config, const char *key, char *text,
                             size_t capacity)
{
    const gnl_text *found = find_text(type, key);
    const length_opts length = length_of(config);
    char condition[40];
    bool option = type->options && gnl_options_find(type->options, key);
    if (found && (*gnl_config_text(found, config) || !option))
        return gnl_text_copy(text, capacity, gnl_config_text(found, config), key);
    if (strcmp(key, "condition") == 0) {
        get_condition(config, condition, sizeof condition);
        return gnl_text_copy(text, capacity, condition, key);
    }
    if (gnl_options_find(&length_table, key))
        return gnl_options_get(&length_table, &length, key, text, capacity);
    if (option)
        return gnl_options_get(type->options, gnl_config_options(type, config), key, text, capacity);
    return unknown(type, key);
}

/* ---- files ----------------------------------------------------------------------------------- */

enum { LENGTH_FIELDS = 7 };

static int list_fields(gnl_config *c, gnl_field out[LENGTH_FIELDS])
{
    const gnl_field all[] = {
        {"classes", GNL_FIELD_WHOLE, &c->classes, 0, false},
        {"vector", GNL_FIELD_WHOLE, &c->vector, 0, false},
        {"epochs", GNL_FIELD_WHOLE, &c->epochs, 0, false},
        {"batch", GNL_FIELD_WHOLE, &c->batch, 0, false},
        {"steps", GNL_FIELD_WHOLE, &c->steps, 0, true},
        {"restore_best", GNL_FIELD_FLAG, &c->restore_best, 0, true},
        {"holdout", GNL_FIELD_REAL, &c->holdout, 0, true},
    };
    memcpy(out, all, sizeof all);
    return (int)GNL_COUNT(all);
}

static bool is_stored(const gnl_text *text)
{
    return text->kind != GNL_TEXT_NET && text->kind != GNL_TEXT_BUILD;
}

static gnl_field field_of(const gnl_text *text, const gnl_config *config)
{
    return (gnl_field){text->key, GNL_FIELD_TEXT, gnl_config_text(text, config), text->capacity,
                       text->presence == GNL_TEXT_OPTIONAL};
}

static void prefix_of(const gnl_config_type *type, char prefix[KEY])
{
    snprintf(prefix, KEY, "genlat.%s.", type->family);
}

genlat_status gnl_config_write(const gnl_config_type *type, const gnl_config *config, gnl_writer *writer)
{
    gnl_config copy = *config;
    gnl_field fields[LENGTH_FIELDS];
    char prefix[KEY], options[OPTIONS], key[KEY + 8];
    prefix_of(type, prefix);
    for (int i = 0; i < type->count; i++) {
        const gnl_field field = field_of(&type->texts[i], config);
        if (is_stored(&type->texts[i]))
            GNL_TRY(gnl_fields_write(writer, prefix, &field, 1));
    }
    GNL_TRY(gnl_fields_write(writer, prefix, fields, list_fields(&copy, fields)));
    if (!type->options)
        return GENLAT_OK;
    GNL_TRY(gnl_options_format(type->options, gnl_config_options(type, config), options, sizeof options));
    snprintf(key, sizeof key, "%soptions", prefix);
    return gnl_writer_meta(writer, key, options);
}

static genlat_status read_options(const gnl_config_type *type, gnl_config *config, const gnl_reader *reader,
                                  const char *prefix)
{
    char key[KEY + 8];
    snprintf(key, sizeof key, "%soptions", prefix);
    const char *stored = gnl_reader_meta(reader, key);
    if (!stored)
        return gnl_field_bad(reader, key, NULL);
    GNL_TRY_IN(gnl_reader_path(reader),
               gnl_spec_pairs(type->options, gnl_config_options(type, config), stored, type->family));
    return GENLAT_OK;
}

genlat_status gnl_config_read(const gnl_config_type *type, gnl_config *config, const gnl_reader *reader)
{
    gnl_field fields[LENGTH_FIELDS];
    char prefix[KEY];
    gnl_config_init(type, config);
    prefix_of(type, prefix);
    for (int i = 0; i < type->count; i++) {
        const gnl_field field = field_of(&type->texts[i], config);
        if (is_stored(&type->texts[i]))
            GNL_TRY(gnl_fields_read(reader, prefix, &field, 1));
    }
    GNL_TRY(gnl_fields_read(reader, prefix, fields, list_fields(config, fields)));
    GNL_TRY(gnl_condition_set(config, config->classes, config->vector));
    return type->options ? read_options(type, config, reader, prefix) : GENLAT_OK;
}
