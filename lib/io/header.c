/* SPDX-License-Identifier: MIT */
/* Header of a container: parses it and checks every name, type, shape and offset before use. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io_priv.h"

static const char metadata_key[] = "__metadata__";

bool gnl_io_name_is_fine(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > GNL_IO_MOST_NAME)
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return false;
    return true;
}

static genlat_status bad_entry(const gnl_reader *reader, const char *name, const char *what)
{
    return gnl_fail(GENLAT_E_FORMAT, "%s: tensor %.100s: %s; the file is damaged, create or copy it again",
                    reader->path, name, what);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Returns the deepest nesting of brackets outside of strings. Checked first, so that the recursion of the parser is
 * limited. */
static int depth_of(const char *json, size_t length)
{
    int depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        char c = json[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted)
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        deepest = GNL_MAX(deepest, depth);
    }
    return deepest;
}

/* The error text of the parser may quote the file. Bytes that are not printable are replaced. */
static genlat_status bad_json(const gnl_reader *reader, json_error_t *error)
{
    if (json_error_code(error) == json_error_out_of_memory)
        return gnl_fail(GENLAT_E_MEMORY, "%s: out of memory for the header", reader->path);
    for (char *c = error->text; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > 126)
            *c = '?';
    return gnl_fail(GENLAT_E_FORMAT, "%s: header: %.160s at byte %d; not a safetensors file, or damaged", reader->path,
                    error->text, error->position);
}

static genlat_status parse_json(const gnl_reader *reader, const char *json, size_t length, json_t **root)
{
    json_error_t error;
    if (length == 0 || json[0] != '{')
        return gnl_fail(GENLAT_E_FORMAT, "%s: header does not start with '{'; this is not a safetensors file",
                        reader->path);
    if (depth_of(json, length) > GNL_IO_MOST_DEPTH)
        return gnl_fail(GENLAT_E_FORMAT, "%s: header is nested deeper than %d; this is not a safetensors file",
                        reader->path, GNL_IO_MOST_DEPTH);
    gnl_c_locale locale = gnl_c_locale_enter(); /* jansson reads no numbers if the decimal point has two bytes */
    *root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &error);
    gnl_c_locale_leave(locale);
    return *root ? GENLAT_OK : bad_json(reader, &error);
}

/* ---- metadata -------------------------------------------------------------------------------- */

static genlat_status add_text(gnl_reader *reader, const char *key, const char *text)
{
    GNL_TRY(gnl_grow(reader->ctx, (void **)&reader->text, &reader->texts_capacity, reader->texts + 1,
                     sizeof *reader->text));
    gnl_text *entry = &reader->text[reader->texts];
    entry->key = gnl_strdup(reader->ctx, key);
    entry->text = entry->key ? gnl_strdup(reader->ctx, text) : NULL;
    if (!entry->text) {
        gnl_free(reader->ctx, entry->key);
        return GENLAT_E_MEMORY;
    }
    reader->texts++;
    return GENLAT_OK;
}

static genlat_status parse_metadata(gnl_reader *reader, json_t *object)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return gnl_fail(GENLAT_E_FORMAT, "%s: header: %s is not an object of strings; the file is damaged",
                        reader->path, metadata_key);
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return gnl_fail(GENLAT_E_FORMAT, "%s: header: a value of %s is not a string; the file is damaged",
                            reader->path, metadata_key);
        GNL_TRY(add_text(reader, key, json_string_value(value)));
    }
    return GENLAT_OK;
}

/* ---- tensors --------------------------------------------------------------------------------- */

static genlat_status parse_dtype(const gnl_reader *reader, const char *name, json_t *info, gnl_entry *entry)
{
    const char *dtype = json_string_value(json_object_get(info, "dtype"));
    if (!dtype)
        return bad_entry(reader, name, "dtype is missing or not a string");
    if (!gnl_io_name_is_fine(dtype))
        return bad_entry(reader, name, "dtype is not a name");
    if (!gnl_dtype_find(dtype, &entry->dtype))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "%s: tensor %.100s: dtype %.40s is not one of F32, F64, F16, BF16, I64, I32, U8; "
                        "convert it first",
                        reader->path, name, dtype);
    return GENLAT_OK;
}

static genlat_status parse_shape(const gnl_reader *reader, const char *name, json_t *info, gnl_entry *entry)
{
    json_t *shape = json_object_get(info, "shape");
    if (!json_is_array(shape))
        return bad_entry(reader, name, "shape is missing or not an array");
    if (json_array_size(shape) > GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "%s: tensor %.100s: %zu dimensions, at most %d are supported",
                        reader->path, name, json_array_size(shape), GENLAT_MAX_DIMS);
    entry->shape.ndim = (int32_t)json_array_size(shape);
    for (int32_t i = 0; i < entry->shape.ndim; i++) {
        json_t *size = json_array_get(shape, (size_t)i);
        if (!json_is_integer(size))
            return bad_entry(reader, name, "a size of shape is not an integer");
        entry->shape.dim[i] = json_integer_value(size);
    }
    int64_t count = 0;
    if (gnl_shape_check(&entry->shape, &count) != GENLAT_OK)
        return bad_entry(reader, name, "shape has a negative size or too many elements");
    return GENLAT_OK;
}

static genlat_status parse_offsets(const gnl_reader *reader, const char *name, json_t *info, gnl_entry *entry)
{
    json_t *offsets = json_object_get(info, "data_offsets");
    json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return bad_entry(reader, name, "data_offsets is not a pair of integers");
    if (json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return bad_entry(reader, name, "data_offsets is negative or its end is before its begin");
    entry->begin = (uint64_t)json_integer_value(begin);
    entry->end = (uint64_t)json_integer_value(end);
    if (entry->end > reader->input.size - reader->data)
        return bad_entry(reader, name, "data_offsets is past the end of the file, which is truncated");
    if (entry->end - entry->begin != (uint64_t)gnl_shape_count(&entry->shape) * gnl_dtype_bytes(entry->dtype))
        return bad_entry(reader, name, "data_offsets does not match its shape and dtype");
    return GENLAT_OK;
}

static genlat_status parse_tensor(gnl_reader *reader, const char *name, json_t *info)
{
    gnl_entry entry = {0};
    if (!gnl_io_name_is_fine(name))
        return gnl_fail(GENLAT_E_FORMAT,
                        "%s: header: the name of a tensor is empty, unprintable or longer than %d bytes", reader->path,
                        GNL_IO_MOST_NAME);
    if (!json_is_object(info))
        return bad_entry(reader, name, "its description is not an object");
    GNL_TRY(parse_dtype(reader, name, info, &entry));
    GNL_TRY(parse_shape(reader, name, info, &entry));
    GNL_TRY(parse_offsets(reader, name, info, &entry));
    GNL_TRY(gnl_grow(reader->ctx, (void **)&reader->entry, &reader->capacity, reader->count + 1, sizeof entry));
    entry.name = gnl_strdup(reader->ctx, name);
    if (!entry.name)
        return GENLAT_E_MEMORY;
    reader->entry[reader->count++] = entry;
    return GENLAT_OK;
}

static int by_offset(const void *a, const void *b)
{
    const gnl_entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const gnl_entry *)a)->name, ((const gnl_entry *)b)->name);
}

/* Checks that the tensors fill the data from start to end without gaps and overlaps. */
static genlat_status check_offsets(gnl_reader *reader)
{
    uint64_t at = 0;
    if (reader->count)
        qsort(reader->entry, reader->count, sizeof *reader->entry, by_offset);
    for (size_t i = 0; i < reader->count; i++) {
        const gnl_entry *entry = &reader->entry[i];
        if (entry->begin != at)
            return bad_entry(reader, entry->name,
                             entry->begin < at ? "its data overlaps that of another tensor"
                                               : "there is a gap before its data");
        at = entry->end;
    }
    if (at != reader->input.size - reader->data)
        return gnl_fail(GENLAT_E_FORMAT, "%s: %llu bytes follow the last tensor; the file is damaged", reader->path,
                        (unsigned long long)(reader->input.size - reader->data - at));
    if (reader->count)
        qsort(reader->entry, reader->count, sizeof *reader->entry, by_name);
    return GENLAT_OK;
}

static genlat_status parse_all(gnl_reader *reader, json_t *root)
{
    const char *key;
    json_t *value;
    if (json_object_size(root) > GNL_IO_MOST_ENTRIES)
        return gnl_fail(GENLAT_E_FORMAT, "%s: header has more than %d tensors", reader->path, GNL_IO_MOST_ENTRIES);
    json_object_foreach(root, key, value)
    {
        if (strcmp(key, metadata_key) == 0)
            GNL_TRY(parse_metadata(reader, value));
        else
            GNL_TRY(parse_tensor(reader, key, value));
    }
    return check_offsets(reader);
}

genlat_status gnl_header_parse(gnl_reader *reader, const char *json, size_t length)
{
    json_t *root = NULL;
    GNL_TRY(parse_json(reader, json, length, &root));
    genlat_status status = parse_all(reader, root);
    json_decref(root);
    return status;
}
