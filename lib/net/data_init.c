/* SPDX-License-Identifier: MIT */
/* Initialization by data of layers with weight norm (Salimans and Kingma, Weight normalization, 2016). */
#include <tgmath.h>

#include "net/exec_priv.h"

/* The outputs of a layer as [outer,n,inner], with a length and a bias for each of n. */
typedef struct outputs {
    int64_t outer, n, inner;
    const gnl_real *y;
    gnl_real *length, *bias; /* [n] */
} outputs;

/* Returns whether the node is a layer with weight norm and a bias. Dense layers have their outputs in the last
 * dimension, convolutions in the first. */
static bool find_outputs(const genlat_exec *exec, int node, outputs *out)
{
    const genlat_net *net = exec->net;
    const gnl_node *layer = &net->node[node];
    const gnl_weight *w = &net->weight[layer->first_weight];
    if (!layer->layer || layer->owner != node || layer->params < 2 || !w->auxiliary ||
        w->param.reparam == GNL_REPARAM_SPECTRAL || !gnl_exec_node(exec, node))
        return false;
    const int64_t size = gnl_shape_count(&layer->shape), n = w->param.shape.dim[w->param.axis];
    *out = (outputs){.outer = exec->rows * (w->param.shape.ndim == 2 ? size / n : 1),
                     .n = n,
                     .inner = w->param.shape.ndim == 2 ? 1 : size / n,
                     .y = gnl_exec_node(exec, node),
                     .length = gnl_net_weight_data(net, w->auxiliary),
                     .bias = gnl_net_weight_data(net, layer->first_weight + 1)};
    return true;
}

/* Returns mean_i (y_i - off)^power of output r. */
static double moment(const outputs *o, int64_t r, double off, int power)
{
    double sum = 0;
    for (int64_t i = 0; i < o->outer; i++)
        for (int64_t j = 0; j < o->inner; j++) {
            const double apart = (double)o->y[(i * o->n + r) * o->inner + j] - off;
            sum += power == 1 ? apart : apart * apart;
        }
    return sum / (double)(o->outer * o->inner);
}

/* With y = g v.x + b of mean m and standard deviation s, (y - m) / s = (g / s) v.x + (b - m) / s. A constant output is
 * only shifted. */
static void normalize_outputs(const outputs *o)
{
    for (int64_t r = 0; r < o->n; r++) {
        const double mean = moment(o, r, 0, 1), sd = sqrt(moment(o, r, mean, 2)), scale = sd > 0 ? 1 / sd : 1;
        o->length[r] = (gnl_real)((double)o->length[r] * scale);
        o->bias[r] = (gnl_real)(((double)o->bias[r] - mean) * scale);
    }
}

genlat_status gnl_net_init_by_data(genlat_net *net, int64_t rows, const gnl_real *const *x, gnl_rng noise)
{
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .keep = 1);
    genlat_exec *exec = NULL;
    outputs o;
    GNL_TRY(gnl_net_compile(net, rows, &opts, &exec));
    gnl_exec_set_dropout(exec, noise);
    gnl_exec_forward(exec, GNL_TRAIN, rows, x);
    for (int node = net->inputs; node < net->nodes; node++)
        if (find_outputs(exec, node, &o)) {
            normalize_outputs(&o);
            gnl_exec_set_dropout(exec, noise);
            gnl_exec_forward(exec, GNL_TRAIN, rows, x);
        }
    gnl_exec_release(exec);
    return GENLAT_OK;
}
