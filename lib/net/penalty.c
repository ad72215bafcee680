/* SPDX-License-Identifier: MIT */
/*
 * Gradient penalties, exactly. With v = d penalty / d g held fixed, the gradient by the weights of f(|g|), g the input
 * gradient, is that of the directional derivative <v, g>: one tangent pass along v and the reverse of both passes.
 * docs/derivations/penalty.md derives it, and the folded form for piecewise affine nets.
 */
#include <math.h>

#include "net/poison_priv.h"

/* f and f'(|g|) / |g|. A gradient of zero has no direction: one-centred penalties leave it alone. */
static double value_of(gnl_penalty_kind kind, double norm2)
{
    double off = sqrt(norm2) - 1;
    if (kind == GNL_PENALTY_ZERO)
        return 0.5 * norm2;
    return kind == GNL_PENALTY_ONE_SIDED && off < 0 ? 0 : off * off;
}

static double slope_of(gnl_penalty_kind kind, double norm2)
{
    double norm = sqrt(norm2);
    if (kind == GNL_PENALTY_ZERO)
        return 1;
    if (norm2 < 1e-24 || (kind == GNL_PENALTY_ONE_SIDED && norm < 1))
        return 0;
    return 2 * (norm - 1) / norm;
}

/* One tile of a penalty: its rows begin at `first`. */
typedef struct part {
    genlat_exec *exec;
    const gnl_penalty *p;
    int64_t tile, first, rows;
} part;

static const gnl_real *dloss_of(const part *t)
{
    return t->p->dloss ? t->p->dloss + t->first : NULL;
}

static void fill_output(const part *t, gnl_place place, const gnl_real *values, gnl_real constant)
{
    gnl_real *out = gnl_at(place, t->tile);
    for (int64_t i = 0; i < t->rows; i++)
        out[i] = values ? values[i] : constant;
}

static const gnl_buffers *output_of(const part *t)
{
    return &t->exec->buffer[t->exec->net->output[t->p->output]];
}

/* Input gradients of the output itself, left in the adjoints. */
static void differentiate(const part *t)
{
    fill_output(t, output_of(t)->adjoint, NULL, 1);
    gnl_exec_backward_tile(t->exec, t->tile, 1u << t->p->output, GNL_GRAD_INPUTS);
}

/* The penalty is along one input: the others stay where they are. */
static void clear_tangents(const part *t)
{
    const genlat_exec *exec = t->exec;
    for (int i = 0; i < exec->net->inputs; i++) {
        gnl_real *tangent = gnl_at(exec->buffer[i].tangent, t->tile);
        if (i != t->p->input && tangent)
            memset(tangent, 0, (size_t)(t->rows * gnl_shape_count(&exec->net->node[i].shape)) * sizeof *tangent);
    }
}

/* v into the tangent of the input, scaled to the mean over all rows; returns the sum of f over those of the tile. An input on
 * which no output depends has neither, and g is zero. */
static double aim_tangent(const part *t, double *norm2)
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

/* ---- any net ------------------------------------------------------------------------------------------- */

/* An output that is an input has no layer behind it: its derivative stays for the program to read. */
static void reverse_both(const part *t)
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

/* The adjoint of the loss is dloss times the adjoint `a` of the output, which differentiate() has left
 * behind, and that of the tangent is `a` itself. So both weight gradients are one product:
 * a (dloss h + tangent of h)^T. */
typedef struct fold {
    const gnl_real *factor; /* [rows] */
    const gnl_real *x, *tangent;
    gnl_real *out;
    int64_t width;
    const gnl_kernels *k;
} fold;

/* out = factor x + tangent, row by row. */
static void mix_rows(void *arg, int64_t begin, int64_t end, int worker)
{
    const fold *f = arg;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        int64_t at = i * f->width;
        if (f->tangent)
            f->k->mix(f->width, (gnl_real[]){1, 0, f->factor[i], 0}, f->tangent + at, f->x + at, GNL_SET, f->out + at);
        else
            f->k->scale(f->width, f->factor[i], f->x + at, f->out + at);
    }
}

static void mix(const part *t, const gnl_real *x, const gnl_real *tangent, int64_t width, gnl_real *out)
{
    fold f = {dloss_of(t), x, tangent, out, width, t->exec->compute.k};
    gnl_parallel(t->exec->object.ctx, t->rows, GNL_MAX(1, GNL_CHUNK / GNL_MAX(width, 1)), mix_rows, &f);
}

/* The tangent pass has left the step's pointers at this tile. */
static void fold_layer(const part *t, const gnl_run *run)
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
        step.grad[i] = gnl_weight_is_wanted(exec->net, owner->first_weight + i) ? run->grad[i] : NULL;
    if (loss)
        mix(t, step.x[0], step.tx[0], step.in_size[0], exec->mix);
    step.tx[0] = loss ? exec->mix : step.tx[0];
    step.dty = adjoint;
    type->jvp_backward(&step);
    if (!loss)
        return;
    mix(t, adjoint, NULL, step.out_size, exec->scaled);
    step.grad[0] = NULL;
    step.dy = exec->scaled;
    type->backward(&step);
}

static void fold_all(const part *t)
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
        const part t = {exec, penalty, tile, tile * exec->tile, gnl_exec_tile_rows(exec, tile)};
        differentiate(&t);
        total += aim_tangent(&t, norm2);
        gnl_exec_jvp_tile(exec, tile);
        if (exec->folds && !penalty->general)
            fold_all(&t);
        else
            reverse_both(&t);
    }
    gnl_reparam_end(exec);
    exec->has_backward = true;
    return total / (double)exec->rows;
}
