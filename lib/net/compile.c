/* SPDX-License-Identifier: MIT */
/* Creates execs: allocates the arena that layout.c has planned, and sets the pointers of all calls into it. */
#include "net/poison_priv.h"

/* ---- binding --------------------------------------------------------------------------------- */

/* Returns the place of a span. span -1: there is no such buffer. */
static gnl_place place(const gnl_compiler *c, int span)
{
    if (span < 0)
        return (gnl_place){NULL, 0};
    const gnl_span *s = &c->span[span];
    return (gnl_place){c->exec->arena + s->offset, s->extent == GNL_EXTENT_ALL ? s->unit : 0};
}

static void bind_buffers(gnl_compiler *c)
{
    for (int n = 0; n < c->net->nodes; n++) {
        const gnl_node_facts *f = &c->facts[n];
        gnl_buffers *buffer = &c->exec->buffer[n];
        if (!f->needed)
            continue;
        const gnl_node_facts *root = &c->facts[f->value_root];
        buffer->value = place(c, root->span[GNL_VALUE]);
        buffer->later_value = place(c, root->span[root->recomputed ? GNL_VALUE_RECOMPUTED : GNL_VALUE]);
        buffer->tangent = place(c, f->span[GNL_TANGENT]);
        if (f->needs_adjoint) {
            buffer->adjoint = place(c, c->facts[gnl_adjoint_root(c, n)].span[GNL_ADJOINT]);
            buffer->tangent_adjoint = place(c, c->facts[gnl_adjoint_root(c, n)].span[GNL_TANGENT_ADJOINT]);
        }
    }
    if (c->tangents) {
        c->exec->fold_x = place(c, c->fold_x_span).base;
        c->exec->fold_dy = place(c, c->fold_dy_span).base;
    }
}

/* Sets the places that are specific to the calls of one layer. */
static void bind_routes(const gnl_compiler *c, gnl_run *run)
{
    const gnl_node *node = &c->net->node[run->node];
    const gnl_node_facts *f = &c->facts[run->node];
    for (int i = 0; i < node->inputs; i++) {
        gnl_route *route = &run->route[i];
        const gnl_buffers *target = &c->exec->buffer[node->input[i]];
        route->node = node->input[i];
        route->added = f->route_span[i][0] >= 0;
        route->adjoint = route->added ? place(c, f->route_span[i][0]) : target->adjoint;
        route->tangent_adjoint = route->added ? place(c, f->route_span[i][1]) : target->tangent_adjoint;
    }
    run->cache = place(c, f->span[GNL_CACHE]);
    for (int pass = 0; pass < GNL_PASSES; pass++)
        run->scratch[pass] = place(c, f->scratch_span[pass]).base;
}

static void bind_recompute(const gnl_compiler *c, gnl_run *run)
{
    const gnl_node_facts *root = &c->facts[c->facts[run->node].value_root];
    run->recompute = root->recomputed ? gnl_backward_node(c, root->back_begin) : 0;
}

/* Sets the pointers of a node's step to its weights, and `grad` to their gradients. */
static void bind_weights(const genlat_exec *exec, const gnl_node *node, gnl_step *step, gnl_real *grad[])
{
    const genlat_net *net = exec->net;
    const gnl_node *owner = &net->node[node->owner];
    for (int i = 0; i < owner->params; i++) {
        const gnl_weight *w = &net->weight[owner->first_weight + i];
        step->bf16[i] = w->bf16 ? net->bf16 + w->offset : NULL;
        step->param[i] = w->bf16 ? NULL : gnl_net_weight_data(net, owner->first_weight + i);
        grad[i] = net->grad && !w->param.state ? net->grad + w->offset : NULL;
        for (int j = 0; w->auxiliary && j < exec->reparams; j++)
            if (exec->reparam[j].weight == w) {
                step->param[i] = exec->reparam[j].effective;
                grad[i] = exec->reparam[j].grad;
            }
    }
}

/* Sets the members of a step that are the same in every pass. */
static void bind_step(const gnl_compiler *c, gnl_run *run)
{
    const gnl_node *node = &c->net->node[run->node];
    gnl_step *s = &run->step;
    s->opts = node->layer->opts;
    s->compute = c->exec->compute;
    s->inputs = node->inputs;
    for (int i = 0; i < node->inputs; i++) {
        s->in[i] = c->net->node[node->input[i]].shape;
        s->in_size[i] = gnl_shape_count(&s->in[i]);
    }
    s->out = node->shape;
    s->out_size = gnl_shape_count(&s->out);
    s->rng = &c->exec->dropout;
    bind_weights(c->exec, node, s, run->grad);
}

static void bind_runs(gnl_compiler *c)
{
    for (int n = c->net->inputs; n < c->net->nodes; n++) {
        if (!c->facts[n].needed)
            continue;
        gnl_run *run = &c->exec->run[c->exec->runs++];
        run->node = n;
        run->skip = gnl_node_flags(c, n) & GNL_LAYER_VIEW;
        bind_routes(c, run);
        bind_recompute(c, run);
        bind_step(c, run);
        const gnl_buffers *own = &c->exec->buffer[n];
        run->skip_back = run->skip && own->adjoint.base && run->route[0].adjoint.base == own->adjoint.base;
    }
}

/* ---- the exec -------------------------------------------------------------------------------- */

/* Places the arena of a nested exec in the workspace of the outer one, after those of earlier nested execs. */
static genlat_status nest(genlat_exec *exec)
{
    genlat_exec *outer = exec->outer;
    const int64_t left = outer->nested_numbers - outer->nested_used, real = (int64_t)sizeof(gnl_real);
    if (exec->arena_numbers > left)
        return gnl_fail(GENLAT_E_RANGE,
                        "the exec needs %lld bytes, %lld of the outer exec's nested bytes are free; "
                        "raise nested_bytes to the sum of genlat_net_exec_bytes() of all nested execs",
                        (long long)(exec->arena_numbers * real), (long long)(left * real));
    exec->arena = outer->nested_space + outer->nested_used;
    exec->compute = outer->compute;
    outer->nested_used += exec->arena_numbers;
    outer->nested++;
    return GENLAT_OK;
}

static genlat_status allocate_arena(gnl_compiler *c)
{
    genlat_exec *exec = c->exec;
    genlat_ctx *ctx = exec->object.ctx;
    if (exec->outer)
        return nest(exec);
    exec->arena = gnl_calloc(ctx, (size_t)exec->arena_numbers, sizeof *exec->arena);
    exec->compute = (gnl_compute){.ctx = ctx, .k = gnl_kernels_of(ctx)};
    exec->compute.space = gnl_alloc(ctx, gnl_gemm_space(ctx), sizeof *exec->compute.space);
    return exec->arena && exec->compute.space ? GENLAT_OK : GENLAT_E_MEMORY;
}

/* Sets the memory of nested execs, and that of the net's gradients if the workspace contains them. Allocates the
 * gradients otherwise. */
static genlat_status bind_shared(gnl_compiler *c)
{
    genlat_exec *exec = c->exec;
    if (c->nested_span >= 0) {
        exec->nested_space = place(c, c->nested_span).base;
        exec->nested_numbers = c->span[c->nested_span].numbers;
    }
    if (c->grad_span >= 0) {
        exec->net->grad = place(c, c->grad_span).base;
        exec->net->grad_owner = exec;
        exec->late_grads = c->span[c->grad_span].late;
        exec->late_from = exec->late_grads ? gnl_backward_node(c, c->span[c->grad_span].late_begin) : 0;
    }
    return c->training ? gnl_net_want_grad(exec->net) : GENLAT_OK;
}

/* Creates the tensors for outputs and input gradients. Each access sets their address and number of rows. */
static genlat_status create_views(gnl_compiler *c)
{
    genlat_exec *exec = c->exec;
    for (int i = 0; i < c->net->outputs; i++) {
        gnl_shape shape = gnl_shape_batched(&c->net->node[c->net->output[i]].shape, c->rows);
        GNL_TRY(gnl_tensor_borrow(exec->object.ctx, &shape, exec->arena, &exec->view[i]));
    }
    for (int i = 0; i < c->net->inputs; i++) {
        gnl_shape shape = gnl_shape_batched(&c->net->node[i].shape, c->rows);
        GNL_TRY(gnl_tensor_borrow(exec->object.ctx, &shape, exec->arena, &exec->input_view[i]));
    }
    return GENLAT_OK;
}

static genlat_status compile(gnl_compiler *c)
{
    GNL_TRY(gnl_layout(c));
    GNL_TRY(allocate_arena(c));
    GNL_TRY(bind_shared(c));
    GNL_TRY(gnl_reparam_alloc(c->exec));
    bind_buffers(c);
    bind_runs(c);
    gnl_poison_record_layout(c);
    return create_views(c);
}

/* Allocates the tables of a compiler. Each node has at most one span for each kind of buffer, one for the scratch of
 * each pass, and two for each input. Four more are for penalties (2), nested execs and gradients. */
static genlat_status compiler_alloc(gnl_compiler *c, genlat_ctx *ctx)
{
    size_t nodes = (size_t)c->net->nodes;
    size_t spans = nodes * (GNL_BUFFER_KINDS + GNL_PASSES + 2 * GNL_MAX_INPUTS) + 4;
    c->facts = gnl_calloc(ctx, nodes, sizeof *c->facts);
    c->span = gnl_calloc(ctx, spans, sizeof *c->span);
    c->order = gnl_calloc(ctx, 2 * spans, sizeof *c->order);
    if (!c->facts || !c->span || !c->order)
        return GENLAT_E_MEMORY;
    for (size_t n = 0; n < nodes; n++) {
        memset(c->facts[n].span, -1, sizeof c->facts[n].span);
        memset(c->facts[n].scratch_span, -1, sizeof c->facts[n].scratch_span);
        memset(c->facts[n].route_span, -1, sizeof c->facts[n].route_span);
    }
    return GENLAT_OK;
}

static genlat_status exec_alloc(genlat_net *net, genlat_exec *outer, int64_t rows, const genlat_exec_opts *opts,
                                genlat_exec **out)
{
    genlat_ctx *ctx = net->object.ctx;
    genlat_exec *exec = gnl_object_new(ctx, sizeof *exec);
    if (!exec)
        return GENLAT_E_MEMORY;
    exec->net = gnl_net_retain(net);
    exec->outer = gnl_object_retain(outer);
    exec->opts = *opts;
    exec->capacity = rows;
    exec->dropout = gnl_rng_make((uint64_t)gnl_ctx_opts(ctx)->seed, GNL_STREAM_DROPOUT, 0);
    exec->run = gnl_calloc(ctx, (size_t)net->nodes, sizeof *exec->run);
    exec->buffer = gnl_calloc(ctx, (size_t)net->nodes, sizeof *exec->buffer);
    *out = exec;
    return exec->run && exec->buffer ? GENLAT_OK : GENLAT_E_MEMORY;
}

/* Creates an exec and calls `stage` for it: gnl_layout() plans the workspace, compile() also allocates it. */
static genlat_status create_exec(genlat_net *net, genlat_exec *outer, int64_t rows, const genlat_exec_opts *opts,
                                 genlat_status (*stage)(gnl_compiler *c), genlat_exec **out)
{
    genlat_ctx *ctx = net->object.ctx;
    gnl_compiler c = {.net = net,
                      .rows = rows,
                      .training = opts->purpose != GENLAT_EXEC_INFERENCE,
                      .tangents = opts->purpose == GENLAT_EXEC_PENALTY};
    genlat_status status = exec_alloc(net, outer, rows, opts, &c.exec);
    if (status == GENLAT_OK)
        status = compiler_alloc(&c, ctx);
    if (status == GENLAT_OK)
        status = stage(&c);
    gnl_free(ctx, c.facts);
    gnl_free(ctx, c.span);
    gnl_free(ctx, c.order);
    if (status == GENLAT_OK)
        *out = c.exec;
    else
        gnl_exec_release(c.exec);
    return status;
}

genlat_status gnl_net_compile(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, genlat_exec **out)
{
    return gnl_exec_compile_nested(NULL, net, rows, opts, out);
}

/* Returns an error if an exec for training would need a second array of gradients, or if the net is for inference
 * only. */
static genlat_status check_grads(const genlat_net *net, const genlat_exec_opts *opts)
{
    if (opts->purpose == GENLAT_EXEC_INFERENCE)
        return GENLAT_OK;
    GNL_TRY(gnl_net_check_not_bf16(net));
    if (net->grad_owner)
        return gnl_fail(GENLAT_E_STATE, "another exec with gradients_in_workspace trains the net and must be the only "
                                        "one; destroy it first");
    if (opts->gradients_in_workspace && net->grad)
        return gnl_fail(GENLAT_E_STATE, "gradients_in_workspace is set, but the net already has gradients; compile "
                                        "this exec before any optimizer or other training exec of the net is created");
    return GENLAT_OK;
}

genlat_status gnl_exec_compile_nested(genlat_exec *outer, genlat_net *net, int64_t rows, const genlat_exec_opts *opts,
                                      genlat_exec **out)
{
    GNL_TRY(check_grads(net, opts));
    return create_exec(net, outer, rows, opts, compile, out);
}

/* Removes an exec from the outer one. The space becomes free when the last nested exec is released. An exec whose
 * creation failed early has no arena and was never counted. */
static void unnest(genlat_exec *exec)
{
    if (exec->arena && --exec->outer->nested == 0)
        exec->outer->nested_used = 0;
    gnl_exec_release(exec->outer);
}

void gnl_exec_release(genlat_exec *exec)
{
    if (!gnl_object_release(exec))
        return;
    genlat_ctx *ctx = exec->object.ctx;
    for (int i = 0; i < GENLAT_MAX_OUTPUTS; i++)
        gnl_tensor_release(exec->view[i]);
    for (int i = 0; i < GNL_MAX_INPUTS; i++)
        gnl_tensor_release(exec->input_view[i]);
    if (exec->net->grad_owner == exec) {
        exec->net->grad = NULL;
        exec->net->grad_owner = NULL;
    }
    if (!exec->outer) {
        gnl_free(ctx, exec->compute.space);
        gnl_free(ctx, exec->arena);
    } else {
        unnest(exec);
    }
    gnl_poison_free(exec);
    gnl_free(ctx, exec->reparam);
    gnl_free(ctx, exec->effective);
    gnl_free(ctx, exec->run);
    gnl_free(ctx, exec->buffer);
    gnl_net_release(exec->net);
    gnl_object_free(exec);
}

int64_t gnl_exec_bytes(const genlat_exec *exec)
{
    int64_t space = exec->outer ? 0 : (int64_t)gnl_gemm_space(exec->object.ctx), numbers = exec->arena_numbers + space;
    return numbers * (int64_t)sizeof(gnl_real);
}

genlat_status gnl_net_exec_bytes(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, int64_t *bytes)
{
    genlat_exec *exec = NULL;
    GNL_TRY(create_exec(net, NULL, rows, opts, gnl_layout, &exec));
    *bytes = gnl_exec_bytes(exec);
    gnl_exec_release(exec);
    return GENLAT_OK;
}
