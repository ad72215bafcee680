/* SPDX-License-Identifier: MIT */
/* Elementwise sum and product of several inputs of equal shape. */
#include "layer/layer_priv.h"

enum { STRIP = 1024 }; /* elements of a partial result of the product, on the stack */

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    for (int i = 1; i < inputs; i++)
        if (!gnl_shape_equal(&in[i], &in[0]))
            return gnl_fail(GENLAT_E_SHAPE, "input %d is %s, expected %s as for input 0", i,
                            gnl_shape_format(&in[i], found), gnl_shape_format(&in[0], expected));
    return gnl_layer_same_shape(in, plan);
}

static void run(const gnl_step *s, int64_t grain, gnl_task *task)
{
    gnl_step copy = *s;
    gnl_parallel(s->compute.ctx, s->rows * s->out_size, grain, task, &copy);
}

/* ---- sum ------------------------------------------------------------------------------------- */

static void add_inputs(const gnl_step *s, const gnl_real *const *x, int64_t begin, int64_t end, gnl_real *y)
{
    int64_t n = end - begin;
    if (s->inputs == 1)
        memmove(y + begin, x[0] + begin, (size_t)n * sizeof *y);
    for (int i = 1; i < s->inputs; i++)
        s->compute.k->add(n, i == 1 ? x[0] + begin : y + begin, x[i] + begin, y + begin);
}

static void add_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    add_inputs(s, s->x, begin, end, s->y);
}

static void add_jvp_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    add_inputs(s, s->tx, begin, end, s->ty);
}

static void copy_to_all(const gnl_step *s, const gnl_real *from, gnl_real *const *to)
{
    for (int i = 0; i < s->inputs; i++)
        if (to[i])
            memcpy(to[i], from, (size_t)(s->rows * s->out_size) * sizeof *from);
}

static void add_forward(const gnl_step *s)
{
    run(s, GNL_CHUNK, add_task);
}

static void add_backward(const gnl_step *s)
{
    copy_to_all(s, s->dy, s->dx);
}

static void add_jvp(const gnl_step *s)
{
    run(s, GNL_CHUNK, add_jvp_task);
}

static void add_jvp_backward(const gnl_step *s)
{
    copy_to_all(s, s->dty, s->dtx);
}

/* ---- product --------------------------------------------------------------------------------- */

/* out = start times all inputs except a and b. start NULL: 1. a or b may be -1: no input is excluded. */
static void product_without(const gnl_step *s, int a, int b, int64_t begin, int64_t n, const gnl_real *start,
                            gnl_real *out)
{
    if (start)
        memcpy(out, start, (size_t)n * sizeof *out);
    for (int64_t j = 0; !start && j < n; j++)
        out[j] = 1;
    for (int i = 0; i < s->inputs; i++)
        if (i != a && i != b)
            s->compute.k->mul(n, out, s->x[i] + begin, out);
}

static void multiply_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    product_without(s, 0, -1, begin, end - begin, s->x[0] + begin, s->y + begin);
}

static void multiply_backward_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    for (int i = 0; i < s->inputs; i++)
        if (s->dx[i])
            product_without(s, i, -1, begin, end - begin, s->dy + begin, s->dx[i] + begin);
}

/* ty = sum over i of tx_i times all other x. */
static void multiply_jvp_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    gnl_real others[STRIP];
    int64_t n = end - begin;
    for (int i = 0; i < s->inputs; i++) {
        product_without(s, i, -1, begin, n, s->tx[i] + begin, others);
        if (i == 0)
            memcpy(s->ty + begin, others, (size_t)n * sizeof *others);
        else
            s->compute.k->add(n, others, s->ty + begin, s->ty + begin);
    }
}

/* s = <dty, ty>: dtx_i = dty times all other x; dx_i += dty tx_k times all x except i and k, summed over k != i. */
static void multiply_second_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const gnl_step *s = arg;
    gnl_real others[STRIP];
    int64_t n = end - begin;
    for (int i = 0; i < s->inputs; i++) {
        if (s->dtx[i])
            product_without(s, i, -1, begin, n, s->dty + begin, s->dtx[i] + begin);
        for (int k = 0; s->dx[i] && k < s->inputs; k++) {
            if (k == i)
                continue;
            product_without(s, i, k, begin, n, s->dty + begin, others);
            s->compute.k->mul_add(n, others, s->tx[k] + begin, s->dx[i] + begin);
        }
    }
}

static void multiply_forward(const gnl_step *s)
{
    run(s, GNL_CHUNK, multiply_task);
}

static void multiply_backward(const gnl_step *s)
{
    run(s, GNL_CHUNK, multiply_backward_task);
}

static void multiply_jvp(const gnl_step *s)
{
    run(s, STRIP, multiply_jvp_task);
}

static void multiply_jvp_backward(const gnl_step *s)
{
    run(s, STRIP, multiply_second_task);
}

/* ---- layer types ----------------------------------------------------------------------------- */

const gnl_layer_type gnl_add = {
    .name = "add",
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = GNL_MAX_INPUTS,
    .infer = infer,
    .forward = add_forward,
    .backward = add_backward,
    .jvp = add_jvp,
    .jvp_backward = add_jvp_backward,
    .help = "sum of several inputs of equal shape",
};

const gnl_layer_type gnl_multiply = {
    .name = "multiply",
    .flags = GNL_LAYER_NEEDS_X,
    .min_inputs = 1,
    .max_inputs = GNL_MAX_INPUTS,
    .infer = infer,
    .forward = multiply_forward,
    .backward = multiply_backward,
    .jvp = multiply_jvp,
    .jvp_backward = multiply_jvp_backward,
    .help = "elementwise product of several inputs of equal shape",
};
