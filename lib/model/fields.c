/* SPDX-License-Identifier: MIT */
/* Reads and writes single values in the metadata of model files. */
#include <inttypes.h>
#include <stdio.h>

#include "model/config.h"

enum { KEY = 160 };

static void make_key(const char *prefix, const char *key, char out[KEY])
{
    snprintf(out, KEY, "%s%s", prefix, key);
}

static genlat_status write_field(gnl_writer *writer, const char *key, const gnl_field *f)
{
    char text[64];
    switch (f->kind) {
    case GNL_FIELD_TEXT:
        return gnl_writer_meta(writer, key, f->at);
    case GNL_FIELD_WHOLE:
        snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)f->at);
        break;
    case GNL_FIELD_REAL:
        gnl_format_real(*(const double *)f->at, text, sizeof text);
        break;
    case GNL_FIELD_FLAG:
        snprintf(text, sizeof text, "%d", *(const bool *)f->at);
        break;
    }
    return gnl_writer_meta(writer, key, text);
}

genlat_status gnl_field_bad(const gnl_reader *reader, const char *key, const char *found)
{
    if (!found)
        return gnl_fail(GENLAT_E_FORMAT, "%s: metadata %s is missing", gnl_reader_path(reader), key);
    return gnl_fail(GENLAT_E_FORMAT, "%s: metadata %s has the invalid value '%.60s'", gnl_reader_path(reader), key,
                    found);
}

/* Returns false if the text is not a value of the field's kind. */
static bool parse_field(const char *text, const gnl_field *f)
{
    int64_t whole = 0;
    switch (f->kind) {
    case GNL_FIELD_TEXT:
        if (strlen(text) >= f->capacity)
            return false;
        strcpy(f->at, text);
        return true;
    case GNL_FIELD_WHOLE:
        if (!gnl_parse_int(text, &whole) || whole < 0 || whole > GNL_MOST_NUMBERS) /* counting on must not overflow */
            return false;
        *(int64_t *)f->at = whole;
        return true;
    case GNL_FIELD_REAL:
        return gnl_parse_real(text, f->at);
    default:
        if (!gnl_parse_int(text, &whole) || whole < 0 || whole > 1)
            return false;
        *(bool *)f->at = whole == 1;
        return true;
    }
}

genlat_status gnl_fields_write(gnl_writer *writer, const char *prefix, const gnl_field *fields, int count)
{
    char key[KEY];
    for (int i = 0; i < count; i++) {
        make_key(prefix, fields[i].key, key);
        GNL_TRY(write_field(writer, key, &fields[i]));
    }
    return GENLAT_OK;
}

genlat_status gnl_fields_read(const gnl_reader *reader, const char *prefix, const gnl_field *fields, int count)
{
    char key[KEY];
    for (int i = 0; i < count; i++) {
        make_key(prefix, fields[i].key, key);
        const char *text = gnl_reader_meta(reader, key);
        if (!text && fields[i].optional)
            continue;
        if (!text || !parse_field(text, &fields[i]))
            return gnl_field_bad(reader, key, text);
    }
    return GENLAT_OK;
}
