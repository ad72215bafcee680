/* SPDX-License-Identifier: MIT */
/* Runs jobs of random graphs with execs. */
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "support/graph_trial.h"

/* Initial gradient of frozen weights, which must not change. */
static const gnl_real MARK = 7;

static void put(trial_result *r, const char *kind, const char *name, int64_t count, const gnl_real *from)
{
    trial_tensor *tensor = &r->tensor[r->tensors++];
    if (r->tensors > TRIAL_TENSORS || r->numbers + count > TRIAL_RESULT)
        abort();
    snprintf(tensor->name, TRIAL_NAME, "%s %.40s", kind, name);
    tensor->at = r->numbers;
    tensor->count = count;
    memcpy(r->number + r->numbers, from, (size_t)count * sizeof *from);
    r->numbers += count;
}

static const char *output_name(const genlat_net *net, int output)
{
    return net->node[net->output[output]].name;
}

static int64_t output_numbers(const genlat_net *net, int output, int64_t rows)
{
    return rows * gnl_shape_count(&net->node[net->output[output]].shape);
}

static int64_t input_numbers(const genlat_net *net, int input, int64_t rows)
{
    return rows * gnl_shape_count(&net->node[input].shape);
}

/* ---- before ---------------------------------------------------------------------------------- */

static void start(const graph_trial *t, const trial_job *job, const trial_run *run)
{
    genlat_net *net = run->exec->net;
    memcpy(net->state, t->net->state, (size_t)net->states * sizeof *net->state);
    run->exec->dropout = job->dropout;
}

static void mark_frozen(genlat_net *net)
{
    for (int i = 0; i < net->weights && net->grad && !net->grad_owner; i++)
        for (int64_t j = 0; net->weight[i].frozen && !net->weight[i].param.state && j < net->weight[i].count; j++)
            net->grad[net->weight[i].offset + j] = MARK;
}

/* ---- after ----------------------------------------------------------------------------------- */

static void put_outputs(const genlat_exec *exec, trial_result *found)
{
    for (int i = 0; i < exec->net->outputs; i++)
        put(found, "y", output_name(exec->net, i), output_numbers(exec->net, i, exec->rows), gnl_exec_output(exec, i));
}

/* Outputs are valid until the next forward pass. */
static bool has_outputs(const genlat_exec *exec, const trial_result *found, char *message)
{
    for (int i = 0; i < exec->net->outputs; i++) {
        const trial_tensor *tensor = &found->tensor[i];
        if (memcmp(found->number + tensor->at, gnl_exec_output(exec, i),
                   (size_t)tensor->count * sizeof *found->number) == 0)
            continue;
        snprintf(message, TRIAL_MESSAGE, "%s has been overwritten by the last pass", tensor->name);
        return false;
    }
    return true;
}

static void put_inputs(const genlat_exec *exec, gnl_real *get(const genlat_exec *exec, int index), const char *kind,
                       trial_result *found)
{
    for (int i = 0; i < exec->net->inputs && exec->opts.input_grads; i++)
        if (get(exec, i))
            put(found, kind, exec->net->node[i].name, input_numbers(exec->net, i, exec->rows), get(exec, i));
}

static unsigned requested_of(const trial_run *run)
{
    return run->requested ? run->requested : GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS;
}

/* The gradient of a weight, without the mark. Gradients of frozen weights must be unchanged, and all if none are
 * requested. */
static const gnl_real *gradient(const trial_run *run, int weight, char *message)
{
    static gnl_real grad[TRIAL_RESULT];
    const genlat_net *net = run->exec->net;
    const gnl_weight *w = &net->weight[weight];
    const gnl_real share = run->repeat ? (gnl_real)0.5 : 1, mark = w->frozen && !net->grad_owner ? MARK : 0;
    const bool stays = w->frozen || !(requested_of(run) & GNL_GRAD_WEIGHTS);
    for (int64_t j = 0; j < w->count; j++) {
        grad[j] = share * (net->grad[w->offset + j] - mark);
        if (!stays || grad[j] == 0)
            continue;
        snprintf(message, TRIAL_MESSAGE, "%s is frozen or not requested, but has a gradient", w->name);
        return NULL;
    }
    return grad;
}

static bool put_weights(const trial_run *run, trial_result *found, char *message)
{
    const genlat_net *net = run->exec->net;
    const bool requested = requested_of(run) & GNL_GRAD_WEIGHTS;
    for (int i = 0; i < net->weights; i++) {
        const gnl_weight *w = &net->weight[i];
        if (w->param.state)
            put(found, "state", w->name, w->count, net->state + w->offset);
        if (w->param.state || (!requested && net->grad_owner))
            continue;
        const gnl_real *grad = gradient(run, i, message);
        if (!grad)
            return false;
        if (requested)
            put(found, "grad", w->name, w->count, grad);
    }
    return true;
}

static bool put_nodes(genlat_exec *exec, trial_result *found, char *message)
{
    for (int n = exec->net->inputs; n < exec->net->nodes && exec->opts.keep; n++) {
        genlat_tensor *value = NULL;
        const genlat_status status = genlat_exec_node(exec, exec->net->node[n].name, &value);
        if (status == GENLAT_E_UNSUPPORTED) /* no output depends on it */
            continue;
        if (status != GENLAT_OK) {
            snprintf(message, TRIAL_MESSAGE, "%s", genlat_last_error());
            return false;
        }
        put(found, "node", exec->net->node[n].name, gnl_shape_count(&value->shape), value->data);
        genlat_tensor_destroy(&value);
    }
    return true;
}

/* ---- passes ---------------------------------------------------------------------------------- */

static void set_outputs(const graph_trial *t, const genlat_exec *exec, unsigned mask, gnl_real *const *from,
                        gnl_real *to(const genlat_exec *exec, int index))
{
    for (int i = 0; i < t->net->outputs; i++)
        if (mask >> i & 1 && to(exec, i))
            memcpy(to(exec, i), from[i], (size_t)output_numbers(t->net, i, exec->rows) * sizeof **from);
}

/* Calls the public function; `between` may replace the derivatives. */
static bool run_backward(const graph_trial *t, const trial_job *job, const trial_run *run, char *message)
{
    const genlat_net *net = run->exec->net;
    genlat_tensor *dy[GENLAT_MAX_OUTPUTS] = {0};
    for (int i = 0; i < net->outputs; i++) {
        const gnl_shape shape = gnl_shape_batched(&net->node[net->output[i]].shape, job->rows);
        if (job->outputs >> i & 1 && gnl_tensor_borrow(net->object.ctx, &shape, t->dy[i], &dy[i]) != GENLAT_OK)
            abort();
    }
    if (run->between)
        run->between(run->arg, dy);
    const genlat_status status = genlat_exec_backward(run->exec, net->outputs, (const genlat_tensor *const *)dy);
    if (status != GENLAT_OK)
        snprintf(message, TRIAL_MESSAGE, "%s", genlat_last_error());
    for (int i = 0; i < net->outputs; i++)
        genlat_tensor_destroy(&dy[i]);
    return status == GENLAT_OK;
}

static bool run_partial_backward(const graph_trial *t, const trial_job *job, const trial_run *run)
{
    set_outputs(t, run->exec, job->outputs, t->dy, gnl_exec_output_grad);
    gnl_exec_backward(run->exec, job->outputs, run->requested);
    return true;
}

static void dual(const graph_trial *t, const trial_job *job, genlat_exec *exec, trial_result *found)
{
    for (int i = 0; i < t->net->inputs; i++)
        if (gnl_exec_input_tangent(exec, i))
            memcpy(gnl_exec_input_tangent(exec, i), t->tx[i],
                   (size_t)input_numbers(t->net, i, exec->rows) * sizeof **t->tx);
    gnl_exec_jvp(exec);
    for (int i = 0; i < t->net->outputs; i++)
        put(found, "ty", output_name(t->net, i), output_numbers(t->net, i, exec->rows),
            gnl_exec_output_tangent(exec, i));
    set_outputs(t, exec, job->outputs, t->dy, gnl_exec_output_grad);
    set_outputs(t, exec, job->tangents, t->dty, gnl_exec_output_tangent_grad);
    gnl_exec_backward_dual(exec, job->outputs, job->tangents, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
    put_inputs(exec, gnl_exec_input_tangent_grad, "dtx", found);
}

/* A penalty by another input on the same forward pass: adds to the gradients and must have no other effect. */
static void penalize_another(const trial_job *job, genlat_exec *exec)
{
    static gnl_real grad[TRIAL_RESULT];
    gnl_penalty other = job->penalty;
    other.input = (other.input + 1) % exec->net->inputs;
    other.general = !other.general;
    memcpy(grad, exec->net->grad, (size_t)exec->net->values * sizeof *grad);
    (void)gnl_exec_penalty(exec, &other, NULL);
    memcpy(exec->net->grad, grad, (size_t)exec->net->values * sizeof *grad);
}

static void penalize(const trial_job *job, const trial_run *run, trial_result *found)
{
    double norm2[TRIAL_ROWS];
    gnl_real numbers[TRIAL_ROWS + 1];
    genlat_exec *exec = run->exec;
    if (run->repeat)
        penalize_another(job, exec);
    numbers[exec->rows] = (gnl_real)gnl_exec_penalty(exec, &job->penalty, norm2);
    for (int64_t i = 0; i < exec->rows; i++)
        numbers[i] = (gnl_real)norm2[i];
    put(found, "penalty", "", exec->rows + 1, numbers);
}

static bool run_once(const graph_trial *t, const trial_job *job, const trial_run *run, trial_result *found,
                     char *message)
{
    genlat_exec *exec = run->exec;
    found->tensors = 0;
    found->numbers = 0;
    start(t, job, run);
    gnl_exec_forward(exec, job->kind == TRIAL_EVAL ? GNL_EVAL : GNL_TRAIN, job->rows, (const gnl_real *const *)t->x);
    put_outputs(exec, found);
    if (!put_nodes(exec, found, message))
        return false;
    if (job->kind == TRIAL_TRAIN &&
        !(run->requested ? run_partial_backward(t, job, run) : run_backward(t, job, run, message)))
        return false;
    if (job->kind == TRIAL_DUAL)
        dual(t, job, exec, found);
    if (job->kind == TRIAL_PENALTY)
        penalize(job, run, found);
    return has_outputs(exec, found, message);
}

bool trial_run_job(const graph_trial *t, const trial_job *job, const trial_run *run, trial_result *found, char *message)
{
    genlat_exec *exec = run->exec;
    gnl_net_zero_grad(exec->net);
    mark_frozen(exec->net);
    for (int i = 0; i < (run->repeat ? 2 : 1); i++)
        if (!run_once(t, job, run, found, message))
            return false;
    if (job->kind == TRIAL_EVAL)
        return true;
    if (requested_of(run) & GNL_GRAD_INPUTS)
        put_inputs(exec, gnl_exec_input_grad, "dx", found);
    return put_weights(run, found, message);
}
