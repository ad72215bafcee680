/* SPDX-License-Identifier: MIT */
/* The net builder: adds nodes to a net and checks each one. genlat_net_build() reports the first error. */
#include <stdio.h>

#include "net/net_priv.h"

enum { MAX_LINE = GNL_NODE_TEXT, MAX_NAME = 64, MAX_FROM = GNL_MAX_INPUTS * MAX_NAME, MOST_NODES = 10000 };

struct genlat_net_builder {
    gnl_object object;
    genlat_net *net; /* the nodes so far */
    size_t node_capacity, weight_capacity;
    int64_t max_numbers;  /* limit for all weights together; 0: none */
    bool inputs_given;    /* text may not add inputs */
    int known_inputs;     /* those before the text that is being added, which may repeat them */
    genlat_status status; /* first error, or GENLAT_OK */
    char error[GNL_ERROR_TEXT];
};

/* Values of the keys that belong to the builder, not to the layer. An empty string means that the key is absent. */
typedef struct node_keys {
    char name[MAX_NAME], from[MAX_FROM], share[MAX_NAME];
} node_keys;

static const char BLANKS[] = " \t\r\n";

/* Stores the first error and its text. Later errors are usually consequences of it. */
static void record_error(genlat_net_builder *b, genlat_status status)
{
    if (status == GENLAT_OK || b->status != GENLAT_OK)
        return;
    b->status = status;
    snprintf(b->error, sizeof b->error, "%s", genlat_last_error());
}

static bool has_no_error(const genlat_net_builder *b)
{
    return b && b->status == GENLAT_OK;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool name_is_legal(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length < MAX_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == length;
}

static genlat_status add_node(genlat_net_builder *b, const char *name, gnl_node **out)
{
    genlat_net *net = b->net;
    if (!name_is_legal(name))
        return gnl_fail(GENLAT_E_INVALID, "node name '%s' is not 1 to %d letters, digits, '_' or '.'", name,
                        MAX_NAME - 1);
    if (net->nodes >= MOST_NODES)
        return gnl_fail(GENLAT_E_RANGE, "a net has at most %d nodes", MOST_NODES);
    if (gnl_net_find_node(net, name) >= 0)
        return gnl_fail(GENLAT_E_INVALID, "a node named '%s' already exists", name);
    GNL_TRY(gnl_grow(b->object.ctx, (void **)&net->node, &b->node_capacity, (size_t)net->nodes + 1, sizeof *net->node));
    gnl_node *node = &net->node[net->nodes];
    *node = (gnl_node){.owner = net->nodes, .first_weight = net->weights};
    node->name = gnl_strdup(b->object.ctx, name);
    if (!node->name)
        return GENLAT_E_MEMORY;
    net->nodes++;
    *out = node;
    return GENLAT_OK;
}

/* Removes the last node and its weights, after an error. */
static void remove_last_node(genlat_net *net)
{
    gnl_node *node = &net->node[--net->nodes];
    while (net->weights > node->first_weight)
        gnl_free(net->object.ctx, net->weight[--net->weights].name);
    gnl_layer_release(node->layer);
    gnl_free(net->object.ctx, node->name);
}

/* Sets the inputs of the last node: the nodes listed in `from`, or the previous node. */
static genlat_status resolve_inputs(const genlat_net *net, gnl_node *node, const char *from)
{
    char copy[MAX_FROM], *rest = NULL;
    if (!*from) {
        if (net->nodes < 2)
            return gnl_fail(GENLAT_E_STATE, "the net has no input; add inputs before layers");
        node->input[node->inputs++] = net->nodes - 2;
        return GENLAT_OK;
    }
    strcpy(copy, from);
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        int index = gnl_net_find_node(net, name);
        if (index < 0 || index == net->nodes - 1)
            return gnl_net_unknown_node(net, net->nodes - 1, name, "from: an earlier node expected, found");
        if (node->inputs == GNL_MAX_INPUTS)
            return gnl_fail(GENLAT_E_RANGE, "from: too many nodes; at most %d expected", GNL_MAX_INPUTS);
        node->input[node->inputs++] = index;
    }
    return GENLAT_OK;
}

/* Infers the shapes of the output and the parameters. The plan is for one sample. */
static genlat_status infer(const genlat_net *net, const gnl_node *node, gnl_layer_plan *plan)
{
    const gnl_layer_type *type = node->layer->type;
    gnl_shape in[GNL_MAX_INPUTS];
    if (node->inputs < type->min_inputs || node->inputs > type->max_inputs)
        return gnl_fail(GENLAT_E_INVALID, "%d inputs; %d to %d expected", node->inputs, type->min_inputs,
                        type->max_inputs);
    for (int i = 0; i < node->inputs; i++)
        in[i] = net->node[node->input[i]].shape;
    memset(plan, 0, sizeof *plan);
    const gnl_layer_env env = {.rows = 1, .threads = 1};
    GNL_TRY(type->infer(node->layer->opts, &env, node->inputs, in, plan));
    GNL_TRY_IN("output", gnl_shape_check(&plan->out, NULL));
    return GENLAT_OK;
}

static genlat_status add_weight(genlat_net_builder *b, const gnl_node *node, const gnl_param *param)
{
    genlat_net *net = b->net;
    char name[2 * MAX_NAME];
    int64_t count = 0;
    GNL_TRY_IN(param->name, gnl_shape_check(&param->shape, &count));
    GNL_TRY(gnl_grow(b->object.ctx, (void **)&net->weight, &b->weight_capacity, (size_t)net->weights + 1,
                     sizeof *net->weight));
    snprintf(name, sizeof name, "%s.%s", node->name, param->name);
    int64_t *arena = param->state ? &net->states : &net->values;
    gnl_weight weight = {.name = gnl_strdup(b->object.ctx, name), .param = *param, .offset = *arena, .count = count};
    if (!weight.name)
        return GENLAT_E_MEMORY;
    net->weight[net->weights++] = weight;
    return gnl_add_count(arena, gnl_padded(count))
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_RANGE, "%s: the weights of the net have more than 2^53 numbers", param->name);
}

/* Adds the auxiliary tensors of a reparametrized weight. */
static genlat_status add_auxiliary(genlat_net_builder *b, const gnl_node *node, int weight)
{
    const gnl_param of = b->net->weight[weight].param;
    gnl_param auxiliary;
    if (of.init.gain == 0)
        return gnl_fail(GENLAT_E_INVALID, "weight=%s cannot start from zeros; set gain to a number other than 0",
                        gnl_reparam_names[of.reparam]);
    b->net->weight[weight].auxiliary = b->net->weights;
    for (int i = 0; gnl_reparam_param(&of, i, &auxiliary); i++)
        GNL_TRY(add_weight(b, node, &auxiliary));
    return GENLAT_OK;
}

/* Makes a node use the weights of an earlier one, which must have the same kind of layer and the same shapes. */
static genlat_status share_weights(genlat_net *net, gnl_node *node, const char *with, const gnl_layer_plan *plan)
{
    int owner = gnl_net_find_node(net, with);
    if (owner < 0 || !net->node[owner].layer || &net->node[owner] == node)
        return gnl_net_unknown_node(net, net->nodes - 1, with, "share: an earlier layer expected, found");
    owner = net->node[owner].owner;
    const gnl_node *other = &net->node[owner];
    bool same = other->layer->type == node->layer->type && other->params == plan->params;
    for (int i = 0; same && i < plan->params; i++) {
        const gnl_param *param = &net->weight[other->first_weight + i].param;
        same = gnl_shape_equal(&param->shape, &plan->param[i].shape) && param->reparam == plan->param[i].reparam;
    }
    if (!same)
        return gnl_fail(GENLAT_E_SHAPE,
                        "share: '%s' has other weights; the same kind of layer with the same shapes expected", with);
    node->owner = owner;
    return GENLAT_OK;
}

static genlat_status complete_node(genlat_net_builder *b, gnl_node *node, const node_keys *keys)
{
    gnl_layer_plan plan;
    GNL_TRY(resolve_inputs(b->net, node, keys->from));
    GNL_TRY(infer(b->net, node, &plan));
    node->shape = plan.out;
    if (*keys->share)
        return share_weights(b->net, node, keys->share, &plan);
    for (int i = 0; i < plan.params; i++)
        GNL_TRY(add_weight(b, node, &plan.param[i]));
    node->params = plan.params;
    for (int i = 0; i < plan.params; i++)
        if (plan.param[i].reparam)
            GNL_TRY(add_auxiliary(b, node, node->first_weight + i));
    node->weights = b->net->weights - node->first_weight;
    return GENLAT_OK;
}

/* Adds a layer as a node. Takes ownership of one reference to the layer, also on failure. */
static genlat_status add_layer(genlat_net_builder *b, genlat_layer *layer, const node_keys *keys)
{
    char numbered[MAX_NAME];
    gnl_node *node = NULL;
    snprintf(numbered, sizeof numbered, "%d", b->net->nodes - b->net->inputs);
    const char *name = *keys->name ? keys->name : numbered;
    genlat_status status = add_node(b, name, &node);
    if (status != GENLAT_OK) {
        gnl_layer_release(layer);
        return status;
    }
    node->layer = layer;
    status = complete_node(b, node, keys);
    if (status != GENLAT_OK) {
        status = gnl_fail_in(status, "%s '%s'", layer->type->name, name);
        remove_last_node(b->net);
    }
    return status;
}

/* ---- inputs --------------------------------------------------------------------------------- */

static genlat_status add_input(genlat_net_builder *b, const char *name, const gnl_shape *shape)
{
    gnl_node *node = NULL;
    if (b->net->nodes > b->net->inputs)
        return gnl_fail(GENLAT_E_STATE, "input '%s' comes after a layer; add all inputs before the first layer", name);
    if (b->net->inputs == GNL_MAX_INPUTS)
        return gnl_fail(GENLAT_E_RANGE, "too many inputs; at most %d expected", GNL_MAX_INPUTS);
    int64_t count = 0;
    GNL_TRY_IN(name, gnl_shape_check(shape, &count));
    if (count == 0)
        return gnl_fail(GENLAT_E_SHAPE, "input '%.100s' has a dimension of size 0; 1 or more expected", name);
    GNL_TRY(add_node(b, name, &node));
    node->shape = *shape;
    b->net->inputs++;
    return GENLAT_OK;
}

/* ---- text ------------------------------------------------------------------------------------ */

static genlat_status copy_key(char *out, size_t capacity, const char *value)
{
    if (strlen(value) >= capacity)
        return gnl_fail(GENLAT_E_INVALID, "'%s' has %zu bytes; at most %zu expected", value, strlen(value),
                        capacity - 1);
    strcpy(out, value);
    return GENLAT_OK;
}

/* Splits a line into the builder's keys and the rest, which is the text of the layer. */
static genlat_status split_line(const char *line, node_keys *keys, char rest[MAX_LINE])
{
    char copy[MAX_LINE], *state = NULL;
    if (strlen(line) >= sizeof copy)
        return gnl_fail(GENLAT_E_INVALID, "the text of a layer has %zu bytes; at most %d expected", strlen(line),
                        MAX_LINE - 1);
    strcpy(copy, line);
    memset(keys, 0, sizeof *keys);
    rest[0] = '\0';
    for (char *word = strtok_r(copy, BLANKS, &state); word; word = strtok_r(NULL, BLANKS, &state)) {
        if (strncmp(word, "name=", 5) == 0)
            GNL_TRY(copy_key(keys->name, sizeof keys->name, word + 5));
        else if (strncmp(word, "from=", 5) == 0)
            GNL_TRY(copy_key(keys->from, sizeof keys->from, word + 5));
        else if (strncmp(word, "share=", 6) == 0)
            GNL_TRY(copy_key(keys->share, sizeof keys->share, word + 6));
        else
            strcat(strcat(rest, *rest ? " " : ""), word);
    }
    return GENLAT_OK;
}

static genlat_status add_line(genlat_net_builder *b, const char *line)
{
    char rest[MAX_LINE];
    node_keys keys;
    genlat_layer *layer = NULL;
    GNL_TRY(split_line(line, &keys, rest));
    GNL_TRY(gnl_layer_parse(b->object.ctx, rest, &layer));
    return add_layer(b, layer, &keys);
}

static genlat_status set_outputs(genlat_net *net, const char *names)
{
    char copy[MAX_LINE], *rest = NULL;
    GNL_TRY(copy_key(copy, sizeof copy, names));
    net->outputs = 0;
    for (char *name = strtok_r(copy, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        int index = gnl_net_find_node(net, name);
        if (index < 0)
            return gnl_net_unknown_node(net, net->nodes, name, "output: unknown node");
        if (net->outputs == GENLAT_MAX_OUTPUTS)
            return gnl_fail(GENLAT_E_RANGE, "too many outputs; at most %d expected", GENLAT_MAX_OUTPUTS);
        for (int i = 0; i < net->outputs; i++)
            if (net->output[i] == index)
                return gnl_fail(GENLAT_E_INVALID, "output '%s' is listed twice; list it once", name);
        net->output[net->outputs++] = index;
    }
    return GENLAT_OK;
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

/* Adds the input of a line "input NAME SHAPE", of which `text` is the rest, or checks that it repeats a known one. */
static genlat_status add_input_line(genlat_net_builder *b, char *text)
{
    char *rest = NULL;
    gnl_shape shape = {0};
    const char *name = strtok_r(text, BLANKS, &rest);
    char *sizes = name ? strtok_r(NULL, BLANKS, &rest) : NULL;
    if (!name || strtok_r(NULL, BLANKS, &rest) || (sizes && !parse_shape(sizes, &shape)))
        return gnl_fail(GENLAT_E_FORMAT, "malformed input '%.80s'; 'input NAME SIZExSIZE...' expected",
                        name ? name : "");
    const int node = gnl_net_find_node(b->net, name);
    if (node >= 0 && node < b->known_inputs && gnl_shape_equal(&b->net->node[node].shape, &shape))
        return GENLAT_OK;
    if (b->inputs_given)
        return gnl_fail(GENLAT_E_INVALID, "the net has no input '%.80s' of this shape; leave the line out", name);
    return add_input(b, name, &shape);
}

static genlat_status add_statement(genlat_net_builder *b, char *text)
{
    if (strncmp(text, "input ", 6) == 0)
        return add_input_line(b, text + 6);
    if (strncmp(text, "output ", 7) == 0)
        return set_outputs(b->net, text + 7);
    return *text ? add_line(b, text) : GENLAT_OK;
}

static genlat_status add_text(genlat_net_builder *b, const char *text)
{
    b->known_inputs = b->net->inputs;
    while (*text) {
        char line[MAX_LINE];
        size_t length = strcspn(text, "\n;|#");
        if (length >= sizeof line)
            return gnl_fail(GENLAT_E_INVALID, "the text of a layer has %zu bytes; at most %d expected", length,
                            MAX_LINE - 1);
        memcpy(line, text, length);
        line[length] = '\0';
        GNL_TRY(add_statement(b, line + strspn(line, BLANKS)));
        text += length;
        if (*text == '#') /* a comment, up to the end of the line */
            text += strcspn(text, "\n");
        text += *text != '\0';
    }
    return GENLAT_OK;
}

/* ---- building -------------------------------------------------------------------------------- */

/* Checks the net, and allocates and initializes its weights. */
static genlat_status finish(genlat_net_builder *b)
{
    genlat_net *net = b->net;
    genlat_ctx *ctx = b->object.ctx;
    if (b->status != GENLAT_OK)
        return gnl_error_set(b->status, "%s", b->error);
    if (net->nodes == net->inputs)
        return gnl_fail(b->max_numbers ? GENLAT_E_FORMAT : GENLAT_E_STATE, "the net has no layer; add at least one");
    if (b->max_numbers && net->values + net->states > b->max_numbers + GNL_ALIGN * (int64_t)net->weights)
        return gnl_fail(GENLAT_E_FORMAT, "the graph has weights with more numbers than the file contains; the file is "
                                         "damaged or incomplete");
    if (net->outputs == 0)
        net->output[net->outputs++] = net->nodes - 1;
    net->value = gnl_calloc(ctx, (size_t)net->values, sizeof *net->value);
    net->state = gnl_calloc(ctx, (size_t)net->states, sizeof *net->state);
    if (!net->value || !net->state)
        return GENLAT_E_MEMORY;
    bool filled_later = b->max_numbers > 0; /* the caller copies them from a file or another net */
    return filled_later ? GENLAT_OK : gnl_net_init(net, (uint64_t)gnl_ctx_opts(ctx)->seed, 0);
}

static void builder_release(genlat_net_builder *b)
{
    if (!gnl_object_release(b))
        return;
    gnl_net_release(b->net);
    gnl_object_free(b);
}

static genlat_status builder_new(genlat_ctx *ctx, genlat_net_builder **out)
{
    genlat_net_builder *b = gnl_object_new(ctx, sizeof *b);
    if (!b)
        return GENLAT_E_MEMORY;
    b->net = gnl_object_new(ctx, sizeof *b->net);
    if (!b->net) {
        gnl_object_free(b);
        return GENLAT_E_MEMORY;
    }
    *out = b;
    return GENLAT_OK;
}

static genlat_status build(genlat_net_builder *b, genlat_net **out)
{
    genlat_status status = finish(b);
    if (status == GENLAT_OK)
        *out = gnl_net_retain(b->net);
    builder_release(b);
    return status;
}

genlat_status gnl_net_from_graph(genlat_ctx *ctx, const char *text, int64_t max_numbers, genlat_net **out)
{
    genlat_net_builder *b = NULL;
    if (strncmp(text, "input ", 6) != 0)
        return gnl_fail(GENLAT_E_FORMAT, "the graph starts with '%.40s'; 'input NAME SIZExSIZE...' expected", text);
    GNL_TRY(builder_new(ctx, &b));
    b->max_numbers = max_numbers;
    record_error(b, add_text(b, text));
    return build(b, out);
}

genlat_status gnl_net_from_text(genlat_ctx *ctx, int inputs, const char *const *names, const gnl_shape *shapes,
                                const char *text, genlat_net **out)
{
    genlat_net_builder *b = NULL;
    GNL_TRY(builder_new(ctx, &b));
    for (int i = 0; i < inputs; i++)
        record_error(b, add_input(b, names[i], &shapes[i]));
    b->inputs_given = true;
    if (b->status == GENLAT_OK)
        record_error(b, add_text(b, text));
    return build(b, out);
}

/* ---- copying --------------------------------------------------------------------------------- */

static genlat_status copy_layer(genlat_net_builder *b, const genlat_net *net, int index)
{
    const gnl_node *node = &net->node[index];
    node_keys keys = {""};
    snprintf(keys.name, sizeof keys.name, "%s", node->name);
    for (int i = 0; i < node->inputs; i++)
        gnl_text_append(keys.from, sizeof keys.from, "%s%s", i ? "," : "", net->node[node->input[i]].name);
    if (node->owner != index)
        snprintf(keys.share, sizeof keys.share, "%s", net->node[node->owner].name);
    return add_layer(b, gnl_object_retain(node->layer), &keys);
}

static genlat_status copy_nodes(genlat_net_builder *b, const genlat_net *net)
{
    for (int i = 0; i < net->inputs; i++)
        GNL_TRY(add_input(b, net->node[i].name, &net->node[i].shape));
    for (int i = net->inputs; i < net->nodes; i++)
        GNL_TRY(copy_layer(b, net, i));
    b->net->outputs = net->outputs;
    memcpy(b->net->output, net->output, sizeof net->output);
    return GENLAT_OK;
}

genlat_status gnl_net_clone(const genlat_net *net, genlat_net **out)
{
    genlat_net_builder *b = NULL;
    GNL_TRY(gnl_net_check_not_bf16(net));
    GNL_TRY(builder_new(net->object.ctx, &b));
    b->max_numbers = GNL_MAX(net->values + net->states, 1);
    record_error(b, copy_nodes(b, net));
    GNL_TRY(build(b, out));
    memcpy((*out)->value, net->value, (size_t)net->values * sizeof(gnl_real));
    memcpy((*out)->state, net->state, (size_t)net->states * sizeof(gnl_real));
    for (int i = 0; i < net->weights; i++)
        (*out)->weight[i].frozen = net->weight[i].frozen;
    return GENLAT_OK;
}

/* ---- public ---------------------------------------------------------------------------------- */

genlat_status genlat_net_builder_new(genlat_ctx *ctx, genlat_net_builder **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(ctx, "ctx is NULL");
    return builder_new(ctx, out);
}

void genlat_net_builder_destroy(genlat_net_builder **builder)
{
    if (!builder)
        return;
    builder_release(*builder);
    *builder = NULL;
}

static genlat_status check_input(const char *name, int32_t ndim, const int64_t *dims)
{
    if (!name || ndim < 0 || ndim >= GENLAT_MAX_DIMS || (ndim && !dims))
        return gnl_fail(GENLAT_E_INVALID, "name or dims is NULL, or ndim is %d; 0 to %d dimensions expected", (int)ndim,
                        GENLAT_MAX_DIMS - 1);
    return GENLAT_OK;
}

void genlat_net_builder_input(genlat_net_builder *builder, const char *name, int32_t ndim, const int64_t *dims)
{
    GNL_ENTER();
    if (!has_no_error(builder))
        return;
    genlat_status status = check_input(name, ndim, dims);
    if (status == GENLAT_OK) {
        gnl_shape shape = gnl_shape_of(ndim, dims);
        status = add_input(builder, name, &shape);
    }
    record_error(builder, status);
}

void genlat_net_builder_add(genlat_net_builder *builder, const char *format, ...)
{
    char line[MAX_LINE];
    GNL_ENTER();
    if (!has_no_error(builder))
        return;
    int length = -1;
    if (format) {
        va_list args;
        va_start(args, format);
        length = gnl_format(line, sizeof line, format, args);
        va_end(args);
    }
    if (length < 0 || (size_t)length >= sizeof line)
        record_error(builder, gnl_fail(GENLAT_E_INVALID, "format is NULL, or its text exceeds %d bytes", MAX_LINE - 1));
    else
        record_error(builder, add_line(builder, line));
}

void genlat_net_builder_text(genlat_net_builder *builder, const char *text)
{
    GNL_ENTER();
    if (!has_no_error(builder))
        return;
    if (!text)
        record_error(builder, gnl_fail(GENLAT_E_INVALID, "text is NULL"));
    else
        record_error(builder, add_text(builder, text));
}

void genlat_net_builder_layer(genlat_net_builder *builder, genlat_layer *layer, const char *keys)
{
    node_keys own;
    char rest[MAX_LINE];
    GNL_ENTER();
    if (!has_no_error(builder))
        return;
    genlat_status status =
        layer ? split_line(keys ? keys : "", &own, rest) : gnl_fail(GENLAT_E_INVALID, "layer is NULL");
    if (status == GENLAT_OK && *rest)
        status = gnl_fail(GENLAT_E_INVALID, "unexpected '%s' in keys; name=, from= or share= expected", rest);
    if (status == GENLAT_OK)
        status = add_layer(builder, gnl_object_retain(layer), &own);
    record_error(builder, status);
}

void genlat_net_builder_output(genlat_net_builder *builder, const char *names)
{
    GNL_ENTER();
    if (!has_no_error(builder))
        return;
    if (!names)
        record_error(builder, gnl_fail(GENLAT_E_INVALID, "names is NULL"));
    else
        record_error(builder, set_outputs(builder->net, names));
}

genlat_status genlat_net_build(genlat_net_builder **builder, genlat_net **out)
{
    genlat_net_builder *b = builder ? *builder : NULL;
    GNL_ENTER();
    if (builder)
        *builder = NULL;
    if (!out) /* the builder is always consumed */
        builder_release(b);
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(b, "builder is NULL");
    return build(b, out);
}
