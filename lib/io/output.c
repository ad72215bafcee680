/* SPDX-License-Identifier: MIT */
/* Where containers are written to: files, memory, and streams of the program. */
#include "io/io_priv.h"

/* ---- files ----------------------------------------------------------------------------------- */

static genlat_status file_begin(gnl_output *output, genlat_ctx *ctx, uint64_t size)
{
    return gnl_draft_open(ctx, output->label, &output->draft);
}

static genlat_status file_put(gnl_output *output, const void *bytes, size_t size)
{
    return gnl_draft_put(&output->draft, bytes, size);
}

static genlat_status file_end(gnl_output *output, genlat_ctx *ctx, genlat_status status)
{
    return gnl_draft_close(&output->draft, status);
}

static const gnl_output_type file_type = {file_begin, file_put, file_end};

gnl_output gnl_output_file(const char *path)
{
    return (gnl_output){.type = &file_type, .label = path};
}

/* ---- memory ---------------------------------------------------------------------------------- */

static genlat_status memory_begin(gnl_output *output, genlat_ctx *ctx, uint64_t size)
{
    output->block = gnl_alloc(ctx, (size_t)size, 1);
    return output->block ? GENLAT_OK : GENLAT_E_MEMORY;
}

static genlat_status memory_put(gnl_output *output, const void *bytes, size_t size)
{
    memcpy(output->block + output->used, bytes, size);
    output->used += size;
    return GENLAT_OK;
}

static genlat_status memory_end(gnl_output *output, genlat_ctx *ctx, genlat_status status)
{
    if (status != GENLAT_OK) {
        gnl_free(ctx, output->block);
        return status;
    }
    *output->bytes = output->block;
    *output->size = output->used;
    return GENLAT_OK;
}

static const gnl_output_type memory_type = {memory_begin, memory_put, memory_end};

genlat_status gnl_output_memory(void **bytes, size_t *size, gnl_output *out)
{
    *out = (gnl_output){.type = &memory_type, .label = "memory", .bytes = bytes, .size = size};
    if (bytes)
        *bytes = NULL;
    if (size)
        *size = 0;
    GNL_CHECK(bytes, "bytes is NULL");
    GNL_CHECK(size, "size is NULL");
    return GENLAT_OK;
}

/* ---- streams --------------------------------------------------------------------------------- */

static genlat_status stream_begin(gnl_output *output, genlat_ctx *ctx, uint64_t size)
{
    return GENLAT_OK;
}

static genlat_status stream_put(gnl_output *output, const void *bytes, size_t size)
{
    for (const char *from = bytes; size > 0;) {
        const gnl_callback callback = gnl_callback_begin();
        const int64_t result = output->stream.write(output->stream.user, from, size);
        const genlat_status own = gnl_callback_end(callback);
        if (result <= 0)
            return gnl_callback_failed(own, "the stream's write function", result);
        if ((uint64_t)result > size)
            return gnl_fail(GENLAT_E_CALLBACK, "the stream's write function returned %lld, at most %zu expected",
                            (long long)result, size);
        from += result;
        size -= (size_t)result;
    }
    return GENLAT_OK;
}

static genlat_status stream_end(gnl_output *output, genlat_ctx *ctx, genlat_status status)
{
    return status;
}

static const gnl_output_type stream_type = {stream_begin, stream_put, stream_end};

genlat_status gnl_output_stream(const genlat_stream_table *stream, gnl_output *out)
{
    *out = (gnl_output){.type = &stream_type, .label = "stream"};
    GNL_CHECK(stream, "stream is NULL");
    GNL_TRY(gnl_struct_take(stream, sizeof out->stream, &out->stream, "stream"));
    GNL_CHECK(out->stream.write, "stream has no write function");
    return GENLAT_OK;
}
