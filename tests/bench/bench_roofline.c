/* SPDX-License-Identifier: MIT */
/*
 * A lower limit for the time of a step: operations of its matrix products divided by the measured rate of the machine,
 * plus bytes
 * divided by its memory bandwidth. Data in a cache move faster, so small workloads may be faster than the limit.
 */
#include "bench/bench.h"
#include "net/net_priv.h"

enum { SIDE = 1024, STREAM = 32 << 20, STREAM_ARRAYS = 3, RUNS = 12, UPDATE_NUMBERS = 7 };

/* ---- the machine --------------------------------------------------------------------------------------- */

typedef struct stream {
    const gnl_kernels *k;
    gnl_real *x, *y, *z;
} stream;

static void stream_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const stream *s = arg;
    s->k->add(end - begin, s->x + begin, s->y + begin, s->z + begin);
}

static gnl_real *numbers(genlat_ctx *ctx, int64_t n)
{
    gnl_real *x = gnl_alloc(ctx, (size_t)n, sizeof *x);
    for (int64_t i = 0; x && i < n; i++)
        x[i] = (gnl_real)(i % 7) - 3;
    return x;
}

static double product_seconds(const gnl_compute *c, const stream *s)
{
    double best = 1e30;
    for (int i = 0; i < RUNS; i++) {
        double begin = bench_now();
        gnl_gemm(c, GNL_AS_IS, GNL_AS_IS, SIDE, SIDE, SIDE, 1, s->x, SIDE, s->y, SIDE, 0, s->z, SIDE);
        best = GNL_MIN(best, bench_now() - begin);
    }
    return best;
}

static double stream_seconds(const gnl_compute *c, stream *s)
{
    double best = 1e30;
    for (int i = 0; i < RUNS; i++) {
        double begin = bench_now();
        gnl_parallel(c->ctx, STREAM, GNL_CHUNK, stream_task, s);
        best = GNL_MIN(best, bench_now() - begin);
    }
    return best;
}

genlat_status bench_roof_measure(genlat_ctx *ctx, bench_roof *roof)
{
    stream s = {gnl_kernels_of(ctx), numbers(ctx, STREAM), numbers(ctx, STREAM), numbers(ctx, STREAM)};
    gnl_compute c = {ctx, s.k, gnl_alloc(ctx, gnl_gemm_space(ctx), sizeof(gnl_real))};
    bool all = s.x && s.y && s.z && c.space;
    if (all) {
        roof->flops = 2.0 * SIDE * SIDE * SIDE / product_seconds(&c, &s);
        roof->bytes = (double)STREAM_ARRAYS * STREAM * sizeof(gnl_real) / stream_seconds(&c, &s);
    }
    gnl_free(ctx, c.space);
    gnl_free(ctx, s.z);
    gnl_free(ctx, s.y);
    gnl_free(ctx, s.x);
    return all ? GENLAT_OK : GENLAT_E_MEMORY;
}

/* ---- the work ------------------------------------------------------------------------------------------ */

/* Number of positions at which a weight is used for one sample: those of the smaller side of a convolution, or the
 * steps of a sequence. An embedding table is read, not multiplied. */
static double positions(const genlat_net *net, const gnl_node *node)
{
    const gnl_shape *in = &net->node[node->input[0]].shape;
    const char *name = node->layer->type->name;
    if (strcmp(name, "embedding") == 0)
        return 0;
    if (strcmp(name, "dense") == 0 || strcmp(name, "lstm") == 0)
        return (double)gnl_shape_count(in) / (double)in->dim[in->ndim - 1];
    if (strncmp(name, "conv", 4) != 0)
        return 1;
    const gnl_shape *map = strncmp(name, "conv_transpose", 14) == 0 ? in : &node->shape;
    return (double)gnl_shape_count(map) / (double)map->dim[0];
}

static void add_node(const bench_passes *p, const gnl_node *node, bool first, double *flops, double *bytes)
{
    const gnl_weight *weight = &p->net->weight[node->first_weight];
    if (node->weights < 1 || weight->param.shape.ndim < 2)
        return;
    double passes = p->forward + p->weights + (first ? 0 : p->inputs) + p->whole_inputs;
    double numbers =
        (double)gnl_shape_count(&p->net->node[node->input[0]].shape) + (double)gnl_shape_count(&node->shape);
    for (int i = 0; i < node->weights; i++)
        if (weight[i].param.shape.ndim > 1)
            *flops += 2 * passes * (double)weight[i].count * positions(p->net, node);
    *bytes += passes * numbers * (double)sizeof(gnl_real);
}

void bench_roof_work(const bench *b, double *flops, double *bytes)
{
    *flops = *bytes = 0;
    for (int i = 0; i < BENCH_NETS && b->passes[i].net; i++) {
        const bench_passes *p = &b->passes[i];
        for (int n = p->net->inputs; n < p->net->nodes; n++)
            add_node(p, &p->net->node[n], n == p->net->inputs, flops, bytes);
        /* Weights are read forward and backward, and their gradients are written, at least once per update. */
        double touched = p->updates > 0 ? p->updates * (UPDATE_NUMBERS + 3) : 1;
        *bytes += touched * (double)gnl_net_size(p->net) * (double)sizeof(gnl_real);
    }
}
