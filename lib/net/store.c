/* SPDX-License-Identifier: MIT */
/* Nets in containers: the graph as text in the metadata, the weights as tensors. */
#include <stdio.h>

#include "io/io.h"
#include "net/net_priv.h"

enum { MAX_KEY = 128 };

/* Zero-terminated text that grows. */
typedef struct text_buffer {
    genlat_ctx *ctx;
    char *text;
    size_t length, capacity;
} text_buffer;

/* Appends a line and a newline. */
static genlat_status append(text_buffer *to, const char *line)
{
    size_t length = strlen(line);
    GNL_TRY(gnl_grow(to->ctx, (void **)&to->text, &to->capacity, to->length + length + 2, 1));
    memcpy(to->text + to->length, line, length);
    memcpy(to->text + to->length + length, "\n", 2);
    to->length += length + 1;
    return GENLAT_OK;
}

/* Writes "genlat.<prefix>net", the metadata key of the graph. */
static genlat_status graph_key(const char *prefix, char key[MAX_KEY])
{
    if (snprintf(key, MAX_KEY, "genlat.%snet", prefix) >= MAX_KEY)
        return gnl_fail(GENLAT_E_INVALID, "the prefix '%.40s...' has %zu bytes, too many for a key; use a shorter one",
                        prefix, strlen(prefix));
    return GENLAT_OK;
}

/* Writes "<prefix><name>", the name of a weight's tensor. */
static genlat_status weight_key(const char *prefix, const gnl_weight *weight, char key[2 * MAX_KEY])
{
    if (snprintf(key, 2 * MAX_KEY, "%s%s", prefix, weight->name) >= 2 * MAX_KEY)
        return gnl_fail(GENLAT_E_INVALID, "the prefix '%.40s...' has %zu bytes, too many for a key; use a shorter one",
                        prefix, strlen(prefix));
    return GENLAT_OK;
}

/* ---- writing the graph ----------------------------------------------------------------------- */

static genlat_status write_graph(const genlat_net *net, text_buffer *to)
{
    char line[GNL_NODE_TEXT];
    for (int i = 0; i < net->nodes; i++) {
        GNL_TRY(gnl_net_node_text(net, i, line, sizeof line));
        GNL_TRY(append(to, line));
    }
    gnl_net_outputs_text(net, line);
    return append(to, line);
}

static genlat_status write_weight(const genlat_net *net, int i, gnl_writer *writer, const char *key)
{
    const gnl_weight *w = &net->weight[i];
    if (w->bf16)
        return gnl_writer_add(writer, key, GNL_DTYPE_BF16, &w->param.shape, net->bf16 + w->offset);
    return gnl_writer_real(writer, key, &w->param.shape, gnl_net_weight_data(net, i));
}

genlat_status gnl_net_write(const genlat_net *net, gnl_writer *writer, const char *prefix)
{
    char key[2 * MAX_KEY];
    text_buffer graph = {.ctx = net->object.ctx};
    GNL_TRY(graph_key(prefix, key));
    genlat_status status = write_graph(net, &graph);
    if (status == GENLAT_OK)
        status = gnl_writer_meta(writer, key, graph.text);
    gnl_free(graph.ctx, graph.text);
    for (int i = 0; i < net->weights && status == GENLAT_OK; i++) {
        status = weight_key(prefix, &net->weight[i], key);
        if (status == GENLAT_OK)
            status = write_weight(net, i, writer, key);
    }
    return status;
}

/* ---- reading the graph ----------------------------------------------------------------------- */

static genlat_status read_graph(genlat_ctx *ctx, const gnl_reader *reader, const char *prefix, genlat_net **out)
{
    char key[MAX_KEY];
    GNL_TRY(graph_key(prefix, key));
    const char *stored = gnl_reader_meta(reader, key);
    if (!stored)
        return gnl_fail(GENLAT_E_NOT_FOUND, "metadata %s is missing; the file contains another kind of model", key);
    return gnl_net_from_graph(ctx, stored, GNL_MAX(gnl_reader_elements(reader), 1), out);
}

/* ---- weights --------------------------------------------------------------------------------- */

/* Arenas that a file is read into. They replace those of the net once all weights have been read. */
typedef struct staging {
    gnl_real *value, *state;
} staging;

static genlat_status read_weights(const genlat_net *net, const gnl_reader *reader, const char *prefix, staging *to)
{
    char key[2 * MAX_KEY];
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        GNL_TRY(weight_key(prefix, w, key));
        gnl_real *value = (w->param.state ? to->state : to->value) + w->offset;
        GNL_TRY(gnl_reader_finite(reader, key, &w->param.shape, value));
        gnl_param_clear_unused(&w->param, value);
    }
    return GENLAT_OK;
}

genlat_status gnl_net_read(genlat_net *net, const gnl_reader *reader, const char *prefix)
{
    genlat_ctx *ctx = net->object.ctx;
    GNL_TRY(gnl_net_check_not_bf16(net));
    staging to = {.value = gnl_calloc(ctx, (size_t)net->values, sizeof(gnl_real)),
                  .state = gnl_calloc(ctx, (size_t)net->states, sizeof(gnl_real))};
    genlat_status status = to.value && to.state ? read_weights(net, reader, prefix, &to) : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        memcpy(net->value, to.value, (size_t)net->values * sizeof(gnl_real));
        memcpy(net->state, to.state, (size_t)net->states * sizeof(gnl_real));
    }
    gnl_free(ctx, to.value);
    gnl_free(ctx, to.state);
    return status;
}

genlat_status gnl_net_restore(genlat_ctx *ctx, const gnl_reader *reader, const char *prefix, genlat_net **out)
{
    genlat_status status = read_graph(ctx, reader, prefix, out);
    if (status != GENLAT_OK)
        return gnl_fail_in(status, "%s", gnl_reader_path(reader));
    status = read_weights(*out, reader, prefix, &(staging){(*out)->value, (*out)->state});
    if (status != GENLAT_OK) {
        gnl_net_release(*out);
        *out = NULL;
    }
    return status;
}
