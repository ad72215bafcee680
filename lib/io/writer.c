/* SPDX-License-Identifier: MIT */
/* Writes a container. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io_priv.h"

enum { DATA_ALIGN = 64 };

typedef struct item {
    char *name;
    gnl_dtype dtype;
    gnl_shape shape;
    int64_t count;
    bool real; /* the data is gnl_real, stored as F32 */
    const void *data;
    uint64_t begin;
} item;

struct gnl_writer {
    genlat_ctx *ctx;
    size_t items, capacity;
    item *item;
    size_t texts, texts_capacity;
    gnl_text *text;
};

genlat_status gnl_writer_new(genlat_ctx *ctx, gnl_writer **out)
{
    gnl_writer *writer = gnl_calloc(ctx, 1, sizeof *writer);
    if (!writer)
        return GENLAT_E_MEMORY;
    writer->ctx = gnl_ctx_retain(ctx);
    *out = writer;
    return GENLAT_OK;
}

void gnl_writer_destroy(gnl_writer *writer)
{
    if (!writer)
        return;
    genlat_ctx *ctx = writer->ctx;
    for (size_t i = 0; i < writer->items; i++)
        gnl_free(ctx, writer->item[i].name);
    for (size_t i = 0; i < writer->texts; i++) {
        gnl_free(ctx, writer->text[i].key);
        gnl_free(ctx, writer->text[i].text);
    }
    gnl_free(ctx, writer->item);
    gnl_free(ctx, writer->text);
    gnl_free(ctx, writer);
    gnl_ctx_release(ctx);
}

/* ---- collecting ------------------------------------------------------------------------------ */

static genlat_status check_name(const gnl_writer *writer, const char *name)
{
    if (!gnl_io_name_is_fine(name) || strcmp(name, "__metadata__") == 0)
        return gnl_fail(GENLAT_E_INVALID, "the tensor name \"%.80s\" is empty, too long, unprintable or reserved",
                        name);
    for (size_t i = 0; i < writer->items; i++)
        if (strcmp(writer->item[i].name, name) == 0)
            return gnl_fail(GENLAT_E_INVALID, "a tensor with the name \"%.80s\" has already been added", name);
    return GENLAT_OK;
}

static genlat_status add(gnl_writer *writer, const char *name, item added)
{
    GNL_TRY(check_name(writer, name));
    GNL_TRY_IN(name, gnl_shape_check(&added.shape, &added.count));
    GNL_TRY(gnl_grow(writer->ctx, (void **)&writer->item, &writer->capacity, writer->items + 1, sizeof added));
    added.name = gnl_strdup(writer->ctx, name);
    if (!added.name)
        return GENLAT_E_MEMORY;
    writer->item[writer->items++] = added;
    return GENLAT_OK;
}

genlat_status gnl_writer_real(gnl_writer *writer, const char *name, const gnl_shape *shape, const gnl_real *data)
{
    return add(writer, name, (item){.dtype = GNL_DTYPE_F32, .shape = *shape, .real = true, .data = data});
}

genlat_status gnl_writer_add(gnl_writer *writer, const char *name, gnl_dtype dtype, const gnl_shape *shape,
                             const void *data)
{
    return add(writer, name, (item){.dtype = dtype, .shape = *shape, .data = data});
}

static genlat_status replace_text(gnl_writer *writer, gnl_text *entry, const char *text)
{
    char *copy = gnl_strdup(writer->ctx, text);
    if (!copy)
        return GENLAT_E_MEMORY;
    gnl_free(writer->ctx, entry->text);
    entry->text = copy;
    return GENLAT_OK;
}

genlat_status gnl_writer_meta(gnl_writer *writer, const char *key, const char *text)
{
    for (size_t i = 0; i < writer->texts; i++)
        if (strcmp(writer->text[i].key, key) == 0)
            return replace_text(writer, &writer->text[i], text);
    GNL_TRY(gnl_grow(writer->ctx, (void **)&writer->text, &writer->texts_capacity, writer->texts + 1,
                     sizeof *writer->text));
    gnl_text entry = {.key = gnl_strdup(writer->ctx, key)};
    genlat_status status = entry.key ? replace_text(writer, &entry, text) : GENLAT_E_MEMORY;
    if (status != GENLAT_OK) {
        gnl_free(writer->ctx, entry.key);
        return status;
    }
    writer->text[writer->texts++] = entry;
    return GENLAT_OK;
}

genlat_status gnl_writer_format(gnl_writer *writer, const char *kind)
{
    char version[16];
    snprintf(version, sizeof version, "%d", GNL_IO_FORMAT);
    GNL_TRY(gnl_writer_meta(writer, GNL_IO_KEY_FORMAT, version));
    return gnl_writer_meta(writer, GNL_IO_KEY_KIND, kind);
}

/* ---- the header ------------------------------------------------------------------------------ */

/* Assigns offsets, wide elements first. Every tensor then starts at a multiple of its element size without gaps, which
 * the format forbids. Tensors of the same width keep their order. */
static uint64_t lay_out(gnl_writer *writer)
{
    uint64_t at = 0;
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < writer->items; i++) {
            item *one = &writer->item[i];
            if (gnl_dtype_bytes(one->dtype) != width)
                continue;
            one->begin = at;
            at += (uint64_t)one->count * width;
        }
    }
    return at;
}

static json_t *describe(const item *one)
{
    json_t *shape = json_array();
    for (int32_t i = 0; shape && i < one->shape.ndim; i++)
        if (json_array_append_new(shape, json_integer(one->shape.dim[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    uint64_t end = one->begin + (uint64_t)one->count * gnl_dtype_bytes(one->dtype);
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", gnl_dtype_name(one->dtype), "shape", shape, "data_offsets",
                     (json_int_t)one->begin, (json_int_t)end);
}

static int describe_texts(const gnl_writer *writer, json_t *root)
{
    json_t *texts = json_object();
    int bad = texts ? 0 : -1;
    for (size_t i = 0; i < writer->texts && !bad; i++)
        bad = json_object_set_new(texts, writer->text[i].key, json_string(writer->text[i].text));
    if (bad)
        json_decref(texts);
    return bad ? bad : json_object_set_new(root, "__metadata__", texts);
}

static int describe_all(const gnl_writer *writer, json_t *root)
{
    int bad = root ? 0 : -1;
    if (!bad && writer->texts)
        bad = describe_texts(writer, root);
    for (size_t i = 0; i < writer->items && !bad; i++)
        bad = json_object_set_new(root, writer->item[i].name, describe(&writer->item[i]));
    return bad;
}

/* Buffer for the text that the JSON printer passes on in pieces. */
typedef struct header {
    genlat_ctx *ctx;
    char *text;
    size_t length, capacity;
    bool failed; /* the printer checks the result for most pieces only */
} header;

static int collect(const char *piece, size_t size, void *data)
{
    header *head = data;
    if (head->failed ||
        gnl_grow(head->ctx, (void **)&head->text, &head->capacity, head->length + size, 1) != GENLAT_OK) {
        head->failed = true;
        return -1;
    }
    memcpy(head->text + head->length, piece, size);
    head->length += size;
    return 0;
}

/* Pads the header with blanks, so that the data starts at a multiple of 64 bytes. */
static int pad(header *head)
{
    static const char blanks[DATA_ALIGN] = "                                                               ";
    size_t used = (GNL_IO_PREFIX + head->length) % DATA_ALIGN;
    return collect(blanks, used ? DATA_ALIGN - used : 0, head);
}

static genlat_status make_header(const gnl_writer *writer, header *head)
{
    *head = (header){.ctx = writer->ctx};
    json_t *root = json_object();
    int bad = describe_all(writer, root);
    if (!bad)
        bad = json_dump_callback(root, collect, head, JSON_COMPACT);
    json_decref(root);
    if (!bad)
        bad = head->failed ? -1 : pad(head);
    if (!bad && head->length <= GNL_IO_MOST_HEADER)
        return GENLAT_OK;
    gnl_free(head->ctx, head->text);
    return bad ? gnl_fail(GENLAT_E_MEMORY, "could not create the header: out of memory, or a text is not UTF-8")
               : gnl_fail(GENLAT_E_RANGE, "the header has %zu bytes, but the format allows at most %d", head->length,
                          GNL_IO_MOST_HEADER);
}

/* ---- writing --------------------------------------------------------------------------------- */

static genlat_status put_item(gnl_output *to, const item *one)
{
    unsigned char buffer[GNL_IO_CHUNK];
    size_t size = gnl_dtype_bytes(one->dtype), step = one->real ? sizeof(gnl_real) : size;
    int64_t most = (int64_t)(sizeof buffer / size);
    for (int64_t at = 0; at < one->count; at += most) {
        int64_t n = GNL_MIN(most, one->count - at);
        const char *from = (const char *)one->data + (size_t)at * step;
        if (one->real)
            gnl_dtype_store_real((const gnl_real *)(const void *)from, n, buffer);
        else
            gnl_dtype_store(one->dtype, from, n, buffer);
        GNL_TRY(to->type->put(to, buffer, (size_t)n * size));
    }
    return GENLAT_OK;
}

static genlat_status put_all(const gnl_writer *writer, const header *head, gnl_output *to)
{
    unsigned char prefix[GNL_IO_PREFIX];
    int64_t length = (int64_t)head->length;
    gnl_dtype_store(GNL_DTYPE_I64, &length, 1, prefix);
    GNL_TRY(to->type->put(to, prefix, sizeof prefix));
    GNL_TRY(to->type->put(to, head->text, head->length));
    for (size_t width = 8; width > 0; width /= 2)
        for (size_t i = 0; i < writer->items; i++)
            if (gnl_dtype_bytes(writer->item[i].dtype) == width)
                GNL_TRY(put_item(to, &writer->item[i]));
    return GENLAT_OK;
}

genlat_status gnl_writer_write(gnl_writer *writer, gnl_output output)
{
    header head;
    const uint64_t data = lay_out(writer);
    genlat_status status = make_header(writer, &head);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "%s", output.label);
    status = output.type->begin(&output, writer->ctx, GNL_IO_PREFIX + head.length + data);
    if (status == GENLAT_OK)
        status = output.type->end(&output, writer->ctx, put_all(writer, &head, &output));
    gnl_free(head.ctx, head.text);
    return status;
}
