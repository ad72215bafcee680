/* SPDX-License-Identifier: MIT */
/* Runs a net node by node, with separate memory for everything. */
#include <stdlib.h>
#include <tgmath.h>

#include "support/reference_priv.h"

struct reference_node {
    bool live;
    int64_t size; /* of a sample */
    gnl_layer_plan plan;
    gnl_step step;
    gnl_real *value, *adjoint, *tangent, *tangent_adjoint; /* [rows,size] */
    gnl_real *dx[GNL_MAX_INPUTS], *dtx[GNL_MAX_INPUTS];    /* of this layer only */
};

/* ---- memory ---------------------------------------------------------------------------------- */

static gnl_real *allocate(const reference_exec *r, int64_t numbers)
{
    gnl_real *block = gnl_calloc(r->net->object.ctx, (size_t)numbers, sizeof *block);
    if (!block)
        abort();
    return block;
}

static void release(const reference_exec *r, gnl_real *block)
{
    gnl_free(r->net->object.ctx, block);
}

static void set_all(int64_t n, gnl_real value, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = value;
}

static void add_all(int64_t n, const gnl_real *from, gnl_real *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

void reference_disturb(reference_exec *r, int64_t n, gnl_real *out)
{
    for (int64_t i = 0; r->jitter > 0 && i < n; i++)
        out[i] *= (gnl_real)(1 + r->jitter * (2 * gnl_rng_unit(&r->noise) - 1));
}

static void open_node(reference_exec *r, int n)
{
    const gnl_node *from = &r->net->node[n];
    reference_node *node = &r->node[n];
    gnl_step *s = &node->step;
    const gnl_layer_env env = {r->rows, gnl_threads(r->net->object.ctx), true};
    const int64_t numbers = r->rows * node->size;
    node->value = n < r->net->inputs ? NULL : allocate(r, numbers);
    node->adjoint = allocate(r, numbers);
    node->tangent = allocate(r, numbers);
    node->tangent_adjoint = allocate(r, numbers);
    if (n < r->net->inputs)
        return;
    s->inputs = from->inputs;
    for (int i = 0; i < from->inputs; i++) {
        s->in[i] = r->net->node[from->input[i]].shape;
        s->in_size[i] = r->node[from->input[i]].size;
        node->dx[i] = allocate(r, r->rows * s->in_size[i]);
        node->dtx[i] = allocate(r, r->rows * s->in_size[i]);
    }
    if (from->layer->type->infer(from->layer->opts, &env, from->inputs, s->in, &node->plan) != GENLAT_OK)
        abort();
    s->opts = from->layer->opts;
    s->out = from->shape;
    s->out_size = node->size;
    s->rows = r->rows;
    s->rng = &r->dropout;
    s->compute = (gnl_compute){r->net->object.ctx, gnl_kernels_of(r->net->object.ctx),
                               allocate(r, (int64_t)gnl_gemm_space(r->net->object.ctx))};
    s->cache = allocate(r, node->plan.cache);
    s->scratch = allocate(r, node->plan.scratch);
}

static void mark_live(reference_exec *r)
{
    const genlat_net *net = r->net;
    for (int i = 0; i < net->outputs; i++)
        r->node[net->output[i]].live = true;
    for (int n = net->nodes - 1; n >= net->inputs; n--)
        for (int i = 0; r->node[n].live && i < net->node[n].inputs; i++)
            r->node[net->node[n].input[i]].live = true;
}

void reference_open(reference_exec *r, genlat_net *net, int64_t rows, double jitter, uint64_t seed)
{
    *r = (reference_exec){.net = net, .rows = rows, .jitter = jitter, .noise = gnl_rng_make(seed, GNL_STREAM_USER, 2)};
    r->value = allocate(r, net->values);
    r->computed = allocate(r, net->values);
    r->dcomputed = allocate(r, net->values);
    r->grad = allocate(r, net->values);
    r->state = allocate(r, net->states);
    r->node = gnl_calloc(net->object.ctx, (size_t)net->nodes, sizeof *r->node);
    if (!r->node)
        abort();
    mark_live(r);
    for (int n = 0; n < net->nodes; n++) {
        r->node[n].size = gnl_shape_count(&net->node[n].shape);
        if (r->node[n].live)
            open_node(r, n);
    }
}

void reference_close(reference_exec *r)
{
    for (int n = 0; n < r->net->nodes; n++) {
        reference_node *node = &r->node[n];
        gnl_real *single[] = {n < r->net->inputs ? NULL : node->value,
                              node->adjoint,
                              node->tangent,
                              node->tangent_adjoint,
                              node->step.cache,
                              node->step.scratch,
                              node->step.compute.space};
        for (size_t i = 0; i < GNL_COUNT(single); i++)
            release(r, single[i]);
        for (int i = 0; i < GNL_MAX_INPUTS; i++) {
            release(r, node->dx[i]);
            release(r, node->dtx[i]);
        }
    }
    gnl_real *arenas[] = {r->value, r->computed, r->dcomputed, r->grad, r->state};
    for (size_t i = 0; i < GNL_COUNT(arenas); i++)
        release(r, arenas[i]);
    gnl_free(r->net->object.ctx, r->node);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static gnl_step step_of(reference_exec *r, int n)
{
    const gnl_node *node = &r->net->node[n], *owner = &r->net->node[node->owner];
    const reference_node *own = &r->node[n];
    gnl_step s = own->step;
    for (int i = 0; i < owner->params; i++) {
        const gnl_weight *w = &r->net->weight[owner->first_weight + i];
        s.param[i] = w->param.state ? r->state + w->offset : r->computed + w->offset;
        s.grad[i] = w->param.state ? NULL : r->dcomputed + w->offset;
    }
    for (int i = 0; i < s.inputs; i++) {
        s.x[i] = r->node[node->input[i]].value;
        s.tx[i] = r->node[node->input[i]].tangent;
    }
    s.y = own->value;
    s.ty = own->tangent;
    s.dy = own->adjoint;
    s.dty = own->tangent_adjoint;
    set_all(own->plan.scratch, (gnl_real)NAN, s.scratch);
    return s;
}

static const gnl_layer_type *type_of(const reference_exec *r, int n)
{
    return r->net->node[n].layer->type;
}

void reference_forward(reference_exec *r, bool training, const gnl_real *const *x)
{
    memcpy(r->value, r->net->value, (size_t)r->net->values * sizeof *r->value);
    memcpy(r->state, r->net->state, (size_t)r->net->states * sizeof *r->state);
    reference_disturb(r, r->net->values, r->value);
    reference_disturb(r, r->net->states, r->state);
    reference_make_weights(r, training);
    for (int i = 0; i < r->net->inputs; i++)
        r->node[i].value = (gnl_real *)(uintptr_t)x[i];
    for (int n = r->net->inputs; n < r->net->nodes; n++) {
        reference_node *node = &r->node[n];
        if (!node->live)
            continue;
        node->step.training = training;
        set_all(r->rows * node->size, (gnl_real)NAN, node->value);
        set_all(node->plan.cache, (gnl_real)NAN, node->step.cache);
        const gnl_step s = step_of(r, n);
        type_of(r, n)->forward(&s);
        reference_disturb(r, r->rows * node->size, node->value);
    }
}

/* Sets the derivatives of all nodes to zero and those of outputs to the given values. */
static void set_outputs(reference_exec *r, bool tangents, const gnl_real *const *dy)
{
    for (int n = 0; n < r->net->nodes; n++)
        if (r->node[n].live)
            set_all(r->rows * r->node[n].size, 0, tangents ? r->node[n].tangent_adjoint : r->node[n].adjoint);
    for (int i = 0; i < r->net->outputs; i++) {
        const reference_node *node = &r->node[r->net->output[i]];
        if (dy[i])
            add_all(r->rows * node->size, dy[i], tangents ? node->tangent_adjoint : node->adjoint);
    }
}

static void call_backward(reference_exec *r, int n)
{
    reference_node *node = &r->node[n];
    gnl_step s = step_of(r, n);
    for (int i = 0; i < s.inputs; i++) {
        set_all(r->rows * s.in_size[i], (gnl_real)NAN, node->dx[i]);
        s.dx[i] = node->dx[i];
    }
    type_of(r, n)->backward(&s);
}

static void add_inputs(reference_exec *r, int n, bool tangents)
{
    reference_node *node = &r->node[n];
    for (int i = 0; i < node->step.inputs; i++) {
        reference_node *input = &r->node[r->net->node[n].input[i]];
        gnl_real *from = tangents ? node->dtx[i] : node->dx[i];
        reference_disturb(r, r->rows * input->size, from);
        add_all(r->rows * input->size, from, tangents ? input->tangent_adjoint : input->adjoint);
    }
}

void reference_backward(reference_exec *r, const gnl_real *const *dy)
{
    set_outputs(r, false, dy);
    reference_begin_gradients(r);
    for (int n = r->net->nodes - 1; n >= r->net->inputs; n--) {
        if (!r->node[n].live)
            continue;
        call_backward(r, n);
        add_inputs(r, n, false);
    }
    reference_end_gradients(r);
}

/* Layers without tangent functions are linear at x: backward with other pointers is their tangent map. */
static void call_jvp(reference_exec *r, int n)
{
    const gnl_layer_type *type = type_of(r, n);
    gnl_step s = step_of(r, n);
    set_all(r->rows * s.out_size, (gnl_real)NAN, s.ty);
    if (type->jvp) {
        type->jvp(&s);
        return;
    }
    s.dy = s.tx[0];
    s.dx[0] = s.ty;
    type->backward(&s);
}

static void call_jvp_backward(reference_exec *r, int n)
{
    reference_node *node = &r->node[n];
    const gnl_layer_type *type = type_of(r, n);
    gnl_step s = step_of(r, n);
    for (int i = 0; i < s.inputs; i++) {
        set_all(r->rows * s.in_size[i], (gnl_real)NAN, node->dtx[i]);
        s.dx[i] = node->dx[i];
        s.dtx[i] = node->dtx[i];
    }
    if (type->jvp_backward) {
        type->jvp_backward(&s);
        return;
    }
    s.dy = s.dty;
    s.dx[0] = s.dtx[0];
    type->backward(&s);
}

void reference_jvp(reference_exec *r, const gnl_real *const *tx)
{
    for (int n = 0; n < r->net->nodes; n++) {
        reference_node *node = &r->node[n];
        if (!node->live)
            continue;
        if (n < r->net->inputs)
            memcpy(node->tangent, tx[n], (size_t)(r->rows * node->size) * sizeof *node->tangent);
        else
            call_jvp(r, n);
        reference_disturb(r, r->rows * node->size, node->tangent);
    }
}

void reference_dual(reference_exec *r, const gnl_real *const *dy, const gnl_real *const *dty)
{
    set_outputs(r, false, dy);
    set_outputs(r, true, dty);
    reference_begin_gradients(r);
    for (int n = r->net->nodes - 1; n >= r->net->inputs; n--) {
        if (!r->node[n].live)
            continue;
        call_backward(r, n);
        call_jvp_backward(r, n);
        add_inputs(r, n, false);
        add_inputs(r, n, true);
    }
    reference_end_gradients(r);
}

/* ---- penalties ------------------------------------------------------------------------------- */

static double penalty_value(gnl_penalty_kind kind, double norm)
{
    if (kind == GNL_PENALTY_ZERO)
        return norm * norm / 2;
    return kind == GNL_PENALTY_ONE_SIDED && norm < 1 ? 0 : (norm - 1) * (norm - 1);
}

/* Derivative by the norm, divided by the norm. */
static double penalty_slope(gnl_penalty_kind kind, double norm)
{
    if (kind == GNL_PENALTY_ZERO)
        return 1;
    return norm < 1e-12 || (kind == GNL_PENALTY_ONE_SIDED && norm < 1) ? 0 : 2 * (norm - 1) / norm;
}

static double norm_of(int64_t n, const gnl_real *x)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

/* Computes the tangent direction v from the gradient g by the penalized input; returns the mean penalty. */
static double tangent_direction(const reference_exec *r, const gnl_penalty *p, const gnl_real *g, gnl_real *v,
                                double *norm2)
{
    const int64_t n = r->node[p->input].size;
    double total = 0;
    for (int64_t row = 0; row < r->rows; row++) {
        const double norm = norm_of(n, g + row * n), slope = p->weight / (double)r->rows * penalty_slope(p->kind, norm);
        norm2[row] = norm * norm;
        total += penalty_value(p->kind, norm) / (double)r->rows;
        for (int64_t i = row * n; i < (row + 1) * n; i++)
            v[i] = (gnl_real)(slope * (double)g[i]);
    }
    return total;
}

/* Saves or restores the derivatives of the inputs; those of unused inputs are zero. */
static void copy_inputs(reference_exec *r, gnl_real *const *copy, bool restore)
{
    for (int i = 0; i < r->net->inputs; i++) {
        const size_t bytes = (size_t)(r->rows * r->node[i].size) * sizeof **copy;
        if (r->node[i].live)
            memcpy(restore ? r->node[i].adjoint : copy[i], restore ? copy[i] : r->node[i].adjoint, bytes);
    }
}

double reference_penalty(reference_exec *r, const gnl_penalty *p, double *norm2)
{
    const int inputs = r->net->inputs;
    const size_t bytes = (size_t)r->net->values * sizeof *r->grad;
    gnl_real *ones = allocate(r, r->rows), *kept = allocate(r, r->net->values), *v[GNL_MAX_INPUTS], *g[GNL_MAX_INPUTS];
    const gnl_real *dy[GENLAT_MAX_OUTPUTS] = {0}, *dty[GENLAT_MAX_OUTPUTS] = {0};
    for (int i = 0; i < inputs; i++) {
        v[i] = allocate(r, r->rows * r->node[i].size);
        g[i] = allocate(r, r->rows * r->node[i].size);
    }
    set_all(r->rows, 1, ones);
    dy[p->output] = dty[p->output] = ones;
    memcpy(kept, r->grad, bytes);
    reference_backward(r, dy);
    memcpy(r->grad, kept, bytes);
    copy_inputs(r, g, false);
    const double mean = tangent_direction(r, p, g[p->input], v[p->input], norm2);
    reference_jvp(r, (const gnl_real *const *)v);
    dy[p->output] = p->dloss;
    reference_dual(r, dy, dty);
    copy_inputs(r, g, true);
    for (int i = 0; i < inputs; i++) {
        release(r, v[i]);
        release(r, g[i]);
    }
    release(r, ones);
    release(r, kept);
    return mean;
}

/* ---- results --------------------------------------------------------------------------------- */

const gnl_real *reference_value(const reference_exec *r, int node)
{
    return r->node[node].live || node < r->net->inputs ? r->node[node].value : NULL;
}

const gnl_real *reference_adjoint(const reference_exec *r, int node)
{
    return r->node[node].live ? r->node[node].adjoint : NULL;
}

const gnl_real *reference_tangent(const reference_exec *r, int node)
{
    return r->node[node].live ? r->node[node].tangent : NULL;
}

const gnl_real *reference_tangent_adjoint(const reference_exec *r, int node)
{
    return r->node[node].live ? r->node[node].tangent_adjoint : NULL;
}
