/* SPDX-License-Identifier: MIT */
/* Fills buffers with NaN at the beginning and at the end of their live periods. For test builds, see poison_priv.h. */
#include "net/poison_priv.h"

/* The begin or the end of a live period. Some layers read x before they write dx within one call, so that x may end and
 * dx begin in the same memory. Numbers that other buffers use during the period `call` are therefore not filled. For a
 * begin, `call` lasts from the start of the layer's call to `time`; for an end, from `time` to the end of the call. */
typedef struct event {
    int time;
    gnl_period call;
    bool shared; /* other buffers use some of the numbers during `call` */
    int piece;   /* index in gnl_poison.piece */
} event;

/* A span with its place, and its periods before set_extents() in layout.c extended them for tiles. */
typedef struct piece {
    gnl_span span;
    int periods;
    gnl_period period[GNL_MAX_PERIODS];
} piece;

/* Events sorted by time. Those of time t have the indices first[t], ..., first[t + 1] - 1. */
typedef struct events {
    event *event;
    int *first;
} events;

struct gnl_poison {
    int pieces;
    piece *piece;
    events begins, ends;
    int ended, begun; /* times up to which the ends and the begins of the current pass have been processed */
};

/* ---- times ----------------------------------------------------------------------------------- */

/* Returns the times of a pass. */
static gnl_period times_of_pass(const genlat_net *net, gnl_poison_pass pass)
{
    const gnl_compiler c = {.net = net};
    const int last = net->nodes - 1;
    const gnl_period back = {gnl_backward_time(&c, last), gnl_backward_end(&c, 0)};
    switch (pass) {
    case GNL_POISON_BACKWARD:
        return back;
    case GNL_POISON_TANGENT:
        return (gnl_period){gnl_tangent_time(&c, 0), gnl_tangent_time(&c, last)};
    case GNL_POISON_DUAL:
        return (gnl_period){gnl_dual_time(&c, back.begin), gnl_dual_time(&c, back.end)};
    case GNL_POISON_FOLD:
        return (gnl_period){gnl_fold_time(&c, 0), gnl_fold_time(&c, last)};
    default:
        return (gnl_period){0, last};
    }
}

/* Returns the times of the call of a node in a pass. */
static gnl_period times_of_call(const genlat_net *net, gnl_poison_pass pass, int node)
{
    const gnl_period whole = times_of_pass(net, pass);
    if (pass != GNL_POISON_BACKWARD && pass != GNL_POISON_DUAL)
        return (gnl_period){whole.begin + node, whole.begin + node};
    const int begin = whole.begin + 2 * (net->nodes - 1 - node);
    return (gnl_period){begin, begin + 1};
}

/* Returns the times between the forward and the backward pass. */
static gnl_period times_between(const genlat_net *net)
{
    return (gnl_period){times_of_pass(net, GNL_POISON_FORWARD).end + 1,
                        times_of_pass(net, GNL_POISON_BACKWARD).begin - 1};
}

static bool is_within(int time, gnl_period period)
{
    return period.begin <= time && time <= period.end;
}

/* Returns the times of the call that a time belongs to. The order of events between the passes is unknown, so that such
 * a call lasts until the backward pass. */
static gnl_period call_at(const genlat_net *net, int time)
{
    static const gnl_poison_pass pairs[] = {GNL_POISON_BACKWARD, GNL_POISON_DUAL};
    for (size_t i = 0; i < GNL_COUNT(pairs); i++) {
        const gnl_period pass = times_of_pass(net, pairs[i]);
        if (is_within(time, pass))
            return (gnl_period){time - (time - pass.begin) % 2, time - (time - pass.begin) % 2 + 1};
    }
    return is_within(time, times_between(net)) ? (gnl_period){time, times_between(net).end} : (gnl_period){time, time};
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Numbers [from,past) of the arena. */
typedef struct range {
    int64_t from, past;
} range;

/* Returns the part of a span that is live during a period. The late numbers are excluded before late_begin. */
static range live_range(const gnl_span *span, gnl_period when)
{
    const int64_t from = span->late && when.end < span->late_begin ? span->late : 0;
    for (int i = 0; i < span->periods; i++)
        if (span->period[i].begin <= when.end && when.begin <= span->period[i].end)
            return (range){span->offset + from, span->offset + gnl_padded(span->numbers)};
    return (range){0, 0};
}

/* Returns the numbers of a span that belong to a tile. tile -1: all numbers. */
static range tile_range(const gnl_span *span, int64_t tile)
{
    if (tile < 0)
        return (range){span->offset, span->offset + span->numbers};
    const int64_t from = span->offset + (span->extent == GNL_EXTENT_ALL ? tile * span->unit : 0);
    return (range){from, from + span->unit};
}

/* Fills with NaN: all bits set is NaN in float and double. */
static void fill(gnl_real *from, int64_t numbers)
{
    memset(from, 0xff, (size_t)numbers * sizeof *from);
}

/* Fills the numbers of a range that other spans do not use during the call. */
static void fill_unused(const genlat_exec *exec, const piece *mine, const event *at, range r)
{
    const struct gnl_poison *p = exec->poison;
    while (r.from < r.past) {
        int64_t until = r.past, resume = r.past;
        for (int i = 0; i < p->pieces && at->shared; i++) {
            const range other = live_range(&p->piece[i].span, at->call);
            if (&p->piece[i] == mine || other.past <= r.from || other.from >= until)
                continue;
            until = GNL_MAX(other.from, r.from);
            resume = other.past;
        }
        fill(exec->arena + r.from, until - r.from);
        r.from = resume;
    }
}

/* ---- compilation ----------------------------------------------------------------------------- */

void gnl_poison_record_periods(const gnl_compiler *c)
{
    genlat_ctx *ctx = c->net->object.ctx;
    struct gnl_poison *p = gnl_calloc(ctx, 1, sizeof *p);
    c->exec->poison = p;
    if (p)
        p->piece = gnl_calloc(ctx, (size_t)c->spans + 2, sizeof *p->piece); /* two more: nested execs, gradients */
    if (!p || !p->piece)
        return;
    p->pieces = c->spans;
    for (int i = 0; i < c->spans; i++) {
        p->piece[i].periods = c->span[i].periods;
        memcpy(p->piece[i].period, c->span[i].period, sizeof c->span[i].period);
    }
}

static event event_at(const gnl_compiler *c, int index, int time, bool ends)
{
    const range mine = tile_range(&c->span[index], -1);
    const gnl_period call = call_at(c->net, time);
    event at = {time, ends ? (gnl_period){time, call.end} : (gnl_period){GNL_MIN(call.begin, time), time}, false,
                index};
    for (int i = 0; i < c->spans; i++) {
        const range other = live_range(&c->span[i], at.call);
        at.shared |= i != index && other.from < mine.past && mine.from < other.past;
    }
    return at;
}

/* Records the spans of nested execs and gradients. Gradients have no events: they start at zero, and stay valid until
 * the next forward pass. */
static void record_shared(const gnl_compiler *c, struct gnl_poison *p)
{
    for (; p->pieces < c->spans; p->pieces++) {
        const gnl_span *span = &c->span[p->pieces];
        p->piece[p->pieces].periods = p->pieces == c->grad_span ? 0 : span->periods;
        memcpy(p->piece[p->pieces].period, span->period, sizeof span->period);
    }
}

/* Returns the number of times of all passes. */
static int times_of(const genlat_net *net)
{
    return times_of_pass(net, GNL_POISON_FOLD).end + 2; /* includes end_of_time() of layout.c */
}

/* Lists the events of all pieces, sorted by time. Returns false if memory runs out. */
static bool sort_events(const gnl_compiler *c, const struct gnl_poison *p, bool ends, events *out)
{
    const int times = times_of(c->net);
    int count = 0;
    out->event = gnl_calloc(c->net->object.ctx, (size_t)p->pieces * GNL_MAX_PERIODS, sizeof *out->event);
    out->first = gnl_calloc(c->net->object.ctx, (size_t)times + 1, sizeof *out->first);
    for (int time = 0; time < times && out->event && out->first; time++) {
        for (int i = 0; i < p->pieces; i++)
            for (int j = 0; j < p->piece[i].periods; j++)
                if ((ends ? p->piece[i].period[j].end : p->piece[i].period[j].begin) == time)
                    out->event[count++] = event_at(c, i, time, ends);
        out->first[time + 1] = count;
    }
    return out->event && out->first;
}

void gnl_poison_record_layout(const gnl_compiler *c)
{
    struct gnl_poison *p = c->exec->poison;
    if (!p || !p->piece)
        return;
    record_shared(c, p);
    for (int i = 0; i < c->spans; i++)
        p->piece[i].span = c->span[i];
    if (!sort_events(c, p, false, &p->begins) || !sort_events(c, p, true, &p->ends))
        p->pieces = 0;
}

void gnl_poison_free(const genlat_exec *exec)
{
    genlat_ctx *ctx = exec->object.ctx;
    if (exec->poison) {
        void *const blocks[] = {exec->poison->piece, exec->poison->begins.event, exec->poison->begins.first,
                                exec->poison->ends.event, exec->poison->ends.first};
        for (size_t i = 0; i < GNL_COUNT(blocks); i++)
            gnl_free(ctx, blocks[i]);
    }
    gnl_free(ctx, exec->poison);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static bool is_active(const genlat_exec *exec)
{
    return exec->poison && exec->poison->pieces > 0;
}

static void fill_events(const genlat_exec *exec, int64_t tile, const events *all, gnl_period times)
{
    for (int i = all->first[times.begin]; times.begin <= times.end && i < all->first[times.end + 1]; i++) {
        const piece *now = &exec->poison->piece[all->event[i].piece];
        fill_unused(exec, now, &all->event[i], tile_range(&now->span, tile));
    }
}

/* Fills the buffers whose live periods end, and those whose live periods begin, within the given times. */
static void fill_within(const genlat_exec *exec, int64_t tile, gnl_period ends, gnl_period begins)
{
    fill_events(exec, tile, &exec->poison->ends, ends);
    fill_events(exec, tile, &exec->poison->begins, begins);
}

static const gnl_period nothing = {0, -1};

void gnl_poison_arena(const genlat_exec *exec)
{
    fill(exec->arena, exec->arena_numbers);
}

void gnl_poison_forward_done(const genlat_exec *exec)
{
    if (is_active(exec))
        fill_within(exec, -1, nothing, times_between(exec->net));
}

void gnl_poison_backward_begins(const genlat_exec *exec)
{
    if (is_active(exec))
        fill_within(exec, -1, times_between(exec->net), nothing);
}

/* Fills buffers that hold a single tile and become live between the passes, because each tile writes them. */
static void begin_tile(const genlat_exec *exec, int64_t tile)
{
    const events *begins = &exec->poison->begins;
    const gnl_period gap = times_between(exec->net);
    for (int i = begins->first[gap.begin]; i < begins->first[gap.end + 1]; i++) {
        const piece *now = &exec->poison->piece[begins->event[i].piece];
        if (now->span.extent == GNL_EXTENT_ONE)
            fill_unused(exec, now, &begins->event[i], tile_range(&now->span, tile));
    }
}

void gnl_poison_begin(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass)
{
    if (!is_active(exec))
        return;
    exec->poison->ended = exec->poison->begun = times_of_pass(exec->net, pass).begin - 1;
    if (pass == GNL_POISON_BACKWARD && exec->tile < exec->capacity)
        begin_tile(exec, tile);
}

void gnl_poison_call(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass, int node)
{
    struct gnl_poison *p = exec->poison;
    const gnl_period call = times_of_call(exec->net, pass, node);
    if (!is_active(exec))
        return;
    fill_within(exec, tile, (gnl_period){p->ended + 1, call.begin - 1}, (gnl_period){p->begun + 1, call.end});
    p->ended = call.begin - 1;
    p->begun = call.end;
}

void gnl_poison_end(const genlat_exec *exec, int64_t tile, gnl_poison_pass pass)
{
    struct gnl_poison *p = exec->poison;
    if (is_active(exec))
        fill_within(exec, tile, (gnl_period){p->ended + 1, times_of_pass(exec->net, pass).end}, nothing);
}
