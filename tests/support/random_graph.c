/* SPDX-License-Identifier: MIT */
/* Draws random graphs layer by layer. */
#include <stdio.h>
#include <stdlib.h>

#include "support/random_graph.h"

enum {
    MOST_LAYERS = 24,
    MOST_NODES = GRAPH_INPUTS + MOST_LAYERS + 2,
    MOST_NUMBERS = 300, /* largest size of a node's sample, and of a weight */
    KINDS_TRIED = 60,   /* attempts for a layer */
    SPECS_TRIED = 40,   /* attempts for a kind */
    SPEC = 256
};

typedef struct draft_node {
    char name[16], spec[SPEC];
    gnl_shape shape;
    bool integer;
    int from; /* of layers: the first input */
    gnl_layer_plan plan;
} draft_node;

/* A graph under construction. */
typedef struct draft {
    genlat_ctx *ctx;
    random_graph *graph;
    gnl_rng rng;
    int nodes;
    draft_node node[MOST_NODES];
    size_t used; /* length of the text */
    /* So that a few hundred graphs cover everything, the seed selects the kind of one layer and its enumeration
     * values. */
    const gnl_layer_type *due;
    int64_t round;
    int due_node; /* its node, or -1; usually an output */
} draft;

/* A layer that may be added. */
typedef struct candidate {
    const gnl_layer_type *type;
    char spec[SPEC];
    int inputs, input[GNL_MAX_INPUTS];
    int share; /* the node that owns its weights, or -1 */
    gnl_layer_plan plan;
} candidate;

static int64_t below(draft *d, int64_t bound)
{
    return (int64_t)gnl_rng_below(&d->rng, (uint64_t)bound);
}

static bool chance(draft *d, double p)
{
    return gnl_rng_unit(&d->rng) < p;
}

/* ---- options --------------------------------------------------------------------------------- */

/* A small number, often related to the sizes of the input. */
static int64_t draw_size(draft *d, const gnl_shape *in)
{
    if (in->ndim > 0 && chance(d, 0.4)) {
        int64_t size = in->dim[below(d, in->ndim)], part = 1 + below(d, 3);
        return size % part == 0 ? size / part : size;
    }
    return 1 + below(d, 5);
}

static int64_t clamped(const gnl_option *o, int64_t value)
{
    return (int64_t)GNL_MAX(o->min, GNL_MIN(o->max, (double)value));
}

/* Returns the smallest divisor above 1 of the first size, such as a number of groups; 1: there is none. */
static int64_t divisor(const gnl_shape *in)
{
    const int64_t size = in->ndim ? in->dim[0] : 1;
    for (int64_t part = 2; part <= size; part++)
        if (size % part == 0)
            return part;
    return 1;
}

static int64_t draw_int(draft *d, const gnl_option *o, const gnl_shape *in)
{
    if (o->min < 0) /* an axis */
        return clamped(o, below(d, 7) - 3);
    if (d->due && chance(d, 0.45))
        return clamped(o, divisor(in));
    return clamped(o, chance(d, 0.15) ? 0 : draw_size(d, in));
}

static void put_real(draft *d, const gnl_option *o, char *text, size_t capacity)
{
    double low = GNL_MAX(o->min, -2), high = GNL_MIN(o->max, 2), value = low + gnl_rng_unit(&d->rng) * (high - low);
    if (chance(d, 0.1))
        value = o->min > -2 ? o->min : 0;
    snprintf(text, capacity, "%.3f", value < o->min ? o->min : value);
}

/* Sizes with the same product as the input, sizes that begin with its first size, or any sizes. */
static void put_dims(draft *d, const gnl_shape *in, char *text, size_t capacity)
{
    const int how = (int)below(d, 3);
    int64_t left = gnl_shape_count(in);
    size_t used = 0;
    if (how == 2)
        used += (size_t)snprintf(text, capacity, "%d", (int)(in->ndim ? in->dim[0] : 1));
    for (int64_t i = 1 + below(d, 4); i > 0 && used < capacity; i--) {
        int64_t size = 1 + below(d, 4);
        if (how == 0) {
            size = i == 1 ? left : 1 + below(d, GNL_MIN(left, 6));
            while (left % size)
                size--;
            left /= size;
        }
        used += (size_t)snprintf(text + used, capacity - used, "%s%d", used ? "x" : "", (int)size);
    }
}

/* Usually distinct axes of the input: a random order of all or some of them. */
static void put_axes(draft *d, const gnl_shape *in, char *text, size_t capacity)
{
    int axis[GENLAT_MAX_DIMS];
    const int n = GNL_MAX(in->ndim, 1), count = chance(d, 0.5) ? n : 1 + (int)below(d, n);
    size_t used = 0;
    for (int i = 0; i < n; i++)
        axis[i] = i;
    for (int i = 0; i < count; i++) {
        const int at = i + (int)below(d, n - i), drawn = axis[at];
        axis[at] = axis[i];
        used +=
            (size_t)snprintf(text + used, capacity - used, "%s%d", i ? "," : "", chance(d, 0.3) ? drawn - n : drawn);
    }
}

/* Appends " name=value", or nothing for the default. */
static void add_option(draft *d, const gnl_option *o, const gnl_shape *in, char spec[SPEC])
{
    char value[64] = "";
    const size_t used = strlen(spec);
    if (chance(d, 0.4) && !(d->due && o->type == GNL_OPTION_ENUM))
        return;
    switch (o->type) {
    case GNL_OPTION_REAL:
        put_real(d, o, value, sizeof value);
        break;
    case GNL_OPTION_BOOL:
        snprintf(value, sizeof value, "%s", chance(d, 0.5) ? "yes" : "no");
        break;
    case GNL_OPTION_ENUM:
        snprintf(value, sizeof value, "%s", o->names[(d->due ? d->round : below(d, 64)) % ((int64_t)o->max + 1)]);
        break;
    case GNL_OPTION_PAIR:
        snprintf(value, sizeof value, "%d", (int)clamped(o, below(d, 4)));
        if (chance(d, 0.5))
            snprintf(value + strlen(value), 32, "x%d", (int)clamped(o, below(d, 4)));
        break;
    case GNL_OPTION_DIMS:
        put_dims(d, in, value, sizeof value);
        break;
    case GNL_OPTION_AXES:
        put_axes(d, in, value, sizeof value);
        break;
    default:
        snprintf(value, sizeof value, "%d", (int)draw_int(d, o, in));
    }
    snprintf(spec + used, SPEC - used, " %s=%s", o->name, value);
}

static void draw_spec(draft *d, candidate *c)
{
    const gnl_options_table *table = c->type->options;
    snprintf(c->spec, SPEC, "%s", c->type->name);
    for (size_t i = 0; table && i < table->count; i++)
        add_option(d, &table->options[i], &d->node[c->input[0]].shape, c->spec);
}

/* ---- layers ---------------------------------------------------------------------------------- */

/* Embeddings read integers, which only graph inputs hold. */
static bool needs_integers(const gnl_layer_type *type)
{
    return strcmp(type->name, "embedding") == 0;
}

static bool is_allowed(const draft *d, const gnl_layer_type *type)
{
    const bool tangents = (type->jvp && type->jvp_backward) || type->flags & GNL_LAYER_PIECEWISE_LINEAR;
    if (d->graph->family == GRAPH_ANY)
        return true;
    if (type->flags & GNL_LAYER_COUPLES_BATCH || !tangents)
        return false;
    return d->graph->family == GRAPH_CRITIC ||
           type->flags & (GNL_LAYER_FOLDS | GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_VIEW);
}

/* Number of option values of a kind. */
static int variety(const gnl_layer_type *type)
{
    int sum = 4;
    for (size_t i = 0; type->options && i < type->options->count; i++)
        sum += type->options->options[i].type == GNL_OPTION_ENUM ? (int)type->options->options[i].max : 1;
    return sum;
}

/* Draws kinds with more options more often. */
static const gnl_layer_type *draw_kind(draft *d)
{
    int kinds = 0, most = 0;
    for (; gnl_layer_types[kinds]; kinds++)
        most = GNL_MAX(most, variety(gnl_layer_types[kinds]));
    for (;;) {
        const gnl_layer_type *type = gnl_layer_types[below(d, kinds)];
        if (is_allowed(d, type) && below(d, most) < variety(type))
            return type;
    }
}

/* Draws a suitable node: of integers if `integer`, of the same shape as `like` if not NULL; or -1. */
static int draw_node(draft *d, bool integer, const gnl_shape *like)
{
    int found = -1, count = 0;
    for (int n = 0; n < d->nodes; n++)
        if ((!integer || d->node[n].integer) && (!like || gnl_shape_equal(&d->node[n].shape, like)) &&
            below(d, ++count) == 0)
            found = n;
    return found;
}

/* Usually the last node, unless it has been refused several times. */
static bool draw_inputs(draft *d, candidate *c, int tries)
{
    const bool integer = needs_integers(c->type), other = chance(d, tries < 4 ? 0.3 : 0.8);
    const int most = GNL_MIN(c->type->max_inputs, 4);
    c->inputs = c->type->min_inputs + (int)below(d, most - c->type->min_inputs + 1);
    c->input[0] = integer || other ? draw_node(d, integer, NULL) : d->nodes - 1;
    for (int i = 1; i < c->inputs; i++)
        c->input[i] = draw_node(d, false, chance(d, 0.7) ? &d->node[c->input[0]].shape : NULL);
    return c->input[0] >= 0;
}

/* A layer that shares its weights with an earlier one, on a node of the same shape. */
static bool draw_sharer(draft *d, candidate *c)
{
    const int with = d->graph->inputs + (int)below(d, GNL_MAX(d->nodes - d->graph->inputs, 1));
    if (with >= d->nodes || !d->node[with].plan.params)
        return false;
    const draft_node *node = &d->node[with];
    char kind[SPEC];
    snprintf(kind, SPEC, "%s", node->spec);
    kind[strcspn(kind, " ")] = '\0';
    c->type = gnl_layer_type_find(kind);
    c->share = with;
    c->inputs = 1;
    c->input[0] = draw_node(d, needs_integers(c->type), &d->node[node->from].shape);
    snprintf(c->spec, SPEC, "%s", node->spec);
    return c->type->min_inputs == 1 && c->input[0] >= 0;
}

static bool is_small(const gnl_layer_plan *plan)
{
    if (gnl_shape_count(&plan->out) > MOST_NUMBERS || gnl_shape_count(&plan->out) < 1 ||
        plan->out.ndim >= GENLAT_MAX_DIMS)
        return false;
    for (int i = 0; i < plan->params; i++) {
        const gnl_param *p = &plan->param[i];
        if (gnl_shape_count(&p->shape) > MOST_NUMBERS || gnl_shape_count(&p->shape) < 1 ||
            (p->reparam && p->init.gain == 0))
            return false;
    }
    return true;
}

static bool is_accepted(draft *d, candidate *c)
{
    gnl_shape in[GNL_MAX_INPUTS];
    genlat_layer *layer = NULL;
    const gnl_layer_env env = {.rows = 1, .threads = 1};
    for (int i = 0; i < c->inputs; i++)
        in[i] = d->node[c->input[i]].shape;
    if (gnl_layer_parse(d->ctx, c->spec, &layer) != GENLAT_OK)
        return false;
    memset(&c->plan, 0, sizeof c->plan);
    bool accepted = c->type->infer(layer->opts, &env, c->inputs, in, &c->plan) == GENLAT_OK && is_small(&c->plan);
    gnl_layer_release(layer);
    return accepted;
}

static bool draw_candidate(draft *d, candidate *c)
{
    *c = (candidate){.share = -1};
    if (!d->due && chance(d, 0.15) && draw_sharer(d, c))
        return is_accepted(d, c);
    *c = (candidate){.share = -1, .type = d->due ? d->due : draw_kind(d)};
    for (int i = 0; i < SPECS_TRIED; i++) {
        if (!draw_inputs(d, c, i))
            return false;
        draw_spec(d, c);
        if (is_accepted(d, c))
            return true;
    }
    return false;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void put(draft *d, const char *words)
{
    d->used += (size_t)snprintf(d->graph->text + d->used, GRAPH_TEXT - d->used, "%s", words);
    if (d->used >= GRAPH_TEXT)
        abort();
}

static void put_names(draft *d, const char *before, int count, const int *node)
{
    for (int i = 0; i < count; i++) {
        put(d, i ? "," : before);
        put(d, d->node[node[i]].name);
    }
}

/* Some layers keep the default name, which is their index. */
static void add_layer(draft *d, const candidate *c)
{
    const bool named = chance(d, 0.8), previous = c->inputs == 1 && c->input[0] == d->nodes - 1;
    draft_node *node = &d->node[d->nodes];
    *node = (draft_node){.shape = c->plan.out, .plan = c->plan, .from = c->input[0]};
    snprintf(node->name, sizeof node->name, named ? "n%d" : "%d", d->nodes - d->graph->inputs);
    memcpy(node->spec, c->spec, SPEC);
    put(d, c->spec);
    if (named) {
        put(d, " name=");
        put(d, node->name);
    }
    if (!previous || (d->graph->inputs > 1 && d->nodes == d->graph->inputs))
        put_names(d, " from=", c->inputs, c->input);
    if (c->share >= 0)
        put_names(d, " share=", 1, &c->share);
    put(d, "\n");
    d->nodes++;
}

static bool draw_layer(draft *d)
{
    for (int i = 0; i < KINDS_TRIED; i++) {
        candidate c;
        const bool due = d->due != NULL, drawn = draw_candidate(d, &c);
        d->due = NULL;
        if (!drawn)
            continue;
        if (due)
            d->due_node = d->nodes;
        add_layer(d, &c);
        return true;
    }
    return false;
}

static void draw_layers(draft *d, const gnl_layer_type *due)
{
    const int64_t layers = 1 + below(d, 1 + below(d, MOST_LAYERS + 12) % MOST_LAYERS);
    const int64_t when = chance(d, 0.5) ? layers - 1 : below(d, layers);
    for (int64_t i = 0; i < layers; i++) {
        d->due = i == when ? due : NULL;
        if (!draw_layer(d))
            return;
    }
}

/* A last layer with one number per sample, from the given text. */
static void add_end(draft *d, const char *kind, const char *spec)
{
    candidate c = {.share = -1, .inputs = 1, .input = {d->nodes - 1}, .type = gnl_layer_type_find(kind)};
    snprintf(c.spec, SPEC, "%s", spec);
    if (!is_accepted(d, &c))
        abort();
    add_layer(d, &c);
}

static void draw_end(draft *d)
{
    static const char *const ends[] = {"dense", "dense bias=no", "dense weight=spectral", "dense weight=norm"};
    if (d->graph->family == GRAPH_ANY || gnl_shape_count(&d->node[d->nodes - 1].shape) == 1)
        return;
    if (d->node[d->nodes - 1].shape.ndim != 1)
        add_end(d, "flatten", "flatten");
    add_end(d, "dense", ends[below(d, (int64_t)GNL_COUNT(ends))]);
}

/* The last node and some others. Critics usually have one output, as the public function requires. */
static void draw_outputs(draft *d)
{
    const bool critic = d->graph->family != GRAPH_ANY;
    int output[5] = {d->nodes - 1}, count = 1, more = chance(d, critic ? 0.2 : 0.6) ? 1 + (int)below(d, 3) : 0;
    if (d->due_node >= 0 && d->due_node != output[0] && chance(d, critic ? 0.3 : 0.9))
        output[count++] = d->due_node;
    for (int i = 0; i < more; i++) {
        const int inputs = d->graph->inputs;
        const int node = chance(d, 0.05) ? (int)below(d, inputs) : inputs + (int)below(d, d->nodes - inputs);
        bool listed = false;
        for (int j = 0; j < count; j++)
            listed |= output[j] == node;
        if (!listed)
            output[count++] = node;
    }
    if (count > 1 || chance(d, 0.3)) {
        put_names(d, "output ", count, output);
        put(d, "\n");
    }
}

/* ---- graphs ---------------------------------------------------------------------------------- */

static void draw_inputs_of_graph(draft *d)
{
    static const char *const names[GRAPH_INPUTS] = {"x", "c", "x2", "x3"};
    random_graph *g = d->graph;
    g->inputs = chance(d, 0.5) ? 1 : 1 + (int)below(d, GRAPH_INPUTS);
    for (int i = 0; i < g->inputs; i++) {
        gnl_shape *shape = &g->shape[i];
        draft_node *node = &d->node[d->nodes++];
        g->name[i] = names[i];
        g->integer[i] = chance(d, 0.25);
        shape->ndim = 1 + (int32_t)below(d, 4);
        if (i && chance(d, 0.4))
            *shape = g->shape[i - 1];
        else
            for (int32_t j = 0; j < shape->ndim; j++)
                shape->dim[j] = 1 + below(d, shape->ndim < 3 ? 8 : shape->ndim == 3 && j ? 6 : 4);
        *node = (draft_node){.shape = *shape, .integer = g->integer[i]};
        snprintf(node->name, sizeof node->name, "%s", names[i]);
    }
}

/* Draws inputs that the due layer accepts. */
static void draw_inputs_for(draft *d, const gnl_layer_type *due)
{
    candidate c;
    for (int i = 0; i < KINDS_TRIED; i++) {
        d->nodes = 0;
        draw_inputs_of_graph(d);
        d->due = due;
        if (draw_candidate(d, &c))
            return;
    }
}

/* Selects the due kind, and a family of graphs that allows it. */
static const gnl_layer_type *due_kind(draft *d, uint64_t seed)
{
    uint64_t kinds = 0;
    while (gnl_layer_types[kinds])
        kinds++;
    d->round = (int64_t)(seed / kinds);
    const gnl_layer_type *due = gnl_layer_types[seed % kinds];
    if (!is_allowed(d, due))
        d->graph->family = GRAPH_ANY;
    return due;
}

void random_graph_make(genlat_ctx *ctx, uint64_t seed, random_graph *graph)
{
    static draft d;
    memset(&d, 0, sizeof d);
    memset(graph, 0, sizeof *graph);
    d.ctx = ctx;
    d.graph = graph;
    d.rng = gnl_rng_make(seed, GNL_STREAM_USER, 1);
    d.due_node = -1;
    graph->seed = seed;
    graph->family = chance(&d, 0.5) ? GRAPH_ANY : chance(&d, 0.5) ? GRAPH_CRITIC : GRAPH_FOLDED;
    const gnl_layer_type *due = due_kind(&d, seed);
    draw_inputs_for(&d, due);
    draw_layers(&d, due);
    draw_end(&d);
    draw_outputs(&d);
}

genlat_net *random_graph_build(genlat_ctx *ctx, const random_graph *graph)
{
    genlat_net *net = NULL;
    if (gnl_net_from_text(ctx, graph->inputs, graph->name, graph->shape, graph->text, &net) != GENLAT_OK)
        return NULL;
    return net;
}
