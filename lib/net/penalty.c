/* SPDX-License-Identifier: MIT */
/*
 * Gradient penalties, exactly. With v = d penalty / d g held fixed, the gradient by the weights of f(|g|), g the input
 * gradient, is that of the directional derivative <v, g>: one tangent pass along v and the reverse of both passes.
 * docs/derivations/penalty.md derives it, and the folded form for piecewise affine nets.
 */
#include <math.h>

#include "net/net_priv.h"

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

static void fill_output(gnl_real *out, int64_t rows, const gnl_real *values, gnl_real constant)
{
    for (int64_t i = 0; i < rows; i++)
        out[i] = values ? values[i] : constant;
}

/* Input gradients of the output itself, left in the adjoints. */
static void differentiate(genlat_exec *exec, const gnl_penalty *p)
{
    fill_output(gnl_exec_output_grad(exec, p->output), exec->rows, NULL, 1);
    gnl_exec_backward(exec, 1u << p->output, GNL_GRAD_INPUTS);
}

/* v into the tangent of the input, scaled to the mean over rows; returns the mean of f. */
static double aim_tangent(genlat_exec *exec, const gnl_penalty *p, double *norm2)
{
    int64_t n = gnl_shape_count(&exec->net->node[p->input].shape);
    const gnl_real *g = gnl_exec_input_grad(exec, p->input);
    gnl_real *v = gnl_exec_input_tangent(exec, p->input);
    const gnl_kernels *k = exec->compute.k;
    double total = 0;
    for (int64_t i = 0; i < exec->rows; i++) {
        double square = k->dot(n, g + i * n, g + i * n);
        double slope = p->weight * slope_of(p->kind, square) / (double)exec->rows;
        k->scale(n, (gnl_real)slope, g + i * n, v + i * n);
        total += value_of(p->kind, square);
        if (norm2)
            norm2[i] = square;
    }
    return total / (double)exec->rows;
}

/* ---- any net ------------------------------------------------------------------------------------------- */

static void reverse_both(genlat_exec *exec, const gnl_penalty *p)
{
    fill_output(gnl_exec_output_grad(exec, p->output), exec->rows, p->dloss, 0);
    fill_output(gnl_exec_output_tangent_grad(exec, p->output), exec->rows, NULL, 1);
    gnl_exec_backward_dual(exec, 1u << p->output, 1u << p->output, GNL_GRAD_WEIGHTS);
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
            f->k->mix(f->width, (gnl_real[]){1, 0, f->factor[i], 0}, f->tangent + at, f->x + at, false, f->out + at);
        else
            f->k->scale(f->width, f->factor[i], f->x + at, f->out + at);
    }
}

static void mix(const genlat_exec *exec, const gnl_real *factor, const gnl_real *x, const gnl_real *tangent,
                int64_t width, gnl_real *out)
{
    fold f = {factor, x, tangent, out, width, exec->compute.k};
    gnl_parallel(exec->object.ctx, exec->rows, GNL_MAX(1, GNL_CHUNK / GNL_MAX(width, 1)), mix_rows, &f);
}

static void fold_layer(const genlat_exec *exec, gnl_run *run, const gnl_real *dloss)
{
    const gnl_node *node = &exec->net->node[run->node];
    const gnl_layer_type *type = node->layer->type;
    const gnl_node *owner = &exec->net->node[node->owner];
    const gnl_buffers *in = &exec->buffer[node->input[0]];
    gnl_step step = run->step;
    const gnl_real *adjoint = exec->buffer[run->node].adjoint;
    memset(step.dx, 0, sizeof step.dx);
    memset(step.dtx, 0, sizeof step.dtx);
    for (int i = 0; i < owner->params; i++)
        step.grad[i] = gnl_weight_is_wanted(exec->net, owner->first_weight + i) ? run->wanted[i] : NULL;
    if (dloss)
        mix(exec, dloss, in->value, in->tangent, step.in_size[0], exec->mix);
    step.tx[0] = dloss ? exec->mix : in->tangent;
    step.dty = adjoint;
    type->jvp_backward(&step);
    if (!dloss)
        return;
    mix(exec, dloss, adjoint, NULL, step.out_size, exec->scaled);
    step.grad[0] = NULL;
    step.dy = exec->scaled;
    type->backward(&step);
}

static void fold_all(genlat_exec *exec, const gnl_penalty *p)
{
    gnl_reparam_begin(exec);
    for (int i = 0; i < exec->runs; i++) {
        gnl_run *run = &exec->run[i];
        if (exec->net->node[exec->net->node[run->node].owner].weights > 0)
            fold_layer(exec, run, p->dloss);
    }
    gnl_reparam_end(exec);
}

double gnl_exec_penalty(genlat_exec *exec, const gnl_penalty *penalty, double *norm2)
{
    differentiate(exec, penalty);
    double mean = aim_tangent(exec, penalty, norm2);
    gnl_exec_jvp(exec);
    if (exec->folds && !penalty->general)
        fold_all(exec, penalty);
    else
        reverse_both(exec, penalty);
    return mean;
}
