/* SPDX-License-Identifier: MIT */
/* Parses the header of an NPY file, a Python dictionary such as
 * {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }. For a structured array, descr is a list of fields,
 * such as [('x', '<f8'), ('', '|V4'), ('y', '<i4', (3,))]: a name, a type, and the shape of a field with several
 * values. */
#include <stdlib.h>
#include <string.h>

#include "npy_priv.h"

enum { MAX_COLUMNS = 1 << 16, MAX_NAME = 60 };

typedef struct reader {
    const char *path;
    const char *at, *end;
} reader;

typedef struct text {
    const char *begin;
    size_t length;
} text;

static genlat_status malformed(const reader *r, const char *what)
{
    return genlat_error_set(GENLAT_E_FORMAT, "%s: the header of the array has no valid %s; the file is damaged",
                            r->path, what);
}

/* ---- tokens ------------------------------------------------------------------------------------------ */

/* Skips blanks. Returns the next character, or 0 at the end. */
static char peek(reader *r)
{
    while (r->at < r->end && strchr(" \t\n", *r->at) && *r->at)
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

static bool accept(reader *r, char mark)
{
    bool found = peek(r) == mark && r->at < r->end;
    r->at += found;
    return found;
}

/* Reads a text in single or double quotes. Escaped characters stay as they are. */
static bool read_text(reader *r, text *out)
{
    if (peek(r) == 'u') /* Python 2 */
        r->at++;
    char quote = peek(r);
    if (quote != '\'' && quote != '"')
        return false;
    out->begin = ++r->at;
    for (; r->at < r->end; r->at++) {
        if (*r->at == quote) {
            out->length = (size_t)(r->at++ - out->begin);
            return true;
        }
        r->at += *r->at == '\\' && r->end - r->at > 1;
    }
    return false;
}

static bool read_size(reader *r, int64_t *out)
{
    size_t digits = 0;
    *out = 0;
    for (peek(r); r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits <= 18; digits++)
        *out = *out * 10 + (*r->at++ - '0');
    if (r->at < r->end && *r->at == 'L') /* Python 2 */
        r->at++;
    return digits >= 1 && digits <= 18;
}

/* Reads a tuple of sizes. */
static genlat_status read_sizes(reader *r, int32_t *ndim, int64_t dim[GENLAT_MAX_DIMS])
{
    *ndim = 0;
    if (!accept(r, '('))
        return malformed(r, "'shape'");
    while (!accept(r, ')')) {
        int64_t size = 0;
        if (!read_size(r, &size))
            return malformed(r, "'shape'");
        if (*ndim == GENLAT_MAX_DIMS)
            return genlat_error_set(GENLAT_E_UNSUPPORTED, "%s: the array has more than %d dimensions; reshape it",
                                    r->path, GENLAT_MAX_DIMS);
        dim[(*ndim)++] = size;
        if (!accept(r, ',') && peek(r) != ')')
            return malformed(r, "'shape'");
    }
    return GENLAT_OK;
}

/* ---- types ------------------------------------------------------------------------------------------- */

static bool find_type(text type, gnl_element *element, bool *big_endian)
{
    static const struct {
        const char *code;
        gnl_element element;
    } known[] = {{"u1", GNL_U8},  {"b1", GNL_U8},  {"i1", GNL_I8},  {"u2", GNL_U16}, {"i2", GNL_I16}, {"u4", GNL_U32},
                 {"i4", GNL_I32}, {"u8", GNL_U64}, {"i8", GNL_I64}, {"f2", GNL_F16}, {"f4", GNL_F32}, {"f8", GNL_F64}};
    if (type.length != 3 || !strchr("<>|=", type.begin[0]))
        return false;
    *big_endian = type.begin[0] == '>' || (type.begin[0] == '=' && gnl_files_big_endian());
    for (size_t i = 0; i < GNL_FILES_COUNT(known); i++)
        if (memcmp(type.begin + 1, known[i].code, 2) == 0) {
            *element = known[i].element;
            return true;
        }
    return false;
}

/* Returns the size of padding, such as |V4; 0: it is no padding. */
static size_t padding_size(text name, text type)
{
    reader digits = {.at = type.begin + 2, .end = type.begin + type.length};
    int64_t size = 0;
    bool padding = name.length == 0 && type.length > 2 && type.begin[1] == 'V' && read_size(&digits, &size);
    return padding && digits.at == digits.end ? (size_t)size : 0;
}

static genlat_status unsupported_type(const reader *r, text type)
{
    return genlat_error_set(GENLAT_E_UNSUPPORTED,
                            "%s: the element type '%.*s' is not supported; convert it to numbers, such as with "
                            ".astype('f4'), before numpy.save",
                            r->path, (int)GNL_FILES_MIN(type.length, (size_t)MAX_NAME), type.begin);
}

static genlat_status unsupported_field(const reader *r, text name, const char *what)
{
    return genlat_error_set(GENLAT_E_UNSUPPORTED,
                            "%s: field '%.*s' of the structured array is not a number, but %s; save only fields of "
                            "numbers, such as array[['a', 'b']]",
                            r->path, (int)GNL_FILES_MIN(name.length, (size_t)MAX_NAME), name.begin, what);
}

/* Adds one column to the records. */
static genlat_status add_column(const reader *r, const gnl_field *column, gnl_npy_dictionary *out)
{
    if (out->fields == MAX_COLUMNS)
        return genlat_error_set(GENLAT_E_UNSUPPORTED,
                                "%s: the records have more than %d values; save them as a plain "
                                "array",
                                r->path, MAX_COLUMNS);
    /* The capacity doubles whenever the count is a power of two. */
    if ((out->fields & (out->fields - 1)) == 0) {
        gnl_field *grown = realloc(out->field, (out->fields ? 2 * (size_t)out->fields : 1) * sizeof *grown);
        if (!grown)
            return gnl_files_no_memory(r->path);
        out->field = grown;
    }
    out->field[out->fields] = *column;
    out->field[out->fields++].offset = out->record;
    out->record += gnl_element_size(column->element);
    return GENLAT_OK;
}

/* Reads the name of a field, which may follow a title: (title, name). */
static bool read_name(reader *r, text *out)
{
    if (!accept(r, '('))
        return read_text(r, out);
    return read_text(r, out) && accept(r, ',') && read_text(r, out) && accept(r, ')');
}

/* Reads a field: a tuple of name, type and perhaps a shape. */
static genlat_status read_field(reader *r, gnl_npy_dictionary *out)
{
    text name, type;
    gnl_field column = {.name = NULL};
    int32_t ndim = 0;
    int64_t dim[GENLAT_MAX_DIMS], values = 1;
    if (!accept(r, '(') || !read_name(r, &name) || !accept(r, ','))
        return malformed(r, "field in 'descr'");
    if (peek(r) == '[')
        return unsupported_field(r, name, "a record");
    if (!read_text(r, &type))
        return malformed(r, "field in 'descr'");
    size_t padding = padding_size(name, type);
    if (padding == 0 && !find_type(type, &column.element, &column.big_endian))
        return unsupported_field(r, name, "text or another type");
    if (accept(r, ',') && peek(r) == '(')
        GNL_FILES_TRY(read_sizes(r, &ndim, dim));
    accept(r, ',');
    if (!accept(r, ')'))
        return malformed(r, "field in 'descr'");
    for (int32_t i = 0; i < ndim; i++)
        values = __builtin_mul_overflow(values, dim[i], &values) ? INT64_MAX : values;
    if (padding && __builtin_add_overflow(out->record, padding, &out->record))
        return malformed(r, "field in 'descr'");
    column.name = name.begin;
    column.length = name.length;
    for (int64_t i = 0; padding == 0 && i < values; i++)
        GNL_FILES_TRY(add_column(r, &column, out));
    return GENLAT_OK;
}

static genlat_status read_descr(reader *r, gnl_npy_dictionary *out)
{
    text type;
    if (read_text(r, &type))
        return find_type(type, &out->element, &out->big_endian) ? GENLAT_OK : unsupported_type(r, type);
    if (!accept(r, '['))
        return malformed(r, "'descr'");
    while (!accept(r, ']')) {
        GNL_FILES_TRY(read_field(r, out));
        if (!accept(r, ',') && peek(r) != ']')
            return malformed(r, "'descr'");
    }
    return out->fields ? GENLAT_OK : malformed(r, "'descr'");
}

/* ---- the dictionary ---------------------------------------------------------------------------------- */

static genlat_status read_order(reader *r, gnl_npy_dictionary *out)
{
    static const char *const words[] = {"False", "True"};
    peek(r);
    for (size_t i = 0; i < GNL_FILES_COUNT(words); i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(r->end - r->at) >= length && memcmp(r->at, words[i], length) == 0) {
            r->at += length;
            out->fortran_order = i == 1;
            return GENLAT_OK;
        }
    }
    return malformed(r, "'fortran_order'");
}

static genlat_status read_shape(reader *r, gnl_npy_dictionary *out)
{
    return read_sizes(r, &out->ndim, out->dim);
}

static const struct {
    const char *name;
    genlat_status (*read)(reader *r, gnl_npy_dictionary *out);
} entries[] = {{"descr", read_descr}, {"fortran_order", read_order}, {"shape", read_shape}};

static genlat_status read_entry(reader *r, bool *found, gnl_npy_dictionary *out)
{
    text key;
    if (!read_text(r, &key) || !accept(r, ':'))
        return malformed(r, "dictionary");
    for (size_t i = 0; i < GNL_FILES_COUNT(entries); i++)
        if (!found[i] && strlen(entries[i].name) == key.length && memcmp(entries[i].name, key.begin, key.length) == 0) {
            found[i] = true;
            return entries[i].read(r, out);
        }
    return malformed(r, "dictionary");
}

genlat_status gnl_npy_dictionary_parse(const char *path, const char *begin, size_t length, gnl_npy_dictionary *out)
{
    reader r = {path, begin, begin + length};
    bool found[GNL_FILES_COUNT(entries)] = {false};
    *out = (gnl_npy_dictionary){0};
    if (!accept(&r, '{'))
        return malformed(&r, "dictionary");
    while (!accept(&r, '}')) {
        GNL_FILES_TRY(read_entry(&r, found, out));
        if (!accept(&r, ',') && peek(&r) != '}')
            return malformed(&r, "dictionary");
    }
    for (size_t i = 0; i < GNL_FILES_COUNT(entries); i++) {
        char quoted[20];
        snprintf(quoted, sizeof quoted, "'%s'", entries[i].name);
        if (!found[i])
            return malformed(&r, quoted);
    }
    return GENLAT_OK;
}
