/* SPDX-License-Identifier: MIT */
/* Reshaping. A plan may skip the copies. */
#include "layer/layer_priv.h"

typedef struct reshape_opts {
    size_t size;
    int64_t shape[GENLAT_MAX_DIMS];
} reshape_opts;

static const gnl_option options[] = {
    GNL_OPT_DIMS(reshape_opts, shape, -1, 1 << 30,
                 "shape of one sample, such as 64x7x7; one size may be -1 to be inferred"),
};
static const gnl_options_table table = {"reshape", sizeof(reshape_opts), options, GNL_COUNT(options)};

static genlat_status flatten_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                   gnl_layer_plan *plan)
{
    plan->out = (gnl_shape){1, {gnl_shape_count(in)}};
    return GENLAT_OK;
}

/* Replaces a size of -1, if any, by the size for which the shape has `count` elements. Returns the number of elements,
 * or 0 if the shape is invalid. */
static int64_t resolve(gnl_shape *shape, int64_t count)
{
    int64_t product = 1, *open = NULL;
    for (int32_t i = 0; i < shape->ndim; i++) {
        if (shape->dim[i] > 0 && !gnl_mul_i64(product, shape->dim[i], &product))
            return 0;
        if (shape->dim[i] < 0 && open)
            return 0;
        if (shape->dim[i] < 0)
            open = &shape->dim[i];
    }
    if (open && count % product)
        return 0;
    if (open)
        *open = count / product;
    return open ? count : product;
}

static genlat_status reshape_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                   gnl_layer_plan *plan)
{
    const reshape_opts *o = opts;
    gnl_shape shape = {0};
    char found[GNL_SHAPE_TEXT], text[GNL_SHAPE_TEXT];
    for (; shape.ndim < GENLAT_MAX_DIMS - 1 && o->shape[shape.ndim]; shape.ndim++)
        shape.dim[shape.ndim] = o->shape[shape.ndim];
    if (shape.ndim == 0 || o->shape[shape.ndim])
        return gnl_fail(GENLAT_E_INVALID, "shape has no or too many sizes, expected 1 to %d as in shape=64x7x7",
                        GENLAT_MAX_DIMS - 1);
    gnl_shape_format(&shape, text);
    if (resolve(&shape, gnl_shape_count(in)) != gnl_shape_count(in))
        return gnl_fail(GENLAT_E_SHAPE, "input %s cannot be reshaped to %s", gnl_shape_format(in, found), text);
    plan->out = shape;
    return GENLAT_OK;
}

static void copy(const gnl_step *s, const gnl_real *from, gnl_real *to)
{
    if (from != to)
        memcpy(to, from, (size_t)(s->rows * s->out_size) * sizeof *to);
}

GNL_LINEAR_CALLS(view, copy, copy)

const gnl_layer_type gnl_flatten = {
    .name = "flatten",
    .flags = GNL_LAYER_VIEW | GNL_LAYER_INPLACE,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = flatten_infer,
    .forward = view_forward,
    .backward = view_backward,
    .jvp = view_jvp,
    .jvp_backward = view_jvp_backward,
    .help = "reshapes a sample to a vector",
};

const gnl_layer_type gnl_reshape = {
    .name = "reshape",
    .options = &table,
    .flags = GNL_LAYER_VIEW | GNL_LAYER_INPLACE,
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = reshape_infer,
    .forward = view_forward,
    .backward = view_backward,
    .jvp = view_jvp,
    .jvp_backward = view_jvp_backward,
    .help = "reshapes a sample, for example from a vector to 64x7x7",
};
