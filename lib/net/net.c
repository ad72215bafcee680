/* SPDX-License-Identifier: MIT */
/* Nets: lifetime, queries, and descriptions as text. */
#include <stdio.h>

#include "net/net_priv.h"

genlat_net *gnl_net_retain(genlat_net *net)
{
    return gnl_object_retain(net);
}

static void free_nodes(genlat_ctx *ctx, gnl_node *node, int nodes)
{
    for (int i = 0; node && i < nodes; i++) {
        gnl_free(ctx, node[i].name);
        gnl_layer_release(node[i].layer);
    }
    gnl_free(ctx, node);
}

void gnl_net_release(genlat_net *net)
{
    if (!gnl_object_release(net))
        return;
    genlat_ctx *ctx = net->object.ctx;
    free_nodes(ctx, net->node, net->nodes);
    for (int i = 0; net->weight && i < net->weights; i++)
        gnl_free(ctx, net->weight[i].name);
    gnl_free(ctx, net->weight);
    gnl_free(ctx, net->value);
    gnl_free(ctx, net->grad);
    gnl_free(ctx, net->state);
    gnl_free(ctx, net->bf16);
    gnl_object_free(net);
}

gnl_real *gnl_net_weight_data(const genlat_net *net, int weight)
{
    const gnl_weight *w = &net->weight[weight];
    return (w->param.state ? net->state : net->value) + w->offset;
}

gnl_matrix gnl_matrix_of(const genlat_net *net, const gnl_param *p)
{
    gnl_matrix m = {p->axis ? p->shape.dim[0] : 1, p->shape.dim[p->axis], 1, gnl_kernels_of(net->object.ctx)};
    for (int32_t i = p->axis + 1; i < p->shape.ndim; i++)
        m.inner *= p->shape.dim[i];
    return m;
}

genlat_status gnl_net_check_not_bf16(const genlat_net *net)
{
    if (!net->bf16)
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_STATE, "the net has weights in bfloat16, which are for inference only; use the net that "
                                    "it was copied from");
}

genlat_status gnl_net_want_grad(genlat_net *net)
{
    GNL_TRY(gnl_net_check_not_bf16(net));
    if (!net->grad)
        net->grad = gnl_calloc(net->object.ctx, (size_t)net->values, sizeof *net->grad);
    return net->grad ? GENLAT_OK : GENLAT_E_MEMORY;
}

/* Gradients in the workspace of an exec are zeroed by its backward pass, because other buffers use their memory until
 * then. */
void gnl_net_zero_grad(genlat_net *net)
{
    if (net->grad && !net->grad_owner)
        gnl_zero(net->object.ctx, net->values, net->grad);
}

int gnl_net_find_node(const genlat_net *net, const char *name)
{
    for (int i = 0; i < net->nodes; i++)
        if (strcmp(net->node[i].name, name) == 0)
            return i;
    return -1;
}

genlat_status gnl_net_unknown_node(const genlat_net *net, int nodes, const char *name, const char *what)
{
    gnl_unknown names = {.word = name};
    for (int i = 0; i < nodes; i++)
        gnl_unknown_add(&names, net->node[i].name);
    return gnl_unknown_fail(&names, "%s '%.60s'", what, name);
}

int gnl_net_find_weight(const genlat_net *net, const char *name)
{
    for (int i = 0; i < net->weights; i++)
        if (strcmp(net->weight[i].name, name) == 0)
            return i;
    return -1;
}

int64_t gnl_net_size(const genlat_net *net)
{
    int64_t total = 0;
    for (int i = 0; i < net->weights; i++)
        total += net->weight[i].param.state ? 0 : net->weight[i].count;
    return total;
}

bool gnl_weight_needs_grad(const genlat_net *net, int weight)
{
    return !net->weight[weight].frozen || net->weight[weight].auxiliary;
}

/* ---- queries --------------------------------------------------------------------------------- */

genlat_ctx *gnl_net_ctx(const genlat_net *net)
{
    return net->object.ctx;
}

int gnl_net_inputs(const genlat_net *net)
{
    return net->inputs;
}

const char *gnl_net_input_name(const genlat_net *net, int index)
{
    return net->node[index].name;
}

const gnl_shape *gnl_net_input_shape(const genlat_net *net, int index)
{
    return &net->node[index].shape;
}

int gnl_net_outputs(const genlat_net *net)
{
    return net->outputs;
}

const gnl_shape *gnl_net_output_shape(const genlat_net *net, int index)
{
    return &net->node[net->output[index]].shape;
}

const gnl_shape *gnl_net_node_shape(const genlat_net *net, int node)
{
    return &net->node[node].shape;
}

genlat_status gnl_net_uses_input(const genlat_net *net, int index, bool *used)
{
    bool *depends = gnl_calloc(net->object.ctx, (size_t)net->nodes, sizeof *depends);
    *used = false;
    if (!depends)
        return GENLAT_E_MEMORY;
    depends[index] = true;
    for (int i = net->inputs; i < net->nodes; i++)
        for (int k = 0; k < net->node[i].inputs; k++)
            depends[i] = depends[i] || depends[net->node[i].input[k]];
    *used = depends[net->output[0]];
    gnl_free(net->object.ctx, depends);
    return GENLAT_OK;
}

int gnl_net_want_output(genlat_net *net, const char *name)
{
    const int node = gnl_net_find_node(net, name);
    int index = 0;
    while (index < net->outputs && net->output[index] != node)
        index++;
    if (node < 0 || index == GENLAT_MAX_OUTPUTS)
        return -1;
    if (index == net->outputs)
        net->output[net->outputs++] = node;
    return index;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Appends to a text of `used` bytes as much as fits. Returns the length of the complete text. */
static size_t append(char *text, size_t capacity, size_t used, const char *addition)
{
    if (used < capacity)
        snprintf(text + used, capacity - used, "%s", addition);
    return used + strlen(addition);
}

/* Appends " from=a,b", unless the only input is the previous node, which is the default. */
static size_t append_inputs(const genlat_net *net, const gnl_node *node, char *text, size_t capacity, size_t used)
{
    bool previous = node->inputs == 1 && &net->node[node->input[0]] == node - 1;
    for (int i = 0; !previous && i < node->inputs; i++) {
        used = append(text, capacity, used, i ? "," : " from=");
        used = append(text, capacity, used, net->node[node->input[i]].name);
    }
    return used;
}

static genlat_status layer_text(const genlat_net *net, const gnl_node *node, char *text, size_t capacity, size_t *used)
{
    GNL_TRY(gnl_layer_format(node->layer, text, capacity));
    *used = append(text, capacity, strlen(text), " name=");
    *used = append(text, capacity, *used, node->name);
    *used = append_inputs(net, node, text, capacity, *used);
    if (&net->node[node->owner] != node) {
        *used = append(text, capacity, *used, " share=");
        *used = append(text, capacity, *used, net->node[node->owner].name);
    }
    return GENLAT_OK;
}

static size_t input_text(const gnl_node *node, char *text, size_t capacity)
{
    char size[32];
    size_t used = append(text, capacity, append(text, capacity, 0, "input "), node->name);
    for (int32_t i = 0; i < node->shape.ndim; i++) {
        snprintf(size, sizeof size, "%c%lld", i ? 'x' : ' ', (long long)node->shape.dim[i]);
        used = append(text, capacity, used, size);
    }
    return used;
}

genlat_status gnl_net_node_text(const genlat_net *net, int index, char *text, size_t capacity)
{
    const gnl_node *node = &net->node[index];
    size_t used = 0;
    if (node->layer)
        GNL_TRY(layer_text(net, node, text, capacity, &used));
    else
        used = input_text(node, text, capacity);
    if (used >= capacity)
        return gnl_fail(GENLAT_E_RANGE, "the text of node '%s' needs %zu bytes; capacity is %zu", node->name, used + 1,
                        capacity);
    return GENLAT_OK;
}

void gnl_net_outputs_text(const genlat_net *net, char text[GNL_NODE_TEXT])
{
    size_t used = append(text, GNL_NODE_TEXT, 0, "output ");
    for (int i = 0; i < net->outputs; i++) {
        used = append(text, GNL_NODE_TEXT, used, i ? "," : "");
        used = append(text, GNL_NODE_TEXT, used, net->node[net->output[i]].name);
    }
}

static int64_t node_size(const genlat_net *net, const gnl_node *node)
{
    int64_t size = 0;
    for (int i = 0; i < node->weights; i++)
        size += net->weight[node->first_weight + i].param.state ? 0 : net->weight[node->first_weight + i].count;
    return size;
}

/* Appends a line of a graph with a comment: the shape of a sample, and the number of weights. */
static size_t describe_node(const genlat_net *net, int index, char *text, size_t capacity, size_t used)
{
    char line[GNL_NODE_TEXT], shape[GNL_SHAPE_TEXT], weights[48] = "";
    const int64_t size = node_size(net, &net->node[index]);
    if (gnl_net_node_text(net, index, line, sizeof line) != GENLAT_OK)
        snprintf(line, sizeof line, "# the text of node %s is too long", net->node[index].name);
    if (size > 0)
        snprintf(weights, sizeof weights, ", %lld weights", (long long)size);
    const size_t left = used < capacity ? capacity - used : 0;
    return used + (size_t)snprintf(left ? text + used : NULL, left, "%-64s # %s%s\n", line,
                                   gnl_shape_format(&net->node[index].shape, shape), weights);
}

size_t gnl_net_describe(const genlat_net *net, char *text, size_t capacity, size_t used)
{
    char outputs[GNL_NODE_TEXT];
    for (int i = 0; i < net->nodes; i++)
        used = describe_node(net, i, text, capacity, used);
    gnl_net_outputs_text(net, outputs);
    used = append(text, capacity, used, outputs);
    return append(text, capacity, used, "\n");
}
