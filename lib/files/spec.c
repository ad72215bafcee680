/* SPDX-License-Identifier: MIT */
/* Parses "KIND:PATH#PART?KEY=VALUE&KEY=VALUE". */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

typedef enum key_type { KEY_WHOLE, KEY_TEXT, KEY_FLAG, KEY_SHAPE, KEY_SIZE, KEY_CHOICE } key_type;

/* The names of the values 0, 1, ... of a choice. */
static const char header_choices[] = "auto|yes|no";
static const char separator_choices[] = "auto|comma|semicolon|tab|pipe|space";
static const char decimal_choices[] = "point|comma";
static const char missing_choices[] = "refuse|drop";
static const char fit_choices[] = "crop|pad|stretch";
static const char channels_choices[] = "keep|1|3";

static const struct key {
    const char *name;
    key_type type;
    size_t offset;
    const char *choices; /* of KEY_CHOICE: the names of 0, 1, ... */
} keys[] = {
    {"n", KEY_WHOLE, offsetof(gnl_spec, n)},
    {"length", KEY_WHOLE, offsetof(gnl_spec, length)},
    {"key", KEY_TEXT, offsetof(gnl_spec, key)},
    {"labels_key", KEY_TEXT, offsetof(gnl_spec, labels_key)},
    {"label", KEY_TEXT, offsetof(gnl_spec, label)},
    {"raw", KEY_FLAG, offsetof(gnl_spec, raw)},
    {"lines", KEY_FLAG, offsetof(gnl_spec, lines)},
    {"shape", KEY_SHAPE, offsetof(gnl_spec, shape)},
    {"target", KEY_TEXT, offsetof(gnl_spec, target)},
    {"header", KEY_CHOICE, offsetof(gnl_spec, csv.header), header_choices},
    {"separator", KEY_CHOICE, offsetof(gnl_spec, csv.separator), separator_choices},
    {"decimal", KEY_CHOICE, offsetof(gnl_spec, csv.decimal), decimal_choices},
    {"missing", KEY_CHOICE, offsetof(gnl_spec, csv.missing), missing_choices},
    {"size", KEY_SIZE, offsetof(gnl_spec, size)},
    {"fit", KEY_CHOICE, offsetof(gnl_spec, fit), fit_choices},
    {"channels", KEY_CHOICE, offsetof(gnl_spec, channels), channels_choices},
};

static genlat_status bad_value(const char *key, const char *value, const char *expected)
{
    return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: %s is '%s', %s expected", key, value, expected);
}

/* Parses an integer from 1 to 2^40. */
static bool read_whole(const char *text, size_t length, int64_t *out)
{
    char copy[16];
    if (length == 0 || length >= sizeof copy || strspn(text, "0123456789") < length)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *out = strtoll(copy, NULL, 10);
    return *out >= 1 && *out <= (INT64_C(1) << 40);
}

static bool read_flag(const char *text, bool *out)
{
    static const char *const yes[] = {"yes", "1", "true", "on"}, *const no[] = {"no", "0", "false", "off"};
    for (size_t i = 0; i < GNL_FILES_COUNT(yes); i++) {
        *out = strcmp(text, yes[i]) == 0;
        if (*out || strcmp(text, no[i]) == 0)
            return true;
    }
    return false;
}

static bool read_shape(const char *text, gnl_spec *out)
{
    out->ndim = 0;
    while (out->ndim < GENLAT_MAX_DIMS - 1) {
        size_t length = strcspn(text, "x");
        if (!read_whole(text, length, &out->shape[out->ndim++]))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
    return false;
}

/* Sets *out to the place of the text among the choices, which are separated by '|'. */
static bool read_choice(const char *text, const char *choices, int32_t *out)
{
    int32_t index = 0;
    for (const char *at = choices; *at; index++) {
        size_t length = strcspn(at, "|");
        if (strlen(text) == length && strncmp(text, at, length) == 0) {
            *out = index;
            return true;
        }
        at += length + (at[length] == '|');
    }
    return false;
}

/* Parses HxW, or N for NxN, each at most 16384. */
static bool read_size(const char *text, int64_t out[2])
{
    enum { MOST = 16384 };
    size_t length = strcspn(text, "x");
    const char *second = text[length] ? text + length + 1 : text;
    return read_whole(text, length, &out[0]) && read_whole(second, strlen(second), &out[1]) && out[0] <= MOST &&
           out[1] <= MOST;
}

static genlat_status set_own(const struct key *key, const char *value, gnl_spec *out)
{
    char *field = (char *)out + key->offset;
    switch (key->type) {
    case KEY_WHOLE:
        return read_whole(value, strlen(value), (int64_t *)(void *)field)
                   ? GENLAT_OK
                   : bad_value(key->name, value, "an integer from 1 to 2^40");
    case KEY_FLAG:
        return read_flag(value, (bool *)(void *)field) ? GENLAT_OK : bad_value(key->name, value, "yes or no");
    case KEY_SIZE:
        return read_size(value, (int64_t *)(void *)field)
                   ? GENLAT_OK
                   : bad_value(key->name, value, "a size such as 64 or 48x64, height x width, at most 16384");
    case KEY_CHOICE:
        return read_choice(value, key->choices, (int32_t *)(void *)field) ? GENLAT_OK
                                                                          : bad_value(key->name, value, key->choices);
    case KEY_SHAPE:
        return read_shape(value, out) ? GENLAT_OK : bad_value(key->name, value, "a shape such as 3x32x32");
    default:
        if (strlen(value) >= GNL_FILES_KEY)
            return bad_value(key->name, value, "a shorter text");
        strcpy(field, value);
        return GENLAT_OK;
    }
}

static genlat_status set_key(const char *key, const char *value, gnl_spec *out)
{
    bool keep = false;
    for (size_t i = 0; i < GNL_FILES_COUNT(keys); i++)
        if (strcmp(keys[i].name, key) == 0)
            return set_own(&keys[i], value, out);
    if (strcmp(key, "labels") == 0 && read_flag(value, &keep))
        value = keep ? "keep" : "drop";
    genlat_status status = genlat_transform_opts_set(&out->transform, key, value);
    if (status != GENLAT_E_NOT_FOUND)
        return status;
    return genlat_error_set(
        status,
        "genlat_files_open: unknown key '%s'; known: n, seed, shape, raw, key, labels_key, label, target, header, "
        "separator, decimal, missing, size, fit, channels, length, lines, skip, "
        "limit, scale, binarize, threshold, labels",
        key);
}

static genlat_status set_keys(char *text, gnl_spec *out)
{
    char *rest = NULL;
    for (char *pair = strtok_r(text, "&", &rest); pair; pair = strtok_r(NULL, "&", &rest)) {
        char *equals = strchr(pair, '=');
        if (!equals)
            return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: KEY=VALUE expected, found '%s'", pair);
        *equals = '\0';
        GNL_FILES_TRY(set_key(pair, equals + 1, out));
    }
    return GENLAT_OK;
}

/* Splits the text at the first `mark`. Returns the text after it, or NULL if there is no mark. */
static char *cut(char *text, char mark)
{
    char *at = strchr(text, mark);
    if (at)
        *at++ = '\0';
    return at;
}

/* Parses "KIND" or "KIND:PATH". */
static genlat_status set_place(const char *text, gnl_spec *out)
{
    size_t length = strcspn(text, ":");
    if (length == 0 || length >= sizeof out->kind)
        return genlat_error_set(GENLAT_E_INVALID,
                                "genlat_files_open: KIND or KIND:PATH expected, such as digits or idx:mnist, found "
                                "'%s'",
                                text);
    memcpy(out->kind, text, length);
    if (text[length] == ':')
        strcpy(out->path, text + length + 1);
    return GENLAT_OK;
}

genlat_status gnl_spec_parse(const char *text, gnl_spec *out)
{
    char copy[GNL_FILES_PATH];
    memset(out, 0, sizeof *out);
    genlat_transform_opts_init(&out->transform);
    if (strlen(text) >= sizeof copy)
        return genlat_error_set(GENLAT_E_INVALID, "genlat_files_open: spec is longer than %zu bytes", sizeof copy - 1);
    strcpy(copy, text);
    char *options = cut(copy, '?'), *part = cut(copy, '#');
    if (options && !part)
        part = cut(options, '#');
    if (part && (strlen(part) < 1 || strlen(part) >= sizeof out->part))
        return genlat_error_set(GENLAT_E_NOT_FOUND, "genlat_files_open: unknown part '%s'; known: train, valid, test",
                                part);
    if (part)
        strcpy(out->part, part);
    GNL_FILES_TRY(set_place(copy, out));
    return options ? set_keys(options, out) : GENLAT_OK;
}
