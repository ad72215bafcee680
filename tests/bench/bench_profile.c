/* SPDX-License-Identifier: MIT */
/*
 * Time by layer and direction. The types of a net's layers are replaced by types that measure the time and call the
 * original
 * functions, which are found by the address of the layer's options.
 */
#include "bench/bench.h"
#include "net/net_priv.h"

enum { MOST_LAYERS = 128 };
enum { FORWARD, BACKWARD, JVP, JVP_BACKWARD, DIRECTIONS };

static struct watched {
    const void *opts; /* of the layer */
    const gnl_layer_type *type;
    gnl_layer_type clocked;
    char label[64];
    double seconds[DIRECTIONS];
} watched[MOST_LAYERS];
static int layers;

static struct watched *find(const gnl_step *s)
{
    int i = 0;
    while (watched[i].opts != s->opts)
        i++;
    return &watched[i];
}

#define CLOCKED(direction, index)                                                                                      \
    static void clocked_##direction(const gnl_step *s)                                                                 \
    {                                                                                                                  \
        struct watched *w = find(s);                                                                                   \
        double begin = bench_now();                                                                                    \
        w->type->direction(s);                                                                                         \
        w->seconds[index] += bench_now() - begin;                                                                      \
    }

CLOCKED(forward, FORWARD)
CLOCKED(backward, BACKWARD)
CLOCKED(jvp, JVP)
CLOCKED(jvp_backward, JVP_BACKWARD)

static void watch_layer(genlat_layer *layer, const char *label, const char *node)
{
    if (layers == MOST_LAYERS)
        return;
    struct watched *w = &watched[layers++];
    w->opts = layer->opts;
    w->type = layer->type;
    w->clocked = *layer->type;
    w->clocked.forward = clocked_forward;
    w->clocked.backward = clocked_backward;
    w->clocked.jvp = w->type->jvp ? clocked_jvp : NULL;
    w->clocked.jvp_backward = w->type->jvp_backward ? clocked_jvp_backward : NULL;
    snprintf(w->label, sizeof w->label, "%s %s %s", label, node, w->type->name);
    layer->type = &w->clocked;
}

void bench_profile_watch(genlat_net *net, const char *label)
{
    for (int n = net->inputs; n < net->nodes; n++)
        watch_layer(net->node[n].layer, label, net->node[n].name);
}

void bench_profile_reset(void)
{
    for (int i = 0; i < layers; i++)
        memset(watched[i].seconds, 0, sizeof watched[i].seconds);
}

void bench_profile_print(FILE *out, double ms_per_step, int64_t steps)
{
    double total = 0;
    fprintf(out, "%-36s %9s %9s %9s %9s  ms a step\n", "layer", "forward", "backward", "jvp", "jvp_back");
    for (int i = 0; i < layers; i++) {
        fprintf(out, "%-36s", watched[i].label);
        for (int d = 0; d < DIRECTIONS; d++) {
            double ms = 1e3 * watched[i].seconds[d] / (double)steps;
            total += ms;
            fprintf(out, " %9.4f", ms);
        }
        fprintf(out, "\n");
    }
    fprintf(out, "%-36s %9.4f\n%-36s %9.4f\n", "all layers", total, "loss, updates and the rest", ms_per_step - total);
}
