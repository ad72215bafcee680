/* SPDX-License-Identifier: MIT */
/* Repeats a sample along a new first dimension, for example a code for each step of a sequence. */
#include "layer/layer_priv.h"

typedef struct repeat_opts {
    size_t size;
    int64_t times;
} repeat_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(repeat_opts, times, 1, 1, 1 << 24, "number of repetitions"),
};
static const gnl_options_table table = {"repeat", sizeof(repeat_opts), options, GNL_COUNT(options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    char text[GNL_SHAPE_TEXT];
    if (in[0].ndim + 2 > GENLAT_MAX_DIMS)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, must have at most %d dimensions", gnl_shape_format(in, text),
                        GENLAT_MAX_DIMS - 2);
    plan->out = (gnl_shape){in[0].ndim + 1, {((const repeat_opts *)opts)->times}};
    memcpy(plan->out.dim + 1, in[0].dim, (size_t)in[0].ndim * sizeof *in[0].dim);
    return GENLAT_OK;
}

static void repeat(const gnl_step *s, const gnl_real *x, gnl_real *y)
{
    const int64_t n = s->in_size[0], times = s->out.dim[0];
    for (int64_t i = 0; i < s->rows * times; i++)
        memcpy(y + i * n, x + i / times * n, (size_t)n * sizeof *y);
}

static void sum_repeats(const gnl_step *s, const gnl_real *dy, gnl_real *dx)
{
    const int64_t n = s->in_size[0], times = s->out.dim[0];
    memset(dx, 0, (size_t)(s->rows * n) * sizeof *dx);
    for (int64_t i = 0; i < s->rows * times; i++)
        s->compute.k->axpy(n, 1, dy + i * n, dx + i / times * n);
}

GNL_LINEAR_CALLS(repeat, repeat, sum_repeats)

const gnl_layer_type gnl_repeat = {
    .name = "repeat",
    .options = &table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer,
    .forward = repeat_forward,
    .backward = repeat_backward,
    .jvp = repeat_jvp,
    .jvp_backward = repeat_jvp_backward,
    .help = "repeats a sample along a new first dimension",
};
