/* SPDX-License-Identifier: MIT */
/* Determines the buffers of an exec, their periods, and their places in the arena. */
#include "net/poison_priv.h"

static int start_of_backward(const gnl_compiler *c)
{
    return 2 * c->net->nodes;
}

static int end_of_backward(const gnl_compiler *c)
{
    return gnl_backward_end(c, 0);
}

/* Returns the last time of the passes over one tile. */
static int end_of_tile(const gnl_compiler *c)
{
    return c->tangents ? gnl_fold_time(c, c->net->nodes - 1) : end_of_backward(c);
}

/* Returns a time after all passes, for buffers that the caller reads. */
static int end_of_time(const gnl_compiler *c)
{
    return end_of_tile(c) + 1;
}

/* ---- spans ----------------------------------------------------------------------------------- */

/* Adds a span with one period, and returns its index. unit: numbers of one tile. */
static int add_span(gnl_compiler *c, int64_t unit, int begin, int end)
{
    c->span[c->spans] = (gnl_span){.unit = unit, .periods = 1, .period = {{begin, end}}};
    return c->spans++;
}

/* Adds a span that always holds a single tile. */
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

/* Adds a period, and joins it with those that overlap it or are next to it. The caller ensures that there are at most
 * GNL_MAX_PERIODS. */
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

/* Returns the numbers of a node in one tile. */
static int64_t node_numbers(const gnl_compiler *c, int node)
{
    return c->tile * gnl_shape_count(&c->net->node[node].shape);
}

/* Sets the extent and the numbers of each span. A buffer that one pass writes and another one reads holds all tiles,
 * unless each tile recomputes it. Such a buffer is live during whole passes, because other tiles run between its write
 * and its read. */
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

/* Returns the last time at which a value is read. Tangent passes and callers with `keep` may read it after all
 * passes. */
static int end_of_value(const gnl_compiler *c, const gnl_node_facts *f)
{
    if (f->output || c->exec->opts.keep || c->tangents)
        return end_of_time(c);
    return c->facts[f->value_root].recomputed ? f->last_use : GNL_MAX(f->last_use, f->back_end);
}

/* Returns the last time at which the cache of a layer is read. */
static int end_of_cache(const gnl_compiler *c, int node)
{
    return c->tangents ? end_of_time(c) : c->training ? gnl_backward_end(c, node) : node;
}

/* Returns the last time at which a tangent is read. The fold pass runs from the first node to the last, the dual pass
 * from the last to the first. */
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

/* Returns whether the fold pass computes weight gradients of a node, for which it reads the node's adjoint. */
static bool is_folded(const gnl_compiler *c, int node)
{
    return c->exec->folds && c->net->node[c->net->node[node].owner].weights > 0;
}

/* Adds workspaces, each for one call of a layer. */
static void add_scratch_spans(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        gnl_node_facts *f = &c->facts[n];
        int tangent = gnl_tangent_time(c, n), recomputed = c->facts[f->value_root].back_begin;
        int back = gnl_backward_time(c, n), end = gnl_backward_end(c, n);
        if (!f->needed || !f->plan.scratch)
            continue;
        f->scratch_span[GNL_PASS_FORWARD] = add_span(c, f->plan.scratch, n, n);
        if (c->training)
            f->scratch_span[GNL_PASS_BACKWARD] = add_span(c, f->plan.scratch, back, end);
        if (c->tangents) {
            gnl_span *backward = &c->span[f->scratch_span[GNL_PASS_BACKWARD]];
            f->scratch_span[GNL_PASS_TANGENT] = add_span(c, f->plan.scratch, tangent, tangent);
            add_period(backward, gnl_dual_time(c, back), gnl_dual_time(c, end));
            if (is_folded(c, n))
                add_period(backward, gnl_fold_time(c, n), gnl_fold_time(c, n));
        }
        if (c->facts[f->value_root].recomputed)
            f->scratch_span[GNL_PASS_RECOMPUTE] = add_span(c, f->plan.scratch, recomputed, recomputed);
    }
}

/* Adds the buffers of penalties: tangents of the inputs, and the workspaces of the folded method for one layer. */
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

/* Returns the span of an adjoint, and adds it if it is new. The caller writes the adjoints of outputs and reads those
 * of inputs, for all rows, so these hold all tiles. */
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

/* Returns the time from which the adjoints of outputs are live. The adjoint of a single output may use the memory of
 * nested execs, because the caller writes it after they have run. */
static int output_adjoint_begin(const gnl_compiler *c)
{
    return c->exec->opts.nested_bytes && c->net->outputs == 1 ? start_of_backward(c) - 1 : c->net->nodes;
}

/* Adds the adjoints. The dual pass writes all of them a second time, except those of outputs, which it may read as the
 * backward pass has left them. */
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
        int dual = f->output ? begin : gnl_dual_time(c, begin);
        int dual_end = n < c->net->inputs ? end : gnl_dual_time(c, end);
        add_period(adjoint, dual, dual_end);
        if (is_folded(c, n))
            add_period(adjoint, begin, gnl_fold_time(c, n));
        add_period(adjoint_span(c, n, GNL_TANGENT_ADJOINT), dual, dual_end);
    }
}

/* Returns whether a layer writes the adjoint of an input directly. The node's last reader does, because its backward
 * call is the first. Other readers write a separate buffer, which is then added. */
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

/* Adds the separate buffers of routes. */
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

/* Returns the first node in the backward pass that adds to weight gradients of nodes before `limit`, or -1. */
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

/* Delays the start of the gradients of the first layers, which the backward pass writes last. Chooses the split with
 * the largest product of numbers and time during which other buffers may use their memory. */
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

/* Adds the span of weight gradients, which are read after the backward pass. With recompute, they are also live during
 * the forward pass, which later tiles repeat while the gradients of earlier tiles are being summed. */
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

/* Adds the memory of nested execs, which run between the passes, and of the gradients of the net. */
static void add_shared_spans(gnl_compiler *c)
{
    const genlat_exec_opts *o = &c->exec->opts;
    int64_t space = (int64_t)gnl_gemm_space(c->net->object.ctx); /* nested execs use that of the outer exec */
    int64_t numbers = GNL_MAX(gnl_ceil_div(o->nested_bytes, (int64_t)sizeof(gnl_real)) - space, 0);
    c->nested_span = numbers ? add_span(c, 0, c->net->nodes, start_of_backward(c) - 2) : -1;
    c->grad_span = o->gradients_in_workspace ? add_gradient_span(c) : -1;
    if (numbers)
        c->span[c->nested_span].numbers = numbers;
}

static genlat_status check_total(const gnl_compiler *c)
{
    int64_t total = 0;
    for (int i = 0; i < c->spans; i++)
        if (!gnl_add_count(&total, gnl_padded(c->span[i].numbers)))
            return gnl_fail(GENLAT_E_RANGE, "a workspace for %lld rows has more than 2^53 numbers; use fewer rows",
                            (long long)c->rows);
    return GENLAT_OK;
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
    GNL_TRY(check_total(c));
    c->exec->arena_numbers = gnl_plan_spans(c->span, c->spans, c->order);
    return GENLAT_OK;
}
