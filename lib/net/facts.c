/* SPDX-License-Identifier: MIT */
/* What is known of each node before its buffers are laid out: what its layer asks for, who reads it and when, whose buffer it
 * shares, and what is computed a second time for the backward pass. */
#include "net/compile_priv.h"

uint32_t gnl_node_flags(const gnl_compiler *c, int node)
{
    const genlat_layer *layer = c->net->node[node].layer;
    return layer ? layer->type->flags : 0;
}

/* Whether a gradient penalty can go through a layer. */
static genlat_status check_penalty(const gnl_node *node)
{
    const gnl_layer_type *type = node->layer->type;
    if (type->flags & GNL_LAYER_COUPLES_BATCH)
        return gnl_fail(
            GENLAT_E_UNSUPPORTED,
            "layer '%s' (%s) couples the samples of a batch, so that a gradient "
            "penalty is ill-posed; use layer_norm, group_norm or no normalization",
            node->name, type->name);
    if (!(type->jvp && type->jvp_backward) && !(type->flags & GNL_LAYER_PIECEWISE_LINEAR))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "layer '%s' (%s) has no jvp, which a gradient penalty needs",
                        node->name, type->name);
    return GENLAT_OK;
}

static genlat_status call_infer(gnl_compiler *c)
{
    const gnl_layer_env env = {c->tile, gnl_threads(c->net->object.ctx), c->training};
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        const gnl_node *node = &c->net->node[n];
        gnl_shape in[GNL_MAX_INPUTS];
        for (int i = 0; i < node->inputs; i++)
            in[i] = c->net->node[node->input[i]].shape;
        GNL_TRY(node->layer->type->infer(node->layer->opts, &env, node->inputs, in, &c->facts[n].plan));
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

/* Tiles of the widest layer that fit the caches near a core, in numbers; and no fewer rows than that, so that products stay
 * large and starts aligned. */
enum { TILE_NUMBERS = 1 << 19, TILE_ROWS = 16 };

/* Whether a layer takes all samples at once. */
static bool needs_all_rows(const gnl_compiler *c)
{
    bool whole = false;
    for (int n = c->net->inputs; n < c->net->nodes; n++)
        if (c->facts[n].needed)
            whole |= c->net->node[n].layer->own || gnl_node_flags(c, n) & (GNL_LAYER_COUPLES_BATCH | GNL_LAYER_RANDOM);
    return whole;
}

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
    bool whole = needs_all_rows(c), recompute = o->recompute && c->training;
    int64_t wanted = o->tile ? o->tile : preferred_tile(c);
    bool few = !o->tile && !recompute && 2 * wanted >= c->rows; /* which costs more than it saves */
    c->tile = whole || few ? c->rows : GNL_MIN(wanted, c->rows);
    c->tiles = (c->rows + c->tile - 1) / c->tile;
    c->exec->tile = c->tile;
    c->exec->recomputes = recompute && c->tiles > 1;
}

/* Penalties of nets that are piecewise affine cost one tangent pass more than the loss alone. */
static bool can_fold(const gnl_compiler *c)
{
    bool all = c->tangents;
    for (int n = c->net->inputs; n < c->net->nodes; n++)
        if (c->facts[n].needed)
            all &= (gnl_node_flags(c, n) & (GNL_LAYER_FOLDS | GNL_LAYER_PIECEWISE_LINEAR | GNL_LAYER_VIEW)) != 0;
    return all;
}

static void extend_back_use(gnl_node_facts *f, int first, int last)
{
    f->back_begin = f->back_begin ? GNL_MIN(f->back_begin, first) : first;
    f->back_end = GNL_MAX(f->back_end, last);
}

/* When the backward call of a node is done with x, and when it begins with dx. */
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
        f->needs_adjoint =
            n < c->net->inputs ? c->exec->opts.input_grads : c->net->node[node->owner].weights > 0;
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

/* Whether nothing but node n reads what its input x holds. A view's buffer is that of its root, so the
 * question goes down to it. */
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

/* Views share the buffer of their input; elementwise layers do where nobody misses the input. */
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
            in->adjoint_root = n; /* which may have a root itself, see gnl_adjoint_root() */
    }
}

/* One that is light by its sizes alone begins with what is kept: in a row of such, all would be made again at once. */
static bool is_cheap(const gnl_compiler *c, int n)
{
    int from = c->facts[c->net->node[n].input[0]].value_root;
    bool starts = from < c->net->inputs || c->facts[from].kept;
    return (c->facts[n].plan.cheap && starts) || gnl_node_flags(c, n) & (GNL_LAYER_CHEAP | GNL_LAYER_VIEW);
}

static void choose_kept(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++)
        if (c->facts[n].needed)
            c->facts[c->facts[n].value_root].kept |= c->facts[n].output || !is_cheap(c, n);
}

/* Where samples cannot be taken apart into tiles, recomputing goes by layers: of a buffer that only light layers have
 * written, the first of which keeps its input anyway, the content is made again. What that reads is needed as early. */
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
