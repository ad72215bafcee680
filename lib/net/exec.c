/* SPDX-License-Identifier: MIT */
/* Runs an exec: forward, backward, along tangents, and the reverse of both. Nothing here allocates or can
 * fail. */
#include "net/net_priv.h"

static const gnl_layer_type *type_of(const genlat_exec *exec, const gnl_run *run)
{
    return exec->net->node[run->node].layer->type;
}

/* ---- forward --------------------------------------------------------------------------------- */

static void bind_values(genlat_exec *exec, gnl_run *run, bool training)
{
    const gnl_node *node = &exec->net->node[run->node];
    gnl_step *s = &run->step;
    s->rows = exec->rows;
    s->training = training;
    for (int i = 0; i < s->inputs; i++)
        s->x[i] = exec->buffer[node->input[i]].value;
    /* A view of a caller's array is wherever the caller has it this time. */
    if (run->skip)
        exec->buffer[run->node].value = exec->buffer[node->input[0]].value;
    s->y = exec->buffer[run->node].value;
}

void gnl_exec_forward(genlat_exec *exec, bool training, int64_t rows, const gnl_real *const *x)
{
    for (int i = 0; i < exec->net->inputs; i++)
        exec->buffer[i].value =
            (gnl_real *)(uintptr_t)x[i]; /* read only; the buffers of layers are written */
    exec->rows = rows;
    exec->has_backward = false;
    gnl_reparam_make(exec, training);
    for (int i = 0; i < exec->runs; i++) {
        bind_values(exec, &exec->run[i], training);
        if (!exec->run[i].skip)
            type_of(exec, &exec->run[i])->forward(&exec->run[i].step);
    }
}

gnl_real *gnl_exec_output(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].value;
}

gnl_real *gnl_exec_output_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].adjoint;
}

gnl_real *gnl_exec_input_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[index].adjoint;
}

gnl_real *gnl_exec_output_tangent(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].tangent;
}

gnl_real *gnl_exec_input_tangent(const genlat_exec *exec, int index)
{
    return exec->buffer[index].tangent;
}

gnl_real *gnl_exec_output_tangent_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].tangent_adjoint;
}

gnl_real *gnl_exec_input_tangent_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[index].tangent_adjoint;
}

/* ---- backward -------------------------------------------------------------------------------- */

static int64_t node_numbers(const genlat_exec *exec, int node)
{
    return exec->rows * gnl_shape_count(&exec->net->node[node].shape);
}

/* Outputs that the caller has not written count as zero. */
static void clear_unwritten(genlat_exec *exec, unsigned mask, bool tangent)
{
    for (int i = 0; i < exec->net->outputs; i++) {
        int node = exec->net->output[i];
        gnl_real *adjoint = tangent ? exec->buffer[node].tangent_adjoint : exec->buffer[node].adjoint;
        if (adjoint && !(mask >> i & 1))
            memset(adjoint, 0, (size_t)node_numbers(exec, node) * sizeof *adjoint);
    }
}

static void want_weights(const genlat_exec *exec, gnl_run *run, bool wanted)
{
    const gnl_node *node = &exec->net->node[run->node];
    const gnl_node *owner = &exec->net->node[node->owner];
    for (int i = 0; i < owner->params; i++) {
        run->step.grad[i] =
            wanted && gnl_weight_is_wanted(exec->net, owner->first_weight + i) ? run->wanted[i] : NULL;
    }
}

/* Points the step's dx at where the routes lead; the gradient of a net's input only where it is wanted. */
static void aim(const genlat_exec *exec, gnl_run *run, unsigned wanted)
{
    want_weights(exec, run, wanted & GNL_GRAD_WEIGHTS);
    run->step.dy = exec->buffer[run->node].adjoint;
    run->step.dty = exec->buffer[run->node].tangent_adjoint;
    for (int i = 0; i < run->step.inputs; i++) {
        const gnl_route *route = &run->route[i];
        bool leave = route->node < exec->net->inputs && !(wanted & GNL_GRAD_INPUTS);
        run->step.dx[i] = leave ? NULL : route->adjoint;
        run->step.dtx[i] = leave ? NULL : route->tangent_adjoint;
    }
}

static void add_routes(const genlat_exec *exec, const gnl_run *run, bool tangents)
{
    const gnl_kernels *k = exec->compute.k;
    for (int i = 0; i < run->step.inputs; i++) {
        const gnl_route *route = &run->route[i];
        const gnl_buffers *target = &exec->buffer[route->node];
        int64_t n = node_numbers(exec, route->node);
        if (!route->added || !run->step.dx[i])
            continue;
        k->add(n, target->adjoint, route->adjoint, target->adjoint);
        if (tangents)
            k->add(n, target->tangent_adjoint, route->tangent_adjoint, target->tangent_adjoint);
    }
}

void gnl_exec_backward(genlat_exec *exec, unsigned outputs_mask, unsigned wanted)
{
    clear_unwritten(exec, outputs_mask, false);
    if (wanted & GNL_GRAD_WEIGHTS)
        gnl_reparam_begin(exec);
    for (int i = exec->runs - 1; i >= 0; i--) {
        gnl_run *run = &exec->run[i];
        if (!exec->buffer[run->node].adjoint)
            continue;
        aim(exec, run, wanted);
        if (!run->skip_back)
            type_of(exec, run)->backward(&run->step);
        add_routes(exec, run, false);
    }
    if (wanted & GNL_GRAD_WEIGHTS)
        gnl_reparam_end(exec);
    exec->has_backward = true;
}

/* ---- tangents -------------------------------------------------------------------------------- */

/* The tangent map of a piecewise linear elementwise layer is symmetric: backward on other pointers serves. */
static void transposed(const gnl_layer_type *type, const gnl_step *s, const gnl_real *from,
                       gnl_real *const *to)
{
    gnl_step other = *s;
    other.dy = from;
    for (int i = 0; i < s->inputs; i++)
        other.dx[i] = to[i];
    type->backward(&other);
}

void gnl_exec_jvp(genlat_exec *exec)
{
    for (int i = 0; i < exec->runs; i++) {
        gnl_run *run = &exec->run[i];
        const gnl_layer_type *type = type_of(exec, run);
        gnl_step *s = &run->step;
        for (int j = 0; j < s->inputs; j++)
            s->tx[j] = exec->buffer[exec->net->node[run->node].input[j]].tangent;
        s->ty = exec->buffer[run->node].tangent;
        if (type->jvp)
            type->jvp(s);
        else
            transposed(type, s, s->tx[0], &s->ty);
    }
}

static void reverse_tangent(const gnl_layer_type *type, const gnl_step *s)
{
    if (type->jvp_backward)
        type->jvp_backward(s);
    else
        transposed(type, s, s->dty, s->dtx);
}

void gnl_exec_backward_dual(genlat_exec *exec, unsigned outputs_mask, unsigned tangents_mask, unsigned wanted)
{
    clear_unwritten(exec, outputs_mask, false);
    clear_unwritten(exec, tangents_mask, true);
    if (wanted & GNL_GRAD_WEIGHTS)
        gnl_reparam_begin(exec);
    for (int i = exec->runs - 1; i >= 0; i--) {
        gnl_run *run = &exec->run[i];
        const gnl_layer_type *type = type_of(exec, run);
        if (!exec->buffer[run->node].adjoint)
            continue;
        aim(exec, run, wanted);
        if (!run->skip_back) {
            type->backward(&run->step);
            reverse_tangent(type, &run->step);
        }
        add_routes(exec, run, true);
    }
    if (wanted & GNL_GRAD_WEIGHTS)
        gnl_reparam_end(exec);
    exec->has_backward = true;
}
