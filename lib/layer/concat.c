/* SPDX-License-Identifier: MIT */
/* Concatenates several inputs along an axis of the sample. Axis 0 is the features or channels. */
#include "layer/layer_priv.h"

typedef struct concat_opts {
    size_t size;
    int64_t axis;
} concat_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(concat_opts, axis, 0, -GENLAT_MAX_DIMS, GENLAT_MAX_DIMS - 1,
                "axis of one sample; 0: features or channels, -1: last axis"),
};
static const gnl_options_table table = {"concat", sizeof(concat_opts), options, GNL_COUNT(options)};

static genlat_status infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                           gnl_layer_plan *plan)
{
    const concat_opts *o = opts;
    char found[GNL_SHAPE_TEXT], expected[GNL_SHAPE_TEXT];
    GNL_TRY(gnl_axis_check(in, o->axis));
    int32_t axis = gnl_axis_index(in, o->axis);
    plan->out = in[0];
    for (int i = 1; i < inputs; i++) {
        gnl_shape like = in[0];
        like.dim[axis] = in[i].ndim > axis ? in[i].dim[axis] : 0;
        if (!gnl_shape_equal(&in[i], &like))
            return gnl_fail(GENLAT_E_SHAPE, "input %d is %s, expected %s except for axis %d", i,
                            gnl_shape_format(&in[i], found), gnl_shape_format(&in[0], expected), (int)axis);
        plan->out.dim[axis] += in[i].dim[axis];
    }
    return GENLAT_OK;
}

/* Returns the number of contiguous elements of an input for one index of the axes before the concatenated one. */
static int64_t run_of(const gnl_step *s, const gnl_shape *shape)
{
    return gnl_shape_count_from(shape, gnl_axis_index(&s->in[0], ((const concat_opts *)s->opts)->axis));
}

static void concatenate(const gnl_step *s, const gnl_real *const *parts, gnl_real *whole)
{
    int64_t all = run_of(s, &s->out), count = all ? s->rows * s->out_size / all : 0;
    for (int i = 0; i < s->inputs; i++) {
        int64_t run = run_of(s, &s->in[i]);
        for (int64_t j = 0; j < count; j++)
            memcpy(whole + j * all, parts[i] + j * run, (size_t)run * sizeof *whole);
        whole += run;
    }
}

static void split(const gnl_step *s, const gnl_real *whole, gnl_real *const *parts)
{
    int64_t all = run_of(s, &s->out), count = all ? s->rows * s->out_size / all : 0;
    for (int i = 0; i < s->inputs; i++) {
        int64_t run = run_of(s, &s->in[i]);
        for (int64_t j = 0; parts[i] && j < count; j++)
            memcpy(parts[i] + j * run, whole + j * all, (size_t)run * sizeof *whole);
        whole += run;
    }
}

static void forward(const gnl_step *s)
{
    concatenate(s, s->x, s->y);
}

static void backward(const gnl_step *s)
{
    split(s, s->dy, s->dx);
}

static void jvp(const gnl_step *s)
{
    concatenate(s, s->tx, s->ty);
}

static void jvp_backward(const gnl_step *s)
{
    split(s, s->dty, s->dtx);
}

const gnl_layer_type gnl_concat = {
    .name = "concat",
    .options = &table,
    .flags = GNL_LAYER_FOLDS,
    .min_inputs = 1,
    .max_inputs = GNL_MAX_INPUTS,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .jvp = jvp,
    .jvp_backward = jvp_backward,
    .help = "concatenates several inputs along an axis",
};
