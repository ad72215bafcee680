/* SPDX-License-Identifier: MIT */
/* Where containers are read from: files, memory, and streams of the program, which are read to their end first. */
#include "io/io_priv.h"

enum { FIRST_PIECE = 1 << 16 }; /* bytes */

/* ---- files ----------------------------------------------------------------------------------- */

static genlat_status file_open(gnl_input *input, genlat_ctx *ctx)
{
    return gnl_file_open(input->label, &input->fd, &input->size);
}

static genlat_status file_read(const gnl_input *input, uint64_t offset, void *out, size_t size)
{
    return gnl_file_read(input->fd, input->label, offset, out, size);
}

static void file_close(gnl_input *input, genlat_ctx *ctx)
{
    gnl_file_close(input->fd);
}

static const gnl_input_type file_type = {file_open, file_read, file_close};

gnl_input gnl_input_file(const char *path)
{
    return (gnl_input){.type = &file_type, .label = path, .fd = -1};
}

/* ---- memory ---------------------------------------------------------------------------------- */

static genlat_status memory_open(gnl_input *input, genlat_ctx *ctx)
{
    return GENLAT_OK;
}

static genlat_status memory_read(const gnl_input *input, uint64_t offset, void *out, size_t size)
{
    memcpy(out, input->bytes + offset, size);
    return GENLAT_OK;
}

static void memory_close(gnl_input *input, genlat_ctx *ctx)
{
}

static const gnl_input_type memory_type = {memory_open, memory_read, memory_close};

gnl_input gnl_input_memory(const void *bytes, size_t size, const char *label)
{
    return (gnl_input){.type = &memory_type, .label = label, .fd = -1, .bytes = bytes, .size = size};
}

/* ---- streams --------------------------------------------------------------------------------- */

/* Reads up to `size` bytes. *got is 0 at the end. */
static genlat_status stream_some(const genlat_stream_table *stream, void *out, size_t size, size_t *got)
{
    const gnl_callback callback = gnl_callback_begin();
    const int64_t result = stream->read(stream->user, out, size);
    const genlat_status own = gnl_callback_end(callback);
    if (result < 0)
        return gnl_callback_failed(own, "the stream's read function", result);
    if ((uint64_t)result > size)
        return gnl_fail(GENLAT_E_CALLBACK, "the stream's read function returned %lld, at most %zu expected",
                        (long long)result, size);
    *got = (size_t)result;
    return GENLAT_OK;
}

static genlat_status stream_open(gnl_input *input, genlat_ctx *ctx)
{
    size_t capacity = 0, got = 1;
    while (got > 0) {
        const size_t used = (size_t)input->size;
        if (used == capacity)
            GNL_TRY_IN(input->label, gnl_grow(ctx, &input->block, &capacity, GNL_MAX(2 * used, FIRST_PIECE), 1));
        GNL_TRY(stream_some(&input->stream, (char *)input->block + used, capacity - used, &got));
        input->size += got;
        if (input->stream.limit && input->size > (uint64_t)input->stream.limit)
            return gnl_fail(GENLAT_E_RANGE, "%s: has more than %lld bytes, the limit that the program has set",
                            input->label, (long long)input->stream.limit);
    }
    input->bytes = input->block;
    return GENLAT_OK;
}

static void stream_close(gnl_input *input, genlat_ctx *ctx)
{
    gnl_free(ctx, input->block);
}

static const gnl_input_type stream_type = {stream_open, memory_read, stream_close};

genlat_status gnl_input_stream(const genlat_stream_table *stream, gnl_input *out)
{
    *out = (gnl_input){.type = &stream_type, .label = "stream", .fd = -1};
    GNL_CHECK(stream, "stream is NULL");
    GNL_TRY(gnl_struct_take(stream, sizeof out->stream, &out->stream, "stream"));
    GNL_CHECK(out->stream.read, "stream has no read function");
    if (out->stream.limit < 0)
        return gnl_fail(GENLAT_E_RANGE, "limit is %lld, >= 0 expected", (long long)out->stream.limit);
    return GENLAT_OK;
}
