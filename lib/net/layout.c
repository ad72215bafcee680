/* SPDX-License-Identifier: MIT */
/* Which buffers an exec needs, how long each, and where each lies. */
#include "net/compile_priv.h"

static int start_of_backward(const gnl_compiler *c)
{
    return 2 * c->net->nodes;
}

static int end_of_backward(const gnl_compiler *c)
{
    return gnl_backward_end(c, 0);
}

static int end_of_time(const gnl_compiler *c)
{
    return end_of_backward(c) + 1;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static int add_span(gnl_compiler *c, int64_t unit, int begin, int end)
{
    c->span[c->spans] = (gnl_span){.unit = unit, .begin = begin, .end = end};
    return c->spans++;
}

static int add_span_of_one(gnl_compiler *c, int64_t unit, int begin, int end)
{
    int span = add_span(c, unit, begin, end);
    c->span[span].extent = GNL_EXTENT_ONE;
    return span;
}

/* Widens a span that several nodes share. */
static void cover(gnl_span *span, int begin, int end)
{
    span->begin = GNL_MIN(span->begin, begin);
    span->end = GNL_MAX(span->end, end);
}

/* Of one tile. */
static int64_t node_numbers(const gnl_compiler *c, int node)
{
    return c->tile * gnl_shape_count(&c->net->node[node].shape);
}

/* What is kept from one pass to another is kept for all tiles, unless a tile makes it again. While they take turns, it must
 * not be overwritten by those that come later, nor hold what earlier ones have left: it counts during whole passes. */
static void settle_spans(gnl_compiler *c)
{
    int forward_ends = c->net->nodes - 1;
    for (int i = 0; i < c->spans; i++) {
        gnl_span *s = &c->span[i];
        bool crosses = (s->begin <= forward_ends) != (s->end <= forward_ends) || s->end > end_of_backward(c);
        bool kept = s->extent == GNL_EXTENT_NEEDED && crosses && !c->exec->recomputes;
        bool all = s->extent == GNL_EXTENT_ALL || kept;
        s->extent = all ? GNL_EXTENT_ALL : GNL_EXTENT_ONE;
        s->numbers = all ? c->tiles * s->unit : s->unit;
        if (!all || c->tiles == 1)
            continue;
        int first = c->tangents ? c->net->nodes : GNL_MIN(s->begin, start_of_backward(c));
        s->begin = s->begin <= forward_ends || c->exec->recomputes ? 0 : first;
        s->end = GNL_MAX(s->end, s->end <= forward_ends ? forward_ends : end_of_backward(c));
    }
}

/* Tangents and the program's own questions go through all nodes again; otherwise the backward pass is the last to read. */
static int end_of_value(const gnl_compiler *c, const gnl_node_facts *f)
{
    if (f->output || c->exec->opts.keep || c->tangents)
        return end_of_time(c);
    return c->facts[f->value_root].remade ? f->last_use : GNL_MAX(f->last_use, f->needed_back);
}

static int end_of_cache(const gnl_compiler *c, int node)
{
    return c->tangents ? end_of_time(c) : c->training ? gnl_backward_end(c, node) : node;
}

static void span_values(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        gnl_node_facts *f = &c->facts[n];
        if (!f->live)
            continue;
        int end = end_of_value(c, f), root = f->value_root;
        if (root == n)
            f->span[GNL_VALUE] = add_span(c, node_numbers(c, n), n, end);
        else if (root >= c->net->inputs)
            cover(&c->span[c->facts[root].span[GNL_VALUE]], n, end);
        if (root >= c->net->inputs && (f->output || c->exec->opts.keep))
            c->span[c->facts[root].span[GNL_VALUE]].extent = GNL_EXTENT_ALL;
        if (f->remade)
            f->span[GNL_VALUE_AGAIN] = add_span(c, node_numbers(c, n), f->first_back, f->needed_back);
        if (f->plan.cache)
            f->span[GNL_CACHE] = add_span(c, gnl_padded(f->plan.cache), n, end_of_cache(c, n));
        if (c->tangents)
            f->span[GNL_TANGENT] = add_span(c, node_numbers(c, n), gnl_tangent_time(c, n), end_of_backward(c));
    }
}

/* Room for one call at a time. Folded penalties go through the layers once more when all adjoints are there. */
static void span_scratch(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        gnl_node_facts *f = &c->facts[n];
        int along = gnl_tangent_time(c, n), again = c->facts[f->value_root].first_back;
        if (!f->live || !f->plan.scratch)
            continue;
        f->scratch_span[GNL_PASS_FORWARD] = add_span(c, f->plan.scratch, n, n);
        if (c->training)
            f->scratch_span[GNL_PASS_BACKWARD] =
                add_span(c, f->plan.scratch, gnl_backward_time(c, n),
                         c->exec->folds ? end_of_backward(c) : gnl_backward_end(c, n));
        if (c->tangents)
            f->scratch_span[GNL_PASS_TANGENT] = add_span(c, f->plan.scratch, along, along);
        if (c->facts[f->value_root].remade)
            f->scratch_span[GNL_PASS_AGAIN] = add_span(c, f->plan.scratch, again, again);
    }
}

/* What penalties need beside the nodes' buffers: tangents of the inputs, and room for one layer's mixtures. */
static void span_penalty(gnl_compiler *c)
{
    int64_t in = 0, out = 0;
    for (int n = 0; n < c->net->nodes; n++) {
        const gnl_node *node = &c->net->node[n];
        if (n < c->net->inputs)
            c->facts[n].span[GNL_TANGENT] = add_span_of_one(c, node_numbers(c, n), 0, end_of_time(c));
        else
            out = GNL_MAX(out, node_numbers(c, n));
        for (int i = 0; i < node->inputs; i++)
            in = GNL_MAX(in, node_numbers(c, node->input[i]));
    }
    c->mix_span = add_span_of_one(c, in, 0, end_of_time(c));
    c->scaled_span = add_span_of_one(c, out, 0, end_of_time(c));
}

/* Those of outputs are the caller's to fill, those of inputs to read, for all rows. */
static void span_adjoint(gnl_compiler *c, int n, gnl_buffer_kind kind, int begin, int end)
{
    gnl_node_facts *root = &c->facts[gnl_adjoint_root(c, n)];
    if (root->span[kind] < 0)
        root->span[kind] = add_span(c, node_numbers(c, n), begin, end);
    else
        cover(&c->span[root->span[kind]], begin, end);
    if (c->facts[n].output || n < c->net->inputs)
        c->span[root->span[kind]].extent = GNL_EXTENT_ALL;
}

/* When the adjoints of outputs are written: a single one may overwrite what guests have left, from which it may be copied. */
static int outputs_are_given(const gnl_compiler *c)
{
    return c->exec->opts.room && c->net->outputs == 1 ? start_of_backward(c) - 1 : c->net->nodes;
}

static void span_adjoints(gnl_compiler *c)
{
    for (int n = c->net->nodes - 1; n >= 0; n--) {
        const gnl_node_facts *f = &c->facts[n];
        if (!f->live || !f->wants_adjoint)
            continue;
        int begin = f->output ? outputs_are_given(c) : gnl_begins_with_dx(c, f->last_use);
        int end = n < c->net->inputs ? end_of_time(c) : c->exec->folds ? end_of_backward(c) : gnl_backward_end(c, n);
        span_adjoint(c, n, GNL_ADJOINT, begin, end);
        if (c->tangents)
            span_adjoint(c, n, GNL_TANGENT_ADJOINT, begin, end);
    }
}

/* The last reader of a node is the first to write its adjoint, in place; what others give is added. */
static bool writes_directly(const gnl_compiler *c, int n, int slot)
{
    int x = c->net->node[n].input[slot];
    const gnl_node_facts *in = &c->facts[x];
    if (in->output || in->last_use != n)
        return false;
    for (int earlier = 0; earlier < slot; earlier++)
        if (c->net->node[n].input[earlier] == x)
            return false;
    return true;
}

static void span_routes(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        gnl_node_facts *f = &c->facts[n];
        for (int i = 0; i < c->net->node[n].inputs; i++) {
            int x = c->net->node[n].input[i], now = gnl_backward_time(c, n), end = gnl_backward_end(c, n);
            if (!f->live || !c->facts[x].wants_adjoint || writes_directly(c, n, i))
                continue;
            f->route_span[i][0] = add_span(c, node_numbers(c, x), now, end);
            if (c->tangents)
                f->route_span[i][1] = add_span(c, node_numbers(c, x), now, end);
        }
    }
}

/* The first node to add to the gradients of nodes before `limit` in the backward pass, or -1. */
static int first_to_add(const gnl_compiler *c, int limit)
{
    int first = -1;
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        int owner = c->net->node[n].owner;
        if (c->facts[n].live && owner < limit && c->net->node[owner].weights)
            first = n;
    }
    return first;
}

/* Gradients of the first layers are written last. They are cut where that leaves most numbers free for longest. */
static void delay_gradients(gnl_compiler *c, gnl_span *grads)
{
    int64_t most = 0;
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        const gnl_weight *first = &c->net->weight[c->net->node[n].first_weight];
        int adds = first_to_add(c, n);
        if (adds < 0 || !c->net->node[n].params || first->param.state)
            continue;
        int time = gnl_backward_time(c, adds);
        int64_t gain = first->offset * (time - grads->begin);
        if (gain <= most)
            continue;
        most = gain;
        grads->late = first->offset;
        grads->late_begin = time;
    }
}

/* Room for guests, which run between the passes, and for gradients, which outlive the backward pass. */
static void span_lent(gnl_compiler *c)
{
    const genlat_exec_opts *o = &c->exec->opts;
    int64_t space = (int64_t)gnl_gemm_space(c->net->object.ctx); /* which guests have in common with their host */
    int64_t room = GNL_MAX(gnl_ceil_div(o->room, (int64_t)sizeof(gnl_real)) - space, 0);
    c->room_span = room ? add_span(c, 0, c->net->nodes, start_of_backward(c) - 2) : -1;
    c->grad_span = o->lend_grads ? add_span(c, 0, start_of_backward(c), end_of_time(c)) : -1;
    if (room)
        c->span[c->room_span].numbers = room;
    if (o->lend_grads) {
        c->span[c->grad_span].numbers = c->net->values;
        if (c->tiles == 1 && !c->tangents)
            delay_gradients(c, &c->span[c->grad_span]);
    }
}

genlat_status gnl_layout(gnl_compiler *c)
{
    GNL_TRY(gnl_find_facts(c));
    span_values(c);
    span_scratch(c);
    if (c->training) {
        span_adjoints(c);
        span_routes(c);
    }
    if (c->tangents)
        span_penalty(c);
    settle_spans(c);
    span_lent(c);
    c->exec->arena_numbers = gnl_plan_spans(c->span, c->spans, c->order);
    return GENLAT_OK;
}
