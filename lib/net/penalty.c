/* SPDX-License-Identifier: MIT */
/*
 * Exact gradient penalties. Let g be the input gradient and v = d penalty / d g. With v held constant, the gradient of
 * the penalty by the weights equals that of the directional derivative <v, g>. It takes a tangent pass along v and the
 * reverse of forward and tangent pass. docs/derivations/penalty.md has the proof, and the cheaper form for piecewise
 * affine nets, the folded method.
 */
#include <math.h>

#include "net/poison_priv.h"

/* Returns f(|g|). norm2: |g|^2. */
static double value_of(gnl_penalty_kind kind, double norm2)
{
    double excess = sqrt(norm2) - 1;
    if (kind == GNL_PENALTY_ZERO)
        return 0.5 * norm2;
    return kind == GNL_PENALTY_ONE_SIDED && excess < 0 ? 0 : excess * excess;
}

/* Returns f'(|g|) / |g|. A gradient of length zero has no direction; one-centred penalties return 0 for it. */
static double slope_of(gnl_penalty_kind kind, double norm2)
{
    double norm = sqrt(norm2);
    if (kind == GNL_PENALTY_ZERO)
        return 1;
    if (norm2 < 1e-24 || (kind == GNL_PENALTY_ONE_SIDED && norm < 1))
        return 0;
    return 2 * (norm - 1) / norm;
}

/* A penalty on one tile. */
typedef struct penalty_tile {
    genlat_exec *exec;
    const gnl_penalty *p;
    int64_t tile;
    int64_t first, rows; /* first row, and number of rows */
} penalty_tile;

static const gnl_real *dloss_of(const penalty_tile *t)
{
    return t->p->dloss ? t->p->dloss + t->first : NULL;
}

/* Writes values, or a constant if values is NULL, into a buffer of the output. */
static void fill_output(const penalty_tile *t, gnl_place place, const gnl_real *values, gnl_real constant)
{
    gnl_real *out = gnl_at(place, t->tile);
    for (int64_t i = 0; i < t->rows; i++)
        out[i] = values ? values[i] : constant;
}

static const gnl_buffers *output_of(const penalty_tile *t)
{
    return &t->exec->buffer[t->exec->net->output[t->p->output]];
}

/* Computes the gradient of the output by the inputs, and leaves it in the adjoints. */
static void differentiate(const penalty_tile *t)
{
    fill_output(t, output_of(t)->adjoint, NULL, 1);
    gnl_exec_backward_tile(t->exec, t->tile, 1u << t->p->output, GNL_GRAD_INPUTS);
}

/* Sets the tangents of all other inputs to zero: the penalty depends on the gradient by one input. */
static void clear_tangents(const penalty_tile *t)
{
    const genlat_exec *exec = t->exec;
    for (int i = 0; i < exec->net->inputs; i++) {
        gnl_real *tangent = gnl_at(exec->buffer[i].tangent, t->tile);
        if (i != t->p->input && tangent)
            memset(tangent, 0, (size_t)(t->rows * gnl_shape_count(&exec->net->node[i].shape)) * sizeof *tangent);
    }
}

/* Writes v into the tangent of the input, scaled for the mean over all rows. Returns the sum of f over the tile's rows.
 * norm2: [rows] receives |g|^2; NULL: not requested. An input on which no output depends has no buffers and g = 0. */
static double set_tangent(const penalty_tile *t, double *norm2)
{
    const genlat_exec *exec = t->exec;
    const gnl_penalty *p = t->p;
    int64_t n = gnl_shape_count(&exec->net->node[p->input].shape);
    const gnl_real *g = gnl_at(exec->buffer[p->input].adjoint, t->tile);
    gnl_real *v = gnl_at(exec->buffer[p->input].tangent, t->tile);
    const gnl_kernels *k = exec->compute.k;
    double total = 0;
    clear_tangents(t);
    for (int64_t i = 0; i < t->rows; i++) {
        double square = g ? k->dot(n, g + i * n, g + i * n) : 0;
        double slope = p->weight * slope_of(p->kind, square) / (double)exec->rows;
        if (g)
            k->scale(n, (gnl_real)slope, g + i * n, v + i * n);
        total += value_of(p->kind, square);
        if (norm2)
            norm2[t->first + i] = square;
    }
    return total;
}

/* ---- general nets ---------------------------------------------------------------------------- */

/* Adds the gradients by the weights with the dual pass. If the output is an input of the net, its adjoint is the input
 * gradient, which the caller may read, and stays unchanged. */
static void backward_dual(const penalty_tile *t)
{
    const genlat_net *net = t->exec->net;
    unsigned mask = 1u << t->p->output;
    if (net->output[t->p->output] >= net->inputs) {
        fill_output(t, output_of(t)->adjoint, dloss_of(t), 0);
        fill_output(t, output_of(t)->tangent_adjoint, NULL, 1);
    }
    gnl_exec_backward_dual_tile(t->exec, t->tile, mask, mask, GNL_GRAD_WEIGHTS);
}

/* ---- piecewise affine nets ------------------------------------------------------------------- */

/* Let h be the input of a layer and `a` the adjoint of its output, which differentiate() has computed. The adjoint of
 * the loss is dloss * a, and that of the penalty at the tangent is `a`. So the sum of both weight gradients is one
 * product, a (dloss h + tangent of h)^T. */

/* out = factor * x + tangent, row by row. */
typedef struct scaled_sum {
    const gnl_real *factor;      /* [rows] */
    const gnl_real *x, *tangent; /* [rows,width]; tangent NULL: zero */
    gnl_real *out;               /* [rows,width] */
    int64_t width;
    const gnl_kernels *k;
} scaled_sum;

static void scaled_sum_rows(void *arg, int64_t begin, int64_t end, int worker)
{
    const scaled_sum *f = arg;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        int64_t at = i * f->width;
        if (f->tangent)
            f->k->mix(f->width, (gnl_real[]){1, 0, f->factor[i], 0}, f->tangent + at, f->x + at, GNL_SET, f->out + at);
        else
            f->k->scale(f->width, f->factor[i], f->x + at, f->out + at);
    }
}

/* out = dloss * x + tangent, on all threads. */
static void compute_scaled_sum(const penalty_tile *t, const gnl_real *x, const gnl_real *tangent, int64_t width,
                               gnl_real *out)
{
    scaled_sum f = {dloss_of(t), x, tangent, out, width, t->exec->compute.k};
    gnl_parallel(t->exec->object.ctx, t->rows, GNL_MAX(1, GNL_CHUNK / GNL_MAX(width, 1)), scaled_sum_rows, &f);
}

/* Adds the weight gradients of a layer. The pointers of the step were set for this tile by the tangent pass. */
static void fold_layer(const penalty_tile *t, const gnl_run *run)
{
    const genlat_exec *exec = t->exec;
    const gnl_node *node = &exec->net->node[run->node];
    const gnl_layer_type *type = node->layer->type;
    const gnl_node *owner = &exec->net->node[node->owner];
    gnl_step step = run->step;
    const gnl_real *adjoint = gnl_at(exec->buffer[run->node].adjoint, t->tile);
    bool loss = t->p->dloss != NULL;
    step.scratch = run->scratch[GNL_PASS_BACKWARD];
    memset(step.dx, 0, sizeof step.dx);
    memset(step.dtx, 0, sizeof step.dtx);
    for (int i = 0; i < owner->params; i++)
        step.grad[i] = gnl_weight_needs_grad(exec->net, owner->first_weight + i) ? run->grad[i] : NULL;
    if (loss)
        compute_scaled_sum(t, step.x[0], step.tx[0], step.in_size[0], exec->fold_x);
    step.tx[0] = loss ? exec->fold_x : step.tx[0];
    step.dty = adjoint;
    type->jvp_backward(&step);
    if (!loss)
        return;
    /* Parameter 0 is complete. The others, such as a bias, depend on the loss only. */
    compute_scaled_sum(t, adjoint, NULL, step.out_size, exec->fold_dy);
    step.grad[0] = NULL;
    step.dy = exec->fold_dy;
    type->backward(&step);
}

/* The fold pass: adds the weight gradients of all layers. */
static void fold_all(const penalty_tile *t)
{
    const genlat_exec *exec = t->exec;
    gnl_poison_begin(exec, t->tile, GNL_POISON_FOLD);
    for (int i = 0; i < exec->runs; i++) {
        const gnl_run *run = &exec->run[i];
        if (exec->net->node[exec->net->node[run->node].owner].weights == 0)
            continue;
        gnl_poison_call(exec, t->tile, GNL_POISON_FOLD, run->node);
        fold_layer(t, run);
    }
    gnl_poison_end(exec, t->tile, GNL_POISON_FOLD);
}

double gnl_exec_penalty(genlat_exec *exec, const gnl_penalty *penalty, double *norm2)
{
    double total = 0;
    gnl_reparam_begin(exec);
    for (int64_t tile = 0; tile < gnl_exec_tiles(exec); tile++) {
        const penalty_tile t = {exec, penalty, tile, tile * exec->tile, gnl_exec_tile_rows(exec, tile)};
        differentiate(&t);
        total += set_tangent(&t, norm2);
        gnl_exec_jvp_tile(exec, tile);
        if (exec->folds && !penalty->general)
            fold_all(&t);
        else
            backward_dual(&t);
    }
    gnl_reparam_end(exec);
    exec->has_backward = true;
    return total / (double)exec->rows;
}
