/* SPDX-License-Identifier: MIT */
/* Compares the gradients of a net with central differences. The loss is <r, outputs> with random r. Numbers beside a
 * kink of the loss, as of relu, are left out: there the difference lies between the slopes of both sides. */
#include <stdlib.h>
#include <tgmath.h>

#include "net/exec_priv.h"

/* Step of the differences, relative to max(1, |x|): about the cube root of the machine precision. */
#ifdef GNL_FLOAT64
static const double STEP = 1e-5;
#else
static const double STEP = 5e-3;
#endif

/* The state of a check. */
typedef struct checker {
    genlat_net *net;
    genlat_exec *exec;
    int64_t rows;
    gnl_real *x[GNL_MAX_INPUTS];             /* copies of the inputs, to change one number at a time */
    gnl_real *direction[GENLAT_MAX_OUTPUTS]; /* r */
    gnl_real *saved_state, *saved_grad;      /* of the net, restored at the end */
    gnl_rng dropout;                         /* state at the start of every forward pass */
    gnl_rng rng;
    double middle; /* loss without a change */
} checker;

static int64_t output_numbers(const checker *c, int output)
{
    return c->rows * gnl_shape_count(&c->net->node[c->net->output[output]].shape);
}

static int64_t input_numbers(const checker *c, int input)
{
    return c->rows * gnl_shape_count(&c->net->node[input].shape);
}

/* Runs a forward pass with the saved states and the same dropout every time, so that only x and the weights change
 * it. */
static double loss(checker *c)
{
    double total = 0;
    memcpy(c->net->state, c->saved_state, (size_t)c->net->states * sizeof *c->net->state);
    c->exec->dropout = c->dropout;
    gnl_exec_forward(c->exec, GNL_TRAIN, c->rows, (const gnl_real *const *)c->x);
    for (int i = 0; i < c->net->outputs; i++)
        total += c->exec->compute.k->dot(output_numbers(c, i), gnl_exec_output(c->exec, i), c->direction[i]);
    return total;
}

/* Computes the gradients of the loss by backpropagation. */
static void gradients(checker *c)
{
    gnl_net_zero_grad(c->net);
    (void)loss(c);
    for (int i = 0; i < c->net->outputs; i++)
        if (gnl_exec_output_grad(c->exec, i))
            memcpy(gnl_exec_output_grad(c->exec, i), c->direction[i], (size_t)output_numbers(c, i) * sizeof(gnl_real));
    gnl_exec_backward(c->exec, ~0u, GNL_GRAD_WEIGHTS | GNL_GRAD_INPUTS);
}

/* The loss beside a number: its central difference, and the difference of the slopes on both sides. */
typedef struct slopes {
    double central, jump;
} slopes;

static slopes slopes_at(checker *c, gnl_real *at, double step)
{
    gnl_real before = *at;
    gnl_real above = before + (gnl_real)step, below = before - (gnl_real)step;
    *at = above;
    double high = loss(c);
    *at = below;
    double low = loss(c);
    *at = before;
    double width = (double)(above - below) / 2;
    return (slopes){(high - low) / (2 * width), (high - 2 * c->middle + low) / width};
}

/* Number whose gradient is checked. */
typedef struct probe {
    gnl_real *at;
    double found;
    double step;
    slopes slopes;
} probe;

static probe probe_at(checker *c, gnl_real *at, double found)
{
    double step = STEP * GNL_MAX(1.0, fabs((double)*at));
    return (probe){at, found, step, slopes_at(c, at, step)};
}

static double error_of(const probe *p)
{
    return fabs(p->slopes.central - p->found);
}

/* Whether a kink of the loss within the step explains the error. With half the step, the central difference of a smooth
 * loss stays and the jump halves. What differs from that is at least half of the error that a kink makes, wherever it
 * is. If several kinks hide each other, the gradient is right where smaller steps, which do not reach them, agree. */
static bool is_kink(checker *c, const probe *p, double negligible)
{
    enum { HALVINGS = 4 };
    slopes half = slopes_at(c, p->at, p->step / 2);
    double bend = GNL_MAX(fabs(p->slopes.jump - 2 * half.jump) / 2, fabs(p->slopes.central - half.central));
    bool explained = error_of(p) <= 3 * bend;
    for (int i = 2; i <= HALVINGS && !explained; i++)
        explained = fabs(slopes_at(c, p->at, ldexp(p->step, -i)).central - p->found) <= negligible;
    return explained;
}

/* Adds the probes to the result. Returns the relative error of their gradients. They are compared as one vector,
 * because relative errors of single numbers close to zero mean nothing. Only errors above a part of the typical number
 * are worth the search for a kink. */
static double compare_probes(checker *c, const probe *probes, int64_t count, genlat_check_result *result)
{
    const double part = 2e-3;
    double squares = 0, error = 0, size = 0;
    for (int64_t i = 0; i < count; i++)
        squares += probes[i].slopes.central * probes[i].slopes.central;
    const double negligible = part * sqrt(squares / (double)count);
    for (int64_t i = 0; i < count; i++) {
        const probe *p = &probes[i];
        if (error_of(p) > negligible && is_kink(c, p, negligible)) {
            result->kinks++;
            continue;
        }
        result->checked++;
        error += error_of(p) * error_of(p);
        size += p->slopes.central * p->slopes.central + p->found * p->found;
    }
    return size > 0 ? sqrt(2 * error / size) : 0;
}

static void update_worst(genlat_check_result *result, double error, const char *where)
{
    if (error > result->worst || isnan(error)) {
        result->worst = error;
        result->where = where;
    }
}

static genlat_status compare(checker *c, gnl_real *values, const gnl_real *grad, int64_t count, int64_t most,
                             const char *where, genlat_check_result *result)
{
    int64_t number = GNL_MIN(most, count);
    probe *probes = gnl_alloc(c->net->object.ctx, (size_t)number, sizeof *probes);
    if (!probes)
        return GENLAT_E_MEMORY;
    c->middle = loss(c);
    for (int64_t i = 0; i < number; i++) {
        int64_t at = most >= count ? i : (int64_t)gnl_rng_below(&c->rng, (uint64_t)count);
        probes[i] = probe_at(c, &values[at], (double)grad[at]);
    }
    update_worst(result, compare_probes(c, probes, number, result), where);
    gnl_free(c->net->object.ctx, probes);
    return GENLAT_OK;
}

static genlat_status compare_all(checker *c, int64_t probes, genlat_check_result *result)
{
    gradients(c);
    /* The forward passes below overwrite the workspace, so the gradients of the inputs are copied first. */
    for (int i = 0; i < c->net->inputs; i++) {
        int64_t count = input_numbers(c, i);
        gnl_real *grad = gnl_alloc(c->net->object.ctx, (size_t)count, sizeof *grad);
        if (!grad)
            return GENLAT_E_MEMORY;
        gradients(c);
        if (gnl_exec_input_grad(c->exec, i))
            memcpy(grad, gnl_exec_input_grad(c->exec, i), (size_t)count * sizeof *grad);
        else
            memset(grad, 0, (size_t)count * sizeof *grad); /* no output depends on the input */
        genlat_status status = compare(c, c->x[i], grad, count, probes, "input", result);
        gnl_free(c->net->object.ctx, grad);
        GNL_TRY(status);
    }
    for (int i = 0; i < c->net->weights; i++) {
        const gnl_weight *w = &c->net->weight[i];
        if (!w->param.state && !w->frozen)
            GNL_TRY(compare(c, c->net->value + w->offset, c->net->grad + w->offset, w->count, probes, w->name, result));
    }
    return GENLAT_OK;
}

static gnl_real *copy_of(genlat_ctx *ctx, const gnl_real *from, int64_t count)
{
    gnl_real *copy = gnl_alloc(ctx, (size_t)count, sizeof *copy);
    if (copy)
        memcpy(copy, from, (size_t)count * sizeof *copy);
    return copy;
}

static genlat_status checker_fill(checker *c, const genlat_tensor *const *x)
{
    genlat_ctx *ctx = c->net->object.ctx;
    const genlat_exec_opts opts = GNL_EXEC_OPTS(.purpose = GENLAT_EXEC_TRAINING, .input_grads = 1);
    GNL_TRY(gnl_net_compile(c->net, c->rows, &opts, &c->exec));
    c->dropout = c->exec->dropout;
    c->exec->held = true;
    c->saved_state = copy_of(ctx, c->net->state, c->net->states);
    c->saved_grad = copy_of(ctx, c->net->grad, c->net->values);
    if (!c->saved_state || !c->saved_grad)
        return GENLAT_E_MEMORY;
    for (int i = 0; i < c->net->inputs; i++)
        if (!(c->x[i] = copy_of(ctx, x[i]->data, input_numbers(c, i))))
            return GENLAT_E_MEMORY;
    for (int i = 0; i < c->net->outputs; i++) {
        if (!(c->direction[i] = gnl_alloc(ctx, (size_t)output_numbers(c, i), sizeof(gnl_real))))
            return GENLAT_E_MEMORY;
        gnl_rng_fill_normal(&c->rng, c->direction[i], output_numbers(c, i));
    }
    return GENLAT_OK;
}

static void checker_clear(checker *c)
{
    genlat_ctx *ctx = c->net->object.ctx;
    if (c->saved_state)
        memcpy(c->net->state, c->saved_state, (size_t)c->net->states * sizeof *c->net->state);
    if (c->saved_grad)
        memcpy(c->net->grad, c->saved_grad, (size_t)c->net->values * sizeof *c->net->grad);
    for (int i = 0; i < GNL_MAX_INPUTS; i++)
        gnl_free(ctx, c->x[i]);
    for (int i = 0; i < GENLAT_MAX_OUTPUTS; i++)
        gnl_free(ctx, c->direction[i]);
    gnl_free(ctx, c->saved_state);
    gnl_free(ctx, c->saved_grad);
    gnl_exec_release(c->exec);
}

static genlat_status check_arguments(const genlat_net *net, int32_t inputs, const genlat_tensor *const *x)
{
    if (inputs != net->inputs || !x)
        return gnl_fail(GENLAT_E_INVALID, "%d input tensors; %d expected", x ? (int)inputs : 0, net->inputs);
    for (int i = 0; i < inputs; i++) {
        GNL_CHECK(x[i], "a tensor is NULL");
        GNL_TRY(gnl_tensor_check_rows(x[i], &net->node[i].shape, net->node[i].name));
        if (x[i]->shape.dim[0] != x[0]->shape.dim[0] || x[0]->shape.dim[0] < 1)
            return gnl_fail(GENLAT_E_SHAPE,
                            "input %d has %lld rows, input 0 has %lld; the same number expected, at least 1", i,
                            (long long)x[i]->shape.dim[0], (long long)x[0]->shape.dim[0]);
    }
    return GENLAT_OK;
}

genlat_status genlat_net_check(genlat_net *net, int32_t inputs, const genlat_tensor *const *x, int64_t probes,
                               uint64_t seed, genlat_check_result *result)
{
    genlat_check_result found = {.size = sizeof found, .where = ""};
    GNL_ENTER();
    GNL_CHECK(net, "net is NULL");
    GNL_CHECK(probes >= 1, "probes is below 1; 1 or more expected");
    GNL_TRY(gnl_result_check(result, "result"));
    GNL_TRY(check_arguments(net, inputs, x));
    checker c = {.net = net, .rows = x[0]->shape.dim[0], .rng = gnl_rng_make(seed, GNL_STREAM_USER, 0)};
    genlat_status status = checker_fill(&c, x);
    if (status == GENLAT_OK)
        status = compare_all(&c, probes, &found);
    checker_clear(&c);
    if (status == GENLAT_OK)
        gnl_result_give(result, &found, sizeof found);
    return status;
}
