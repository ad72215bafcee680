/* SPDX-License-Identifier: MIT */
/* Counts which kinds and option values occur in the graphs. */
#include <stdio.h>

#include "support/random_graph.h"

enum { MOST_KINDS = 96, MOST_OPTIONS = 16, MOST_NAMES = 16 };

typedef struct kind_stats {
    int nodes, shared;
    int changed[MOST_OPTIONS];           /* nodes whose option differs from its default */
    int named[MOST_OPTIONS][MOST_NAMES]; /* of enumerations and booleans: nodes with each value */
} kind_stats;

static kind_stats stats[MOST_KINDS];

static bool is_named(const gnl_option *o)
{
    return o->type == GNL_OPTION_ENUM || o->type == GNL_OPTION_BOOL;
}

static bool is_changed(const gnl_options_table *table, const gnl_option *o, const void *options)
{
    char now[128], usual[128];
    _Alignas(16) unsigned char start[GNL_MAX_OPTION_BYTES];
    gnl_options_init(table, start, table->size);
    return gnl_options_get(table, options, o->name, now, sizeof now) == GENLAT_OK &&
           gnl_options_get(table, start, o->name, usual, sizeof usual) == GENLAT_OK && strcmp(now, usual) != 0;
}

static int index_of(const gnl_layer_type *type)
{
    int i = 0;
    while (gnl_layer_types[i] != type)
        i++;
    return i;
}

static void add_node(const genlat_net *net, int n)
{
    const genlat_layer *layer = net->node[n].layer;
    const gnl_options_table *table = layer->type->options;
    kind_stats *s = &stats[index_of(layer->type)];
    s->nodes++;
    s->shared += net->node[n].owner != n;
    for (size_t i = 0; table && i < table->count; i++) {
        const gnl_option *o = &table->options[i];
        uint32_t value = 0;
        s->changed[i] += is_changed(table, o, layer->opts);
        memcpy(&value, layer->opts + o->offset, sizeof value);
        if (is_named(o))
            s->named[i][value]++;
    }
}

static void mark_live(const genlat_net *net, bool *live)
{
    for (int i = 0; i < net->outputs; i++)
        live[net->output[i]] = true;
    for (int n = net->nodes - 1; n >= 0; n--)
        for (int i = 0; live[n] && i < net->node[n].inputs; i++)
            live[net->node[n].input[i]] = true;
}

void graph_stats_add(const genlat_net *net)
{
    bool live[256] = {false};
    mark_live(net, live);
    for (int n = net->inputs; n < net->nodes; n++)
        if (live[n])
            add_node(net, n);
}

static const char *name_of(const gnl_option *o, int value)
{
    return o->type == GNL_OPTION_BOOL ? (value ? "yes" : "no") : o->names[value];
}

static int names_of(const gnl_option *o)
{
    return is_named(o) ? (int)o->max + 1 : 0;
}

void graph_stats_print(void)
{
    for (int k = 0; gnl_layer_types[k]; k++) {
        const gnl_options_table *table = gnl_layer_types[k]->options;
        printf("%-18s %6d, sharing %d", gnl_layer_types[k]->name, stats[k].nodes, stats[k].shared);
        for (size_t i = 0; table && i < table->count; i++) {
            const gnl_option *o = &table->options[i];
            printf("; %s %d", o->name, stats[k].changed[i]);
            for (int v = 0; v < names_of(o); v++)
                printf("%s%s %d%s", v ? ", " : " (", name_of(o, v), stats[k].named[i][v],
                       v + 1 < names_of(o) ? "" : ")");
        }
        printf("\n");
    }
}

static int missing(const char *kind, const char *option, const char *value)
{
    printf("never drawn: %s %s%s%s\n", kind, option, *value ? "=" : "", value);
    return 1;
}

int graph_stats_missing(void)
{
    int count = 0;
    for (int k = 0; gnl_layer_types[k]; k++) {
        const gnl_options_table *table = gnl_layer_types[k]->options;
        const char *kind = gnl_layer_types[k]->name;
        if (!stats[k].nodes)
            count += missing(kind, "", "");
        for (size_t i = 0; table && i < table->count; i++) {
            const gnl_option *o = &table->options[i];
            if (!stats[k].changed[i])
                count += missing(kind, o->name, "");
            for (int v = 0; v < names_of(o); v++)
                if (!stats[k].named[i][v])
                    count += missing(kind, o->name, name_of(o, v));
        }
    }
    return count;
}
