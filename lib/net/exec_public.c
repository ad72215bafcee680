/* SPDX-License-Identifier: MIT */
/* The public functions of an exec. */
#include "net/exec_priv.h"

/* ---- creation -------------------------------------------------------------------------------- */

static const char *const purpose_names[] = {"inference", "training", "penalty", NULL};

static const gnl_option exec_options[] = {
    GNL_OPT_ENUM(genlat_exec_opts, purpose, GENLAT_EXEC_TRAINING, GENLAT_EXEC_PENALTY, purpose_names,
                 "passes that the exec supports"),
    GNL_OPT_BOOL(genlat_exec_opts, input_grads, 1, "backward computes the gradients of the inputs"),
    GNL_OPT_BOOL(genlat_exec_opts, keep, 0, "every node's output stays readable"),
    GNL_OPT_BOOL(genlat_exec_opts, recompute, 0, "the backward pass recomputes activations instead of keeping them"),
    GNL_OPT_INT(genlat_exec_opts, tile, 0, 0, INT32_MAX, "samples in a tile; 0: chosen by the sizes of the layers"),
    GNL_OPT_INT(genlat_exec_opts, nested_bytes, 0, 0, INT64_MAX / 16, "bytes for nested execs"),
    GNL_OPT_BOOL(genlat_exec_opts, gradients_in_workspace, 0,
                 "the gradients of the weights lie in the exec's workspace"),
};
static const gnl_options_table exec_table = {
    "exec", sizeof(genlat_exec_opts), exec_options, GNL_COUNT(exec_options), {offsetof(genlat_exec_opts, reserved)}};

void genlat_exec_opts_init_sized(genlat_exec_opts *opts, size_t size)
{
    gnl_options_init(&exec_table, opts, size);
}

static genlat_status check_compile(const genlat_net *net, int64_t rows, const genlat_exec_opts *opts,
                                   genlat_exec_opts *complete)
{
    GNL_CHECK(net, "net is NULL");
    if (rows < 1 || rows > INT32_MAX)
        return gnl_fail(GENLAT_E_RANGE, "rows is %lld; 1 to %d expected", (long long)rows, INT32_MAX);
    GNL_TRY(gnl_options_take(&exec_table, opts, complete));
    if (complete->purpose != GENLAT_EXEC_TRAINING && (complete->nested_bytes || complete->gradients_in_workspace))
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "purpose is %s; nested_bytes and gradients_in_workspace need purpose training",
                        purpose_names[complete->purpose]);
    return GENLAT_OK;
}

genlat_status genlat_net_compile(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, genlat_exec **out)
{
    genlat_exec_opts complete;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_TRY(check_compile(net, rows, opts, &complete));
    return gnl_net_compile(net, rows, &complete, out);
}

genlat_status genlat_exec_compile_nested(genlat_exec *outer, genlat_net *net, int64_t rows,
                                         const genlat_exec_opts *opts, genlat_exec **out)
{
    genlat_exec_opts complete;
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(outer, "outer is NULL");
    GNL_TRY(check_compile(net, rows, opts, &complete));
    GNL_CHECK(outer->object.ctx == net->object.ctx,
              "outer and net belong to different contexts; the same context expected");
    if (complete.purpose == GENLAT_EXEC_PENALTY)
        return gnl_fail(GENLAT_E_UNSUPPORTED, "an exec for penalties cannot be nested; use genlat_net_compile()");
    return gnl_exec_compile_nested(outer, net, rows, &complete, out);
}

genlat_status genlat_net_exec_bytes(genlat_net *net, int64_t rows, const genlat_exec_opts *opts, int64_t *bytes)
{
    genlat_exec_opts complete;
    GNL_ENTER();
    GNL_CHECK(bytes, "bytes is NULL");
    *bytes = 0;
    GNL_TRY(check_compile(net, rows, opts, &complete));
    return gnl_net_exec_bytes(net, rows, &complete, bytes);
}

/* ---- passes and results ---------------------------------------------------------------------- */

void genlat_exec_destroy(genlat_exec **exec)
{
    if (!exec)
        return;
    gnl_exec_release(*exec);
    *exec = NULL;
}

int64_t genlat_exec_bytes(const genlat_exec *exec)
{
    return exec ? gnl_exec_bytes(exec) : 0;
}

/* Checks that all inputs are given, with the shapes of the net and the same number of rows. */
static genlat_status check_inputs(const genlat_exec *exec, int32_t inputs, const genlat_tensor *const *x)
{
    const genlat_net *net = exec->net;
    if (inputs != net->inputs || !x)
        return gnl_fail(GENLAT_E_INVALID, "%d input tensors; %d expected", x ? (int)inputs : 0, net->inputs);
    for (int i = 0; i < inputs; i++) {
        GNL_CHECK(x[i], "a tensor is NULL");
        GNL_TRY(gnl_tensor_check_rows(x[i], &net->node[i].shape, net->node[i].name));
        if (x[i]->shape.dim[0] != x[0]->shape.dim[0])
            return gnl_fail(GENLAT_E_SHAPE, "input %d has %lld rows, input 0 has %lld; the same number expected", i,
                            (long long)x[i]->shape.dim[0], (long long)x[0]->shape.dim[0]);
    }
    if (x[0]->shape.dim[0] < 1 || x[0]->shape.dim[0] > exec->capacity)
        return gnl_fail(GENLAT_E_RANGE, "%lld rows; the exec was compiled for 1 to %lld", (long long)x[0]->shape.dim[0],
                        (long long)exec->capacity);
    return GENLAT_OK;
}

genlat_status genlat_exec_forward(genlat_exec *exec, int32_t mode, int32_t inputs, const genlat_tensor *const *x)
{
    const gnl_real *data[GNL_MAX_INPUTS];
    GNL_ENTER();
    GNL_CHECK(exec, "exec is NULL");
    GNL_CHECK(mode == GENLAT_MODE_EVAL || mode == GENLAT_MODE_TRAIN,
              "mode is neither GENLAT_MODE_EVAL nor GENLAT_MODE_TRAIN");
    GNL_TRY(check_inputs(exec, inputs, x));
    for (int i = 0; i < inputs; i++)
        data[i] = x[i]->data;
    gnl_exec_forward(exec, (gnl_mode)mode, x[0]->shape.dim[0], data);
    return GENLAT_OK;
}

/* Sets the address and the number of rows of a view. */
static const genlat_tensor *view_of(const genlat_exec *exec, genlat_tensor *view, gnl_real *data)
{
    view->shape.dim[0] = exec->rows;
    view->data = data;
    return view;
}

/* Returns an error if a pass of the outer exec has overwritten the results of a nested one. */
static genlat_status check_not_overwritten(const genlat_exec *exec)
{
    if (exec->outer && exec->outer_passes != exec->outer->passes)
        return gnl_fail(GENLAT_E_STATE, "the outer exec has run since the forward pass of this nested exec, and has "
                                        "overwritten its workspace; run both between two passes of the outer exec");
    return GENLAT_OK;
}

genlat_status genlat_exec_set_seed(genlat_exec *exec, uint64_t seed, uint64_t substream)
{
    GNL_ENTER();
    GNL_CHECK(exec, "exec is NULL");
    if (substream >> 48)
        return gnl_fail(GENLAT_E_RANGE, "substream is %llu, must be less than 2^48", (unsigned long long)substream);
    gnl_exec_set_dropout(exec, gnl_rng_make(seed, GNL_STREAM_DROPOUT, substream));
    return GENLAT_OK;
}

genlat_status genlat_exec_output(genlat_exec *exec, int32_t index, const genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(exec, "exec is NULL");
    if (index < 0 || index >= exec->net->outputs)
        return gnl_fail(GENLAT_E_RANGE, "index is %d; 0 to %d expected", (int)index, exec->net->outputs - 1);
    if (!exec->rows)
        return gnl_fail(GENLAT_E_STATE, "no forward pass has run; call genlat_exec_forward() first");
    GNL_TRY(check_not_overwritten(exec));
    *out = view_of(exec, exec->view[index], gnl_exec_output(exec, index));
    return GENLAT_OK;
}

genlat_status genlat_exec_node(genlat_exec *exec, const char *name, genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(exec, "exec is NULL");
    GNL_CHECK(name, "name is NULL");
    int node = gnl_net_find_node(exec->net, name);
    if (node < 0)
        return gnl_net_unknown_node(exec->net, exec->net->nodes, name, "unknown node");
    if (!exec->opts.keep || !exec->rows)
        return gnl_fail(GENLAT_E_STATE,
                        "the value of node '%s' is not available; compile with keep 1 and run forward first", name);
    if (!exec->buffer[node].value.base)
        return gnl_fail(GENLAT_E_UNSUPPORTED,
                        "node '%s' is not computed, because no output depends on it; add it, or "
                        "a node that depends on it, to the outputs of the net",
                        name);
    GNL_TRY(check_not_overwritten(exec));
    gnl_shape shape = gnl_shape_batched(&exec->net->node[node].shape, exec->rows);
    GNL_TRY(gnl_tensor_new(exec->object.ctx, &shape, out));
    memcpy((*out)->data, exec->buffer[node].value.base, (size_t)gnl_shape_count(&shape) * sizeof(gnl_real));
    return GENLAT_OK;
}

static genlat_status check_backward(const genlat_exec *exec, int32_t outputs, const genlat_tensor *const *dy)
{
    if (exec->opts.purpose == GENLAT_EXEC_INFERENCE || !exec->rows)
        return gnl_fail(GENLAT_E_STATE, "the exec has purpose inference, or no forward pass has run; compile with "
                                        "purpose training and call genlat_exec_forward() first");
    if (exec->has_backward && exec->opts.purpose == GENLAT_EXEC_TRAINING)
        return gnl_fail(GENLAT_E_STATE, "the last backward pass has overwritten the activations of the forward pass; "
                                        "call genlat_exec_forward() before each backward pass");
    GNL_TRY(check_not_overwritten(exec));
    if (outputs != exec->net->outputs || !dy)
        return gnl_fail(GENLAT_E_INVALID, "%d output gradients; %d expected", dy ? (int)outputs : 0,
                        exec->net->outputs);
    for (int i = 0; i < outputs; i++) {
        const gnl_shape *sample = &exec->net->node[exec->net->output[i]].shape;
        const gnl_shape expected = gnl_shape_batched(sample, exec->rows);
        char found[GNL_SHAPE_TEXT], text[GNL_SHAPE_TEXT];
        if (dy[i] && (!gnl_tensor_has_rows(dy[i], sample) || dy[i]->shape.dim[0] != exec->rows))
            return gnl_fail(GENLAT_E_SHAPE, "dy[%d] has shape %s; %s expected", i,
                            gnl_shape_format(&dy[i]->shape, found), gnl_shape_format(&expected, text));
    }
    return GENLAT_OK;
}

genlat_status genlat_exec_backward(genlat_exec *exec, int32_t outputs, const genlat_tensor *const *dy)
{
    GNL_ENTER();
    GNL_CHECK(exec, "exec is NULL");
    GNL_TRY(check_backward(exec, outputs, dy));
    unsigned mask = 0;
    for (int i = 0; i < outputs; i++) {
        gnl_real *adjoint = gnl_exec_output_grad(exec, i);
        if (!dy[i] || !adjoint)
            continue;
        /* The two may overlap, because dy may lie in the memory of nested execs. */
        memmove(adjoint, dy[i]->data, (size_t)gnl_shape_count(&dy[i]->shape) * sizeof *adjoint);
        mask |= 1u << i;
    }
    gnl_exec_backward(exec, mask, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    return GENLAT_OK;
}

/* Returns an error if an input of an exec with input_grads has no gradient. */
static genlat_status check_depends(const genlat_exec *exec, int32_t input)
{
    if (gnl_exec_input_grad(exec, input))
        return GENLAT_OK;
    return gnl_fail(GENLAT_E_UNSUPPORTED, "no output depends on input '%s', so it has no gradient; use another input",
                    exec->net->node[input].name);
}

genlat_status genlat_exec_input_grad(genlat_exec *exec, int32_t index, const genlat_tensor **out)
{
    GNL_ENTER();
    GNL_CHECK(out, "out is NULL");
    *out = NULL;
    GNL_CHECK(exec, "exec is NULL");
    if (index < 0 || index >= exec->net->inputs)
        return gnl_fail(GENLAT_E_RANGE, "index is %d; 0 to %d expected", (int)index, exec->net->inputs - 1);
    if (!exec->has_backward || !exec->opts.input_grads)
        return gnl_fail(GENLAT_E_STATE,
                        "input gradients are not available; compile with input_grads 1 and run backward first");
    GNL_TRY(check_depends(exec, index));
    GNL_TRY(check_not_overwritten(exec));
    if (exec->overwritten)
        return gnl_fail(GENLAT_E_STATE, "a nested exec has run since the backward pass and has overwritten the "
                                        "gradients; read them before it runs");
    *out = view_of(exec, exec->input_view[index], gnl_exec_input_grad(exec, index));
    return GENLAT_OK;
}

static genlat_status check_penalty(const genlat_exec *exec, int32_t input, const genlat_tensor *dloss)
{
    const genlat_net *net = exec->net;
    char found[GNL_SHAPE_TEXT];
    if (input < 0 || input >= net->inputs)
        return gnl_fail(GENLAT_E_RANGE, "input is %d; 0 to %d expected", (int)input, net->inputs - 1);
    if (net->outputs != 1 || gnl_shape_count(&net->node[net->output[0]].shape) != 1)
        return gnl_fail(GENLAT_E_SHAPE,
                        "the net has %d outputs, the first of %lld numbers per sample; one output of 1 number expected",
                        net->outputs, (long long)gnl_shape_count(&net->node[net->output[0]].shape));
    if (exec->opts.purpose != GENLAT_EXEC_PENALTY || !exec->opts.input_grads || !exec->rows)
        return gnl_fail(GENLAT_E_STATE, "no penalty is available; compile with purpose penalty and input_grads 1, and "
                                        "run forward first");
    GNL_TRY(check_depends(exec, input));
    if (dloss && (gnl_shape_count(&dloss->shape) != exec->rows || dloss->shape.dim[0] != exec->rows))
        return gnl_fail(GENLAT_E_SHAPE, "dloss has shape %s; one number for each of %lld rows expected",
                        gnl_shape_format(&dloss->shape, found), (long long)exec->rows);
    return GENLAT_OK;
}

genlat_status genlat_exec_penalty(genlat_exec *exec, uint32_t kind, double weight, int32_t input,
                                  const genlat_tensor *dloss, double *value)
{
    GNL_ENTER();
    GNL_CHECK(exec, "exec is NULL");
    GNL_CHECK(kind <= GENLAT_PENALTY_ONE_SIDED, "kind is not one of GENLAT_PENALTY_*");
    if (!(weight >= 0 && weight <= 1e30))
        return gnl_fail(GENLAT_E_RANGE, "weight is %g; 0 to 1e30 expected", weight);
    GNL_TRY(check_penalty(exec, input, dloss));
    const gnl_penalty penalty = {
        .kind = (gnl_penalty_kind)kind, .weight = weight, .input = input, .dloss = dloss ? dloss->data : NULL};
    double mean = gnl_exec_penalty(exec, &penalty, NULL);
    if (!isfinite(mean))
        return gnl_fail(GENLAT_E_NUMERIC,
                        "the penalty is %g; a finite number expected; check inputs and weights for "
                        "inf, NaN and huge values",
                        mean);
    if (value)
        *value = mean;
    return GENLAT_OK;
}
