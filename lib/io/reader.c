/* SPDX-License-Identifier: MIT */
/* Reads a container. */
#include <stdlib.h>

#include "io/io_priv.h"

static genlat_status header_length(gnl_reader *reader, size_t *length)
{
    unsigned char buffer[GNL_IO_PREFIX];
    uint64_t stored = 0;
    if (reader->input.size < GNL_IO_PREFIX)
        return gnl_fail(GENLAT_E_FORMAT, "%s: has %llu bytes, less than any safetensors file; it is truncated",
                        reader->path, (unsigned long long)reader->input.size);
    GNL_TRY(reader->input.type->read(&reader->input, 0, buffer, sizeof buffer));
    gnl_dtype_load(GNL_DTYPE_I64, buffer, 1, &stored);
    if (stored > GNL_IO_MOST_HEADER || stored > reader->input.size - GNL_IO_PREFIX)
        return gnl_fail(GENLAT_E_FORMAT,
                        "%s: header length %llu exceeds the file size of %llu bytes; it is truncated or not a "
                        "safetensors file",
                        reader->path, (unsigned long long)stored, (unsigned long long)reader->input.size);
    *length = (size_t)stored;
    reader->data = GNL_IO_PREFIX + stored;
    return GENLAT_OK;
}

static genlat_status read_header(gnl_reader *reader)
{
    size_t length = 0;
    GNL_TRY(header_length(reader, &length));
    char *buffer = gnl_alloc(reader->ctx, length, 1);
    if (!buffer)
        return GENLAT_E_MEMORY;
    genlat_status status = reader->input.type->read(&reader->input, GNL_IO_PREFIX, buffer, length);
    if (status == GENLAT_OK)
        status = gnl_header_parse(reader, buffer, length);
    gnl_free(reader->ctx, buffer);
    return status;
}

/* Copies the label, opens the input and reads the header. */
static genlat_status open_input(gnl_reader *reader)
{
    gnl_input *input = &reader->input;
    reader->path = gnl_strdup(reader->ctx, input->label);
    input->label = reader->path;
    if (!reader->path)
        return GENLAT_E_MEMORY;
    GNL_TRY(input->type->open(input, reader->ctx));
    return read_header(reader);
}

genlat_status gnl_reader_open(genlat_ctx *ctx, gnl_input input, gnl_reader **out)
{
    gnl_reader *reader = gnl_calloc(ctx, 1, sizeof *reader);
    if (!reader)
        return GENLAT_E_MEMORY;
    reader->ctx = gnl_ctx_retain(ctx);
    reader->input = input;
    const genlat_status status = open_input(reader);
    if (status == GENLAT_OK)
        *out = reader;
    else
        gnl_reader_close(reader);
    return status;
}

void gnl_reader_close(gnl_reader *reader)
{
    if (!reader)
        return;
    genlat_ctx *ctx = reader->ctx;
    reader->input.type->close(&reader->input, ctx);
    for (size_t i = 0; i < reader->count; i++)
        gnl_free(ctx, reader->entry[i].name);
    for (size_t i = 0; i < reader->texts; i++) {
        gnl_free(ctx, reader->text[i].key);
        gnl_free(ctx, reader->text[i].text);
    }
    gnl_free(ctx, reader->entry);
    gnl_free(ctx, reader->text);
    gnl_free(ctx, reader->path);
    gnl_free(ctx, reader);
    gnl_ctx_release(ctx);
}

/* ---- contents ------------------------------------------------------------------------------- */

const char *gnl_reader_path(const gnl_reader *reader)
{
    return reader->path;
}

int64_t gnl_reader_count(const gnl_reader *reader)
{
    return (int64_t)reader->count;
}

const gnl_entry *gnl_reader_entry(const gnl_reader *reader, int64_t index)
{
    return index >= 0 && (size_t)index < reader->count ? &reader->entry[index] : NULL;
}

static int compare_name(const void *key, const void *entry)
{
    return strcmp(key, ((const gnl_entry *)entry)->name);
}

const gnl_entry *gnl_reader_find(const gnl_reader *reader, const char *name)
{
    if (reader->count == 0)
        return NULL;
    return bsearch(name, reader->entry, reader->count, sizeof *reader->entry, compare_name);
}

const char *gnl_reader_meta(const gnl_reader *reader, const char *key)
{
    for (size_t i = 0; i < reader->texts; i++)
        if (strcmp(reader->text[i].key, key) == 0)
            return reader->text[i].text;
    return NULL;
}

int64_t gnl_reader_elements(const gnl_reader *reader)
{
    int64_t total = 0;
    for (size_t i = 0; i < reader->count; i++)
        total += gnl_shape_count(&reader->entry[i].shape);
    return total;
}

const char *gnl_reader_kind(const gnl_reader *reader)
{
    const char *kind = gnl_reader_meta(reader, GNL_IO_KEY_KIND);
    return kind ? kind : "";
}

genlat_status gnl_reader_format(const gnl_reader *reader)
{
    int64_t version = 0;
    const char *text = gnl_reader_meta(reader, GNL_IO_KEY_FORMAT);
    if (!text || !gnl_parse_int(text, &version) || version < 1)
        return gnl_fail(GENLAT_E_FORMAT, "%s: metadata has no valid %s; expected a file that this library wrote",
                        reader->path, GNL_IO_KEY_FORMAT);
    if (version > GNL_IO_FORMAT)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "%s: has format %lld, but this version of the library reads up to %d; update the library",
                        reader->path, (long long)version, GNL_IO_FORMAT);
    return GENLAT_OK;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static genlat_status find_fitting(const gnl_reader *reader, const char *name, const gnl_shape *shape,
                                  const gnl_entry **out)
{
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    *out = gnl_reader_find(reader, name);
    if (!*out)
        return gnl_fail(GENLAT_E_NOT_FOUND, "%s: has no tensor %.100s", reader->path, name);
    if (shape && !gnl_shape_equal(shape, &(*out)->shape))
        return gnl_fail(GENLAT_E_SHAPE, "%s: tensor %.100s is %s, expected %s", reader->path, name,
                        gnl_shape_format(&(*out)->shape, found), gnl_shape_format(shape, expected));
    return GENLAT_OK;
}

/* Type of the numbers that a tensor is loaded as. */
typedef enum element { OWN_TYPE, REAL } element;

/* Loads a tensor, converted to gnl_real if requested. If the sizes are equal, it is read at once and in place,
 * otherwise in chunks. */
static genlat_status load(const gnl_reader *reader, const gnl_entry *entry, element as, char *out)
{
    unsigned char buffer[GNL_IO_CHUNK];
    size_t size = gnl_dtype_bytes(entry->dtype), step = as == REAL ? sizeof(gnl_real) : size;
    bool in_place = step == size;
    for (uint64_t at = entry->begin; at < entry->end;) {
        size_t chunk = (size_t)GNL_MIN(entry->end - at, in_place ? UINT64_MAX : sizeof buffer);
        unsigned char *bytes = in_place ? (unsigned char *)out : buffer;
        GNL_TRY(reader->input.type->read(&reader->input, reader->data + at, bytes, chunk));
        if (as == REAL)
            gnl_dtype_load_real(entry->dtype, bytes, (int64_t)(chunk / size), (gnl_real *)(void *)out);
        else
            gnl_dtype_load(entry->dtype, bytes, (int64_t)(chunk / size), out);
        out += chunk / size * step;
        at += chunk;
    }
    return GENLAT_OK;
}

genlat_status gnl_reader_real(const gnl_reader *reader, const char *name, const gnl_shape *shape, gnl_real *out)
{
    const gnl_entry *entry = NULL;
    GNL_TRY(find_fitting(reader, name, shape, &entry));
    if (!gnl_dtype_is_real(entry->dtype))
        return gnl_fail(GENLAT_E_FORMAT, "%s: tensor %.100s is %s, expected F32, F64, F16 or BF16", reader->path, name,
                        gnl_dtype_name(entry->dtype));
    return load(reader, entry, REAL, (char *)out);
}

genlat_status gnl_reader_finite(const gnl_reader *reader, const char *name, const gnl_shape *shape, gnl_real *out)
{
    GNL_TRY(gnl_reader_real(reader, name, shape, out));
    const int64_t count = gnl_shape_count(&gnl_reader_find(reader, name)->shape);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(out[i]))
            return gnl_fail(GENLAT_E_FORMAT, "%s: tensor %.100s has %g in element %lld, a finite number expected",
                            reader->path, name, (double)out[i], (long long)i);
    return GENLAT_OK;
}

genlat_status gnl_reader_get(const gnl_reader *reader, const char *name, gnl_dtype dtype, const gnl_shape *shape,
                             void *out)
{
    const gnl_entry *entry = NULL;
    GNL_TRY(find_fitting(reader, name, shape, &entry));
    if (entry->dtype != dtype)
        return gnl_fail(GENLAT_E_FORMAT, "%s: tensor %.100s is %s, expected %s", reader->path, name,
                        gnl_dtype_name(entry->dtype), gnl_dtype_name(dtype));
    return load(reader, entry, OWN_TYPE, out);
}
