/* SPDX-License-Identifier: MIT */
/* The passes of an exec: forward, backward, tangent, and dual, which is the reverse of forward and tangent together. No
 * pass allocates memory or fails. */
#include "net/poison_priv.h"

static const gnl_layer_type *type_of(const genlat_exec *exec, const gnl_run *run)
{
    return exec->net->node[run->node].layer->type;
}

/* ---- tiles ----------------------------------------------------------------------------------- */

int64_t gnl_exec_tiles(const genlat_exec *exec)
{
    return (exec->rows + exec->tile - 1) / exec->tile;
}

int64_t gnl_exec_tile_rows(const genlat_exec *exec, int64_t tile)
{
    return GNL_MIN(exec->tile, exec->rows - tile * exec->tile);
}

static const int *inputs_of(const genlat_exec *exec, const gnl_run *run)
{
    return exec->net->node[run->node].input;
}

/* Returns the output of a node, as the given pass reads or writes it. */
static gnl_real *value_of(const genlat_exec *exec, int node, int64_t tile, gnl_pass pass)
{
    const gnl_buffers *b = &exec->buffer[node];
    return gnl_at(pass == GNL_PASS_FORWARD ? b->value : b->later_value, tile);
}

/* Sets the members of a step that every pass over a tile uses. */
static gnl_step *set_buffers(const genlat_exec *exec, gnl_run *run, int64_t tile, gnl_pass pass)
{
    gnl_step *s = &run->step;
    s->rows = gnl_exec_tile_rows(exec, tile);
    for (int i = 0; i < s->inputs; i++)
        s->x[i] = value_of(exec, inputs_of(exec, run)[i], tile, pass);
    s->y = value_of(exec, run->node, tile, pass);
    s->recompute = pass == GNL_PASS_RECOMPUTE;
    s->cache = gnl_at(run->cache, tile);
    s->scratch = run->scratch[pass];
    return s;
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Sets the addresses of the caller's arrays, and of views of them. They may differ in each forward pass. */
static void bind_inputs(genlat_exec *exec, gnl_mode mode, const gnl_real *const *x)
{
    for (int i = 0; i < exec->net->inputs; i++) {
        int64_t stride = exec->tile * gnl_shape_count(&exec->net->node[i].shape);
        /* The cast drops const: no pass writes the values of inputs. */
        exec->buffer[i].value = exec->buffer[i].later_value = (gnl_place){(gnl_real *)(uintptr_t)x[i], stride};
    }
    for (int i = 0; i < exec->runs; i++) {
        gnl_run *run = &exec->run[i];
        run->step.training = mode == GNL_TRAIN;
        if (!run->skip)
            continue;
        gnl_buffers *view = &exec->buffer[run->node], *of = &exec->buffer[inputs_of(exec, run)[0]];
        view->value = of->value;
        view->later_value = of->later_value;
    }
}

static void forward_tile(genlat_exec *exec, int64_t tile)
{
    gnl_poison_begin(exec, tile, GNL_POISON_FORWARD);
    for (int i = 0; i < exec->runs; i++) {
        gnl_run *run = &exec->run[i];
        gnl_poison_call(exec, tile, GNL_POISON_FORWARD, run->node);
        if (!run->skip)
            type_of(exec, run)->forward(set_buffers(exec, run, tile, GNL_PASS_FORWARD));
    }
    gnl_poison_end(exec, tile, GNL_POISON_FORWARD);
}

void gnl_exec_forward(genlat_exec *exec, gnl_mode mode, int64_t rows, const gnl_real *const *x)
{
    bind_inputs(exec, mode, x);
    exec->rows = rows;
    exec->has_backward = false;
    exec->passes++;
    if (exec->outer) {
        exec->outer_passes = exec->outer->passes;
        exec->outer->overwritten = true;
    }
    gnl_poison_arena(exec);
    gnl_reparam_compute(exec, mode);
    for (int64_t tile = 0; tile < gnl_exec_tiles(exec); tile++)
        forward_tile(exec, tile);
    gnl_poison_forward_done(exec);
}

const gnl_compute *gnl_exec_compute(const genlat_exec *exec)
{
    return &exec->compute;
}

int64_t gnl_exec_rows(const genlat_exec *exec)
{
    return exec->rows;
}

void gnl_exec_set_dropout(genlat_exec *exec, gnl_rng rng)
{
    exec->dropout = rng;
}

bool gnl_net_grad_is_there(const genlat_net *net)
{
    return !net->grad_owner || (net->grad_owner->has_backward && !net->grad_owner->overwritten);
}

const gnl_real *gnl_exec_node(const genlat_exec *exec, int node)
{
    return exec->buffer[node].value.base;
}

gnl_real *gnl_exec_output(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].value.base;
}

gnl_real *gnl_exec_output_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].adjoint.base;
}

gnl_real *gnl_exec_input_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[index].adjoint.base;
}

gnl_real *gnl_exec_output_tangent(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].tangent.base;
}

gnl_real *gnl_exec_input_tangent(const genlat_exec *exec, int index)
{
    return exec->buffer[index].tangent.base;
}

gnl_real *gnl_exec_output_tangent_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[exec->net->output[index]].tangent_adjoint.base;
}

gnl_real *gnl_exec_input_tangent_grad(const genlat_exec *exec, int index)
{
    return exec->buffer[index].tangent_adjoint.base;
}

/* ---- backward -------------------------------------------------------------------------------- */

/* Derivatives that a reverse pass computes: by values only, or by values and tangents. */
typedef enum derivatives { OF_VALUES, OF_TANGENTS } derivatives;

static int64_t node_numbers(const genlat_exec *exec, int node, int64_t tile)
{
    return gnl_exec_tile_rows(exec, tile) * gnl_shape_count(&exec->net->node[node].shape);
}

/* Sets the adjoints of outputs that the caller has not written to zero. If an output is an input of the net, no layer
 * reads its adjoint, which stays unchanged unless input gradients are requested. */
static void clear_unwritten(genlat_exec *exec, int64_t tile, unsigned mask, unsigned requested, derivatives of)
{
    for (int i = 0; i < exec->net->outputs; i++) {
        int node = exec->net->output[i];
        const gnl_buffers *b = &exec->buffer[node];
        gnl_real *adjoint = gnl_at(of == OF_TANGENTS ? b->tangent_adjoint : b->adjoint, tile);
        bool unused = node < exec->net->inputs && !(requested & GNL_GRAD_INPUTS);
        if (adjoint && !unused && !(mask >> i & 1))
            memset(adjoint, 0, (size_t)node_numbers(exec, node, tile) * sizeof *adjoint);
    }
}

static void set_weight_gradients(const genlat_exec *exec, gnl_run *run, bool requested)
{
    const gnl_node *node = &exec->net->node[run->node];
    const gnl_node *owner = &exec->net->node[node->owner];
    for (int i = 0; i < owner->params; i++) {
        run->step.grad[i] =
            requested && gnl_weight_needs_grad(exec->net, owner->first_weight + i) ? run->grad[i] : NULL;
    }
}

/* Sets the members of a step for a reverse pass. The derivatives by inputs follow the routes. Those by inputs of the
 * net are NULL unless they are requested. */
static void set_gradients(const genlat_exec *exec, gnl_run *run, int64_t tile, unsigned requested)
{
    set_weight_gradients(exec, run, requested & GNL_GRAD_WEIGHTS);
    set_buffers(exec, run, tile, GNL_PASS_BACKWARD);
    run->step.dy = gnl_at(exec->buffer[run->node].adjoint, tile);
    run->step.dty = gnl_at(exec->buffer[run->node].tangent_adjoint, tile);
    for (int i = 0; i < run->step.inputs; i++) {
        const gnl_route *route = &run->route[i];
        bool unused = route->node < exec->net->inputs && !(requested & GNL_GRAD_INPUTS);
        run->step.dx[i] = unused ? NULL : gnl_at(route->adjoint, tile);
        run->step.dtx[i] = unused ? NULL : gnl_at(route->tangent_adjoint, tile);
    }
}

static void add_to(const gnl_kernels *k, int64_t n, gnl_place target, const gnl_real *summand, int64_t tile)
{
    gnl_real *sum = gnl_at(target, tile);
    k->add(n, sum, summand, sum);
}

/* Adds the derivatives that a layer has written into separate buffers to the adjoints of the nodes. */
static void add_routes(const genlat_exec *exec, const gnl_run *run, int64_t tile, derivatives of)
{
    const gnl_kernels *k = exec->compute.k;
    for (int i = 0; i < run->step.inputs; i++) {
        const gnl_route *route = &run->route[i];
        const gnl_buffers *target = &exec->buffer[route->node];
        int64_t n = node_numbers(exec, route->node, tile);
        if (!route->added || !run->step.dx[i])
            continue;
        add_to(k, n, target->adjoint, run->step.dx[i], tile);
        if (of == OF_TANGENTS)
            add_to(k, n, target->tangent_adjoint, run->step.dtx[i], tile);
    }
}

/* Recomputes the outputs that the backward call of `node` is the first to need. */
static void recompute(genlat_exec *exec, int node, int64_t tile)
{
    for (int i = 0; i < exec->runs && exec->run[i].node <= node; i++) {
        gnl_run *run = &exec->run[i];
        if (run->recompute == node && !run->skip)
            type_of(exec, run)->forward(set_buffers(exec, run, tile, GNL_PASS_RECOMPUTE));
    }
}

/* Starts the gradients of weights. Gradients in the workspace start at zero, except the first late_grads of them. */
static void begin_gradients(const genlat_exec *exec)
{
    const genlat_net *net = exec->net;
    if (net->grad_owner == exec)
        gnl_zero(exec->object.ctx, net->values - exec->late_grads, net->grad + exec->late_grads);
    gnl_reparam_begin(exec);
}

/* Starts the first late_grads gradients at zero, before the first call that adds to them. */
static void zero_late_gradients(const genlat_exec *exec, int node, unsigned requested)
{
    if (exec->late_grads && node == exec->late_from && requested & GNL_GRAD_WEIGHTS)
        gnl_zero(exec->object.ctx, exec->late_grads, exec->net->grad);
}

void gnl_exec_backward_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned requested)
{
    if (exec->recomputes)
        forward_tile(exec, tile);
    gnl_poison_begin(exec, tile, GNL_POISON_BACKWARD);
    clear_unwritten(exec, tile, outputs_mask, requested, OF_VALUES);
    for (int i = exec->runs - 1; i >= 0; i--) {
        gnl_run *run = &exec->run[i];
        gnl_poison_call(exec, tile, GNL_POISON_BACKWARD, run->node);
        zero_late_gradients(exec, run->node, requested);
        recompute(exec, run->node, tile);
        if (!exec->buffer[run->node].adjoint.base)
            continue;
        set_gradients(exec, run, tile, requested);
        if (!run->skip_back)
            type_of(exec, run)->backward(&run->step);
        add_routes(exec, run, tile, OF_VALUES);
    }
    gnl_poison_end(exec, tile, GNL_POISON_BACKWARD);
}

void gnl_exec_backward(genlat_exec *exec, unsigned outputs_mask, unsigned requested)
{
    gnl_poison_backward_begins(exec);
    if (requested & GNL_GRAD_WEIGHTS)
        begin_gradients(exec);
    for (int64_t tile = 0; tile < gnl_exec_tiles(exec); tile++)
        gnl_exec_backward_tile(exec, tile, outputs_mask, requested);
    if (requested & GNL_GRAD_WEIGHTS)
        gnl_reparam_end(exec);
    exec->has_backward = true;
    exec->overwritten = false;
    exec->passes++;
}

/* ---- tangents -------------------------------------------------------------------------------- */

/* Multiplies `from` by the derivative of a piecewise linear elementwise layer. The derivative is symmetric, so that a
 * backward call on other pointers computes both jvp and jvp_backward. */
static void apply_derivative(const gnl_layer_type *type, const gnl_step *s, const gnl_real *from, gnl_real *const *to)
{
    gnl_step other = *s;
    other.dy = from;
    for (int i = 0; i < s->inputs; i++)
        other.dx[i] = to[i];
    type->backward(&other);
}

void gnl_exec_jvp_tile(genlat_exec *exec, int64_t tile)
{
    gnl_poison_begin(exec, tile, GNL_POISON_TANGENT);
    for (int i = 0; i < exec->runs; i++) {
        gnl_run *run = &exec->run[i];
        const gnl_layer_type *type = type_of(exec, run);
        gnl_step *s = set_buffers(exec, run, tile, GNL_PASS_TANGENT);
        gnl_poison_call(exec, tile, GNL_POISON_TANGENT, run->node);
        for (int j = 0; j < s->inputs; j++)
            s->tx[j] = gnl_at(exec->buffer[inputs_of(exec, run)[j]].tangent, tile);
        s->ty = gnl_at(exec->buffer[run->node].tangent, tile);
        if (type->jvp)
            type->jvp(s);
        else
            apply_derivative(type, s, s->tx[0], &s->ty);
    }
    gnl_poison_end(exec, tile, GNL_POISON_TANGENT);
}

void gnl_exec_jvp(genlat_exec *exec)
{
    gnl_exec_jvp_tile(exec, 0);
}

static void call_jvp_backward(const gnl_layer_type *type, const gnl_step *s)
{
    if (type->jvp_backward)
        type->jvp_backward(s);
    else
        apply_derivative(type, s, s->dty, s->dtx);
}

void gnl_exec_backward_dual_tile(genlat_exec *exec, int64_t tile, unsigned outputs_mask, unsigned tangents_mask,
                                 unsigned requested)
{
    clear_unwritten(exec, tile, outputs_mask, requested, OF_VALUES);
    clear_unwritten(exec, tile, tangents_mask, requested, OF_TANGENTS);
    gnl_poison_begin(exec, tile, GNL_POISON_DUAL);
    for (int i = exec->runs - 1; i >= 0; i--) {
        gnl_run *run = &exec->run[i];
        const gnl_layer_type *type = type_of(exec, run);
        gnl_poison_call(exec, tile, GNL_POISON_DUAL, run->node);
        if (!exec->buffer[run->node].adjoint.base)
            continue;
        set_gradients(exec, run, tile, requested);
        if (!run->skip_back) {
            type->backward(&run->step);
            call_jvp_backward(type, &run->step);
        }
        add_routes(exec, run, tile, OF_TANGENTS);
    }
    gnl_poison_end(exec, tile, GNL_POISON_DUAL);
}

void gnl_exec_backward_dual(genlat_exec *exec, unsigned outputs_mask, unsigned tangents_mask, unsigned requested)
{
    if (requested & GNL_GRAD_WEIGHTS)
        gnl_reparam_begin(exec);
    gnl_exec_backward_dual_tile(exec, 0, outputs_mask, tangents_mask, requested);
    if (requested & GNL_GRAD_WEIGHTS)
        gnl_reparam_end(exec);
    exec->has_backward = true;
}
