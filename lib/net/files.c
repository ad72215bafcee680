/* SPDX-License-Identifier: MIT */
/* Public functions that save and load nets: to and from files, memory and streams. */
#include "genlat/io.h"
#include "io/io.h"
#include "net/net_priv.h"

static genlat_status save(const genlat_net *net, gnl_output to)
{
    gnl_writer *writer = NULL;
    GNL_TRY(gnl_writer_new(net->object.ctx, &writer));
    genlat_status status = gnl_writer_format(writer, "net");
    if (status == GENLAT_OK)
        status = gnl_net_write(net, writer, "");
    if (status == GENLAT_OK)
        status = gnl_writer_write(writer, to);
    gnl_writer_destroy(writer);
    return status;
}

static genlat_status load(genlat_ctx *ctx, gnl_input from, genlat_net **out)
{
    gnl_reader *reader = NULL;
    GNL_TRY(gnl_reader_open(ctx, from, &reader));
    genlat_status status = gnl_reader_format(reader);
    if (status == GENLAT_OK)
        status = gnl_net_restore(ctx, reader, "", out);
    gnl_reader_close(reader);
    return status;
}

static genlat_status load_weights(genlat_net *net, const char *path, const char *prefix)
{
    gnl_reader *reader = NULL;
    GNL_TRY(gnl_reader_open(net->object.ctx, gnl_input_file(path), &reader));
    genlat_status status = gnl_net_read(net, reader, prefix);
    gnl_reader_close(reader);
    return status;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_net_save(const genlat_net *net, const char *path)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    GNL_CHECK(path, "path is NULL");
    return save(net, gnl_output_file(path));
}

genlat_status genlat_net_save_memory(const genlat_net *net, void **bytes, size_t *size)
{
    gnl_output output;
    GNL_ENTER();
    GNL_TRY(gnl_output_memory(bytes, size, &output));
    GNL_CHECK(net, "net is NULL");
    return save(net, output);
}

genlat_status genlat_net_save_stream(const genlat_net *net, const genlat_stream_table *stream)
{
    gnl_output output;
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    GNL_TRY(gnl_output_stream(stream, &output));
    return save(net, output);
}

genlat_status genlat_net_load(genlat_ctx *ctx, const char *path, genlat_net **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(path, "path is NULL");
    return load(ctx, gnl_input_file(path), out);
}

genlat_status genlat_net_load_memory(genlat_ctx *ctx, const void *bytes, size_t size, genlat_net **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_CHECK(bytes, "bytes is NULL");
    return load(ctx, gnl_input_memory(bytes, size, "memory"), out);
}

genlat_status genlat_net_load_stream(genlat_ctx *ctx, const genlat_stream_table *stream, genlat_net **out)
{
    gnl_input input;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    GNL_TRY(gnl_input_stream(stream, &input));
    return load(ctx, input, out);
}

genlat_status genlat_net_load_weights(genlat_net *net, const char *path, const char *prefix)
{
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    GNL_CHECK(path, "path is NULL");
    return load_weights(net, path, prefix ? prefix : "");
}
