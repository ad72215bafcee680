/* SPDX-License-Identifier: MIT */
/* Which buffers an exec needs, how long each, and where each lies. */
#include "net/poison_priv.h"

static int start_of_backward(const gnl_compiler *c)
{
    return 2 * c->net->nodes;
}

static int end_of_backward(const gnl_compiler *c)
{
    return gnl_backward_end(c, 0);
}

/* Of what a tile goes through after the forward pass. */
static int end_of_tile(const gnl_compiler *c)
{
    return c->tangents ? gnl_fold_time(c, c->net->nodes - 1) : end_of_backward(c);
}

static int end_of_time(const gnl_compiler *c)
{
    return end_of_tile(c) + 1;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static int add_span(gnl_compiler *c, int64_t unit, int begin, int end)
{
    c->span[c->spans] = (gnl_span){.unit = unit, .periods = 1, .period = {{begin, end}}};
    return c->spans++;
}

static int add_tile_span(gnl_compiler *c, int64_t unit, int begin, int end)
{
    int span = add_span(c, unit, begin, end);
    c->span[span].extent = GNL_EXTENT_ONE;
    return span;
}

static void remove_period(gnl_span *span, int index)
{
    span->periods--;
    for (int i = index; i < span->periods; i++)
        span->period[i] = span->period[i + 1];
}

/* One more period, joined with those that it meets or touches. The periods there are have numbers for it. */
static void add_period(gnl_span *span, int begin, int end)
{
    int at = 0;
    for (int i = span->periods - 1; i >= 0; i--)
        if (span->period[i].begin <= end + 1 && begin <= span->period[i].end + 1) {
            begin = GNL_MIN(begin, span->period[i].begin);
            end = GNL_MAX(end, span->period[i].end);
            remove_period(span, i);
        }
    while (at < span->periods && span->period[at].begin < begin)
        at++;
    for (int i = span->periods++; i > at; i--)
        span->period[i] = span->period[i - 1];
    span->period[at] = (gnl_period){begin, end};
}

/* Of one tile. */
static int64_t node_numbers(const gnl_compiler *c, int node)
{
    return c->tile * gnl_shape_count(&c->net->node[node].shape);
}

/* What is kept from one pass to another is kept for all tiles, unless a tile computes it again. While they take turns, it
 * must not be overwritten by those that come later, nor hold what earlier ones have left: it counts during whole passes. */
static void set_extents(gnl_compiler *c)
{
    int forward_ends = c->net->nodes - 1;
    for (int i = 0; i < c->spans; i++) {
        gnl_span *s = &c->span[i];
        int begin = s->period[0].begin, end = s->period[s->periods - 1].end;
        bool crosses = (begin <= forward_ends) != (end <= forward_ends) || end > end_of_tile(c);
        bool kept = s->extent == GNL_EXTENT_NEEDED && crosses && !c->exec->recomputes;
        bool all = s->extent == GNL_EXTENT_ALL || kept;
        s->extent = all ? GNL_EXTENT_ALL : GNL_EXTENT_ONE;
        s->numbers = all ? c->tiles * s->unit : s->unit;
        if (!all || c->tiles == 1)
            continue;
        begin = begin <= forward_ends || c->exec->recomputes ? 0 : GNL_MIN(begin, start_of_backward(c));
        end = GNL_MAX(end, end <= forward_ends ? forward_ends : end_of_tile(c));
        s->periods = 0;
        add_period(s, begin, end);
    }
}

/* Tangents and the program's own questions go through all nodes again; otherwise the backward pass is the last to read. */
static int end_of_value(const gnl_compiler *c, const gnl_node_facts *f)
{
    if (f->output || c->exec->opts.keep || c->tangents)
        return end_of_time(c);
    return c->facts[f->value_root].recomputed ? f->last_use : GNL_MAX(f->last_use, f->back_end);
}

static int end_of_cache(const gnl_compiler *c, int node)
{
    return c->tangents ? end_of_time(c) : c->training ? gnl_backward_end(c, node) : node;
}

/* Folding goes through the readers from the first to the last, the dual pass from the last to the first. */
static int end_of_tangent(const gnl_compiler *c, int node)
{
    const gnl_node_facts *f = &c->facts[node];
    if (f->output)
        return end_of_time(c);
    return c->exec->folds ? gnl_fold_time(c, f->last_use) : gnl_dual_time(c, gnl_backward_end(c, node));
}

static void add_value_spans(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        gnl_node_facts *f = &c->facts[n];
        if (!f->needed)
            continue;
        int end = end_of_value(c, f), root = f->value_root;
        if (root == n)
            f->span[GNL_VALUE] = add_span(c, node_numbers(c, n), n, end);
        else if (root >= c->net->inputs)
            add_period(&c->span[c->facts[root].span[GNL_VALUE]], n, end);
        if (root >= c->net->inputs && (f->output || c->exec->opts.keep))
            c->span[c->facts[root].span[GNL_VALUE]].extent = GNL_EXTENT_ALL;
        if (f->recomputed)
            f->span[GNL_VALUE_RECOMPUTED] = add_span(c, node_numbers(c, n), f->back_begin, f->back_end);
        if (f->plan.cache)
            f->span[GNL_CACHE] = add_span(c, gnl_padded(f->plan.cache), n, end_of_cache(c, n));
        if (c->tangents)
            f->span[GNL_TANGENT] = add_span(c, node_numbers(c, n), gnl_tangent_time(c, n), end_of_tangent(c, n));
    }
}

/* Whether folding a penalty reads the adjoint of a node: that of its weights comes from there. */
static bool is_folded(const gnl_compiler *c, int node)
{
    return c->exec->folds && c->net->node[c->net->node[node].owner].weights > 0;
}

/* Space for one call at a time. */
static void add_scratch_spans(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        gnl_node_facts *f = &c->facts[n];
        int along = gnl_tangent_time(c, n), again = c->facts[f->value_root].back_begin;
        int back = gnl_backward_time(c, n), end = gnl_backward_end(c, n);
        if (!f->needed || !f->plan.scratch)
            continue;
        f->scratch_span[GNL_PASS_FORWARD] = add_span(c, f->plan.scratch, n, n);
        if (c->training)
            f->scratch_span[GNL_PASS_BACKWARD] = add_span(c, f->plan.scratch, back, end);
        if (c->tangents) {
            gnl_span *backward = &c->span[f->scratch_span[GNL_PASS_BACKWARD]];
            f->scratch_span[GNL_PASS_TANGENT] = add_span(c, f->plan.scratch, along, along);
            add_period(backward, gnl_dual_time(c, back), gnl_dual_time(c, end));
            if (is_folded(c, n))
                add_period(backward, gnl_fold_time(c, n), gnl_fold_time(c, n));
        }
        if (c->facts[f->value_root].recomputed)
            f->scratch_span[GNL_PASS_RECOMPUTE] = add_span(c, f->plan.scratch, again, again);
    }
}

/* What penalties need beside the nodes' buffers: tangents of the inputs, and for folding the mixtures of one layer. */
static void add_penalty_spans(gnl_compiler *c)
{
    int64_t in = 0, out = 0;
    c->fold_x_span = c->fold_dy_span = -1;
    for (int n = 0; n < c->net->nodes; n++) {
        if (!c->facts[n].needed)
            continue;
        if (n < c->net->inputs)
            c->facts[n].span[GNL_TANGENT] = add_tile_span(c, node_numbers(c, n), c->net->nodes, end_of_tile(c));
        if (is_folded(c, n)) {
            in = GNL_MAX(in, node_numbers(c, c->net->node[n].input[0]));
            out = GNL_MAX(out, node_numbers(c, n));
        }
    }
    if (!c->exec->folds)
        return;
    c->fold_x_span = add_tile_span(c, in, gnl_fold_time(c, 0), end_of_tile(c));
    c->fold_dy_span = add_tile_span(c, out, gnl_fold_time(c, 0), end_of_tile(c));
}

/* Those of outputs are the caller's to fill, those of inputs to read, for all rows. */
static gnl_span *adjoint_span(gnl_compiler *c, int n, gnl_buffer_kind kind)
{
    gnl_node_facts *root = &c->facts[gnl_adjoint_root(c, n)];
    if (root->span[kind] < 0) {
        root->span[kind] = add_span(c, node_numbers(c, n), 0, 0);
        c->span[root->span[kind]].periods = 0;
    }
    gnl_span *span = &c->span[root->span[kind]];
    if (c->facts[n].output || n < c->net->inputs)
        span->extent = GNL_EXTENT_ALL;
    return span;
}

/* When the adjoints of outputs are written: a single one may overwrite what nested execs have left, from which it may be copied. */
static int output_adjoint_begin(const gnl_compiler *c)
{
    return c->exec->opts.nested_bytes && c->net->outputs == 1 ? start_of_backward(c) - 1 : c->net->nodes;
}

/* The dual pass writes all adjoints once more. Those of outputs it may find as the backward pass has left them. */
static void add_adjoint_spans(gnl_compiler *c)
{
    for (int n = c->net->nodes - 1; n >= 0; n--) {
        const gnl_node_facts *f = &c->facts[n];
        if (!f->needed || !f->needs_adjoint)
            continue;
        int begin = f->output ? output_adjoint_begin(c) : gnl_dx_begin(c, f->last_use);
        int end = n < c->net->inputs ? end_of_time(c) : gnl_backward_end(c, n);
        gnl_span *adjoint = adjoint_span(c, n, GNL_ADJOINT);
        add_period(adjoint, begin, end);
        if (!c->tangents)
            continue;
        int dual = f->output ? begin : gnl_dual_time(c, begin), dual_end = n < c->net->inputs ? end : gnl_dual_time(c, end);
        add_period(adjoint, dual, dual_end);
        if (is_folded(c, n))
            add_period(adjoint, begin, gnl_fold_time(c, n));
        add_period(adjoint_span(c, n, GNL_TANGENT_ADJOINT), dual, dual_end);
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

static void add_route_spans(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        gnl_node_facts *f = &c->facts[n];
        for (int i = 0; i < c->net->node[n].inputs; i++) {
            int x = c->net->node[n].input[i], now = gnl_backward_time(c, n), end = gnl_backward_end(c, n);
            if (!f->needed || !c->facts[x].needs_adjoint || writes_directly(c, n, i))
                continue;
            f->route_span[i][0] = add_span(c, node_numbers(c, x), now, end);
            if (!c->tangents)
                continue;
            now = gnl_dual_time(c, now);
            end = gnl_dual_time(c, end);
            add_period(&c->span[f->route_span[i][0]], now, end);
            f->route_span[i][1] = add_span(c, node_numbers(c, x), now, end);
        }
    }
}

/* The first node to add to the gradients of nodes before `limit` in the backward pass, or -1. */
static int first_writer(const gnl_compiler *c, int limit)
{
    int first = -1;
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        int owner = c->net->node[n].owner;
        if (c->facts[n].needed && owner < limit && c->net->node[owner].weights)
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
        int adds = first_writer(c, n);
        if (adds < 0 || !c->net->node[n].params || first->param.state)
            continue;
        int time = gnl_backward_time(c, adds);
        int64_t gain = first->offset * (time - grads->period[0].begin);
        if (gain <= most)
            continue;
        most = gain;
        grads->late = first->offset;
        grads->late_begin = time;
    }
}

/* Gradients outlive the backward pass. With recompute, a tile goes forward a second time when the gradients of earlier tiles
 * are there already. */
static int add_gradient_span(gnl_compiler *c)
{
    int index = add_span(c, 0, start_of_backward(c), end_of_time(c));
    gnl_span *grads = &c->span[index];
    grads->numbers = c->net->values;
    if (c->exec->recomputes)
        add_period(grads, 0, c->net->nodes - 1);
    if (c->tiles == 1 && !c->tangents)
        delay_gradients(c, grads);
    return index;
}

/* Memory for nested execs, which run between the passes, and for the gradients of the net. */
static void add_shared_spans(gnl_compiler *c)
{
    const genlat_exec_opts *o = &c->exec->opts;
    int64_t space = (int64_t)gnl_gemm_space(c->net->object.ctx); /* which nested execs share with their outer one */
    int64_t numbers = GNL_MAX(gnl_ceil_div(o->nested_bytes, (int64_t)sizeof(gnl_real)) - space, 0);
    c->nested_span = numbers ? add_span(c, 0, c->net->nodes, start_of_backward(c) - 2) : -1;
    c->grad_span = o->gradients_in_workspace ? add_gradient_span(c) : -1;
    if (numbers)
        c->span[c->nested_span].numbers = numbers;
}

genlat_status gnl_layout(gnl_compiler *c)
{
    GNL_TRY(gnl_find_facts(c));
    add_value_spans(c);
    add_scratch_spans(c);
    if (c->training) {
        add_adjoint_spans(c);
        add_route_spans(c);
    }
    if (c->tangents)
        add_penalty_spans(c);
    gnl_poison_record_periods(c);
    set_extents(c);
    add_shared_spans(c);
    c->exec->arena_numbers = gnl_plan_spans(c->span, c->spans, c->order);
    return GENLAT_OK;
}
