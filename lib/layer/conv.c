/* SPDX-License-Identifier: MIT */
/*
 * Convolution and transposed convolution in one and two dimensions, with the options and weight layouts of PyTorch.
 * Each is the adjoint of the other, so they share one geometry. One dimension is treated as two with height 1.
 */
#include "layer/layer_priv.h"

typedef struct conv_opts {
    size_t size;
    int64_t channels, groups;
    int64_t kernel[2], stride[2], padding[2], output_padding[2], dilation[2];
    double gain;
    uint32_t bias;
    uint32_t init;
    uint32_t weight, reserved;
} conv_opts;

#define MAX_SIZE (1 << 20)
#define COMMON_OPTIONS                                                                                                 \
    GNL_OPT_INT(conv_opts, channels, 1, 1, 1 << 24, "number of output channels"),                                      \
        GNL_OPT_INT(conv_opts, groups, 1, 1, 1 << 24, "number of independent groups of channels"),                     \
        GNL_OPT_BOOL(conv_opts, bias, 1, "add a bias per channel"),                                                    \
        GNL_OPT_ENUM(conv_opts, init, GNL_INIT_TORCH, GNL_INIT_CONSTANT, gnl_init_names, "initial weights"),           \
        GNL_OPT_WEIGHT(conv_opts),                                                                                     \
        GNL_OPT_REAL(conv_opts, gain, 1, 0, 1e6, "factor of the initial scale; sd for normal, value for constant")
/* In one dimension an option is one number, the second of the pair. */
#define ONE_D(field, def, low, help)                                                                                   \
    {                                                                                                                  \
        .name = #field, GNL_OPTION_INT, offsetof(conv_opts, field) + sizeof(int64_t), def, low, MAX_SIZE, NULL, help   \
    }
#define TWO_D(field, def, low, help) GNL_OPT_PAIR(conv_opts, field, def, low, MAX_SIZE, help)
#define SPATIAL(of)                                                                                                    \
    of(kernel, 3, 1, "size of the kernel"), of(stride, 1, 1, "step of the kernel on the larger side"),                 \
        of(padding, 0, 0, "zero padding on each side of the larger side"),                                             \
        of(dilation, 1, 1, "distance between kernel elements")
#define EXTRA(of) of(output_padding, 0, 0, "positions added at the end of the output, less than stride or dilation")

static const gnl_option conv1d_options[] = {COMMON_OPTIONS, SPATIAL(ONE_D)};
static const gnl_option conv2d_options[] = {COMMON_OPTIONS, SPATIAL(TWO_D)};
static const gnl_option transpose1d_options[] = {COMMON_OPTIONS, SPATIAL(ONE_D), EXTRA(ONE_D)};
static const gnl_option transpose2d_options[] = {COMMON_OPTIONS, SPATIAL(TWO_D), EXTRA(TWO_D)};
static const gnl_options_table conv1d_table = {"conv1d", sizeof(conv_opts), conv1d_options, GNL_COUNT(conv1d_options)};
static const gnl_options_table conv2d_table = {"conv2d", sizeof(conv_opts), conv2d_options, GNL_COUNT(conv2d_options)};
static const gnl_options_table transpose1d_table = {"conv_transpose1d", sizeof(conv_opts), transpose1d_options,
                                                    GNL_COUNT(transpose1d_options)};
static const gnl_options_table transpose2d_table = {"conv_transpose2d", sizeof(conv_opts), transpose2d_options,
                                                    GNL_COUNT(transpose2d_options)};

enum { WEIGHT, BIAS };

/* Maximum number of multiplications per output number for which the layer counts as cheap. It then takes at most a few
 * times as long as a memory-bound layer. */
enum { CHEAP_MULTIPLICATIONS = 128 };

/* ---- geometry ------------------------------------------------------------------------------------------ */

/* Returns the geometry that both directions share. In one dimension y has size 1. */
static gnl_conv base_geometry(const conv_opts *o, int dims)
{
    gnl_conv g = {.groups = o->groups, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    for (int i = 2 - dims; i < 2; i++) {
        g.kernel[i] = o->kernel[i];
        g.stride[i] = o->stride[i];
        g.padding[i] = o->padding[i];
        g.dilation[i] = o->dilation[i];
    }
    return g;
}

static void set_side(const gnl_shape *shape, int64_t *channels, int64_t size[2])
{
    *channels = shape->dim[0];
    size[0] = shape->ndim == 3 ? shape->dim[1] : 1;
    size[1] = shape->dim[shape->ndim - 1];
}

/* Returns the geometry of a step, whose shapes infer has checked. */
static gnl_conv geometry(const gnl_step *s, const gnl_shape *image, const gnl_shape *map)
{
    gnl_conv g = base_geometry(s->opts, image->ndim - 1);
    set_side(image, &g.image_channels, g.image);
    set_side(map, &g.map_channels, g.map);
    return g;
}

static gnl_conv conv_geometry(const gnl_step *s)
{
    return geometry(s, &s->in[0], &s->out);
}

static gnl_conv transpose_geometry(const gnl_step *s)
{
    return geometry(s, &s->out, &s->in[0]);
}

/* ---- infer ----------------------------------------------------------------------------------- */

static genlat_status check_input(const conv_opts *o, int dims, const gnl_shape *in)
{
    char text[GNL_SHAPE_TEXT];
    if (in->ndim != dims + 1)
        return gnl_fail(GENLAT_E_SHAPE, "input is %s, expected %s", gnl_shape_format(in, text),
                        dims == 1 ? "[channels,length]" : "[channels,height,width]");
    for (int i = 0; i <= dims; i++)
        if (in->dim[i] < 1)
            return gnl_fail(GENLAT_E_SHAPE, "input is %s, which is empty", gnl_shape_format(in, text));
    if (in->dim[0] % o->groups || o->channels % o->groups)
        return gnl_fail(GENLAT_E_SHAPE, "%lld input and %lld output channels are not multiples of %lld groups",
                        (long long)in->dim[0], (long long)o->channels, (long long)o->groups);
    return GENLAT_OK;
}

/* Number of positions that the kernel spans. */
static int64_t span(const gnl_conv *g, int i)
{
    return (g->kernel[i] - 1) * g->dilation[i] + 1;
}

static genlat_status infer_map(gnl_conv *g)
{
    for (int i = 0; i < 2; i++) {
        int64_t padded = g->image[i] + 2 * g->padding[i];
        if (padded < span(g, i))
            return gnl_fail(GENLAT_E_SHAPE, "kernel spans %lld positions, but the padded input has only %lld",
                            (long long)span(g, i), (long long)padded);
        g->map[i] = (padded - span(g, i)) / g->stride[i] + 1;
    }
    return GENLAT_OK;
}

static genlat_status infer_image(const conv_opts *o, gnl_conv *g)
{
    for (int i = 0; i < 2; i++) {
        int64_t extra = o->output_padding[i];
        if (extra && extra >= GNL_MAX(g->stride[i], g->dilation[i]))
            return gnl_fail(GENLAT_E_RANGE, "output_padding is %lld, must be less than stride %lld or dilation %lld",
                            (long long)extra, (long long)g->stride[i], (long long)g->dilation[i]);
        g->image[i] = (g->map[i] - 1) * g->stride[i] - 2 * g->padding[i] + span(g, i) + extra;
        if (g->image[i] < 1)
            return gnl_fail(GENLAT_E_SHAPE, "padding is %lld, which makes the output empty", (long long)g->padding[i]);
    }
    return GENLAT_OK;
}

/* Like PyTorch, uses the first two sizes of the weight as fan-out and fan-in for both directions. */
static void plan_params(const conv_opts *o, int dims, const gnl_conv *g, bool transposed, gnl_layer_plan *plan)
{
    int64_t taps = g->kernel[0] * g->kernel[1], inner = g->image_channels / g->groups;
    gnl_shape shape = {dims + 2, {g->map_channels, inner, g->kernel[0], g->kernel[1]}};
    if (dims == 1)
        shape = (gnl_shape){3, {g->map_channels, inner, g->kernel[1]}};
    plan->param[WEIGHT] = (gnl_param){.name = "weight",
                                      .shape = shape,
                                      .init = {(gnl_init_kind)o->init, o->gain, inner * taps, g->map_channels * taps},
                                      .decay = true,
                                      .reparam = (gnl_reparam_kind)o->weight,
                                      .axis = transposed};
    plan->param[BIAS] = gnl_layer_bias(o->channels, o->init == GNL_INIT_TORCH, inner * taps);
    plan->params = o->bias ? 2 : 1;
}

/* Returns the number for one sample. */
static int64_t multiplications(const gnl_conv *g)
{
    int64_t taps = g->kernel[0] * g->kernel[1], positions = g->map[0] * g->map[1];
    return g->map_channels * (g->image_channels / g->groups) * taps * positions;
}

static void plan_rest(const conv_opts *o, const gnl_layer_env *env, int dims, const gnl_conv *g, const int64_t out[2],
                      gnl_layer_plan *plan)
{
    plan->out = (gnl_shape){3, {o->channels, out[0], out[1]}};
    if (dims == 1)
        plan->out = (gnl_shape){2, {o->channels, out[1]}};
    plan_params(o, dims, g, out == g->image, plan);
    plan->scratch = gnl_conv_scratch(g, env->rows, env->threads);
    plan->cheap = multiplications(g) <= CHEAP_MULTIPLICATIONS * gnl_shape_count(&plan->out);
}

static genlat_status infer_conv(const conv_opts *o, const gnl_layer_env *env, int dims, const gnl_shape *in,
                                gnl_layer_plan *plan)
{
    GNL_TRY(check_input(o, dims, in));
    gnl_conv g = base_geometry(o, dims);
    set_side(in, &g.image_channels, g.image);
    g.map_channels = o->channels;
    GNL_TRY(infer_map(&g));
    plan_rest(o, env, dims, &g, g.map, plan);
    return GENLAT_OK;
}

static genlat_status infer_transpose(const conv_opts *o, const gnl_layer_env *env, int dims, const gnl_shape *in,
                                     gnl_layer_plan *plan)
{
    GNL_TRY(check_input(o, dims, in));
    gnl_conv g = base_geometry(o, dims);
    set_side(in, &g.map_channels, g.map);
    g.image_channels = o->channels;
    GNL_TRY(infer_image(o, &g));
    plan_rest(o, env, dims, &g, g.image, plan);
    return GENLAT_OK;
}

static genlat_status conv1d_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                  gnl_layer_plan *plan)
{
    return infer_conv(opts, env, 1, in, plan);
}

static genlat_status conv2d_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                  gnl_layer_plan *plan)
{
    return infer_conv(opts, env, 2, in, plan);
}

static genlat_status transpose1d_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                       gnl_layer_plan *plan)
{
    return infer_transpose(opts, env, 1, in, plan);
}

static genlat_status transpose2d_infer(const void *opts, const gnl_layer_env *env, int inputs, const gnl_shape *in,
                                       gnl_layer_plan *plan)
{
    return infer_transpose(opts, env, 2, in, plan);
}

/* ---- convolution --------------------------------------------------------------------------------------- */

static void sum_bias(const gnl_step *s)
{
    int64_t channels = s->out.dim[0];
    if (s->param[BIAS] && s->grad[BIAS])
        gnl_sum_bias(&s->compute, s->rows, channels, s->out_size / channels, s->dy, s->grad[BIAS]);
}

static void conv_apply(const gnl_step *s, const gnl_real *bias, const gnl_real *x, gnl_real *y)
{
    gnl_conv g = conv_geometry(s);
    gnl_conv_gather(&s->compute, &g, s->rows, x, s->param[WEIGHT], bias, y, s->scratch);
}

static void conv_adjoint(const gnl_step *s, const gnl_real *x, const gnl_real *dy, gnl_real *dx)
{
    gnl_conv g = conv_geometry(s);
    if (s->grad[WEIGHT])
        gnl_conv_weight(&s->compute, &g, s->rows, x, dy, s->grad[WEIGHT], s->scratch);
    if (dx)
        gnl_conv_scatter(&s->compute, &g, s->rows, dy, s->param[WEIGHT], NULL, dx, s->scratch);
}

static void conv_forward(const gnl_step *s)
{
    conv_apply(s, s->param[BIAS], s->x[0], s->y);
}

static void conv_backward(const gnl_step *s)
{
    conv_adjoint(s, s->x[0], s->dy, s->dx[0]);
    sum_bias(s);
}

static void conv_jvp(const gnl_step *s)
{
    conv_apply(s, NULL, s->tx[0], s->ty);
}

static void conv_jvp_backward(const gnl_step *s)
{
    conv_adjoint(s, s->tx[0], s->dty, s->dtx[0]);
}

/* ---- transposed convolution ------------------------------------------------------------------ */

static void transpose_apply(const gnl_step *s, const gnl_real *bias, const gnl_real *x, gnl_real *y)
{
    gnl_conv g = transpose_geometry(s);
    gnl_conv_scatter(&s->compute, &g, s->rows, x, s->param[WEIGHT], bias, y, s->scratch);
}

static void transpose_adjoint(const gnl_step *s, const gnl_real *x, const gnl_real *dy, gnl_real *dx)
{
    gnl_conv g = transpose_geometry(s);
    if (s->grad[WEIGHT])
        gnl_conv_weight(&s->compute, &g, s->rows, dy, x, s->grad[WEIGHT], s->scratch);
    if (dx)
        gnl_conv_gather(&s->compute, &g, s->rows, dy, s->param[WEIGHT], NULL, dx, s->scratch);
}

static void transpose_forward(const gnl_step *s)
{
    transpose_apply(s, s->param[BIAS], s->x[0], s->y);
}

static void transpose_backward(const gnl_step *s)
{
    transpose_adjoint(s, s->x[0], s->dy, s->dx[0]);
    sum_bias(s);
}

static void transpose_jvp(const gnl_step *s)
{
    transpose_apply(s, NULL, s->tx[0], s->ty);
}

static void transpose_jvp_backward(const gnl_step *s)
{
    transpose_adjoint(s, s->tx[0], s->dty, s->dtx[0]);
}

/* ---- layer types ----------------------------------------------------------------------------- */

#define CONV_TYPE(kind, text, prefix, summary)                                                                         \
    const gnl_layer_type gnl_##text = {                                                                                \
        .name = #text,                                                                                                 \
        .options = &kind##_table,                                                                                      \
        .flags = GNL_LAYER_NEEDS_X | GNL_LAYER_X_FIRST | GNL_LAYER_FOLDS,                                              \
        .min_inputs = 1,                                                                                               \
        .max_inputs = 1,                                                                                               \
        .infer = kind##_infer,                                                                                         \
        .forward = prefix##_forward,                                                                                   \
        .backward = prefix##_backward,                                                                                 \
        .jvp = prefix##_jvp,                                                                                           \
        .jvp_backward = prefix##_jvp_backward,                                                                         \
        .help = summary,                                                                                               \
    }

CONV_TYPE(conv1d, conv1d, conv, "convolution of [channels,length]");
CONV_TYPE(conv2d, conv2d, conv, "convolution of [channels,height,width]");
CONV_TYPE(transpose1d, conv_transpose1d, transpose, "transposed convolution of [channels,length]");
CONV_TYPE(transpose2d, conv_transpose2d, transpose, "transposed convolution of [channels,height,width]");
