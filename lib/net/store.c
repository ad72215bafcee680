/* SPDX-License-Identifier: MIT */
/* Nets in containers: the graph as text in the metadata, the weights as tensors. */
#include <stdio.h>

#include "io/io.h"
#include "net/net_priv.h"

enum { MAX_LINE = 1024, MAX_KEY = 128 };

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

/* Appends a line such as "input x 1x28x28". */
static genlat_status append_input(text_buffer *to, const gnl_node *node)
{
    char line[MAX_LINE];
    size_t used = (size_t)snprintf(line, sizeof line, "input %s", node->name);
    for (int32_t i = 0; i < node->shape.ndim; i++)
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "%c%lld", i ? 'x' : ' ', (long long)node->shape.dim[i]);
    return append(to, line);
}

/* Appends a line such as "output mean,logvar". */
static genlat_status append_outputs(text_buffer *to, const genlat_net *net)
{
    char line[MAX_LINE] = "output ";
    for (int i = 0; i < net->outputs; i++) {
        size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, "%s%s", i ? "," : "", net->node[net->output[i]].name);
    }
    return append(to, line);
}

static genlat_status write_graph(const genlat_net *net, text_buffer *to)
{
    char line[MAX_LINE];
    for (int i = 0; i < net->inputs; i++)
        GNL_TRY(append_input(to, &net->node[i]));
    for (int i = net->inputs; i < net->nodes; i++) {
        GNL_TRY(gnl_net_node_text(net, i, line, sizeof line));
        GNL_TRY(append(to, line));
    }
    return append_outputs(to, net);
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

/* The parts of a graph's text. Names point into the text. */
typedef struct graph {
    const char *names[GNL_MAX_INPUTS];
    gnl_shape shapes[GNL_MAX_INPUTS];
    gnl_net_text text;
    text_buffer layers;
} graph;

static genlat_status bad_input(const char *name)
{
    return gnl_fail(GENLAT_E_FORMAT, "graph: malformed input '%.80s'; 'input NAME SIZExSIZE...' expected", name);
}

static bool parse_shape(char *text, gnl_shape *shape)
{
    char *rest = NULL;
    *shape = (gnl_shape){0};
    for (char *word = strtok_r(text, "x", &rest); word; word = strtok_r(NULL, "x", &rest))
        if (shape->ndim == GENLAT_MAX_DIMS - 1 || !gnl_parse_int(word, &shape->dim[shape->ndim++]))
            return false;
    return true;
}

static genlat_status parse_input(graph *g, char *line)
{
    char *rest = NULL;
    const char *name = strtok_r(line, " ", &rest);
    if (!name || g->text.inputs == GNL_MAX_INPUTS)
        return bad_input(name ? name : "");
    g->names[g->text.inputs] = name;
    return parse_shape(rest, &g->shapes[g->text.inputs++]) ? GENLAT_OK : bad_input(name);
}

/* Splits the text into inputs and layers. Overwrites it. */
static genlat_status parse_graph(graph *g, char *text)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "input ", 6) == 0)
            GNL_TRY(parse_input(g, line + 6));
        else
            GNL_TRY(append(&g->layers, line));
    }
    if (!g->layers.text || !g->text.inputs)
        return gnl_fail(GENLAT_E_FORMAT, "graph: %d inputs and %s layers; at least one of each expected",
                        g->text.inputs, g->layers.text ? "some" : "no");
    g->text.names = g->names;
    g->text.shapes = g->shapes;
    g->text.layers = g->layers.text;
    return GENLAT_OK;
}

/* Builds a net from text. Its weights together may have at most `most` numbers. */
static genlat_status build_graph(genlat_ctx *ctx, const char *stored, int64_t most, genlat_net **out)
{
    graph g = {.layers = {.ctx = ctx}};
    char *copy = gnl_strdup(ctx, stored);
    genlat_status status = copy ? parse_graph(&g, copy) : GENLAT_E_MEMORY;
    g.text.max_numbers = GNL_MAX(most, 1);
    if (status == GENLAT_OK)
        status = gnl_net_from_graph(ctx, &g.text, out);
    gnl_free(ctx, g.layers.text);
    gnl_free(ctx, copy);
    return status;
}

static genlat_status read_graph(genlat_ctx *ctx, const gnl_reader *reader, const char *prefix, genlat_net **out)
{
    char key[MAX_KEY];
    GNL_TRY(graph_key(prefix, key));
    const char *stored = gnl_reader_meta(reader, key);
    if (!stored)
        return gnl_fail(GENLAT_E_NOT_FOUND, "metadata %s is missing; the file contains another kind of model", key);
    return build_graph(ctx, stored, gnl_reader_elements(reader), out);
}

genlat_status gnl_net_clone(const genlat_net *net, genlat_net **out)
{
    text_buffer text = {.ctx = net->object.ctx};
    GNL_TRY(gnl_net_check_not_bf16(net));
    genlat_status status = write_graph(net, &text);
    if (status == GENLAT_OK)
        status = build_graph(text.ctx, text.text, net->values + net->states, out);
    gnl_free(text.ctx, text.text);
    if (status != GENLAT_OK)
        return status;
    memcpy((*out)->value, net->value, (size_t)net->values * sizeof(gnl_real));
    memcpy((*out)->state, net->state, (size_t)net->states * sizeof(gnl_real));
    return GENLAT_OK;
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
        GNL_TRY(gnl_reader_finite(reader, key, &w->param.shape, (w->param.state ? to->state : to->value) + w->offset));
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
