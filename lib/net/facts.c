/* SPDX-License-Identifier: MIT */
/* Determines facts about each node, from which layout.c plans the buffers: the sizes that its layer requests, when it
 * is read, the buffer that it shares, and whether it is recomputed for the backward pass. */
#include "net/compile_priv.h"

uint32_t gnl_node_flags(const gnl_compiler *c, int node)
{
    const genlat_layer *layer = c->net->node[node].layer;
    return layer ? layer->type->flags : 0;
}

/* Returns an error if a layer does not support gradient penalties. */
static genlat_status check_penalty(const gnl_node *node)
{
    const gnl_layer_type *type = node->layer->type;
    if (type->flags & GNL_LAYER_COUPLES_BATCH)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "layer '%s' (%s) couples the samples of a batch, which makes gradient penalties ill-posed; use "
                        "layer_norm, group_norm or no normalization",
                        node->name, type->name);
    if (!(type->jvp && type->jvp_backward) && !(type->flags & GNL_LAYER_PIECEWISE_LINEAR))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "layer '%s' (%s) has no jvp, which gradient penalties need; use another kind of layer",
                        node->name, type->name);
    return GENLAT_OK;
}

/* Returns whether `numbers` for each of `times` parts are few enough for sums and products of sizes. */
static bool fits(int64_t times, int64_t numbers)
{
    int64_t product = 0;
    return gnl_mul_i64(times, numbers, &product) && product <= GNL_MOST_NUMBERS;
}

static genlat_status check_size(const gnl_compiler *c, const char *name, bool is_right)
{
    return is_right ? GENLAT_OK
                    : gnl_fail(GENLAT_E_RANGE, "'%s' needs more than 2^53 numbers for %lld rows; use fewer rows", name,
                               (long long)c->rows);
}

/* Calls infer of every layer, now for the rows of a tile, and stores the plans. */
static genlat_status call_infer(gnl_compiler *c)
{
    const gnl_layer_env env = {c->tile, gnl_threads(c->net->object.ctx), c->training};
    for (int n = 0; n < c->net->inputs; n++)
        GNL_TRY(check_size(c, c->net->node[n].name, fits(c->rows, gnl_shape_count(&c->net->node[n].shape))));
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        const gnl_node *node = &c->net->node[n];
        gnl_layer_plan *plan = &c->facts[n].plan;
        gnl_shape in[GNL_MAX_INPUTS];
        for (int i = 0; i < node->inputs; i++)
            in[i] = c->net->node[node->input[i]].shape;
        GNL_TRY(check_size(c, node->name, fits(c->rows, gnl_shape_count(&node->shape))));
        GNL_TRY(node->layer->type->infer(node->layer->opts, &env, node->inputs, in, plan));
        GNL_TRY(check_size(c, node->name, fits(c->tiles, plan->cache) && fits(c->tiles, plan->scratch)));
        if (c->tangents)
            GNL_TRY(check_penalty(node));
    }
    return GENLAT_OK;
}

static void mark_needed(gnl_compiler *c)
{
    for (int i = 0; i < c->net->outputs; i++)
        c->facts[c->net->output[i]].output = c->facts[c->net->output[i]].needed = true;
    for (int n = c->net->nodes - 1; n >= c->net->inputs; n--) {
        for (int i = 0; c->facts[n].needed && i < c->net->node[n].inputs; i++)
            c->facts[c->net->node[n].input[i]].needed = true;
    }
}

/* Limit for the widest layer of a tile in numbers, chosen to fit the caches of a core; and the fewest rows of a tile.
 * Fewer rows would make matrix products small and tiles unaligned. */
enum { TILE_NUMBERS = 1 << 19, TILE_ROWS = 16 };

/* Returns whether a layer must process all samples at once. */
static bool needs_all_rows(const gnl_compiler *c)
{
    bool all_rows = false;
    for (int n = c->net->inputs; n < c->net->nodes; n++)
        if (c->facts[n].needed)
            all_rows |=
                c->net->node[n].layer->own || gnl_node_flags(c, n) & (GNL_LAYER_COUPLES_BATCH | GNL_LAYER_RANDOM);
    return all_rows;
}

/* Returns the most rows, TILE_ROWS times a power of 2, with which the widest layer stays within TILE_NUMBERS. */
static int64_t preferred_tile(const gnl_compiler *c)
{
    int64_t widest = 1, rows = TILE_ROWS;
    for (int n = c->net->inputs; n < c->net->nodes; n++)
        if (c->facts[n].needed)
            widest = GNL_MAX(widest, gnl_shape_count(&c->net->node[n].shape));
    while (2 * rows * widest <= TILE_NUMBERS)
        rows *= 2;
    return rows;
}

static void choose_tile(gnl_compiler *c)
{
    const genlat_exec_opts *o = &c->exec->opts;
    bool all_rows = needs_all_rows(c), recompute = o->recompute && c->training;
    int64_t preferred = o->tile ? o->tile : preferred_tile(c);
    bool few = !o->tile && !recompute && 2 * preferred >= c->rows; /* two tiles cost more time than they save */
    c->tile = all_rows || few ? c->rows : GNL_MIN(preferred, c->rows);
    c->tiles = (c->rows + c->tile - 1) / c->tile;
    c->exec->tile = c->tile;
    c->exec->recomputes = recompute && c->tiles > 1;
}

/* Returns whether all layers are piecewise affine. Penalties then use the folded method, see penalty.c. */
static bool can_fold(const gnl_compiler *c)
{
    bool all = c->tangents;
    for (int n = c->net->inputs; n < c->net->nodes; n++)
        if (c->facts[n].needed)
            all &= (gnl_node_flags(c, n) & (GNL_LAYER_FOLDS | GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_VIEW)) != 0;
    return all;
}

/* Extends the times of the backward pass at which a value is read. */
static void extend_back_use(gnl_node_facts *f, int first, int last)
{
    f->back_begin = f->back_begin ? GNL_MIN(f->back_begin, first) : first;
    f->back_end = GNL_MAX(f->back_end, last);
}

/* Returns the last time at which the backward call of a node reads x. */
static int x_end(const gnl_compiler *c, int node)
{
    return gnl_node_flags(c, node) & GNL_LAYER_X_FIRST ? gnl_backward_time(c, node) : gnl_backward_end(c, node);
}

int gnl_dx_begin(const gnl_compiler *c, int node)
{
    return gnl_node_flags(c, node) & GNL_LAYER_X_FIRST ? gnl_backward_end(c, node) : gnl_backward_time(c, node);
}

static void count_uses(gnl_compiler *c)
{
    for (int n = 0; n < c->net->nodes; n++) {
        const gnl_node *node = &c->net->node[n];
        gnl_node_facts *f = &c->facts[n];
        f->value_root = f->adjoint_root = n;
        f->last_use = n;
        f->needs_adjoint = n < c->net->inputs ? c->exec->opts.input_grads : c->net->node[node->owner].weights > 0;
        if (c->training && gnl_node_flags(c, n) & GNL_LAYER_NEEDS_Y)
            extend_back_use(f, gnl_backward_time(c, n), gnl_backward_end(c, n));
        for (int i = 0; f->needed && i < node->inputs; i++) {
            gnl_node_facts *in = &c->facts[node->input[i]];
            in->consumers++;
            in->last_use = n;
            if (c->training && gnl_node_flags(c, n) & GNL_LAYER_NEEDS_X)
                extend_back_use(in, gnl_backward_time(c, n), x_end(c, n));
            f->needs_adjoint |= in->needs_adjoint;
        }
    }
}

/* Returns whether the buffer of node x has a single reader. If x is a view, all nodes down to its value root must have
 * a single reader, because they share one buffer. */
static bool is_sole_reader(const gnl_compiler *c, int x)
{
    for (;; x = c->net->node[x].input[0]) {
        const gnl_node_facts *f = &c->facts[x];
        if (x < c->net->inputs || f->consumers != 1 || f->output || f->back_end || c->exec->opts.keep)
            return false;
        if (f->value_root == x)
            return true;
    }
}

/* Sets the roots. A view uses the buffer of its input. An elementwise layer also does so if nothing else reads the
 * input. The adjoint of an input with one reader may use the buffer of the adjoint of that reader. */
static void share_buffers(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        int x = c->net->node[n].input[0];
        gnl_node_facts *f = &c->facts[n], *in = &c->facts[x];
        bool view = gnl_node_flags(c, n) & GNL_LAYER_VIEW, inplace = gnl_node_flags(c, n) & GNL_LAYER_INPLACE;
        bool back = gnl_node_flags(c, n) & GNL_LAYER_DX_IS_DY;
        if (!f->needed || !(view || inplace || back))
            continue;
        if (view || (inplace && !c->tangents && is_sole_reader(c, x)))
            f->value_root = in->value_root;
        if ((view || !c->tangents) && x >= c->net->inputs && in->consumers == 1 && !in->output)
            in->adjoint_root = n; /* n may have a root itself, see gnl_adjoint_root() */
    }
}

/* Returns whether the output of a node is cheap to recompute. Layers that are cheap because of their sizes count only
 * if their input is kept; otherwise a chain of such layers would be recomputed at once. */
static bool is_cheap(const gnl_compiler *c, int n)
{
    int from = c->facts[c->net->node[n].input[0]].value_root;
    bool starts = from < c->net->inputs || c->facts[from].kept;
    return (c->facts[n].plan.cheap && starts) || gnl_node_flags(c, n) & (GNL_LAYER_CHEAP | GNL_LAYER_VIEW);
}

/* Keeps outputs of the net and all values that are not cheap to recompute. */
static void choose_kept(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++)
        if (c->facts[n].needed)
            c->facts[c->facts[n].value_root].kept |= c->facts[n].output || !is_cheap(c, n);
}

/* Recomputation by layers, for nets with a single tile. A buffer is recomputed if only cheap layers write it, and if
 * the first of them keeps its input for the backward pass anyway. That input is then read when the recomputation
 * begins. */
static void choose_recomputed(gnl_compiler *c)
{
    choose_kept(c);
    for (int n = c->net->nodes - 1; n >= c->net->inputs; n--) {
        gnl_node_facts *f = &c->facts[n], *root = &c->facts[f->value_root];
        if (!f->needed || f->value_root < c->net->inputs)
            continue;
        if (f->back_begin)
            extend_back_use(root, f->back_begin, f->back_end);
        f->recomputed = root == f && !f->kept && f->back_begin && gnl_node_flags(c, n) & GNL_LAYER_NEEDS_X;
        if (f->recomputed)
            extend_back_use(&c->facts[c->net->node[n].input[0]], f->back_begin, f->back_begin);
    }
}

int gnl_adjoint_root(const gnl_compiler *c, int node)
{
    while (c->facts[node].adjoint_root != node)
        node = c->facts[node].adjoint_root;
    return node;
}

genlat_status gnl_find_facts(gnl_compiler *c)
{
    mark_needed(c);
    choose_tile(c);
    GNL_TRY(call_infer(c));
    c->exec->folds = can_fold(c);
    count_uses(c);
    share_buffers(c);
    if (c->exec->opts.recompute && c->training && !c->tangents && !c->exec->opts.keep && c->tiles == 1)
        choose_recomputed(c);
    return GENLAT_OK;
}
